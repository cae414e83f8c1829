//! What became of each option of an import.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Look, Shown, Tone, count, indented, safe};
use crate::cli::import::{Outcome, Row};

const HEADINGS: [(Outcome, Tone, &str); 4] = [
    (Outcome::Carried, Tone::Good, "carried over"),
    (Outcome::Changed, Tone::Odd, "changed meaning"),
    (Outcome::NoCounterpart, Tone::Odd, "no counterpart"),
    (Outcome::Unknown, Tone::Bad, "unknown"),
];

/// The tables and the notes.
pub(crate) fn report(look: Look, rows: &[Row], notes: &[String]) -> String {
    let mut out = String::new();
    let mut foreign: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.foreign) {
        *foreign.entry((&row.file, &row.section)).or_default() += 1;
    }
    for (outcome, tone, heading) in HEADINGS {
        let of: Vec<&Row> = rows.iter().filter(|row| row.outcome == outcome).collect();
        if of.is_empty() {
            continue;
        }
        let number = count(of.len(), "option", "options");
        let _ = writeln!(out, "{} {number}", look.paint(tone, format!("{heading}:")));
        let mut table = look.table(["WHERE", "SECTION", "OPTION", "BECOMES", "WHY"]);
        for row in of.iter().filter(|row| !row.foreign) {
            table.add([
                Shown::from(format!("{}:{}", row.file, row.line)),
                Shown::from(&row.section),
                Shown::from(&row.option),
                Shown::from(row.becomes.as_deref().unwrap_or_default()),
                Shown::from(&row.note),
            ]);
        }
        if outcome == Outcome::NoCounterpart {
            for ((file, section), number) in &foreign {
                table.add([
                    Shown::from(file),
                    Shown::from(section),
                    Shown::from(count(*number, "option", "options")),
                    Shown::default(),
                    Shown::from("not about switches"),
                ]);
            }
        }
        let _ = writeln!(out, "{table}");
    }
    for note in notes {
        let _ = writeln!(out, "{} {}", look.paint(Tone::Odd, "note:"), indented(&safe(note), 6));
    }
    out
}

/// Which files were written, and what to do next.
pub(crate) fn written(look: Look, files: &[String]) -> String {
    let mut out = String::new();
    for file in files {
        let _ = writeln!(out, "{} {}", look.paint(Tone::Good, "written:"), safe(file));
    }
    if let Some(file) = files.last() {
        let hint = look.paint(Tone::Odd, "hint:");
        let _ = writeln!(out, "{hint} `mercury config check {}` says what would run", safe(file));
    }
    out
}
