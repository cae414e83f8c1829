//! `kill -9` of the service at random moments of a change over SSH; the same request again
//! converges.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rpc::method::Method;
use serde_json::Value;
use system_tests::{Lag, attach, attach_lag, detach};

use super::{daemon, lab, tag};
use crate::two::hears;

const KILLS: u32 = 12;
const LEGS: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
const BOND: Lag<'_> = Lag { name: "bond-1", mode: "802.3ad", fallback: true };

#[test]
fn a_killed_service_converges_with_the_same_request() {
    let lab = lab();
    let mut daemon = daemon(&lab);
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp3")], 100)).unwrap();
    daemon.call(Method::AttachPort, attach_lag(&LEGS, 100, BOND)).unwrap();
    let start = Instant::now();
    daemon.call(Method::DetachPort, detach(&LEGS)).unwrap();
    let usual = u64::try_from(start.elapsed().as_micros()).unwrap();
    let mut rng = StdRng::seed_from_u64(17);
    let mut in_doubt = 0;
    for kill in 0..KILLS {
        let attaches = kill % 2 == 0;
        let (method, context) = match attaches {
            true => (Method::AttachPort, attach_lag(&LEGS, 100, BOND)),
            false => (Method::DetachPort, detach(&LEGS)),
        };
        let call = serde_json::from_value(context.clone()).unwrap();
        let client = daemon.client();
        let (begun, begin) = mpsc::channel();
        let running = daemon.runtime().spawn(async move {
            begun.send(()).unwrap();
            client.call::<Value>(method, &call).await
        });
        begin.recv().unwrap();
        // A random moment of the time that a change usually takes, after its first reading.
        let (_never, moment) = mpsc::channel::<()>();
        let delay = Duration::from_micros(rng.random_range(usual / 4..usual));
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
        match attaches {
            true => assert_eq!(tag(&lab, "bond-1"), 100, "kill {kill}"),
            false => {
                assert_eq!((tag(&lab, "swp1"), tag(&lab, "swp2")), (4094, 4094), "kill {kill}");
                assert_eq!(hears(&lab, "h3/eth0", None), [""; 0]);
            }
        }
    }
    println!("{in_doubt} of {KILLS} kills left a change in doubt");
    assert!(in_doubt > 0, "no kill struck a change: the test proves nothing");
    daemon.terminate().unwrap();
}
