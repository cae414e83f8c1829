//! The service's configuration: one TOML file, overridden by environment variables.
//!
//! What is loaded is checked as far as it can be without touching anything: types, ranges, unknown
//! keys, references between sections. All problems are reported together, each with its file and
//! key. Nothing is guessed: a key that is unknown is refused with a suggestion, because a misspelt
//! limit that is ignored is no limit.
//!
//! Environment variables begin with `MERCURY_SWITCHD__`; a double underscore separates levels, as
//! in `MERCURY_SWITCHD__LIMITS__BATCH=50` or `MERCURY_SWITCHD__SWITCH__LEAF-01__ADDRESS=…`. Names
//! are in lower case there, and `[[listen]]`, an array, cannot be reached. `examples/switchd.toml`
//! documents every key.

mod auth;
mod check;
mod keystone;
mod known;
mod listen;
mod plugin;
mod problem;
mod raw;
mod read;
mod ssh;
mod switch;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

use model::SwitchName;

pub use auth::{Auth, DigestAuth, ListenTls, TlsMinimum, TokenAuth};
pub use keystone::KeystoneAuth;
pub use listen::{Address, Listen, MethodTable};
pub use plugin::PluginConfig;
pub use problem::{ConfigError, Problem};
pub use ssh::{HostKeys, HostName, Legacy, Login, SshConfig, host_and_port};
pub use switch::{Detach, DriverConfig, PairConfig, PeerName, SwitchConfig, TlsConfig};

/// The configuration, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it came from.
    pub path: PathBuf,
    /// Where the service listens.
    pub listen: Vec<Listen>,
    /// The folder of the lock files.
    pub state_dir: PathBuf,
    /// The policy file.
    pub policy: PathBuf,
    /// A folder of device profiles beside those that the program brings.
    pub profiles: Option<PathBuf>,
    /// The audit log.
    pub audit: Audit,
    /// Bounds on what callers may do.
    pub limits: Limits,
    /// When running configurations are saved.
    pub save: Save,
    /// What is logged.
    pub log: Log,
    /// How Ironic's method table behaves.
    pub ironic: Ironic,
    /// The switches, by name.
    pub switches: BTreeMap<SwitchName, SwitchConfig>,
    /// The pairs, by name.
    pub pairs: BTreeMap<String, PairConfig>,
}

/// The audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The file.
    pub file: PathBuf,
    /// Whether each record is on the disk before the switch is touched.
    pub fsync: bool,
    /// The size at which a file is put aside.
    pub max_bytes: u64,
}

/// Bounds on what callers may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The size of a request's body in bytes.
    pub body_bytes: usize,
    /// How many calls a batch has at most.
    pub batch: usize,
    /// How many connections are open at a time; more wait in the system's queue.
    pub connections: usize,
    /// How many calls are worked on at a time; more are told that the service is busy.
    pub concurrent_requests: usize,
    /// How many logins may fail in a minute from one address; ten times as many altogether.
    pub failed_logins_per_minute: u32,
    /// How long a request may take to arrive, head and body each.
    pub receive_timeout: Duration,
    /// How long a caller that was let in may keep its connection without a request.
    pub idle_timeout: Duration,
    /// The longest that a call may be worked on, whatever its `timeout_ms` says.
    pub request_timeout: Duration,
    /// How many requests may wait for one switch.
    pub queue_per_switch: usize,
    /// How long a stop waits for running changes.
    pub shutdown: Duration,
}

/// When running configurations are saved: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Save {
    /// So long after the last change.
    pub quiet: Duration,
    /// So long after the first change that is not saved.
    pub max_age: Duration,
    /// At so many changes that are not saved.
    pub max_changes: u32,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Levels by module, in `tracing-subscriber`'s words.
    pub filter: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// How Ironic's method table behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ironic {
    /// How a switch that is not configured is told.
    pub unknown_switch: UnknownSwitch,
    /// How long a call is worked on.
    pub timeout: Duration,
}

/// How a switch that is not configured is told to Ironic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownSwitch {
    /// As Ironic's own service does. A conductor then leaves the node's other ports alone when it
    /// tears a node down.
    #[default]
    SwitchNotFound,
    /// As any other failure, which a conductor gathers while it goes on with the other ports.
    NetworkError,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Loads and checks the file, with the process's environment on top.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_with(path, None)
    }

    /// As [`Config::load`], with these variables instead of the process's environment.
    pub fn load_with(
        path: &Path,
        environment: Option<HashMap<String, String>>,
    ) -> Result<Self, ConfigError> {
        let text = read::text(path).map_err(|problem| ConfigError::new(path, vec![problem]))?;
        Self::parse(path, &text, environment)
    }

    /// Checks the text of a configuration file. `path` is where relative paths start, and what
    /// errors name; it is not read.
    pub fn parse(
        path: &Path,
        text: &str,
        environment: Option<HashMap<String, String>>,
    ) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let config = read::sources(text, environment)
            .and_then(|root| check::config(path, &root, &mut problems));
        match config {
            Ok(config) if problems.is_empty() => Ok(config),
            Ok(_) => Err(ConfigError::new(path, problems)),
            Err(problem) => {
                problems.push(problem);
                Err(ConfigError::new(path, problems))
            }
        }
    }
}

#[cfg(test)]
mod tests;
