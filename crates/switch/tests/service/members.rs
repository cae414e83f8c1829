//! LAGs that are meant by their name, with whoever is in them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use drivers::noop::{NoopDriver, NoopHandle, NoopSettings};
use model::{LagMode, LagSettings, PortNaming, Vlan, VlanMode};
use switch::{
    BatchOutcome, Capabilities, ChangeRequest, DeviceError, Driver, ErrorClass, LagWish, Members,
    NetworkWish, Observation, Operation, PortMatch, Query, SafeState, Session, Slice, Work,
};

use crate::rig::{IDLE, Make, Rig, attach, attach_lag, detach, lone, ops, origin, request, vlan};

fn wish(name: &str, members: Members, mode: LagMode) -> LagWish {
    LagWish { name: Some(name.parse().unwrap()), settings: LagSettings::new(mode), members }
}

/// One port joins a LAG, with a VLAN for all of it.
fn join(port: (&str, &str), lag: &str, id: u32) -> ChangeRequest {
    let lag = Some(wish(lag, Members::Joining, LagMode::Active));
    ChangeRequest { lag, ..attach(&[port], id) }
}

/// All of a LAG carries a VLAN.
fn set(switches: &[&str], lag: &str, mode: LagMode, id: u32) -> ChangeRequest {
    ChangeRequest {
        switches: switches.iter().map(|name| name.parse().unwrap()).collect(),
        lag: Some(wish(lag, Members::Present, mode)),
        ..attach(&[], id)
    }
}

/// All of a LAG goes.
fn delete(switches: &[&str], lag: &str) -> ChangeRequest {
    ChangeRequest {
        operation: Operation::DetachPort,
        network: NetworkWish::default(),
        ..set(switches, lag, LagMode::Active, 1)
    }
}

fn ports(rig: &Rig, switch: &str, ports: [&str; 3]) -> [String; 3] {
    ports.map(|port| rig.port(switch, port))
}

#[tokio::test]
async fn ports_join_one_by_one_and_the_vlan_is_everybodys() {
    let rig = Rig::new();
    for port in ["swp1", "swp2"] {
        rig.service.change(join(("leaf-01", port), "bond-7", 100), ops()).await.unwrap();
    }
    let names = ["swp1", "swp2", "swp3"];
    let want = ["access 100 in bond-7", "access 100 in bond-7", "access 4094"];
    assert_eq!(ports(&rig, "leaf-01", names), want);

    let report = rig.service.change(join(("leaf-01", "swp1"), "bond-7", 200), ops()).await.unwrap();
    let concerned: Vec<_> = report.links.iter().map(|link| link.port.clone().unwrap()).collect();
    assert_eq!(concerned, ["swp1".parse().unwrap(), "swp2".parse().unwrap()]);
    let want = ["access 200 in bond-7", "access 200 in bond-7", "access 4094"];
    assert_eq!(ports(&rig, "leaf-01", names), want);

    let again = rig.service.change(join(("leaf-01", "swp2"), "bond-7", 200), ops()).await.unwrap();
    assert!(again.change.is_none());
}

#[tokio::test]
async fn a_lag_that_is_there_keeps_its_settings_when_a_port_joins() {
    let rig = Rig::new();
    let mut request = attach_lag(&[("leaf-01", "swp1")], 100, Some("bond-7"));
    request.lag.as_mut().unwrap().settings = LagSettings::new(LagMode::Static);
    rig.service.change(request, ops()).await.unwrap();
    rig.service.change(join(("leaf-01", "swp2"), "bond-7", 100), ops()).await.unwrap();
    let state = rig.handle("leaf-01").state();
    assert_eq!(state.lags[&"bond-7".parse().unwrap()].settings.mode, LagMode::Static);
}

#[tokio::test]
async fn a_port_of_another_lag_is_not_taken_from_it() {
    let rig = Rig::new();
    rig.service.change(join(("leaf-01", "swp1"), "bond-1", 100), ops()).await.unwrap();
    let error =
        rig.service.change(join(("leaf-01", "swp1"), "bond-2", 100), ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(error.to_string(), "port `swp1` on `leaf-01` is a member of LAG `bond-1`");
    assert_eq!(error.hint().unwrap(), "detach it first");
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in bond-1");
}

#[tokio::test]
async fn the_policy_is_asked_about_members_that_nobody_named() {
    let rig = Rig::new();
    rig.service
        .change(attach_lag(&[("leaf-01", "swp5")], 100, Some("bond-5")), ops())
        .await
        .unwrap();
    let begun = rig.audit("begin");
    for asked in [
        join(("leaf-01", "swp1"), "bond-5", 101),
        set(&["leaf-01"], "bond-5", LagMode::Active, 101),
        delete(&["leaf-01"], "bond-5"),
    ] {
        let error = rig.service.change(asked, origin("ironic")).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::RefusedByPolicy);
        let text = error.to_string();
        assert!(text.starts_with("port `swp5` on `leaf-01` refused: "), "{text}");
    }
    let want = ["access 4094".to_owned(), "access 100 in bond-5".to_owned()];
    assert_eq!(["swp1", "swp5"].map(|port| rig.port("leaf-01", port)), want);
    assert_eq!((rig.audit("begin"), rig.audit("refused")), (begun, 3));
}

#[tokio::test]
async fn a_lag_is_set_and_deleted_on_both_switches_of_a_pair() {
    let rig = Rig::new();
    for switch in ["leaf-01", "leaf-02"] {
        rig.service.change(join((switch, "swp1"), "bond-7", 100), ops()).await.unwrap();
    }
    let both = ["leaf-01", "leaf-02"];
    rig.service.change(set(&both, "bond-7", LagMode::Static, 120), ops()).await.unwrap();
    for switch in both {
        assert_eq!(rig.port(switch, "swp1"), "access 120 in bond-7");
        let lag = rig.handle(switch).state().lags[&"bond-7".parse().unwrap()].clone();
        assert_eq!(lag.settings.mode, LagMode::Static);
    }
    rig.service.change(delete(&both, "bond-7"), ops()).await.unwrap();
    for switch in both {
        assert_eq!(rig.port(switch, "swp1"), "access 4094");
        assert!(rig.handle(switch).state().lags.is_empty());
    }
    let again = rig.service.change(delete(&both, "bond-7"), ops()).await.unwrap();
    assert!(again.change.is_none() && again.links.is_empty());
}

#[tokio::test]
async fn a_refusal_on_the_second_switch_leaves_the_first_alone() {
    let rig = Rig::new();
    for switch in ["leaf-01", "leaf-02"] {
        rig.service.change(join((switch, "swp1"), "bond-7", 100), ops()).await.unwrap();
    }
    let asked = set(&["leaf-01", "leaf-02"], "bond-7", LagMode::Active, 120);
    let error = rig.service.change(asked, origin("ironic")).await.unwrap_err();
    let want = "`leaf-02` refused: no rule lets this caller attach a port there";
    assert_eq!(error.to_string(), want);
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in bond-7");
}

#[tokio::test]
async fn a_lag_without_members_cannot_be_set() {
    let rig = Rig::new();
    let asked = set(&["leaf-01"], "bond-7", LagMode::Active, 120);
    let error = rig.service.change(asked, ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotFound);
    assert_eq!(error.to_string(), "LAG `bond-7` has no member on `leaf-01`");
}

#[tokio::test]
async fn a_switch_that_numbers_its_lags_takes_only_its_own_names() {
    let rig = Make { numbered: true, ..Make::default() }.build();
    let error =
        rig.service.change(join(("leaf-01", "swp1"), "bond-7", 100), ops()).await.unwrap_err();
    let want = "LAG name `bond-7`: LAGs on `leaf-01` are called `Port-Channel` and a number";
    assert_eq!(error.to_string(), want);
    let port_channel = join(("leaf-01", "swp1"), "Port-Channel7", 100);
    rig.service.change(port_channel, ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in Port-Channel7");
}

#[tokio::test]
async fn a_plan_of_a_named_lag_is_what_is_applied() {
    let rig = Rig::new();
    for port in ["swp1", "swp2"] {
        rig.service.change(join(("leaf-01", port), "bond-7", 100), ops()).await.unwrap();
    }
    let asked = set(&["leaf-01"], "bond-7", LagMode::Active, 120);
    let plan = rig.service.plan(asked.clone(), &ops()).await.unwrap();
    assert_eq!(plan.legs[0].ports.len(), 2);
    rig.service.apply(&plan.token, ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp2"), "access 120 in bond-7");
    let verdicts = rig.service.verify(&asked, &ops()).await.unwrap();
    assert!(verdicts.iter().all(|port| port.verdict == switch::Verdict::InSync), "{verdicts:?}");
    assert_eq!(verdicts.len(), 2);
}

/// A switch on which something happens each time that somebody has looked for a LAG by name.
struct Lively {
    inner: NoopDriver,
    next: Next,
}

type Next = Arc<Mutex<VecDeque<fn(&mut Slice)>>>;

struct LivelySession {
    inner: Box<dyn Session>,
    handle: NoopHandle,
    next: Next,
}

#[async_trait]
impl Driver for Lively {
    fn name(&self) -> &'static str {
        "lively"
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn naming(&self) -> PortNaming {
        PortNaming::Exact
    }

    fn render(&self, work: &Work) -> Vec<String> {
        self.inner.render(work)
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let (handle, next) = (self.inner.handle(), Arc::clone(&self.next));
        Ok(Box::new(LivelySession { inner: self.inner.open().await?, handle, next }))
    }
}

#[async_trait]
impl Session for LivelySession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        let observed = self.inner.observe(query).await;
        let happens = if query.ports.is_empty() && !query.lags.is_empty() {
            self.next.lock().unwrap().pop_front()
        } else {
            None
        };
        if let Some(happens) = happens {
            self.handle.edit(happens);
        }
        observed
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        self.inner.apply(batch).await
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        self.inner.save().await
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        self.inner.resolve(text).await
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}

/// `swp2` leaves the LAG and is given to somebody else.
fn given_away(slice: &mut Slice) {
    slice
        .lags
        .get_mut(&"bond-7".parse().unwrap())
        .unwrap()
        .members
        .remove(&"swp2".parse().unwrap());
    let port = slice.ports.get_mut(&"swp2".parse().unwrap()).unwrap();
    port.lag = None;
    port.config.vlans = Some(VlanMode::access(Vlan::new(666).unwrap()));
}

/// `swp2` comes back.
fn taken_back(slice: &mut Slice) {
    slice.lags.get_mut(&"bond-7".parse().unwrap()).unwrap().members.insert("swp2".parse().unwrap());
    let port = slice.ports.get_mut(&"swp2".parse().unwrap()).unwrap();
    port.lag = Some("bond-7".parse().unwrap());
    port.config.vlans = None;
}

#[tokio::test]
async fn a_port_that_left_meanwhile_is_not_brought_back() {
    for asked in [
        join(("leaf-01", "swp1"), "bond-7", 120),
        set(&["leaf-01"], "bond-7", LagMode::Active, 120),
        delete(&["leaf-01"], "bond-7"),
    ] {
        let noop = NoopDriver::new(NoopSettings {
            initial: VlanMode::access(vlan(IDLE)),
            ..NoopSettings::default()
        });
        let (handle, next) = (noop.handle(), Next::default());
        let driver = Lively { inner: noop, next: Arc::clone(&next) };
        let (service, _directory) = lone(Arc::new(driver), SafeState::Idle(vlan(IDLE)));
        for port in ["swp1", "swp2"] {
            service.change(join(("leaf-01", port), "bond-7", 100), ops()).await.unwrap();
        }
        next.lock().unwrap().push_back(given_away);
        service.change(asked.clone(), ops()).await.unwrap();
        let state = handle.state();
        let theirs = state.vlans_of(&"swp2".parse().unwrap()).unwrap().to_string();
        assert_eq!(theirs, "access 666", "{asked:?}");
        let ours = state.vlans_of(&"swp1".parse().unwrap()).unwrap().to_string();
        assert_ne!(ours, "access 100", "{asked:?}");
    }
}

#[tokio::test]
async fn a_lag_that_is_never_the_same_is_given_up() {
    let noop = NoopDriver::new(NoopSettings::default());
    let next = Next::default();
    let driver = Lively { inner: noop, next: Arc::clone(&next) };
    let (service, _directory) = lone(Arc::new(driver), SafeState::Closed);
    for port in ["swp1", "swp2"] {
        service.change(join(("leaf-01", port), "bond-7", 100), ops()).await.unwrap();
    }
    next.lock().unwrap().extend([given_away, taken_back, given_away]);
    let error = service.change(join(("leaf-01", "swp1"), "bond-7", 120), ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    let want = "the members of LAG `bond-7` on `leaf-01` changed while the request was prepared";
    assert_eq!(error.to_string(), want);
    assert!(next.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_detached_port_is_left_in_the_vlan_that_is_asked_for_if_that_is_allowed() {
    let rig = Rig::new();
    let into = |id: u16| ChangeRequest {
        network: NetworkWish { native: Some(vlan(id)), ..NetworkWish::default() },
        ..request(Operation::DetachPort, &[("leaf-01", "swp1")])
    };
    rig.service.change(into(150), origin("ironic")).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 150");
    let error = rig.service.change(into(300), origin("ironic")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "port `swp1` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199)"
    );
    // The one that the network team declared needs no rule.
    rig.service.change(into(IDLE), origin("ironic")).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    rig.service.change(detach(&[("leaf-01", "swp1")]), origin("ironic")).await.unwrap();
}
