//! Atoms and data of RFC 7047 section 5.1, and how they look on the wire.
//!
//! `real` is left out on purpose: no column of the schema that the simulator serves has that
//! type, and a value nobody can store needs no code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::OvsdbError;
use super::schema::{AtomKind, BaseType, ColumnType};

/// One indivisible value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// A signed 64-bit integer.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// A Unicode string.
    String(String),
    /// The identity of a row.
    Uuid(Uuid),
}

impl Atom {
    /// The atom in wire form; a UUID becomes `["uuid", "…"]`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Integer(number) => json!(number),
            Self::Boolean(flag) => json!(flag),
            Self::String(text) => json!(text),
            Self::Uuid(uuid) => json!(["uuid", uuid.to_string()]),
        }
    }

    /// What a column of this kind holds in a fresh row (RFC 7047 section 5.2.1).
    #[must_use]
    pub fn default_of(kind: AtomKind) -> Self {
        match kind {
            AtomKind::Integer => Self::Integer(0),
            AtomKind::Boolean => Self::Boolean(false),
            AtomKind::String => Self::String(String::new()),
            AtomKind::Uuid => Self::Uuid(Uuid::nil()),
        }
    }

    fn from_json(json: &Value, base: &BaseType, names: &mut Names) -> Result<Self, OvsdbError> {
        let wrong = |expected: &str| OvsdbError::syntax(format!("expected {expected}"), json);
        let atom = match base.kind {
            AtomKind::Integer => Self::Integer(json.as_i64().ok_or_else(|| wrong("integer"))?),
            AtomKind::Boolean => Self::Boolean(json.as_bool().ok_or_else(|| wrong("boolean"))?),
            AtomKind::String => {
                Self::String(json.as_str().ok_or_else(|| wrong("string"))?.to_owned())
            }
            AtomKind::Uuid => match tagged(json) {
                Some(("uuid", Value::String(text))) => {
                    Self::Uuid(text.parse().map_err(|_| wrong("UUID"))?)
                }
                Some(("named-uuid", Value::String(name))) => Self::Uuid(names.resolve(name)),
                _ => return Err(wrong("[\"uuid\", <string>] or [\"named-uuid\", <id>]")),
            },
        };
        base.check(&atom)?;
        Ok(atom)
    }
}

/// The `uuid-name`s of one transaction; a name may be used before the insert that defines it.
#[derive(Debug, Default)]
pub struct Names {
    known: BTreeMap<String, Uuid>,
    defined: BTreeSet<String>,
}

impl Names {
    /// The UUID behind a name, drawn on first use.
    pub fn resolve(&mut self, name: &str) -> Uuid {
        *self.known.entry(name.to_owned()).or_insert_with(Uuid::new_v4)
    }

    /// The UUID for the row that an insert gives this name to.
    ///
    /// # Errors
    /// `duplicate uuid-name` when the transaction has used the name for another row.
    pub fn define(&mut self, name: &str) -> Result<Uuid, OvsdbError> {
        if !self.defined.insert(name.to_owned()) {
            return Err(OvsdbError::new(
                "duplicate uuid-name",
                format!("This \"uuid-name\" appeared on an earlier \"insert\" operation: {name}"),
            ));
        }
        Ok(self.resolve(name))
    }
}

/// What one column of one row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// A set; a scalar column is a set of exactly one.
    Set(BTreeSet<Atom>),
    /// A map with unique keys.
    Map(BTreeMap<Atom, Atom>),
}

impl Datum {
    /// The empty set.
    #[must_use]
    pub fn empty() -> Self {
        Self::Set(BTreeSet::new())
    }

    /// A set of one.
    #[must_use]
    pub fn one(atom: Atom) -> Self {
        Self::Set(BTreeSet::from([atom]))
    }

    /// A set of one, or the empty set.
    #[must_use]
    pub fn optional(atom: Option<Atom>) -> Self {
        Self::Set(atom.into_iter().collect())
    }

    /// A set of one string.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self::one(Atom::String(text.into()))
    }

    /// A set of one integer.
    #[must_use]
    pub fn integer(number: i64) -> Self {
        Self::one(Atom::Integer(number))
    }

    /// What a column of this type holds in a fresh row.
    #[must_use]
    pub fn default_of(column: &ColumnType) -> Self {
        match (&column.value, column.min) {
            (Some(_), _) => Self::Map(BTreeMap::new()),
            (None, 0) => Self::empty(),
            (None, _) => Self::one(Atom::default_of(column.key.kind)),
        }
    }

    /// Number of atoms, or of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Set(set) => set.len(),
            Self::Map(map) => map.len(),
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The atoms of a set; nothing for a map.
    pub fn atoms(&self) -> impl Iterator<Item = &Atom> {
        match self {
            Self::Set(set) => Some(set),
            Self::Map(_) => None,
        }
        .into_iter()
        .flatten()
    }

    /// The first integer of a set.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        self.atoms().find_map(|atom| match atom {
            Atom::Integer(number) => Some(*number),
            _ => None,
        })
    }

    /// The first string of a set.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.atoms().find_map(|atom| match atom {
            Atom::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The first boolean of a set.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        self.atoms().find_map(|atom| match atom {
            Atom::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    /// Every UUID in the datum, keys and values.
    pub fn uuids(&self) -> impl Iterator<Item = Uuid> {
        let atoms: Box<dyn Iterator<Item = &Atom>> = match self {
            Self::Set(set) => Box::new(set.iter()),
            Self::Map(map) => Box::new(map.iter().flat_map(|(key, value)| [key, value])),
        };
        atoms.filter_map(|atom| match atom {
            Atom::Uuid(uuid) => Some(*uuid),
            _ => None,
        })
    }

    /// The datum in wire form: a set of one is the bare atom, as `ovsdb-server` writes it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Set(set) => match (set.len(), set.first()) {
                (1, Some(atom)) => atom.to_json(),
                _ => json!(["set", set.iter().map(Atom::to_json).collect::<Vec<_>>()]),
            },
            Self::Map(map) => json!([
                "map",
                map.iter()
                    .map(|(key, value)| json!([key.to_json(), value.to_json()]))
                    .collect::<Vec<_>>()
            ]),
        }
    }

    /// Reads a datum for a column, with every check that the column's type asks for.
    ///
    /// # Errors
    /// `syntax error` for the wrong shape or count, `constraint violation` for a value out of
    /// range or not in the enumeration.
    pub fn from_json(
        json: &Value,
        column: &ColumnType,
        names: &mut Names,
    ) -> Result<Self, OvsdbError> {
        let datum = match (&column.value, tagged(json)) {
            (Some(value), Some(("map", Value::Array(pairs)))) => {
                Self::Map(pairs_from_json(json, pairs, &column.key, value, names)?)
            }
            (Some(_), _) => return Err(OvsdbError::syntax("expected [\"map\", <array>]", json)),
            (None, Some(("set", Value::Array(items)))) => {
                column.check_count(items.len(), json)?;
                let mut set = BTreeSet::new();
                for item in items {
                    if !set.insert(Atom::from_json(item, &column.key, names)?) {
                        return Err(OvsdbError::syntax("set contains duplicate", json));
                    }
                }
                Self::Set(set)
            }
            (None, _) => Self::one(Atom::from_json(json, &column.key, names)?),
        };
        column.check_count(datum.len(), json)?;
        Ok(datum)
    }
}

fn pairs_from_json(
    whole: &Value,
    pairs: &[Value],
    key: &BaseType,
    value: &BaseType,
    names: &mut Names,
) -> Result<BTreeMap<Atom, Atom>, OvsdbError> {
    let mut map = BTreeMap::new();
    for pair in pairs {
        let Some([left, right]) = pair.as_array().map(Vec::as_slice) else {
            return Err(OvsdbError::syntax("expected 2-element array", pair));
        };
        let left = Atom::from_json(left, key, names)?;
        let right = Atom::from_json(right, value, names)?;
        if map.insert(left, right).is_some() {
            return Err(OvsdbError::syntax("map contains duplicate key", whole));
        }
    }
    Ok(map)
}

/// Splits `["tag", payload]`.
fn tagged(json: &Value) -> Option<(&str, &Value)> {
    match json.as_array()?.as_slice() {
        [Value::String(tag), payload] => Some((tag, payload)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "cases are literals")]

    use super::*;
    use crate::ovsdb::schema::Schema;

    fn read(table: &str, column: &str, json: Value) -> Result<Value, String> {
        let schema = Schema::vswitch().unwrap();
        let kind = &schema.table(table).unwrap().column(column).unwrap().kind;
        Datum::from_json(&json, kind, &mut Names::default())
            .map(|datum| datum.to_json())
            .map_err(|error| error.error)
    }

    #[test]
    fn a_datum_is_checked_against_its_column_and_written_as_the_real_server_does() {
        let syntax = Err("syntax error".to_owned());
        let constraint = Err("constraint violation".to_owned());
        let cases = [
            ("tag", json!(100), Ok(json!(100))),
            ("tag", json!(["set", [100]]), Ok(json!(100))),
            ("tag", json!(["set", []]), Ok(json!(["set", []]))),
            ("tag", json!(4096), constraint.clone()),
            ("tag", json!(-1), constraint.clone()),
            ("tag", json!("100"), syntax.clone()),
            ("tag", json!(["set", [1, 2]]), syntax.clone()),
            ("trunks", json!(["set", [200, 100]]), Ok(json!(["set", [100, 200]]))),
            ("trunks", json!(["set", [1, 1]]), syntax.clone()),
            ("vlan_mode", json!("access"), Ok(json!("access"))),
            ("vlan_mode", json!("hybrid"), constraint),
            ("interfaces", json!(["set", []]), syntax.clone()),
            ("interfaces", json!(["uuid", "not-one"]), syntax.clone()),
            ("protected", json!(1), syntax.clone()),
            ("other_config", json!(["map", [["a", "b"]]]), Ok(json!(["map", [["a", "b"]]]))),
            ("other_config", json!(["map", [["a", "b"], ["a", "c"]]]), syntax.clone()),
            ("other_config", json!(["set", []]), syntax),
        ];
        for (column, json, expected) in cases {
            assert_eq!(read("Port", column, json.clone()), expected, "{column} := {json}");
        }
    }

    #[test]
    fn a_name_stands_for_one_row_and_is_defined_once() {
        let mut names = Names::default();
        let early = names.resolve("row1");
        assert_eq!(names.define("row1").unwrap(), early);
        assert_eq!(names.define("row1").unwrap_err().error, "duplicate uuid-name");
    }
}
