//! What the configuration of a switch means for frames.

use super::super::super::view::PortView;
use super::super::super::vlans::VlanSet;
use super::super::super::world::World;
use super::names::{IfName, Kind, Naming};
use super::{Config, Port};

/// What a member without a LACP partner does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alone {
    /// Nothing passes.
    Suspended,
    /// It forwards for itself, by its own lines.
    Own,
    /// The first one forwards for the LAG.
    InLag,
}

/// What differs between systems.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// A trunk without a list carries every VLAN; otherwise none.
    pub(crate) trunk_is_open: bool,
    /// The untagged VLAN of a trunk is its access VLAN, listed or not; otherwise it is its native
    /// VLAN, and only if it is listed.
    pub(crate) access_is_native: bool,
    /// A member whose lines differ from those of its LAG is left out.
    pub(crate) members_must_match: bool,
    /// What becomes of a member of this LAG without a partner.
    pub(crate) alone: fn(&Port) -> Alone,
    /// The word for the LAG's fallback, for the view.
    pub(crate) fallback: fn(&Port) -> Option<String>,
    /// Whether spanning tree takes the port for an edge.
    pub(crate) is_edge: fn(&Port) -> bool,
    /// Global: native VLANs are tagged.
    pub(crate) tags_native: fn(&Config) -> bool,
}

/// What a member of a LAG is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    /// Forwards in the bundle.
    Bundled,
    /// Forwards for itself.
    Individual,
    /// Forwards in the bundle without a partner.
    Fallback,
    /// Has a link and is not used.
    Suspended,
    /// Has no link, or is shut.
    Down,
}

impl Member {
    /// Whether the LAG has it to forward with.
    pub(crate) const fn carries(self) -> bool {
        matches!(self, Self::Bundled | Self::Fallback)
    }
}

/// A switch to be looked at.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(crate) config: &'a Config,
    pub(crate) world: &'a World,
    pub(crate) naming: Naming,
    pub(crate) rules: Rules,
}

impl Plane<'_> {
    /// The members of a LAG and what they are doing, by name.
    pub(crate) fn members(&self, lag: u32) -> Vec<(IfName, Member)> {
        let own = self.config.ports.get(&IfName::lag(lag));
        let mut fallback_is_taken = false;
        let states = self.config.members_of(lag).into_iter().map(|name| {
            let (Some(port), Some(own)) = (self.config.ports.get(&name), own) else {
                return (name, Member::Suspended);
            };
            let long = self.naming.long(&name);
            let is_lacp = port.group.is_some_and(|(_, mode)| mode.is_lacp());
            let state = if port.is_down || !self.world.link(&long) {
                Member::Down
            } else if own.is_down || (self.rules.members_must_match && !same(port, own)) {
                Member::Suspended
            } else if !is_lacp || self.world.lacp(&long) {
                Member::Bundled
            } else {
                match (self.rules.alone)(own) {
                    Alone::Suspended => Member::Suspended,
                    Alone::Own => Member::Individual,
                    Alone::InLag if fallback_is_taken => Member::Suspended,
                    Alone::InLag => {
                        fallback_is_taken = true;
                        Member::Fallback
                    }
                }
            };
            (name, state)
        });
        states.collect()
    }

    /// Whether frames pass through an interface as a whole.
    pub(crate) fn is_up(&self, name: &IfName) -> bool {
        let Some(port) = self.config.ports.get(name) else {
            return false;
        };
        if port.is_down {
            return false;
        }
        if name.kind != Kind::Lag {
            return self.world.link(&self.naming.long(name));
        }
        let working =
            self.members(name.number()).iter().filter(|(_, state)| state.carries()).count();
        let least = port.line("min-links").and_then(|line| line.rsplit(' ').next()?.parse().ok());
        working >= least.unwrap_or(1).max(1)
    }

    /// The view of an interface.
    pub(crate) fn view(&self, name: &IfName) -> Option<PortView> {
        let port = self.config.ports.get(name)?;
        let mut view = PortView {
            name: self.naming.long(name),
            up: self.is_up(name),
            enabled: !port.is_down,
            lag: port.group.map(|(lag, _)| self.naming.long(&IfName::lag(lag))),
            lag_mode: port.group.map(|(_, mode)| mode.word().to_owned()),
            pair: port.pair,
            mtu: port.mtu,
            description: port.description.clone(),
            edge: (self.rules.is_edge)(port),
            bpdu_guard: port.guard == Some(true),
            ..PortView::default()
        };
        let mut forwards = view.up;
        if let Some((lag, _)) = port.group {
            let states = self.members(lag);
            let state = states.iter().find(|(member, _)| member == name).map(|(_, state)| *state);
            forwards = state == Some(Member::Individual);
            view.up = state.is_some_and(Member::carries) || forwards;
        }
        if name.kind == Kind::Lag {
            let members = self.config.members_of(name.number());
            view.members = members.iter().map(|member| self.naming.long(member)).collect();
            view.lag_mode = self.config.lag_mode(name.number()).map(|mode| mode.word().to_owned());
            view.fallback = (self.rules.fallback)(port);
        }
        if forwards {
            let (untagged, permits) = self.l2(port);
            let working = self.config.working_vlans();
            view.untagged = untagged.filter(|vlan| working.contains(*vlan));
            view.tagged = permits.intersection(&working);
            view.permits = permits;
        }
        Some(view)
    }

    /// Every port and LAG.
    pub(crate) fn views(&self) -> Vec<PortView> {
        let is_port = |name: &&IfName| matches!(name.kind, Kind::Lag | Kind::Port | Kind::Uplink);
        self.config.ports.keys().filter(is_port).filter_map(|name| self.view(name)).collect()
    }

    /// The untagged VLAN and the tagged ones, were every VLAN there.
    pub(crate) fn l2(&self, port: &Port) -> (Option<u16>, VlanSet) {
        if port.is_routed {
            return (None, VlanSet::none());
        }
        let rules = &self.rules;
        if !port.is_trunk() {
            let untagged =
                if rules.access_is_native { port.access } else { Some(port.access.unwrap_or(1)) };
            return (untagged, VlanSet::none());
        }
        let open = || if rules.trunk_is_open { VlanSet::all() } else { VlanSet::none() };
        let mut permits = port.allowed.clone().unwrap_or_else(open);
        if rules.access_is_native {
            return (port.access, permits);
        }
        let native = port.native.unwrap_or(1);
        let is_untagged =
            permits.contains(native) && !port.tags_native && !(rules.tags_native)(self.config);
        if is_untagged {
            permits.remove(native);
        }
        (is_untagged.then_some(native), permits)
    }
}

/// Whether two interfaces switch the same.
fn same(one: &Port, other: &Port) -> bool {
    let l2 = |port: &Port| {
        (port.is_routed, port.mode, port.access, port.native, port.allowed.clone(), port.mtu)
    };
    l2(one) == l2(other)
}
