//! The policy: which caller may do what, on which port of which switch, with which VLANs.
//!
//! The network team owns the file. The service reads it, never writes it, and asks it before
//! anything else looks at a request. What the policy does not say is refused: the empty policy
//! ([`Policy::default`]) lets nobody do anything, an empty list matches nothing, and a file with
//! one mistake in it is refused whole, because half a policy is a different policy.
//!
//! ```toml
//! version = 1
//!
//! [[protected]]                    # refused for every verb but `read`, whatever the rules say
//! name = "uplinks"
//! switches = ["leaf-*"]
//! ports = ["isl0", "swp[49-52]"]   # `*` protects the switch itself too: its VLANs and its saving
//! reason = "inter-switch links"
//!
//! [[rule]]
//! name = "rack-12"
//! callers = ["ironic", "cli-*"]
//! verbs = ["attach", "detach", "update", "read"]   # or "*"
//! switches = ["leaf-0[1-2]"]
//! ports = ["swp[1-48]", "Ethernet1/[1-48]"]
//! vlans = "100-199"
//! vnis = "10000-10999"
//! ```
//!
//! A request is allowed when **one** rule covers its caller, verb, switch, port and every VLAN and
//! VNI of it. Rules do not add up: "rack 12 with its VLANs" and "rack 13 with its VLANs" must not
//! make "rack 12 with the VLANs of rack 13". The price is that a request over two rules' ground is
//! refused, and its refusal names the rule that came closest.
//!
//! There is no "deny" rule and no order of rules, so a file can be read from any place in it;
//! [`protected`](Policy::protected_names) is the one exception, and it only takes away.
//!
//! The decision is a plain function of policy and request: no I/O, no clock.

mod decide;
mod error;
mod parse;
mod pattern;
mod vni_set;

#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use model::{PortName, SwitchName, VlanSet, Vni};
use serde::{Deserialize, Serialize};

pub use error::{PolicyError, Problem};
pub use vni_set::VniSet;

pub use pattern::Patterns;

/// What a caller wants to do, as the policy and the audit log name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Look at a port or a switch, plan, verify; nothing changes.
    Read,
    /// Put a port or LAG on a network.
    Attach,
    /// Take a port or LAG off its network, into the switch's idle state.
    Detach,
    /// Change a port or LAG that is attached.
    Update,
    /// Make a VLAN known to a switch.
    AddNetwork,
    /// Make a switch forget a VLAN.
    DeleteNetwork,
    /// Save the switch's configuration now.
    Flush,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 7] = [
        Self::Read,
        Self::Attach,
        Self::Detach,
        Self::Update,
        Self::AddNetwork,
        Self::DeleteNetwork,
        Self::Flush,
    ];

    /// The verb as the policy file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Attach => "attach",
            Self::Detach => "detach",
            Self::Update => "update",
            Self::AddNetwork => "add_network",
            Self::DeleteNetwork => "delete_network",
            Self::Flush => "flush",
        }
    }

    /// Whether the verb changes anything on a switch; protected ports refuse those that do.
    pub const fn changes(self) -> bool {
        !matches!(self, Self::Read)
    }

    /// Whether the verb is about a port, so that a request without one cannot be allowed.
    pub const fn needs_port(self) -> bool {
        matches!(self, Self::Attach | Self::Detach | Self::Update)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = model::Invalid;

    fn from_str(text: &str) -> Result<Self, model::Invalid> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            model::Invalid::new("verb", text, format!("is none of {names}"))
        })
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Verbs(u8);

impl Verbs {
    fn add(&mut self, verb: Verb) {
        self.0 |= verb.bit();
    }

    fn contains(self, verb: Verb) -> bool {
        self.0 & verb.bit() != 0
    }
}

/// One question to the policy.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks: the name under which the caller authenticated.
    pub caller: &'a str,
    /// What it wants to do.
    pub verb: Verb,
    /// On which switch.
    pub switch: &'a SwitchName,
    /// On which port, by the switch's own name for it. A LAG is asked about member by member.
    pub port: Option<&'a PortName>,
    /// Every VLAN that the request brings into play.
    pub vlans: &'a VlanSet,
    /// Every VNI that the request brings into play.
    pub vnis: &'a [Vni],
}

/// The policy's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed, by this rule.
    Allowed {
        /// The first rule of the file that covers the request.
        rule: String,
    },
    /// Refused.
    Refused(Refusal),
}

impl Decision {
    /// Whether the request is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

/// Why the policy refuses a request.
///
/// `Display` is the reason alone, as a clause that follows "port `swp4` on `leaf-01` refused: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// The rule that came closest, or the protected entry that forbids it; `None` when no rule
    /// concerns the caller at all.
    pub rule: Option<String>,
    /// What about it failed; holds the rule's name.
    pub reason: String,
}

/// Who may do what; see the [module](self).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    protected: Vec<Protected>,
    rules: Vec<Rule>,
}

/// A `[[protected]]` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Protected {
    name: String,
    switches: Patterns,
    ports: Patterns,
    reason: Option<String>,
}

/// A `[[rule]]` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    name: String,
    callers: Patterns,
    verbs: Verbs,
    switches: Patterns,
    ports: Patterns,
    vlans: VlanSet,
    vnis: VniSet,
}

impl Policy {
    /// How large a policy file may be, in bytes. 1 MiB is some 4,000 rules of usual size; more
    /// than that is a generated file gone wrong, or not a policy.
    pub const MAX_BYTES: usize = 1024 * 1024;
    /// How many `[[rule]]` entries, and how many `[[protected]]` entries, a policy may have: every
    /// request looks at each of them.
    pub const MAX_RULES: usize = 10_000;

    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError::Invalid`] with every problem that was found, in the order of the file;
    /// [`PolicyError::TooLarge`] without looking further.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        parse::policy(text)
    }

    /// The rules' names, in the order of the file.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// The protected entries' names, in the order of the file.
    pub fn protected_names(&self) -> impl Iterator<Item = &str> {
        self.protected.iter().map(|entry| entry.name.as_str())
    }
}
