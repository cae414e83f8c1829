//! Which VLAN stands for a VXLAN on a switch: the one that the switch has mapped to its VNI, the one
//! that was asked for, or the lowest that is free, the same on both switches of a pair.
//!
//! Nothing is remembered: what is mapped is read from the switches. A VLAN that is defined for
//! something else is never mapped unless the request names it, because its ports would be joined
//! with the VXLAN's.

use std::collections::BTreeMap;

use model::{SwitchName, Vlan, VlanSet, Vni};

use crate::{error::SwitchError, slice::VlanState};

/// A VXLAN on a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vxlan {
    /// The VXLAN.
    pub vni: Vni,
    /// The VLAN that stands for it on the switch.
    pub vlan: Vlan,
}

/// One switch of those that shall have the same VLAN for a VXLAN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VxlanSide<'a> {
    /// The switch.
    pub switch: &'a SwitchName,
    /// Every VLAN that is defined there.
    pub vlans: &'a BTreeMap<Vlan, VlanState>,
}

/// A wish for the VLAN of a VXLAN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VxlanWish<'a> {
    /// The VXLAN.
    pub vni: Vni,
    /// The VLAN that the request names.
    pub given: Option<Vlan>,
    /// From which one may be chosen.
    pub range: Option<&'a VlanSet>,
    /// Those that other changes are about to define.
    pub taken: &'a VlanSet,
    /// Whether a VLAN that the request names is mapped wherever it lies.
    pub by_request: bool,
}

/// The VLAN that stands for the VXLAN on all these switches, mapped already or to be mapped.
pub(crate) fn choose(sides: &[VxlanSide<'_>], wish: &VxlanWish<'_>) -> Result<Vlan, SwitchError> {
    let VxlanWish { vni, given, range, taken, by_request } = *wish;
    let mut found: Option<(&SwitchName, Vlan)> = None;
    for side in sides {
        let Some(vlan) = mapped(side, vni, None)? else { continue };
        match found {
            Some((other, first)) if first != vlan => {
                return Err(SwitchError::Conflict {
                    what: format!(
                        "VNI {vni} is VLAN {first} on `{other}`, but VLAN {vlan} on `{}`",
                        side.switch
                    ),
                    hint: Some("the switches of a pair need the same: remove one".to_owned()),
                });
            }
            _ => found = found.or(Some((side.switch, vlan))),
        }
    }
    if let (Some((switch, vlan)), Some(given)) = (found, given)
        && vlan != given
    {
        return Err(other_vlan(switch, vni, vlan, given));
    }
    let everywhere = |vlan: &Vlan| {
        sides.iter().all(|side| side.vlans.get(vlan).is_some_and(|state| state.vni == Some(vni)))
    };
    if let Some((_, vlan)) = found.filter(|(_, vlan)| everywhere(vlan)) {
        return Ok(vlan);
    }
    // From here on something has to be mapped.
    let named = given.filter(|_| by_request);
    let Some(range) = range.filter(|range| !range.is_empty()) else {
        return match named {
            Some(vlan) => fit(sides, vni, vlan, true),
            None => Err(not_mapped(sides, vni)),
        };
    };
    match found.map(|(_, vlan)| vlan).or(given) {
        Some(vlan) if named.is_none() && found.is_none() && !range.contains(vlan) => {
            Err(SwitchError::Invalid(format!(
                "native_vlan: VLAN {vlan} is not in `vxlan_vlans`, from which VLANs are mapped to \
                 VNIs ({range})"
            )))
        }
        Some(vlan) => fit(sides, vni, vlan, given.is_some()),
        None => lowest(sides, range, taken),
    }
}

/// The VLAN that is mapped to the VNI on one switch; the one that is named, where there are several.
pub(crate) fn mapped(
    side: &VxlanSide<'_>,
    vni: Vni,
    given: Option<Vlan>,
) -> Result<Option<Vlan>, SwitchError> {
    let all: Vec<Vlan> = side
        .vlans
        .iter()
        .filter(|(_, state)| state.vni == Some(vni))
        .map(|(vlan, _)| *vlan)
        .collect();
    match (all.as_slice(), given) {
        ([], _) => Ok(None),
        ([vlan], Some(given)) if *vlan != given => Err(other_vlan(side.switch, vni, *vlan, given)),
        ([vlan], _) => Ok(Some(*vlan)),
        (several, Some(given)) if several.contains(&given) => Ok(Some(given)),
        (several, _) => {
            let vlans: VlanSet = several.iter().copied().collect();
            Err(SwitchError::Conflict {
                what: format!("VNI {vni} is several VLANs on `{}`: {vlans}", side.switch),
                hint: Some(
                    "remove all but one: `delete_network` with `native_vlan` takes one".to_owned(),
                ),
            })
        }
    }
}

fn other_vlan(switch: &SwitchName, vni: Vni, vlan: Vlan, given: Vlan) -> SwitchError {
    SwitchError::Conflict {
        what: format!("VNI {vni} is VLAN {vlan} on `{switch}`, not VLAN {given}"),
        hint: Some("leave out `native_vlan`, or name the VLAN that is there".to_owned()),
    }
}

fn not_mapped(sides: &[VxlanSide<'_>], vni: Vni) -> SwitchError {
    let without = sides.iter().find(|side| side.vlans.values().all(|state| state.vni != Some(vni)));
    let switch = without.or(sides.first()).map(|side| side.switch.to_string()).unwrap_or_default();
    SwitchError::Conflict {
        what: format!("VNI {vni} is mapped to no VLAN on `{switch}`"),
        hint: Some(
            "map it with `add_network` and a `native_vlan`, or configure `vxlan_vlans` for the \
             switch or its pair, from which a VLAN is then taken"
                .to_owned(),
        ),
    }
}

/// The VLAN, if it can be mapped to the VNI wherever it is not. One that is defined without a VNI
/// serves something else, unless the request names it.
fn fit(sides: &[VxlanSide<'_>], vni: Vni, vlan: Vlan, named: bool) -> Result<Vlan, SwitchError> {
    for side in sides {
        let conflict = |what: String, hint: &str| {
            Err(SwitchError::Conflict { what, hint: Some(hint.to_owned()) })
        };
        match side.vlans.get(&vlan).map(|state| state.vni) {
            Some(Some(other)) if other != vni => {
                return conflict(
                    format!(
                        "VLAN {vlan} on `{}` is mapped to VNI {other}, not to {vni}",
                        side.switch
                    ),
                    "name another VLAN, or delete the network that has this one",
                );
            }
            Some(None) if !named => {
                return conflict(
                    format!(
                        "VNI {vni} is to be VLAN {vlan}, which on `{}` is defined without a VNI",
                        side.switch
                    ),
                    "name the VLAN as `native_vlan` if it is meant, or delete it there",
                );
            }
            _ => {}
        }
    }
    Ok(vlan)
}

fn lowest(sides: &[VxlanSide<'_>], range: &VlanSet, taken: &VlanSet) -> Result<Vlan, SwitchError> {
    let free = |vlan: &Vlan| {
        !taken.contains(*vlan) && sides.iter().all(|side| !side.vlans.contains_key(vlan))
    };
    range.iter().find(free).ok_or_else(|| {
        let switches: Vec<_> = sides.iter().map(|side| format!("`{}`", side.switch)).collect();
        SwitchError::Conflict {
            what: format!(
                "every VLAN of `vxlan_vlans` ({range}) is defined on {}",
                switches.join(" or ")
            ),
            hint: Some("widen `vxlan_vlans`, or delete networks that nobody uses".to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const VNI: u32 = 5000;

    /// VLANs and what they are mapped to, 0 for nothing.
    fn vlans(all: &[(u16, u32)]) -> BTreeMap<Vlan, VlanState> {
        all.iter()
            .map(|(vlan, vni)| {
                let state = VlanState { name: None, vni: Vni::new(*vni).ok() };
                (Vlan::new(*vlan).unwrap(), state)
            })
            .collect()
    }

    fn chosen(
        one: &[(u16, u32)],
        other: &[(u16, u32)],
        given: Option<u16>,
        range: &str,
        by_request: bool,
    ) -> Result<u16, String> {
        let names: [SwitchName; 2] = ["leaf-01", "leaf-02"].map(|name| name.parse().unwrap());
        let (one, other) = (vlans(one), vlans(other));
        let sides = [
            VxlanSide { switch: &names[0], vlans: &one },
            VxlanSide { switch: &names[1], vlans: &other },
        ];
        let range: VlanSet = range.parse().unwrap();
        let wish = VxlanWish {
            vni: Vni::new(VNI).unwrap(),
            given: given.map(|id| Vlan::new(id).unwrap()),
            range: (!range.is_empty()).then_some(&range),
            taken: &"1001".parse().unwrap(),
            by_request,
        };
        choose(&sides, &wish).map(Vlan::get).map_err(|error| error.to_string())
    }

    #[rstest]
    #[case::lowest_free(&[], &[], None, "1000-1003", Ok(1000))]
    #[case::free_on_both(&[(1000, 0)], &[(1002, 7)], None, "1000-1003", Ok(1003))]
    #[case::taken_by_another_change(&[(1000, 0)], &[], None, "1000-1003", Ok(1002))]
    #[case::mapped(&[(50, VNI)], &[(50, VNI)], None, "", Ok(50))]
    #[case::mapped_on_one(&[(1003, VNI)], &[], None, "1000-1003", Ok(1003))]
    #[case::given(&[], &[], Some(1002), "1000-1003", Ok(1002))]
    #[case::given_and_defined(&[(1002, 0)], &[], Some(1002), "1000-1003", Ok(1002))]
    #[case::given_and_mapped(&[(50, VNI)], &[(50, VNI)], Some(50), "", Ok(50))]
    #[case::full(
        &[(1000, 0), (1001, 0)], &[(1002, 0)], None, "1000-1002",
        Err("every VLAN of `vxlan_vlans` (1000-1002) is defined on `leaf-01` or `leaf-02`")
    )]
    #[case::no_range(&[], &[], None, "", Err("VNI 5000 is mapped to no VLAN on `leaf-01`"))]
    #[case::no_range_on_one(
        &[(50, VNI)], &[], None, "", Err("VNI 5000 is mapped to no VLAN on `leaf-02`")
    )]
    #[case::no_range_given(&[], &[], Some(50), "", Err("VNI 5000 is mapped to no VLAN on `leaf-01`"))]
    #[case::outside(
        &[], &[], Some(50), "1000-1003",
        Err("native_vlan: VLAN 50 is not in `vxlan_vlans`, from which VLANs are mapped to VNIs (1000-1003)")
    )]
    #[case::disagreement(
        &[(50, VNI)], &[(51, VNI)], None, "1000-1003",
        Err("VNI 5000 is VLAN 50 on `leaf-01`, but VLAN 51 on `leaf-02`")
    )]
    #[case::several(
        &[(50, VNI), (51, VNI)], &[], None, "1000-1003",
        Err("VNI 5000 is several VLANs on `leaf-01`: 50-51")
    )]
    #[case::another_given(
        &[(50, VNI)], &[(50, VNI)], Some(51), "1000-1003",
        Err("VNI 5000 is VLAN 50 on `leaf-01`, not VLAN 51")
    )]
    #[case::of_another_vni(
        &[(1003, VNI)], &[(1003, 7)], None, "1000-1003",
        Err("VLAN 1003 on `leaf-02` is mapped to VNI 7, not to 5000")
    )]
    #[case::of_something_else(
        &[(1003, VNI)], &[(1003, 0)], None, "1000-1003",
        Err("VNI 5000 is to be VLAN 1003, which on `leaf-02` is defined without a VNI")
    )]
    fn the_vlan_of_a_vxlan(
        #[case] one: &[(u16, u32)],
        #[case] other: &[(u16, u32)],
        #[case] given: Option<u16>,
        #[case] range: &str,
        #[case] want: Result<u16, &str>,
    ) {
        assert_eq!(chosen(one, other, given, range, false), want.map_err(str::to_owned));
    }

    #[rstest]
    #[case(&[], &[], Some(50), "", Ok(50))]
    #[case(&[], &[(50, 0)], Some(50), "1000-1003", Ok(50))]
    #[case(&[], &[(50, 7)], Some(50), "", Err("VLAN 50 on `leaf-02` is mapped to VNI 7, not to 5000"))]
    #[case(&[], &[], None, "", Err("VNI 5000 is mapped to no VLAN on `leaf-01`"))]
    fn a_network_may_be_given_any_vlan(
        #[case] one: &[(u16, u32)],
        #[case] other: &[(u16, u32)],
        #[case] given: Option<u16>,
        #[case] range: &str,
        #[case] want: Result<u16, &str>,
    ) {
        assert_eq!(chosen(one, other, given, range, true), want.map_err(str::to_owned));
    }
}
