//! What the ports let through: the committed configuration, with what is plugged in.

use super::check::members;
use super::schema::ids;
use super::tree::Tree;
use crate::ssh::view::PortView;
use crate::ssh::vlans::VlanSet;
use crate::ssh::world::World;

/// The VLAN of an access port that names none.
const DEFAULT_VLAN: u16 = 1;

/// The committed configuration and what is plugged in.
pub(super) struct Plane<'a> {
    pub(super) tree: &'a Tree,
    pub(super) world: &'a World,
    pub(super) ports: &'a [String],
}

impl Plane<'_> {
    pub(super) fn views(&self) -> Vec<PortView> {
        let ports = self.ports.iter().map(|name| self.port(name));
        ports.chain(self.lags().into_iter().map(|name| self.lag(name))).collect()
    }

    /// The LAGs that are configured, whether they are on the switch or not.
    pub(super) fn lags(&self) -> Vec<&str> {
        let mut names = self.tree.names(&["interfaces"]);
        names.retain(|name| name.starts_with("ae"));
        names
    }

    /// Whether a LAG's number is one of those that the chassis has been told to have.
    pub(super) fn is_there(&self, lag: &str) -> bool {
        let path = ["chassis", "aggregated-devices", "ethernet", "device-count"];
        let count = self.tree.leaf(&path).and_then(|count| count.parse::<u32>().ok()).unwrap_or(0);
        let number = lag.strip_prefix("ae").and_then(|number| number.parse::<u32>().ok());
        number.is_some_and(|number| number < count)
    }

    pub(super) fn enabled(&self, name: &str) -> bool {
        !self.tree.has(&["interfaces", name, "disable"])
    }

    /// Whether there is light in an enabled port.
    pub(super) fn is_lit(&self, port: &str) -> bool {
        self.enabled(port) && self.world.link(port) && self.ports.iter().any(|own| own == port)
    }

    pub(super) fn lag_of(&self, port: &str) -> Option<&str> {
        self.tree.leaf(&["interfaces", port, "ether-options", "802.3ad"])
    }

    pub(super) fn is_lacp(&self, lag: &str) -> bool {
        self.tree.has(&["interfaces", lag, "aggregated-ether-options", "lacp"])
    }

    fn is_forced(&self, lag: &str, port: &str) -> bool {
        let of_lag = ["interfaces", lag, "aggregated-ether-options", "lacp", "force-up"];
        let of_port = ["interfaces", port, "ether-options", "802.3ad", "lacp", "force-up"];
        self.tree.has(&of_lag) || self.tree.has(&of_port)
    }

    /// Whether a member carries frames of its LAG.
    pub(super) fn works(&self, lag: &str, port: &str) -> bool {
        let answers = !self.is_lacp(lag) || self.world.lacp(port) || self.is_forced(lag, port);
        self.is_there(lag) && self.is_lit(port) && answers
    }

    /// The VLANs that there are.
    pub(super) fn vlans(&self) -> VlanSet {
        let named = self.tree.names(&["vlans"]).into_iter();
        let mut vlans: VlanSet = named.filter_map(|name| self.id(name)).collect();
        vlans.insert(DEFAULT_VLAN);
        vlans
    }

    /// The number of a VLAN by its name.
    pub(super) fn id(&self, name: &str) -> Option<u16> {
        match self.tree.leaf(&["vlans", name, "vlan-id"]) {
            Some(id) => id.parse().ok(),
            None => (name == "default").then_some(DEFAULT_VLAN),
        }
    }

    /// The VLANs that a port lists, by name, number or range.
    fn listed(&self, members: &[&str]) -> VlanSet {
        let mut set = VlanSet::none();
        for member in members {
            if *member == "all" {
                return VlanSet::all();
            }
            match ids(member) {
                Some(ids) => ids.for_each(|id| {
                    set.insert(id);
                }),
                None => {
                    if let Some(id) = self.id(member) {
                        set.insert(id);
                    }
                }
            }
        }
        set
    }

    /// Untagged, tagged, and what would be tagged were every VLAN there.
    fn carried(&self, name: &str) -> (Option<u16>, VlanSet, VlanSet) {
        let family = ["interfaces", name, "unit", "0", "family", "ethernet-switching"];
        if !self.tree.has(&family) {
            return (None, VlanSet::none(), VlanSet::none());
        }
        let of = |more: &[&'static str]| [&family[..], more].concat();
        let there = self.vlans();
        let mut listed = self.listed(&self.tree.names(&of(&["vlan", "members"])));
        if self.tree.leaf(&of(&["interface-mode"])) != Some("trunk") {
            let is_named = self.tree.has(&of(&["vlan", "members"]));
            let vlan = if is_named { listed.iter().next() } else { Some(DEFAULT_VLAN) };
            let vlan = vlan.filter(|vlan| there.contains(*vlan));
            return (vlan, VlanSet::none(), VlanSet::none());
        }
        let native = self.tree.leaf(&["interfaces", name, "native-vlan-id"]);
        // Frames without a tag are taken only into a VLAN that the port is a member of.
        let native = native.and_then(|id| id.parse().ok()).filter(|id| listed.contains(*id));
        if let Some(id) = native {
            listed.remove(id);
        }
        let tagged = listed.intersection(&there);
        (native.filter(|id| there.contains(*id)), tagged, listed)
    }

    fn common(&self, name: &str) -> PortView {
        let leaf = |word: &'static str| self.tree.leaf(&["interfaces", name, word]);
        let unit = format!("{name}.0");
        let of = |place: &[&'static str], more: Option<&'static str>| {
            [name, &unit].into_iter().any(|name| {
                let path: Vec<&str> = place.iter().copied().chain([name]).chain(more).collect();
                self.tree.has(&path)
            })
        };
        let edge = of(&["protocols", "rstp", "interface"], Some("edge"));
        let guarded = self.tree.has(&["protocols", "rstp", "bpdu-block-on-edge"]);
        let blocked = of(&["protocols", "layer2-control", "bpdu-block", "interface"], None);
        let (untagged, tagged, permits) = self.carried(name);
        PortView {
            name: name.to_owned(),
            enabled: self.enabled(name),
            untagged,
            tagged,
            permits,
            mtu: leaf("mtu").and_then(|mtu| mtu.parse().ok()),
            description: leaf("description").map(str::to_owned),
            edge,
            bpdu_guard: edge && guarded || blocked,
            ..PortView::default()
        }
    }

    fn mode(&self, lag: &str) -> &'static str {
        let path = ["interfaces", lag, "aggregated-ether-options", "lacp", "active"];
        match (self.is_lacp(lag), self.tree.has(&path)) {
            (true, true) => "active",
            (true, false) => "passive",
            (false, _) => "on",
        }
    }

    fn port(&self, name: &str) -> PortView {
        let lag = self.lag_of(name);
        let view = self.common(name);
        if let Some(lag) = lag {
            let mode = Some(self.mode(lag).to_owned());
            let none = VlanSet::none;
            return PortView {
                untagged: None,
                tagged: none(),
                permits: none(),
                lag: Some(lag.to_owned()),
                lag_mode: mode,
                ..view
            };
        }
        PortView { up: self.is_lit(name), ..view }
    }

    fn lag(&self, name: &str) -> PortView {
        let members = members(self.tree, name);
        let least = ["interfaces", name, "aggregated-ether-options", "minimum-links"];
        let least = self.tree.leaf(&least).and_then(|links| links.parse().ok()).unwrap_or(1);
        let working = members.iter().filter(|port| self.works(name, port)).count();
        let forced = members.iter().any(|port| self.is_forced(name, port));
        let view = self.common(name);
        PortView {
            up: view.enabled && working >= least && working > 0,
            lag_mode: Some(self.mode(name).to_owned()),
            members: members.iter().map(|port| (*port).to_owned()).collect(),
            fallback: forced.then(|| "force-up".to_owned()),
            pair: self.pair(name),
            ..view
        }
    }

    /// The number of the pair form: the one of MC-LAG, or the last four bytes of an ESI.
    fn pair(&self, lag: &str) -> Option<u32> {
        let own = |more: &[&'static str]| {
            let path: Vec<&str> =
                ["interfaces", lag].into_iter().chain(more.iter().copied()).collect();
            self.tree.leaf(&path)
        };
        if let Some(id) = own(&["aggregated-ether-options", "mc-ae", "mc-ae-id"]) {
            return id.parse().ok();
        }
        let is_derived = self.tree.has(&["interfaces", lag, "esi", "auto-derive"]);
        let system = own(&["aggregated-ether-options", "lacp", "system-id"]);
        let bytes = own(&["esi"]).or_else(|| system.filter(|_| is_derived))?;
        let bytes: Vec<u8> =
            bytes.split(':').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
        bytes.last_chunk::<4>().map(|last| u32::from_be_bytes(*last))
    }
}
