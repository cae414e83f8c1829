//! LAGs on a real switch.

use model::{LacpRate, LagMode, LagName, LagSettings, PortConfig, VlanMode};
use switch::{Change, Driver, LacpStatus, Query, Target, Work};

use super::switches::{Switch, access, apply, port, query, trunk, undo, work};

fn lag(name: &str) -> LagName {
    name.parse().unwrap()
}

fn on_lag(name: &str, from: &VlanMode, to: &VlanMode) -> Change {
    Change::SetVlans { target: Target::Lag(lag(name)), from: from.clone(), to: to.clone() }
}

fn settings(mode: LagMode) -> LagSettings {
    LagSettings::new(mode)
}

/// Two ports become a LAG.
pub(super) fn form(
    work: &Work,
    name: &str,
    settings: &LagSettings,
    vlans: &VlanMode,
) -> Vec<Change> {
    let create = Change::CreateLag {
        lag: lag(name),
        settings: settings.clone(),
        config: PortConfig::with_vlans(vlans.clone()),
        extra: None,
    };
    let joins = work.before.ports.iter().map(|(port, state)| Change::AddMember {
        lag: lag(name),
        port: port.clone(),
        was: state.config.vlans.clone(),
        extra: state.extra.clone(),
    });
    std::iter::once(create).chain(joins).collect()
}

#[tokio::test]
async fn a_lag_is_made_read_back_and_taken_back() {
    let switch = Switch::start(3).await;
    switch
        .vsctl(
            "set port swp1 external_ids:rack=12 other_config:priority-tags=always \
             -- --id=@q create QoS type=linux-noop -- set port swp1 qos=@q",
        )
        .await;
    let untouched = switch.rows().await;
    let mut session = switch.session().await;
    let about = query(&["swp1", "swp2"], &["bond-h1"]);
    for settings in [
        LagSettings {
            rate: Some(LacpRate::Fast),
            fallback: Some(true),
            ..settings(LagMode::Active)
        },
        settings(LagMode::Passive),
        settings(LagMode::Static),
    ] {
        let mut made = work(&mut *session, &about, &[]).await;
        made.changes = form(&made, "bond-h1", &settings, &trunk(Some(5), "100"));
        apply(&mut *session, &made).await.unwrap();
        let seen = session.observe(&about).await.unwrap();
        assert_eq!(seen.slice, made.after().unwrap(), "{settings}");
        // What the protocols report follows the configuration.
        let reported = if settings.mode.lacp().is_some() { "!=[]" } else { "=[]" };
        switch.vsctl(&format!("wait-until interface swp1 lacp_current{reported}")).await;
        let lacp = session.observe(&about).await.unwrap().status[&port("swp1")].lacp;
        match (settings.mode.lacp(), settings.fallback) {
            (None, _) => assert_eq!(lacp, None),
            (Some(_), None) => assert_eq!(lacp, Some(LacpStatus::NoPartner)),
            // With fallback a member is active, whether or not the partner's silence is noticed.
            (Some(_), Some(_)) => assert!(lacp.is_some()),
        }
        apply(&mut *session, &undo(&made)).await.unwrap();
        assert_eq!(switch.rows().await, untouched, "after undoing {settings}");
    }
}

#[tokio::test]
async fn what_is_sent_can_be_read() {
    let switch = Switch::start(2).await;
    let mut session = switch.session().await;
    let about = query(&["swp1", "swp2"], &["bond-h1"]);
    let fast = LagSettings { rate: Some(LacpRate::Fast), ..settings(LagMode::Active) };
    let mut made = work(&mut *session, &about, &[]).await;
    made.changes = form(&made, "bond-h1", &fast, &access(100));
    assert_eq!(
        switch.driver().render(&made),
        [
            "delete Port swp1",
            "delete Port swp2",
            "insert Port bond-h1: interfaces=[swp1,swp2] bond_mode=balance-tcp lacp=active \
             other_config={all-members-active=true,lacp-time=fast} tag=100 vlan_mode=access",
        ]
    );
    assert_eq!(
        switch.driver().render(&undo(&made)),
        [
            "delete Port bond-h1",
            "insert Port swp1: interfaces=[swp1] tag=4000 vlan_mode=access",
            "insert Port swp2: interfaces=[swp2] tag=4000 vlan_mode=access",
        ]
    );
}

#[tokio::test]
async fn a_lag_changes_and_loses_a_member() {
    let switch = Switch::start(3).await;
    let mut session = switch.session().await;
    let about = query(&["swp1", "swp2"], &["bond-h1"]);
    let mut made = work(&mut *session, &about, &[]).await;
    made.changes = form(&made, "bond-h1", &settings(LagMode::Static), &access(100));
    apply(&mut *session, &made).await.unwrap();
    let formed = switch.rows().await;

    let target = Target::Lag(lag("bond-h1"));
    let active = LagSettings {
        rate: Some(LacpRate::Slow),
        fallback: Some(false),
        ..settings(LagMode::Active)
    };
    let changes = [
        Change::SetLag { lag: lag("bond-h1"), from: settings(LagMode::Static), to: active },
        on_lag("bond-h1", &access(100), &trunk(None, "7,9")),
        Change::SetDescription { target, from: None, to: Some("h1".to_owned()) },
        Change::RemoveMember {
            lag: lag("bond-h1"),
            port: port("swp2"),
            becomes: Some(VlanMode::Closed),
            extra: None,
        },
    ];
    let changed = work(&mut *session, &about, &changes).await;
    assert_eq!(
        switch.driver().render(&changed),
        [
            "update Port bond-h1: interfaces=[swp1] bond_mode=balance-tcp lacp=active tag=[] \
             trunks=[7,9] vlan_mode=trunk external_ids:mercury-description=h1 \
             other_config:lacp-fallback-ab=false other_config:lacp-time=slow",
            "insert Port swp2: interfaces=[swp2] protected=true trunks=[4095] vlan_mode=trunk",
        ]
    );
    apply(&mut *session, &changed).await.unwrap();
    assert_eq!(session.observe(&about).await.unwrap().slice, changed.after().unwrap());
    apply(&mut *session, &undo(&changed)).await.unwrap();
    assert_eq!(switch.rows().await, formed);

    // A member that the request does not name is the LAG's all the same.
    let one = query(&["swp1"], &[]);
    let seen = session.observe(&one).await.unwrap().slice;
    assert_eq!(seen.ports.len(), 1);
    assert_eq!(seen.lags[&lag("bond-h1")].members.len(), 2);
}

#[tokio::test]
async fn a_lag_made_by_others_is_understood_and_kept() {
    let switch = Switch::start(1).await;
    switch
        .vsctl(
            "add-bond br0 bond9 m1 m2 lacp=off tag=30 bond_updelay=200 \
             other_config:lacp-time=odd other_config:lacp-fallback-ab=true \
             external_ids:owner=them \
             -- set interface m1 type=dummy -- set interface m2 type=dummy \
             -- add-port br0 m3 lacp=active tag=31 -- set interface m3 type=dummy",
        )
        .await;
    let untouched = switch.rows().await;
    let mut session = switch.session().await;
    let all = Query { lag_names: true, ..query(&["m1", "m3"], &["bond9", "swp1"]) };
    let seen = session.observe(&all).await.unwrap();
    assert_eq!(seen.lag_names.iter().collect::<Vec<_>>(), [&lag("bond9"), &lag("m3")]);
    assert_eq!(seen.slice.lags.keys().collect::<Vec<_>>(), [&lag("bond9"), &lag("m3")]);
    let state = &seen.slice.lags[&lag("bond9")];
    let fallback = LagSettings { fallback: Some(true), ..settings(LagMode::Static) };
    assert_eq!(state.settings, fallback);
    assert_eq!(state.config.vlans, Some(access(30)));
    assert_eq!(
        state.extra.as_deref(),
        Some(
            "{\"bond_mode\":[\"set\",[]],\"bond_updelay\":200,\
             \"external_ids\":[\"map\",[[\"owner\",\"them\"]]],\
             \"other_config\":[\"map\",[[\"lacp-time\",\"odd\"]]]}"
        )
    );
    assert_eq!(seen.slice.lags[&lag("m3")].settings, settings(LagMode::Active));

    let about = query(&["m1", "m2", "m3"], &["bond9"]);
    let mut gone = work(&mut *session, &about, &[]).await;
    let leave = |name: &str, from: &str| Change::RemoveMember {
        lag: lag(from),
        port: port(name),
        becomes: Some(access(4000)),
        extra: None,
    };
    let delete = |name: &str| {
        let state = &gone.before.lags[&lag(name)];
        Change::DeleteLag {
            lag: lag(name),
            settings: state.settings.clone(),
            config: state.config.clone(),
            extra: state.extra.clone(),
        }
    };
    gone.changes = vec![
        leave("m1", "bond9"),
        leave("m2", "bond9"),
        leave("m3", "m3"),
        delete("bond9"),
        delete("m3"),
    ];
    apply(&mut *session, &gone).await.unwrap();
    assert_eq!(session.observe(&about).await.unwrap().slice, gone.after().unwrap());
    apply(&mut *session, &undo(&gone)).await.unwrap();
    let mut back = switch.rows().await;
    // `add-bond` leaves `vlan_mode` to its default; it comes back in so many words.
    back.iter_mut().for_each(|row| *row = row.replace(r#","access",30"#, r#",["set",[]],30"#));
    back.iter_mut().for_each(|row| *row = row.replace(r#","access",31"#, r#",["set",[]],31"#));
    assert_eq!(back, untouched);
}
