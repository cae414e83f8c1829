//! Knowing when the switch has taken a change into its data path.
//!
//! A committed transaction changes the database only; `ovs-vswitchd` follows later. It tells how
//! far it is in the one row of the `Open_vSwitch` table: whoever changes something adds one to
//! `next_cfg`, and `ovs-vswitchd` sets `cur_cfg` to the `next_cfg` that it has applied
//! (`ovs-vswitchd.conf.db(5)`). `ovs-vsctl` waits in the same way. We get `cur_cfg` by a monitor,
//! as an event; polling would be late or busy.
//!
//! What it does not tell is whether `ovs-vswitchd` could do all of it: an interface that cannot be
//! opened has its own `error` column.

use serde_json::{Value as Json, json};

use super::error::{Error, Violation};
use super::operation::{Mutation, Mutator, Operation};
use super::outcome::Outcome;
use super::value::Value;

/// The name of our only monitor, and of its table.
pub(super) const MONITOR: &str = "config-numbers";
const TABLE: &str = "Open_vSwitch";

/// How far the switch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigNumbers {
    /// The configuration that `ovs-vswitchd` has applied.
    pub current: i64,
    /// The configuration that was last asked for.
    pub next: i64,
}

/// The parameters of the `monitor` call.
pub(super) fn monitor_params() -> Json {
    json!([super::DATABASE, MONITOR, {TABLE: {"columns": ["cur_cfg", "next_cfg"]}}])
}

/// Reads `<table-updates>` (RFC 7047, section 4.1.6): `None` if they say nothing about the row,
/// `Some(None)` if it is gone.
pub(super) fn parse_updates(tables: &Json) -> Result<Option<Option<ConfigNumbers>>, Violation> {
    let wrong = || Violation::shape("an update of `Open_vSwitch`", tables);
    let tables = tables.as_object().ok_or_else(wrong)?;
    if tables.keys().any(|table| table != TABLE) {
        return Err(wrong());
    }
    let Some(rows) = tables.get(TABLE) else {
        return Ok(None);
    };
    let mut seen = None;
    for row in rows.as_object().ok_or_else(wrong)?.values() {
        match (row.get("new"), row.get("old")) {
            (Some(new), _) => {
                let number = |column| {
                    new.get(column)
                        .and_then(|value| Value::parse(value).ok()?.as_integer())
                        .ok_or_else(wrong)
                };
                let numbers =
                    ConfigNumbers { current: number("cur_cfg")?, next: number("next_cfg")? };
                seen = Some(Some(numbers));
            }
            (None, Some(_)) => seen = seen.or(Some(None)),
            (None, None) => return Err(wrong()),
        }
    }
    Ok(seen)
}

/// The operations that, at the end of a transaction, ask for a new configuration and read its
/// number.
pub(super) fn next_config() -> [Operation; 2] {
    [
        Operation::Mutate {
            table: TABLE.to_owned(),
            conditions: Vec::new(),
            mutations: vec![Mutation::new("next_cfg", Mutator::Add, 1i64)],
        },
        Operation::Select {
            table: TABLE.to_owned(),
            conditions: Vec::new(),
            columns: Some(vec!["next_cfg".to_owned()]),
        },
    ]
}

/// Takes the outcomes of [`next_config`] off the end: the new configuration's number.
pub(super) fn take_config(outcomes: &mut Vec<Outcome>) -> Result<i64, Error> {
    let number = match (outcomes.pop(), outcomes.pop()) {
        (Some(Outcome::Rows(rows)), Some(Outcome::Count(_))) => {
            rows.first().and_then(|row| row.get("next_cfg")?.as_integer())
        }
        _ => None,
    };
    number.ok_or_else(|| Error::Protocol {
        violation: Violation::shape("`next_cfg` of the one `Open_vSwitch` row", &Json::Null),
        sent: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_read() {
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        let check = |tables: Json, expected: Result<Option<Option<(i64, i64)>>, ()>| {
            let got = parse_updates(&tables)
                .map(|seen| seen.map(|row| row.map(|n| (n.current, n.next))))
                .map_err(|_| ());
            assert_eq!(got, expected, "{tables}");
        };
        let row = json!({"cur_cfg": 3, "next_cfg": 4});
        check(json!({}), Ok(None));
        check(json!({"Open_vSwitch": {}}), Ok(None));
        check(json!({"Open_vSwitch": {uuid: {"new": row}}}), Ok(Some(Some((3, 4)))));
        let both = json!({"old": {"cur_cfg": 2}, "new": row});
        check(json!({"Open_vSwitch": {uuid: both}}), Ok(Some(Some((3, 4)))));
        check(json!({"Open_vSwitch": {uuid: {"old": row}}}), Ok(Some(None)));
        let moved = json!({"a": {"old": row}, "b": {"new": row}});
        check(json!({"Open_vSwitch": moved}), Ok(Some(Some((3, 4)))));
        check(json!({"Open_vSwitch": {uuid: {}}}), Err(()));
        check(json!({"Open_vSwitch": {uuid: {"new": {"cur_cfg": 3}}}}), Err(()));
        check(json!({"Open_vSwitch": []}), Err(()));
        check(json!({"Port": {}}), Err(()));
        check(json!([]), Err(()));
    }
}
