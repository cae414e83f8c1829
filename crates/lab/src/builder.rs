//! What a lab shall be: switches, hosts, servers and cables, checked before anything is made.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::lab::Lab;

/// The longest interface name that Linux allows.
const INTERFACE_LIMIT: usize = 15;

/// The longest name of a switch or host: it becomes part of a socket's path.
const NAME_LIMIT: usize = 20;

/// The VLAN of an unassigned port when none is given.
const IDLE_VLAN: u16 = 4094;

/// Describes a lab; [`LabBuilder::start`] makes it.
#[derive(Clone, Debug)]
pub struct LabBuilder {
    pub(crate) switches: Vec<String>,
    pub(crate) hosts: Vec<Host>,
    pub(crate) trunks: Vec<(String, String)>,
    pub(crate) analysers: Vec<String>,
    pub(crate) idle_vlan: u16,
    pub(crate) tls: bool,
    pub(crate) ssh: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) nics: Vec<Attachment>,
    /// Whether its NICs are the legs of one LACP bond.
    pub(crate) bonded: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) nic: String,
    pub(crate) switch: String,
    pub(crate) port: String,
}

impl Default for LabBuilder {
    fn default() -> Self {
        Self {
            switches: Vec::new(),
            hosts: Vec::new(),
            trunks: Vec::new(),
            analysers: Vec::new(),
            idle_vlan: IDLE_VLAN,
            tls: false,
            ssh: false,
        }
    }
}

impl LabBuilder {
    /// Adds a switch with the bridge `br0`.
    #[must_use]
    pub fn switch(mut self, name: &str) -> Self {
        self.switches.push(name.to_owned());
        self
    }

    /// Adds a host with `nics`: (NIC, switch, switch port) each. The ports start as access ports
    /// in the idle VLAN.
    #[must_use]
    pub fn host<'a>(
        mut self,
        name: &str,
        nics: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
    ) -> Self {
        let nics = nics.into_iter().map(|(nic, switch, port)| Attachment {
            nic: nic.to_owned(),
            switch: switch.to_owned(),
            port: port.to_owned(),
        });
        self.hosts.push(Host { name: name.to_owned(), nics: nics.collect(), bonded: false });
        self
    }

    /// Adds a server whose legs `eth0`, `eth1`, ... on `ports` (switch, switch port) are one LACP
    /// bond, `bond0` (active, fast, no fallback to a single leg). Its own side is `br0`. The
    /// switch ports start single, as access ports in the idle VLAN: the LAG is for others to make.
    #[must_use]
    pub fn bonded_host<'a>(
        mut self,
        name: &str,
        ports: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let nics = ports.into_iter().enumerate().map(|(index, (switch, port))| Attachment {
            nic: format!("eth{index}"),
            switch: switch.to_owned(),
            port: port.to_owned(),
        });
        self.hosts.push(Host { name: name.to_owned(), nics: nics.collect(), bonded: true });
        self
    }

    /// Joins two switches by a port that carries every VLAN: `isl0` on both for the first trunk,
    /// `isl1` for the second, and so on. There is no spanning tree: do not make a loop.
    #[must_use]
    pub fn trunk(mut self, left: &str, right: &str) -> Self {
        self.trunks.push((left.to_owned(), right.to_owned()));
        self
    }

    /// Adds the port `mon0` that carries every VLAN to `switch`, and the NIC `<switch>/mon0` that
    /// listens there: it tells on which VLAN a frame travels.
    #[must_use]
    pub fn analyser(mut self, switch: &str) -> Self {
        self.analysers.push(switch.to_owned());
        self
    }

    /// The VLAN of unassigned ports (default 4094).
    #[must_use]
    pub fn idle_vlan(mut self, vlan: u16) -> Self {
        self.idle_vlan = vlan;
        self
    }

    /// Whether the databases also listen on TLS with certificates of a throwaway authority
    /// (default no).
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Whether one can also log in to the switches by SSH; see [`crate::Sshd`] (default no).
    #[must_use]
    pub fn ssh(mut self, ssh: bool) -> Self {
        self.ssh = ssh;
        self
    }

    /// Makes the lab; returns when every switch forwards.
    ///
    /// # Errors
    /// When this machine lacks something (see [`crate::require()`]), the description is wrong, or a
    /// daemon does not start. What was made until then is removed.
    pub fn start(self) -> Result<Lab> {
        self.check()?;
        Lab::start(&self)
    }

    fn check(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        for name in self.switches.iter().chain(self.hosts.iter().map(|host| &host.name)) {
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > NAME_LIMIT || !name.bytes().all(fits) {
                bail!("`{name}` is no name for a lab (a-z, 0-9 and -, at most {NAME_LIMIT})");
            }
            if !names.insert(name) {
                bail!("the lab has two `{name}`");
            }
        }
        if !(1..=4094).contains(&self.idle_vlan) {
            bail!("idle VLAN {} is not in 1-4094", self.idle_vlan);
        }
        let mut ends = BTreeSet::new();
        for (owner, interface) in self.ends() {
            if !names.contains(&owner) {
                bail!("the lab has no `{owner}`");
            }
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            if interface.is_empty()
                || interface.len() > INTERFACE_LIMIT
                || !interface.bytes().all(fits)
                || interface == "br0"
            {
                bail!("`{interface}` on `{owner}` is no usable interface name");
            }
            if !ends.insert((owner.clone(), interface.clone())) {
                bail!("`{owner}` has two `{interface}`");
            }
        }
        let switch_names: BTreeSet<_> = self.switches.iter().collect();
        let used = self.hosts.iter().flat_map(|host| &host.nics).map(|nic| &nic.switch);
        let used = used.chain(&self.analysers).chain(self.trunks.iter().flat_map(|(l, r)| [l, r]));
        for name in used {
            if !switch_names.contains(name) {
                bail!("the lab has no switch `{name}`");
            }
        }
        let short = |host: &&Host| host.bonded && host.nics.len() < 2;
        if let Some(host) = self.hosts.iter().find(short) {
            bail!("bonded host `{}` has fewer than two legs", host.name);
        }
        Ok(())
    }

    /// Every cable's end: (switch or host, interface).
    fn ends(&self) -> Vec<(String, String)> {
        let mut ends = Vec::new();
        for host in &self.hosts {
            for nic in &host.nics {
                ends.push((host.name.clone(), nic.nic.clone()));
                ends.push((nic.switch.clone(), nic.port.clone()));
            }
        }
        for (index, (left, right)) in self.trunks.iter().enumerate() {
            ends.push((left.clone(), format!("isl{index}")));
            ends.push((right.clone(), format!("isl{index}")));
        }
        ends.extend(self.analysers.iter().map(|switch| (switch.clone(), "mon0".to_owned())));
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(builder: &LabBuilder, expected: &str) {
        assert_eq!(builder.check().unwrap_err().to_string(), expected);
    }

    #[test]
    fn wrong_descriptions_are_named() {
        let one = LabBuilder::default().switch("leaf-01");
        check(&one.clone().switch("leaf-01"), "the lab has two `leaf-01`");
        check(
            &one.clone().switch("Leaf"),
            "`Leaf` is no name for a lab (a-z, 0-9 and -, at most 20)",
        );
        check(&one.clone().trunk("leaf-01", "leaf-02"), "the lab has no `leaf-02`");
        check(&one.clone().host("h1", [("eth0", "h1", "swp1")]), "the lab has no switch `h1`");
        check(
            &one.clone().host("h1", [("eth0", "leaf-01", "a-very-long-name")]),
            "`a-very-long-name` on `leaf-01` is no usable interface name",
        );
        check(
            &one.clone().host("h1", [("eth0", "leaf-01", "p1"), ("eth1", "leaf-01", "p1")]),
            "`leaf-01` has two `p1`",
        );
        check(&one.clone().idle_vlan(0), "idle VLAN 0 is not in 1-4094");
        check(
            &one.bonded_host("srv", [("leaf-01", "p1")]),
            "bonded host `srv` has fewer than two legs",
        );
    }

    #[test]
    fn a_right_description_passes() {
        let builder = LabBuilder::default().switch("leaf-01").switch("leaf-02");
        let builder = builder.trunk("leaf-01", "leaf-02").analyser("leaf-01");
        let builder = builder.bonded_host("srv", [("leaf-01", "lag0"), ("leaf-02", "lag0")]);
        builder.check().unwrap();
    }
}
