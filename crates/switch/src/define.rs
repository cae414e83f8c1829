//! The VLANs that ports are put into have to be defined where a switch wants that: a port in a VLAN
//! that is not there carries nothing, and says nothing about it.

use model::{Vlan, VlanSet};

use crate::{
    capability::VlanDatabase,
    error::SwitchError,
    intent::Facts,
    slice::{Slice, VlanState},
    vxlan::Vxlan,
};

/// What may be defined on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Definitions<'a> {
    /// Whether VLANs that are missing are defined rather than refused.
    pub create: bool,
    /// The VLAN whose name is known, for when it is defined.
    pub named: Option<(Vlan, &'a str)>,
    /// The VXLAN whose VLAN is defined and mapped, if it is not.
    pub vxlan: Option<Vxlan>,
}

/// Adds the definitions that are missing to what is wanted, or refuses them by name.
pub(crate) fn define(
    wanted: &mut Slice,
    needed: &VlanSet,
    definitions: &Definitions<'_>,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    if facts.capabilities.vlan_database == VlanDatabase::Implicit {
        return Ok(());
    }
    let Definitions { create, named, vxlan } = *definitions;
    let fresh = |vlan: Vlan| VlanState {
        name: named.filter(|(of, _)| *of == vlan).map(|(_, name)| name.to_owned()),
        vni: None,
    };
    if let Some(Vxlan { vni, vlan }) = vxlan {
        wanted.vlans.entry(vlan).or_insert_with(|| fresh(vlan)).vni = Some(vni);
    }
    let missing: VlanSet = needed.iter().filter(|vlan| !wanted.vlans.contains_key(vlan)).collect();
    if !missing.is_empty() && !create {
        let one = missing.len() == 1;
        let what = if one { "VLAN" } else { "VLANs" };
        let verb = if one { "is" } else { "are" };
        return Err(SwitchError::Conflict {
            what: format!("{what} {missing} {verb} not defined on `{}`", facts.switch),
            hint: Some(format!(
                "`add_network` defines a VLAN; with `create_vlans = true` in `[switch.{}]` the \
                 service defines those that it needs",
                facts.switch
            )),
        });
    }
    wanted.vlans.extend(missing.iter().map(|vlan| (vlan, fresh(vlan))));
    Ok(())
}

/// Leaves out the VLANs that stay as they are: nothing is done to them, so nothing of them is read
/// again and compared.
pub(crate) fn without_unchanged(observed: &mut Slice, wanted: &mut Slice) {
    let same = |vlan: &Vlan| observed.vlans.get(vlan) == wanted.vlans.get(vlan);
    let unchanged: Vec<Vlan> = observed.vlans.keys().copied().filter(|vlan| same(vlan)).collect();
    for vlan in unchanged {
        observed.vlans.remove(&vlan);
        wanted.vlans.remove(&vlan);
    }
}

#[cfg(test)]
mod tests {
    use model::Vni;
    use rstest::rstest;

    use super::*;
    use crate::{Capabilities, intent::SafeState};

    fn vlan(id: u16) -> Vlan {
        Vlan::new(id).unwrap()
    }

    /// What is planned for VLANs on a switch that has VLAN 10, or what is refused.
    fn defined(needed: &str, definitions: &Definitions<'_>, database: VlanDatabase) -> String {
        let mut observed =
            Slice { vlans: [(vlan(10), VlanState::default())].into(), ..Slice::default() };
        let mut wanted = observed.clone();
        let capabilities = Capabilities { vlan_database: database, ..Capabilities::NONE };
        let switch = "leaf-01".parse().unwrap();
        let facts = Facts { switch: &switch, capabilities: &capabilities, safe: SafeState::Closed };
        if let Err(error) = define(&mut wanted, &needed.parse().unwrap(), definitions, &facts) {
            return error.to_string();
        }
        without_unchanged(&mut observed, &mut wanted);
        let changes = crate::plan(&observed, &wanted);
        changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[rstest]
    #[case("10", false, "")]
    #[case("11", false, "VLAN 11 is not defined on `leaf-01`")]
    #[case("10-12,20", false, "VLANs 11-12,20 are not defined on `leaf-01`")]
    #[case("10-12", true, "create VLAN 11; create VLAN 12 named blue")]
    #[case("", true, "")]
    fn vlans_have_to_be_defined(#[case] needed: &str, #[case] create: bool, #[case] want: &str) {
        let may = Definitions { create, named: Some((vlan(12), "blue")), vxlan: None };
        assert_eq!(defined(needed, &may, VlanDatabase::Explicit), want);
        assert_eq!(defined(needed, &may, VlanDatabase::Implicit), "");
    }

    #[rstest]
    #[case(10, "map VLAN 10 to VNI 5000")]
    #[case(12, "create VLAN 12 named blue; map VLAN 12 to VNI 5000")]
    fn the_vlan_of_a_vxlan_is_mapped(#[case] id: u16, #[case] want: &str) {
        let vxlan = Some(Vxlan { vni: Vni::new(5000).unwrap(), vlan: vlan(id) });
        let may = Definitions { create: false, named: Some((vlan(12), "blue")), vxlan };
        assert_eq!(defined(&id.to_string(), &may, VlanDatabase::Explicit), want);
    }
}
