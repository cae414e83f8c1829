//! VXLANs: what the library was told about mapping VLANs to VNIs, and what a profile wants to know.
//!
//! There, each system has options of its own; here, a profile that maps VNIs says which it needs,
//! so an option is carried over where the profile has one that means the same.

use super::{
    device::{Device, System},
    draft::Draft,
    options::is_true,
    row::{Fate, Section},
};

/// The library's options, and what is said of one that has no counterpart in a profile that maps
/// VNIs.
const NAMES: &[(&str, &str)] = &[
    ("ngs_evpn_vni_config", "the profile says what EVPN has to know of a VNI"),
    ("ngs_bgp_asn", "the profile needs no number of a BGP process for a VNI"),
    ("ngs_bum_replication_mode", "the profile has one way of flooding, which is EVPN's"),
    ("ngs_mcast_group_base", GROUPS),
    ("ngs_mcast_group_increment", GROUPS),
    ("ngs_mcast_group_map", GROUPS),
    ("ngs_vxlan_interface", INTERFACE),
    ("vxlan_interface", INTERFACE),
    ("ngs_nve_interface", INTERFACE),
    ("ngs_vtep_name", INTERFACE),
    ("vtep_name", INTERFACE),
    ("ngs_evpn_route_target", "a VNI's route target is the ASN and the VNI"),
    ("ngs_her_flood_list", FLOODING),
    ("ngs_physnet_her_flood", FLOODING),
];

const GROUPS: &str = "no VNI has a multicast group of its own";
const INTERFACE: &str = "the profile names the interface; another one needs a profile of your own";
const FLOODING: &str = "switches are flooded to as EVPN says, by no list";

/// What becomes of an option about VNIs; nothing if it is none.
pub(super) fn option(
    draft: &mut Draft,
    section: &Section<'_>,
    option: &str,
    value: &str,
) -> Option<Fate> {
    let (_, why) = NAMES.iter().find(|(name, _)| *name == option)?;
    Some(match draft.device.clone() {
        Device::Ssh(system) if system.profile.capabilities.vxlan => {
            known(draft, &system, section, option, value).unwrap_or_else(|| Fate::nothing(*why))
        }
        Device::Ssh(system) => {
            Fate::nothing(format!("the profile `{}` maps no VLANs to VNIs", system.profile.name))
        }
        Device::Memory => Fate::nothing("a switch in memory needs no options for a VNI"),
        Device::Other(_) | Device::Unnamed => draft.undriven(option, value),
    })
}

/// What becomes of one that the profile has a counterpart for.
fn known(
    draft: &mut Draft,
    system: &System,
    section: &Section<'_>,
    option: &str,
    value: &str,
) -> Option<Fate> {
    let has = |name: &str| system.profile.options.contains_key(name);
    let evpn = || section.first("ngs_evpn_vni_config").is_some_and(is_true);
    match option {
        "ngs_vtep_name" | "vtep_name" if has("vtep") => {
            // The older name counts only where the newer is not.
            let superseded = option == "vtep_name" && section.first("ngs_vtep_name").is_some();
            Some(if superseded {
                Fate::nothing("`ngs_vtep_name` counts")
            } else {
                set(draft, system, "vtep", value)
            })
        }
        "ngs_bgp_asn" if has("bgp_asn") => Some(set(draft, system, "bgp_asn", value)),
        "ngs_bgp_asn" if has("route_target_as") && evpn() => {
            Some(set(draft, system, "route_target_as", value))
        }
        "ngs_bum_replication_mode" if has("vni_flooding") => Some(match value {
            "ingress-replication" => set(draft, system, "vni_flooding", "bgp"),
            _ => Fate::nothing(
                "VNIs had a group each; the option `vni_flooding` is one group for all, or `bgp`",
            ),
        }),
        _ => None,
    }
}

/// Gives the profile an option, if it takes this value.
fn set(draft: &mut Draft, system: &System, name: &str, value: &str) -> Fate {
    if !draft.option(name, value.trim()) {
        return Fate::unknown(format!("`{}` takes no such `{name}`", system.profile.name));
    }
    draft.remarks.push(
        "VLANs are mapped to VNIs; `vxlan_vlans` says from which VLANs one is taken, where no \
         request names it"
            .to_owned(),
    );
    Fate::carried(&format!("ssh.options.{name}"))
}
