//! Whatever parses as JSON prints as text that parses again, into as many values.
//!
//! It proves the harness: every format that the switch service reads over the network stands on
//! this parser. Values are not compared, since a float may move by one unit in the last place.

#![no_main]

use serde_json::Value;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Ok(value) = serde_json::from_slice::<Value>(input) {
        let again = serde_json::from_str(&value.to_string()).expect("own output parses");
        assert_eq!(count(&value), count(&again));
    }
});

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}
