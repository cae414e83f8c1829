//! What has to be known of a switch to reach it by SSH.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use russh::keys::ssh_key;

use super::algorithms::Legacy;
use crate::{secret::SecretSource, ssh_cli::transcript};

/// A switch, and how it is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The switch's name, for the log and the transcript.
    pub switch: String,
    /// The switch itself.
    pub target: Endpoint,
    /// The hosts on the way, the nearest first. Each has credentials and host keys of its own, and
    /// is only asked to open a connection to the next.
    pub jump: Vec<Endpoint>,
    /// What `enable` asks for.
    pub enable_secret: Option<Arc<dyn SecretSource>>,
    /// What is put before each command instead of what the profile says (`kind = "commands"`).
    pub prefix: Option<String>,
    /// How long connecting to a host and agreeing on keys with it may take. Default 15 s: an old
    /// switch computes for several.
    pub connect_timeout: Duration,
    /// How long the authentication at a host may take. Default 45 s: some ask a directory service
    /// that does not answer first.
    pub login_timeout: Duration,
    /// How long a connection may be silent before the other side is asked whether it is still
    /// there. Default 30 s, which also keeps firewalls from forgetting it.
    pub keep_alive: Duration,
    /// How many such questions in a row may stay without an answer. Default 3.
    pub keep_alive_misses: usize,
    /// Where the conversation is written down. Default nowhere.
    pub transcript: Option<transcript::Settings>,
}

impl Settings {
    /// The defaults, for this switch.
    pub fn new(switch: impl Into<String>, target: Endpoint) -> Self {
        Self {
            switch: switch.into(),
            target,
            jump: Vec::new(),
            enable_secret: None,
            prefix: None,
            connect_timeout: Duration::from_secs(15),
            login_timeout: Duration::from_secs(45),
            keep_alive: Duration::from_secs(30),
            keep_alive_misses: 3,
            transcript: None,
        }
    }

    /// Where the switch is, for messages.
    pub fn shown(&self) -> String {
        let mut shown = self.target.shown();
        for hop in self.jump.iter().rev() {
            shown.push_str(" through ");
            shown.push_str(&hop.shown());
        }
        shown
    }
}

/// A host that is logged in to.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// Its port. Default 22.
    pub port: u16,
    /// The user.
    pub username: String,
    /// In which order what is configured is tried. Default the agent, the key, the password, and
    /// the password as an answer to `keyboard-interactive`.
    pub methods: Vec<Method>,
    /// How many times credentials are presented at one login. Default 6, what OpenSSH's server
    /// takes; a switch that locks accounts early may want less.
    pub attempts: usize,
    /// The password.
    pub password: Option<Arc<dyn SecretSource>>,
    /// The key.
    pub key: Option<Key>,
    /// The agent that holds keys.
    pub agent: Option<Agent>,
    /// Which keys of the host are its own.
    pub host_keys: HostKeys,
    /// Which outdated algorithms are allowed. Default none.
    pub legacy: Legacy,
}

impl Endpoint {
    /// The defaults, for this host and user; nothing to log in with, and no host key.
    pub fn new(host: impl Into<String>, username: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: 22,
            username: username.into(),
            methods: Method::ALL.to_vec(),
            attempts: 6,
            password: None,
            key: None,
            agent: None,
            host_keys: HostKeys::default(),
            legacy: Legacy::default(),
        }
    }

    /// Where it is, for messages.
    pub fn shown(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// With the keys that an agent holds.
    Agent,
    /// With the configured key.
    Key,
    /// With the password.
    Password,
    /// With the password, as the answer to a question.
    KeyboardInteractive,
}

impl Method {
    /// All, in the default order.
    pub const ALL: [Self; 4] = [Self::Agent, Self::Key, Self::Password, Self::KeyboardInteractive];

    /// As SSH and the configuration call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Key => "publickey",
            Self::Password => "password",
            Self::KeyboardInteractive => "keyboard-interactive",
        }
    }
}

/// A private key.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its text, in OpenSSH's format or in PEM.
    pub text: Arc<dyn SecretSource>,
    /// What it is encrypted with.
    pub passphrase: Option<Arc<dyn SecretSource>>,
    /// The file of the OpenSSH certificate that belongs to it.
    pub certificate: Option<PathBuf>,
}

/// Where an agent listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent {
    /// Where `SSH_AUTH_SOCK` says.
    Environment,
    /// At this unix socket.
    Socket(PathBuf),
}

/// Which keys of a host are its own. One that is not known is refused; there is no way to accept
/// any.
#[derive(Debug, Clone, Default)]
pub struct HostKeys {
    /// Files in the format of OpenSSH's `known_hosts`. One that does not exist has no keys.
    pub known_hosts: Vec<PathBuf>,
    /// Fingerprints. If there are any, only they count, and of the files only what is revoked.
    pub pinned: Vec<Fingerprint>,
    /// The file to which the key of a host that no file knows is written, and believed from then
    /// on. Default none: whoever is on the way at the first login could pose as the switch for ever.
    pub first_use: Option<PathBuf>,
}

/// The SHA-256 fingerprint of a key, as `ssh-keygen -l` shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(ssh_key::Fingerprint);

impl Fingerprint {
    pub(super) fn of(key: &ssh_key::PublicKey) -> Self {
        Self(key.fingerprint(ssh_key::HashAlg::Sha256))
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(fingerprint @ ssh_key::Fingerprint::Sha256(_)) => Ok(Self(fingerprint)),
            _ => Err(format!(
                "`{text}` is no fingerprint like \
                 `SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKXIrTxj14KCVTdLY`\nhint: `ssh-keygen -lf` \
                 shows that of a public key"
            )),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_sha_256_and_whole() {
        let text = "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKXIrTxj14KCVTdLY";
        assert_eq!(text.parse::<Fingerprint>().map(|print| print.to_string()), Ok(text.into()));
        for wrong in ["", "SHA256:", "SHA256:uNiV", "MD5:8d:2f", &text[7..], "SHA512:AAAA"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_way_is_told_from_its_end() {
        let mut settings = Settings::new("leaf-01", Endpoint::new("2001:db8::1", "mercury"));
        assert_eq!(settings.shown(), "[2001:db8::1]:22");
        settings.jump = vec![Endpoint::new("bastion", "a"), Endpoint::new("inner", "b")];
        assert_eq!(settings.shown(), "[2001:db8::1]:22 through inner:22 through bastion:22");
    }
}
