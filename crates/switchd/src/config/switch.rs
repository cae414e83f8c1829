//! The sections of switches and pairs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use drivers::{
    chaos::{ChaosSettings, Fault, Probability},
    ovsdb,
};
use model::{MacAddress, PhysicalNetwork, PortName, PortNaming, SwitchName, Vlan, VlanSet};
use switch::{LagIds, policy::Patterns};

use super::{
    check::Check,
    plugin::{self, PluginConfig},
    problem::Problem,
    raw::{RawChaos, RawDetach, RawDriver, RawPair, RawSwitch, RawTls, Texts},
    ssh::{self, SshConfig},
};
use crate::secret::SecretRef;

/// One switch.
#[derive(Debug, Clone)]
pub struct SwitchConfig {
    /// How it is spoken to.
    pub driver: DriverConfig,
    /// Its chassis MAC addresses, by which links name it.
    pub switch_ids: BTreeSet<MacAddress>,
    /// The VLANs that its ports may be given; all that policy allows when absent.
    pub allowed_vlans: Option<VlanSet>,
    /// The ports that may be changed; all that policy allows when absent.
    pub allowed_ports: Option<Patterns>,
    /// What a detached port is.
    pub detach: Detach,
    /// The physical networks that it is part of; all when empty.
    pub physical_networks: BTreeSet<PhysicalNetwork>,
    /// The VLAN that stands for a flat network.
    pub flat_networks: BTreeMap<PhysicalNetwork, Vlan>,
    /// Numbers for LAGs.
    pub lag_ids: Option<LagIds>,
    /// Whether VLANs that are missing are defined when ports are put into them.
    pub create_vlans: bool,
    /// The VLANs from which one is taken for a VXLAN.
    pub vxlan_vlans: Option<VlanSet>,
    /// How long one exchange with the switch may take.
    pub operation_timeout: Duration,
    /// After how long without requests the session is closed.
    pub session_idle: Duration,
}

/// How a switch is spoken to.
#[derive(Debug, Clone)]
pub enum DriverConfig {
    /// Open vSwitch, by its database.
    Ovsdb {
        /// Where its database listens.
        address: ovsdb::Address,
        /// The bridge that is the switch.
        bridge: String,
        /// For `ssl:`.
        tls: Option<TlsConfig>,
    },
    /// A switch in memory.
    Noop {
        /// Its ports; any when absent.
        ports: Option<BTreeSet<PortName>>,
        /// How it writes port names.
        naming: PortNaming,
        /// The VLANs that are defined at first; all when absent.
        vlans: Option<VlanSet>,
    },
    /// A program that speaks to the switch.
    Plugin(Box<PluginConfig>),
    /// A command line over SSH, by a device profile.
    Ssh(Box<SshConfig>),
    /// A switch that misbehaves.
    Chaos {
        /// The switch behind it.
        inner: Box<Self>,
        /// How it misbehaves.
        settings: ChaosSettings,
    },
}

impl DriverConfig {
    /// The driver's name in the file.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ovsdb { .. } => "ovsdb",
            Self::Noop { .. } => "noop",
            Self::Plugin(_) => "plugin",
            Self::Ssh(_) => "ssh",
            Self::Chaos { .. } => "chaos",
        }
    }
}

/// TLS to a switch.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// The certificates that the switch's has to lead to.
    pub ca: PathBuf,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, SecretRef)>,
    /// The name that the switch's certificate must carry.
    pub peer: PeerName,
}

/// The name that a switch's certificate must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerName {
    /// The host of the address.
    AsAddressed,
    /// This one.
    Named(String),
    /// Any, as long as the certificate leads to the CA.
    Any,
}

/// What a detached port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detach {
    /// In the idle VLAN.
    IdleVlan(Vlan),
    /// Up, in no VLAN.
    Closed,
    /// Shut; in the idle VLAN as well, if there is one.
    Shut(Option<Vlan>),
}

/// Two switches that form LAGs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairConfig {
    /// The two.
    pub switches: BTreeSet<SwitchName>,
    /// Numbers for LAGs over both.
    pub lag_ids: Option<LagIds>,
    /// The VLANs for VXLANs on both.
    pub vxlan_vlans: Option<VlanSet>,
}

pub(super) fn switch(check: &mut Check<'_>, key: &str, raw: RawSwitch) -> Option<SwitchConfig> {
    let at = |member: &str| format!("{key}.{member}");
    let driver = driver(check, key, &raw);
    let detach = detach(check, key, &raw);
    let operation_timeout = check.time(&at("operation_timeout_ms"), raw.operation_timeout_ms, 10);
    let session_idle = check.time(&at("session_idle_ms"), raw.session_idle_ms, 0);
    let lag_ids = lag_ids(check, &at("lag_ids"), raw.lag_ids.as_deref());
    let allowed_ports = raw
        .allowed_ports
        .and_then(|Texts(texts)| check.take(&at("allowed_ports"), Patterns::new(&texts)));
    let used = raw.idle_vlan.iter().chain(raw.flat_networks.values());
    apart(check, &at("vxlan_vlans"), raw.vxlan_vlans.as_ref(), used.copied());
    Some(SwitchConfig {
        driver: driver?,
        switch_ids: texts(check, &at("switch_ids"), &raw.switch_ids),
        allowed_vlans: raw.allowed_vlans,
        allowed_ports,
        detach: detach?,
        physical_networks: texts(check, &at("physical_networks"), &raw.physical_networks),
        flat_networks: raw.flat_networks,
        lag_ids,
        create_vlans: raw.create_vlans,
        vxlan_vlans: raw.vxlan_vlans,
        operation_timeout,
        session_idle,
    })
}

/// Refuses a VLAN for VXLANs that serves something else: its ports would be joined with theirs.
fn apart(
    check: &mut Check<'_>,
    key: &str,
    vxlan_vlans: Option<&VlanSet>,
    mut used: impl Iterator<Item = Vlan>,
) {
    let both = vxlan_vlans.and_then(|vlans| used.find(|vlan| vlans.contains(*vlan)));
    if let Some(vlan) = both {
        let what = format!("holds VLAN {vlan}, which is an idle VLAN or that of a flat network");
        check.refuse(Problem::at(key, what));
    }
}

fn texts<T>(check: &mut Check<'_>, key: &str, texts: &Texts) -> BTreeSet<T>
where
    T: std::str::FromStr<Err = model::Invalid> + Ord,
{
    texts.0.iter().filter_map(|text| check.take(key, text.parse())).collect()
}

fn detach(check: &mut Check<'_>, key: &str, raw: &RawSwitch) -> Option<Detach> {
    Some(match (raw.detach, raw.idle_vlan) {
        (Some(RawDetach::IdleVlan) | None, Some(vlan)) => Detach::IdleVlan(vlan),
        (Some(RawDetach::IdleVlan), None) => {
            let what = "is missing: `detach` is `idle_vlan`";
            check.refuse(Problem::at(format!("{key}.idle_vlan"), what));
            return None;
        }
        (Some(RawDetach::Closed), Some(_)) => {
            let what = "means nothing when `detach` is `closed`";
            check.refuse(Problem::at(format!("{key}.idle_vlan"), what));
            return None;
        }
        (Some(RawDetach::Closed) | None, None) => Detach::Closed,
        (Some(RawDetach::Shut), vlan) => Detach::Shut(vlan),
    })
}

fn driver(check: &mut Check<'_>, key: &str, raw: &RawSwitch) -> Option<DriverConfig> {
    let kind = match (raw.driver, &raw.chaos) {
        (RawDriver::Chaos, Some(chaos)) => chaos.driver,
        (RawDriver::Chaos, None) => {
            let what = "is missing: `driver` is `chaos`";
            check.refuse(Problem::at(format!("{key}.chaos"), what));
            return None;
        }
        (kind, Some(_)) => {
            let what = "means nothing unless `driver` is `chaos`";
            check.refuse(Problem::at(format!("{key}.chaos"), what));
            kind
        }
        (kind, None) => kind,
    };
    if kind != RawDriver::Plugin && raw.plugin.is_some() {
        let what = "means nothing unless `driver` is `plugin`";
        check.refuse(Problem::at(format!("{key}.plugin"), what));
    }
    if kind != RawDriver::Ssh {
        nothing(check, key, "profile", raw.profile.is_some(), kind.name());
        nothing(check, key, "ssh", raw.ssh.is_some(), kind.name());
    }
    let inner = match kind {
        RawDriver::Ovsdb => {
            nothing(check, key, "ports", raw.ports.is_some(), "ovsdb");
            nothing(check, key, "naming", raw.naming.is_some(), "ovsdb");
            nothing(check, key, "vlans", raw.vlans.is_some(), "ovsdb");
            open_vswitch(check, key, raw)?
        }
        RawDriver::Noop => {
            nothing(check, key, "address", raw.address.is_some(), "noop");
            nothing(check, key, "bridge", raw.bridge.is_some(), "noop");
            nothing(check, key, "tls", raw.tls.is_some(), "noop");
            let ports = raw.ports.as_ref();
            DriverConfig::Noop {
                ports: ports.map(|ports| texts(check, &format!("{key}.ports"), ports)),
                naming: raw.naming.unwrap_or(PortNaming::Exact),
                vlans: raw.vlans.clone(),
            }
        }
        RawDriver::Plugin => {
            nothing(check, key, "address", raw.address.is_some(), "plugin");
            nothing(check, key, "bridge", raw.bridge.is_some(), "plugin");
            nothing(check, key, "tls", raw.tls.is_some(), "plugin");
            nothing(check, key, "ports", raw.ports.is_some(), "plugin");
            nothing(check, key, "naming", raw.naming.is_some(), "plugin");
            nothing(check, key, "vlans", raw.vlans.is_some(), "plugin");
            let plugin = plugin::plugin(check, &format!("{key}.plugin"), raw.plugin.as_ref())?;
            DriverConfig::Plugin(Box::new(plugin))
        }
        RawDriver::Ssh => {
            nothing(check, key, "bridge", raw.bridge.is_some(), "ssh");
            nothing(check, key, "tls", raw.tls.is_some(), "ssh");
            nothing(check, key, "ports", raw.ports.is_some(), "ssh");
            nothing(check, key, "naming", raw.naming.is_some(), "ssh");
            let (address, profile) = (raw.address.as_deref(), raw.profile.as_deref());
            DriverConfig::Ssh(Box::new(ssh::ssh(check, key, address, profile, raw.ssh.as_ref())?))
        }
        RawDriver::Chaos => {
            let what = "is `chaos`, which cannot be behind itself";
            check.refuse(Problem::at(format!("{key}.chaos.driver"), what));
            return None;
        }
    };
    match &raw.chaos {
        Some(chaos) if raw.driver == RawDriver::Chaos => Some(DriverConfig::Chaos {
            inner: Box::new(inner),
            settings: chaos_settings(check, &format!("{key}.chaos"), chaos),
        }),
        _ => Some(inner),
    }
}

fn nothing(check: &mut Check<'_>, key: &str, member: &str, given: bool, driver: &str) {
    if given {
        let what = format!("means nothing to the driver `{driver}`");
        check.refuse(Problem::at(format!("{key}.{member}"), what));
    }
}

fn open_vswitch(check: &mut Check<'_>, key: &str, raw: &RawSwitch) -> Option<DriverConfig> {
    let Some(address) = &raw.address else {
        let hint = "`unix:/path`, `tcp:host:port` or `ssl:host:port`";
        check.refuse(Problem::at(format!("{key}.address"), "is missing").hint(hint));
        return None;
    };
    let address: ovsdb::Address = check.take(&format!("{key}.address"), address.parse())?;
    let tls = raw.tls.as_ref();
    let tls_key = format!("{key}.tls");
    match (matches!(address, ovsdb::Address::Ssl(_)), tls) {
        (true, None) => {
            check.refuse(Problem::at(tls_key, "is missing: the address is `ssl:`"));
            return None;
        }
        (false, Some(_)) => {
            check.refuse(Problem::at(tls_key, "means nothing unless the address is `ssl:`"));
            return None;
        }
        _ => {}
    }
    Some(DriverConfig::Ovsdb {
        address,
        bridge: raw.bridge.clone().unwrap_or_else(|| "br0".to_owned()),
        tls: match tls {
            Some(tls) => Some(self::tls(check, &tls_key, tls)?),
            None => None,
        },
    })
}

fn tls(check: &mut Check<'_>, key: &str, raw: &RawTls) -> Option<TlsConfig> {
    let identity = match (&raw.certificate, &raw.key) {
        (Some(certificate), Some(secret)) => {
            let secret = check.take(&format!("{key}.key"), secret.clone().checked())?;
            Some((check.path(certificate), secret.with_path(|path| check.path(path))))
        }
        (None, None) => None,
        _ => {
            let what = "has only one of `certificate` and `key`";
            check.refuse(Problem::at(key, what));
            return None;
        }
    };
    let peer = match (&raw.server_name, raw.any_name) {
        (Some(_), true) => {
            let what = "means nothing when `any_name` is `true`";
            check.refuse(Problem::at(format!("{key}.server_name"), what));
            return None;
        }
        (Some(name), false) => PeerName::Named(name.clone()),
        (None, true) => PeerName::Any,
        (None, false) => PeerName::AsAddressed,
    };
    Some(TlsConfig { ca: check.path(&raw.ca), identity, peer })
}

fn chaos_settings(check: &mut Check<'_>, key: &str, raw: &RawChaos) -> ChaosSettings {
    let mut settings = ChaosSettings::new(raw.seed);
    for (name, probability) in &raw.faults {
        let key = format!("{key}.faults.{name}");
        let Some(fault) = Fault::ALL.into_iter().find(|fault| fault.name() == name) else {
            let names: Vec<_> = Fault::ALL.iter().map(|fault| format!("`{fault}`")).collect();
            let hint = format!("known here: {}", names.join(", "));
            check.refuse(Problem::at(key, "is unknown").hint(hint));
            continue;
        };
        if let Some(probability) = check.take(&key, Probability::new(*probability)) {
            settings = settings.with(fault, probability);
        }
    }
    settings
}

/// `1-100`, or one number.
fn lag_ids(check: &mut Check<'_>, key: &str, text: Option<&str>) -> Option<LagIds> {
    let text = text?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 0 < first && first <= last => Some(LagIds { first, last }),
        _ => {
            let what = format!("is `{text}`, which is not like `1-100`");
            check.refuse(Problem::at(key, what));
            None
        }
    }
}

pub(super) fn pair(
    check: &mut Check<'_>,
    key: &str,
    raw: &RawPair,
    known: &BTreeMap<SwitchName, SwitchConfig>,
) -> Option<PairConfig> {
    let at = format!("{key}.switches");
    let switches: BTreeSet<SwitchName> = texts(check, &at, &raw.switches);
    if switches.len() != 2 {
        check.refuse(Problem::at(at, "does not name two different switches"));
        return None;
    }
    for unknown in switches.iter().filter(|switch| !known.contains_key(*switch)) {
        let what = format!("names `{unknown}`, which is no switch of this file, or a wrong one");
        check.refuse(Problem::at(&at, what));
    }
    let lag_ids = lag_ids(check, &format!("{key}.lag_ids"), raw.lag_ids.as_deref());
    let vxlan_vlans = raw.vxlan_vlans.clone();
    let members = switches.iter().filter_map(|switch| known.get(switch));
    let used = members.flat_map(|switch| {
        let idle = match switch.detach {
            Detach::IdleVlan(vlan) => Some(vlan),
            Detach::Shut(vlan) => vlan,
            Detach::Closed => None,
        };
        idle.into_iter().chain(switch.flat_networks.values().copied())
    });
    apart(check, &format!("{key}.vxlan_vlans"), vxlan_vlans.as_ref(), used);
    Some(PairConfig { switches, lag_ids, vxlan_vlans })
}

/// A switch is in one pair at most.
pub(super) fn check_pairs(check: &mut Check<'_>, pairs: &BTreeMap<String, PairConfig>) {
    let mut seen: BTreeMap<&SwitchName, &str> = BTreeMap::new();
    for (name, pair) in pairs {
        for switch in &pair.switches {
            if let Some(other) = seen.insert(switch, name) {
                let what = format!("names `{switch}`, which is in pair `{other}` already");
                check.refuse(Problem::at(format!("pair.{name}.switches"), what));
            }
        }
    }
}
