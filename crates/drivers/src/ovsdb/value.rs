//! OVSDB values (RFC 7047, section 5.1): atoms, sets and maps.
//!
//! The protocol writes a set of one atom either as `["set", [atom]]` or as the bare atom, and sets
//! and maps in any order. Here a value has one form only, a sorted set or a sorted map, so that
//! two values are equal exactly if the database would call them so. The price is that a value
//! read without its schema does not say whether its column is a scalar or a set; the accessors
//! ([`Value::as_integer`] and the like) state what the caller expects.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde_json::{Value as Json, json};

use super::error::Violation;

/// A row, or a part of one: values by column.
pub type Row = BTreeMap<String, Value>;

/// The identity of a row. Written as 36 characters, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(u128);

impl FromStr for Uuid {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::shape("a UUID", &json!(text));
        if text.len() != 36 {
            return Err(wrong());
        }
        let mut number = 0;
        for (index, byte) in text.bytes().enumerate() {
            match (index, byte) {
                (8 | 13 | 18 | 23, b'-') => {}
                (8 | 13 | 18 | 23, _) => return Err(wrong()),
                (_, digit) => {
                    let digit = char::from(digit).to_digit(16).ok_or_else(wrong)?;
                    number = number << 4 | u128::from(digit);
                }
            }
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            n >> 96,
            n >> 80 & 0xffff,
            n >> 64 & 0xffff,
            n >> 48 & 0xffff,
            n & 0xffff_ffff_ffff
        )
    }
}

/// A finite real number, ordered by [`f64::total_cmp`].
#[derive(Debug, Clone, Copy)]
pub struct Real(f64);

impl Real {
    /// `None` for an infinity or not-a-number, which JSON cannot write.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        number.is_finite().then_some(Self(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// One scalar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// A signed 64-bit integer. A real without a fraction arrives as one, too.
    Integer(i64),
    /// A real number.
    Real(Real),
    /// A boolean.
    Boolean(bool),
    /// A string.
    String(String),
    /// A reference to a row.
    Uuid(Uuid),
    /// A reference to a row that the same transaction inserts, by its `uuid-name`.
    NamedUuid(String),
}

impl Atom {
    fn parse(json: &Json) -> Result<Self, Violation> {
        let wrong = || Violation::shape("an OVSDB atom", json);
        Ok(match json {
            Json::Bool(flag) => Self::Boolean(*flag),
            Json::String(text) => Self::String(text.clone()),
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None if number.is_u64() => return Err(wrong()),
                None => Self::Real(number.as_f64().and_then(Real::new).ok_or_else(wrong)?),
            },
            Json::Array(pair) => match pair.as_slice() {
                [Json::String(tag), Json::String(text)] if tag == "uuid" => {
                    Self::Uuid(text.parse()?)
                }
                [Json::String(tag), Json::String(name)] if tag == "named-uuid" => {
                    Self::NamedUuid(name.clone())
                }
                _ => return Err(wrong()),
            },
            Json::Null | Json::Object(_) => return Err(wrong()),
        })
    }

    fn render(&self) -> Json {
        match self {
            Self::Integer(integer) => json!(integer),
            Self::Real(real) => json!(real.get()),
            Self::Boolean(flag) => json!(flag),
            Self::String(text) => json!(text),
            Self::Uuid(uuid) => json!(["uuid", uuid.to_string()]),
            Self::NamedUuid(name) => json!(["named-uuid", name]),
        }
    }
}

macro_rules! atom_from {
    ($($from:ty => $to:expr),* $(,)?) => {$(
        impl From<$from> for Atom {
            fn from(value: $from) -> Self {
                $to(value)
            }
        }
    )*};
}

atom_from! {
    i64 => Self::Integer,
    bool => Self::Boolean,
    String => Self::String,
    &str => |text: &str| Self::String(text.to_owned()),
    u16 => |number| Self::Integer(i64::from(number)),
    Uuid => Self::Uuid,
    Real => Self::Real,
}

/// The value of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar (one atom), an optional scalar (none or one), or a set.
    Set(BTreeSet<Atom>),
    /// A map.
    Map(BTreeMap<Atom, Atom>),
}

impl Value {
    /// The empty set, which is also the absent optional scalar.
    #[must_use]
    pub fn empty() -> Self {
        Self::Set(BTreeSet::new())
    }

    /// A set of the given atoms.
    pub fn set<A: Into<Atom>>(atoms: impl IntoIterator<Item = A>) -> Self {
        Self::Set(atoms.into_iter().map(Into::into).collect())
    }

    /// A map of the given pairs; of two with the same key the last counts.
    pub fn map<K: Into<Atom>, V: Into<Atom>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }

    /// A reference to a row that the same transaction inserts under `name`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self::set([Atom::NamedUuid(name.to_owned())])
    }

    /// Reads a `<value>`.
    ///
    /// # Errors
    ///
    /// It is none, or a set or the keys of a map hold a duplicate.
    pub fn parse(json: &Json) -> Result<Self, Violation> {
        match json.as_array().map(Vec::as_slice) {
            Some([Json::String(tag), Json::Array(items)]) if tag == "set" => {
                let mut set = BTreeSet::new();
                for item in items {
                    if !set.insert(Atom::parse(item)?) {
                        return Err(Violation::shape("a set without duplicates", item));
                    }
                }
                Ok(Self::Set(set))
            }
            Some([Json::String(tag), Json::Array(pairs)]) if tag == "map" => {
                let mut map = BTreeMap::new();
                for pair in pairs {
                    let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
                        return Err(Violation::shape("a pair of a map", pair));
                    };
                    if map.insert(Atom::parse(key)?, Atom::parse(value)?).is_some() {
                        return Err(Violation::shape("a map without duplicate keys", key));
                    }
                }
                Ok(Self::Map(map))
            }
            _ => Ok(Self::Set(BTreeSet::from([Atom::parse(json)?]))),
        }
    }

    /// Writes a `<value>`; a set of one as the bare atom, as `ovsdb-server` does.
    #[must_use]
    pub fn render(&self) -> Json {
        match self {
            Self::Set(set) => match self.sole() {
                Some(atom) => atom.render(),
                None => json!(["set", set.iter().map(Atom::render).collect::<Vec<_>>()]),
            },
            Self::Map(map) => {
                let pairs: Vec<Json> =
                    map.iter().map(|(k, v)| json!([k.render(), v.render()])).collect();
                json!(["map", pairs])
            }
        }
    }

    /// Whether it is a set or a map without elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Set(set) => set.is_empty(),
            Self::Map(map) => map.is_empty(),
        }
    }

    /// The atoms of a set; `None` for a map that is not empty.
    #[must_use]
    pub fn as_set(&self) -> Option<&BTreeSet<Atom>> {
        static EMPTY: BTreeSet<Atom> = BTreeSet::new();
        match self {
            Self::Set(set) => Some(set),
            Self::Map(map) => map.is_empty().then_some(&EMPTY),
        }
    }

    /// The only atom of a set of one.
    #[must_use]
    pub fn sole(&self) -> Option<&Atom> {
        match self {
            Self::Set(set) if set.len() == 1 => set.first(),
            Self::Set(_) | Self::Map(_) => None,
        }
    }

    /// The integer, if it is exactly one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        if let Atom::Integer(integer) = self.sole()? { Some(*integer) } else { None }
    }

    /// The boolean, if it is exactly one.
    #[must_use]
    pub fn as_boolean(&self) -> Option<bool> {
        if let Atom::Boolean(flag) = self.sole()? { Some(*flag) } else { None }
    }

    /// The string, if it is exactly one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Atom::String(text) = self.sole()? { Some(text) } else { None }
    }

    /// The row reference, if it is exactly one.
    #[must_use]
    pub fn as_uuid(&self) -> Option<Uuid> {
        if let Atom::Uuid(uuid) = self.sole()? { Some(*uuid) } else { None }
    }

    /// The value of a string key in a map of strings.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let Self::Map(map) = self else { return None };
        if let Atom::String(text) = map.get(&Atom::from(key))? { Some(text) } else { None }
    }
}

impl<A: Into<Atom>> From<A> for Value {
    fn from(atom: A) -> Self {
        Self::Set(BTreeSet::from([atom.into()]))
    }
}

/// Reads a `<row>` object.
///
/// # Errors
///
/// It is no object, or a column holds no `<value>`.
pub fn parse_row(json: &Json) -> Result<Row, Violation> {
    let object = json.as_object().ok_or_else(|| Violation::shape("a row", json))?;
    object.iter().map(|(column, value)| Ok((column.clone(), Value::parse(value)?))).collect()
}

/// Writes a `<row>` object.
#[must_use]
pub fn render_row(row: &Row) -> Json {
    row.iter().map(|(column, value)| (column.clone(), value.render())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

    fn check(text: &str, expected: Result<Value, &str>) {
        let json: Json = serde_json::from_str(text).unwrap();
        match (Value::parse(&json), expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{text}"),
            (Err(violation), Err(expected)) => assert_eq!(violation.to_string(), expected),
            (got, expected) => panic!("{text} gave {got:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn values_of_each_kind() {
        check("5", Ok(5i64.into()));
        check(r#"["set",[5]]"#, Ok(5i64.into()));
        check(r#"["set",[]]"#, Ok(Value::empty()));
        check(r#"["set",[2,1]]"#, Ok(Value::set([1i64, 2])));
        check("true", Ok(true.into()));
        check("-0.5", Ok(Real::new(-0.5).unwrap().into()));
        check(r#""swp1""#, Ok("swp1".into()));
        check(&format!(r#"["uuid","{UUID}"]"#), Ok(UUID.parse::<Uuid>().unwrap().into()));
        check(r#"["named-uuid","p1"]"#, Ok(Value::named("p1")));
        check(r#"["map",[["a","b"]]]"#, Ok(Value::map([("a", "b")])));
    }

    #[test]
    fn what_is_no_value() {
        check("null", Err("expected an OVSDB atom, got `null`"));
        check("{}", Err("expected an OVSDB atom, got `{}`"));
        check("[]", Err("expected an OVSDB atom, got `[]`"));
        check("9223372036854775808", Err("expected an OVSDB atom, got `9223372036854775808`"));
        check(r#"["set",[["set",[1]]]]"#, Err(r#"expected an OVSDB atom, got `["set",[1]]`"#));
        check(r#"["set",[1,1]]"#, Err("expected a set without duplicates, got `1`"));
        check(r#"["set",5]"#, Err(r#"expected an OVSDB atom, got `["set",5]`"#));
        check(r#"["map",[["a"]]]"#, Err(r#"expected a pair of a map, got `["a"]`"#));
        check(
            r#"["map",[["a",1],["a",2]]]"#,
            Err(r#"expected a map without duplicate keys, got `"a"`"#),
        );
        check(r#"["uuid","550e8400"]"#, Err(r#"expected a UUID, got `"550e8400"`"#));
        let braces = format!("{{{}}}", &UUID[..34]);
        assert!(braces.parse::<Uuid>().is_err() && "é".repeat(18).parse::<Uuid>().is_err());
    }

    #[test]
    fn accessors_answer_only_what_they_name() {
        assert_eq!(Value::from("x").as_str(), Some("x"));
        assert_eq!(Value::from("x").as_integer(), None);
        assert_eq!(Value::set([1i64, 2]).as_integer(), None);
        assert_eq!(Value::empty().as_integer(), None);
        assert_eq!(Value::map([("k", "v")]).get("k"), Some("v"));
        assert_eq!(Value::map([("k", 1i64)]).get("k"), None);
        assert_eq!(Value::map::<Atom, Atom>([]).as_set().map(BTreeSet::len), Some(0));
    }

    fn atoms() -> impl Strategy<Value = Atom> {
        prop_oneof![
            any::<i64>().prop_map(Atom::Integer),
            any::<f64>().prop_filter_map("finite, with a fraction", |f| {
                (f.fract() != 0.0).then(|| Real::new(f).map(Atom::Real)).flatten()
            }),
            any::<bool>().prop_map(Atom::Boolean),
            ".{0,8}".prop_map(Atom::String),
            any::<u128>().prop_map(|n| Atom::Uuid(Uuid(n))),
            "[a-z]{1,8}".prop_map(Atom::NamedUuid),
        ]
    }

    proptest! {
        #[test]
        fn rendering_parses_back(
            set in prop::collection::btree_set(atoms(), 0..6),
            map in prop::collection::btree_map(atoms(), atoms(), 0..6),
        ) {
            for value in [Value::Set(set), Value::Map(map)] {
                let text = value.render().to_string();
                let json: Json = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(Value::parse(&json).unwrap(), value);
            }
        }
    }
}
