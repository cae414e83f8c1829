//! The real service, as an operator runs it: a process of its own, a configuration file, a policy,
//! a password, an audit log. All of it is in a temporary directory that goes when it goes.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File, OpenOptions, Permissions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rpc::client::{Client, Settings};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    net::UnixDatagram,
    process::{Child, Command},
    time::timeout,
};

use super::{
    cast::{Cast, LEAVES},
    stage::Section,
};

/// How long the service may take to be ready. It takes milliseconds, and without optimisation some
/// seconds of a processor for the expressions of each device profile; a busy machine takes longer.
const READY: Duration = Duration::from_secs(120);

/// How long it may take to end, a little longer than it allows itself.
const STOP: Duration = Duration::from_secs(40);

/// How many lines of its log an error repeats.
const LOG_LINES: usize = 20;

/// The lowest cost that bcrypt has: the password is random, and gone in seconds.
const BCRYPT_COST: u32 = 4;

/// The caller: the team that owns the servers and borrows the ports.
pub(super) const CALLER: &str = "cloud-team";

/// The network team's rule for that caller.
pub(super) const RULE: &str = "rack-12";

/// The network team's entry for the ports that nobody may touch.
pub(super) const PROTECTED: &str = "uplinks";

/// What the network team allows.
fn policy(cast: &Cast) -> Result<String> {
    let uplinks: BTreeSet<&str> = cast.uplinks.into_iter().collect();
    let policy = json!({
        "version": 1,
        "protected": [{
            "name": PROTECTED,
            "switches": ["leaf-*"],
            "ports": uplinks,
            "reason": "between the leaves",
        }],
        "rule": [{
            "name": RULE,
            "callers": [CALLER],
            "verbs": "*",
            "switches": LEAVES,
            "ports": cast.lent,
            "vlans": "100-199",
        }],
    });
    Ok(toml::to_string(&policy)?)
}

/// The service.
pub(super) struct Service {
    child: Child,
    client: Client,
    password: String,
    directory: TempDir,
    took: Duration,
}

impl Service {
    /// Starts `program switchd` for the switches of these sections.
    pub(super) async fn start(program: &Path, sections: [Section; 2], cast: &Cast) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("mercury-demo-").tempdir();
        let directory = directory.context("cannot make a temporary directory")?;
        let password = uuid::Uuid::new_v4().simple().to_string();
        let config = write_files(directory.path(), sections, cast, &password)?;
        let begun = Instant::now();
        let child = spawn(program, directory.path(), &config).await?;
        let took = begun.elapsed();
        let credentials = Some((CALLER.to_owned(), password.clone().into())).into();
        let settings = Settings { credentials, ..Settings::new(socket(directory.path())) };
        let client = Client::new(settings)?;
        Ok(Self { child, client, password, directory, took })
    }

    /// A client of it.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// How long it took from its start to its word that it is ready.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }

    /// Where it listens.
    pub(super) fn address(&self) -> String {
        socket(self.directory.path())
    }

    /// The password of [`CALLER`], which is worth nothing after the demonstration.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Its directory.
    pub(super) fn files(&self) -> &Path {
        self.directory.path()
    }

    /// The policy file.
    pub(super) fn policy(&self) -> PathBuf {
        self.directory.path().join("policy.toml")
    }

    /// The audit log.
    pub(super) fn audit(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }

    /// The end of its log.
    pub(super) fn log(&self) -> String {
        tail(self.directory.path())
    }

    /// Waits until it ends, which it should not do by itself.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("the switch service ended: {status}\nits {}", self.log()),
            Err(error) => anyhow::Error::new(error).context("cannot wait for the switch service"),
        }
    }

    /// Asks it to stop, waits until it has, and removes its directory.
    pub(super) async fn stop(mut self) -> Result<()> {
        let ended = self.terminate().await;
        let Self { child, directory, .. } = self;
        // One that does not end is killed here; one that has ended has no process any more.
        drop(child);
        let path = directory.path().to_owned();
        let closed = directory.close().context("cannot remove the temporary directory");
        ended.and(closed)?;
        ensure!(!path.exists(), "the temporary directory `{}` is still there", path.display());
        Ok(())
    }

    async fn terminate(&mut self) -> Result<()> {
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(pid.try_into().ok()?)) {
            kill_process(pid, Signal::TERM).context("cannot stop the switch service")?;
        }
        let Ok(status) = timeout(STOP, self.child.wait()).await else {
            bail!("the switch service did not stop within {STOP:?}\nits {}", self.log());
        };
        let status = status.context("cannot wait for the switch service")?;
        ensure!(status.success(), "the switch service ended with {status}\nits {}", self.log());
        Ok(())
    }
}

fn socket(directory: &Path) -> String {
    format!("unix:{}", directory.join("switchd.sock").display())
}

/// Writes configuration, policy and password file; gives back the path of the first.
fn write_files(
    directory: &Path,
    sections: [Section; 2],
    cast: &Cast,
    password: &str,
) -> Result<PathBuf> {
    let mut switches = serde_json::Map::new();
    for (name, section) in LEAVES.into_iter().zip(sections) {
        switches.insert(name.to_owned(), section.keys);
        for (file, text) in section.files {
            write(directory, &file, &text)?;
        }
    }
    let config = json!({
        "state_dir": "state",
        "policy": "policy.toml",
        "audit": { "file": "audit.jsonl" },
        "listen": [{ "address": socket(directory), "auth": "basic", "htpasswd": "htpasswd" }],
        "switch": switches,
    });
    let hash = bcrypt::hash(password, BCRYPT_COST).context("cannot hash the password")?;
    let state = directory.join("state");
    fs::create_dir(&state).with_context(|| format!("cannot make `{}`", state.display()))?;
    write(directory, "policy.toml", &policy(cast)?)?;
    write(directory, "htpasswd", &format!("{CALLER}:{hash}\n"))?;
    write(directory, "switchd.toml", &toml::to_string(&config)?)
}

/// Writes a file that nobody else may read.
fn write(directory: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = directory.join(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(path)
}

/// Starts the program and waits for its word that it is ready.
async fn spawn(program: &Path, directory: &Path, config: &Path) -> Result<Child> {
    let notify = directory.join("notify.sock");
    let ready = UnixDatagram::bind(&notify).context("cannot listen for readiness")?;
    fs::set_permissions(&notify, Permissions::from_mode(0o600))?;
    let log = directory.join("switchd.log");
    let log = File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?;
    let mut command = Command::new(program);
    command.args([OsStr::new("switchd"), OsStr::new("--config"), config.as_os_str()]);
    for (name, _) in std::env::vars_os() {
        // What the reader has set for a service of their own is not meant for this one.
        if name.to_string_lossy().starts_with("MERCURY_") {
            command.env_remove(name);
        }
    }
    // Its log goes to a file.
    command.env("NOTIFY_SOCKET", &notify).env("NO_COLOR", "1").stdin(Stdio::null());
    command.stdout(log.try_clone()?).stderr(log);
    // Ctrl-C is for the demonstration, which then ends the service in order.
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().context("cannot start the switch service")?;
    let word = async {
        let mut word = [0_u8; 256];
        loop {
            let length = ready.recv(&mut word).await?;
            if word.get(..length).is_some_and(|word| word.starts_with(b"READY=1")) {
                return Ok::<_, std::io::Error>(());
            }
        }
    };
    tokio::select! {
        told = timeout(READY, word) => match told {
            Ok(told) => told.context("cannot listen for readiness")?,
            Err(_) => bail!("the service was not ready within {READY:?}\nits {}", tail(directory)),
        },
        ended = child.wait() => {
            bail!("the switch service ended before it was ready: {}\nits {}", ended?, tail(directory))
        }
    }
    Ok(child)
}

/// The last lines of the service's log.
fn tail(directory: &Path) -> String {
    let text = fs::read_to_string(directory.join("switchd.log")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default();
    format!("log ends:\n{}", last.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::OVSDB;

    #[test]
    fn the_files_are_what_the_service_reads() {
        let directory = tempfile::tempdir().unwrap();
        let sections = ["tcp:127.0.0.1:1", "tcp:127.0.0.1:2"].map(crate::demo::stage::ovsdb);
        let path = write_files(directory.path(), sections, &OVSDB, "secret").unwrap();
        let config = switchd::config::Config::load(&path).unwrap();
        assert_eq!(config.switches.len(), 2);
        let mode = fs::metadata(directory.path().join("htpasswd")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let policy = switch::policy::Policy::parse(&policy(&OVSDB).unwrap()).unwrap();
        assert_eq!(policy.rule_names().collect::<Vec<_>>(), [RULE]);
        assert_eq!(policy.protected_names().collect::<Vec<_>>(), [PROTECTED]);
    }
}
