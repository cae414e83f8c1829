//! Rows in tables, and the checks that a finished transaction must pass.
//!
//! A database is cheap to copy: rows are shared, so a transaction works on a copy and a row that
//! it left alone is the same allocation afterwards. Telling what changed is then a comparison of
//! pointers, at the price of a table's index being copied for each transaction, which for the
//! hundred ports of a simulated switch is microseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::OvsdbError;
use super::schema::{Schema, TableSchema};
use super::value::{Atom, Datum};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `_uuid`.
    pub uuid: Uuid,
    /// `_version`, new with every change.
    pub version: Uuid,
    /// Every stored column of the table.
    pub columns: BTreeMap<String, Datum>,
}

impl Row {
    /// What a column holds, `_uuid` and `_version` included.
    #[must_use]
    pub fn get(&self, column: &str) -> Datum {
        match column {
            "_uuid" => Datum::one(Atom::Uuid(self.uuid)),
            "_version" => Datum::one(Atom::Uuid(self.version)),
            _ => self.columns.get(column).cloned().unwrap_or_else(Datum::empty),
        }
    }

    /// The text of a string column, empty when it holds none.
    #[must_use]
    pub fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(Datum::as_str).unwrap_or_default()
    }

    /// The integer of a column.
    #[must_use]
    pub fn integer(&self, column: &str) -> Option<i64> {
        self.columns.get(column).and_then(Datum::as_integer)
    }

    /// A value of a string-to-string map.
    #[must_use]
    pub fn entry(&self, column: &str, key: &str) -> Option<&str> {
        let Some(Datum::Map(map)) = self.columns.get(column) else {
            return None;
        };
        match map.get(&Atom::String(key.to_owned())) {
            Some(Atom::String(value)) => Some(value),
            _ => None,
        }
    }

    /// The named columns in wire form.
    #[must_use]
    pub fn to_json<'a>(&self, columns: impl IntoIterator<Item = &'a str>) -> Map<String, Value> {
        columns.into_iter().map(|name| (name.to_owned(), self.get(name).to_json())).collect()
    }
}

/// The rows of one table.
pub type Rows = BTreeMap<Uuid, Arc<Row>>;

/// From a row, by table and identity, to the (table, column, row)s that refer to it.
type References<'a> = BTreeMap<(&'a str, Uuid), Vec<(&'a str, &'a str, Uuid)>>;

/// All tables of one simulated switch.
#[derive(Debug, Clone)]
pub struct Database {
    schema: Arc<Schema>,
    tables: BTreeMap<String, Rows>,
}

impl Database {
    /// A database without rows.
    #[must_use]
    pub fn new(schema: Arc<Schema>) -> Self {
        let tables = schema.tables.keys().map(|name| (name.clone(), Rows::new())).collect();
        Self { schema, tables }
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The rows of a table, in order of their UUIDs; none when there is no such table.
    pub fn rows(&self, table: &str) -> impl Iterator<Item = &Arc<Row>> {
        self.tables.get(table).into_iter().flat_map(Rows::values)
    }

    /// A row by identity.
    #[must_use]
    pub fn row(&self, table: &str, uuid: &Uuid) -> Option<&Arc<Row>> {
        self.tables.get(table)?.get(uuid)
    }

    /// The row of a table with this `name`.
    #[must_use]
    pub fn named(&self, table: &str, name: &str) -> Option<&Arc<Row>> {
        self.rows(table).find(|row| row.text("name") == name)
    }

    /// The one row of the root table.
    #[must_use]
    pub fn root(&self) -> Option<&Arc<Row>> {
        self.rows("Open_vSwitch").next()
    }

    /// Adds a row.
    pub fn insert(&mut self, table: &str, row: Row) {
        if let Some(rows) = self.tables.get_mut(table) {
            rows.insert(row.uuid, Arc::new(row));
        }
    }

    /// Removes a row.
    pub fn remove(&mut self, table: &str, uuid: &Uuid) {
        if let Some(rows) = self.tables.get_mut(table) {
            rows.remove(uuid);
        }
    }

    /// Writes columns of a row; a row that already holds them stays the same allocation.
    pub fn write(&mut self, table: &str, uuid: &Uuid, columns: BTreeMap<String, Datum>) {
        let Some(slot) = self.tables.get_mut(table).and_then(|rows| rows.get_mut(uuid)) else {
            return;
        };
        if columns.iter().all(|(name, datum)| slot.columns.get(name) == Some(datum)) {
            return;
        }
        let row = Arc::make_mut(slot);
        row.columns.extend(columns);
        row.version = Uuid::new_v4();
    }

    /// The rows that differ between two states of one database, as (table, before, after).
    pub fn diff<'a>(
        &'a self,
        after: &'a Self,
    ) -> impl Iterator<Item = (&'a str, Option<&'a Arc<Row>>, Option<&'a Arc<Row>>)> {
        self.tables.iter().flat_map(move |(table, rows)| {
            let gone = rows
                .values()
                .filter(|row| after.row(table, &row.uuid).is_none())
                .map(move |row| (table.as_str(), Some(row), None));
            let new = after.rows(table).filter_map(move |row| match rows.get(&row.uuid) {
                Some(old) if Arc::ptr_eq(old, row) => None,
                old => Some((table.as_str(), old, Some(row))),
            });
            gone.chain(new)
        })
    }

    /// Gives rows that a transaction changed and changed back their old version again, so that
    /// a change to the same is no change.
    pub fn settle(&mut self, before: &Self) {
        for (table, rows) in &mut self.tables {
            for (uuid, row) in rows {
                if let Some(old) = before.row(table, uuid)
                    && !Arc::ptr_eq(old, row)
                    && old.columns == row.columns
                {
                    *row = Arc::clone(old);
                }
            }
        }
    }

    /// Referential integrity, garbage collection, indexes and row limits, in the order in which
    /// `ovsdb-server` looks at them.
    ///
    /// # Errors
    /// `referential integrity violation` or `constraint violation`.
    pub fn finish(&mut self, before: &Self) -> Result<(), OvsdbError> {
        let schema = Arc::clone(&self.schema);
        self.check_references(before)?;
        self.collect_garbage();
        schema.tables.values().try_for_each(|table| self.check_table(table))
    }

    fn references(&self) -> References<'_> {
        let mut references = References::new();
        for (table, rows) in &self.tables {
            let Some(schema) = self.schema.table(table) else {
                continue;
            };
            for (name, column) in &schema.columns {
                let bases = [Some(&column.kind.key), column.kind.value.as_ref()];
                let Some(target) = bases.into_iter().flatten().find_map(|b| b.ref_table.as_deref())
                else {
                    continue;
                };
                for row in rows.values() {
                    for uuid in row.columns.get(name).into_iter().flat_map(Datum::uuids) {
                        references.entry((target, uuid)).or_default().push((
                            table.as_str(),
                            name.as_str(),
                            row.uuid,
                        ));
                    }
                }
            }
        }
        references
    }

    fn check_references(&self, before: &Self) -> Result<(), OvsdbError> {
        for ((target, uuid), from) in self.references() {
            if self.row(target, &uuid).is_some() {
                continue;
            }
            let text = match from.first() {
                Some((table, column, row)) if before.row(target, &uuid).is_none() => format!(
                    "Table {table} column {column} row {row} references nonexistent row {uuid} \
                     in table {target}."
                ),
                _ => format!(
                    "cannot delete {target} row {uuid} because of {} remaining reference(s)",
                    from.len()
                ),
            };
            return Err(OvsdbError::referential(text));
        }
        Ok(())
    }

    fn collect_garbage(&mut self) {
        loop {
            let references = self.references();
            let dead: Vec<(String, Uuid)> = self
                .schema
                .tables
                .values()
                .filter(|table| !table.is_root)
                .flat_map(|table| self.rows(&table.name).map(|row| (table.name.as_str(), row.uuid)))
                .filter(|key| !references.contains_key(key))
                .map(|(table, uuid)| (table.to_owned(), uuid))
                .collect();
            if dead.is_empty() {
                return;
            }
            for (table, uuid) in dead {
                self.remove(&table, &uuid);
            }
        }
    }

    fn check_table(&self, table: &TableSchema) -> Result<(), OvsdbError> {
        let count = self.rows(&table.name).count();
        if count > table.max_rows {
            return Err(OvsdbError::constraint(format!(
                "transaction causes \"{}\" table to contain {count} rows, greater than the \
                 schema-defined limit of {} row(s)",
                table.name, table.max_rows
            )));
        }
        for index in &table.indexes {
            let mut seen = BTreeSet::new();
            for row in self.rows(&table.name) {
                let key = json!(row.to_json(index.iter().map(String::as_str))).to_string();
                if seen.contains(&key) {
                    return Err(OvsdbError::constraint(format!(
                        "Transaction causes multiple rows in \"{}\" table to have identical \
                         values ({key}) for index on column \"{}\".",
                        table.name,
                        index.join("\", \"")
                    )));
                }
                seen.insert(key);
            }
        }
        Ok(())
    }
}
