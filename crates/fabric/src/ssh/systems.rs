//! The systems that are simulated.

mod chassis;
mod eos;
mod grammar;
mod ios;
mod junos;
mod nvue;
mod nxos;
mod os10;
mod shell;
mod sonic;
mod text;

use std::collections::BTreeSet;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};

use super::settings::Settings;
use super::switch::SshSwitch;
use crate::error::Error;

/// A switch operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// Arista EOS.
    Eos,
    /// Cisco NX-OS.
    NxOs,
    /// Cisco IOS and IOS-XE.
    Ios,
    /// Dell SmartFabric OS10.
    Os10,
    /// SONiC, the community's, branch 202405.
    Sonic,
    /// Cumulus Linux with NVUE, release 5.9.
    Nvue,
    /// Junos on EX and QFX, the enhanced layer 2 software.
    Junos,
}

impl System {
    /// Every system.
    pub const ALL: &[Self] =
        &[Self::Eos, Self::NxOs, Self::Ios, Self::Os10, Self::Sonic, Self::Nvue, Self::Junos];

    /// The word for it: `eos`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Eos => "eos",
            Self::NxOs => "nxos",
            Self::Ios => "ios",
            Self::Os10 => "os10",
            Self::Sonic => "sonic",
            Self::Nvue => "nvue",
            Self::Junos => "junos",
        }
    }
}

impl std::fmt::Display for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for System {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|system| system.word() == word);
        found.copied().ok_or_else(|| Error::UnknownSystem(word.to_owned()))
    }
}

/// What a device needs of the settings.
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) ports: u16,
    pub(crate) motd: Option<String>,
    pub(crate) enable_secret: Option<SecretString>,
    pub(crate) has_pair: bool,
    quirks: BTreeSet<String>,
}

impl Setup {
    fn new(settings: &Settings) -> Self {
        Self {
            name: settings.name.clone(),
            ports: settings.ports,
            motd: settings.motd.clone(),
            enable_secret: settings.enable_secret.clone(),
            has_pair: settings.has_pair,
            quirks: settings.quirks.clone(),
        }
    }

    /// Whether the switch has a peculiarity.
    pub(crate) fn has_quirk(&self, quirk: &str) -> bool {
        self.quirks.contains(quirk)
    }
}

/// Whether this is the secret; without one, everything is.
pub(crate) fn is_secret(secret: Option<&SecretString>, given: &str) -> bool {
    secret.is_none_or(|secret| secret.expose_secret() == given)
}

/// An error with a line above that points at the place, as Cisco's systems have it.
pub(crate) fn caret(margin: usize, offset: usize, text: &str) -> String {
    format!("{}^\n{text}\n", " ".repeat(margin + offset))
}

pub(super) async fn start(system: System, settings: &Settings) -> Result<SshSwitch, Error> {
    let setup = Setup::new(settings);
    let lines = &settings.configuration;
    let refused = |(line, answer): (String, String)| Error::FirstLine {
        switch: settings.name.clone(),
        line,
        answer: answer.trim().to_owned(),
    };
    match system {
        System::Eos => {
            let mut device = eos::Eos::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::NxOs => {
            let mut device = nxos::NxOs::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::Ios => {
            let mut device = ios::Ios::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::Os10 => {
            let mut device = os10::Os10::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::Sonic => {
            let mut device = sonic::Sonic::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::Nvue => {
            let mut device = nvue::Nvue::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
        System::Junos => {
            let mut device = junos::Junos::new(setup);
            device.configure(lines).map_err(refused)?;
            SshSwitch::serve(device, settings).await
        }
    }
}
