//! What a conformance run found, and what a plugin says of itself.

use std::fmt::Write as _;

use drivers::plugin::{
    Description,
    check::{Failure, Report, Verdict},
};

use super::{Look, Tone, count, indented, safe};

/// How wide the names of rules are.
const NAME: usize = 19;

/// A run, rule by rule, with a line at the end that says how it stands.
pub(crate) fn report(look: Look, report: &Report) -> String {
    let mut out = String::new();
    let mut skipped = 0;
    for check in &report.checks {
        let name = format!("{:NAME$}", check.name);
        match &check.verdict {
            Verdict::Passed { note } => {
                let _ = write!(out, "{} {name} {}", look.paint(Tone::Good, "ok  "), check.rule);
                if let Some(note) = note {
                    let note = format!(" ({})", safe(note));
                    let _ = write!(out, "{}", look.paint(Tone::Faint, note));
                }
                out.push('\n');
            }
            Verdict::Skipped { why } => {
                skipped += 1;
                let line = format!("not checked: {}", safe(why));
                let _ = writeln!(out, "{} {name} {line}", look.paint(Tone::Faint, "-   "));
            }
            Verdict::Failed(Failure { sent, came, todo }) => {
                let name = look.paint(Tone::Strong, &name);
                let _ = writeln!(out, "{} {name} {}", look.paint(Tone::Bad, "FAIL"), check.rule);
                for (what, text) in [("sent", sent.as_str()), ("came", came), ("do", todo)] {
                    let _ = writeln!(out, "       {what:5} {}", indented(&safe(text), 13));
                }
            }
        }
    }
    let failed = report.failed();
    let rules = count(report.passed(), "rule", "rules");
    let program = safe(&report.program);
    let verdict = if failed == 0 {
        format!("{} {program} keeps {rules}", look.paint(Tone::Good, "conforms:"))
    } else {
        let broken = count(failed, "rule", "rules");
        format!("{} {program} breaks {broken} and keeps {rules}", look.paint(Tone::Bad, "fails:"))
    };
    let rest = if skipped > 0 { format!("; {skipped} were not checked") } else { String::new() };
    let _ = writeln!(out, "\n{verdict}{rest}");
    out
}

/// What a plugin says of itself.
pub(crate) fn description(look: Look, description: &Description) -> String {
    let Description { protocol, name, version, port_naming, capabilities } = description;
    let version = version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
    let title = format!("{}{}", safe(name), safe(&version));
    let mut out = format!("{}, protocol {protocol}\n", look.paint(Tone::Strong, title));
    let plain = |value: &serde_json::Value| value.to_string().trim_matches('"').to_owned();
    // Plain data always serialises.
    let naming = serde_json::to_value(port_naming).unwrap_or_default();
    let _ = writeln!(out, "  port names: {}", plain(&naming));
    let mut line = |name: &str, value: &serde_json::Value| {
        let shown = match value {
            serde_json::Value::Bool(true) => "yes".to_owned(),
            serde_json::Value::Bool(false) | serde_json::Value::Null => "no".to_owned(),
            other => plain(other),
        };
        let _ = writeln!(out, "  {name}: {}", safe(&shown));
    };
    let capabilities = serde_json::to_value(capabilities).unwrap_or_default();
    for (name, value) in capabilities.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(members) => {
                for (member, value) in members {
                    line(&format!("{name}.{member}"), value);
                }
            }
            None => line(name, value),
        }
    }
    out
}
