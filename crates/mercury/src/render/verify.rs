//! Whether ports are as believed.

use rpc::wire::{MemberDifference, VerifyAnswer, VerifyState};

use super::{Look, Shown, Tone, maybe};

/// The answer of `verify`.
pub(crate) fn verify(look: Look, answer: &VerifyAnswer) -> String {
    let mut rows = look.table(["SWITCH", "PORT", "STATE", "WHERE"]);
    for port in &answer.ports {
        let mut lines: Vec<String> = port.differences.iter().map(difference).collect();
        lines.extend(port.reason.clone());
        rows.add([
            Shown::from(&port.switch),
            maybe(port.port.as_ref()),
            state(port.state),
            lines.join("\n").into(),
        ]);
    }
    rows.to_string()
}

/// A state in words.
pub(crate) fn state(state: VerifyState) -> Shown {
    match state {
        VerifyState::InSync => Shown::toned(Tone::Good, "in sync"),
        VerifyState::Differs => Shown::toned(Tone::Bad, "differs"),
        VerifyState::Unknown => Shown::toned(Tone::Odd, "unknown"),
    }
}

fn difference(difference: &MemberDifference) -> String {
    let MemberDifference { member, wanted, observed } = difference;
    let none = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    format!("{member}: is {}, believed {}", none(observed), none(wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn three_states() {
        let answer = serde_json::from_value(json!({"state": "differs", "ports": [
            {"switch": "leaf-01", "port": "swp1", "state": "in_sync"},
            {"switch": "leaf-01", "port": "swp2", "state": "differs", "differences": [
                {"member": "vlans", "wanted": "access 100", "observed": "access 120"},
                {"member": "mtu", "wanted": "9000", "observed": null},
            ]},
            {"switch": "leaf-02", "port": "swp1", "state": "unknown",
             "reason": "cannot reach 192.0.2.1:6640"},
        ]}))
        .unwrap();
        insta::assert_snapshot!(verify(Look::default(), &answer), @r"
         SWITCH    PORT   STATE     WHERE
        ──────────────────────────────────────────────────────────────────────
         leaf-01   swp1   in sync
         leaf-01   swp2   differs   vlans: is access 120, believed access 100
                                    mtu: is none, believed 9000
         leaf-02   swp1   unknown   cannot reach 192.0.2.1:6640
        ");
    }
}
