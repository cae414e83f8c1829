//! JSON from outside, read more strictly than the format demands: not too deep, no member twice.
//!
//! RFC 8259 leaves open which of two members of one name counts. Two readers that choose differently
//! (a proxy that checks, a service that acts) can be played against each other, so neither counts
//! here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Whether arrays and objects nest deeper than `most`. Counts brackets outside strings in one pass
/// and without recursion; on bytes that are not JSON the answer means nothing, and the parser
/// refuses them anyway.
pub fn depth_exceeds(body: &[u8], most: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in body {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Reads one JSON value that fills the text. The parser recurses: bound the depth first, with
/// [`depth_exceeds`].
///
/// # Errors
/// What is no JSON; and, as an error of data ([`serde_json::Error::is_data`]), an object that names
/// a member twice.
pub fn unique(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Unique.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
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

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
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
                let name = crate::Invalid::new("", &name, "").value;
                return Err(A::Error::custom(format_args!(
                    "an object names the member `{name}` twice"
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
    use super::*;

    #[test]
    fn brackets_count_outside_strings_only() {
        let cases: [(&str, usize, bool); 8] = [
            ("1", 0, false),
            ("[]", 0, true),
            ("[]", 1, false),
            ("[[],[],{}]", 2, false),
            ("[[[]]]", 2, true),
            (r#"["[[[[",{"a":"\"[[["}]"#, 2, false),
            (r#"["\\",[[]]]"#, 2, true),
            ("]]]][", 1, false),
        ];
        for (text, most, deeper) in cases {
            assert_eq!(depth_exceeds(text.as_bytes(), most), deeper, "{text}");
        }
        assert!(depth_exceeds("[".repeat(1_000_000).as_bytes(), 32));
    }

    #[test]
    fn a_member_counts_once() {
        let text = br#"{"a":[1,-2,1.5,"x",null,true],"b":{"a":1}}"#;
        assert_eq!(unique(text).unwrap(), serde_json::from_slice::<Value>(text).unwrap());
        let error = unique(br#"{"a":1,"b":{"a":1,"a":2}}"#).unwrap_err();
        assert!(error.is_data());
        assert!(error.to_string().starts_with("an object names the member `a` twice"), "{error}");
        for broken in ["", "{} {}", "hello", "{\"a\":"] {
            assert!(!unique(broken.as_bytes()).unwrap_err().is_data(), "{broken}");
        }
    }
}
