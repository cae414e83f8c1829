//! VLANs: they are made when their mode is left.

use super::super::chassis::Vlan;
use super::super::grammar::Values;
use super::commands::Act;
use super::{Ios, Mode, Session};
use crate::ssh::device::Reply;
use crate::ssh::vlans::VlanSet;

/// Longest name with VTP version 1 and 2.
const MAX_NAME: usize = 32;

impl Ios {
    pub(super) fn vlan(&mut self, session: &mut Session, act: Act, values: &Values) -> Reply {
        if self.vtp() == "client" {
            return Reply::text(
                "VTP VLAN configuration not allowed when device is in CLIENT mode.",
            );
        }
        let vlans: Vec<u16> = values.vlans().iter().collect();
        if act == Act::NoVlan {
            if let Some(vlan) = vlans.iter().find(|vlan| matches!(vlan, 1 | 1002..=1005)) {
                return Reply::text(format!("%Default VLAN {vlan} may not be deleted."));
            }
            for vlan in vlans {
                self.running.vlans.remove(&vlan);
            }
            return Reply::silent();
        }
        let internal = self.internal_vlans();
        if let Some(vlan) = vlans.iter().find(|vlan| internal.contains_key(vlan)) {
            return Reply::text(format!(
                "VLAN id: {vlan} is an internal vlan id - cannot use it to create a VTP VLAN."
            ));
        }
        let left = self.leave_vlans(session);
        session.mode = Mode::Vlans(vlans);
        Reply::text(left)
    }

    pub(super) fn vlan_name(&self, session: &mut Session, name: &str) -> Reply {
        if name.len() > MAX_NAME {
            return Reply::text(
                "%You must disable VTPv1 and VTPv2 or switch to VTPv3 before configuring a VLAN \
                 name longer than 32 characters",
            );
        }
        session.names.push(Some(name.to_owned()));
        Reply::silent()
    }

    /// Makes the VLANs of the mode, and says which could not be made.
    pub(super) fn leave_vlans(&mut self, session: &mut Session) -> String {
        let names = std::mem::take(&mut session.names);
        let Mode::Vlans(ids) = &session.mode else {
            return String::new();
        };
        let takes_extended = matches!(self.vtp(), "transparent" | "off");
        let mut failed = VlanSet::none();
        for id in ids {
            if *id > 1005 && !takes_extended {
                failed.insert(*id);
                continue;
            }
            let vlan = self.running.vlans.entry(*id).or_default();
            for name in &names {
                vlan.name.clone_from(name);
            }
        }
        if failed.is_empty() {
            return String::new();
        }
        format!(
            "% Failed to create VLANs {failed}\nExtended VLAN(s) not allowed in current VTP mode.\n\
             %Failed to commit extended VLAN(s) changes.\n\n"
        )
    }
}

/// The VLAN's name, or the one that IOS gives.
pub(super) fn name_of(id: u16, vlan: &Vlan) -> String {
    vlan.name.clone().unwrap_or_else(|| match id {
        1 => "default".to_owned(),
        1002 => "fddi-default".to_owned(),
        1003 => "token-ring-default".to_owned(),
        1004 => "fddinet-default".to_owned(),
        1005 => "trnet-default".to_owned(),
        _ => format!("VLAN{id:04}"),
    })
}
