//! What the new configuration will hold, before it is written.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use model::SwitchName;
use secrecy::SecretString;

use super::row::{Fate, Outcome, Row};

/// Everything that an import found.
#[derive(Debug)]
pub(super) struct Import {
    /// One for each option of the input.
    pub(super) rows: Vec<Row>,
    pub(super) switches: Vec<Draft>,
    pub(super) listen: Listen,
    /// What somebody has to look at, beside the rows.
    pub(super) notes: Vec<String>,
}

/// One switch.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: SwitchName,
    pub(super) device: Device,
    /// Keys of the switch's section, with their values as TOML.
    pub(super) keys: BTreeMap<&'static str, String>,
    /// What a driver will need that does not exist yet, as it was written.
    pub(super) facts: Vec<(String, String)>,
    pub(super) secrets: Vec<Secret>,
    /// Ports that lead to other switches.
    pub(super) uplinks: Vec<String>,
}

/// A secret of a switch.
#[derive(Debug)]
pub(super) struct Secret {
    pub(super) option: String,
    pub(super) value: SecretString,
}

/// What a switch is, by the library's name of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Device {
    /// Open vSwitch, there by SSH and `ovs-vsctl`.
    OpenVswitch,
    /// No switch at all.
    Memory,
    /// One that no driver speaks to.
    Other(String),
    /// Nothing says it.
    Unnamed,
}

impl Device {
    pub(super) fn of(device_type: Option<&str>, driver_type: Option<&str>) -> Self {
        match (device_type, driver_type) {
            (_, Some("noop")) | (Some("netmiko_fake"), _) => Self::Memory,
            (Some("netmiko_ovs_linux"), _) => Self::OpenVswitch,
            (Some(other), _) => Self::Other(other.to_owned()),
            (None, _) => Self::Unnamed,
        }
    }

    pub(super) const fn driver(&self) -> Option<&'static str> {
        match self {
            Self::OpenVswitch => Some("ovsdb"),
            Self::Memory => Some("noop"),
            Self::Other(_) | Self::Unnamed => None,
        }
    }
}

impl Draft {
    pub(super) fn new(name: SwitchName, device: Device) -> Self {
        Self {
            name,
            device,
            keys: BTreeMap::new(),
            facts: Vec::new(),
            secrets: Vec::new(),
            uplinks: Vec::new(),
        }
    }

    /// Sets a key of the section; the option that gave it keeps its meaning.
    pub(super) fn set(&mut self, key: &'static str, value: String) -> Fate {
        self.keys.insert(key, value);
        Fate::carried(key)
    }

    /// Keeps an option for a driver that does not exist yet; means nothing to those that do.
    pub(super) fn fact(&mut self, option: &str, value: &str, note: &str) -> Fate {
        self.facts.push((option.to_owned(), value.to_owned()));
        Fate::nothing(note)
    }

    /// Keeps a secret for a driver that does not exist yet.
    pub(super) fn secret(&mut self, option: &str, value: &str) -> Fate {
        if self.device.driver().is_some() {
            return Fate::nothing("the driver logs in nowhere; it was left behind");
        }
        self.secrets.push(Secret { option: option.to_owned(), value: value.into() });
        Fate::nothing("a secret: see what is said about it below")
    }

    /// What becomes of an option of a switch that nothing speaks to.
    pub(super) fn settled(&self, fate: Fate) -> Fate {
        let why = match &self.device {
            Device::Other(kind) => format!("no driver for `{kind}` yet; kept in a comment"),
            Device::Unnamed => "`device_type` is missing; kept in a comment".to_owned(),
            Device::OpenVswitch | Device::Memory => return fate,
        };
        match fate.outcome {
            Outcome::Carried | Outcome::Changed if fate.note.is_empty() => Fate::nothing(why),
            Outcome::Carried | Outcome::Changed => Fate::nothing(format!("{why}; {}", fate.note)),
            Outcome::NoCounterpart | Outcome::Unknown => fate,
        }
    }
}

/// Where the service listens.
#[derive(Debug)]
pub(super) struct Listen {
    pub(super) at: At,
    pub(super) ironic: bool,
    pub(super) htpasswd: Option<PathBuf>,
    pub(super) tls: Option<Tls>,
}

/// The address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum At {
    Tcp(IpAddr, u16),
    Unix(String, Option<&'static str>),
}

/// A listener's certificate.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) certificate: String,
    pub(super) key: String,
    /// Whether TLS 1.2 is spoken too.
    pub(super) old: bool,
}
