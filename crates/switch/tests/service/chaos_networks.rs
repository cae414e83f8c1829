//! VLANs that are defined on the way, VXLANs and numbers of the pair on two switches that fail in
//! every way: all of it or none of it, on both switches alike, and never a port in a VLAN that is
//! not there.

use std::{collections::BTreeMap, time::Duration};

use drivers::chaos::{Fault, Probability};
use model::{Vlan, VlanMode, Vni};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rstest::rstest;
use switch::{
    Atomicity, ChangeRequest, ErrorClass, LagIds, Operation, Slice, SwitchError, WorkerSettings,
};
use tokio::{task::JoinSet, time::Instant};

use crate::rig::{
    IDLE, Make, Rig, SWITCHES, attach, attach_lag, detach, network, ops, vlan, vxlan,
};

/// Each of the callers has two ports on each switch.
const CALLERS: usize = 4;
const OPERATIONS: usize = 800;
const DEADLINE: Duration = Duration::from_secs(3);
/// As many as there are VLANs for them, so that the last ones are refused when a leftover stands
/// in the way, and not before.
const VNIS: std::ops::Range<u32> = 5000..5004;
const RANGE: &str = "1000-1003";

type Port = (String, String);
type Ports = BTreeMap<Port, (Option<VlanMode>, Option<String>)>;

fn held(rig: &Rig, ports: &[Port]) -> Ports {
    let mut held = Ports::new();
    for switch in SWITCHES {
        let state = rig.handle(switch).state();
        for port in ports.iter().filter(|(s, _)| s == switch) {
            let name = port.1.parse().unwrap();
            let lag = state.ports[&name].lag.as_ref().map(ToString::to_string);
            held.insert(port.clone(), (state.vlans_of(&name).cloned(), lag));
        }
    }
    held
}

fn draw(rng: &mut StdRng, own: &[Port]) -> (ChangeRequest, Vec<Port>) {
    let ports: Vec<Port> = match rng.random_range(0..4) {
        0 => own.to_vec(),
        1 => own[..2].to_vec(),
        2 => vec![own[0].clone(), own[2].clone()],
        _ => vec![own[rng.random_range(0..own.len())].clone()],
    };
    let named: Vec<(&str, &str)> = ports.iter().map(|(s, p)| (s.as_str(), p.as_str())).collect();
    let id = rng.random_range(100..104);
    let vni = rng.random_range(VNIS);
    let request = match rng.random_range(0..6) {
        0 | 1 => detach(&named),
        2 => attach(&named, id),
        3 => vxlan(attach(&named, 0), vni),
        4 => vxlan(attach_lag(&named, 0, None), vni),
        _ => attach_lag(&named, id, None),
    };
    (request, ports)
}

/// What holds on a switch at any moment, whatever fails.
fn check_always(state: &Slice) {
    for port in state.ports.keys() {
        let carried = state.vlans_of(port).map(VlanMode::carried).unwrap_or_default();
        for vlan in carried.iter().filter(|vlan| vlan.get() != IDLE) {
            assert!(state.vlans.contains_key(&vlan), "{port} is in VLAN {vlan}: {:?}", state.vlans);
        }
    }
    let mut vnis = BTreeMap::<Vni, Vlan>::new();
    for (vlan, vlan_state) in &state.vlans {
        if let Some(other) = vlan_state.vni.and_then(|vni| vnis.insert(vni, *vlan)) {
            panic!("VLANs {other} and {vlan} stand for one VXLAN: {:?}", state.vlans);
        }
    }
    let mut numbers = BTreeMap::new();
    for (name, lag) in &state.lags {
        if let Some(other) = lag.settings.pair.and_then(|number| numbers.insert(number, name)) {
            panic!("LAGs {other} and {name} have one number: {:?}", state.lags);
        }
    }
}

/// What the ports are in when the request succeeded: the same on both switches.
fn check_success(rig: &Rig, request: &ChangeRequest, ports: &[Port], after: &Ports) {
    let vni = request.network.vni().unwrap();
    let mut vlans = Vec::new();
    let mut numbers = Vec::new();
    for port in ports {
        let state = rig.handle(&port.0).state();
        let (mode, lag) = &after[port];
        let Some(VlanMode::Access { vlan: got }) = mode else { panic!("{port:?}: {mode:?}") };
        let want = match (request.operation, vni) {
            (Operation::DetachPort, _) => vlan(IDLE),
            (_, Some(_)) => *got,
            (_, None) => request.network.segmentation_id.unwrap().to_string().parse().unwrap(),
        };
        assert_eq!(*got, want, "{port:?} after {request:?}");
        if request.operation == Operation::DetachPort {
            continue;
        }
        assert_eq!(state.vlans[got].vni, vni, "{port:?} after {request:?}");
        vlans.push(*got);
        if let Some(lag) = lag {
            numbers.push(state.lags[&lag.parse().unwrap()].settings.pair);
        }
    }
    assert!(vlans.windows(2).all(|two| two[0] == two[1]), "{vlans:?} after {request:?}");
    let both = ports.iter().any(|port| port.0 != ports[0].0);
    if both && request.lag.is_some() && request.operation == Operation::AttachPort {
        assert!(numbers[0].is_some(), "{request:?}");
        assert!(numbers.windows(2).all(|two| two[0] == two[1]), "{numbers:?} after {request:?}");
    }
}

fn check_failure(error: &SwitchError, before: &Ports, after: &Ports) {
    if error.class() != ErrorClass::UndoFailed {
        assert_eq!(after, before, "after {error}");
    }
}

#[rstest]
#[case(1, Atomicity::Transaction)]
#[case(2, Atomicity::PerCommand)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn networks_and_numbers_come_with_the_ports_or_not_at_all(
    #[case] seed: u64,
    #[case] atomicity: Atomicity,
) {
    let worker = WorkerSettings {
        operation_timeout: Duration::from_millis(60),
        ..WorkerSettings::default()
    };
    let make = Make {
        atomicity,
        worker,
        seed,
        vlans: "4094".parse().unwrap(),
        create_vlans: true,
        vxlan_vlans: Some(RANGE.parse().unwrap()),
        pair_ids: LagIds { first: 20, last: 29 },
        ..Make::default()
    };
    let rig = std::sync::Arc::new(make.build());
    let sometimes = Probability::new(0.03).unwrap();
    for fault in Fault::ALL {
        let fits = fault != Fault::Partial || atomicity == Atomicity::PerCommand;
        for switch in SWITCHES.iter().filter(|_| fits) {
            rig.chaos(switch).set(fault, sometimes).unwrap();
        }
    }
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let rig = std::sync::Arc::clone(&rig);
        let mut rng = StdRng::seed_from_u64(seed * 100 + u64::try_from(caller).unwrap());
        let own: Vec<Port> = SWITCHES
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
                SWITCHES.iter().for_each(|switch| check_always(&rig.handle(switch).state()));
                let after = held(&rig, &own);
                let name = match &outcome {
                    Ok(_) => "done",
                    Err(error) => error.class().name(),
                };
                *tally.entry(name).or_default() += 1;
                match outcome {
                    Ok(_) => check_success(&rig, &request, &ports, &after),
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
    assert!(tally["done"] > OPERATIONS / 4, "{tally:?}");

    for switch in SWITCHES {
        rig.chaos(switch).calm();
    }
    let all: Vec<Port> = SWITCHES
        .iter()
        .flat_map(|switch| (1..=8).map(|n| ((*switch).to_owned(), format!("swp{n}"))))
        .collect();
    let named: Vec<_> = all.iter().map(|(s, p)| (s.as_str(), p.as_str())).collect();
    rig.service.change(detach(&named), ops()).await.unwrap();
    for vni in VNIS {
        let delete = vxlan(network(Operation::DeleteNetwork, &SWITCHES), vni);
        rig.service.change(delete, ops()).await.unwrap();
    }
    for switch in SWITCHES {
        let vlans = rig.handle(switch).state().vlans;
        assert!(vlans.values().all(|state| state.vni.is_none()), "{vlans:?}");
    }
}
