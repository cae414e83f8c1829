//! The switches that the network team declared, and which of them a link means.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{Arc, OnceLock},
};

use model::{
    LinkInformation, LocalLinkConnection, MacAddress, PhysicalNetwork, PortName, SwitchName,
    SwitchPort, Vlan, VlanSet,
};
use tokio_util::task::TaskTracker;

use crate::{
    driver::Driver,
    error::SwitchError,
    intent::{Facts, SafeState},
    lag_name::LagIds,
    policy::Patterns,
    worker::{Worker, WorkerSettings, WorkerStatus},
};

/// What the network team declared about one switch.
#[derive(Clone)]
pub struct SwitchSettings {
    /// Its name.
    pub name: SwitchName,
    /// Its chassis MAC addresses, by which `local_link_connection` knows it.
    pub switch_ids: BTreeSet<MacAddress>,
    /// How it is spoken to.
    pub driver: Arc<dyn Driver>,
    /// What a detached port is.
    pub safe: SafeState,
    /// The VLANs that ports may be put into; all when absent, none when empty.
    pub allowed_vlans: Option<VlanSet>,
    /// The ports that may be changed; all when absent, none when empty.
    pub allowed_ports: Option<Patterns>,
    /// The physical networks that it is part of; all when empty.
    pub physical_networks: BTreeSet<PhysicalNetwork>,
    /// The VLAN that stands for a flat network.
    pub flat_networks: BTreeMap<PhysicalNetwork, Vlan>,
    /// Numbers for LAGs, on a switch that numbers them.
    pub lag_ids: Option<LagIds>,
    /// Whether VLANs that ports are put into are defined where they are missing. Otherwise such a
    /// request is refused.
    pub create_vlans: bool,
    /// The VLANs from which one is taken for a VXLAN that has none on the switch; such a VXLAN is
    /// refused when absent.
    pub vxlan_vlans: Option<VlanSet>,
    /// Queue, time-outs, saving.
    pub worker: WorkerSettings,
    /// Equal for equal sections of the configuration: a switch whose section did not change keeps
    /// its worker and session over a reload.
    pub fingerprint: String,
}

/// Two switches that form LAGs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Its name.
    pub name: String,
    /// The two switches.
    pub switches: BTreeSet<SwitchName>,
    /// Numbers for LAGs over both.
    pub lag_ids: Option<LagIds>,
    /// The VLANs for VXLANs on both, instead of what the two switches have in common.
    pub vxlan_vlans: Option<VlanSet>,
}

/// A switch with its worker, which starts with the first request.
pub struct Switch {
    settings: SwitchSettings,
    worker: OnceLock<Worker>,
    tasks: TaskTracker,
}

impl Switch {
    /// What the network team declared.
    pub const fn settings(&self) -> &SwitchSettings {
        &self.settings
    }

    /// Its name.
    pub const fn name(&self) -> &SwitchName {
        &self.settings.name
    }

    /// How it is spoken to.
    pub fn driver(&self) -> &dyn Driver {
        self.settings.driver.as_ref()
    }

    /// What intents need to know of it.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            switch: &self.settings.name,
            capabilities: self.driver().capabilities(),
            safe: self.settings.safe,
        }
    }

    /// Its worker.
    pub fn worker(&self) -> &Worker {
        self.worker.get_or_init(|| {
            let SwitchSettings { name, driver, worker, .. } = &self.settings;
            Worker::start(name.clone(), Arc::clone(driver), worker.clone(), &self.tasks)
        })
    }

    /// What is known of its worker; a worker that was never needed has not started.
    pub fn status(&self) -> WorkerStatus {
        self.worker.get().map(Worker::status).unwrap_or_default()
    }

    /// The VLAN that stands for a flat network here.
    pub fn flat(&self, physical_network: Option<&PhysicalNetwork>) -> Option<Vlan> {
        let flat = &self.settings.flat_networks;
        match physical_network {
            Some(network) => flat.get(network).copied(),
            None if flat.len() == 1 => flat.values().next().copied(),
            None => None,
        }
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch").field("name", self.name()).finish_non_exhaustive()
    }
}

/// All switches and pairs.
#[derive(Debug, Default)]
pub struct Inventory {
    switches: BTreeMap<SwitchName, Arc<Switch>>,
    by_mac: HashMap<MacAddress, SwitchName>,
    pairs: Vec<Pair>,
}

impl Inventory {
    /// An inventory of these switches. Switches of `previous` whose section did not change are
    /// carried over with their sessions.
    pub fn new(
        settings: Vec<SwitchSettings>,
        pairs: Vec<Pair>,
        previous: &Self,
        tasks: &TaskTracker,
    ) -> Result<Self, SwitchError> {
        let mut inventory = Self { pairs, ..Self::default() };
        for settings in settings {
            inventory.add(settings, previous, tasks)?;
        }
        for pair in &inventory.pairs {
            let unknown = pair.switches.iter().find(|s| !inventory.switches.contains_key(*s));
            if let Some(unknown) = unknown {
                return Err(SwitchError::Invalid(format!(
                    "pair `{}`: there is no switch `{unknown}`",
                    pair.name
                )));
            }
            if pair.switches.len() != 2 {
                return Err(SwitchError::Invalid(format!(
                    "pair `{}`: must name two different switches",
                    pair.name
                )));
            }
        }
        Ok(inventory)
    }

    fn add(
        &mut self,
        settings: SwitchSettings,
        previous: &Self,
        tasks: &TaskTracker,
    ) -> Result<(), SwitchError> {
        let name = settings.name.clone();
        for mac in &settings.switch_ids {
            if let Some(other) = self.by_mac.insert(*mac, name.clone()) {
                return Err(SwitchError::Invalid(format!(
                    "switch `{name}`: `{mac}` is also a `switch_ids` entry of `{other}`"
                )));
            }
        }
        let kept = previous
            .switches
            .get(&name)
            .filter(|switch| switch.settings.fingerprint == settings.fingerprint);
        let switch = kept.map_or_else(
            || Arc::new(Switch { settings, worker: OnceLock::new(), tasks: tasks.clone() }),
            Arc::clone,
        );
        self.switches.insert(name, switch);
        Ok(())
    }

    /// All switches, by name.
    pub fn switches(&self) -> impl Iterator<Item = &Arc<Switch>> {
        self.switches.values()
    }

    /// One switch.
    pub fn switch(&self, name: &SwitchName) -> Result<&Arc<Switch>, SwitchError> {
        self.switches.get(name).ok_or_else(|| unknown_switch(name.as_str()))
    }

    /// The pair of these two switches.
    pub fn pair(&self, switches: &BTreeSet<SwitchName>) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.switches == *switches)
    }

    /// The other switch of the pair that a switch belongs to.
    pub fn peer(&self, switch: &SwitchName) -> Option<&Arc<Switch>> {
        let pair = self.pairs.iter().find(|pair| pair.switches.contains(switch))?;
        self.switches.get(pair.switches.iter().find(|other| *other != switch)?)
    }

    /// The VLANs from which one is taken for a VXLAN on a switch: its pair's, or those that both
    /// switches of the pair have; its own when it has no pair.
    pub fn vxlan_vlans(&self, switch: &Switch) -> Option<VlanSet> {
        let pair = self.pairs.iter().find(|pair| pair.switches.contains(switch.name()));
        if let Some(vlans) = pair.and_then(|pair| pair.vxlan_vlans.clone()) {
            return Some(vlans);
        }
        let own = switch.settings().vxlan_vlans.clone()?;
        match self.peer(switch.name()) {
            None => Some(own),
            Some(peer) => Some(own.intersection(peer.settings().vxlan_vlans.as_ref()?)),
        }
    }

    /// The switch that a managed link means: `switch_id` as MAC address or name, else
    /// `switch_info` as name.
    pub fn switch_of(&self, link: &LinkInformation) -> Result<(&Arc<Switch>, String), SwitchError> {
        let form = link.form().map_err(|error| SwitchError::invalid("binding_profile", &error))?;
        let (switch_id, switch_info, port_id) = match form {
            LocalLinkConnection::Managed { switch_id, switch_info, port_id } => {
                (switch_id, switch_info, port_id)
            }
            other => {
                let what = match other {
                    LocalLinkConnection::SmartNic { .. } => "a smart NIC's link",
                    LocalLinkConnection::Vtep { .. } => "a hardware VTEP's link",
                    LocalLinkConnection::Unmanaged => "an unmanaged link",
                    _ => "an empty link",
                };
                return Err(SwitchError::Invalid(format!(
                    "binding_profile: {what} names no switch port that this service manages; \
                     give `switch_id` and `port_id`"
                )));
            }
        };
        let by_id = switch_id.as_deref().and_then(|id| self.find(id));
        let by_info = switch_info.as_deref().and_then(|info| self.find(info));
        match (by_id, by_info) {
            (Some(one), Some(other)) if one.name() != other.name() => {
                Err(SwitchError::Invalid(format!(
                    "binding_profile: `switch_id` means `{}`, but `switch_info` means `{}`",
                    one.name(),
                    other.name()
                )))
            }
            (Some(switch), _) | (None, Some(switch)) => Ok((switch, port_id)),
            (None, None) => {
                Err(unknown_switch(switch_id.or(switch_info).as_deref().unwrap_or_default()))
            }
        }
    }

    /// The switch with this MAC address or name.
    pub fn find(&self, text: &str) -> Option<&Arc<Switch>> {
        if let Ok(mac) = text.parse::<MacAddress>()
            && let Some(name) = self.by_mac.get(&mac)
        {
            return self.switches.get(name);
        }
        self.switches.get(&text.parse::<SwitchName>().ok()?)
    }

    /// The switch port that a link means, by the switch's own name for it.
    pub fn resolve(&self, link: &LinkInformation) -> Result<(Arc<Switch>, PortName), SwitchError> {
        let (switch, port) = self.switch_of(link)?;
        let port = switch
            .driver()
            .naming()
            .canonical(&port)
            .map_err(|error| SwitchError::invalid("binding_profile: `port_id`", &error))?;
        Ok((Arc::clone(switch), port))
    }

    /// The ports of several links, none twice.
    pub fn resolve_all(
        &self,
        links: &[LinkInformation],
    ) -> Result<Vec<(Arc<Switch>, PortName)>, SwitchError> {
        let mut seen = BTreeSet::new();
        let mut ports = Vec::with_capacity(links.len());
        for link in links {
            let (switch, port) = self.resolve(link)?;
            let key = SwitchPort { switch: switch.name().clone(), port: port.clone() };
            if !seen.insert(key.clone()) {
                return Err(SwitchError::Invalid(format!(
                    "binding_profile: port {key} is named twice"
                )));
            }
            ports.push((switch, port));
        }
        Ok(ports)
    }
}

fn unknown_switch(text: &str) -> SwitchError {
    let shown = model::Invalid::new("switch", text, "is not in the configuration");
    SwitchError::NotFound {
        what: shown.to_string(),
        hint: Some(
            "`list_switches` shows the names and MAC addresses that this service knows".to_owned(),
        ),
    }
}
