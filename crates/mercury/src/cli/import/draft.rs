//! What the new configuration will hold, before it is written.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

use model::SwitchName;
use secrecy::SecretString;

use super::{
    device::Device,
    row::{Fate, Outcome, Row},
};

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
    /// Keys of its login's section, with their values as TOML.
    pub(super) ssh: BTreeMap<&'static str, String>,
    /// What its profile wants to know.
    pub(super) options: BTreeMap<String, String>,
    /// Where its host key is asked for, if that has to be done.
    pub(super) host: Option<(String, u16)>,
    /// What a driver will need that does not exist yet, as it was written.
    pub(super) facts: Vec<(String, String)>,
    pub(super) secrets: Vec<Secret>,
    /// Ports that lead to other switches.
    pub(super) uplinks: Vec<String>,
    /// What somebody has to look at; switches about which the same is said share a note.
    pub(super) remarks: Vec<String>,
}

/// A secret of a switch, which is in a file of its own.
#[derive(Debug)]
pub(super) struct Secret {
    /// The option, by which the file is called.
    pub(super) option: String,
    /// The key of the login's section that refers to it.
    pub(super) key: &'static str,
    /// Nothing when there is none yet, and the file is somebody's to write.
    pub(super) value: Option<SecretString>,
}

impl Draft {
    pub(super) fn new(name: SwitchName, device: Device) -> Self {
        Self {
            name,
            device,
            keys: BTreeMap::new(),
            ssh: BTreeMap::new(),
            options: BTreeMap::new(),
            host: None,
            facts: Vec::new(),
            secrets: Vec::new(),
            uplinks: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// Sets a key of the section; the option that gave it keeps its meaning.
    pub(super) fn set(&mut self, key: &'static str, value: String) -> Fate {
        self.keys.insert(key, value);
        Fate::carried(key)
    }

    /// Gives the profile an option, if it takes this value, and says whether it does.
    pub(super) fn option(&mut self, name: &str, value: &str) -> bool {
        let fits = self.device.system().is_some_and(|system| system.takes(name, value));
        if fits {
            self.options.insert(name.to_owned(), value.to_owned());
        }
        fits
    }

    /// Keeps an option for a driver that does not exist yet; means nothing to those that do.
    pub(super) fn fact(&mut self, option: &str, value: &str, note: &str) -> Fate {
        self.facts.push((option.to_owned(), value.to_owned()));
        Fate::nothing(note)
    }

    /// Keeps an option of a switch that no driver speaks to yet.
    pub(super) fn undriven(&mut self, option: &str, value: &str) -> Fate {
        self.fact(option, value, "no driver yet; kept in a comment")
    }

    /// Keeps a secret.
    pub(super) fn secret(&mut self, option: &str, key: &'static str, value: &str) {
        let value = Some(value.into());
        self.secrets.push(Secret { option: option.to_owned(), key, value });
    }

    /// What becomes of an option of a switch that nothing speaks to.
    pub(super) fn settled(&self, fate: Fate) -> Fate {
        let why = match &self.device {
            Device::Other(kind) => format!("no driver for `{kind}` yet; kept in a comment"),
            Device::Unnamed => "`device_type` is missing; kept in a comment".to_owned(),
            Device::Ssh(_) | Device::Memory => return fate,
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
