//! How a simulated switch is set up.

use std::collections::BTreeSet;

use russh::keys::ssh_key::{PrivateKey, PublicKey};
use secrecy::SecretString;

use super::faults::Weather;
use crate::error::Error;

/// Who may log in, and by what.
#[derive(Debug, Clone)]
pub struct User {
    pub(crate) name: String,
    pub(crate) password: Option<SecretString>,
    pub(crate) keys: Vec<PublicKey>,
}

impl User {
    /// A user that cannot log in until a password or a key is given.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), password: None, keys: Vec::new() }
    }

    /// May log in with this password, by the method `password` or `keyboard-interactive`.
    #[must_use]
    pub fn password(mut self, password: impl Into<SecretString>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// May log in with this key: a line of an `authorized_keys` file or of a `.pub` file.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn key(mut self, line: &str) -> Result<Self, Error> {
        let read = PublicKey::from_openssh(line.trim());
        let what = format!("the public key of `{}`", self.name);
        self.keys.push(read.map_err(|source| Error::Key { what, source })?);
        Ok(self)
    }
}

/// How a simulated switch is set up. What is not said is as the system has it out of the box.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) name: String,
    pub(crate) users: Vec<User>,
    pub(crate) enable_secret: Option<SecretString>,
    pub(crate) ports: u16,
    pub(crate) banner: Option<String>,
    pub(crate) motd: Option<String>,
    pub(crate) port: u16,
    pub(crate) host_key: Option<PrivateKey>,
    pub(crate) weather: Weather,
    pub(crate) takes_password: bool,
    pub(crate) takes_keyboard: bool,
    pub(crate) is_legacy: bool,
    pub(crate) has_pair: bool,
    pub(crate) configuration: Vec<String>,
    pub(crate) quirks: BTreeSet<String>,
}

impl Settings {
    /// A switch of this name (its prompt), with 48 ports, no user, and nothing configured.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            users: Vec::new(),
            enable_secret: None,
            ports: 48,
            banner: None,
            motd: None,
            port: 0,
            host_key: None,
            weather: Weather::default(),
            takes_password: true,
            takes_keyboard: true,
            is_legacy: false,
            has_pair: false,
            configuration: Vec::new(),
            quirks: BTreeSet::new(),
        }
    }

    /// Adds a user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Logins arrive unprivileged, and `enable` asks for this.
    #[must_use]
    pub fn enable_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.enable_secret = Some(secret.into());
        self
    }

    /// How many ports for servers there are, numbered as the system numbers them.
    #[must_use]
    pub const fn ports(mut self, ports: u16) -> Self {
        self.ports = ports;
        self
    }

    /// Text that SSH shows before the authentication.
    #[must_use]
    pub fn banner(mut self, text: impl Into<String>) -> Self {
        self.banner = Some(text.into());
        self
    }

    /// Text that the terminal shows before the first prompt.
    #[must_use]
    pub fn motd(mut self, text: impl Into<String>) -> Self {
        self.motd = Some(text.into());
        self
    }

    /// TCP port on 127.0.0.1; 0, which it is otherwise, lets the kernel choose.
    #[must_use]
    pub const fn tcp_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The host key, as `ssh-keygen` writes it, without a passphrase. Otherwise one is made at
    /// each start.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub fn host_key(mut self, text: &str) -> Result<Self, Error> {
        let what = format!("the host key of `{}`", self.name);
        let read = PrivateKey::from_openssh(text);
        self.host_key = Some(read.map_err(|source| Error::Key { what, source })?);
        Ok(self)
    }

    /// Delays and limits from the start on.
    #[must_use]
    pub const fn weather(mut self, weather: Weather) -> Self {
        self.weather = weather;
        self
    }

    /// Does not take the method `password`.
    #[must_use]
    pub const fn without_password_method(mut self) -> Self {
        self.takes_password = false;
        self
    }

    /// Does not take the method `keyboard-interactive`.
    #[must_use]
    pub const fn without_keyboard_method(mut self) -> Self {
        self.takes_keyboard = false;
        self
    }

    /// Knows only algorithms of old switches: an RSA host key signed with SHA-1, CBC ciphers,
    /// SHA-1 key exchange and MACs. A client without them cannot connect.
    #[must_use]
    pub const fn legacy(mut self) -> Self {
        self.is_legacy = true;
        self
    }

    /// Is one half of a pair (MLAG, vPC, VLT) whose other half answers.
    #[must_use]
    pub const fn pair(mut self) -> Self {
        self.has_pair = true;
        self
    }

    /// Gives the switch a peculiarity that only some models have; the system's module names those
    /// that it knows.
    #[must_use]
    pub fn quirk(mut self, quirk: impl Into<String>) -> Self {
        self.quirks.insert(quirk.into());
        self
    }

    /// Lines that an administrator entered in configuration mode before the start. They are saved.
    #[must_use]
    pub fn configuration<L: Into<String>>(mut self, lines: impl IntoIterator<Item = L>) -> Self {
        self.configuration.extend(lines.into_iter().map(Into::into));
        self
    }
}
