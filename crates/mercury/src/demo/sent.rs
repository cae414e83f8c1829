//! What was sent to a switch, short enough to be read.
//!
//! The service tells every operation as it went over the wire (RFC 7047, section 5.2), guards and
//! UUIDs included, and the audit log keeps it so. Here a reader wants to see what was changed:
//! the guards are counted, rows are named by their table, equal operations are told once.

use anyhow::{Result, ensure};
use serde_json::Value;

/// The operations of one transaction in a few lines.
pub(super) fn brief(operations: &[String]) -> Vec<String> {
    if !operations.iter().any(|operation| operation.starts_with('{')) {
        // A command line is told as it is: what it does depends on the lines before it.
        return operations.to_vec();
    }
    let mut guards = 0_usize;
    let mut lines: Vec<(String, usize)> = Vec::new();
    for operation in operations {
        let line = match serde_json::from_str::<Value>(operation) {
            Ok(operation) if word(&operation, "op") == "wait" => {
                guards += 1;
                continue;
            }
            Ok(operation) if operation.is_object() => line(&operation),
            _ => operation.clone(),
        };
        match lines.iter_mut().find(|(known, _)| *known == line) {
            Some((_, times)) => *times += 1,
            None => lines.push((line, 1)),
        }
    }
    let lines = lines.into_iter().map(|(line, times)| match times {
        1 => line,
        times => format!("{times} x {line}"),
    });
    let mut lines: Vec<String> = lines.collect();
    if guards > 0 {
        let rows = if guards == 1 { "guard" } else { "guards" };
        lines.insert(0, format!("in one transaction, behind {guards} {rows} on what was read:"));
    }
    lines
}

/// Holds what was sent against the plan, and says how it was compared: transactions by the columns
/// that they write, since a row is named differently in a plan; commands as they are.
pub(super) fn as_planned(planned: &[String], sent: &[String]) -> Result<&'static str> {
    ensure!(!planned.is_empty(), "the plan sends nothing");
    if !sent.iter().any(|operation| operation.starts_with('{')) {
        ensure!(planned == sent, "planned {planned:?}, sent {sent:?}");
        return Ok("line by line");
    }
    let sent = brief(sent);
    for operation in planned {
        let columns = operation.split_once(": ").map_or("", |(_, columns)| columns);
        let kept = sent.iter().any(|sent| sent.ends_with(columns));
        ensure!(kept && !columns.is_empty(), "planned `{operation}`, sent {sent:?}");
    }
    Ok("column by column")
}

fn line(operation: &Value) -> String {
    let mut text = format!("{} {}", word(operation, "op"), word(operation, "table"));
    let row = operation.get("row").and_then(Value::as_object).into_iter().flatten();
    // A new row names every column; those that say nothing are not worth reading.
    let inserts = word(operation, "op") == "insert";
    let said = row.filter(|(_, value)| !inserts || !is_default(value));
    for (number, (column, value)) in said.enumerate() {
        let colon = if number == 0 { ":" } else { "" };
        text.push_str(&format!("{colon} {column}={}", datum(value)));
    }
    let mutations = operation.get("mutations").and_then(Value::as_array);
    for mutation in mutations.into_iter().flatten() {
        if let Some([column, mutator, value]) = mutation.as_array().map(Vec::as_slice) {
            let (column, mutator) = (atom(column), atom(mutator));
            text.push_str(&format!(": {column} {mutator} {}", datum(value)));
        }
    }
    text
}

/// A column's value (RFC 7047, section 5.1).
fn datum(value: &Value) -> String {
    match value.as_array().map(Vec::as_slice) {
        Some([kind, Value::Array(atoms)]) if kind == "set" => {
            let atoms: Vec<String> = atoms.iter().map(atom).collect();
            format!("[{}]", atoms.join(","))
        }
        Some([kind, Value::Array(pairs)]) if kind == "map" => {
            let pair = |pair: &Value| match pair.as_array().map(Vec::as_slice) {
                Some([key, value]) => format!("{}={}", atom(key), atom(value)),
                _ => pair.to_string(),
            };
            let pairs: Vec<String> = pairs.iter().map(pair).collect();
            format!("{{{}}}", pairs.join(","))
        }
        _ => atom(value),
    }
}

/// Whether a new row would have this value without being told (RFC 7047, section 5.2.1).
fn is_default(value: &Value) -> bool {
    *value == false
        || *value == 0
        || *value == ""
        || matches!(value.as_array().map(Vec::as_slice), Some([_, Value::Array(of)]) if of.is_empty())
}

fn atom(value: &Value) -> String {
    match (value, value.as_array().map(Vec::as_slice)) {
        (Value::String(text), _) => text.clone(),
        (_, Some([Value::String(kind), _])) if kind == "uuid" => "a row".to_owned(),
        (_, Some([Value::String(kind), Value::String(_)])) if kind == "named-uuid" => {
            "the new row".to_owned()
        }
        _ => value.to_string(),
    }
}

fn word<'a>(operation: &'a Value, member: &str) -> &'a str {
    operation.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn guards_are_counted_and_equal_operations_told_once() {
        let wait = json!({"op": "wait", "table": "Port"});
        let uuid = |number: u32| json!(["uuid", format!("0000000{number}")]);
        let update = |number| {
            json!({"op": "update", "table": "Port", "where": [["_uuid", "==", uuid(number)]],
                "row": {"tag": ["set", []], "trunks": ["set", [100, 110]], "vlan_mode": "trunk"}})
        };
        let insert = json!({"op": "insert", "table": "Port", "uuid-name": "new", "row": {
            "interfaces": ["set", [uuid(3), uuid(4)]], "lacp": ["set", []], "protected": false,
            "mac": ["map", []], "bond_updelay": 0, "tag": 1,
            "other_config": ["map", [["lacp-time", "fast"]]],
        }});
        let mutate = json!({"op": "mutate", "table": "Bridge",
            "mutations": [["ports", "insert", ["named-uuid", "new"]]]});
        let operations = [wait.clone(), wait, update(1), update(2), insert, mutate];
        let operations = operations.map(|operation| operation.to_string());
        assert_eq!(
            brief(&operations),
            [
                "in one transaction, behind 2 guards on what was read:",
                "2 x update Port: tag=[] trunks=[100,110] vlan_mode=trunk",
                "insert Port: interfaces=[a row,a row] other_config={lacp-time=fast} \
                 tag=1",
                "mutate Bridge: ports insert the new row",
            ]
        );
    }

    #[test]
    fn what_is_no_operation_is_told_as_it_is() {
        let lines = ["interface Et1", "  shutdown", "interface Et2", "  shutdown"];
        assert_eq!(brief(&lines.map(str::to_owned)), lines);
        assert_eq!(brief(&[]), [""; 0]);
    }
}
