//! Who hears a broadcast frame, worked out from the forwarding planes and the cables.
//!
//! Every switch floods: there is no MAC learning, so the answer is who *can* hear, which is what
//! isolation is about. A switch floods the same frame on the same VLAN once, so loops between
//! switches end where spanning tree would have cut them. A server with two legs on two switches
//! hears a frame on both; an MLAG pair's peer filter is not simulated.

use std::collections::{BTreeSet, VecDeque};

use serde::Serialize;

use crate::plane::{Planes, members};
use crate::vlan::Inside;
use crate::wiring::{NicRef, Peer, PortRef, Wiring};

/// One server interface that heard a frame.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Heard {
    /// The server.
    pub host: String,
    /// Its interface.
    pub nic: String,
    /// The outermost 802.1Q tag that the frame arrived with.
    pub tag: Option<u16>,
}

/// Sends a frame from an interface and collects who hears it, in order of their names.
pub(crate) fn flood(
    from: &NicRef,
    tag: Option<u16>,
    planes: &Planes,
    wiring: &Wiring,
) -> Vec<Heard> {
    let mut heard = BTreeSet::new();
    let mut flooded: BTreeSet<(String, String, Inside)> = BTreeSet::new();
    let mut arrivals: VecDeque<(PortRef, Vec<u16>)> = wiring
        .port_of(from)
        .cloned()
        .map(|port| (port, tag.into_iter().collect()))
        .into_iter()
        .collect();
    while let Some((at, wire)) = arrivals.pop_front() {
        if !wiring.is_up(&at) {
            continue;
        }
        let Some((name, bridge, entry)) =
            planes.get(&at.switch).and_then(|plane| plane.port_with(&at.port))
        else {
            continue;
        };
        if !members(&at.switch, entry, planes, wiring).accepts(&at.port) {
            continue;
        }
        let Some(frame) = entry.vlans.ingress(&wire) else {
            continue;
        };
        if !flooded.insert((at.switch.clone(), name.to_owned(), frame.clone())) {
            continue;
        }
        for exit in bridge.ports.iter().filter(|port| port.name != entry.name) {
            if exit.is_protected && entry.is_protected {
                continue;
            }
            let Some(wire) = exit.vlans.egress(&frame) else {
                continue;
            };
            let state = members(&at.switch, exit, planes, wiring);
            let Some(member) = state.way_out(frame.vlan) else {
                continue;
            };
            let out = PortRef::new(at.switch.as_str(), member);
            if !wiring.is_up(&out) {
                continue;
            }
            match wiring.peer(&out) {
                Some(Peer::Port(next)) => arrivals.push_back((next.clone(), wire)),
                Some(Peer::Nic(nic)) => {
                    heard.insert(Heard {
                        host: nic.host.clone(),
                        nic: nic.nic.clone(),
                        tag: wire.first().copied(),
                    });
                }
                None => {}
            }
        }
    }
    heard.into_iter().collect()
}

#[cfg(test)]
mod tests;
