//! One plugin process: how it is started, limited, and ended with all that it started.
//!
//! The process leads a process group of its own. Whoever lets go of a [`Process`] kills the group
//! at once; [`Process::stop`] asks first. The leader is not reaped before its group was killed, so
//! the group's number cannot have become somebody else's. What leaves the group (`setsid`) cannot
//! be found from here; the service manager's control group is for that.
//!
//! Limits are set from outside, after the start and before a byte is written to it: `unsafe`, which
//! setting them between fork and exec needs, is forbidden here. Memory is bounded by `RLIMIT_DATA`
//! and not by `RLIMIT_AS`: it counts what is written to, and not what a runtime merely reserves.

use std::{
    collections::BTreeMap,
    os::fd::OwnedFd,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Resource, Rlimit, Signal, kill_process_group, pidfd_open, prlimit},
};
use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

use super::{
    line::Lines,
    redact::Redactor,
    stderr::{Said, Whose, listen},
};

/// How many files a process may have open: sessions to one switch need a handful.
const FILES: u64 = 256;

/// How long a killed process may take to be gone, and its last words to arrive: the system does
/// this in microseconds unless it is out of everything.
const GONE: Duration = Duration::from_secs(2);
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What is started.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) directory: PathBuf,
    pub(super) memory_bytes: u64,
}

/// Processes that were killed and may not be gone yet. The next one is not started before they are,
/// so that nothing that was given up reaches the switch after it was read again.
#[derive(Debug, Clone, Default)]
pub(super) struct Graveyard(Arc<Mutex<Vec<Handle>>>);

impl Graveyard {
    /// Waits until all are gone.
    pub(super) async fn wait(&self) -> Result<(), String> {
        let killed: Vec<Handle> =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let by = Instant::now() + GONE;
        for handle in killed {
            if !handle.ended(by).await {
                self.bury(handle);
                return Err("the process before it was killed and has not ended".to_owned());
            }
        }
        Ok(())
    }

    fn bury(&self, handle: Handle) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }
}

/// A handle on a process that stays its own, whoever reaps it; it becomes readable when the process
/// ends (pidfd_open(2)).
#[derive(Debug)]
struct Handle(OwnedFd);

impl Handle {
    fn has_ended(&self) -> bool {
        let mut asked = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Waits until the process has ended, without taking its exit status. Each end of a child sends
    /// us a signal, which is the moment to look.
    async fn ended(&self, by: Instant) -> bool {
        let Ok(mut children) = signal(SignalKind::child()) else { return self.has_ended() };
        while !self.has_ended() {
            if timeout_at(by, children.recv()).await.is_err() {
                return self.has_ended();
            }
        }
        true
    }
}

/// How a process came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// When its standard input was closed, or before.
    ByItself,
    /// When it got SIGTERM.
    Terminated,
    /// Only when it got SIGKILL.
    Killed,
}

/// A running plugin.
#[derive(Debug)]
pub(super) struct Process {
    child: Option<Child>,
    /// Taken when the process is known to have ended, or is given to the graveyard.
    handle: Option<Handle>,
    group: Pid,
    pub(super) stdin: Option<ChildStdin>,
    pub(super) lines: Lines<ChildStdout>,
    said: Said,
    listener: JoinSet<()>,
    graveyard: Graveyard,
}

impl Process {
    /// Starts the program.
    pub(super) fn start(
        launch: &Launch,
        whose: Whose,
        redactor: Arc<Redactor>,
        graveyard: Graveyard,
    ) -> Result<Self, String> {
        let mut child = Command::new(&launch.program)
            .args(&launch.arguments)
            .env_clear()
            .envs(&launch.environment)
            .current_dir(&launch.directory)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("it cannot be run: {error}"))?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(group), (Some(stdin), Some(stdout), Some(stderr))) = (group, pipes) else {
            return Err("the system gave it no pipes".to_owned());
        };
        let handle = pidfd_open(group, PidfdFlags::empty())
            .map(Handle)
            .map_err(|error| format!("it cannot be watched (pidfd_open): {error}"))?;
        let said = Said::default();
        let mut listener = JoinSet::new();
        listener.spawn(listen(stderr, whose, redactor, said.clone()));
        let process = Self {
            child: Some(child),
            handle: Some(handle),
            group,
            stdin: Some(stdin),
            lines: Lines::new(stdout),
            said,
            listener,
            graveyard,
        };
        for (resource, most) in [
            (Resource::Data, launch.memory_bytes),
            (Resource::Nofile, FILES),
            // A core would hold the secrets.
            (Resource::Core, 0),
        ] {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            match prlimit(Some(group), resource, limit) {
                // It has ended already, which its first answer will tell.
                Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(format!("it cannot be given its limits: {error}")),
            }
        }
        Ok(process)
    }

    /// The process's number, which is its group's too.
    pub(super) fn group(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether a secret was seen on its standard error.
    pub(super) fn leaked(&self) -> bool {
        self.said.leaked()
    }

    /// The last lines of its standard error.
    pub(super) fn last_words(&self) -> Vec<String> {
        self.said.last_words()
    }

    /// Ends what is left of it, and says how it had ended and its last words.
    pub(super) async fn post_mortem(&mut self) -> (String, Vec<String>) {
        // Whoever closes its output is about to end, and may be given a moment to say how.
        let alive = !self.ended(Instant::now() + LAST_WORDS).await;
        let status = self.kill().await;
        let how = match (alive, status) {
            (true, _) => "it closed its standard output".to_owned(),
            (false, Some(status)) => status.to_string(),
            (false, None) => "unknown".to_owned(),
        };
        (how, self.last_words())
    }

    /// Asks it to end, by closing its standard input and then by SIGTERM, and kills what is left.
    pub(super) async fn stop(&mut self, grace: Duration) -> Ending {
        self.stdin = None;
        let ending = if self.ended(Instant::now() + grace).await {
            Ending::ByItself
        } else if self.terminate(grace).await {
            Ending::Terminated
        } else {
            Ending::Killed
        };
        self.kill().await;
        ending
    }

    /// Sends SIGTERM to the group; says whether the process ended.
    pub(super) async fn terminate(&self, grace: Duration) -> bool {
        self.signal(Signal::TERM);
        self.ended(Instant::now() + grace).await
    }

    /// Waits until the process has ended, without taking its exit status.
    pub(super) async fn ended(&self, by: Instant) -> bool {
        match &self.handle {
            Some(handle) => handle.ended(by).await,
            None => true,
        }
    }

    fn signal(&self, signal: Signal) {
        if self.child.is_some() {
            // A group that is gone needs no signal.
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Kills the group, takes the exit status, and hears its standard error out.
    pub(super) async fn kill(&mut self) -> Option<std::process::ExitStatus> {
        self.signal(Signal::KILL);
        let mut child = self.child.take()?;
        let status = timeout(GONE, child.wait()).await;
        if let (Some(handle), Err(_)) = (self.handle.take(), &status) {
            self.graveyard.bury(handle);
        }
        // Whoever left the group may hold the pipe open.
        let _ = timeout(LAST_WORDS, self.listener.join_next()).await;
        status.ok()?.ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        // The runtime reaps a child that was let go of.
        if let (Some(_), Some(handle)) = (self.child.take(), self.handle.take()) {
            self.graveyard.bury(handle);
        }
    }
}
