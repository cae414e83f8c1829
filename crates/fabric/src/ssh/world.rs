//! What is plugged into a simulated switch.

use std::collections::BTreeMap;

use super::view::PortView;

/// The cables of a switch. A port without an entry has a link and a partner that speaks LACP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    cables: BTreeMap<String, Cable>,
}

/// What is at the other end of a port's cable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cable {
    /// Whether there is light.
    pub link: bool,
    /// Whether the other end speaks LACP.
    pub lacp: bool,
    /// What it tells of itself by LLDP.
    pub neighbour: Option<Neighbour>,
    /// Addresses that were heard, each with the VLAN that it was heard in.
    pub macs: Vec<(u16, [u8; 6])>,
}

impl Default for Cable {
    fn default() -> Self {
        Self { link: true, lacp: true, neighbour: None, macs: Vec::new() }
    }
}

/// A neighbour by LLDP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Neighbour {
    /// Chassis ID, as it is to be shown for a MAC address: six bytes.
    pub chassis: [u8; 6],
    /// Port ID: an interface's name, or a MAC address in any form.
    pub port_id: String,
    /// System name; empty is not told.
    pub system_name: String,
    /// Port description; empty is not told.
    pub port_description: String,
}

impl World {
    /// The cable in a port, by the port's canonical name.
    #[must_use]
    pub fn cable(&self, port: &str) -> Cable {
        self.cables.get(port).cloned().unwrap_or_default()
    }

    /// The cable in a port, to change it.
    pub fn cable_mut(&mut self, port: &str) -> &mut Cable {
        self.cables.entry(port.to_owned()).or_default()
    }

    /// Whether there is light in a port.
    #[must_use]
    pub fn link(&self, port: &str) -> bool {
        self.cables.get(port).is_none_or(|cable| cable.link)
    }

    /// Whether a partner in a port speaks LACP.
    #[must_use]
    pub fn lacp(&self, port: &str) -> bool {
        self.cables.get(port).is_none_or(|cable| cable.link && cable.lacp)
    }

    /// The neighbours, by port.
    pub fn neighbours(&self) -> impl Iterator<Item = (&str, &Neighbour)> {
        self.cables
            .iter()
            .filter(|(_, cable)| cable.link)
            .filter_map(|(port, cable)| Some((port.as_str(), cable.neighbour.as_ref()?)))
    }

    /// The addresses that a switch with these ports would have learned: VLAN, address, port or LAG.
    #[must_use]
    pub fn macs(&self, ports: &[PortView]) -> Vec<(u16, [u8; 6], String)> {
        let mut macs = Vec::new();
        for (port, cable) in &self.cables {
            let own = ports.iter().find(|view| view.name == *port);
            let lag = own.and_then(|view| view.lag.as_ref());
            let lag = lag.and_then(|lag| ports.iter().find(|view| view.name == *lag));
            let views = [own, lag].into_iter().flatten().filter(|view| view.up && cable.link);
            for view in views {
                let vlans = view.vlans();
                let heard = cable.macs.iter().filter(|(vlan, _)| vlans.contains(*vlan));
                macs.extend(heard.map(|(vlan, mac)| (*vlan, *mac, view.name.clone())));
            }
        }
        macs.sort();
        macs
    }
}
