//! The connection is lost, the server dies, the command dies: in the middle of a change.

use std::{
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use lab::{Daemon as Process, Lab};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rpc::{client::CallError, method::Method};
use serde_json::{Value, json};
use system_tests::{Daemon, attach};
use tokio::task::JoinHandle;

use super::{PORT, daemon, data, in_doubt, lab, tag};
use crate::two::hears;

const CUTS: u16 = 25;
const LIMIT: Duration = Duration::from_secs(20);

type Running = JoinHandle<Result<Value, CallError>>;

/// Begins to put the port into a VLAN.
fn begin(daemon: &Daemon, vlan: u16) -> Running {
    let call = serde_json::from_value(attach(&PORT, vlan)).unwrap();
    let client = daemon.client();
    let (begun, begin) = mpsc::channel();
    let running = daemon.runtime().spawn(async move {
        begun.send(()).unwrap();
        client.call::<Value>(Method::AttachPort, &call).await
    });
    begin.recv().unwrap();
    running
}

/// Waits until the database has the change, which `ovs-vswitchd`, being paused, does not carry out:
/// the command on the switch waits for it.
fn wait_for_database(lab: &Lab, vlan: u16) {
    let by = Instant::now() + LIMIT;
    while tag(lab, "swp1") != vlan {
        assert!(Instant::now() < by, "the change did not come");
    }
}

#[test]
fn a_server_that_dies_in_the_middle_leaves_a_doubt_that_the_next_request_settles() {
    let lab = lab();
    let daemon = daemon(&lab);
    let ssh = lab.ssh("leaf-01").unwrap();
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp2")], 100)).unwrap();
    lab.pause("leaf-01", Process::Vswitchd).unwrap();
    let running = begin(&daemon, 100);
    wait_for_database(&lab, 100);
    ssh.kill().unwrap();
    let error = data(&daemon.runtime().block_on(running).unwrap().unwrap_err());
    // Nobody can say what became of it while nobody can be asked.
    assert_eq!(error["links"][0]["outcome"], "unknown", "{error}");
    assert_eq!(in_doubt(&daemon)[0]["port"], "swp1");

    lab.resume("leaf-01", Process::Vswitchd).unwrap();
    ssh.restart().unwrap();
    let answer = daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap();
    assert_eq!(answer["outcome"], "unchanged", "{answer}");
    assert_eq!(in_doubt(&daemon), json!([]));
    assert_eq!(hears(&lab, "h1/eth0", None), ["h2/eth0"]);
}

#[test]
fn a_command_that_dies_is_no_refusal() {
    let lab = lab();
    let daemon = daemon(&lab);
    lab.pause("leaf-01", Process::Vswitchd).unwrap();
    let running = begin(&daemon, 100);
    wait_for_database(&lab, 100);
    let command = commands(&lab);
    assert_eq!(command.len(), 1);
    let killed = Command::new("kill").args(["-KILL", &command[0].to_string()]).status().unwrap();
    assert!(killed.success());
    // It is asked, and asked again, what became of it.
    lab.resume("leaf-01", Process::Vswitchd).unwrap();
    let outcome = daemon.runtime().block_on(running).unwrap();
    let vlan = if outcome.is_ok() { 100 } else { 4094 };
    assert_eq!(tag(&lab, "swp1"), vlan, "{outcome:?}");
    daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap();
    assert_eq!(in_doubt(&daemon), json!([]));
}

/// The processes of `ovs-vsctl` that speak to the lab's switch by its environment, as those do that
/// came by SSH.
fn commands(lab: &Lab) -> Vec<u32> {
    let mark = format!("OVS_RUNDIR={}/leaf-01", lab.directory().display());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let environment = read("environ");
        read("comm") == b"ovs-vsctl\n"
            && environment.split(|byte| *byte == 0).any(|word| word == mark.as_bytes())
    })
    .collect()
}

#[test]
fn a_session_that_is_cut_at_any_moment_leaves_before_or_after() {
    let lab = lab();
    let mut daemon = daemon(&lab);
    let ssh = lab.ssh("leaf-01").unwrap();
    daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap();
    let start = Instant::now();
    daemon.call(Method::AttachPort, attach(&PORT, 101)).unwrap();
    let usual = u64::try_from(start.elapsed().as_micros()).unwrap();
    let mut rng = StdRng::seed_from_u64(13);
    let (mut struck, mut failed) = (0, 0);
    for cut in 0..CUTS {
        let (before, after) = (101 + cut, 102 + cut);
        let running = begin(&daemon, after);
        // A random moment of the time that a change usually takes.
        let (_never, moment) = mpsc::channel::<()>();
        let delay = Duration::from_micros(rng.random_range(0..usual));
        assert!(moment.recv_timeout(delay).is_err());
        struck += ssh.sessions();
        match cut % 5 {
            // The server itself as well, which is back at once.
            0 => ssh.restart().unwrap(),
            _ => ssh.cut().unwrap(),
        }
        let outcome = daemon.runtime().block_on(running).unwrap();
        let now = tag(&lab, "swp1");
        match &outcome {
            Ok(_) => assert_eq!(now, after, "cut {cut}"),
            Err(error) => {
                failed += 1;
                assert!(now == before || now == after, "cut {cut}: {now} after {error}");
            }
        }
        // The service logs in again by itself.
        let answer = daemon.call(Method::AttachPort, attach(&PORT, after)).unwrap();
        assert!(answer["outcome"] == "applied" || answer["outcome"] == "unchanged", "{answer}");
        assert_eq!(tag(&lab, "swp1"), after, "cut {cut}");
        let open = switch::audit::verify([daemon.audit_file()]).unwrap().open;
        assert!(open.is_empty(), "in doubt after cut {cut}: {open:?}");
    }
    println!("{struck} sessions cut, {failed} of {CUTS} changes failed");
    assert!(struck > usize::from(CUTS) / 2, "hardly a cut struck: the test proves nothing");
    daemon.terminate().unwrap();
}
