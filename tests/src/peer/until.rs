//! Asking again and again, where nobody tells.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// Between two questions: far less than any step of a peer takes, and no load.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is an answer; gives up after `limit`, and says with what it had to do.
///
/// Ironic has no event for a changed state, and no word that it is ready; its own command line asks
/// in the same way.
///
/// # Errors
/// When `ask` fails, or nothing came of it in time.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if start.elapsed() > limit {
            bail!("{what}: not within {limit:?}");
        }
        thread::park_timeout(PAUSE);
    }
}
