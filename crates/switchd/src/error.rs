//! Why the service does not start, or does not take a new configuration.

use std::path::PathBuf;

use drivers::ssh_cli::profile::CatalogueError;
use model::SwitchName;
use switch::{SwitchError, audit::AuditError};
use thiserror::Error;

use crate::{config::ConfigError, secret::SecretError};

/// What stands in the way of running.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy file cannot be read, or is refused.
    #[error("{}: {problem}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, one cause a line.
        problem: String,
    },
    /// What a listener lets callers in by cannot be used: a password file, a token, a certificate.
    #[error("listener {listener}: {problem}")]
    Access {
        /// Where the listener is.
        listener: String,
        /// What is wrong, without any secret.
        problem: String,
    },
    /// A switch's section asks for what its driver cannot do.
    #[error("switch `{switch}`: {problem}")]
    Switch {
        /// The switch.
        switch: SwitchName,
        /// What it cannot do.
        problem: String,
    },
    /// A switch's secret cannot be had.
    #[error("switch `{switch}`: {problem}")]
    Secret {
        /// The switch.
        switch: SwitchName,
        /// Why.
        problem: SecretError,
    },
    /// The folder of device profiles is refused.
    #[error("`profiles`: {0}")]
    Profiles(Box<CatalogueError>),
    /// Switches or pairs contradict each other, or the lock files cannot be kept.
    #[error("{0}")]
    Core(#[from] SwitchError),
    /// The audit log cannot be opened.
    #[error("the audit log: {0}")]
    Audit(#[from] AuditError),
    /// A listener cannot listen.
    #[error("cannot listen on {address}: {problem}")]
    Listen {
        /// Where.
        address: String,
        /// What stands in the way.
        problem: String,
    },
    /// The process cannot be set up.
    #[error("cannot set up {what}: {problem}")]
    Process {
        /// What of it.
        what: &'static str,
        /// What stands in the way.
        problem: String,
    },
}
