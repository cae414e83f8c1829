//! Who hears a frame without a tag, from what the ports of both switches let through at this
//! moment. A switch floods it to every port of its VLAN; no MAC addresses are learned, so the
//! answer is who *can* hear.

use fabric::ssh::{PortView, SshSwitch};

use super::Reach;
use crate::demo::cast::{LEAVES, VENDORS};

/// One switch as it forwards.
struct Plane {
    name: &'static str,
    ports: Vec<PortView>,
    /// The ports whose cable has light.
    lit: Vec<&'static str>,
    uplink: &'static str,
}

/// Every server sends a frame from every interface.
pub(super) fn reach(leaves: &[SshSwitch; 2]) -> Reach {
    let named = LEAVES.into_iter().zip(VENDORS.uplinks).zip(leaves);
    let planes: Vec<Plane> =
        named.map(|((name, uplink), leaf)| Plane::of(name, uplink, leaf)).collect();
    let mut reach = Reach::nobody();
    for from in VENDORS.servers() {
        for (_, switch, port) in from.cables {
            let Some(near) = planes.iter().find(|plane| plane.name == *switch) else { continue };
            let Some(vlan) = near.untagged(port) else { continue };
            near.listeners(vlan).for_each(|to| reach.add(from.name, to));
            for far in planes.iter().filter(|plane| plane.name != near.name) {
                let crossed = near.wire(vlan).and_then(|tag| far.takes(tag));
                let heard = crossed.into_iter().flat_map(|vlan| far.listeners(vlan));
                heard.for_each(|to| reach.add(from.name, to));
            }
        }
    }
    reach
}

impl Plane {
    fn of(name: &'static str, uplink: &'static str, leaf: &SshSwitch) -> Self {
        let mut lit = Vec::new();
        leaf.plug(|world| {
            let cables = VENDORS.servers().into_iter().flat_map(|server| server.cables);
            let ports = cables.filter(|(_, switch, _)| *switch == name).map(|(.., port)| *port);
            lit = ports.filter(|port| world.link(port)).collect();
        });
        Self { name, ports: leaf.ports(), lit, uplink }
    }

    /// What decides about a port's frames: its LAG, if that has it.
    fn view(&self, port: &str) -> Option<&PortView> {
        let view = |name: &str| self.ports.iter().find(|view| view.name == name);
        let own = view(port)?;
        own.lag.as_deref().and_then(view).or(Some(own)).filter(|view| view.up)
    }

    /// The VLAN of frames without a tag, on a port of a server.
    fn untagged(&self, port: &str) -> Option<u16> {
        let lit = self.lit.contains(&port);
        self.view(port).filter(|_| lit)?.untagged
    }

    /// The servers that hear a frame of this VLAN. They listen for frames without a tag.
    fn listeners(&self, vlan: u16) -> impl Iterator<Item = &'static str> {
        let servers = VENDORS.servers().into_iter();
        servers
            .filter(move |server| {
                let here = server.cables.iter().filter(|(_, switch, _)| *switch == self.name);
                here.into_iter().any(|(.., port)| self.untagged(port) == Some(vlan))
            })
            .map(|server| server.name)
    }

    /// The tag, if any, with which a VLAN leaves for the other switch; none if it does not.
    fn wire(&self, vlan: u16) -> Option<Option<u16>> {
        let uplink = self.view(self.uplink)?;
        if uplink.untagged == Some(vlan) {
            return Some(None);
        }
        uplink.tagged.contains(vlan).then_some(Some(vlan))
    }

    /// The VLAN of a frame that arrives with this tag from the other switch.
    fn takes(&self, tag: Option<u16>) -> Option<u16> {
        let uplink = self.view(self.uplink)?;
        tag.map_or(uplink.untagged, |tag| uplink.tagged.contains(tag).then_some(tag))
    }
}
