//! CONFIG_DB: tables of rows of fields, all of them text.
//!
//! Shapes from `sonic-utilities`, `tests/mock_tables/config_db.json`, and the schema document of
//! `sonic-swss`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One row.
pub(super) type Row = BTreeMap<String, String>;
/// One table, by the rows' keys; the parts of a key are joined by `|`.
pub(super) type Table = BTreeMap<String, Row>;

/// The tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Db(BTreeMap<String, Table>);

impl Db {
    /// What an image without a port configuration has: every port up, with an address nowhere and
    /// in no VLAN.
    pub(super) fn fresh(name: &str, ports: u16) -> Self {
        let mut db = Self::default();
        let host = [("hostname", name), ("type", "LeafRouter"), ("mac", "00:53:00:00:00:01")];
        db.set("DEVICE_METADATA", "localhost", host);
        for index in 0..u32::from(ports) {
            let first = index * 4;
            let lanes: Vec<_> = (first + 1..first + 5).map(|lane| lane.to_string()).collect();
            let fields = [
                ("admin_status", "up".to_owned()),
                ("alias", format!("etp{}", index + 1)),
                ("index", (index + 1).to_string()),
                ("lanes", lanes.join(",")),
                ("mtu", "9100".to_owned()),
                ("speed", "100000".to_owned()),
            ];
            let fields = fields.iter().map(|(field, value)| (*field, value.as_str()));
            db.set("PORT", &format!("Ethernet{first}"), fields);
        }
        db
    }

    pub(super) fn table(&self, table: &str) -> impl Iterator<Item = (&str, &Row)> {
        self.0.get(table).into_iter().flatten().map(|(key, row)| (key.as_str(), row))
    }

    pub(super) fn row(&self, table: &str, key: &str) -> Option<&Row> {
        self.0.get(table)?.get(key)
    }

    pub(super) fn has(&self, table: &str, key: &str) -> bool {
        self.row(table, key).is_some()
    }

    pub(super) fn field(&self, table: &str, key: &str, field: &str) -> Option<&str> {
        self.row(table, key)?.get(field).map(String::as_str)
    }

    /// Sets fields of a row, which is made if it is not there.
    pub(super) fn set<'a>(
        &mut self,
        table: &str,
        key: &str,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) {
        let row = self.0.entry(table.to_owned()).or_default().entry(key.to_owned()).or_default();
        row.extend(fields.into_iter().map(|(field, value)| (field.to_owned(), value.to_owned())));
    }

    /// Takes a field away; true if it was there.
    pub(super) fn unset(&mut self, table: &str, key: &str, field: &str) -> bool {
        let row = self.0.get_mut(table).and_then(|rows| rows.get_mut(key));
        row.is_some_and(|row| row.remove(field).is_some())
    }

    /// Takes a row away, and the table with its last row.
    pub(super) fn remove(&mut self, table: &str, key: &str) -> bool {
        let Some(rows) = self.0.get_mut(table) else { return false };
        let was = rows.remove(key).is_some();
        if rows.is_empty() {
            self.0.remove(table);
        }
        was
    }

    /// The rows whose keys begin with this part.
    pub(super) fn of<'a>(
        &'a self,
        table: &str,
        first: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Row)> {
        self.table(table).filter_map(move |(key, row)| {
            let (part, rest) = key.split_once('|')?;
            (part == first).then_some((rest, row))
        })
    }

    /// The rows whose keys end with this part.
    pub(super) fn with<'a>(
        &'a self,
        table: &str,
        last: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Row)> {
        self.table(table).filter_map(move |(key, row)| {
            let (rest, part) = key.rsplit_once('|')?;
            (part == last).then_some((rest, row))
        })
    }

    /// As `sonic-cfggen -d --print-data` prints it: a row without fields is `{}`.
    pub(super) fn json(&self) -> Value {
        let tables = self.0.iter().map(|(table, rows)| (table.clone(), table_json(rows)));
        Value::Object(tables.collect())
    }

    /// Every row by its key as Redis has it, `TABLE|key`.
    pub(super) fn rows(&self) -> BTreeMap<String, Row> {
        let tables = self.0.iter();
        tables
            .flat_map(|(table, rows)| {
                rows.iter().map(move |(key, row)| (format!("{table}|{key}"), row.clone()))
            })
            .collect()
    }

    pub(super) fn table_json(&self, table: &str) -> Value {
        self.0.get(table).map_or_else(|| Value::Object(Map::new()), table_json)
    }
}

fn table_json(rows: &Table) -> Value {
    let row = |row: &Row| {
        row.iter()
            .filter(|(field, _)| *field != "NULL")
            .map(|(field, value)| (field.clone(), Value::String(value.clone())))
            .collect()
    };
    Value::Object(
        rows.iter().map(|(key, fields)| (key.clone(), Value::Object(row(fields)))).collect(),
    )
}

/// As `sonic-db-dump` prints rows: each with Redis' own data around it, and a row without fields
/// with the field that stands for none.
pub(super) fn dump(rows: &BTreeMap<String, Row>, pattern: &str) -> Value {
    let pattern: Vec<char> = pattern.chars().collect();
    let matching = rows.iter().filter(|(key, _)| {
        let key: Vec<char> = key.chars().collect();
        is_match(&pattern, &key)
    });
    let dumped = matching.map(|(key, row)| {
        let mut value = row.clone();
        if value.is_empty() {
            value.insert("NULL".to_owned(), "NULL".to_owned());
        }
        let entry =
            json!({ "expireat": 1_763_780_000.1, "ttl": -0.001, "type": "hash", "value": value });
        (key.clone(), entry)
    });
    Value::Object(dumped.collect())
}

/// A pattern of Redis, of which only `*` and `?` are known here.
fn is_match(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), None) => is_match(rest, text),
        (Some(('*', rest)), Some((_, tail))) => is_match(rest, text) || is_match(pattern, tail),
        (Some(('?', rest)), Some((_, tail))) => is_match(rest, tail),
        (Some((want, rest)), Some((have, tail))) => want == have && is_match(rest, tail),
        _ => false,
    }
}
