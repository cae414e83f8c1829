//! What is particular to a system: its profile, its ports' names, what an operator has set up.

use fabric::ssh::System;

/// A system and how a switch of it is configured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vendor {
    pub(crate) system: System,
    pub(crate) profile: &'static str,
    port: fn(u16) -> String,
    /// What the operator has typed on the switch before.
    pub(crate) configuration: &'static [&'static str],
    /// The `options` of the switch's section.
    pub(crate) options: &'static str,
}

impl Vendor {
    /// The name of its port of this number, from 1.
    pub(crate) fn port(&self, number: u16) -> String {
        (self.port)(number)
    }
}

pub(crate) const EOS: Vendor = Vendor {
    system: System::Eos,
    profile: "arista-eos",
    port: |number| format!("Ethernet{number}"),
    configuration: &[],
    options: "",
};

pub(crate) const NXOS: Vendor = Vendor {
    system: System::NxOs,
    profile: "cisco-nxos",
    port: |number| format!("Ethernet1/{number}"),
    configuration: &["feature lacp", "feature lldp"],
    options: "",
};

pub(crate) const IOS: Vendor = Vendor {
    system: System::Ios,
    profile: "cisco-ios",
    port: |number| format!("GigabitEthernet1/0/{number}"),
    configuration: &[],
    options: "",
};

pub(crate) const OS10: Vendor = Vendor {
    system: System::Os10,
    profile: "dell-os10",
    port: |number| format!("ethernet1/1/{number}"),
    configuration: &[],
    options: "",
};

pub(crate) const SONIC: Vendor = Vendor {
    system: System::Sonic,
    profile: "sonic",
    port: |number| format!("Ethernet{}", 4 * (number - 1)),
    configuration: &[],
    options: "",
};

pub(crate) const NVUE: Vendor = Vendor {
    system: System::Nvue,
    profile: "cumulus-nvue",
    port: |number| format!("swp{number}"),
    configuration: &[],
    options: "",
};
