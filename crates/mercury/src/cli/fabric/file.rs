//! Switches as a file declares them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use fabric::ssh::{Settings, User, Weather};
use secrecy::SecretString;
use serde::Deserialize;

use crate::cli::{exit::Exit, failure::Told};

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declarations {
    switch: Vec<Declared>,
}

/// One switch. Times are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) system: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password_file: Option<PathBuf>,
    pub(super) keys: Vec<PathBuf>,
    pub(super) enable_secret_file: Option<PathBuf>,
    pub(super) host_key_file: Option<PathBuf>,
    pub(super) ports: u16,
    pub(super) pair: bool,
    pub(super) legacy: bool,
    pub(super) banner: Option<String>,
    pub(super) motd: Option<String>,
    pub(super) configuration: Vec<String>,
    pub(super) quirks: Vec<String>,
    pub(super) login_delay_ms: u64,
    pub(super) command_delay_ms: u64,
    pub(super) round_trip_ms: u64,
    pub(super) max_sessions: Option<usize>,
}

impl Default for Declared {
    fn default() -> Self {
        Self {
            name: "leaf-01".to_owned(),
            system: String::new(),
            port: 0,
            user: "admin".to_owned(),
            password_file: None,
            keys: Vec::new(),
            enable_secret_file: None,
            host_key_file: None,
            ports: 48,
            pair: false,
            legacy: false,
            banner: None,
            motd: None,
            configuration: Vec::new(),
            quirks: Vec::new(),
            login_delay_ms: 0,
            command_delay_ms: 0,
            round_trip_ms: 0,
            max_sessions: None,
        }
    }
}

/// Reads a file; paths in it start from its folder.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Declared>> {
    let text = text_of(path)?;
    let found: Declarations = toml::from_str(&text)
        .map_err(|error| Told::new(Exit::Broken, format!("{}: {error}", path.display())))?;
    let mut switches = found.switch;
    let folder = path.parent().unwrap_or(Path::new(""));
    for switch in &mut switches {
        let paths =
            [&mut switch.password_file, &mut switch.enable_secret_file, &mut switch.host_key_file];
        for path in paths.into_iter().flatten().chain(&mut switch.keys) {
            *path = folder.join(&path);
        }
    }
    Ok(switches)
}

impl Declared {
    /// What the switch is started with.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let broken = |error: fabric::Error| Told::new(Exit::Broken, error.to_string());
        if self.password_file.is_none() && self.keys.is_empty() {
            let message = format!("nobody can log in to `{}`", self.name);
            return Err(Told::new(Exit::Usage, message)
                .hint("give a password file or a public key")
                .into());
        }
        let mut user = User::new(&self.user);
        if let Some(path) = &self.password_file {
            user = user.password(secret(path)?);
        }
        for path in &self.keys {
            user = user.key(&text_of(path)?).map_err(broken)?;
        }
        let ms = Duration::from_millis;
        let weather = Weather {
            login_delay: ms(self.login_delay_ms),
            command_delay: ms(self.command_delay_ms),
            round_trip: ms(self.round_trip_ms),
            max_sessions: self.max_sessions,
        };
        let mut settings = Settings::new(&self.name)
            .user(user)
            .tcp_port(self.port)
            .ports(self.ports)
            .weather(weather)
            .configuration(self.configuration.iter().map(String::as_str));
        if let Some(path) = &self.enable_secret_file {
            settings = settings.enable_secret(secret(path)?);
        }
        if let Some(path) = &self.host_key_file {
            settings = settings.host_key(&text_of(path)?).map_err(broken)?;
        }
        if let Some(banner) = &self.banner {
            settings = settings.banner(banner.as_str());
        }
        if let Some(motd) = &self.motd {
            settings = settings.motd(motd.as_str());
        }
        for quirk in &self.quirks {
            settings = settings.quirk(quirk.as_str());
        }
        if self.pair {
            settings = settings.pair();
        }
        if self.legacy {
            settings = settings.legacy();
        }
        Ok(settings)
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The first line of a file, which must not be empty.
fn secret(path: &Path) -> anyhow::Result<SecretString> {
    let text = SecretString::from(text_of(path)?);
    let line = secrecy::ExposeSecret::expose_secret(&text).lines().next().unwrap_or_default();
    if line.is_empty() {
        let message = format!("{} is empty", path.display());
        return Err(Told::new(Exit::Broken, message).into());
    }
    Ok(SecretString::from(line))
}
