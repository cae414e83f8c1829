//! The pages of `docs/devices`: what each system can do through its profile, and which lines land
//! on a switch. They are made from the profiles and from nothing else.
//!
//! How far each cell has been shown on a simulated or a real system is not known here; that comes
//! from the results of test runs, and has its place in [`Row`].

use std::fmt::Write as _;

use switch::{Atomicity, Capabilities, HybridSupport, Saving, VlanDatabase};

use super::{
    Profile,
    catalogue::{CatalogueError, Profiles},
};
use crate::ssh_cli::render::Kind;

/// What stands at the head of each page.
const GENERATED: &str =
    "<!-- Made from the profile by `mercury profile docs docs/devices`; not to be edited. -->";

/// A capability and what a system makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The capability.
    pub name: &'static str,
    /// Whether the system has it.
    pub can: bool,
}

/// The capabilities that are told apart, in their order.
pub fn rows(can: &Capabilities) -> Vec<Row> {
    let lag = can.lag.clone().unwrap_or_default();
    let has_lag = can.lag.is_some();
    let all = [
        ("access", can.access),
        ("trunk", can.trunk),
        ("native VLAN on a trunk", can.native_on_trunk),
        ("hybrid", can.hybrid != HybridSupport::None),
        ("closed", can.closed),
        ("shut", can.port_shut),
        ("description", can.description),
        ("MTU", can.mtu),
        ("STP edge", can.stp_edge),
        ("BPDU guard", can.bpdu_guard),
        ("LAG", has_lag),
        ("LACP active", lag.active),
        ("LACP passive", lag.passive),
        ("static LAG", lag.r#static),
        ("LACP rate", lag.rate),
        ("minimum of links", lag.min_links),
        ("LACP fallback", lag.fallback),
        ("LAG over a pair", lag.across_pair),
        ("VLAN create and delete", can.vlan_database == VlanDatabase::Explicit),
        ("VLAN-to-VNI mapping", can.vxlan),
        ("all or nothing", can.atomicity != Atomicity::PerCommand),
        ("save", can.saving == Saving::Explicit),
    ];
    all.into_iter().map(|(name, can)| Row { name, can }).collect()
}

impl Profiles {
    /// The pages by file name: one for each profile, and the index.
    pub fn pages(&self) -> Result<Vec<(String, String)>, CatalogueError> {
        let mut pages = Vec::new();
        let mut known = Vec::new();
        for entry in self.iter() {
            let profile = entry.profile()?;
            pages.push((format!("{}.md", entry.name()), page(&profile, entry.text())));
            known.push(profile);
        }
        let known: Vec<&Profile> = known.iter().map(AsRef::as_ref).collect();
        pages.push(("README.md".to_owned(), index(&known)));
        Ok(pages)
    }
}

fn index(profiles: &[&Profile]) -> String {
    let mut out = format!(
        "# Switch systems that speak a command line\n\n{GENERATED}\n\nA page for each profile says \
         which lines land on a switch. A capability that is absent is one that the system lacks, or \
         that is not known well enough; a request for it is refused before anything is sent.\n\n"
    );
    out.push_str("| profile | system | other names |\n|---|---|---|\n");
    for profile in profiles {
        let raw = &profile.raw;
        let aliases: Vec<String> = raw.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let (name, title) = (&raw.name, cell(&raw.title));
        let _ = writeln!(out, "| [`{name}`]({name}.md) | {title} | {} |", aliases.join(", "));
    }
    out.push_str("\n## What each can do\n\n| |");
    for profile in profiles {
        let _ = write!(out, " {} |", profile.raw.name);
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(profiles.len()));
    out.push('\n');
    let columns: Vec<Vec<Row>> =
        profiles.iter().map(|profile| rows(&profile.raw.capabilities)).collect();
    for (n, Row { name, .. }) in rows(&Capabilities::NONE).iter().enumerate() {
        let _ = write!(out, "| {name} |");
        for column in &columns {
            let can = column.get(n).is_some_and(|row| row.can);
            let _ = write!(out, " {} |", if can { "yes" } else { "-" });
        }
        out.push('\n');
    }
    out
}

fn page(profile: &Profile, text: &str) -> String {
    let raw = &profile.raw;
    let mut out = format!("# {} (`{}`)\n\n{GENERATED}\n", raw.title, raw.name);
    if !raw.aliases.is_empty() {
        let aliases: Vec<String> = raw.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = writeln!(out, "\nAlso called {}.", aliases.join(", "));
    }
    supported(&mut out, profile);
    options(&mut out, profile);
    lines(&mut out, profile);
    reasons(&mut out, profile, text);
    list(&mut out, "What to know", &raw.remarks);
    list(&mut out, "Sources", &raw.sources);
    out
}

fn supported(out: &mut String, profile: &Profile) {
    let can = &profile.raw.capabilities;
    out.push_str("\n## What is supported\n\n| | |\n|---|---|\n");
    for Row { name, can } in rows(can) {
        let _ = writeln!(out, "| {name} | {} |", if can { "yes" } else { "-" });
    }
    let takes_effect = match can.atomicity {
        Atomicity::Transaction => {
            "All lines of a request take effect at one instant, or none does."
        }
        Atomicity::Candidate => {
            "Lines are collected in a candidate and committed together; what the switch refuses \
             leaves no trace."
        }
        Atomicity::PerCommand => {
            "Each line takes effect by itself. A request that fails half-way is undone."
        }
    };
    let _ = writeln!(out, "\n{takes_effect}");
    if let Some(reserved) = &profile.raw.vlans.reserved {
        let _ = writeln!(out, "\nVLANs that the system keeps for itself: {reserved}.");
    }
}

fn options(out: &mut String, profile: &Profile) {
    if profile.raw.options.is_empty() {
        return;
    }
    out.push_str("\n## Options\n\n| option | what it is | default | like |\n|---|---|---|---|\n");
    for (name, option) in &profile.raw.options {
        let default = option.default.as_ref().map(|default| code(default)).unwrap_or_default();
        let (about, pattern) = (cell(&option.about), code(&option.pattern));
        let _ = writeln!(out, "| `{name}` | {about} | {default} | {pattern} |");
    }
}

fn lines(out: &mut String, profile: &Profile) {
    out.push_str("\n## What lands on the switch\n");
    let mut block = |title: &str, lines: &[String]| {
        let _ = writeln!(out, "\n### {}\n", capitalised(title));
        let fence = fence(lines);
        let _ = writeln!(out, "{fence}text\n{}\n{fence}", lines.join("\n"));
    };
    let (before, after) = profile.frame();
    if !before.is_empty() {
        block("before every change", &before);
    }
    for example in profile.examples() {
        match example.lines {
            Ok(lines) if lines.is_empty() => block(example.title, &["(nothing)".to_owned()]),
            Ok(lines) => block(example.title, &lines),
            Err(why) => block(example.title, &[format!("(refused: {why})")]),
        }
    }
    if !after.is_empty() {
        block("after every change", &after);
    }
    let saving = profile.saving();
    if !saving.is_empty() {
        block("saving", &saving);
    }
}

/// The comments that stand before a template in the file.
fn reasons(out: &mut String, profile: &Profile, text: &str) {
    let mut found = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push(text.trim());
            continue;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == key);
        let used = kind.is_some_and(|kind| kind.source(&profile.raw.render).is_some());
        if used && !comment.is_empty() {
            found.push((key, comment.join(" ")));
        }
        comment.clear();
    }
    if found.is_empty() {
        return;
    }
    out.push_str("\n## Why these lines\n\n");
    for (key, why) in found {
        let _ = writeln!(out, "- `{key}`: {}", prose(&why));
    }
}

fn list(out: &mut String, title: &str, texts: &[String]) {
    if texts.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {title}\n");
    for text in texts {
        let _ = writeln!(out, "- {}", prose(text));
    }
}

/// A text of the profile in running prose: angle brackets would be taken for HTML.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '`';
        match c {
            '<' if !quoted => out.push_str("&lt;"),
            other => out.push(other),
        }
    }
    out
}

fn cell(text: &str) -> String {
    prose(text).replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A fence that no line of the block closes.
fn fence(lines: &[String]) -> &'static str {
    if lines.iter().any(|line| line.trim_start().starts_with("```")) { "````" } else { "```" }
}

#[cfg(test)]
mod tests {
    use super::{super::catalogue, *};

    #[test]
    fn a_page_has_what_the_profile_says() {
        let text = include_str!("tests/minimal.toml")
            .replace("set_vlans =", "# The old VLAN goes\n# by itself.\nset_vlans =");
        let profile = Profile::parse(&text).unwrap();
        let page = page(&profile, &text);
        for part in [
            "# An example (`example`)\n",
            "| access | yes |\n",
            "| trunk | - |\n",
            "### Before every change\n\n```text\nconfigure\n```\n",
            "### An access port\n\n```text\ninterface eth1\n   vlan 100\n```\n",
            "- `set_vlans`: The old VLAN goes by itself.\n",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        let index = index(&[&profile]);
        assert!(index.contains("| [`example`](example.md) | An example |  |\n"), "{index}");
        assert!(index.contains("| closed | yes |\n"), "{index}");
    }

    #[test]
    fn the_pages_in_the_documentation_are_up_to_date() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/devices");
        let pages = catalogue::built_in().pages().unwrap();
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".md"))
            .collect();
        there.sort();
        let mut names: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        assert_eq!(there, names, "run `mercury profile docs docs/devices`");
        for (name, text) in pages {
            let written = std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
            assert!(written == text, "{name} is stale: run `mercury profile docs docs/devices`");
        }
    }
}
