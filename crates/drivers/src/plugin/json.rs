//! One line as one JSON value, strictly: UTF-8, not too deep, no member twice.
//!
//! A member that is given twice is refused because readers disagree about which one counts; the
//! depth is counted before anything parses, so that no line can exhaust the stack.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::error::{Violation, excerpt};

/// How deep an answer nests: the deepest that is described is a LAG's VLANs, seven levels down.
pub(super) const DEPTH: usize = 32;

/// Reads one JSON value that fills the line.
pub(super) fn parse(line: &[u8]) -> Result<Value, Violation> {
    let text = std::str::from_utf8(line).map_err(|error| Violation::NotUtf8 {
        at: error.valid_up_to(),
        near: excerpt(&String::from_utf8_lossy(line)),
    })?;
    if depth_exceeds(line, DEPTH) {
        return Err(Violation::TooDeep { limit: DEPTH });
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Unique.deserialize(&mut deserializer);
    value
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Violation::NotJson { problem: error.to_string(), near: excerpt(text) })
}

/// Whether arrays and objects nest deeper than `most`. On bytes that are not JSON the answer means
/// nothing, and the parser refuses them anyway.
fn depth_exceeds(line: &[u8], most: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in line {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "an object names the member `{}` twice",
                    excerpt(&name)
                )));
            }
            let value = members.next_value_seed(Self)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(br#"{"a":[1,-2,1.5,"x",null,true]}"#, Ok(()))]
    #[case(br#"{"a":1,"b":{"a":1,"a":2}}"#, Err("names the member `a` twice"))]
    #[case(b"{\"a\":\"\xff\"}", Err("is not UTF-8 at byte 6"))]
    #[case(b"hello", Err("is not JSON: expected value"))]
    #[case(b"{} {}", Err("is not JSON: trailing characters"))]
    #[case(b"", Err("is not JSON: EOF"))]
    #[case(
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        Err("nests deeper than 32")
    )]
    #[case(br#"["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["]"#, Ok(()))]
    fn lines(#[case] line: &[u8], #[case] expected: Result<(), &str>) {
        match (parse(line), expected) {
            (Ok(_), Ok(())) => {}
            (Err(got), Err(part)) => assert!(got.to_string().contains(part), "{got}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }
}
