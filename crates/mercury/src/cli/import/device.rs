//! What a switch is, by the library's name of it, and what speaks to such a switch here.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use drivers::ssh_cli::{
    profile::{
        Profiles,
        pattern::{self, Extent},
        schema::RawProfile,
    },
    read::{Names, Object},
};

/// The systems of the built-in profiles, by the library's names: which other profiles the service
/// will have is not known here.
static SYSTEMS: LazyLock<BTreeMap<String, Arc<System>>> = LazyLock::new(systems);

/// What the library calls its devices; no other name of a profile is one of them.
const LIBRARY: &str = "netmiko_";

/// What a switch is.
#[derive(Debug, Clone)]
pub(super) enum Device {
    /// A command line over SSH that a device profile knows.
    Ssh(Arc<System>),
    /// No switch at all.
    Memory,
    /// One that nothing speaks to.
    Other(String),
    /// Nothing says it.
    Unnamed,
}

impl Device {
    pub(super) fn of(device_type: Option<&str>, driver_type: Option<&str>) -> Self {
        match (device_type, driver_type) {
            (_, Some("noop")) | (Some("netmiko_fake"), _) => Self::Memory,
            (Some(kind), _) => {
                let system = SYSTEMS.get(kind).cloned();
                system.map_or_else(|| Self::Other(kind.to_owned()), Self::Ssh)
            }
            (None, _) => Self::Unnamed,
        }
    }

    pub(super) const fn driver(&self) -> Option<&'static str> {
        match self {
            Self::Ssh(_) => Some("ssh"),
            Self::Memory => Some("noop"),
            Self::Other(_) | Self::Unnamed => None,
        }
    }

    pub(super) fn system(&self) -> Option<&System> {
        match self {
            Self::Ssh(system) => Some(system),
            Self::Memory | Self::Other(_) | Self::Unnamed => None,
        }
    }
}

/// What a profile says of a system, as far as a configuration is concerned. The whole of it, with
/// every word that is typed and read, is made and checked where it is used.
#[derive(Debug)]
pub(super) struct System {
    pub(super) profile: RawProfile,
    names: Names,
}

impl System {
    /// The port or LAG of this name; nothing if nothing is called so.
    pub(super) fn object(&self, name: &str) -> Option<Object> {
        self.names.object(name)
    }

    /// Whether the profile has an option and takes this value.
    pub(super) fn takes(&self, option: &str, value: &str) -> bool {
        self.profile.options.get(option).is_some_and(|option| {
            let pattern = pattern::compile("", &option.pattern, Extent::Whole, &mut Vec::new());
            pattern.is_some_and(|pattern| pattern.is_match(value))
        })
    }
}

fn systems() -> BTreeMap<String, Arc<System>> {
    let mut systems = BTreeMap::new();
    for entry in Profiles::embedded().iter() {
        let Ok(profile) = toml::from_str::<RawProfile>(entry.text()) else { continue };
        let Some(names) = Names::compile(&profile, &mut Vec::new()) else { continue };
        let aliases = profile.aliases.clone();
        let system = Arc::new(System { profile, names });
        let aliases = aliases.into_iter().filter(|name| name.starts_with(LIBRARY));
        systems.extend(aliases.map(|name| (name, Arc::clone(&system))));
    }
    systems
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The names under which networking-generic-switch 10.2.0 registers devices.
    #[rstest]
    #[case("netmiko_arista_eos", "ssh arista-eos")]
    #[case("netmiko_aruba_aoscx", "ssh aruba-aoscx")]
    #[case("netmiko_brocade_fastiron", "ssh brocade-fastiron")]
    #[case("netmiko_cisco_ios", "ssh cisco-ios")]
    #[case("netmiko_cisco_nxos", "ssh cisco-nxos")]
    #[case("netmiko_cisco_s300", "ssh cisco-s300")]
    #[case("netmiko_cumulus", "ssh cumulus-nclu")]
    #[case("netmiko_cumulus_nvue", "ssh cumulus-nvue")]
    #[case("netmiko_dell_enterprise_sonic", "ssh dell-enterprise-sonic")]
    #[case("netmiko_dell_force10", "ssh dell-force10")]
    #[case("netmiko_dell_os10", "ssh dell-os10")]
    #[case("netmiko_dell_powerconnect", "ssh dell-powerconnect")]
    #[case("netmiko_fake", "noop ")]
    #[case("netmiko_hp_comware", "ssh hpe-comware")]
    #[case("netmiko_hpe_comware", "ssh hpe-comware")]
    #[case("netmiko_huawei", "ssh huawei-vrp")]
    #[case("netmiko_huawei_vrpv8", "ssh huawei-vrpv8")]
    #[case("netmiko_juniper", "ssh juniper-junos")]
    #[case("netmiko_mellanox_mlnxos", "ssh mellanox-mlnxos")]
    #[case("netmiko_nokia_srl", "ssh nokia-srl")]
    #[case("netmiko_ovs_linux", "ssh ovs-linux")]
    #[case("netmiko_pluribus", "ssh pluribus")]
    #[case("netmiko_ruijie", "ssh ruijie")]
    #[case("netmiko_sonic", "ssh sonic")]
    #[case("netmiko_supermicro_smis", "ssh supermicro-smis")]
    #[case("netconf_openconfig", " ")]
    #[case("restconf_openconfig", " ")]
    // What the library does not know is not guessed.
    #[case("arista-eos", " ")]
    #[case("cisco_ios", " ")]
    #[case("netmiko_made_up", " ")]
    fn every_device_of_the_library(#[case] kind: &str, #[case] want: &str) {
        let device = Device::of(Some(kind), None);
        let profile = device.system().map_or("", |system| system.profile.name.as_str());
        assert_eq!(format!("{} {profile}", device.driver().unwrap_or_default()), want);
    }
}
