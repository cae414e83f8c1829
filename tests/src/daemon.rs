//! `mercury switchd` as a process.

use std::{
    fmt::Write as _,
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rpc::{
    client::{CallError, Client, Settings},
    method::Method,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// How long the service may take to be ready; a loaded machine takes a second.
const READY: Duration = Duration::from_secs(20);

/// A policy that lets the anonymous caller of a unix socket do everything but touch uplinks.
const POLICY: &str = r#"version = 1
[[protected]]
name = "uplinks"
switches = ["*"]
ports = ["isl*", "mon*"]
reason = "inter-switch links"
[[rule]]
name = "lab"
callers = ["anonymous"]
verbs = "*"
switches = ["*"]
ports = ["*"]
vlans = "1-999"
"#;

/// What a service is to know.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    switches: Vec<(String, String)>,
    extra: String,
    policy: Option<String>,
    files: Vec<(String, String)>,
    fsync: bool,
}

impl Setup {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { fsync: true, ..Self::default() }
    }

    /// An Open vSwitch at an OVSDB address, such as `tcp:127.0.0.1:6640`.
    #[must_use]
    pub fn ovs(mut self, name: &str, address: &str) -> Self {
        let keys = format!("driver = \"ovsdb\"\naddress = \"{address}\"\nidle_vlan = 4094\n");
        self.switches.push((name.to_owned(), keys));
        self
    }

    /// A switch with its section as it stands in the configuration.
    #[must_use]
    pub fn switch(mut self, name: &str, section: &str) -> Self {
        self.switches.push((name.to_owned(), section.to_owned()));
        self
    }

    /// More of the configuration, word for word.
    #[must_use]
    pub fn with(mut self, text: &str) -> Self {
        self.extra.push_str(text);
        self
    }

    /// Another policy than the one that lets everybody do everything.
    #[must_use]
    pub fn policy(mut self, text: &str) -> Self {
        self.policy = Some(text.to_owned());
        self
    }

    /// A file in the service's directory that nobody else may read, for the configuration to name.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Does not wait for the disk at each record.
    #[must_use]
    pub fn without_fsync(mut self) -> Self {
        self.fsync = false;
        self
    }

    fn configuration(&self, directory: &Path) -> String {
        let here = directory.display();
        let mut text = format!(
            "state_dir = \"{here}/state\"\npolicy = \"{here}/policy.toml\"\n[[listen]]\n\
             address = \"unix:{here}/switchd.sock\"\nauth = \"none\"\n[audit]\n\
             file = \"{here}/audit.jsonl\"\nfsync = {}\n{}\n",
            self.fsync, self.extra
        );
        for (name, section) in &self.switches {
            // Writing to a string cannot fail.
            let _ = write!(text, "[switch.{name}]\n{section}\n");
        }
        text
    }
}

/// A running service.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    runtime: Runtime,
    client: Client,
    directory: TempDir,
}

impl Daemon {
    /// Writes the configuration into a new directory and starts the service.
    pub fn start(setup: &Setup) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("mercury-").tempdir()?;
        let place = |name: &str| directory.path().join(name);
        fs::create_dir(place("state"))?;
        fs::write(place("policy.toml"), setup.policy.as_deref().unwrap_or(POLICY))?;
        let configuration = ("switchd.toml".to_owned(), setup.configuration(directory.path()));
        for (name, text) in setup.files.iter().chain([&configuration]) {
            fs::write(place(name), text)?;
            fs::set_permissions(place(name), fs::Permissions::from_mode(0o600))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start a runtime")?;
        let address = format!("unix:{}", place("switchd.sock").display());
        let client = Client::new(Settings::new(address))?;
        let (child, _) = spawn(directory.path())?;
        Ok(Self { child, runtime, client, directory })
    }

    /// Calls a method with the context given as JSON.
    pub fn call(&self, method: Method, context: Value) -> Result<Value, CallError> {
        let context = serde_json::from_value(context).map_err(|error| CallError::Malformed {
            address: "the test itself".to_owned(),
            problem: error.to_string(),
        })?;
        self.runtime.block_on(self.client.call(method, &context))
    }

    /// A client, for calls beside each other.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// What the client runs on.
    pub const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The service's directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The audit log.
    pub fn audit_file(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }

    /// Ends the process as the kernel does when memory is short.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot kill the service")?;
        self.child.wait().context("cannot wait for the service")?;
        Ok(())
    }

    /// Starts the service again in the same directory; says how long it took to be ready.
    pub fn restart(&mut self) -> Result<Duration> {
        if self.child.try_wait()?.is_none() {
            self.terminate()?;
        }
        let (child, took) = spawn(self.directory.path())?;
        self.child = child;
        Ok(took)
    }

    /// Asks the service to stop, and waits until it has.
    pub fn terminate(&mut self) -> Result<()> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(asked.success(), "cannot signal process {pid}");
        let status = self.child.wait()?;
        ensure!(status.success(), "the service ended with {status}: {}", self.log());
        Ok(())
    }

    /// What the service has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Runs the command-line tool against this service.
    pub fn mercury(&self, args: &[&str]) -> Result<std::process::Output> {
        let socket = format!("unix:{}", self.directory.path().join("switchd.sock").display());
        Command::new(program()?)
            .args(args)
            .env("MERCURY_URL", socket)
            .stdin(Stdio::null())
            .output()
            .context("cannot run the command-line tool")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // What cannot be killed has ended.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Starts the program and waits for its word that it is ready.
fn spawn(directory: &Path) -> Result<(Child, Duration)> {
    let notify = directory.join("notify.sock");
    // It is there when the service starts again.
    let _ = fs::remove_file(&notify);
    let socket = UnixDatagram::bind(&notify).context("cannot listen for readiness")?;
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log"))?;
    let start = Instant::now();
    let mut child = Command::new(program()?)
        .args(["switchd", "--config"])
        .arg(directory.join("switchd.toml"))
        .env("NOTIFY_SOCKET", &notify)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("cannot start the service")?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut word = [0_u8; 256];
    loop {
        match socket.recv(&mut word) {
            Ok(length) if word.get(..length).is_some_and(|w| w.starts_with(b"READY=1")) => {
                return Ok((child, start.elapsed()));
            }
            _ => {}
        }
        let said = || fs::read_to_string(directory.join("log")).unwrap_or_default();
        if let Some(status) = child.try_wait()? {
            bail!("the service ended with {status} before it was ready:\n{}", said());
        }
        if start.elapsed() > READY {
            // It is not needed any more.
            let _ = child.kill();
            let _ = child.wait();
            bail!("the service was not ready after {READY:?}:\n{}", said());
        }
    }
}

/// The program that was built together with this test.
pub fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join("mercury"));
    let found = beside.into_iter().find(|path| path.is_file());
    found.context("`mercury` is not built; `cargo build --workspace --bins` builds it")
}
