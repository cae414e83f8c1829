//! The kinds of change that have a template each, and what their templates see.

use switch::Change;

use crate::ssh_cli::profile::schema::RawRender;

/// A kind of change, as far as templates tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the member of `[render]` of the same name")]
pub enum Kind {
    CreateVlan,
    DeleteVlan,
    MapVni,
    UnmapVni,
    SetVlans,
    SetAdmin,
    SetDescription,
    SetMtu,
    SetStpEdge,
    SetBpduGuard,
    CreateLag,
    DeleteLag,
    SetLag,
    AddMember,
    RemoveMember,
}

/// What the templates about a port or LAG see.
macro_rules! about_port {
    ($($name:literal),*) => { &["options", "port", "is_lag", "number", "state", $($name),*] };
}

impl Kind {
    /// All, in the order of the reference.
    pub const ALL: [Self; 15] = [
        Self::CreateVlan,
        Self::DeleteVlan,
        Self::MapVni,
        Self::UnmapVni,
        Self::SetVlans,
        Self::SetAdmin,
        Self::SetDescription,
        Self::SetMtu,
        Self::SetStpEdge,
        Self::SetBpduGuard,
        Self::CreateLag,
        Self::DeleteLag,
        Self::SetLag,
        Self::AddMember,
        Self::RemoveMember,
    ];

    /// The kind of a change.
    pub const fn of(change: &Change) -> Self {
        match change {
            Change::CreateVlan { .. } => Self::CreateVlan,
            Change::DeleteVlan { .. } => Self::DeleteVlan,
            Change::MapVni { .. } => Self::MapVni,
            Change::UnmapVni { .. } => Self::UnmapVni,
            Change::RemoveAllowed { .. }
            | Change::AddAllowed { .. }
            | Change::SetNative { .. }
            | Change::SetVlans { .. } => Self::SetVlans,
            Change::SetAdmin { .. } => Self::SetAdmin,
            Change::SetDescription { .. } => Self::SetDescription,
            Change::SetMtu { .. } => Self::SetMtu,
            Change::SetStpEdge { .. } => Self::SetStpEdge,
            Change::SetBpduGuard { .. } => Self::SetBpduGuard,
            Change::CreateLag { .. } => Self::CreateLag,
            Change::DeleteLag { .. } => Self::DeleteLag,
            Change::SetLag { .. } => Self::SetLag,
            Change::AddMember { .. } => Self::AddMember,
            Change::RemoveMember { .. } => Self::RemoveMember,
        }
    }

    /// The member of `[render]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateVlan => "create_vlan",
            Self::DeleteVlan => "delete_vlan",
            Self::MapVni => "map_vni",
            Self::UnmapVni => "unmap_vni",
            Self::SetVlans => "set_vlans",
            Self::SetAdmin => "set_admin",
            Self::SetDescription => "set_description",
            Self::SetMtu => "set_mtu",
            Self::SetStpEdge => "set_stp_edge",
            Self::SetBpduGuard => "set_bpdu_guard",
            Self::CreateLag => "create_lag",
            Self::DeleteLag => "delete_lag",
            Self::SetLag => "set_lag",
            Self::AddMember => "add_member",
            Self::RemoveMember => "remove_member",
        }
    }

    /// The template's key in the file.
    pub(super) fn at(self) -> String {
        format!("render.{}", self.name())
    }

    /// The template, if the profile has one.
    pub const fn source(self, raw: &RawRender) -> Option<&String> {
        match self {
            Self::CreateVlan => raw.create_vlan.as_ref(),
            Self::DeleteVlan => raw.delete_vlan.as_ref(),
            Self::MapVni => raw.map_vni.as_ref(),
            Self::UnmapVni => raw.unmap_vni.as_ref(),
            Self::SetVlans => raw.set_vlans.as_ref(),
            Self::SetAdmin => raw.set_admin.as_ref(),
            Self::SetDescription => raw.set_description.as_ref(),
            Self::SetMtu => raw.set_mtu.as_ref(),
            Self::SetStpEdge => raw.set_stp_edge.as_ref(),
            Self::SetBpduGuard => raw.set_bpdu_guard.as_ref(),
            Self::CreateLag => raw.create_lag.as_ref(),
            Self::DeleteLag => raw.delete_lag.as_ref(),
            Self::SetLag => raw.set_lag.as_ref(),
            Self::AddMember => raw.add_member.as_ref(),
            Self::RemoveMember => raw.remove_member.as_ref(),
        }
    }

    /// The variables that the template sees. [`super::scene`] puts in exactly these.
    pub const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::CreateVlan | Self::DeleteVlan => &["options", "vlan", "name"],
            Self::MapVni | Self::UnmapVni => &["options", "vlan", "vni"],
            Self::SetVlans => about_port!("from", "to", "leave", "join"),
            Self::SetAdmin
            | Self::SetDescription
            | Self::SetMtu
            | Self::SetStpEdge
            | Self::SetBpduGuard => about_port!("from", "to"),
            Self::CreateLag | Self::DeleteLag => {
                about_port!("lag", "settings", "config", "members")
            }
            Self::SetLag => about_port!("lag", "from", "to", "members"),
            Self::AddMember => about_port!("lag", "settings", "members", "lag_config", "from"),
            Self::RemoveMember => about_port!("lag", "settings", "members", "lag_config", "to"),
        }
    }
}
