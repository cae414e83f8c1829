//! What a device profile can do, for people.

use std::fmt::Write as _;

use drivers::ssh_cli::{
    cases::{CaseReport, Summary, UnseenAnswer},
    profile::{Entry, Mistake, Profile, Source},
};
use switch::{Atomicity, Capabilities, HybridSupport, Saving, VlanDatabase};

use super::{Look, Tone, count, safe};

/// The mistakes of a file, as compilers write them: `mine.toml:3:8: …`.
pub(crate) fn mistakes(look: Look, file: &str, mistakes: &[Mistake]) -> String {
    let mut out = String::new();
    for Mistake { line, column, problem } in mistakes {
        let place = look.paint(Tone::Strong, format!("{file}:{line}:{column}:"));
        let _ = writeln!(out, "{place} {}", safe(&problem.to_string()));
    }
    let number = count(mistakes.len(), "problem", "problems");
    let invalid = look.paint(Tone::Bad, "invalid:");
    let _ = writeln!(out, "{invalid} {number}, so nothing of it is used");
    out
}

/// Whether a case is among those that were asked for.
pub(crate) fn is_meant(case: &CaseReport, only: &str) -> bool {
    case.path.file_name().is_some_and(|name| name.to_string_lossy().contains(only))
}

/// What became of conformance cases.
pub(crate) fn cases(look: Look, summary: &Summary, only: &str) -> String {
    let mut out = String::new();
    let meant: Vec<_> = summary.cases.iter().filter(|case| is_meant(case, only)).collect();
    let mut passed = 0;
    for CaseReport { path, title, problems } in &meant {
        if problems.is_empty() {
            passed += 1;
            continue;
        }
        let failed = look.paint(Tone::Bad, "failed:");
        let _ = writeln!(out, "{failed} {}: {}", path.display(), safe(title));
        for problem in problems {
            for line in problem.trim_end().lines() {
                let _ = writeln!(out, "    {}", safe(line));
            }
        }
    }
    let number = count(meant.len(), "case", "cases");
    let _ = writeln!(out, "{passed} of {number} passed");
    if only.is_empty() {
        for kind in &summary.missing {
            let odd = look.paint(Tone::Odd, "no case shows:");
            let _ = writeln!(out, "{odd} {kind}");
        }
        for UnseenAnswer { list, pattern } in &summary.unseen_answers {
            let odd = look.paint(Tone::Odd, "no case shows an answer like:");
            let _ = writeln!(out, "{odd} {} (answers.{list})", safe(pattern));
        }
    }
    out
}

fn words(all: &[(bool, &str)]) -> String {
    let words: Vec<&str> = all.iter().filter_map(|(can, word)| can.then_some(*word)).collect();
    words.join(", ")
}

/// What ports can do, in a few words.
pub(crate) fn ports(can: &Capabilities) -> String {
    words(&[
        (can.access, "access"),
        (can.trunk && !can.native_on_trunk, "trunk without native"),
        (can.native_on_trunk, "trunk"),
        (can.hybrid == HybridSupport::Own, "hybrid"),
        (can.closed, "closed"),
        (can.port_shut, "shut"),
        (can.description, "description"),
        (can.mtu, "MTU"),
        (can.stp_edge, "STP edge"),
        (can.bpdu_guard, "BPDU guard"),
    ])
}

/// What LAGs can do, in a few words.
pub(crate) fn lags(can: &Capabilities) -> String {
    let Some(lag) = &can.lag else { return String::new() };
    words(&[
        (lag.active, "active"),
        (lag.passive, "passive"),
        (lag.r#static, "static"),
        (lag.rate, "rate"),
        (lag.min_links, "min links"),
        (lag.fallback, "fallback"),
        (lag.across_pair, "pair"),
    ])
}

/// What VLANs can do, in a few words.
pub(crate) fn networks(can: &Capabilities) -> String {
    words(&[(can.vlan_database == VlanDatabase::Explicit, "create"), (can.vxlan, "VXLAN")])
}

/// A profile with the lines that it would send.
pub(crate) fn whole(look: Look, entry: &Entry, profile: &Profile) -> String {
    let raw = &profile.raw;
    let can = &raw.capabilities;
    let mut out = String::new();
    let heading = |text: &str| look.paint(Tone::Strong, text);
    let _ = writeln!(out, "{}  {}", heading(entry.name()), safe(&raw.title));
    if let Source::File { path, overrides } = entry.source() {
        let instead = if *overrides { ", in place of the built-in one" } else { "" };
        let _ = writeln!(out, "from {}{instead}", path.display());
    }
    let mut row = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {name:<12}{}", safe(text));
        }
    };
    row("also called", &raw.aliases.join(", "));
    row("ports", &ports(can));
    row("LAGs", &lags(can));
    row("VLANs", &networks(can));
    row(
        "changes",
        match can.atomicity {
            Atomicity::Transaction => "all at once or not at all",
            Atomicity::Candidate => "collected and committed together",
            Atomicity::PerCommand => "line by line",
        },
    );
    row(
        "saving",
        match can.saving {
            Saving::Implicit => "what is applied is kept",
            Saving::Explicit => "by a command",
        },
    );
    for (name, option) in &raw.options {
        let default = option.default.as_ref().map(|default| format!(" (usually `{default}`)"));
        let default = default.unwrap_or_default();
        row("option", &format!("{name}: {}{default}", option.about));
    }
    let mut block = |title: &str, lines: &[String]| {
        let _ = writeln!(out, "\n{}", heading(title));
        for line in lines {
            let _ = writeln!(out, "    {}", safe(line));
        }
    };
    let (before, after) = profile.frame();
    if !before.is_empty() {
        block("before every change", &before);
    }
    for example in profile.examples() {
        match example.lines {
            Ok(lines) if lines.is_empty() => block(example.title, &["nothing".to_owned()]),
            Ok(lines) => block(example.title, &lines),
            Err(why) => block(example.title, &[format!("refused: {why}")]),
        }
    }
    if !after.is_empty() {
        block("after every change", &after);
    }
    let saving = profile.saving();
    if !saving.is_empty() {
        block("saving", &saving);
    }
    let mut list = |title: &str, texts: &[String]| {
        if !texts.is_empty() {
            let _ = writeln!(out, "\n{}", heading(title));
            for text in texts {
                let _ = writeln!(out, "  - {}", safe(text));
            }
        }
    };
    list("remarks", &raw.remarks);
    list("sources", &raw.sources);
    out
}
