//! One running daemon: a child process, its last words and its end.
//!
//! Daemons are plain children, not `--detach`ed: the lab can then kill and reap exactly what it
//! started, with no pid file to trust and no window in which a pid could be reused.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::command::signal;
use crate::tail::Tail;

/// How long a daemon may take to say that it is ready; usually milliseconds.
const READY_LIMIT: Duration = Duration::from_secs(20);

/// The two processes of an Open vSwitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// `ovsdb-server`: the management plane. Paused, the switch hangs for its clients while
    /// frames still flow. Killed, frames stop too until it is back: seen with the userspace
    /// datapath of Open vSwitch 3.1.
    Ovsdb,
    /// `ovs-vswitchd`: the data plane. Paused or killed, no frame passes.
    Vswitchd,
}

#[derive(Debug)]
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    tail: Tail,
}

impl Running {
    /// Starts `command`; returns when a line of its standard error ends the wait: `ready` sees
    /// each line and says so.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        mut ready: impl FnMut(&str) -> bool,
    ) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
        let stderr = child.stderr.take().ok_or_else(|| anyhow!("`{name}` has no stderr"))?;
        let (tail, lines) = Tail::follow(stderr);
        let running = Self { name, child, tail };
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if ready(&line) => return Ok(running),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    bail!("`{name}` was not ready within {READY_LIMIT:?}\n{}", running.said());
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("`{name}` ended at its start\n{}", running.said());
                }
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn said(&self) -> String {
        self.tail.text()
    }

    /// Sends `name` to the process, which is ours until it is reaped.
    pub(crate) fn signal(&mut self, signal_name: &str) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            bail!("`{}` is not running", self.name);
        }
        signal(self.child.id(), signal_name)
    }

    /// Kills the process and waits until it is gone; harmless when repeated.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            self.child.kill().with_context(|| format!("cannot kill `{}`", self.name))?;
            self.child.wait().with_context(|| format!("cannot reap `{}`", self.name))?;
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nobody is left to tell; the next lab sweeps what stays.
        let _ = self.kill();
    }
}
