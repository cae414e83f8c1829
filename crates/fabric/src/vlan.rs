//! The VLAN rules of one port: what comes in, what goes out, and with which tags.
//!
//! The source is ovs-vswitchd.conf.db(5), Port table, "VLAN Configuration". Two things it leaves
//! open are taken from how Open vSwitch behaves: a mode that needs a `tag` and has none works on
//! VLAN 0 (and then a native port takes untagged frames in that its `trunks` would not let out),
//! and a port with a native VLAN other than 0 never carries VLAN 0. An integration test holds the
//! rules against `ofproto/trace` of a real `ovs-vswitchd`.

use std::collections::BTreeSet;

use crate::ovsdb::database::Row;
use crate::ovsdb::value::{Atom, Datum};

/// Most tags on a frame, so that two tunnel ports cabled to each other cannot grow one for ever.
/// Open vSwitch looks at two.
const MAX_TAGS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Access,
    Trunk,
    NativeTagged,
    NativeUntagged,
    Tunnel,
}

/// A frame inside a switch: its VLAN, and the tags that the switch does not look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Inside {
    pub(crate) vlan: u16,
    pub(crate) inner: Vec<u16>,
}

/// How one port maps frames on the wire to VLANs and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VlanRules {
    mode: Mode,
    tag: u16,
    trunks: BTreeSet<u16>,
    customers: BTreeSet<u16>,
}

impl VlanRules {
    /// The rules that a row of the Port table asks for.
    pub(crate) fn of(port: &Row) -> Self {
        let tag = vlans(&port.get("tag")).first().copied();
        let mode = match (port.text("vlan_mode"), tag) {
            ("access", _) | ("", Some(_)) => Mode::Access,
            ("native-tagged", _) => Mode::NativeTagged,
            ("native-untagged", _) => Mode::NativeUntagged,
            ("dot1q-tunnel", _) => Mode::Tunnel,
            _ => Mode::Trunk,
        };
        Self {
            mode,
            tag: tag.unwrap_or(0),
            trunks: vlans(&port.get("trunks")),
            customers: vlans(&port.get("cvlans")),
        }
    }

    /// The frame as the switch sees it, or `None` when the port drops it. `wire` holds the tags
    /// from the outside in.
    pub(crate) fn ingress(&self, wire: &[u16]) -> Option<Inside> {
        // A priority tag, VLAN 0, is as good as none.
        let (outer, rest) = match wire.split_first() {
            Some((0, rest)) => (None, rest),
            Some((outer, rest)) => (Some(*outer), rest),
            None => (None, wire),
        };
        let (vlan, inner) = match (self.mode, outer) {
            (Mode::Access, Some(_)) => return None,
            (Mode::Access, None) => (self.tag, rest.to_vec()),
            (Mode::Trunk, outer) => (outer.unwrap_or(0), rest.to_vec()),
            (Mode::NativeTagged | Mode::NativeUntagged, outer) => {
                (outer.unwrap_or(self.tag), rest.to_vec())
            }
            (Mode::Tunnel, outer) => {
                (self.tag, outer.into_iter().chain(rest.iter().copied()).collect())
            }
        };
        let inside = Inside { vlan, inner };
        let is_native = matches!(self.mode, Mode::NativeTagged | Mode::NativeUntagged);
        let is_taken = (is_native && outer.is_none()) || self.carries(&inside);
        (is_taken && inside.inner.len() < MAX_TAGS).then_some(inside)
    }

    /// The tags that the frame leaves with, or `None` when it does not leave here.
    pub(crate) fn egress(&self, frame: &Inside) -> Option<Vec<u16>> {
        if !self.carries(frame) {
            return None;
        }
        let is_bare = match self.mode {
            Mode::Access | Mode::Tunnel => true,
            Mode::NativeUntagged => frame.vlan == self.tag,
            Mode::Trunk | Mode::NativeTagged => false,
        };
        let outer = (!is_bare && frame.vlan != 0).then_some(frame.vlan);
        Some(outer.into_iter().chain(frame.inner.iter().copied()).collect())
    }

    fn carries(&self, frame: &Inside) -> bool {
        let is_trunked = self.trunks.is_empty() || self.trunks.contains(&frame.vlan);
        match self.mode {
            Mode::Access => frame.vlan == self.tag,
            Mode::Trunk => is_trunked,
            Mode::NativeTagged | Mode::NativeUntagged if self.tag != 0 => {
                frame.vlan == self.tag || (frame.vlan != 0 && is_trunked)
            }
            Mode::NativeTagged | Mode::NativeUntagged => is_trunked,
            Mode::Tunnel => {
                let customer = frame.inner.first().copied().unwrap_or(0);
                frame.vlan == self.tag
                    && (self.customers.is_empty() || self.customers.contains(&customer))
            }
        }
    }
}

fn vlans(datum: &Datum) -> BTreeSet<u16> {
    datum
        .atoms()
        .filter_map(|atom| match atom {
            Atom::Integer(number) => u16::try_from(*number).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(mode: Mode, tag: u16, trunks: &[u16]) -> VlanRules {
        let trunks = trunks.iter().copied().collect();
        VlanRules { mode, tag, trunks, customers: BTreeSet::new() }
    }

    /// Mode, tag, trunks, tag on the wire, VLAN inside (`None`: dropped).
    type Ingress = (Mode, u16, &'static [u16], Option<u16>, Option<u16>);

    /// Mode, tag, trunks, VLAN inside, tags on the wire (`None`: does not leave).
    type Egress = (Mode, u16, &'static [u16], u16, Option<&'static [u16]>);

    #[test]
    fn a_frame_comes_in_on_the_vlan_that_the_manual_says() {
        use Mode::{Access, NativeTagged, NativeUntagged, Trunk};
        let (none, some) = (None::<u16>, Some::<u16>);
        let cases: &[Ingress] = &[
            (Access, 100, &[], none, some(100)),
            (Access, 100, &[], some(0), some(100)),
            (Access, 100, &[], some(100), none),
            (Access, 100, &[], some(200), none),
            (Access, 100, &[200], some(200), none),
            (Access, 0, &[], none, some(0)),
            (Trunk, 0, &[], none, some(0)),
            (Trunk, 0, &[], some(300), some(300)),
            (Trunk, 0, &[100, 200], some(100), some(100)),
            (Trunk, 0, &[100, 200], some(300), none),
            (Trunk, 0, &[100, 200], none, none),
            (Trunk, 0, &[0, 200], none, some(0)),
            (NativeUntagged, 100, &[200], none, some(100)),
            (NativeUntagged, 100, &[200], some(100), some(100)),
            (NativeUntagged, 100, &[200], some(200), some(200)),
            (NativeUntagged, 100, &[200], some(300), none),
            (NativeUntagged, 100, &[], some(300), some(300)),
            (NativeTagged, 100, &[200], none, some(100)),
            (NativeTagged, 100, &[200], some(300), none),
        ];
        for &(mode, tag, trunks, wire, expected) in cases {
            let wire: Vec<u16> = wire.into_iter().collect();
            let inside = rules(mode, tag, trunks).ingress(&wire).map(|frame| frame.vlan);
            assert_eq!(inside, expected, "{mode:?} {tag} {trunks:?} <- {wire:?}");
        }
    }

    #[test]
    fn a_frame_goes_out_with_the_tag_that_the_manual_says() {
        use Mode::{Access, NativeTagged, NativeUntagged, Trunk};
        let cases: &[Egress] = &[
            (Access, 100, &[], 100, Some(&[])),
            (Access, 100, &[], 200, None),
            (Access, 100, &[200], 200, None),
            (Trunk, 0, &[], 100, Some(&[100])),
            (Trunk, 0, &[], 0, Some(&[])),
            (Trunk, 0, &[200], 100, None),
            (NativeUntagged, 100, &[200], 100, Some(&[])),
            (NativeUntagged, 100, &[200], 200, Some(&[200])),
            (NativeUntagged, 100, &[200], 300, None),
            (NativeUntagged, 100, &[0, 200], 0, None),
            (NativeTagged, 100, &[200], 100, Some(&[100])),
            (NativeTagged, 100, &[], 0, None),
        ];
        for &(mode, tag, trunks, vlan, expected) in cases {
            let wire = rules(mode, tag, trunks).egress(&Inside { vlan, inner: vec![] });
            assert_eq!(wire.as_deref(), expected, "{mode:?} {tag} {trunks:?} -> {vlan}");
        }
    }

    #[test]
    fn a_tunnel_hides_the_customers_tag_and_gives_it_back() {
        let tunnel = rules(Mode::Tunnel, 500, &[]);
        let inside = tunnel.ingress(&[7]).unwrap();
        assert_eq!(inside, Inside { vlan: 500, inner: vec![7] });
        assert_eq!(rules(Mode::Trunk, 0, &[]).egress(&inside), Some(vec![500, 7]));
        assert_eq!(tunnel.egress(&inside), Some(vec![7]));
        let picky = VlanRules { customers: BTreeSet::from([8]), ..tunnel };
        assert_eq!(picky.ingress(&[7]), None);
    }
}
