//! What parsing has in common: the error, and serialisation of types that are written as a string.

use thiserror::Error;

/// A value that is not what it must be.
///
/// `Display` reads as a clause, so that a caller can put the place in front of it:
/// `allowed_vlans: VLAN ID "4095" is not an integer from 1 to 4094`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what} `{value}` {problem}")]
pub struct Invalid {
    /// The kind of value, in the field's words.
    pub what: &'static str,
    /// What was given, shortened to [`Invalid::SHOWN`] characters and with control characters
    /// escaped, so that it can go into a log line.
    pub value: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

impl Invalid {
    /// How much of a bad value is repeated in its error: enough to recognise it, too little to
    /// flood a log.
    pub const SHOWN: usize = 80;

    /// An error about `value`.
    pub fn new(what: &'static str, value: impl AsRef<str>, problem: impl Into<String>) -> Self {
        let value = value.as_ref();
        let mut shown: String =
            value.chars().take(Self::SHOWN).flat_map(char::escape_debug).collect();
        if value.chars().nth(Self::SHOWN).is_some() {
            shown.push('…');
        }
        Self { what, value: shown, problem: problem.into() }
    }
}

/// Implements serde and JSON Schema for a type that is written as one string by `Display` and
/// read by `FromStr`.
macro_rules! written_as_string {
    ($type:ty, $schema_name:expr, $description:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text =
                    <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema_name.into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $description })
            }
        }
    };
}

pub(crate) use written_as_string;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_or_unprintable_value_is_shortened_and_escaped() {
        let error = Invalid::new("port name", "a\nb".repeat(60), "holds a line break");
        assert!(error.value.starts_with("a\\nb"));
        assert!(error.value.ends_with('…'));
        assert!(error.value.chars().count() < 2 * Invalid::SHOWN);
        assert_eq!(
            Invalid::new("VLAN ID", "0", "is not an integer from 1 to 4094").to_string(),
            "VLAN ID `0` is not an integer from 1 to 4094"
        );
    }
}
