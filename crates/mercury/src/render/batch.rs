//! Many operations: one line each.

use rpc::{
    client::CallError,
    wire::{ChangeAnswer, VerifyAnswer},
};

use super::{Look, Shown, Tone, duration_ms, error, verify};

/// What became of one of many operations.
pub(crate) enum Done {
    /// A change came to its end.
    Changed(ChangeAnswer),
    /// Ports were compared.
    Verified(VerifyAnswer),
    /// There was no answer.
    Failed(CallError),
}

/// One of many operations.
pub(crate) struct Row {
    /// What it was about, such as `leaf-01:swp1`.
    pub(crate) about: String,
    /// What became of it.
    pub(crate) done: Done,
}

/// The table of all, and after it the errors in full.
pub(crate) fn table(look: Look, rows: &[Row]) -> String {
    let mut table = look.table(["#", "ABOUT", "RESULT", "TOOK"]);
    for (index, row) in rows.iter().enumerate() {
        let (result, took) = match &row.done {
            Done::Changed(answer) => (changed(answer), duration_ms(answer.duration_ms).into()),
            Done::Verified(answer) => (verify::state(answer.state), Shown::default()),
            Done::Failed(error) => (Shown::toned(Tone::Bad, failed(error)), Shown::default()),
        };
        table.add([(index + 1).into(), (&row.about).into(), result, took]);
    }
    let mut out = table.to_string();
    for (index, row) in rows.iter().enumerate() {
        let text = match &row.done {
            Done::Failed(error) => error::call(look, error),
            Done::Verified(answer) if answer.state != rpc::wire::VerifyState::InSync => {
                verify::verify(look, answer)
            }
            Done::Changed(_) | Done::Verified(_) => continue,
        };
        out.push_str(&format!("\n{}\n{text}", look.paint(Tone::Strong, format!("#{}", index + 1))));
    }
    out
}

fn changed(answer: &ChangeAnswer) -> Shown {
    match answer.outcome {
        rpc::wire::ChangeOutcome::Applied => Shown::toned(Tone::Good, "changed"),
        rpc::wire::ChangeOutcome::Unchanged => "already so".into(),
    }
}

fn failed(error: &CallError) -> String {
    match error {
        CallError::Rpc(error) => error
            .class()
            .map_or_else(|| "failed".to_owned(), |class| class.name().replace('_', " ")),
        CallError::TimedOut { .. } => "no answer in time".to_owned(),
        _ => "no answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rpc::{Class, RpcError};
    use serde_json::json;

    use super::*;

    #[test]
    fn good_and_bad() {
        let changed = serde_json::from_value(json!({
            "request_id": "r", "change_id": "c", "outcome": "applied", "links": [],
            "save": "implicit", "duration_ms": 4,
        }))
        .unwrap();
        let differs = serde_json::from_value(json!({"state": "differs", "ports": [
            {"switch": "leaf-01", "port": "swp2", "state": "differs", "differences": [
                {"member": "vlans", "wanted": "access 100", "observed": "access 120"}]}]}))
        .unwrap();
        let refused = RpcError::new(Class::RefusedByPolicy, "port `swp3` on `leaf-01` refused");
        let rows = [
            Row { about: "leaf-01:swp1".into(), done: Done::Changed(changed) },
            Row { about: "leaf-01:swp2".into(), done: Done::Verified(differs) },
            Row { about: "leaf-01:swp3".into(), done: Done::Failed(refused.into()) },
        ];
        insta::assert_snapshot!(table(Look::default(), &rows), @r"
         #   ABOUT          RESULT              TOOK
        ─────────────────────────────────────────────
         1   leaf-01:swp1   changed             4 ms
         2   leaf-01:swp2   differs
         3   leaf-01:swp3   refused by policy

        #2
         SWITCH    PORT   STATE     WHERE
        ──────────────────────────────────────────────────────────────────────
         leaf-01   swp2   differs   vlans: is access 120, believed access 100

        #3
        error: port `swp3` on `leaf-01` refused
        ");
    }
}
