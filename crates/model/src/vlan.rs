//! Identifiers of layer-2 networks: the 12-bit VLAN ID and the 24-bit VXLAN network identifier.

use std::{borrow::Cow, fmt, num::NonZero, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Invalid;

/// A VLAN ID, 1 to 4094 (IEEE 802.1Q, table 9-2: 0 means "priority tag only", 4095 is reserved).
///
/// In JSON it is a number; a string is refused, so that `"ten"` and `"10"` fail alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Vlan(NonZero<u16>);

impl Vlan {
    /// The lowest VLAN ID, 1.
    pub const MIN: Self = Self(NonZero::<u16>::MIN);
    /// The highest VLAN ID, 4094.
    pub const MAX: Self = match NonZero::new(4094) {
        Some(id) => Self(id),
        None => Self::MIN,
    };

    /// The VLAN with this ID, or an error that says the range.
    pub fn new(id: u16) -> Result<Self, Invalid> {
        match NonZero::new(id) {
            Some(vlan) if id <= Self::MAX.get() => Ok(Self(vlan)),
            _ => Err(out_of_range(&id.to_string())),
        }
    }

    /// The ID as a number.
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

fn out_of_range(value: &str) -> Invalid {
    Invalid::new("VLAN ID", value, "is not an integer from 1 to 4094")
}

impl fmt::Display for Vlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Vlan {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        digits(text).and_then(|id| u16::try_from(id).ok()).map_or_else(
            || Err(out_of_range(text)),
            |id| Self::new(id).map_err(|_| out_of_range(text)),
        )
    }
}

impl TryFrom<u16> for Vlan {
    type Error = Invalid;

    fn try_from(id: u16) -> Result<Self, Invalid> {
        Self::new(id)
    }
}

impl<'de> Deserialize<'de> for Vlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Number::read(deserializer, "a VLAN ID, an integer from 1 to 4094")?
            .in_range(|id| u16::try_from(id).ok().and_then(|id| Self::new(id).ok()), out_of_range)
    }
}

impl JsonSchema for Vlan {
    fn schema_name() -> Cow<'static, str> {
        "Vlan".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 4094, "description": "VLAN ID" })
    }
}

/// A VXLAN network identifier, 1 to 16777215 (RFC 7348: 24 bits; 0 is left out, as switches do).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Vni(NonZero<u32>);

impl Vni {
    /// The highest VNI.
    pub const MAX: u32 = 0x00ff_ffff;

    /// The VNI with this number, or an error that says the range.
    pub fn new(id: u32) -> Result<Self, Invalid> {
        match NonZero::new(id) {
            Some(vni) if id <= Self::MAX => Ok(Self(vni)),
            _ => Err(vni_out_of_range(&id.to_string())),
        }
    }

    /// The identifier as a number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

fn vni_out_of_range(value: &str) -> Invalid {
    Invalid::new("VNI", value, "is not an integer from 1 to 16777215")
}

impl fmt::Display for Vni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Vni {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        digits(text).map_or_else(
            || Err(vni_out_of_range(text)),
            |id| Self::new(id).map_err(|_| vni_out_of_range(text)),
        )
    }
}

impl<'de> Deserialize<'de> for Vni {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Number::read(deserializer, "a VNI, an integer from 1 to 16777215")?.in_range(
            |id| u32::try_from(id).ok().and_then(|id| Self::new(id).ok()),
            vni_out_of_range,
        )
    }
}

impl JsonSchema for Vni {
    fn schema_name() -> Cow<'static, str> {
        "Vni".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": 16_777_215, "description": "VXLAN network identifier" })
    }
}

/// Reads plain decimal digits; no sign, no blanks, at most eight digits, so it cannot overflow.
pub(crate) fn digits(text: &str) -> Option<u32> {
    let plain = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A JSON number of any kind, kept until its range is known, so that `-1` and `1.5` get the same
/// clear error as `4095`.
pub(crate) struct Number {
    whole: Option<u64>,
    shown: String,
}

impl Number {
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        expected: &'static str,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor { expected })
    }

    pub(crate) fn in_range<T, E: serde::de::Error>(
        self,
        convert: impl FnOnce(u64) -> Option<T>,
        error: impl FnOnce(&str) -> Invalid,
    ) -> Result<T, E> {
        self.whole.and_then(convert).ok_or_else(|| E::custom(error(&self.shown)))
    }
}

struct NumberVisitor {
    expected: &'static str,
}

impl serde::de::Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
        Ok(Number { whole: Some(value), shown: value.to_string() })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
        Ok(Number { whole: u64::try_from(value).ok(), shown: value.to_string() })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
        Ok(Number { whole: None, shown: value.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1", Some(1))]
    #[case("4094", Some(4094))]
    #[case("0", None)]
    #[case("4095", None)]
    #[case("70000", None)]
    #[case("-1", None)]
    #[case("+5", None)]
    #[case(" 5", None)]
    #[case("ten", None)]
    #[case("", None)]
    #[case("99999999999999999999", None)]
    fn vlan_from_text(#[case] text: &str, #[case] want: Option<u16>) {
        assert_eq!(text.parse::<Vlan>().ok().map(Vlan::get), want);
    }

    #[rstest]
    #[case("100", Ok(100))]
    #[case("0", Err("VLAN ID `0` is not an integer from 1 to 4094"))]
    #[case("4095", Err("VLAN ID `4095` is not an integer from 1 to 4094"))]
    #[case("-3", Err("VLAN ID `-3` is not an integer from 1 to 4094"))]
    #[case("1.5", Err("VLAN ID `1.5` is not an integer from 1 to 4094"))]
    #[case(
        "\"ten\"",
        Err("invalid type: string \"ten\", expected a VLAN ID, an integer from 1 to 4094")
    )]
    #[case(
        "true",
        Err("invalid type: boolean `true`, expected a VLAN ID, an integer from 1 to 4094")
    )]
    fn vlan_from_json(#[case] json: &str, #[case] want: Result<u16, &str>) {
        let got = serde_json::from_str::<Vlan>(json).map(Vlan::get).map_err(|e| e.to_string());
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want),
            (Err(got), Err(want)) => assert!(got.starts_with(want), "{got}"),
            (got, want) => panic!("{got:?} is not {want:?}"),
        }
    }

    #[rstest]
    #[case("1", Some(1))]
    #[case("16777215", Some(16_777_215))]
    #[case("16777216", None)]
    #[case("0", None)]
    fn vni_from_text_and_json(#[case] text: &str, #[case] want: Option<u32>) {
        assert_eq!(text.parse::<Vni>().ok().map(Vni::get), want);
        assert_eq!(serde_json::from_str::<Vni>(text).ok().map(Vni::get), want);
    }
}
