//! What a change would do.

use std::fmt::Write as _;

use rpc::wire::{Difference, PlanAnswer, PlannedLink};

use super::{Look, Shown, Tone, count, numbered, ports::vxlans, safe};

/// Where the plan's token is to be found.
pub(crate) enum TokenAt<'a> {
    /// Printed with the plan.
    Here,
    /// In this file.
    File(&'a std::path::Path),
}

/// The answer of `plan`.
pub(crate) fn plan(look: Look, answer: &PlanAnswer, token: &TokenAt<'_>) -> String {
    let changes: usize = answer.links.iter().map(|link| link.changes.len()).sum();
    let mut out = if answer.empty {
        format!("{} nothing would be sent\n", look.paint(Tone::Good, "already so:"))
    } else {
        format!(
            "{} {}; nothing was sent\n",
            look.paint(Tone::Strong, "plan:"),
            count(changes, "change", "changes"),
        )
    };
    for link in answer.links.iter().filter(|link| !link.changes.is_empty()) {
        let _ = writeln!(out, "\n{}", look.paint(Tone::Strong, place(link)));
        for line in diff(look, &link.diff).lines() {
            let _ = writeln!(out, "  {line}");
        }
        numbered(&mut out, "changes", &link.changes);
        numbered(&mut out, "would be sent", &link.operations);
        numbered(&mut out, "to take it back", &link.inverse);
    }
    if answer.empty {
        return out;
    }
    let refused = "it is refused when a switch has changed since";
    match token {
        TokenAt::Here => {
            let _ = writeln!(out, "\napply it with the token below; {refused}");
            let _ = writeln!(out, "  mercury switch apply {}", safe(&answer.plan_token));
        }
        TokenAt::File(path) => {
            let path = path.display();
            let _ = writeln!(out, "\napply it with the token in `{path}`; {refused}");
            let _ = writeln!(out, "  mercury switch apply --token-file {path}");
        }
    }
    out
}

fn place(link: &PlannedLink) -> String {
    let ports: Vec<_> = link.ports.iter().map(ToString::to_string).collect();
    let mut place = link.switch.to_string();
    if !ports.is_empty() {
        let _ = write!(place, " {}", ports.join(", "));
    }
    if let Some(lag) = &link.lag {
        let _ = write!(place, " (LAG {lag})");
    }
    if let Some(vxlan) = &link.vxlan {
        let _ = write!(place, ", {}", vxlans([vxlan]));
    }
    place
}

fn diff(look: Look, differences: &[Difference]) -> String {
    let inside = Look { width: look.width.map(|width| width.saturating_sub(2)), ..look };
    let mut rows = inside.table(["OF", "WHAT", "NOW", "THEN"]);
    for Difference { target, member, from, to } in differences {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        rows.add([
            target.into(),
            member.into(),
            Shown::toned(Tone::Bad, value(from)),
            Shown::toned(Tone::Good, value(to)),
        ]);
    }
    if differences.is_empty() { String::new() } else { rows.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_shows_all_that_would_happen() {
        let answer = serde_json::from_value(json!({
            "request_id": "req-1", "plan_token": "eyJ0b2tlbiI6MX0", "empty": false,
            "links": [
                {"switch": "leaf-01", "ports": ["swp1", "swp2"], "lag": "bond-h1",
                 "changes": ["create LAG `bond-h1`", "set access VLAN 100"],
                 "inverse": ["remove LAG `bond-h1`"],
                 "operations": ["insert Port bond-h1"],
                 "diff": [
                    {"target": "LAG bond-h1", "member": "members", "from": null, "to": "swp1, swp2"},
                    {"target": "LAG bond-h1", "member": "vlans", "from": null, "to": "access 100"},
                 ]},
                {"switch": "leaf-02", "changes": ["map VLAN 1000 to VNI 5001"], "ports": ["swp1"],
                 "vxlan": {"vni": 5001, "vlan": 1000}, "inverse": [], "operations": [], "diff": []},
            ],
        }))
        .unwrap();
        insta::assert_snapshot!(plan(Look::default(), &answer, &TokenAt::Here), @r"
        plan: 3 changes; nothing was sent

        leaf-01 swp1, swp2 (LAG bond-h1)
           OF            WHAT      NOW    THEN
          ───────────────────────────────────────────
           LAG bond-h1   members   none   swp1, swp2
           LAG bond-h1   vlans     none   access 100
          changes
             1. create LAG `bond-h1`
             2. set access VLAN 100
          would be sent
             1. insert Port bond-h1
          to take it back
             1. remove LAG `bond-h1`

        leaf-02 swp1, VNI 5001 = VLAN 1000
          changes
             1. map VLAN 1000 to VNI 5001

        apply it with the token below; it is refused when a switch has changed since
          mercury switch apply eyJ0b2tlbiI6MX0
        ");
    }

    #[test]
    fn a_plan_of_nothing() {
        let answer = serde_json::from_value(json!({
            "request_id": "req-1", "plan_token": "e30", "empty": true, "links": [],
        }))
        .unwrap();
        let file = std::path::Path::new("plan.token");
        insta::assert_snapshot!(plan(Look::default(), &answer, &TokenAt::File(file)), @r"
        already so: nothing would be sent
        ");
    }
}
