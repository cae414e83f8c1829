//! What a switch is, by the library's name of it, and what speaks to such a switch here.

use std::sync::{Arc, LazyLock};

use drivers::ssh_cli::profile::{Profile, Profiles};

/// The built-in profiles alone: which others the service will have is not known here.
static PROFILES: LazyLock<Profiles> = LazyLock::new(Profiles::embedded);

/// What the library calls its devices; no other name of a profile is one of them.
const LIBRARY: &str = "netmiko_";

/// What a switch is.
#[derive(Debug, Clone)]
pub(super) enum Device {
    /// A command line over SSH that a device profile knows.
    Ssh(Arc<Profile>),
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
                profile(kind).map_or_else(|| Self::Other(kind.to_owned()), Self::Ssh)
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

    pub(super) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Ssh(profile) => Some(profile),
            Self::Memory | Self::Other(_) | Self::Unnamed => None,
        }
    }
}

fn profile(kind: &str) -> Option<Arc<Profile>> {
    let entry = kind.starts_with(LIBRARY).then(|| PROFILES.get(kind).ok()).flatten();
    entry.and_then(|entry| entry.profile().ok())
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
        let profile = device.profile().map_or("", |profile| profile.raw.name.as_str());
        assert_eq!(format!("{} {profile}", device.driver().unwrap_or_default()), want);
    }
}
