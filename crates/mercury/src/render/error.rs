//! Errors: the message, where each port was left, and what to do next.

use std::fmt::Write as _;

use rpc::{LegOutcome, LegReport, RpcError, client::CallError};

use super::{Look, Shown, Tone, ids, indented, maybe, ports::config_line};

/// An error without anything else to say.
pub(crate) fn plain(look: Look, message: &str, hint: Option<&str>) -> String {
    let mut out =
        format!("{} {}\n", look.paint(Tone::Bad, "error:"), indented(message, "error: ".len()));
    if let Some(text) = hint {
        let _ = writeln!(out, "{} {}", look.paint(Tone::Odd, "hint:"), indented(text, 6));
    }
    out
}

/// A call that gave no answer.
pub(crate) fn call(look: Look, error: &CallError) -> String {
    match error {
        CallError::Rpc(error) => rpc(look, error),
        other => plain(look, &other.to_string(), hint(other).as_deref()),
    }
}

/// An error that the service answered.
pub(crate) fn rpc(look: Look, error: &RpcError) -> String {
    let mut out = plain(look, &error.message, None);
    let Some(data) = &error.data else { return out };
    if !data.links.is_empty() {
        for line in legs(look, &data.links).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    if let Some(hint) = &data.hint {
        let _ = writeln!(out, "{} {}", look.paint(Tone::Odd, "hint:"), indented(hint, 6));
    } else if data.retryable {
        let _ = writeln!(out, "{} try again later", look.paint(Tone::Odd, "hint:"));
    }
    out.push_str(&ids(look, data.request_id.as_deref(), data.change_id.as_deref()));
    out
}

/// What to do about a call that gave no answer, where the service itself could not say.
pub(crate) fn hint(error: &CallError) -> Option<String> {
    Some(match error {
        CallError::Http { status: 401, .. } => {
            "name the user with `--user` and give the password in MERCURY_PASSWORD or \
             `--password-file`; `mercury connection show` says what is used and why"
                .to_owned()
        }
        CallError::Certificate { problem, .. } if problem.starts_with("the client's") => {
            "`--cert` and `--key` name the client's certificate and its private key".to_owned()
        }
        CallError::Certificate { .. } => {
            "`--cacert` names the file with the authority that signed it".to_owned()
        }
        CallError::TimedOut { .. } | CallError::Transport { sent: true, .. } => {
            "the request may have been carried out; `mercury switch read` shows what is there"
                .to_owned()
        }
        CallError::Transport { .. } => {
            "is `mercury switchd` running there? `--url` or MERCURY_URL names another address"
                .to_owned()
        }
        _ => return None,
    })
}

fn legs(look: Look, legs: &[LegReport]) -> String {
    let mut rows = look.table(["SWITCH", "PORT", "LAG", "NOW", "CARRIES", "WHY"]);
    for leg in legs {
        let carries = match (&leg.observed, &leg.last_known) {
            (Some(now), _) => config_line(now),
            (None, Some(before)) => format!("last known: {}", config_line(before)),
            (None, None) => String::new(),
        };
        rows.add([
            Shown::from(&leg.switch),
            maybe(leg.port.as_ref()),
            maybe(leg.lag.as_ref()),
            outcome(leg.outcome),
            carries.into(),
            maybe(leg.error.as_ref()),
        ]);
    }
    rows.to_string()
}

fn outcome(outcome: LegOutcome) -> Shown {
    match outcome {
        LegOutcome::Untouched => Shown::toned(Tone::Good, "not touched"),
        LegOutcome::Undone => Shown::toned(Tone::Good, "put back"),
        LegOutcome::NotUndone => Shown::toned(Tone::Bad, "not put back"),
        LegOutcome::Unknown => Shown::toned(Tone::Bad, "unknown"),
    }
}

#[cfg(test)]
mod tests {
    use rpc::Class;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_undo_that_failed_says_what_is_where() {
        let error: RpcError = serde_json::from_value(json!({
            "code": 1009,
            "message": "`leaf-02` did not answer within 5 s; undo failed: port `swp1` on `leaf-01` is not as it was",
            "data": {
                "class": "undo_failed", "retryable": false,
                "request_id": "req-1", "change_id": "0b6a",
                "hint": "look at the ports named above, then repeat the request or detach them",
                "links": [
                    {"switch": "leaf-01", "port": "swp1", "outcome": "not_undone",
                     "observed": {"vlans": {"mode": "access", "vlan": 100}},
                     "error": "the switch closed the connection"},
                    {"switch": "leaf-02", "port": "swp1", "outcome": "unknown",
                     "last_known": {"vlans": {"mode": "access", "vlan": 4000}, "admin": "up"}},
                ],
            },
        }))
        .unwrap();
        insta::assert_snapshot!(rpc(Look::default(), &error), @r"
        error: `leaf-02` did not answer within 5 s; undo failed: port `swp1` on `leaf-01` is not as it was
           SWITCH    PORT   NOW            CARRIES                   WHY
          ────────────────────────────────────────────────────────────────────────────────────────────
           leaf-01   swp1   not put back   access 100                the switch closed the connection
           leaf-02   swp1   unknown        last known: access 4000
        hint: look at the ports named above, then repeat the request or detach them
        request req-1, change 0b6a
        ");
    }

    #[test]
    fn a_refusal_is_one_line_and_a_hint() {
        let error = RpcError::new(
            Class::RefusedByPolicy,
            "port `swp7` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199)",
        )
        .hint("ask the network team");
        insta::assert_snapshot!(rpc(Look::default(), &error), @r"
        error: port `swp7` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199)
        hint: ask the network team
        ");
    }

    #[test]
    fn a_retryable_error_says_so_when_the_service_gives_no_hint() {
        let error = RpcError::new(Class::Busy, "too much is waiting");
        assert_eq!(
            rpc(Look::default(), &error),
            "error: too much is waiting\nhint: try again later\n"
        );
    }

    #[test]
    fn colour_repeats_what_the_words_say() {
        let look = Look { colour: true, width: None };
        assert_eq!(
            plain(look, "no\nway", Some("do")),
            "\x1b[31merror:\x1b[0m no\n       way\n\x1b[33mhint:\x1b[0m do\n"
        );
    }
}
