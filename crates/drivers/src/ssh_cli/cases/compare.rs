//! What is expected against what was read: members that are named have to be equal.

use serde_json::Value;

/// Everything in which `got` is not as `want` names it.
pub(super) fn differences(want: &Value, got: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", want, Some(got), &mut found);
    found
}

fn compare(path: &str, want: &Value, got: Option<&Value>, found: &mut Vec<String>) {
    let shown =
        |value: Option<&Value>| value.map_or_else(|| "not there".to_owned(), Value::to_string);
    let got = got.filter(|got| !got.is_null());
    match (want, got) {
        (Value::Object(want), Some(Value::Object(members))) => {
            for (name, want) in want {
                compare(&format!("{path}/{name}"), want, members.get(name), found);
            }
        }
        (Value::Array(want), Some(Value::Array(got)))
            if want.len() == got.len() && want.iter().all(|want| got.contains(want)) => {}
        (Value::Bool(false), None) => {}
        (want, Some(got)) if want == got || same_vlans(want, got) => {}
        (want, got) => {
            let (want, got) = (shown(Some(want)), shown(got));
            found.push(format!("`{path}` is {got} instead of {want}"));
        }
    }
}

/// Whether both are the same list of VLANs: `"10,11"`, `"10-11"`; `10`, `"10"`.
fn same_vlans(want: &Value, got: &Value) -> bool {
    let set = |value: &Value| serde_json::from_value::<model::VlanSet>(value.clone()).ok();
    matches!(got, Value::String(_)) && set(want).is_some_and(|want| set(got) == Some(want))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"a": 1}), json!({"a": 1, "b": 2}), &[])]
    #[case(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), &["`/a/b` is 2 instead of 1"])]
    #[case(json!({"a": 1}), json!({}), &["`/a` is not there instead of 1"])]
    #[case(json!({"a": false}), json!({}), &[])]
    #[case(json!({"a": false}), json!({"a": {}}), &["`/a` is {} instead of false"])]
    #[case(json!({"m": ["b", "a"]}), json!({"m": ["a", "b"]}), &[])]
    #[case(json!({"v": "10,11"}), json!({"v": "10-11"}), &[])]
    #[case(json!({"v": 10}), json!({"v": "10"}), &[])]
    #[case(json!({"v": "10"}), json!({"v": "11"}), &["`/v` is \"11\" instead of \"10\""])]
    fn by_member(#[case] want: Value, #[case] got: Value, #[case] expected: &[&str]) {
        assert_eq!(differences(&want, &got), expected);
    }
}
