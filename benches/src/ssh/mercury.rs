//! Mercury's side: the real service, asked over its socket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rpc::{method::Method, wire};
use serde_json::Value;
use system_tests::{Daemon, Setup, attach};
use tokio::{task::JoinSet, time::timeout};

use super::{
    report::Round,
    switches::{Change, PASSWORD_FILE, Switches, name},
};
use crate::figures::Figures;

/// How long a call may take, as a conductor of Ironic's waits.
const CALL_MS: u32 = 100_000;
/// How long a round may take at most. Each of its calls has a limit of its own.
const ROUND: Duration = Duration::from_secs(900);

/// Starts the service for these switches, as it is by default.
pub(super) fn start(switches: &Switches) -> Result<Daemon> {
    let setup = Setup::new().file(PASSWORD_FILE.0, PASSWORD_FILE.1);
    let setup =
        switches.sections().fold(setup, |setup, (name, section)| setup.switch(&name, &section));
    Daemon::start(&setup)
}

/// Makes the changes, by so many callers who each make the next one that is left.
pub(super) fn play(
    daemon: &Daemon,
    switches: &Switches,
    changes: &[Change],
    callers: usize,
) -> Result<Round> {
    let contexts = changes.iter().map(|change| {
        let (switch, port) = (name(change.switch), switches.port(change.port));
        let context = serde_json::from_value(attach(&[(&switch, &port)], change.vlan))?;
        Ok(wire::Context { timeout_ms: Some(CALL_MS), ..context })
    });
    let contexts: Arc<Vec<wire::Context>> = Arc::new(contexts.collect::<Result<_>>()?);
    let next = Arc::new(AtomicUsize::new(0));
    let work = async {
        let mut tasks = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..callers {
            let (client, contexts, next) =
                (daemon.client(), Arc::clone(&contexts), Arc::clone(&next));
            tasks.spawn(async move {
                let (mut took, mut failures) = (Vec::new(), Vec::new());
                while let Some(context) = contexts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    match client.call::<Value>(Method::AttachPort, context).await {
                        Ok(_) => took.push(start.elapsed()),
                        Err(error) => failures.push(error.to_string()),
                    }
                }
                (took, failures)
            });
        }
        let mut round = Round::default();
        let mut figures = Figures::default();
        while let Some(done) = tasks.join_next().await {
            let (took, failures) = done?;
            figures.extend(took);
            round.failures.extend(failures);
        }
        round.took = begun.elapsed();
        round.figures = figures;
        anyhow::Ok(round)
    };
    let round = daemon.runtime().block_on(async { timeout(ROUND, work).await });
    round.context("Mercury did not end in time")?
}
