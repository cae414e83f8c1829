//! One process at a time on a switch: an advisory lock file for each.
//!
//! Two services, or a service and the command line, that change one switch at once would each
//! verify the other's work. A process holds a switch's lock file (`flock`) while any of its
//! transactions is on that switch; within the process the lock is shared and counted, because there
//! the port locks keep transactions apart.
//!
//! The system releases the lock when its process ends, however it ends, so there is nothing stale
//! to clean up. Files are never removed: removing one under a waiter would let two processes hold
//! "the" lock.
//!
//! `flock` knows no deadline. Whoever finds the lock taken leaves the waiting to one thread for each
//! switch, which may stay in the system call long after everybody's deadline and then finds nobody
//! waiting. It is a plain thread and not `spawn_blocking`, because a runtime waits for its blocking
//! tasks when it is dropped, and a service must stop while another process holds a lock. There is no
//! polling; the price is no order between processes, so one that always has a transaction on a
//! switch keeps others out.
//!
//! The lock says nothing between hosts, and nothing on file systems that keep `flock` local.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    mem,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use model::SwitchName;
use thiserror::Error;
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Stack of the thread that waits for a lock; it makes one system call.
const STACK: usize = 64 * 1024;
/// How much of a lock file is read when the holder is looked up: the digits of a process id.
const MAX_PID: u64 = 20;

/// Why a switch's lock was not had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process held it until the deadline.
    #[error("switch `{switch}` is in use by {}", holder(*pid))]
    Busy {
        /// The switch.
        switch: SwitchName,
        /// The process, if it wrote its number into the file.
        pid: Option<u32>,
    },
    /// The switch's name cannot be a file's name.
    #[error("switch name `{switch}` cannot name a lock file")]
    Name {
        /// The switch.
        switch: SwitchName,
    },
    /// The folder cannot be trusted.
    #[error("lock folder `{}` is refused: it {what}", path.display())]
    Unsafe {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// An operation on the folder or a lock file failed.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".into(),
    }
}

impl LockError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// The folder of the lock files. Clones share the locks that are held.
#[derive(Debug, Clone)]
pub struct LockDir {
    path: Arc<Path>,
    /// One for each switch that was ever locked; there are as many as there are lock files.
    switches: Arc<Mutex<HashMap<SwitchName, Arc<Slot>>>>,
}

/// The lock of one switch as this process sees it.
#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Guards, and those who wait to become one.
    users: usize,
    lock: Lock,
}

#[derive(Debug, Default)]
enum Lock {
    /// Nobody here has it or is after it.
    #[default]
    Free,
    /// A thread waits for it.
    Awaited,
    /// This process has it.
    Held(File),
}

/// A share of this process's lock on a switch; the last one dropped releases it.
#[derive(Debug)]
pub struct Guard {
    slot: Arc<Slot>,
}

impl LockDir {
    /// The lock files in `path`, which is made with mode 0700 if it is not there.
    ///
    /// # Errors
    /// [`LockError::Unsafe`] when it is no folder or others may write in it; [`LockError::Io`].
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, LockError> {
        let path = path.into();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(LockError::io("create", &path))?;
        let found = fs::metadata(&path).map_err(LockError::io("open", &path))?;
        if found.mode() & 0o022 != 0 {
            let what = "can be written by others";
            return Err(LockError::Unsafe { path, what });
        }
        Ok(Self { path: path.into(), switches: Arc::default() })
    }

    /// A share of the lock on `switch`: at once when this process has it or nobody does, else when
    /// the process that has it releases it.
    ///
    /// # Errors
    /// [`LockError::Busy`] at the deadline, [`LockError::Name`], [`LockError::Io`].
    pub async fn lock(&self, switch: &SwitchName, deadline: Instant) -> Result<Guard, LockError> {
        if switch.is_dots() {
            return Err(LockError::Name { switch: switch.clone() });
        }
        let path = self.path.join(format!("{switch}.lock"));
        let slot = self.slot(switch);
        let guard = Arc::clone(&slot).enter();
        loop {
            let changed = slot.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if slot.acquire(&path)? {
                return Ok(guard);
            }
            if timeout_at(deadline, changed).await.is_err() {
                return Err(LockError::Busy { switch: switch.clone(), pid: pid_in(&path) });
            }
        }
    }

    fn slot(&self, switch: &SwitchName) -> Arc<Slot> {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(switches.entry(switch.clone()).or_default())
    }
}

impl Slot {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: Arc<Self>) -> Guard {
        self.state().users += 1;
        Guard { slot: self }
    }

    /// Whether this process has the lock now; if not, a thread waits for it.
    fn acquire(self: &Arc<Self>, path: &Path) -> Result<bool, LockError> {
        let mut state = self.state();
        match state.lock {
            Lock::Held(_) => return Ok(true),
            Lock::Awaited => return Ok(false),
            Lock::Free => {}
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(LockError::io("open", path))?;
        match file.try_lock() {
            Ok(()) => {
                write_pid(&file).map_err(LockError::io("write", path))?;
                state.lock = Lock::Held(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => {
                let slot = Arc::clone(self);
                thread::Builder::new()
                    .name("switch-lock".into())
                    .stack_size(STACK)
                    .spawn(move || slot.wait(file))
                    .map_err(LockError::io("wait for", path))?;
                state.lock = Lock::Awaited;
                Ok(false)
            }
            Err(TryLockError::Error(error)) => Err(LockError::io("lock", path)(error)),
        }
    }

    /// Waits for the lock on its own thread, and keeps it if somebody still wants it. After an
    /// error, whoever waits tries again and meets the error itself.
    fn wait(&self, file: File) {
        let locked = loop {
            match file.lock() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.and_then(|()| write_pid(&file)),
            }
        };
        let mut state = self.state();
        state.lock = match locked {
            Ok(()) if state.users > 0 => Lock::Held(file),
            Ok(()) => {
                release(&file);
                Lock::Free
            }
            Err(_) => Lock::Free,
        };
        drop(state);
        self.changed.notify_waiters();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.slot.state();
        state.users -= 1;
        if state.users > 0 || !matches!(state.lock, Lock::Held(_)) {
            return;
        }
        if let Lock::Held(file) = mem::take(&mut state.lock) {
            release(&file);
        }
    }
}

fn write_pid(mut file: &File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Takes the process's number out and lets the lock go. Closing the file would do, but not while a
/// child process that was just forked has the file too.
fn release(file: &File) {
    // A number that stays behind misleads an error message at worst, and closing follows.
    let _ = file.set_len(0);
    let _ = file.unlock();
}

fn pid_in(path: &Path) -> Option<u32> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(MAX_PID).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
