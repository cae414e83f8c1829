use std::collections::BTreeMap;

use model::{AdminState, LagMode, LagName, LagSettings, Mtu, PortConfig, Vlan, VlanSet};
use proptest::prelude::*;
use rstest::rstest;
use switch::{Change, LacpStatus, PortState, Target};

use super::*;

fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

fn lag(name: &str) -> LagName {
    name.parse().unwrap()
}

fn vlan(id: u16) -> Vlan {
    Vlan::new(id).unwrap()
}

fn driver(ports: &[&str], capabilities: Capabilities) -> NoopDriver {
    NoopDriver::new(NoopSettings {
        ports: NoopPorts::These(ports.iter().map(|name| port(name)).collect()),
        initial: VlanMode::Closed,
        capabilities,
        vlans: VlanSet::empty(),
        ..NoopSettings::default()
    })
}

fn work(changes: Vec<Change>) -> Work {
    Work { before: Slice::default(), changes }
}

fn to_access(name: &str, from: VlanMode, id: u16) -> Change {
    Change::SetVlans { target: Target::Port(port(name)), from, to: VlanMode::access(vlan(id)) }
}

async fn apply(driver: &NoopDriver, changes: Vec<Change>) -> Result<Applied, DeviceError> {
    let mut session = driver.open().await.unwrap();
    match session.apply(&[work(changes)]).await {
        BatchOutcome::Each(mut results) => results.remove(0),
        BatchOutcome::RefusedWhole(error) => Err(error),
    }
}

fn with(edit: impl FnOnce(&mut Capabilities)) -> Capabilities {
    let mut capabilities = NoopSettings::full_capabilities();
    edit(&mut capabilities);
    capabilities
}

#[tokio::test]
async fn remembers_between_sessions() {
    let driver = driver(&["p1", "p2"], NoopSettings::full_capabilities());
    let changes = vec![to_access("p1", VlanMode::Closed, 100)];
    let applied = apply(&driver, changes.clone()).await.unwrap();
    assert_eq!(applied.operations, ["set port p1 from closed to access 100"]);
    assert_eq!(applied.operations, driver.render(&work(changes)));

    let mut session = driver.open().await.unwrap();
    let query = Query::ports(&[port("p1"), port("p3")]);
    let seen = session.observe(&query).await.unwrap();
    let want = PortState {
        config: PortConfig {
            admin: Some(AdminState::Up),
            stp_edge: Some(false),
            bpdu_guard: Some(false),
            ..PortConfig::with_vlans(VlanMode::access(vlan(100)))
        },
        ..PortState::default()
    };
    assert_eq!(seen.slice.ports, BTreeMap::from([(port("p1"), want)]));
    assert_eq!(seen.status[&port("p1")].link, Some(AdminState::Up));
}

#[rstest]
#[case(Atomicity::Transaction, VlanMode::Closed)]
#[case(Atomicity::Candidate, VlanMode::Closed)]
#[case(Atomicity::PerCommand, VlanMode::access(vlan(100)))]
#[tokio::test]
async fn a_misfit_is_rejected(#[case] atomicity: Atomicity, #[case] left: VlanMode) {
    let driver = driver(&["p1"], with(|c| c.atomicity = atomicity));
    let changes =
        vec![to_access("p1", VlanMode::Closed, 100), to_access("p1", VlanMode::Closed, 200)];
    let error = apply(&driver, changes).await.unwrap_err();
    assert_eq!(
        error,
        DeviceError::Rejected {
            operation: Some("set port p1 from closed to access 200".to_owned()),
            answer: "it carries something else".to_owned(),
        }
    );
    let handle = driver.handle();
    assert_eq!(handle.state().vlans_of(&port("p1")), Some(&left));
    assert_eq!(handle.works(), 0);
}

#[tokio::test]
async fn a_refused_change_leaves_no_trace() {
    let driver = driver(&["p1"], with(|c| c.atomicity = Atomicity::PerCommand));
    let create = |name: &str| Change::CreateVlan { vlan: vlan(100), name: Some(name.to_owned()) };
    apply(&driver, vec![create("first")]).await.unwrap();
    apply(&driver, vec![create("second")]).await.unwrap_err();
    let name = driver.handle().state().vlans[&vlan(100)].name.clone();
    assert_eq!(name.as_deref(), Some("first"));
}

#[tokio::test]
async fn works_of_a_batch_stand_for_themselves() {
    let driver = driver(&["p1", "p2"], NoopSettings::full_capabilities());
    let batch = [
        work(vec![to_access("p9", VlanMode::Closed, 100)]),
        work(vec![to_access("p2", VlanMode::Closed, 100)]),
    ];
    let mut session = driver.open().await.unwrap();
    let BatchOutcome::Each(results) = session.apply(&batch).await else {
        panic!("refused as a whole");
    };
    assert!(matches!(&results[..], [Err(DeviceError::Rejected { .. }), Ok(_)]));
    assert_eq!(driver.handle().works(), 1);
}

#[tokio::test]
async fn any_port_exists_and_is_kept_once_changed() {
    let driver = NoopDriver::new(NoopSettings {
        initial: VlanMode::access(vlan(1)),
        ..NoopSettings::default()
    });
    let mut session = driver.open().await.unwrap();
    let query = Query::ports(&[port("p7")]);
    let seen = session.observe(&query).await.unwrap();
    assert_eq!(seen.slice.vlans_of(&port("p7")), Some(&VlanMode::access(vlan(1))));
    assert_eq!(driver.handle().state(), Slice::default());

    let changes = vec![to_access("p7", VlanMode::access(vlan(1)), 100)];
    apply(&driver, changes).await.unwrap();
    let kept: Vec<_> = driver.handle().state().ports.into_keys().collect();
    assert_eq!(kept, [port("p7")]);
}

#[tokio::test]
async fn a_lag_is_observed_with_its_port() {
    let driver = driver(&["p1", "p2"], NoopSettings::full_capabilities());
    let changes = vec![
        Change::CreateLag {
            lag: lag("bond1"),
            settings: LagSettings::new(LagMode::Active),
            config: PortConfig::with_vlans(VlanMode::Closed),
            extra: None,
        },
        Change::AddMember {
            lag: lag("bond1"),
            port: port("p1"),
            was: Some(VlanMode::Closed),
            extra: None,
        },
    ];
    apply(&driver, changes).await.unwrap();
    let mut session = driver.open().await.unwrap();
    let query = Query { lag_names: true, ..Query::ports(&[port("p1")]) };
    let seen = session.observe(&query).await.unwrap();
    assert_eq!(seen.slice.lags[&lag("bond1")].members, BTreeSet::from([port("p1")]));
    assert_eq!(seen.status[&port("p1")].lacp, Some(LacpStatus::Current));
    assert_eq!(seen.lag_names, BTreeSet::from([lag("bond1")]));
    assert_eq!(seen.narrowed(&query), seen);
}

#[rstest]
#[case(
    with(|c| c.vlan_database = VlanDatabase::Implicit),
    Change::CreateVlan { vlan: vlan(100), name: None },
    "create VLAN 100: VLANs need no definition"
)]
#[case(
    with(|c| c.port_shut = false),
    Change::SetAdmin {
        target: Target::Port(port("p1")),
        from: AdminState::Up,
        to: AdminState::Down,
    },
    "shut port p1: ports cannot be shut"
)]
#[case(
    with(|c| c.hybrid = HybridSupport::AsTrunk),
    Change::SetVlans {
        target: Target::Port(port("p1")),
        from: VlanMode::Closed,
        to: VlanMode::hybrid(vlan(100), &vlan(200).into()),
    },
    "set port p1 from closed to hybrid native 100 allowed 200: there are no hybrid ports"
)]
#[case(
    with(|c| if let Some(lag) = &mut c.lag {
        lag.naming = LagNaming::Numbered { prefix: "po".to_owned() };
    }),
    Change::CreateLag {
        lag: lag("bond1"),
        settings: LagSettings::new(LagMode::Active),
        config: PortConfig::default(),
        extra: None,
    },
    "create LAG bond1 (LACP active): LAGs are numbered"
)]
#[case(
    with(|c| if let Some(lag) = &mut c.lag { lag.min_links = false; }),
    Change::CreateLag {
        lag: lag("bond1"),
        settings: LagSettings { min_links: Some(2), ..LagSettings::new(LagMode::Active) },
        config: PortConfig::default(),
        extra: None,
    },
    "create LAG bond1 (LACP active, at least 2 up): there are no minimum links"
)]
#[tokio::test]
async fn refuses_what_it_cannot_do(
    #[case] capabilities: Capabilities,
    #[case] change: Change,
    #[case] want: &str,
) {
    let able = driver(&["p1"], NoopSettings::full_capabilities());
    apply(&able, vec![change.clone()]).await.unwrap();

    let unable = driver(&["p1"], capabilities);
    let what = want.to_owned();
    assert_eq!(apply(&unable, vec![change]).await, Err(DeviceError::Unsupported { what }));
}

#[tokio::test]
async fn counts_sessions_and_saves() {
    let driver = driver(&["p1"], NoopSettings::full_capabilities());
    let handle = driver.handle();
    let fresh = handle.state();
    apply(&driver, vec![to_access("p1", VlanMode::Closed, 100)]).await.unwrap();
    assert_eq!(handle.saved(), fresh);

    let mut session = driver.open().await.unwrap();
    session.save().await.unwrap();
    assert_eq!((handle.sessions(), handle.open_sessions()), (2, 1));
    session.close().await;
    assert_eq!((handle.sessions(), handle.open_sessions()), (2, 0));
    assert_eq!(handle.saves(), 1);
    assert_eq!(handle.saved(), handle.state());
}

#[tokio::test]
async fn an_edit_from_behind_is_observed() {
    let driver = driver(&["p1"], NoopSettings::full_capabilities());
    driver.handle().edit(|slice| {
        let state = slice.ports.get_mut(&port("p1")).unwrap();
        state.config.description = Some("by hand".to_owned());
    });
    let mut session = driver.open().await.unwrap();
    let seen = session.observe(&Query::ports(&[port("p1")])).await.unwrap();
    let description = &seen.slice.ports[&port("p1")].config.description;
    assert_eq!(description.as_deref(), Some("by hand"));
}

#[rstest]
#[case("Ethernet1/4", Some(MatchKind::Name))]
#[case("Eth1/4", Some(MatchKind::Alias))]
#[case("Eth1/5", None)]
#[case("Ethernet1/4\n", None)]
#[tokio::test]
async fn resolves_names(#[case] text: &str, #[case] want: Option<MatchKind>) {
    let driver = NoopDriver::new(NoopSettings {
        ports: NoopPorts::These([port("Ethernet1/4")].into()),
        naming: PortNaming::CiscoNxos,
        ..NoopSettings::default()
    });
    let mut session = driver.open().await.unwrap();
    let want: Vec<_> =
        want.map(|matched| PortMatch { port: port("Ethernet1/4"), matched }).into_iter().collect();
    assert_eq!(session.resolve(text).await.unwrap(), want);
}

/// A change that fits the slice, chosen by four numbers; `None` where the choice has no sense.
fn fitting(slice: &Slice, (kind, which, id, flag): (u8, usize, u16, bool)) -> Option<Change> {
    let id = vlan(id);
    let name = slice.ports.keys().nth(which % slice.ports.len())?.clone();
    let state = &slice.ports[&name];
    let bond = lag(if flag { "bond1" } else { "bond2" });
    let target = match &state.lag {
        Some(lag) => Target::Lag(lag.clone()),
        None => Target::Port(name.clone()),
    };
    let config = match &state.lag {
        Some(lag) => &slice.lags[lag].config,
        None => &state.config,
    };
    let mode = config.vlans.clone()?;
    Some(match kind {
        0 if slice.vlans.contains_key(&id) => {
            Change::DeleteVlan { vlan: id, name: slice.vlans[&id].name.clone() }
        }
        0 => Change::CreateVlan { vlan: id, name: flag.then(|| format!("v{id}")) },
        1 => Change::SetAdmin {
            target: Target::Port(name),
            from: state.config.admin?,
            to: if flag { AdminState::Up } else { AdminState::Down },
        },
        2 => Change::SetVlans {
            target,
            from: mode,
            to: match id.get() % 4 {
                0 => VlanMode::Closed,
                1 => VlanMode::access(id),
                2 => VlanMode::trunk(flag.then_some(id), &[id, vlan(50)].into_iter().collect()),
                _ => VlanMode::hybrid(id, &vlan(50).into()),
            },
        },
        3 if mode.tagged().contains(id) => Change::RemoveAllowed { target, vlans: id.into() },
        3 if matches!(mode, VlanMode::Trunk { .. } | VlanMode::Hybrid { .. })
            && mode.untagged() != Some(id) =>
        {
            Change::AddAllowed { target, vlans: id.into() }
        }
        4 if matches!(mode, VlanMode::Trunk { .. } | VlanMode::Hybrid { .. })
            && !mode.tagged().contains(id) =>
        {
            Change::SetNative { target, from: mode.untagged(), to: Some(id) }
        }
        5 => Change::SetDescription {
            target,
            from: config.description.clone(),
            to: flag.then(|| format!("number {id}")),
        },
        6 => Change::SetMtu {
            target,
            from: config.mtu,
            to: Some(Mtu::new(if flag { 9000 } else { 1500 }).ok()?),
        },
        7 => Change::SetStpEdge { target, from: config.stp_edge, to: Some(flag) },
        8 => Change::SetBpduGuard { target, from: config.bpdu_guard, to: Some(flag) },
        9 => match slice.lags.get(&bond) {
            None => Change::CreateLag {
                lag: bond,
                settings: LagSettings::new(LagMode::Active),
                config: PortConfig::with_vlans(VlanMode::Closed),
                extra: None,
            },
            Some(old) if old.members.is_empty() => Change::DeleteLag {
                lag: bond,
                settings: old.settings.clone(),
                config: old.config.clone(),
                extra: None,
            },
            Some(old) => Change::SetLag {
                lag: bond,
                from: old.settings.clone(),
                to: LagSettings { min_links: Some(2), ..LagSettings::new(LagMode::Passive) },
            },
        },
        10 => match &state.lag {
            Some(lag) => Change::RemoveMember {
                lag: lag.clone(),
                port: name,
                becomes: Some(VlanMode::access(id)),
                extra: None,
            },
            None if slice.lags.contains_key(&bond) => {
                Change::AddMember { lag: bond, port: name, was: Some(mode), extra: None }
            }
            None => return None,
        },
        _ => return None,
    })
}

proptest! {
    #[test]
    fn plans_are_kept_and_taken_back(
        choices in prop::collection::vec((0_u8..11, 0_usize..4, 1_u16..8, any::<bool>()), 1..60),
        atomicity in prop::sample::select(vec![
            Atomicity::Transaction,
            Atomicity::Candidate,
            Atomicity::PerCommand,
        ]),
    ) {
        let driver = driver(&["p1", "p2", "p3", "p4"], with(|c| c.atomicity = atomicity));
        let handle = driver.handle();
        let before = handle.state();
        let mut after = before.clone();
        let mut changes = Vec::new();
        for choice in choices {
            if let Some(change) = fitting(&after, choice) {
                change.apply_to(&mut after).unwrap();
                changes.push(change);
            }
        }
        let back = changes.iter().rev().map(Change::inverse).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            apply(&driver, changes).await.unwrap();
            assert_eq!(handle.state(), after);
            let everything = Query {
                ports: after.ports.keys().cloned().collect(),
                lags: after.lags.keys().cloned().collect(),
                vlans: after.vlans.keys().copied().collect(),
                lag_names: true,
                ..Query::default()
            };
            let mut session = driver.open().await.unwrap();
            assert_eq!(session.observe(&everything).await.unwrap().slice, after);
            apply(&driver, back).await.unwrap();
            assert_eq!(handle.state(), before);
        });
    }
}
