//! What is plugged into what, which cables carry, and which servers speak LACP.

use std::collections::{BTreeMap, BTreeSet};

/// One physical port of one switch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRef {
    /// Name of the switch.
    pub switch: String,
    /// Name of the interface.
    pub port: String,
}

impl PortRef {
    /// Names a port.
    pub fn new(switch: impl Into<String>, port: impl Into<String>) -> Self {
        Self { switch: switch.into(), port: port.into() }
    }
}

/// One network interface of one server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NicRef {
    /// Name of the server.
    pub host: String,
    /// Name of the interface.
    pub nic: String,
}

impl NicRef {
    /// Names an interface.
    pub fn new(host: impl Into<String>, nic: impl Into<String>) -> Self {
        Self { host: host.into(), nic: nic.into() }
    }
}

/// What is at the other end of a switch port's cable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    Nic(NicRef),
    Port(PortRef),
}

/// The cables of a fabric.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wiring {
    peers: BTreeMap<PortRef, Peer>,
    nics: BTreeMap<NicRef, PortRef>,
    unplugged: BTreeSet<PortRef>,
    speakers: BTreeSet<String>,
}

impl Wiring {
    /// Runs a cable from a server; `false` when one of the ends is taken.
    pub(crate) fn cable(&mut self, nic: NicRef, port: PortRef) -> bool {
        if self.nics.contains_key(&nic) || self.peers.contains_key(&port) {
            return false;
        }
        self.nics.insert(nic.clone(), port.clone());
        self.peers.insert(port, Peer::Nic(nic));
        true
    }

    /// Runs a cable between two switch ports; `false` when one of the ends is taken.
    pub(crate) fn trunk(&mut self, one: PortRef, other: PortRef) -> bool {
        if one == other || self.peers.contains_key(&one) || self.peers.contains_key(&other) {
            return false;
        }
        self.peers.insert(one.clone(), Peer::Port(other.clone()));
        self.peers.insert(other, Peer::Port(one));
        true
    }

    /// The port that a server's interface is plugged into.
    pub(crate) fn port_of(&self, nic: &NicRef) -> Option<&PortRef> {
        self.nics.get(nic)
    }

    /// What a port is cabled to, the cable carrying or not.
    pub(crate) fn peer(&self, port: &PortRef) -> Option<&Peer> {
        self.peers.get(port)
    }

    /// The switches at the other ends of a switch's trunks.
    pub(crate) fn neighbours(&self, switch: &str) -> BTreeSet<String> {
        let own = self.peers.iter().filter(|(port, _)| port.switch == switch);
        own.filter_map(|(_, peer)| match peer {
            Peer::Port(other) => Some(other.switch.clone()),
            Peer::Nic(_) => None,
        })
        .collect()
    }

    /// Whether the port sees its peer.
    pub(crate) fn is_up(&self, port: &PortRef) -> bool {
        self.peers.contains_key(port) && !self.unplugged.contains(port)
    }

    /// Pulls the cable out of a port; both ends lose their link.
    pub(crate) fn unplug(&mut self, port: &PortRef) {
        self.unplugged.extend(self.ends(port));
    }

    /// Puts the cable back.
    pub(crate) fn plug(&mut self, port: &PortRef) {
        for end in self.ends(port) {
            self.unplugged.remove(&end);
        }
    }

    /// Whether there is such a server.
    pub(crate) fn has_host(&self, host: &str) -> bool {
        self.nics.keys().any(|nic| nic.host == host)
    }

    /// Makes a server speak LACP on all its interfaces.
    pub(crate) fn speak_lacp(&mut self, host: &str) {
        self.speakers.insert(host.to_owned());
    }

    /// Makes it silent, like a server that boots from the network.
    pub(crate) fn silence_lacp(&mut self, host: &str) {
        self.speakers.remove(host);
    }

    /// Whether the server speaks LACP.
    pub(crate) fn speaks_lacp(&self, host: &str) -> bool {
        self.speakers.contains(host)
    }

    fn ends(&self, port: &PortRef) -> Vec<PortRef> {
        let mut ends = vec![port.clone()];
        if let Some(Peer::Port(other)) = self.peers.get(port) {
            ends.push(other.clone());
        }
        ends
    }
}
