//! The pages of `docs/devices`: what each system can do through its profile, how far that has been
//! shown, and which lines land on a switch. They are made from the profiles, from what their
//! conformance cases show, and from the list of where they have been run.

use std::fmt::Write as _;

use switch::{Atomicity, Capabilities};

use super::{
    Profile,
    catalogue::{CatalogueError, Profiles},
    table::{Evidence, Row, rows},
};
use crate::ssh_cli::render::Kind;

/// What stands at the head of each page.
const GENERATED: &str =
    "<!-- Made from the profile by `mercury profile docs docs/devices`; not to be edited. -->";

impl Profiles {
    /// The pages by file name: one for each profile, and the index.
    pub fn pages(&self, evidence: &Evidence) -> Result<Vec<(String, String)>, CatalogueError> {
        let mut pages = Vec::new();
        let mut known = Vec::new();
        for entry in self.iter() {
            let profile = entry.profile()?;
            pages.push((format!("{}.md", entry.name()), page(&profile, entry.text(), evidence)));
            known.push(profile);
        }
        let known: Vec<&Profile> = known.iter().map(AsRef::as_ref).collect();
        pages.push(("README.md".to_owned(), index(&known, evidence)));
        Ok(pages)
    }
}

fn index(profiles: &[&Profile], evidence: &Evidence) -> String {
    let mut out = format!(
        "# Switch systems over SSH\n\n{GENERATED}\n\nMercury drives these systems by their command \
         line, each by its profile. The page of a profile says what it can do, why it lacks the \
         rest, and which lines land on a switch. A request for what a profile lacks is refused \
         before anything is sent.\n\n| profile | system | other names | simulator | real |\n\
         |---|---|---|---|---|\n"
    );
    for profile in profiles {
        let raw = &profile.raw;
        let aliases: Vec<String> = raw.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let runs = evidence.runs.get(&raw.name).cloned().unwrap_or_default();
        let simulator = runs.simulator.map(|word| format!("`{word}`")).unwrap_or_default();
        let (name, title) = (&raw.name, cell(&raw.title));
        let (aliases, real) = (aliases.join(", "), cell(&runs.real.unwrap_or_default()));
        let _ =
            writeln!(out, "| [`{name}`]({name}.md) | {title} | {aliases} | {simulator} | {real} |");
    }
    out.push_str(
        "\n*Simulator* is the one of `mercury fabric` for the system, *real* the system itself on \
         which the profile has been run. Where nothing is said to work on either, only transcripts \
         speak for a profile: try it on a switch that carries nobody's traffic first.\n\n\
         ## What each can do\n\nA cell says how far a capability has been shown: **r**endered as its \
         conformance cases have it; read **b**ack there, so that a change is verified; on the \
         **s**imulator; on the **real** system. `-` is a capability that the profile lacks.\n\n| |",
    );
    for profile in profiles {
        let _ = write!(out, " [{0}]({0}.md) |", profile.raw.name);
    }
    let _ = writeln!(out, "\n|---|{}", "---|".repeat(profiles.len()));
    let columns: Vec<Vec<Row>> =
        profiles.iter().map(|profile| rows(&profile.raw.capabilities)).collect();
    for (n, Row { name, .. }) in rows(&Capabilities::NONE).iter().enumerate() {
        let _ = write!(out, "| {name} |");
        for (profile, column) in profiles.iter().zip(&columns) {
            let row = column.get(n).filter(|row| row.can);
            let shown = row.map_or_else(|| "-".to_owned(), |row| letters(evidence, profile, row));
            let _ = write!(out, " {shown} |");
        }
        out.push('\n');
    }
    out
}

/// How far a capability has been shown, in letters.
fn letters(evidence: &Evidence, profile: &Profile, row: &Row) -> String {
    let cells = evidence.cells(&profile.raw, row).into_iter().zip(["r", "b", "s", "real"]);
    let words: Vec<&str> = cells.filter_map(|(shown, word)| shown.then_some(word)).collect();
    if words.is_empty() { "yes".to_owned() } else { words.join(" ") }
}

fn page(profile: &Profile, text: &str, evidence: &Evidence) -> String {
    let raw = &profile.raw;
    let mut out = format!("# {} (`{}`)\n\n{GENERATED}\n", raw.title, raw.name);
    if !raw.aliases.is_empty() {
        let aliases: Vec<String> = raw.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = writeln!(out, "\nAlso called {}.", aliases.join(", "));
    }
    supported(&mut out, profile, evidence);
    options(&mut out, profile);
    lines(&mut out, profile);
    reasons(&mut out, profile, text);
    list(&mut out, "What to know", &raw.remarks);
    list(&mut out, "Sources", &raw.sources);
    out
}

fn supported(out: &mut String, profile: &Profile, evidence: &Evidence) {
    let can = &profile.raw.capabilities;
    out.push_str(
        "\n## What is supported\n\n| | supported | rendered | read back | simulator | real |\n\
         |---|---|---|---|---|---|\n",
    );
    for row in rows(can) {
        let supported = match (row.can, row.reason(&profile.raw)) {
            (true, _) => "yes".to_owned(),
            (false, None) => "no".to_owned(),
            (false, Some(reason)) => format!("no: {}", cell(reason)),
        };
        let [rendered, read_back, simulator, real] =
            evidence.cells(&profile.raw, &row).map(|shown| if shown { "yes" } else { "" });
        let _ = writeln!(
            out,
            "| {} | {supported} | {rendered} | {read_back} | {simulator} | {real} |",
            row.name
        );
    }
    let runs = evidence.runs.get(&profile.raw.name).cloned().unwrap_or_default();
    out.push_str(
        "\n*Rendered* and *read back* are shown by the profile's conformance cases: the lines are as \
         they should be, and what the switch says afterwards is what was asked for.",
    );
    match (&runs.simulator, &runs.real) {
        (None, None) => out.push_str(" The profile has been run on nothing but their transcripts."),
        (simulator, real) => {
            if let Some(word) = simulator {
                let _ = write!(out, " *Simulator* is `{word}` of `mercury fabric`.");
            }
            if let Some(system) = real {
                let _ = write!(out, " *Real* is {}.", prose(system));
            }
        }
    }
    if runs.real.is_none() && runs.simulator.is_some() {
        out.push_str(" It has been run on no real switch.");
    }
    out.push('\n');
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
    use std::collections::{BTreeMap, BTreeSet};

    use super::{super::table::Shown, *};
    use crate::ssh_cli::cases::Kind;

    #[test]
    fn a_page_has_what_the_profile_says() {
        let text = include_str!("tests/minimal.toml")
            .replace("set_vlans =", "# The old VLAN goes\n# by itself.\nset_vlans =")
            .replace("[ports]", "[lacks]\ntrunk = \"nobody asked for it\"\n[ports]");
        let profile = Profile::parse(&text).unwrap();
        let shown = BTreeSet::from([Kind::AttachAccess]);
        let shown = Shown { rendered: shown.clone(), read_back: shown };
        let runs = "[example]\nsimulator = \"eos\"\nsimulated = [\"closed\"]\n";
        let evidence = Evidence {
            cases: BTreeMap::from([("example".to_owned(), shown)]),
            runs: Evidence::runs(runs).unwrap(),
        };
        let page = page(&profile, &text, &evidence);
        for part in [
            "# An example (`example`)\n",
            "| access | yes | yes | yes |  |  |\n",
            "| trunk | no: nobody asked for it |  |  |  |  |\n",
            "| closed | yes |  |  | yes |  |\n",
            "| LACP rate | no: there are no LAGs |  |  |  |  |\n",
            " *Simulator* is `eos` of `mercury fabric`. It has been run on no real switch.\n",
            "### Before every change\n\n```text\nconfigure\n```\n",
            "### An access port\n\n```text\ninterface eth1\n   vlan 100\n```\n",
            "- `set_vlans`: The old VLAN goes by itself.\n",
        ] {
            assert!(page.contains(part), "{part} is not in\n{page}");
        }
        let index = index(&[&profile], &evidence);
        for part in [
            "| [`example`](example.md) | An example |  | `eos` |  |\n",
            "| access | r b |\n",
            "| closed | s |\n",
            "| LAG | - |\n",
        ] {
            assert!(index.contains(part), "{part} is not in\n{index}");
        }
    }
}
