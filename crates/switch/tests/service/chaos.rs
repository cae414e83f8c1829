//! Two thousand operations on two switches that fail in every way: before or after, never between.

use std::{collections::BTreeMap, time::Duration};

use drivers::chaos::{Fault, Probability};
use model::{PortConfig, VlanMode};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use switch::{
    Atomicity, ChangeRequest, ErrorClass, LagIds, LegOutcome, NetworkWish, Operation, PortMode,
    SwitchError, WorkerSettings, audit,
};
use tokio::{task::JoinSet, time::Instant};

use crate::rig::{Make, Rig, SWITCHES, attach, attach_lag, detach, ops, request};

/// Each of the callers has two ports on each switch.
const CALLERS: usize = 4;
const OPERATIONS: usize = 2000;
const DEADLINE: Duration = Duration::from_secs(3);

/// What the switches hold for one caller's ports: VLANs and LAG.
type Ports = BTreeMap<(String, String), (Option<VlanMode>, Option<String>)>;

fn held(rig: &Rig, ports: &[(String, String)]) -> Ports {
    let mut held = Ports::new();
    for switch in SWITCHES {
        let state = rig.handle(switch).state();
        for (_, port) in ports.iter().filter(|(s, _)| s == switch) {
            let name = port.parse().unwrap();
            let lag = state.ports[&name].lag.as_ref().map(ToString::to_string);
            held.insert((switch.to_owned(), port.clone()), (state.vlans_of(&name).cloned(), lag));
        }
    }
    held
}

/// A random request over some of a caller's ports, and what the ports hold when it succeeds.
fn draw(rng: &mut StdRng, own: &[(String, String)]) -> (ChangeRequest, Vec<(String, String)>) {
    let ports: Vec<_> = match rng.random_range(0..6) {
        0 => own.to_vec(),
        1 | 2 => own[..2].to_vec(),
        3 => own[2..].to_vec(),
        _ => vec![own[rng.random_range(0..own.len())].clone()],
    };
    let named: Vec<(&str, &str)> = ports.iter().map(|(s, p)| (s.as_str(), p.as_str())).collect();
    let id = rng.random_range(100..200);
    let request = match rng.random_range(0..5) {
        0 | 1 => detach(&named),
        2 => attach(&named, id),
        3 => ChangeRequest {
            network: NetworkWish {
                segmentation_id: Some(id),
                mode: PortMode::Trunk,
                allowed: "200-210,300".parse().unwrap(),
                ..NetworkWish::default()
            },
            ..request(Operation::AttachPort, &named)
        },
        _ => attach_lag(&named, id, None),
    };
    (request, ports)
}

fn hurt(rig: &Rig, atomicity: Atomicity) {
    let sometimes = Probability::new(0.03).unwrap();
    for fault in Fault::ALL {
        let fits = fault != Fault::Partial || atomicity == Atomicity::PerCommand;
        for switch in SWITCHES.iter().filter(|_| fits) {
            rig.chaos(switch).set(fault, sometimes).unwrap();
        }
    }
}

/// What the ports hold when the request succeeded, by the request's own words.
fn check_success(request: &ChangeRequest, after: &Ports, ports: &[(String, String)]) {
    for port in ports {
        let (vlans, lag) = &after[port];
        let want = match request.operation {
            Operation::DetachPort => VlanMode::access("4094".parse().unwrap()),
            _ => request.network.vlans(None).unwrap().unwrap(),
        };
        assert_eq!(vlans.as_ref(), Some(&want), "{port:?} after {request:?}");
        let in_lag = request.lag.is_some() && request.operation == Operation::AttachPort;
        assert_eq!(lag.is_some(), in_lag, "{port:?} after {request:?}");
    }
}

/// Where each port is, by the error's own words.
fn check_failure(error: &SwitchError, before: &Ports, after: &Ports) {
    if error.class() != ErrorClass::UndoFailed {
        assert_eq!(after, before, "after {error}");
        return;
    }
    for leg in error.legs() {
        let port = (leg.switch.to_string(), leg.port.as_ref().unwrap().to_string());
        let (vlans, lag) = &after[&port];
        match leg.outcome {
            LegOutcome::Untouched | LegOutcome::Undone => {
                assert_eq!(after[&port], before[&port], "{port:?} after {error}");
            }
            LegOutcome::NotUndone => {
                let observed: PortConfig = leg.observed.clone().unwrap();
                assert_eq!(observed.vlans, *vlans, "{port:?} after {error}");
                assert_eq!(leg.lag.as_ref().map(ToString::to_string), *lag, "{error}");
            }
            LegOutcome::Unknown => assert!(leg.last_known.is_some(), "{port:?} after {error}"),
        }
    }
}

#[rstest]
#[case(1, Atomicity::Transaction)]
#[case(2, Atomicity::PerCommand)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_or_after_never_between(#[case] seed: u64, #[case] atomicity: Atomicity) {
    let worker = WorkerSettings {
        operation_timeout: Duration::from_millis(60),
        ..WorkerSettings::default()
    };
    let rig = std::sync::Arc::new(
        Make {
            atomicity,
            worker,
            seed,
            pair_ids: LagIds { first: 20, last: 29 },
            ..Make::default()
        }
        .build(),
    );
    hurt(&rig, atomicity);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let rig = std::sync::Arc::clone(&rig);
        let mut rng = StdRng::seed_from_u64(seed * 100 + u64::try_from(caller).unwrap());
        let own: Vec<(String, String)> = SWITCHES
            .iter()
            .flat_map(|switch| {
                [1, 2].map(|n| ((*switch).to_owned(), format!("swp{}", 2 * caller + n)))
            })
            .collect();
        callers.spawn(async move {
            let mut tally = BTreeMap::<&str, usize>::new();
            for _ in 0..OPERATIONS / CALLERS {
                let (request, ports) = draw(&mut rng, &own);
                let before = held(&rig, &own);
                let mut origin = ops();
                origin.deadline = Instant::now() + DEADLINE;
                let deadline = origin.deadline;
                let outcome = rig.service.change(request.clone(), origin).await;
                assert!(Instant::now() < deadline, "late: {outcome:?}");
                let after = held(&rig, &own);
                let name = match &outcome {
                    Ok(_) => "done",
                    Err(error) => error.class().name(),
                };
                *tally.entry(name).or_default() += 1;
                match outcome {
                    Ok(_) => check_success(&request, &after, &ports),
                    Err(error) => check_failure(&error, &before, &after),
                }
            }
            tally
        });
    }
    let mut tally = BTreeMap::<&str, usize>::new();
    while let Some(done) = callers.join_next().await {
        for (name, count) in done.unwrap() {
            *tally.entry(name).or_default() += count;
        }
    }
    println!("{atomicity:?}: {tally:?}");
    assert_eq!(tally.values().sum::<usize>(), OPERATIONS);
    for name in ["done", "rejected_by_device", "unreachable", "timed_out", "verify_failed"] {
        assert!(tally.contains_key(name), "no operation ended {name}: {tally:?}");
    }
    for (_, chaos) in rig.switches.values() {
        assert!(
            chaos.injected().values().all(|count| *count > 0)
                || atomicity == Atomicity::Transaction
        );
    }

    let open = audit::verify([rig.audit_file()]).unwrap().open.len();
    assert_eq!(open, rig.service.in_doubt().len());
    for switch in SWITCHES {
        rig.chaos(switch).calm();
        let all: Vec<String> = (1..=8).map(|n| format!("swp{n}")).collect();
        let all: Vec<_> = all.iter().map(|port| (switch, port.as_str())).collect();
        rig.service.change(detach(&all), ops()).await.unwrap();
        for (_, port) in &all {
            assert_eq!(rig.port(switch, port), "access 4094");
        }
    }
    assert_eq!(rig.service.in_doubt().len(), 0);
    assert_eq!(audit::verify([rig.audit_file()]).unwrap().open.len(), 0);
}
