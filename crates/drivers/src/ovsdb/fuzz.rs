//! Entries for fuzzing: what a switch sends, as bytes, through everything that reads it.
//!
//! Nothing here is used by the driver. Each function must return for every input, and holds the
//! promises of what it calls by panicking where they break, which is what a fuzzer looks for.

use std::collections::BTreeMap;

use switch::Query;

use super::framing::{Limits, split_messages};
use super::message::{Message, decode};
use super::operation::Operation;
use super::outcome::{Outcome, parse_outcomes};
use super::parse::{Picture, text};
use super::render::lag_columns;
use super::value::{Row, Uuid, Value};

/// A byte stream: framing, JSON-RPC, and the results of a transaction that reads rows.
///
/// # Panics
///
/// A message came out that is not in the stream, or what was read of a port cannot be written back.
pub fn stream(bytes: &[u8]) {
    let limits = Limits { message_bytes: 1 << 16, ..Limits::default() };
    let (messages, _) = split_messages(bytes, limits);
    assert!(messages.iter().map(Vec::len).sum::<usize>() <= bytes.len(), "bytes out of nowhere");
    for message in messages {
        if let Ok(Message::Response { result: Ok(result), .. }) = decode(&message) {
            rows(&result);
        }
    }
}

/// The result of a transaction that selects a bridge, ports and interfaces.
fn rows(result: &serde_json::Value) {
    let select = |table: &str| Operation::Select {
        table: table.to_owned(),
        conditions: Vec::new(),
        columns: None,
    };
    let operations = ["Bridge", "Port", "Interface"].map(select);
    let Ok(outcomes) = parse_outcomes(&operations, result) else { return };
    let [Outcome::Rows(bridges), Outcome::Rows(ports), Outcome::Rows(interfaces)] =
        outcomes.as_slice()
    else {
        return;
    };
    let named = |row: &Row| Some((uuid(row)?, text(row, "name")?.to_owned()));
    let picture = Picture {
        bridge: bridges.first().and_then(named),
        ports: keyed(ports),
        interfaces: keyed(interfaces),
    };
    let query = Query {
        ports: interfaces.iter().filter_map(|row| text(row, "name")?.parse().ok()).collect(),
        lags: ports.iter().filter_map(|row| text(row, "name")?.parse().ok()).collect(),
        ..Query::default()
    };
    let Ok(seen) = picture.observation(&query) else { return };
    for (name, lag) in &seen.slice.lags {
        assert!(lag_columns(name, lag).is_ok(), "what was read of {name} cannot be written back");
    }
}

fn keyed(rows: &[Row]) -> BTreeMap<Uuid, Row> {
    rows.iter().filter_map(|row| Some((uuid(row)?, row.clone()))).collect()
}

fn uuid(row: &Row) -> Option<Uuid> {
    row.get("_uuid").and_then(Value::as_uuid)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_streams_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::stream(&bytes);
        }

        #[test]
        fn arbitrary_rows_are_survived(
            mode in prop::sample::select(vec![
                r#"["set",[]]"#, "\"trunk\"", "\"access\"", "\"wide\"", "7",
            ]),
            tag in prop::sample::select(vec![r#"["set",[]]"#, "0", "100", "4095", "-1", "true"]),
            trunks in prop::sample::select(vec![r#"["set",[]]"#, r#"["set",[1,2]]"#, "4095"]),
            lacp in prop::sample::select(vec![r#"["set",[]]"#, "\"active\"", "\"off\"", "null"]),
            map in prop::sample::select(vec![
                r#"["map",[]]"#, r#"["map",[["lacp-time","fast"]]]"#, r#"["map",[[1,2]]]"#, "5",
            ]),
        ) {
            let uuid = r#"["uuid","550e8400-e29b-41d4-a716-446655440000"]"#;
            let bridge = format!(r#"{{"_uuid":{uuid},"name":"br0"}}"#);
            let port = format!(
                r#"{{"_uuid":{uuid},"name":"p","interfaces":{uuid},"vlan_mode":{mode},"tag":{tag},
                    "trunks":{trunks},"cvlans":["set",[]],"protected":false,"lacp":{lacp},
                    "other_config":{map},"external_ids":{map}}}"#
            );
            let interface = format!(r#"{{"_uuid":{uuid},"name":"p","external_ids":{map}}}"#);
            let rows = [bridge, port, interface].map(|row| format!(r#"{{"rows":[{row}]}}"#));
            let message =
                format!(r#"{{"id":1,"error":null,"result":[{}]}}"#, rows.join(","));
            super::stream(message.as_bytes());
        }
    }
}
