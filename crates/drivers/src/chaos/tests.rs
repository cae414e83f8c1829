use std::time::Duration;

use model::{PortName, Vlan, VlanMode};
use rstest::rstest;
use switch::{Atomicity, BatchOutcome, Change, Query, Slice, Target};

use super::*;
use crate::noop::{NoopDriver, NoopHandle, NoopPorts, NoopSettings};

const PORTS: [&str; 2] = ["p1", "p2"];

fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

/// A chaos driver before a switch in memory with two closed ports.
fn rehearsal(atomicity: Atomicity, settings: ChaosSettings) -> (ChaosDriver, NoopHandle) {
    let noop = NoopDriver::new(NoopSettings {
        ports: NoopPorts::These(PORTS.into_iter().map(port).collect()),
        capabilities: Capabilities { atomicity, ..NoopSettings::full_capabilities() },
        ..NoopSettings::default()
    });
    let switch = noop.handle();
    (ChaosDriver::new(Arc::new(noop), settings).unwrap(), switch)
}

fn always(fault: Fault) -> ChaosSettings {
    ChaosSettings::new(7).with(fault, Probability::ALWAYS)
}

/// Two works of two changes each: access VLAN, then description.
fn batch() -> [Work; 2] {
    PORTS.map(|name| {
        let target = Target::Port(port(name));
        Work {
            before: Slice::default(),
            changes: vec![
                Change::SetVlans {
                    target: target.clone(),
                    from: VlanMode::Closed,
                    to: VlanMode::access(Vlan::MIN),
                },
                Change::SetDescription { target, from: None, to: Some("tenant".to_owned()) },
            ],
        }
    })
}

/// How many of the batch's changes the switch holds, in their order.
fn held(switch: &NoopHandle) -> usize {
    let mut slice = switch.state();
    let count = PORTS
        .map(|name| {
            let config = &slice.ports[&port(name)].config;
            usize::from(config.vlans != Some(VlanMode::Closed))
                + usize::from(config.description.is_some())
        })
        .iter()
        .sum();
    let changes: Vec<_> = batch().into_iter().flat_map(|work| work.changes).collect();
    for change in changes.iter().take(count).rev() {
        change.inverse().apply_to(&mut slice).unwrap();
    }
    count
}

fn texts(outcome: &BatchOutcome) -> Vec<String> {
    let text = |error: &DeviceError| format!("{} {error}", error.may_have_applied());
    match outcome {
        BatchOutcome::RefusedWhole(error) => vec![format!("whole: {}", text(error))],
        BatchOutcome::Each(results) => results
            .iter()
            .map(|result| match result {
                Ok(_) => "ok".to_owned(),
                Err(error) => text(error),
            })
            .collect(),
    }
}

/// Whether a call never ends. The clock is paused, so that the limit is reached as soon as nothing
/// is left to do.
async fn hangs<T>(call: impl Future<Output = T>) -> bool {
    tokio::time::timeout(Duration::from_secs(3600), call).await.is_err()
}

#[rstest]
#[case(Fault::RefuseBatch, &["whole: false the switch refused: injected by the chaos driver"], 0)]
#[case(Fault::DisconnectBefore, &["false the connection to the switch was lost: injected by the chaos driver"; 2], 0)]
#[case(Fault::DisconnectAfter, &["true the connection to the switch was lost: injected by the chaos driver"; 2], 4)]
#[case(Fault::NonsenseBefore, &["true the switch answered something unknown: %$ (injected by the chaos driver)"; 2], 0)]
#[case(Fault::NonsenseAfter, &["true the switch answered something unknown: %$ (injected by the chaos driver)"; 2], 4)]
#[case(Fault::LieNothing, &["ok"; 2], 0)]
#[tokio::test]
async fn an_apply_goes_wrong(
    #[case] fault: Fault,
    #[case] want: &[&str],
    #[case] applied: usize,
    #[values(Atomicity::Transaction, Atomicity::PerCommand)] atomicity: Atomicity,
) {
    let (driver, switch) = rehearsal(atomicity, always(fault));
    let mut session = driver.open().await.unwrap();
    assert_eq!(texts(&session.apply(&batch()).await), want);
    assert_eq!(held(&switch), applied);
    assert_eq!(driver.handle().injected(), [(fault, 1)].into());
}

#[tokio::test]
async fn the_first_fault_wins() {
    let settings = always(Fault::LieNothing).with(Fault::RefuseBatch, Probability::ALWAYS);
    let (driver, _) = rehearsal(Atomicity::Transaction, settings);
    let mut session = driver.open().await.unwrap();
    session.apply(&batch()).await;
    assert_eq!(driver.handle().injected(), [(Fault::RefuseBatch, 1)].into());
}

#[tokio::test]
async fn a_lie_claims_the_operations_that_were_asked_for() {
    let (driver, _) = rehearsal(Atomicity::Transaction, always(Fault::LieNothing));
    let mut session = driver.open().await.unwrap();
    let batch = batch();
    let BatchOutcome::Each(results) = session.apply(&batch).await else {
        panic!("refused as a whole");
    };
    for (work, result) in batch.iter().zip(results) {
        assert_eq!(result.unwrap().operations, driver.render(work));
    }
}

#[rstest]
#[case(
    Fault::Partial,
    Atomicity::PerCommand,
    "true the connection to the switch was lost: injected by the chaos driver"
)]
#[case(Fault::LiePart, Atomicity::PerCommand, "ok")]
#[case(Fault::LiePart, Atomicity::Transaction, "ok")]
#[tokio::test]
async fn a_part_is_applied(#[case] fault: Fault, #[case] atomicity: Atomicity, #[case] want: &str) {
    let mut seen = [false; 5];
    for seed in 0..64 {
        let settings = ChaosSettings::new(seed).with(fault, Probability::ALWAYS);
        let (driver, switch) = rehearsal(atomicity, settings);
        let mut session = driver.open().await.unwrap();
        assert_eq!(texts(&session.apply(&batch()).await), [want; 2]);
        seen[held(&switch)] = true;
    }
    assert_eq!(seen, [true, true, true, true, false]);
}

#[tokio::test]
async fn works_are_refused_one_by_one() {
    let half = Probability::new(0.5).unwrap();
    let mut mixed = false;
    for seed in 0..16 {
        let settings = ChaosSettings::new(seed).with(Fault::RefuseWork, half);
        let (driver, switch) = rehearsal(Atomicity::Transaction, settings);
        let mut session = driver.open().await.unwrap();
        let BatchOutcome::Each(results) = session.apply(&batch()).await else {
            panic!("refused as a whole");
        };
        let state = switch.state();
        for (name, result) in PORTS.into_iter().zip(&results) {
            let changed = state.vlans_of(&port(name)) != Some(&VlanMode::Closed);
            assert_eq!(changed, result.is_ok());
        }
        let refused = results.iter().filter(|result| result.is_err()).count();
        assert_eq!(driver.handle().count(Fault::RefuseWork), refused as u64);
        mixed |= refused == 1;
    }
    assert!(mixed);
}

#[rstest]
#[case(Fault::HangBefore, 0)]
#[case(Fault::HangAfter, 4)]
#[tokio::test(start_paused = true)]
async fn an_apply_hangs(#[case] fault: Fault, #[case] applied: usize) {
    let (driver, switch) = rehearsal(Atomicity::Transaction, always(fault));
    let mut session = driver.open().await.unwrap();
    assert!(hangs(session.apply(&batch())).await);
    assert_eq!(held(&switch), applied);
    assert_eq!(driver.handle().count(fault), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hang_can_be_awaited() {
    let (driver, switch) = rehearsal(Atomicity::Transaction, always(Fault::HangAfter));
    let handle = driver.handle();
    let mut session = driver.open().await.unwrap();
    let batch = batch();
    tokio::select! {
        _ = session.apply(&batch) => panic!("it does not hang"),
        () = handle.wait_for(Fault::HangAfter, 1) => assert_eq!(held(&switch), 4),
    }
    assert!(hangs(handle.wait_for(Fault::HangAfter, 2)).await);
}

#[tokio::test(start_paused = true)]
async fn opening_goes_wrong() {
    let (driver, switch) = rehearsal(Atomicity::Transaction, always(Fault::Unreachable));
    let error = driver.open().await.err().unwrap();
    assert_eq!(error.to_string(), "cannot reach the switch at chaos: injected by the chaos driver");
    let (hanging, _) = rehearsal(Atomicity::Transaction, always(Fault::OpenHang));
    assert!(hangs(hanging.open()).await);
    assert_eq!(hanging.handle().count(Fault::OpenHang), 1);
    assert_eq!(switch.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn reading_goes_wrong() {
    let query = Query::ports(&[port("p1")]);
    let (driver, _) = rehearsal(Atomicity::Transaction, always(Fault::ReadDisconnect));
    let broken = Err(DeviceError::Disconnected { sent: false, reason: INJECTED.to_owned() });
    let mut session = driver.open().await.unwrap();
    assert_eq!(session.observe(&query).await, broken);
    let mut session = driver.open().await.unwrap();
    assert_eq!(session.resolve("p1").await.err(), broken.err());

    let (driver, _) = rehearsal(Atomicity::Transaction, always(Fault::ReadHang));
    let mut session = driver.open().await.unwrap();
    assert!(hangs(session.observe(&query)).await);
}

#[tokio::test(start_paused = true)]
async fn saving_goes_wrong() {
    let (driver, switch) = rehearsal(Atomicity::Transaction, always(Fault::SaveRefuse));
    let mut session = driver.open().await.unwrap();
    let error = session.save().await.unwrap_err();
    assert_eq!(error.to_string(), "the switch refused: injected by the chaos driver");
    driver.handle().calm();
    session.save().await.unwrap();
    assert_eq!(switch.saves(), 1);

    for fault in [Fault::SaveDisconnect, Fault::SaveHang] {
        let (driver, switch) = rehearsal(Atomicity::Transaction, always(fault));
        let mut session = driver.open().await.unwrap();
        let hung = hangs(session.save()).await;
        assert_eq!(hung, fault == Fault::SaveHang);
        assert_eq!(switch.saves(), 0);
    }
}

#[rstest]
#[case(Fault::DisconnectBefore)]
#[case(Fault::NonsenseBefore)]
#[case(Fault::HangBefore)]
#[tokio::test(start_paused = true)]
async fn a_session_that_is_lost_stays_lost(#[case] fault: Fault) {
    let (driver, switch) = rehearsal(Atomicity::Transaction, always(fault));
    let mut session = driver.open().await.unwrap();
    let _ = hangs(session.apply(&batch())).await;
    driver.handle().calm();
    let again = texts(&session.apply(&batch()).await);
    let closed = "false the connection to the switch was lost: injected by the chaos driver";
    assert_eq!(again, [closed; 2]);
    assert_eq!(held(&switch), 0);

    let mut fresh = driver.open().await.unwrap();
    assert_eq!(texts(&fresh.apply(&batch()).await), ["ok"; 2]);
}

#[tokio::test]
async fn without_probabilities_nothing_is_injected() {
    let (driver, switch) = rehearsal(Atomicity::Transaction, ChaosSettings::new(7));
    let mut session = driver.open().await.unwrap();
    let query = Query::ports(&[port("p1")]);
    session.observe(&query).await.unwrap();
    assert_eq!(texts(&session.apply(&batch()).await), ["ok"; 2]);
    session.save().await.unwrap();
    session.close().await;
    assert_eq!(held(&switch), 4);
    assert_eq!(switch.open_sessions(), 0);
    assert!(driver.handle().injected().is_empty());
}

/// Which of many openings fail.
async fn openings(seed: u64, others: f64) -> Vec<bool> {
    let settings = ChaosSettings::new(seed)
        .with(Fault::Unreachable, Probability::new(0.3).unwrap())
        .with(Fault::ReadDisconnect, Probability::new(others).unwrap());
    let (driver, _) = rehearsal(Atomicity::Transaction, settings);
    let mut fails = Vec::new();
    for _ in 0..200 {
        fails.push(driver.open().await.is_err());
    }
    fails
}

#[tokio::test]
async fn a_seed_decides_everything() {
    let first = openings(1, 0.0).await;
    assert_eq!(first, openings(1, 0.0).await);
    assert_eq!(first, openings(1, 0.9).await);
    assert_ne!(first, openings(2, 0.0).await);
    let failed = first.iter().filter(|fails| **fails).count();
    assert!((30..=90).contains(&failed), "{failed} of 200 at 0.3");
}

/// What becomes of ten reads in each of two sessions, which take turns or not.
async fn reads(turns: bool) -> [Vec<bool>; 2] {
    let settings =
        ChaosSettings::new(3).with(Fault::ReadDisconnect, Probability::new(0.1).unwrap());
    let (driver, _) = rehearsal(Atomicity::Transaction, settings);
    let mut sessions = [driver.open().await.unwrap(), driver.open().await.unwrap()];
    let mut fails = [Vec::new(), Vec::new()];
    for step in 0..20 {
        let which = if turns { step % 2 } else { step / 10 };
        fails[which].push(sessions[which].resolve("p1").await.is_err());
    }
    fails
}

#[tokio::test]
async fn sessions_do_not_disturb_each_other() {
    let turns = reads(true).await;
    assert_eq!(turns, reads(false).await);
    let failed = turns.concat();
    assert!(failed.contains(&true) && failed.contains(&false));
}

#[rstest]
#[case(-0.1)]
#[case(1.1)]
#[case(f64::NAN)]
#[case(f64::INFINITY)]
fn no_probability(#[case] value: f64) {
    let error = Probability::new(value).unwrap_err();
    assert_eq!(error.to_string(), format!("`{value}` is not a probability: it is not from 0 to 1"));
}

#[tokio::test]
async fn partial_needs_single_commands() {
    let refused =
        "fault `partial` refused: the inner switch applies a change as a whole or not at all";
    let noop = NoopDriver::new(NoopSettings::default());
    let error = ChaosDriver::new(Arc::new(noop), always(Fault::Partial)).err();
    assert_eq!(error.unwrap().to_string(), refused);

    let (driver, _) = rehearsal(Atomicity::Candidate, ChaosSettings::new(7));
    let handle = driver.handle();
    let error = handle.set(Fault::Partial, Probability::ALWAYS).unwrap_err();
    assert_eq!(error.to_string(), refused);
    assert_eq!(handle.set(Fault::Partial, Probability::NEVER), Ok(()));
}

#[rstest]
#[case(r#"{"seed":7,"faults":{"hang_after":0.5}}"#, Ok(0.5))]
#[case(r#"{"faults":{"hang_after":1.5}}"#, Err("`1.5` is not a probability"))]
#[case(r#"{"faults":{"hang_afterr":0.5}}"#, Err("unknown variant `hang_afterr`"))]
#[case(r#"{"sede":7}"#, Err("unknown field `sede`"))]
fn settings_are_read(#[case] text: &str, #[case] want: Result<f64, &str>) {
    match (serde_json::from_str::<ChaosSettings>(text), want) {
        (Ok(settings), Ok(value)) => {
            let want =
                ChaosSettings::new(7).with(Fault::HangAfter, Probability::new(value).unwrap());
            assert_eq!(settings, want);
        }
        (Err(error), Err(want)) => assert!(error.to_string().starts_with(want), "{error}"),
        (read, _) => panic!("{read:?}"),
    }
}

#[test]
fn faults_are_listed_once_under_their_names() {
    for (position, fault) in Fault::ALL.into_iter().enumerate() {
        let written = serde_json::to_value(fault).unwrap();
        assert_eq!(written, fault.name());
        assert_eq!(fault as usize, position);
    }
}
