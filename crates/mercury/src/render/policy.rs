//! What the policy says.

use std::fmt::Write as _;

use switch::policy::{Decision, Policy, Problem};

use super::{Look, Shown, Tone, count, safe};

/// The mistakes of a file, as compilers write them: `policy.toml:3:8: …`.
pub(crate) fn problems(look: Look, file: &str, problems: &[Problem]) -> String {
    let mut out = String::new();
    for Problem { line, column, what } in problems {
        let place = look.paint(Tone::Strong, format!("{file}:{line}:{column}:"));
        let _ = writeln!(out, "{place} {}", safe(what));
    }
    let number = count(problems.len(), "problem", "problems");
    let _ = writeln!(
        out,
        "{} {number}, so nothing of it is in force",
        look.paint(Tone::Bad, "invalid:")
    );
    out
}

/// A file without mistakes.
pub(crate) fn valid(look: Look, policy: &Policy) -> String {
    let rules = policy.rule_names().count();
    let protected = policy.protected_names().count();
    let mut out = format!(
        "{} {}, {}\n",
        look.paint(Tone::Good, "valid:"),
        count(rules, "rule", "rules"),
        count(protected, "protected entry", "protected entries"),
    );
    if rules == 0 {
        out.push_str("a policy without rules refuses everything\n");
    }
    out
}

/// One request, decided port by port.
pub(crate) fn decisions(look: Look, decisions: &[(String, Decision)]) -> String {
    let mut rows = look.table(["ABOUT", "DECISION", "RULE", "WHY"]);
    for (about, decision) in decisions {
        rows.add(match decision {
            Decision::Allowed { rule } => {
                [about.into(), Shown::toned(Tone::Good, "allowed"), rule.into(), Shown::default()]
            }
            Decision::Refused(refusal) => [
                about.into(),
                Shown::toned(Tone::Bad, "refused"),
                super::maybe(refusal.rule.as_ref()),
                (&refusal.reason).into(),
            ],
        });
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use switch::policy::Refusal;

    use super::*;

    #[test]
    fn allowed_and_refused() {
        let rows = [
            ("leaf-01:swp1".to_owned(), Decision::Allowed { rule: "rack-12".into() }),
            (
                "leaf-01:swp49".to_owned(),
                Decision::Refused(Refusal {
                    rule: Some("uplinks".into()),
                    reason: "port `swp49` is protected by `uplinks` (inter-switch links)".into(),
                }),
            ),
        ];
        insta::assert_snapshot!(decisions(Look::default(), &rows), @r"
         ABOUT           DECISION   RULE      WHY
        ──────────────────────────────────────────────────────────────────────────────────────────────────
         leaf-01:swp1    allowed    rack-12
         leaf-01:swp49   refused    uplinks   port `swp49` is protected by `uplinks` (inter-switch links)
        ");
    }
}
