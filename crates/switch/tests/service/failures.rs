//! Changes that fail half-way: all legs or none, and the truth where neither is possible.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use drivers::chaos::{Fault, Probability};
use rstest::rstest;
use switch::{Atomicity, ErrorClass, LegOutcome, audit};
use tokio::time::Instant as Clock;

use crate::rig::{Make, Rig, attach, attach_lag, background, detach, ops, origin};

const BOTH: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-02", "swp1")];

#[rstest]
#[case(Fault::RefuseWork, ErrorClass::RejectedByDevice, LegOutcome::Untouched)]
#[case(Fault::RefuseBatch, ErrorClass::RejectedByDevice, LegOutcome::Untouched)]
#[case(Fault::DisconnectBefore, ErrorClass::Unreachable, LegOutcome::Untouched)]
#[case(Fault::NonsenseBefore, ErrorClass::RejectedByDevice, LegOutcome::Undone)]
#[case(Fault::HangBefore, ErrorClass::TimedOut, LegOutcome::Undone)]
#[case(Fault::LieNothing, ErrorClass::VerifyFailed, LegOutcome::Undone)]
#[tokio::test]
async fn one_bad_leg_takes_the_other_back(
    #[case] fault: Fault,
    #[case] class: ErrorClass,
    #[case] bad_leg: LegOutcome,
) {
    let rig = Rig::new();
    rig.chaos("leaf-02").set(fault, Probability::ALWAYS).unwrap();
    let error = rig.service.change(attach(&BOTH, 100), ops()).await.unwrap_err();
    assert_eq!(error.class(), class, "{error}");
    let outcomes: Vec<_> = error.legs().iter().map(|leg| leg.outcome).collect();
    assert_eq!(outcomes, [LegOutcome::Undone, bad_leg], "{error}");
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert_eq!(rig.port("leaf-02", "swp1"), "access 4094");
    assert_eq!(audit::verify([rig.audit_file()]).unwrap().open.len(), 0);
}

#[rstest]
#[case(Fault::DisconnectAfter)]
#[case(Fault::NonsenseAfter)]
#[case(Fault::HangAfter)]
#[tokio::test]
async fn a_lost_answer_is_found_out_by_asking(#[case] fault: Fault) {
    let rig = Rig::new();
    rig.chaos("leaf-02").set(fault, Probability::ALWAYS).unwrap();
    rig.service.change(attach(&BOTH, 100), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-02", "swp1"), "access 100");
}

#[tokio::test]
async fn a_change_that_is_cut_off_again_and_again_is_taken_up_by_the_next() {
    let rig = Make { atomicity: Atomicity::PerCommand, ..Make::default() }.build();
    let ports = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
    rig.chaos("leaf-01").set(Fault::Partial, Probability::ALWAYS).unwrap();
    let error = rig.service.change(attach_lag(&ports, 100, None), ops()).await.unwrap_err();
    assert!(rig.chaos("leaf-01").count(Fault::Partial) > 1, "the undo was not tried");
    let as_before = ["swp1", "swp2"].map(|port| rig.port("leaf-01", port)) == ["access 4094"; 2]
        && rig.handle("leaf-01").state().lags.is_empty();
    assert_eq!(error.class() == ErrorClass::UndoFailed, !as_before, "{error}");
    rig.chaos("leaf-01").calm();
    rig.service.change(attach_lag(&ports, 100, None), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp2"), "access 100 in lag-swp1");
    rig.service.change(detach(&ports), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert!(rig.handle("leaf-01").state().lags.is_empty());
}

#[tokio::test]
async fn an_undo_that_fails_says_what_is_where_and_is_settled_later() {
    let rig = Rig::new();
    rig.chaos("leaf-02").set(Fault::RefuseWork, Probability::ALWAYS).unwrap();
    rig.chaos("leaf-01").set(Fault::LiePart, Probability::NEVER).unwrap();
    // The first leg succeeds and can then neither be read nor changed any more.
    let service = Arc::clone(&rig.service);
    let mut quick = ops();
    quick.deadline = Clock::now() + Duration::from_secs(3);
    rig.chaos("leaf-01").set(Fault::HangAfter, Probability::ALWAYS).unwrap();
    let call = background(async move { service.change(attach(&BOTH, 100), quick).await });
    rig.chaos("leaf-01").wait_for(Fault::HangAfter, 1).await;
    rig.chaos("leaf-01").set(Fault::ReadHang, Probability::ALWAYS).unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.class(), ErrorClass::UndoFailed, "{error}");
    assert_eq!(error.legs()[0].outcome, LegOutcome::Unknown);
    assert!(error.legs()[0].last_known.is_some());
    assert_eq!(error.legs()[1].outcome, LegOutcome::Untouched);
    assert!(error.to_string().contains("port `swp1` on `leaf-01` is unknown"), "{error}");
    assert_eq!(rig.service.in_doubt().len(), 1);
    assert_eq!(audit::verify([rig.audit_file()]).unwrap().open.len(), 1);

    rig.chaos("leaf-01").calm();
    rig.chaos("leaf-02").calm();
    rig.service.change(attach(&BOTH, 100), ops()).await.unwrap();
    assert_eq!(rig.service.in_doubt().len(), 0);
    assert_eq!(audit::verify([rig.audit_file()]).unwrap().open.len(), 0);
}

#[tokio::test]
async fn a_hanging_switch_delays_no_other_and_no_one_beyond_the_deadline() {
    let rig = Rig::new();
    rig.chaos("leaf-02").set(Fault::ReadHang, Probability::ALWAYS).unwrap();
    let mut quick = ops();
    quick.deadline = Clock::now() + Duration::from_millis(800);
    let (service, start) = (Arc::clone(&rig.service), Instant::now());
    let stuck = background(async move { service.change(attach(&BOTH[1..], 100), quick).await });
    rig.chaos("leaf-02").wait_for(Fault::ReadHang, 1).await;
    rig.service.change(attach(&BOTH[..1], 100), ops()).await.unwrap();
    assert!(!stuck.is_finished());
    let error = stuck.await.unwrap().unwrap_err();
    assert_eq!(error.class(), ErrorClass::TimedOut);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(rig.handle("leaf-02").works(), 0);
}

#[tokio::test]
async fn a_port_in_change_is_busy_for_others() {
    let rig = Rig::new();
    rig.chaos("leaf-01").set(Fault::HangBefore, Probability::ALWAYS).unwrap();
    let service = Arc::clone(&rig.service);
    let first = background(async move { service.change(attach(&BOTH[..1], 100), ops()).await });
    rig.chaos("leaf-01").wait_for(Fault::HangBefore, 1).await;
    let mut quick = ops();
    quick.deadline = Clock::now() + Duration::from_millis(100);
    let error = rig.service.change(attach(&BOTH[..1], 101), quick).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Busy);
    rig.chaos("leaf-01").calm();
    drop(first.await.unwrap());
}

#[tokio::test]
async fn requests_that_wait_share_one_exchange_and_each_gets_its_own_answer() {
    let rig = Rig::new();
    let mut tasks = tokio::task::JoinSet::new();
    for port in 1..=8_u32 {
        let service = Arc::clone(&rig.service);
        tasks.spawn(async move {
            let name = format!("swp{port}");
            let caller = if port % 2 == 0 { "ops" } else { "ironic" };
            (port, service.change(attach(&[("leaf-01", &name)], 150), origin(caller)).await)
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (port, outcome) = done.unwrap();
        assert_eq!(outcome.is_ok(), port % 2 == 0 || port <= 4, "swp{port}");
    }
    assert_eq!(rig.port("leaf-01", "swp3"), "access 150");
    assert_eq!(rig.port("leaf-01", "swp5"), "access 4094");
    assert_eq!(rig.handle("leaf-01").sessions(), 1);
}
