//! `monitor`, `monitor_cond` and `monitor_cond_since`: what a client has asked to be told.
//!
//! The first is RFC 7047 section 4.1.5; the other two and their `update2` and `update3`
//! notifications are ovsdb-server(7) sections 4.1.12 to 4.1.15. No history is kept, so
//! `monitor_cond_since` always answers "not found" with the full contents, as a real server does
//! for a transaction that it does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::condition::Condition;
use super::database::{Database, Row};
use super::error::OvsdbError;
use super::schema::{Schema, TableSchema};
use super::transact::selected_columns;
use super::value::{Datum, Names};

/// Which notification the client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `update`, asked for by `monitor`.
    Update,
    /// `update2`, asked for by `monitor_cond`.
    Update2,
    /// `update3`, asked for by `monitor_cond_since`.
    Update3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Initial,
    Insert,
    Delete,
    Modify,
}

#[derive(Debug)]
struct Request {
    columns: Vec<String>,
    condition: Condition,
    without: Vec<Kind>,
}

impl Request {
    fn parse(json: &Value, table: &TableSchema) -> Result<Self, OvsdbError> {
        let object = json
            .as_object()
            .ok_or_else(|| OvsdbError::syntax("<monitor-request> expected", json))?;
        let columns = match object.get("columns") {
            Some(columns) => selected_columns(table, Some(columns))?,
            None => selected_columns(table, None)?
                .into_iter()
                .filter(|column| column != "_uuid")
                .collect(),
        };
        let condition = match object.get("where") {
            Some(clauses) => Condition::parse(clauses, table, &mut Names::default())?,
            None => Condition::default(),
        };
        let select = |member| object.get("select").and_then(|select| select.get(member));
        let without = [
            ("initial", Kind::Initial),
            ("insert", Kind::Insert),
            ("delete", Kind::Delete),
            ("modify", Kind::Modify),
        ]
        .into_iter()
        .filter(|(member, _)| select(*member) == Some(&json!(false)))
        .map(|(_, kind)| kind)
        .collect();
        Ok(Self { columns, condition, without })
    }
}

/// One monitor of one session.
#[derive(Debug)]
pub struct Monitor {
    /// The `<json-value>` by which the client knows it.
    pub id: Value,
    /// How to tell.
    pub dialect: Dialect,
    tables: BTreeMap<String, Vec<Request>>,
}

impl Monitor {
    /// Reads the `<monitor-requests>` of a request.
    ///
    /// # Errors
    /// `syntax error` or `unknown column`.
    pub fn parse(
        id: Value,
        dialect: Dialect,
        requests: &Value,
        schema: &Schema,
    ) -> Result<Self, OvsdbError> {
        let object = requests
            .as_object()
            .ok_or_else(|| OvsdbError::syntax("<monitor-requests> expected", requests))?;
        let mut tables = BTreeMap::new();
        for (name, json) in object {
            let table = schema
                .table(name)
                .ok_or_else(|| OvsdbError::new("syntax error", format!("no table named {name}")))?;
            let requests = match json.as_array() {
                Some(list) => {
                    list.iter().map(|json| Request::parse(json, table)).collect::<Result<_, _>>()?
                }
                None => vec![Request::parse(json, table)?],
            };
            tables.insert(name.clone(), requests);
        }
        Ok(Self { id, dialect, tables })
    }

    /// The `<table-updates>` that answer the request itself.
    #[must_use]
    pub fn initial(&self, database: &Database) -> Value {
        let mut updates = Updates::default();
        for table in self.tables.keys() {
            for row in database.rows(table) {
                self.tell(&mut updates, table, Kind::Initial, (None, Some(row)), database.schema());
            }
        }
        updates.into_json()
    }

    /// The `<table-updates>` between two states, or `None` when the client need not be told.
    #[must_use]
    pub fn changes(&self, before: &Database, after: &Database) -> Option<Value> {
        let mut updates = Updates::default();
        for (table, old, new) in before.diff(after) {
            let Some(requests) = self.tables.get(table) else {
                continue;
            };
            let seen = |row: &&Row| requests.iter().any(|request| request.condition.matches(row));
            let old = old.map(AsRef::as_ref).filter(seen);
            let new = new.map(AsRef::as_ref).filter(seen);
            let kind = match (old, new) {
                (None, None) => continue,
                (None, Some(_)) => Kind::Insert,
                (Some(_), None) => Kind::Delete,
                (Some(_), Some(_)) => Kind::Modify,
            };
            self.tell(&mut updates, table, kind, (old, new), before.schema());
        }
        (!updates.0.is_empty()).then(|| updates.into_json())
    }

    /// The notification that carries `<table-updates>`.
    #[must_use]
    pub fn notification(&self, updates: &Value) -> Value {
        let (method, params) = match self.dialect {
            Dialect::Update => ("update", json!([self.id, updates])),
            Dialect::Update2 => ("update2", json!([self.id, updates])),
            Dialect::Update3 => ("update3", json!([self.id, Uuid::nil().to_string(), updates])),
        };
        json!({ "id": null, "method": method, "params": params })
    }

    fn tell(
        &self,
        updates: &mut Updates,
        table: &str,
        kind: Kind,
        (old, new): (Option<&Row>, Option<&Row>),
        schema: &Schema,
    ) {
        let (Some(requests), Some(schema)) = (self.tables.get(table), schema.table(table)) else {
            return;
        };
        let Some(row) = new.or(old) else { return };
        let columns: BTreeSet<&str> = requests
            .iter()
            .filter(|request| !request.without.contains(&kind) && request.condition.matches(row))
            .flat_map(|request| request.columns.iter().map(String::as_str))
            .collect();
        let is_asked = requests.iter().any(|request| !request.without.contains(&kind));
        if !is_asked {
            return;
        }
        let update = match (self.dialect, old, new) {
            (Dialect::Update, old, new) => row_update(&columns, old, new),
            (_, Some(_), None) => Some(json!({ "delete": null })),
            (_, Some(old), Some(new)) => modify(&columns, old, new, schema),
            (_, None, _) => {
                let member = if kind == Kind::Initial { "initial" } else { "insert" };
                Some(json!({ member: without_defaults(&columns, row, schema) }))
            }
        };
        if let Some(update) = update {
            updates.0.entry(table.to_owned()).or_default().insert(row.uuid.to_string(), update);
        }
    }
}

#[derive(Default)]
struct Updates(BTreeMap<String, Map<String, Value>>);

impl Updates {
    fn into_json(self) -> Value {
        self.0.into_iter().map(|(table, rows)| (table, Value::Object(rows))).collect()
    }
}

/// `<row-update>` of RFC 7047 section 4.1.6.
fn row_update(columns: &BTreeSet<&str>, old: Option<&Row>, new: Option<&Row>) -> Option<Value> {
    let all = |row: &Row| Value::Object(row.to_json(columns.iter().copied()));
    match (old, new) {
        (Some(old), Some(new)) => {
            let changed: Vec<_> =
                columns.iter().copied().filter(|name| old.get(name) != new.get(name)).collect();
            let is_real = changed.iter().any(|name| *name != "_version");
            is_real.then(|| json!({ "old": old.to_json(changed), "new": all(new) }))
        }
        (None, Some(new)) => Some(json!({ "new": all(new) })),
        (Some(old), None) => Some(json!({ "old": all(old) })),
        (None, None) => None,
    }
}

/// The columns that differ from those of a fresh row, as `update2` wants them.
fn without_defaults(columns: &BTreeSet<&str>, row: &Row, table: &TableSchema) -> Value {
    let is_default = |name: &str| {
        table.columns.get(name).is_some_and(|c| row.get(name) == Datum::default_of(&c.kind))
    };
    Value::Object(row.to_json(columns.iter().copied().filter(|name| !is_default(name))))
}

/// `{"modify": …}`: new values of scalars, differences of sets and maps.
fn modify(columns: &BTreeSet<&str>, old: &Row, new: &Row, table: &TableSchema) -> Option<Value> {
    let mut changed = Map::new();
    for name in columns.iter().copied().filter(|name| *name != "_version") {
        let (before, after) = (old.get(name), new.get(name));
        if before == after {
            continue;
        }
        let is_composite = table.columns.get(name).is_some_and(|c| c.kind.is_composite());
        let datum = if is_composite { difference(&before, &after) } else { after };
        changed.insert(name.to_owned(), datum.to_json());
    }
    (!changed.is_empty()).then(|| json!({ "modify": changed }))
}

/// Atoms in one set only; pairs that came or changed with their new value, and pairs that went
/// with their old one.
fn difference(before: &Datum, after: &Datum) -> Datum {
    match (before, after) {
        (Datum::Set(before), Datum::Set(after)) => {
            Datum::Set(before.symmetric_difference(after).cloned().collect())
        }
        (Datum::Map(before), Datum::Map(after)) => {
            let gone = before.iter().filter(|(key, _)| !after.contains_key(key));
            let new = after.iter().filter(|(key, value)| before.get(key) != Some(value));
            Datum::Map(gone.chain(new).map(|(k, v)| (k.clone(), v.clone())).collect())
        }
        _ => after.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "cases are literals")]

    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::ovsdb::transact::{Outcome, execute};

    fn after(database: &Database, operations: Value) -> Database {
        let operations = operations.as_array().unwrap().clone();
        match execute(database, &operations, &|_| false, Duration::ZERO) {
            Outcome::Commit { database, .. } => database,
            other => panic!("{other:?}"),
        }
    }

    fn check(dialect: Dialect, request: Value, change: Value) -> (Value, Option<Value>) {
        let empty = Database::new(Arc::new(Schema::vswitch().unwrap()));
        let before = after(
            &empty,
            json!([{"op": "insert", "table": "Open_vSwitch", "row": {
                "next_cfg": 1, "datapath_types": ["set", ["a", "b"]],
                "external_ids": ["map", [["k", "1"], ["l", "2"]]]}}]),
        );
        let requests = json!({ "Open_vSwitch": request });
        let monitor = Monitor::parse(json!("m"), dialect, &requests, before.schema()).unwrap();
        let uuid = before.root().unwrap().uuid.to_string();
        let strip = |updates: Value| updates["Open_vSwitch"][&uuid].clone();
        let changed = after(
            &before,
            json!([{"op": "update", "table": "Open_vSwitch", "where": [], "row": change}]),
        );
        (strip(monitor.initial(&before)), monitor.changes(&before, &changed).map(strip))
    }

    #[test]
    fn each_dialect_tells_a_change_in_its_own_shape() {
        let columns = json!({"columns": ["next_cfg", "cur_cfg", "datapath_types"]});
        let change = json!({"next_cfg": 2, "datapath_types": ["set", ["b", "c"]]});
        assert_eq!(
            check(Dialect::Update, columns.clone(), change.clone()),
            (
                json!({"new": {"next_cfg": 1, "cur_cfg": 0, "datapath_types": ["set", ["a", "b"]]}}),
                Some(json!({
                    "old": {"next_cfg": 1, "datapath_types": ["set", ["a", "b"]]},
                    "new": {"next_cfg": 2, "cur_cfg": 0, "datapath_types": ["set", ["b", "c"]]},
                })),
            )
        );
        assert_eq!(
            check(Dialect::Update2, columns, change),
            (
                json!({"initial": {"next_cfg": 1, "datapath_types": ["set", ["a", "b"]]}}),
                Some(json!({"modify": {"next_cfg": 2, "datapath_types": ["set", ["a", "c"]]}})),
            )
        );
    }

    #[test]
    fn a_map_tells_what_came_changed_and_went() {
        let change = json!({"external_ids": ["map", [["k", "9"], ["n", "3"]]]});
        let (_, told) = check(Dialect::Update3, json!([{"columns": ["external_ids"]}]), change);
        let expected = json!(["map", [["k", "9"], ["l", "2"], ["n", "3"]]]);
        assert_eq!(told, Some(json!({"modify": {"external_ids": expected}})));
    }

    #[test]
    fn nothing_is_told_of_other_columns_or_of_what_was_not_selected() {
        for request in [
            json!({"columns": ["cur_cfg"]}),
            json!({"columns": ["next_cfg"], "select": {"modify": false}}),
            json!({"columns": ["next_cfg"], "where": [false]}),
        ] {
            let (_, told) = check(Dialect::Update2, request.clone(), json!({"next_cfg": 2}));
            assert_eq!(told, None, "{request}");
        }
    }

    #[test]
    fn a_row_that_comes_to_meet_the_condition_is_told_as_new() {
        let request = json!({"columns": ["next_cfg"], "where": [["next_cfg", ">", 1]]});
        let (_, told) = check(Dialect::Update2, request, json!({"next_cfg": 2}));
        assert_eq!(told, Some(json!({"insert": {"next_cfg": 2}})));
    }
}
