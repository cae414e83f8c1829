//! Comparing what was read with what it should be, for people. Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use switch::Slice;

/// The first difference; none when both are the same.
///
/// A plugin's own text (`extra`) is not compared, nor what a switch says of a LAG beyond what was
/// asked for, such as its default rate.
pub(super) fn same(wanted: &Slice, got: &Slice) -> Option<String> {
    let (wanted, got) = (flat(wanted), flat(got));
    let show = |value: Option<&String>| value.cloned().unwrap_or_else(|| "nothing".to_owned());
    let of_setting = |path: &str| path.contains(".settings.");
    wanted
        .keys()
        .chain(got.keys().filter(|path| !of_setting(path)))
        .find(|path| wanted.get(*path) != got.get(*path))
        .map(|path| {
            format!("`{path}` is {} instead of {}", show(got.get(path)), show(wanted.get(path)))
        })
}

fn flat(slice: &Slice) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // Plain data always serialises.
    walk("", &serde_json::to_value(slice).unwrap_or_default(), &mut found);
    found.retain(|path, _| !path.ends_with(".extra"));
    found
}

fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                walk(&format!("{path}{dot}{name}"), member, found);
            }
        }
        other => drop(found.insert(path.to_owned(), other.to_string())),
    }
}
