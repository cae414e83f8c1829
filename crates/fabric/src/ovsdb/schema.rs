//! The schema that the simulator serves (RFC 7047 section 3.2), embedded from `vswitch.json`.
//!
//! It is a subset of `Open_vSwitch` 8.3.1: the tables and columns that put a server port or a
//! LAG on a VLAN and report what came of it. A column that is here has exactly the type that
//! ovs-vswitchd.conf.db(5) gives it; an integration test holds that against an installed schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::OvsdbError;
use super::value::{Atom, Datum};

/// Name of the one database.
pub const DATABASE: &str = "Open_vSwitch";

const VSWITCH: &str = include_str!("vswitch.json");

/// The atomic types in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtomKind {
    /// 64-bit signed.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Unicode.
    String,
    /// A row's identity.
    Uuid,
}

/// The `<base-type>` of RFC 7047 section 3.2.
#[derive(Debug, Clone)]
pub struct BaseType {
    /// The atomic type.
    pub kind: AtomKind,
    /// The allowed values, when they are enumerated.
    pub values: Option<BTreeSet<String>>,
    /// Least allowed integer.
    pub least: i64,
    /// Greatest allowed integer.
    pub greatest: i64,
    /// The table whose rows a UUID refers to, strongly.
    pub ref_table: Option<String>,
}

impl BaseType {
    const fn plain(kind: AtomKind) -> Self {
        Self { kind, values: None, least: i64::MIN, greatest: i64::MAX, ref_table: None }
    }

    /// Whether the atom is in range and in the enumeration.
    ///
    /// # Errors
    /// `constraint violation`.
    pub fn check(&self, atom: &Atom) -> Result<(), OvsdbError> {
        match (atom, &self.values) {
            (Atom::String(text), Some(values)) if !values.contains(text) => {
                let allowed = values.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                Err(OvsdbError::constraint(format!(
                    "{text} is not one of the allowed values ([{allowed}])"
                )))
            }
            (Atom::Integer(number), _) if *number < self.least || *number > self.greatest => {
                Err(OvsdbError::constraint(format!(
                    "{number} is not in the valid range {} to {} (inclusive)",
                    self.least, self.greatest
                )))
            }
            _ => Ok(()),
        }
    }
}

/// The `<type>` of RFC 7047 section 3.2.
#[derive(Debug, Clone)]
pub struct ColumnType {
    /// Type of the atoms, or of a map's keys.
    pub key: BaseType,
    /// Type of a map's values; `None` makes it a set.
    pub value: Option<BaseType>,
    /// Fewest atoms or pairs.
    pub min: usize,
    /// Most atoms or pairs; `usize::MAX` is `"unlimited"`.
    pub max: usize,
}

impl ColumnType {
    /// Exactly one atom.
    #[must_use]
    pub const fn is_scalar(&self) -> bool {
        self.value.is_none() && self.min == 1 && self.max == 1
    }

    /// A type that can hold several atoms or pairs, whose changes travel as differences.
    #[must_use]
    pub const fn is_composite(&self) -> bool {
        self.max > 1
    }

    /// The same type without the limits on how many, for the arguments of `includes`,
    /// `excludes`, `insert` and `delete`.
    #[must_use]
    pub fn any_count(&self) -> Self {
        Self { min: 0, max: usize::MAX, ..self.clone() }
    }

    /// The type of the keys alone, for `delete` on a map.
    #[must_use]
    pub fn keys(&self) -> Self {
        Self { value: None, ..self.any_count() }
    }

    /// Whether this many atoms are allowed.
    ///
    /// # Errors
    /// `syntax error`, as `ovsdb-server` has it.
    pub fn check_count(&self, count: usize, json: &Value) -> Result<(), OvsdbError> {
        if (self.min..=self.max).contains(&count) {
            return Ok(());
        }
        let max = self.max.min(u32::MAX as usize);
        let what = if self.value.is_some() { "map" } else { "set" };
        Err(OvsdbError::syntax(
            format!("{what} must have {} to {max} members but {count} are present", self.min),
            json,
        ))
    }
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// What it holds.
    pub kind: ColumnType,
    /// Whether `update` and `mutate` may touch it.
    pub mutable: bool,
}

/// One table.
#[derive(Debug, Clone)]
pub struct TableSchema {
    /// Its name.
    pub name: String,
    /// The stored columns, `_uuid` and `_version` not among them.
    pub columns: BTreeMap<String, Column>,
    /// Rows live without being referred to.
    pub is_root: bool,
    /// Most rows.
    pub max_rows: usize,
    /// Sets of columns whose values are unique.
    pub indexes: Vec<Vec<String>>,
    identity: Column,
}

impl TableSchema {
    /// A column by name, `_uuid` and `_version` included.
    ///
    /// # Errors
    /// `unknown column`.
    pub fn column(&self, name: &str) -> Result<&Column, OvsdbError> {
        match name {
            "_uuid" | "_version" => Ok(&self.identity),
            _ => self.columns.get(name).ok_or_else(|| {
                OvsdbError::new(
                    "unknown column",
                    format!("No column {name} in table {}.", self.name),
                )
            }),
        }
    }

    /// The columns of a row that nobody has written to.
    #[must_use]
    pub fn defaults(&self) -> BTreeMap<String, Datum> {
        self.columns
            .iter()
            .map(|(name, column)| (name.clone(), Datum::default_of(&column.kind)))
            .collect()
    }
}

/// The whole schema.
#[derive(Debug)]
pub struct Schema {
    /// As `get_schema` answers it.
    pub json: Value,
    /// By name.
    pub tables: BTreeMap<String, TableSchema>,
}

impl Schema {
    /// The embedded schema.
    ///
    /// # Errors
    /// `bad schema` when the embedded file is not one, which a unit test rules out.
    pub fn vswitch() -> Result<Self, OvsdbError> {
        let bad = |details: String| OvsdbError::new("bad schema", details);
        let json: Value = serde_json::from_str(VSWITCH).map_err(|e| bad(e.to_string()))?;
        let tables = json
            .get("tables")
            .and_then(Value::as_object)
            .ok_or_else(|| bad("no tables".to_owned()))?
            .iter()
            .map(|(name, table)| {
                let parsed = parse_table(name, table)
                    .ok_or_else(|| bad(format!("table {name} is malformed")))?;
                Ok((name.clone(), parsed))
            })
            .collect::<Result<_, OvsdbError>>()?;
        Ok(Self { json, tables })
    }

    /// A table by name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        self.tables.get(name)
    }
}

fn parse_table(name: &str, json: &Value) -> Option<TableSchema> {
    let mut columns = BTreeMap::new();
    for (column, definition) in json.get("columns")?.as_object()? {
        columns.insert(
            column.clone(),
            Column {
                kind: parse_type(definition.get("type")?)?,
                mutable: definition.get("mutable").and_then(Value::as_bool).unwrap_or(true),
            },
        );
    }
    let indexes = match json.get("indexes") {
        Some(indexes) => serde_json::from_value(indexes.clone()).ok()?,
        None => Vec::new(),
    };
    Some(TableSchema {
        name: name.to_owned(),
        columns,
        is_root: json.get("isRoot").and_then(Value::as_bool).unwrap_or(false),
        max_rows: match json.get("maxRows") {
            Some(rows) => usize::try_from(rows.as_u64()?).ok()?,
            None => usize::MAX,
        },
        indexes,
        identity: Column {
            kind: ColumnType { key: BaseType::plain(AtomKind::Uuid), value: None, min: 1, max: 1 },
            mutable: false,
        },
    })
}

fn parse_type(json: &Value) -> Option<ColumnType> {
    let Some(object) = json.as_object() else {
        return Some(ColumnType { key: parse_base(json)?, value: None, min: 1, max: 1 });
    };
    let limit = |member: &str| match object.get(member) {
        None => Some(1),
        Some(Value::String(word)) if word == "unlimited" => Some(usize::MAX),
        Some(number) => usize::try_from(number.as_u64()?).ok(),
    };
    Some(ColumnType {
        key: parse_base(object.get("key")?)?,
        value: match object.get("value") {
            Some(value) => Some(parse_base(value)?),
            None => None,
        },
        min: limit("min")?,
        max: limit("max")?,
    })
}

fn parse_base(json: &Value) -> Option<BaseType> {
    let name = json.as_str().or_else(|| json.get("type")?.as_str())?;
    let mut base = BaseType::plain(match name {
        "integer" => AtomKind::Integer,
        "boolean" => AtomKind::Boolean,
        "string" => AtomKind::String,
        "uuid" => AtomKind::Uuid,
        _ => return None,
    });
    if let Some(least) = json.get("minInteger") {
        base.least = least.as_i64()?;
    }
    if let Some(greatest) = json.get("maxInteger") {
        base.greatest = greatest.as_i64()?;
    }
    if let Some(table) = json.get("refTable") {
        base.ref_table = Some(table.as_str()?.to_owned());
    }
    if let Some(values) = json.get("enum") {
        base.values = Some(serde_json::from_value(values.get(1)?.clone()).ok()?);
    }
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_schema_is_read_whole_and_refers_only_to_itself() {
        let schema = Schema::vswitch().unwrap();
        let names: Vec<_> = schema.tables.keys().map(String::as_str).collect();
        let expected = "Bridge Controller Interface Manager Open_vSwitch Port QoS";
        assert_eq!(names.join(" "), expected);
        for table in schema.tables.values() {
            for (name, column) in &table.columns {
                for base in [Some(&column.kind.key), column.kind.value.as_ref()] {
                    if let Some(target) = base.and_then(|base| base.ref_table.as_ref()) {
                        assert!(schema.table(target).is_some(), "{}.{name}", table.name);
                    }
                }
            }
        }
        let port = schema.table("Port").unwrap();
        assert!(!port.is_root && !port.column("name").unwrap().mutable);
        assert_eq!(port.indexes, [["name"]]);
        assert_eq!(port.column("interfaces").unwrap().kind.min, 1);
    }
}
