//! What a change did.

use std::fmt::Write as _;

use rpc::wire::{ChangeAnswer, ChangeOutcome, FlushAnswer, LinkAnswer, LinkOutcome, SaveState};

use super::{
    Look, Shown, Tone, count, duration_ms, ids, maybe, numbered,
    ports::{config_line, lacp, link, vxlans},
};

/// The answer of a method that changes ports or networks; with `steps`, what was sent too.
pub(crate) fn change(look: Look, answer: &ChangeAnswer, steps: bool) -> String {
    let mut out = format!("{}\n", summary(look, answer));
    if !answer.links.is_empty() {
        let _ = write!(out, "{}", table(look, &answer.links));
    }
    if steps {
        for link in &answer.links {
            let _ = writeln!(out, "\n{}", look.paint(Tone::Strong, place(link)));
            numbered(&mut out, "changes", &link.changes);
            numbered(&mut out, "sent", &link.operations);
        }
    }
    match answer.save {
        SaveState::Implicit => {}
        SaveState::Saved => out.push_str("saved: the change survives a restart of the switch\n"),
        SaveState::Pending => {
            let _ = writeln!(
                out,
                "{} the service saves soon, or at once with `mercury switch flush`",
                look.paint(Tone::Odd, "not saved yet:")
            );
        }
    }
    out.push_str(&ids(look, Some(&answer.request_id), answer.change_id.as_deref()));
    out
}

/// One line: what happened, and how long it took.
pub(crate) fn summary(look: Look, answer: &ChangeAnswer) -> String {
    let took = duration_ms(answer.duration_ms);
    let ports = answer.links.iter().any(|link| link.port.is_some());
    let noun = |number| match ports {
        true => count(number, "port", "ports"),
        false => count(number, "switch", "switches"),
    };
    match answer.outcome {
        ChangeOutcome::Unchanged => {
            format!("{} nothing was sent ({took})", look.paint(Tone::Good, "already so:"))
        }
        ChangeOutcome::Applied => {
            let changed = answer.links.iter().filter(|link| link.outcome == LinkOutcome::Applied);
            let verified = answer.links.iter().all(|link| link.verified);
            let so = answer.links.len() - changed.clone().count();
            let already = if so > 0 { format!(", {so} already so") } else { String::new() };
            format!(
                "{} {} changed{already}, {} ({took})",
                look.paint(Tone::Good, "done:"),
                noun(changed.count()),
                if verified { "verified" } else { "not verified" },
            )
        }
    }
}

fn table(look: Look, links: &[LinkAnswer]) -> String {
    let mut rows = look
        .table(["SWITCH", "PORT", "LAG", "RESULT", "CARRIES", "VXLAN", "LINK", "LACP", "VERIFIED"]);
    for answer in links {
        let status = answer.status.as_ref();
        rows.add([
            Shown::from(&answer.switch),
            maybe(answer.port.as_ref()),
            maybe(answer.lag.as_ref()),
            match answer.outcome {
                LinkOutcome::Applied => Shown::toned(Tone::Good, "changed"),
                LinkOutcome::AlreadySo => "already so".into(),
            },
            answer.observed.as_ref().map(config_line).unwrap_or_default().into(),
            vxlans(&answer.vxlan).into(),
            status.map(link).unwrap_or_default(),
            status.map(lacp).unwrap_or_default(),
            if answer.verified {
                Shown::toned(Tone::Good, "yes")
            } else {
                Shown::toned(Tone::Odd, "no")
            },
        ]);
    }
    rows.to_string()
}

fn place(link: &LinkAnswer) -> String {
    match &link.port {
        Some(port) => format!("{} {port}", link.switch),
        None => link.switch.to_string(),
    }
}

/// The answer of `flush`.
pub(crate) fn flush(look: Look, answer: &FlushAnswer) -> String {
    let mut rows = look.table(["SWITCH", "SAVED", "WHY NOT"]);
    for switch in &answer.switches {
        rows.add([
            Shown::from(&switch.switch),
            if switch.saved {
                Shown::toned(Tone::Good, "yes")
            } else {
                Shown::toned(Tone::Bad, "no")
            },
            maybe(switch.error.as_ref()),
        ]);
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(links: &Value, outcome: &str, save: &str) -> ChangeAnswer {
        serde_json::from_value(json!({
            "request_id": "req-1", "outcome": outcome, "links": links,
            "change_id": if outcome == "applied" { Some("c0ffee") } else { None },
            "save": save, "duration_ms": 12,
        }))
        .unwrap()
    }

    #[test]
    fn a_lag_with_its_steps() {
        let leg = |switch: &str| {
            json!({
                "switch": switch, "port": "swp1", "lag": "bond-h1", "outcome": "applied",
                "changes": ["create LAG `bond-h1`", "add `swp1`"],
                "operations": ["insert Port bond-h1\n  lacp=active"], "verified": true,
                "observed": {"vlans": {"mode": "access", "vlan": 100}},
                "status": {"link": "up", "lacp": "no_partner"},
            })
        };
        let answer = answer(&json!([leg("leaf-01"), leg("leaf-02")]), "applied", "pending");
        insta::assert_snapshot!(change(Look::default(), &answer, true), @r"
        done: 2 ports changed, verified (12 ms)
         SWITCH    PORT   LAG       RESULT    CARRIES      LINK   LACP         VERIFIED
        ────────────────────────────────────────────────────────────────────────────────
         leaf-01   swp1   bond-h1   changed   access 100   up     no partner   yes
         leaf-02   swp1   bond-h1   changed   access 100   up     no partner   yes

        leaf-01 swp1
          changes
             1. create LAG `bond-h1`
             2. add `swp1`
          sent
             1. insert Port bond-h1
                  lacp=active

        leaf-02 swp1
          changes
             1. create LAG `bond-h1`
             2. add `swp1`
          sent
             1. insert Port bond-h1
                  lacp=active
        not saved yet: the service saves soon, or at once with `mercury switch flush`
        request req-1, change c0ffee
        ");
    }

    #[test]
    fn nothing_to_do() {
        let link = json!({
            "switch": "leaf-01", "port": "swp1", "outcome": "already_so", "changes": [],
            "operations": [], "verified": true, "observed": {"vlans": {"mode": "closed"}},
        });
        let answer = answer(&json!([link]), "unchanged", "implicit");
        insta::assert_snapshot!(change(Look::default(), &answer, false), @r"
        already so: nothing was sent (12 ms)
         SWITCH    PORT   RESULT       CARRIES   VERIFIED
        ──────────────────────────────────────────────────
         leaf-01   swp1   already so   closed    yes
        request req-1
        ");
    }

    #[test]
    fn a_network_on_switches() {
        let link = |switch: &str, outcome: &str| {
            json!({
                "switch": switch, "outcome": outcome, "changes": ["define VLAN 100"],
                "operations": [], "verified": true, "vxlan": { "vni": 5001, "vlan": 100 },
            })
        };
        let links = json!([link("leaf-01", "applied"), link("leaf-02", "already_so")]);
        let answer = answer(&links, "applied", "saved");
        insta::assert_snapshot!(change(Look::default(), &answer, false), @r"
        done: 1 switch changed, 1 already so, verified (12 ms)
         SWITCH    RESULT       VXLAN                 VERIFIED
        ───────────────────────────────────────────────────────
         leaf-01   changed      VNI 5001 = VLAN 100   yes
         leaf-02   already so   VNI 5001 = VLAN 100   yes
        saved: the change survives a restart of the switch
        request req-1, change c0ffee
        ");
    }

    #[test]
    fn saving() {
        let answer = serde_json::from_value(json!({"switches": [
            {"switch": "leaf-01", "saved": true},
            {"switch": "leaf-02", "saved": false, "error": "the disk is full"},
        ]}))
        .unwrap();
        insta::assert_snapshot!(flush(Look::default(), &answer), @r"
         SWITCH    SAVED   WHY NOT
        ────────────────────────────────────
         leaf-01   yes
         leaf-02   no      the disk is full
        ");
    }
}
