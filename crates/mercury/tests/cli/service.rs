//! A switch service in this process, with two switches in memory, for the commands to talk to.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    thread,
};

use assert_cmd::Command;
use switchd::{Listening, RunOptions};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

const POLICY: &str = r#"
version = 1

[[protected]]
name = "uplinks"
switches = ["leaf-*"]
ports = ["swp9"]
reason = "inter-switch links"

[[rule]]
name = "rack-12"
callers = ["anonymous", "ops"]
verbs = "*"
switches = ["leaf-0[1-2]"]
ports = ["swp[1-8]"]
vlans = "100-299,4000"
"#;

const CONFIG: &str = r#"
state_dir = "state"
policy = "policy.toml"

[[listen]]
address = "unix:switchd.sock"
auth = "none"

[[listen]]
address = "127.0.0.1:0"
auth = "basic"
htpasswd = "htpasswd"

[switch.leaf-01]
driver = "noop"
ports = "swp1,swp2,swp3,swp9"
idle_vlan = 4000
lag_ids = "1-99"

[switch.leaf-02]
ports = "swp1,swp2,swp3,swp9"
idle_vlan = 4000
lag_ids = "1-99"
SECOND

[pair.rack-12]
switches = ["leaf-01", "leaf-02"]
lag_ids = "1-99"
"#;

/// The keys of a `leaf-02` that does what it is told.
pub(crate) const NOOP: &str = "driver = \"noop\"";

/// A service that runs until it is dropped.
pub(crate) struct Service {
    folder: TempDir,
    tcp: String,
    stop: CancellationToken,
    thread: Option<thread::JoinHandle<()>>,
}

/// Writes a configuration, its policy and its passwords into the folder.
pub(crate) fn write(folder: &Path, second: &str) -> PathBuf {
    let config = folder.join("switchd.toml");
    fs::create_dir(folder.join("state")).unwrap();
    fs::write(&config, CONFIG.replace("SECOND", second)).unwrap();
    fs::write(folder.join("policy.toml"), POLICY).unwrap();
    let htpasswd = folder.join("htpasswd");
    let hash = bcrypt::hash("s3cret", 4).unwrap();
    fs::write(&htpasswd, format!("ops:{hash}\n")).unwrap();
    fs::set_permissions(&htpasswd, fs::Permissions::from_mode(0o600)).unwrap();
    config
}

impl Service {
    /// Starts a service whose `leaf-02` has these keys too.
    pub(crate) fn start(second: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write(folder.path(), second);
        let (ready, listening) = oneshot::channel();
        let stop = CancellationToken::new();
        let options =
            RunOptions { ready: Some(ready), stop: Some(stop.clone()), ..RunOptions::default() };
        let thread = thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(switchd::run(config, options)).unwrap();
        });
        let listening = listening.blocking_recv().expect("the service did not start");
        let tcp = listening.iter().find(|at| matches!(at, Listening::Tcp(_)));
        Self { tcp: tcp.unwrap().to_string(), folder, stop, thread: Some(thread) }
    }

    /// `mercury switch` with these arguments, over the unix socket.
    pub(crate) fn switch(&self, words: &str) -> Command {
        let socket = self.folder.path().join("switchd.sock");
        let mut command = crate::mercury(&format!("switch {words}"));
        command.env("MERCURY_URL", format!("unix:{}", socket.display()));
        command
    }

    /// Where the listener is that asks for a password.
    pub(crate) fn tcp(&self) -> &str {
        &self.tcp
    }

    /// The audit log.
    pub(crate) fn audit(&self) -> PathBuf {
        self.folder.path().join("state/audit.jsonl")
    }

    /// A file beside the service's.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}
