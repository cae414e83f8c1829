//! Whether the parts of a profile fit together: what it says that the system can do, the words
//! for it, and the rules that read it back.
//!
//! A capability without its template would fail when a server waits for it; one that is never read
//! back could not be verified; a template without its capability would never be used.

mod naming;
mod read_back;

use switch::{Atomicity, Capabilities, HybridSupport, LagCapabilities, Saving, VlanDatabase};

use super::{
    Profile,
    problem::Problem,
    schema::{ConfigureStyle, RawProfile},
    shape::suggestion,
    table::rows,
};
use crate::ssh_cli::render::Kind;

pub(super) fn check(raw: &RawProfile, problems: &mut Vec<Problem>) {
    header(raw, problems);
    naming::check(raw, problems);
    capabilities(&raw.capabilities, problems);
    lacks(raw, problems);
    templates(raw, problems);
    read_back::check(raw, problems);
    style(raw, problems);
    if let Some(reserved) = &raw.vlans.reserved
        && let Err(error) = reserved.parse::<model::VlanSet>()
    {
        problems.push(Problem::new("vlans.reserved", format!("is refused: {error}")));
    }
}

fn header(raw: &RawProfile, problems: &mut Vec<Problem>) {
    if raw.profile != Profile::LANGUAGE {
        let what = format!("is {}; this Mercury reads version {}", raw.profile, Profile::LANGUAGE);
        problems.push(Problem::new("profile", what));
    }
    if !is_name(&raw.name, '-') {
        let what = "is no name: use lower case, digits and `-`, at most 40 of them";
        problems.push(Problem::new("name", what));
    }
    for (n, alias) in raw.aliases.iter().enumerate() {
        let at = format!("aliases[{n}]");
        if !is_name(alias, '-') && !is_name(alias, '_') {
            problems.push(Problem::new(&at, "is no name: use lower case, digits, `-` and `_`"));
        }
        if *alias == raw.name || raw.aliases.iter().take(n).any(|other| other == alias) {
            problems.push(Problem::new(&at, "is there twice"));
        }
    }
    let texts = [("title", std::slice::from_ref(&raw.title))]
        .into_iter()
        .chain([("sources", raw.sources.as_slice()), ("remarks", raw.remarks.as_slice())]);
    for (at, texts) in texts {
        for text in texts {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                problems.push(Problem::new(at, "holds a text that is empty or not one line"));
            }
        }
    }
}

fn is_name(text: &str, between: char) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == between;
    (1..=40).contains(&text.len()) && text.chars().all(word) && !text.starts_with(between)
}

fn capabilities(can: &Capabilities, problems: &mut Vec<Problem>) {
    let mut needs = |word: &str, given: bool, needed: bool, what: &str| {
        if given && !needed {
            problems.push(Problem::new(format!("capabilities.{word}"), format!("needs {what}")));
        }
    };
    needs("native_on_trunk", can.native_on_trunk, can.trunk, "`trunk`");
    needs(
        "hybrid",
        can.hybrid == HybridSupport::AsTrunk,
        can.trunk && can.native_on_trunk,
        "`trunk` and `native_on_trunk`",
    );
    let explicit = can.vlan_database == VlanDatabase::Explicit;
    needs("vxlan", can.vxlan, explicit, "`vlan_database = \"explicit\"`");
    let Some(lag) = &can.lag else { return };
    needs(
        "lag",
        true,
        lag.active || lag.passive || lag.r#static,
        "`active`, `passive` or `static`",
    );
    needs("lag.max_members", true, lag.max_members > 0, "a number from 1 on");
    let lacp = lag.active || lag.passive;
    needs("lag.rate", lag.rate, lacp, "LACP: `active` or `passive`");
    needs("lag.fallback", lag.fallback, lacp, "LACP: `active` or `passive`");
    needs("lag.mtu_on_lag", lag.mtu_on_lag, can.mtu, "`mtu`");
}

/// Reasons for what is lacking, and for nothing else.
fn lacks(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let rows = rows(&raw.capabilities);
    for (key, reason) in &raw.lacks {
        let what = match rows.iter().find(|row| row.key == key) {
            None => {
                let known: Vec<&str> = rows.iter().map(|row| row.key).collect();
                format!("is no capability{}", suggestion(key, &known))
            }
            Some(row) if row.can => "is no lack: the profile has the capability".to_owned(),
            Some(_) if reason.trim().is_empty() || reason.chars().any(char::is_control) => {
                "holds a text that is empty or not one line".to_owned()
            }
            Some(_) => continue,
        };
        problems.push(Problem::new(format!("lacks.{key}"), what));
    }
}

/// Whether the settings of a LAG that is there can change at all.
fn lag_changes(lag: &LagCapabilities) -> bool {
    let modes = [lag.active, lag.passive, lag.r#static];
    let modes = modes.into_iter().filter(|mode| *mode).count();
    modes > 1 || lag.rate || lag.min_links || lag.fallback || lag.across_pair
}

/// The templates that the capabilities need, and no others.
fn templates(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let can = &raw.capabilities;
    let lag = can.lag.as_ref();
    let vlans = can.access || can.trunk || can.closed || can.hybrid == HybridSupport::Own;
    let explicit = can.vlan_database == VlanDatabase::Explicit;
    for kind in Kind::ALL {
        let (needed, by) = match kind {
            Kind::CreateVlan | Kind::DeleteVlan => (explicit, "vlan_database = \"explicit\""),
            Kind::MapVni | Kind::UnmapVni => (can.vxlan, "vxlan"),
            Kind::SetVlans => (vlans, "access` or `capabilities.trunk"),
            Kind::SetAdmin => (can.port_shut, "port_shut"),
            Kind::SetDescription => (can.description, "description"),
            Kind::SetMtu => (can.mtu, "mtu"),
            Kind::SetStpEdge => (can.stp_edge, "stp_edge"),
            Kind::SetBpduGuard => (can.bpdu_guard, "bpdu_guard"),
            Kind::SetLag => (lag.is_some_and(lag_changes), "lag"),
            Kind::CreateLag | Kind::DeleteLag | Kind::AddMember | Kind::RemoveMember => {
                (lag.is_some(), "lag")
            }
        };
        let at = format!("render.{}", kind.name());
        match (kind.source(&raw.render).is_some(), needed) {
            (false, true) => {
                let what = format!("is missing: `capabilities.{by}` needs it");
                problems.push(Problem::new(at, what));
            }
            (true, false) => {
                let what = format!("is never used: `capabilities.{by}` is not set");
                problems.push(Problem::new(at, what));
            }
            _ => {}
        }
    }
}

/// What the core is told about half-way failures and saving, and what is done about them.
fn style(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let at = "capabilities.atomicity";
    let configure = &raw.configure;
    let wanted = match configure.style {
        ConfigureStyle::Candidate => Atomicity::Candidate,
        ConfigureStyle::Immediate if configure.join.is_some() => Atomicity::Transaction,
        ConfigureStyle::Immediate => Atomicity::PerCommand,
    };
    if raw.capabilities.atomicity != wanted {
        let what = match wanted {
            Atomicity::Candidate => "is not `candidate`, although `configure.style` is",
            Atomicity::Transaction => "is not `transaction`, although `configure.join` makes one",
            Atomicity::PerCommand => {
                "is not `per_command`, although each line takes effect by itself (see \
                 `configure.style` and `configure.join`)"
            }
        };
        problems.push(Problem::new(at, what));
    }
    let at = "capabilities.saving";
    match (raw.capabilities.saving, raw.save.is_some()) {
        (Saving::Explicit, false) => {
            problems.push(Problem::new(at, "is `explicit`, but there is no `[save]`"));
        }
        (Saving::Implicit, true) => {
            problems.push(Problem::new(at, "is `implicit`, but there is a `[save]`"));
        }
        _ => {}
    }
}
