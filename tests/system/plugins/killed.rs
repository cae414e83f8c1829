//! `kill -9` of the plugin at random moments of a change: the port is as before or as after, and
//! the same request converges.

use std::{
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

use lab::Lab;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rpc::method::Method;
use serde_json::Value;
use system_tests::attach;

use super::{children, daemon};

const KILLS: u16 = 25;

#[test]
fn a_plugin_that_is_killed_leaves_before_or_after_and_the_next_request_converges() {
    let lab =
        Lab::builder().switch("leaf-01").host("h1", [("eth0", "leaf-01", "swp1")]).start().unwrap();
    let mut daemon = daemon(&lab);
    let port = [("leaf-01", "swp1")];
    let tag = || -> u16 {
        lab.vsctl("leaf-01", &["get", "port", "swp1", "tag"]).unwrap().trim().parse().unwrap()
    };
    daemon.call(Method::AttachPort, attach(&port, 100)).unwrap();
    let start = Instant::now();
    daemon.call(Method::AttachPort, attach(&port, 101)).unwrap();
    let usual = u64::try_from(start.elapsed().as_micros()).unwrap();
    let mut rng = StdRng::seed_from_u64(11);
    let (mut struck, mut failed) = (0, 0);
    for kill in 0..KILLS {
        let (before, after) = (101 + kill, 102 + kill);
        let call = serde_json::from_value(attach(&port, after)).unwrap();
        let client = daemon.client();
        let (begun, begin) = mpsc::channel();
        let running = daemon.runtime().spawn(async move {
            begun.send(()).unwrap();
            client.call::<Value>(Method::AttachPort, &call).await
        });
        begin.recv().unwrap();
        // A random moment of the time that a change usually takes.
        let (_never, moment) = mpsc::channel::<()>();
        let delay = Duration::from_micros(rng.random_range(0..usual));
        assert!(moment.recv_timeout(delay).is_err());
        for pid in children(daemon.pid()) {
            // The process alone and not its group: what it started lives on, and must not matter.
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
            struck += 1;
        }
        let outcome = daemon.runtime().block_on(running).unwrap();
        let now = tag();
        match &outcome {
            Ok(_) => assert_eq!(now, after, "kill {kill}"),
            Err(error) => {
                failed += 1;
                assert!(now == before || now == after, "kill {kill}: {now} after {error}");
            }
        }
        let by = Instant::now() + Duration::from_secs(20);
        let answer = loop {
            match daemon.call(Method::AttachPort, attach(&port, after)) {
                Ok(answer) => break answer,
                Err(error) => assert!(Instant::now() < by, "kill {kill}: {error}"),
            }
        };
        assert!(answer["outcome"] == "applied" || answer["outcome"] == "unchanged", "{answer}");
        assert_eq!(tag(), after, "kill {kill}");
        let open = switch::audit::verify([daemon.audit_file()]).unwrap().open;
        assert!(open.is_empty(), "in doubt after kill {kill}: {open:?}");
    }
    println!("{struck} processes killed, {failed} of {KILLS} changes failed");
    assert!(struck > KILLS / 2, "hardly a kill struck: the test proves nothing");
    daemon.terminate().unwrap();
}
