//! A peer as a process: what it says goes into a file, and it ends with its handle.
//!
//! Ironic's services are a supervisor with workers, which outlive a supervisor that is killed. So
//! the whole family is ended, each by its number. They stay in the test's process group: a runner
//! that ends a test that hangs ends them too.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// How many of the last lines of its log an error quotes.
const QUOTED: usize = 30;

/// A running peer.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it says is in `<name>.log` in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let file = fs::File::create(&log).context("cannot make a log file")?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Fails when it has ended, with its last words.
    ///
    /// # Errors
    /// As said.
    pub fn alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("`{}` ended with {status}:\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of what it has said.
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(QUOTED)..).unwrap_or_default().join("\n")
    }

    /// The process and all that descend from it, ancestors first.
    pub fn family(&self) -> Vec<u32> {
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = family.get(next) {
            family.extend(children(pid));
            next += 1;
        }
        family
    }
}

/// The children of all threads of a process; none when it has ended.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

impl Drop for Process {
    /// The supervisor first, so that it starts no new workers.
    fn drop(&mut self) {
        let family = self.family();
        // What cannot be killed has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let workers: Vec<String> = family.iter().skip(1).map(ToString::to_string).collect();
        if !workers.is_empty() {
            let mut kill = Command::new("kill");
            kill.arg("-KILL").args(workers).stdout(Stdio::null()).stderr(Stdio::null());
            // As above.
            let _ = kill.status();
        }
    }
}
