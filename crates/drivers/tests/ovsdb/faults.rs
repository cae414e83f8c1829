//! A real switch, when something goes wrong: others write, it refuses, hangs or dies.

use drivers::ovsdb::{Address, OvsdbDriver, OvsdbSettings};
use model::{LagMode, LagSettings, PortConfig, VlanMode};
use switch::{BatchOutcome, Change, DeviceError, Driver, Work};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use super::switches::{Switch, access, apply, hasty, port, query, set_vlans, work};

/// A work that moves a port from VLAN 4000.
async fn moved(session: &mut dyn switch::Session, name: &str, vlan: u16) -> Work {
    let change = set_vlans(name, &access(4000), &access(vlan));
    work(session, &query(&[name], &[]), &[change]).await
}

#[tokio::test]
async fn a_stale_plan_is_refused_and_the_rest_of_its_batch_is_not() {
    let switch = Switch::start(2).await;
    let mut session = switch.session().await;
    let batch = [moved(&mut *session, "swp1", 100).await, moved(&mut *session, "swp2", 200).await];
    switch.vsctl("set port swp1 tag=30").await;
    let BatchOutcome::Each(results) = session.apply(&batch).await else { panic!("refused") };
    let stale = results[0].as_ref().unwrap_err();
    assert_eq!(
        stale.to_string(),
        "the switch refused: port `swp1` is not as it was when the change was planned"
    );
    results[1].as_ref().unwrap();
    assert_eq!(switch.column("port", "swp1", "tag").await, "30");
    assert_eq!(switch.column("port", "swp2", "tag").await, "200");
}

/// Passes everything on, but runs a command before the transaction that asks for a new
/// configuration.
async fn meddler(switch: &Switch, meddle: &str) -> (Address, JoinSet<()>) {
    let path = switch.server.folder.path().join("proxy.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = switch.server.folder.path().join("db.sock");
    let database = format!("--db={}", switch.server.unix());
    let meddle: Vec<String> = meddle.split_whitespace().map(str::to_owned).collect();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let (client, _) = listener.accept().await.unwrap();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) =
            UnixStream::connect(server).await.unwrap().into_split();
        let forth = async {
            let mut buffer = vec![0; 1 << 20];
            while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
                if String::from_utf8_lossy(&buffer[..count]).contains(r#""next_cfg","+=""#) {
                    let mut command = Command::new("ovs-vsctl");
                    command.args(["--no-wait", &database]).args(&meddle);
                    assert!(command.status().await.unwrap().success());
                }
                to_server.write_all(&buffer[..count]).await.unwrap();
            }
        };
        let back = tokio::io::copy(&mut from_server, &mut to_client);
        tokio::select! { () = forth => {}, _ = back => {} }
    });
    (Address::Unix(path), task)
}

#[tokio::test]
async fn who_writes_between_reading_and_writing_wins() {
    for meddle in [
        "set port swp1 tag=30",
        "set port swp1 lacp=active",
        "set port swp1 trunks=1",
        "del-port swp1",
        "del-port swp1 -- add-port br0 swp1 vlan_mode=access tag=4000 \
         -- set interface swp1 type=dummy",
    ] {
        let switch = Switch::start(1).await;
        let (address, _meddler) = meddler(&switch, meddle).await;
        let driver = OvsdbDriver::new(OvsdbSettings::new(address));
        let mut session = driver.open().await.unwrap();
        let work = moved(&mut *session, "swp1", 100).await;
        let error = apply(&mut *session, &work).await.unwrap_err();
        let DeviceError::Rejected { operation: Some(operation), answer } = &error else {
            panic!("{meddle}: {error:?}");
        };
        assert!(operation.contains(r#""op":"wait""#), "{meddle}: {operation}");
        assert!(answer.starts_with("somebody else has changed the port"), "{meddle}: {answer}");
        assert!(!error.may_have_applied() && !error.session_lost());
        let rows = switch.rows().await;
        assert!(!rows.iter().any(|row| row.contains(r#""access",100"#)), "{meddle}: {rows:?}");
    }
}

#[tokio::test]
async fn a_refused_batch_leaves_nothing_behind() {
    let switch = Switch::start(3).await;
    switch
        .vsctl(
            "add-br br1 -- set bridge br1 datapath_type=dummy \
             -- add-port br1 bond-h1 -- set interface bond-h1 type=dummy",
        )
        .await;
    let untouched = switch.rows().await;
    let mut session = switch.session().await;
    let good = moved(&mut *session, "swp1", 100).await;
    let mut bad = work(&mut *session, &query(&["swp2"], &["bond-h1"]), &[]).await;
    let lag = || "bond-h1".parse().unwrap();
    bad.changes = vec![
        Change::CreateLag {
            lag: lag(),
            settings: LagSettings::new(LagMode::Active),
            config: PortConfig::with_vlans(access(100)),
            extra: None,
        },
        Change::AddMember { lag: lag(), port: port("swp2"), was: Some(access(4000)), extra: None },
    ];
    let outcome = session.apply(&[good.clone(), bad.clone()]).await;
    let BatchOutcome::RefusedWhole(DeviceError::Rejected { answer, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(answer.starts_with("constraint violation: "), "{answer}");
    assert!(answer.contains("bond-h1"), "{answer}");
    assert_eq!(switch.rows().await, untouched);

    // The halves say whose fault it was.
    apply(&mut *session, &good).await.unwrap();
    apply(&mut *session, &bad).await.unwrap_err();
    assert_eq!(switch.column("port", "swp1", "tag").await, "100");
    assert_eq!(switch.column("port", "swp2", "tag").await, "4000");
}

#[tokio::test]
async fn a_switch_that_does_not_apply_is_not_believed() {
    let switch = Switch::start(1).await;
    let mut session = OvsdbDriver::new(hasty(&switch)).open().await.unwrap();
    let work = moved(&mut *session, "swp1", 100).await;
    let pid = switch.vswitchd.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-STOP", &pid]).status().await.unwrap().success());
    let error = apply(&mut *session, &work).await.unwrap_err();
    assert!(error.may_have_applied());
    assert_eq!(
        error.to_string(),
        "time ran out waiting for `ovs-vswitchd` to carry out what the database holds; is it running?"
    );
    let seen = session.observe(&query(&["swp1"], &[])).await.unwrap();
    assert_eq!(seen.slice, work.after().unwrap(), "the database has it");
    assert!(seen.pending.is_some(), "the database alone proves nothing");
    assert!(Command::new("kill").args(["-CONT", &pid]).status().await.unwrap().success());
    let seen = session.observe(&query(&["swp1"], &[])).await.unwrap();
    assert_eq!(seen.pending, None);
}

#[tokio::test]
async fn a_dead_server_is_a_disconnection() {
    let mut switch = Switch::start(1).await;
    let mut session = switch.session().await;
    let work = moved(&mut *session, "swp1", 100).await;
    switch.server.child.kill().await.unwrap();
    let error = apply(&mut *session, &work).await.unwrap_err();
    assert!(matches!(error, DeviceError::Disconnected { sent: false, .. }), "{error:?}");
    let Err(error) = switch.driver().open().await else { panic!("it is dead") };
    assert!(matches!(error, DeviceError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_call_may_be_dropped() {
    let switch = Switch::start(1).await;
    let mut session = switch.session().await;
    let change = set_vlans("swp1", &access(4000), &VlanMode::Closed);
    let about = query(&["swp1"], &[]);
    let work = work(&mut *session, &about, &[change]).await;
    let mut call = session.apply(std::slice::from_ref(&work));
    assert!(futures_util::poll!(call.as_mut()).is_pending());
    drop(call);
    drop(session);
    let seen = switch.session().await.observe(&about).await.unwrap().slice;
    assert_eq!(seen, work.before, "nothing had been sent yet");
}
