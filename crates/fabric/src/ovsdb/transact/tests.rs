#![expect(clippy::needless_pass_by_value, reason = "cases are literals")]

use std::sync::Arc;

use super::*;
use crate::ovsdb::schema::Schema;

fn empty() -> Database {
    Database::new(Arc::new(Schema::vswitch().unwrap()))
}

fn run(database: &Database, operations: Value) -> Outcome {
    execute(database, operations.as_array().unwrap(), &|_| false, Duration::ZERO)
}

fn commit(database: &Database, operations: Value) -> Database {
    match run(database, operations) {
        Outcome::Commit { database, .. } => database,
        other => panic!("{other:?}"),
    }
}

/// The class of the error that refused the operations, and how many results came with it.
fn refusal(database: &Database, operations: Value) -> (String, usize) {
    match run(database, operations) {
        Outcome::Failed { results } => {
            let class = results.iter().find_map(|result| result.get("error")?.as_str());
            (class.unwrap().to_owned(), results.len())
        }
        other => panic!("{other:?}"),
    }
}

/// One bridge `br0` with the one port `p1`.
fn one_port() -> Database {
    commit(
        &empty(),
        json!([
            {"op": "insert", "table": "Port", "uuid-name": "p",
             "row": {"name": "p1", "interfaces": ["named-uuid", "i"]}},
            {"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": "p1"}},
            {"op": "insert", "table": "Bridge", "uuid-name": "b",
             "row": {"name": "br0", "ports": ["named-uuid", "p"]}},
            {"op": "insert", "table": "Open_vSwitch", "row": {"bridges": ["named-uuid", "b"]}},
        ]),
    )
}

fn count(database: &Database, table: &str) -> usize {
    database.rows(table).count()
}

#[test]
fn a_name_may_be_used_before_its_row_is_inserted() {
    let database = one_port();
    let port = database.named("Port", "p1").unwrap();
    let interface = database.named("Interface", "p1").unwrap();
    assert_eq!(port.get("interfaces").uuids().collect::<Vec<_>>(), [interface.uuid]);
}

#[test]
fn a_row_that_nothing_refers_to_vanishes_with_what_only_it_referred_to() {
    let database = commit(
        &one_port(),
        json!([{"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["set", []]}}]),
    );
    assert_eq!((count(&database, "Port"), count(&database, "Interface")), (0, 0));
}

#[test]
fn a_transaction_that_is_refused_says_why_and_where() {
    let port = |row: Value| json!({"op": "update", "table": "Port", "where": [], "row": row});
    let nobody = json!(["uuid", "11111111-1111-1111-1111-111111111111"]);
    let cases = [
        (
            json!([{"op": "delete", "table": "Port", "where": []}]),
            "referential integrity violation",
            2,
        ),
        (json!([port(json!({"interfaces": nobody}))]), "referential integrity violation", 2),
        (json!([{"op": "insert", "table": "Open_vSwitch", "row": {}}]), "constraint violation", 2),
        (json!([port(json!({"tag": 1})), port(json!({"tag": 5000}))]), "constraint violation", 2),
        (json!([port(json!({"name": "p2"}))]), "constraint violation", 1),
        (json!([port(json!({"nope": 1}))]), "unknown column", 1),
        (json!([{"op": "select", "table": "Nope", "where": []}]), "syntax error", 1),
        (json!([{"op": "select", "table": "Port"}]), "syntax error", 1),
        (json!([{"op": "select", "table": "Port", "where": [], "x": 1}]), "syntax error", 1),
        (json!([{"op": "grow"}]), "syntax error", 1),
        (json!([7]), "syntax error", 1),
        (json!([{"op": "abort"}, {"op": "comment", "comment": ""}]), "aborted", 2),
        (json!([{"op": "assert", "lock": "l"}]), "not owner", 1),
        (
            json!([{"op": "wait", "table": "Port", "where": [], "columns": ["name"], "until": "==",
                 "rows": [{"name": "p9"}], "timeout": 0}]),
            "timed out",
            1,
        ),
    ];
    for (operations, class, results) in cases {
        let label = operations.to_string();
        assert_eq!(refusal(&one_port(), operations), (class.to_owned(), results), "{label}");
    }
}

#[test]
fn two_ports_of_one_name_are_refused() {
    let twin = json!([
        {"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": "p2"}},
        {"op": "insert", "table": "Port", "uuid-name": "p",
         "row": {"name": "p1", "interfaces": ["named-uuid", "i"]}},
        {"op": "mutate", "table": "Bridge", "where": [],
         "mutations": [["ports", "insert", ["named-uuid", "p"]]]},
    ]);
    assert_eq!(refusal(&one_port(), twin), ("constraint violation".to_owned(), 4));
}

#[test]
fn a_change_to_the_same_is_no_change() {
    let before = one_port();
    let after = commit(
        &before,
        json!([
            {"op": "update", "table": "Port", "where": [], "row": {"tag": 7}},
            {"op": "update", "table": "Port", "where": [], "row": {"tag": ["set", []]}},
        ]),
    );
    assert_eq!(before.diff(&after).count(), 0);
}

#[test]
fn a_wait_blocks_until_it_holds_or_its_time_is_up() {
    let wait = |until: &str, timeout: Value| {
        json!({"op": "wait", "table": "Port", "where": [["name", "==", "p1"]],
               "columns": ["tag"], "until": until, "rows": [{"tag": 7}], "timeout": timeout})
    };
    let attempt = |operation: Value, elapsed| match execute(
        &one_port(),
        &[operation],
        &|_| false,
        Duration::from_millis(elapsed),
    ) {
        Outcome::Commit { .. } => "held".to_owned(),
        Outcome::Blocked { timeout } => format!("blocked {timeout:?}"),
        Outcome::Failed { results } => results[0]["error"].as_str().unwrap().to_owned(),
    };
    assert_eq!(attempt(wait("!=", json!(100)), 0), "held");
    assert_eq!(attempt(wait("==", json!(100)), 0), "blocked Some(100ms)");
    assert_eq!(attempt(wait("==", json!(100)), 100), "timed out");
    assert_eq!(attempt(wait("==", Value::Null), 100), "blocked None");
}
