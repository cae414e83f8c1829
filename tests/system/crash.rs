//! `kill -9` at fifty moments of a change; the same request again converges.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use fabric::Fabric;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rpc::method::Method;
use serde_json::Value;
use system_tests::{Daemon, Lag, Setup, attach_lag, detach};

const KILLS: u32 = 50;
const LEGS: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
const BOND: Lag<'_> = Lag { name: "bond-h1", mode: "802.3ad", fallback: false };

#[test]
fn a_killed_service_converges_with_the_same_request() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fabric = runtime
        .block_on(
            Fabric::builder()
                .switch("leaf-01", ["swp1", "swp2"])
                .host("h1", [("eth0", "leaf-01", "swp1"), ("eth1", "leaf-01", "swp2")])
                .start(),
        )
        .unwrap();
    let setup = Setup::new().ovs("leaf-01", fabric.address("leaf-01").unwrap());
    let mut daemon = Daemon::start(&setup).unwrap();
    let mut rng = StdRng::seed_from_u64(7);
    daemon.call(Method::AttachPort, attach_lag(&LEGS, 100, BOND)).unwrap();
    let start = Instant::now();
    daemon.call(Method::DetachPort, detach(&LEGS)).unwrap();
    let usual = u64::try_from(start.elapsed().as_micros()).unwrap();
    let mut in_doubt = 0;
    for kill in 0..KILLS {
        let (method, context) = match kill % 2 {
            0 => (Method::AttachPort, attach_lag(&LEGS, 100, BOND)),
            _ => (Method::DetachPort, detach(&LEGS)),
        };
        let call = serde_json::from_value(context.clone()).unwrap();
        let client = daemon.client();
        let (begun, begin) = mpsc::channel();
        let running = daemon.runtime().spawn(async move {
            begun.send(()).unwrap();
            client.call::<Value>(method, &call).await
        });
        begin.recv().unwrap();
        // A random moment of the time that a change usually takes.
        let (_never, moment) = mpsc::channel::<()>();
        let delay = Duration::from_micros(rng.random_range(0..usual));
        assert!(moment.recv_timeout(delay).is_err());
        daemon.kill().unwrap();
        drop(daemon.runtime().block_on(running));

        let log = switch::audit::verify([daemon.audit_file()]).unwrap();
        in_doubt += log.open.len();
        daemon.restart().unwrap();
        let answer = daemon.call(method, context).unwrap();
        assert!(answer["outcome"] == "applied" || answer["outcome"] == "unchanged", "{answer}");
        let open = switch::audit::verify([daemon.audit_file()]).unwrap().open;
        assert_eq!(open.len(), 0, "still in doubt after kill {kill}: {open:?}");
        let port = fabric.port("leaf-01", "swp1").unwrap().unwrap();
        assert_eq!(port.tag, Some(if kill % 2 == 0 { 100 } else { 4094 }), "kill {kill}");
    }
    println!("{in_doubt} of {KILLS} kills left a change in doubt");
    assert!(in_doubt > 0, "no kill struck a change: the test proves nothing");
    daemon.terminate().unwrap();
    runtime.block_on(fabric.shutdown());
}
