//! `transact` (RFC 7047 sections 4.1.3 and 5.2) as a pure function of a database.
//!
//! It never waits: a `wait` whose condition does not hold makes the outcome [`Outcome::Blocked`],
//! and the caller asks again when the database has changed or the time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::condition::Condition;
use super::database::{Database, Row};
use super::error::OvsdbError;
use super::locks::is_id;
use super::mutation::Mutation;
use super::schema::TableSchema;
use super::value::{Datum, Names};

/// What became of a list of operations.
#[derive(Debug)]
pub enum Outcome {
    /// All of them held; the database as it is to be.
    Commit {
        /// The `result` member of the answer.
        results: Vec<Value>,
        /// The new state.
        database: Database,
    },
    /// One of them failed; nothing changes.
    Failed {
        /// The `result` member of the answer, an error object in it.
        results: Vec<Value>,
    },
    /// A `wait` may still come true until this long after the start; `None` is for ever.
    Blocked {
        /// Measured from the first attempt.
        timeout: Option<Duration>,
    },
}

enum Stop {
    Error(OvsdbError),
    Blocked(Option<Duration>),
}

impl From<OvsdbError> for Stop {
    fn from(error: OvsdbError) -> Self {
        Self::Error(error)
    }
}

/// Runs the operations on a copy of the database.
///
/// `owns` says whether the session owns a lock, `elapsed` is the time since the first attempt.
#[must_use]
pub fn execute(
    before: &Database,
    operations: &[Value],
    owns: &dyn Fn(&str) -> bool,
    elapsed: Duration,
) -> Outcome {
    let mut run = Run { before, database: before.clone(), names: Names::default(), owns, elapsed };
    let mut results = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let position = (index + 1, operations.len());
        match run.operation(operation, position) {
            Ok(result) => results.push(result),
            Err(Stop::Blocked(timeout)) => return Outcome::Blocked { timeout },
            Err(Stop::Error(error)) => {
                results.push(error.to_json());
                results.resize(operations.len(), Value::Null);
                return Outcome::Failed { results };
            }
        }
    }
    let mut database = run.database;
    database.settle(before);
    match database.finish(before) {
        Ok(()) => Outcome::Commit { results, database },
        Err(error) => {
            results.push(error.to_json());
            Outcome::Failed { results }
        }
    }
}

struct Run<'a> {
    before: &'a Database,
    database: Database,
    names: Names,
    owns: &'a dyn Fn(&str) -> bool,
    elapsed: Duration,
}

/// An operation object whose members are taken out one by one, so that what is left is unknown.
struct Members<'a> {
    whole: &'a Value,
    left: BTreeMap<&'a str, &'a Value>,
    position: (usize, usize),
}

impl<'a> Members<'a> {
    fn problem(&self, text: impl std::fmt::Display) -> OvsdbError {
        let (index, count) = self.position;
        OvsdbError::syntax(
            format!("Parsing ovsdb operation {index} of {count} failed: {text}"),
            self.whole,
        )
    }

    fn optional(&mut self, member: &str) -> Option<&'a Value> {
        self.left.remove(member)
    }

    fn required(&mut self, member: &str) -> Result<&'a Value, OvsdbError> {
        self.optional(member)
            .ok_or_else(|| self.problem(format!("Required '{member}' member is missing.")))
    }

    fn text(&mut self, member: &str) -> Result<&'a str, OvsdbError> {
        let value = self.required(member)?;
        value.as_str().ok_or_else(|| self.problem(format!("Type mismatch for member '{member}'.")))
    }

    fn object(&mut self, member: &str) -> Result<&'a Map<String, Value>, OvsdbError> {
        let value = self.required(member)?;
        value
            .as_object()
            .ok_or_else(|| self.problem(format!("Type mismatch for member '{member}'.")))
    }

    fn array(&mut self, member: &str) -> Result<&'a Vec<Value>, OvsdbError> {
        let value = self.required(member)?;
        value
            .as_array()
            .ok_or_else(|| self.problem(format!("Type mismatch for member '{member}'.")))
    }

    fn finish(&self) -> Result<(), OvsdbError> {
        match self.left.keys().next() {
            Some(member) => {
                Err(self.problem(format!("Member '{member}' is present but not allowed here.")))
            }
            None => Ok(()),
        }
    }
}

impl<'a> Run<'a> {
    fn operation(&mut self, json: &Value, position: (usize, usize)) -> Result<Value, Stop> {
        let left = json
            .as_object()
            .map(|object| object.iter().map(|(name, value)| (name.as_str(), value)).collect());
        let mut members = Members { whole: json, left: left.unwrap_or_default(), position };
        match members.text("op")? {
            "insert" => self.insert(&mut members),
            "select" => self.select(&mut members),
            "update" => self.update(&mut members),
            "mutate" => self.mutate(&mut members),
            "delete" => self.delete(&mut members),
            "wait" => self.wait(&mut members),
            "commit" => {
                members.optional("durable");
                members.finish()?;
                Ok(json!({}))
            }
            "comment" => {
                members.text("comment")?;
                members.finish()?;
                Ok(json!({}))
            }
            "abort" => Err(OvsdbError::new("aborted", "aborted by request").into()),
            "assert" => {
                let lock = members.text("lock")?;
                if !is_id(lock) {
                    return Err(members.problem("Type mismatch for member 'lock'.").into());
                }
                members.finish()?;
                if (self.owns)(lock) {
                    Ok(json!({}))
                } else {
                    let text = format!("Asserted lock {lock} not held.");
                    Err(OvsdbError::new("not owner", text).into())
                }
            }
            other => Err(members.problem(format!("No operation \"{other}\"")).into()),
        }
    }

    fn table(&self, members: &mut Members) -> Result<&'a TableSchema, OvsdbError> {
        let name = members.text("table")?;
        self.before
            .schema()
            .table(name)
            .ok_or_else(|| members.problem(format!("No table named {name}.")))
    }

    fn matching(&self, table: &TableSchema, condition: &Condition) -> Vec<Uuid> {
        self.database
            .rows(&table.name)
            .filter(|row| condition.matches(row))
            .map(|row| row.uuid)
            .collect()
    }

    fn insert(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let row = members.object("row")?;
        let name = members.optional("uuid-name");
        members.finish()?;
        let mut columns = table.defaults();
        columns.extend(self.columns(table, row)?);
        let uuid = match name.map(|name| (name, name.as_str())) {
            Some((_, Some(name))) => self.names.define(name)?,
            Some((json, None)) => return Err(OvsdbError::syntax("expected <id>", json).into()),
            None => Uuid::new_v4(),
        };
        self.database.insert(&table.name, Row { uuid, version: Uuid::new_v4(), columns });
        Ok(json!({ "uuid": ["uuid", uuid.to_string()] }))
    }

    fn columns(
        &mut self,
        table: &TableSchema,
        row: &Map<String, Value>,
    ) -> Result<BTreeMap<String, Datum>, OvsdbError> {
        row.iter()
            .map(|(name, json)| {
                let about = || Value::Object(row.clone());
                let kind = &table.column(name).map_err(|error| error.about(&about()))?.kind;
                Ok((name.clone(), Datum::from_json(json, kind, &mut self.names)?))
            })
            .collect()
    }

    fn select(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let condition = Condition::parse(members.required("where")?, table, &mut self.names)?;
        let columns = selected_columns(table, members.optional("columns"))?;
        members.finish()?;
        let rows: Vec<_> = self
            .database
            .rows(&table.name)
            .filter(|row| condition.matches(row))
            .map(|row| row.to_json(columns.iter().map(String::as_str)))
            .collect();
        Ok(json!({ "rows": rows }))
    }

    fn update(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let row = members.object("row")?;
        let condition = Condition::parse(members.required("where")?, table, &mut self.names)?;
        members.finish()?;
        for name in row.keys() {
            let known = table.column(name);
            if known.is_ok_and(|column| !column.mutable) {
                return Err(OvsdbError::constraint(format!(
                    "Cannot update immutable column {name} in table {}.",
                    table.name
                ))
                .about(members.whole)
                .into());
            }
        }
        let columns = self.columns(table, row)?;
        let rows = self.matching(table, &condition);
        for uuid in &rows {
            self.database.write(&table.name, uuid, columns.clone());
        }
        Ok(json!({ "count": rows.len() }))
    }

    fn mutate(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let condition = Condition::parse(members.required("where")?, table, &mut self.names)?;
        let mutations = members
            .array("mutations")?
            .iter()
            .map(|json| Mutation::parse(json, table, &mut self.names))
            .collect::<Result<Vec<_>, _>>()?;
        members.finish()?;
        let rows = self.matching(table, &condition);
        for uuid in &rows {
            let Some(row) = self.database.row(&table.name, uuid) else {
                continue;
            };
            let mut columns = BTreeMap::new();
            for mutation in &mutations {
                let held =
                    columns.remove(&mutation.column).unwrap_or_else(|| row.get(&mutation.column));
                columns.insert(mutation.column.clone(), mutation.apply(&held)?);
            }
            self.database.write(&table.name, uuid, columns);
        }
        Ok(json!({ "count": rows.len() }))
    }

    fn delete(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let condition = Condition::parse(members.required("where")?, table, &mut self.names)?;
        members.finish()?;
        let rows = self.matching(table, &condition);
        for uuid in &rows {
            self.database.remove(&table.name, uuid);
        }
        Ok(json!({ "count": rows.len() }))
    }

    fn wait(&mut self, members: &mut Members) -> Result<Value, Stop> {
        let table = self.table(members)?;
        let condition = Condition::parse(members.required("where")?, table, &mut self.names)?;
        let columns = selected_columns(table, members.optional("columns"))?;
        let until = members.required("until")?;
        let wants_equal = match until.as_str() {
            Some("==") => true,
            Some("!=") => false,
            _ => {
                return Err(OvsdbError::syntax("\"until\" must be \"==\" or \"!=\"", until).into());
            }
        };
        let expected = members.array("rows")?;
        let timeout = members.optional("timeout").filter(|value| !value.is_null());
        let timeout = match timeout.map(|json| (json, json.as_u64())) {
            Some((_, Some(milliseconds))) => Some(Duration::from_millis(milliseconds)),
            Some((json, None)) => return Err(OvsdbError::syntax("expected timeout", json).into()),
            None => None,
        };
        members.finish()?;

        let mut wanted = Vec::new();
        for row in expected {
            let object = row.as_object().ok_or_else(|| OvsdbError::syntax("expected row", row))?;
            let mut values = table.defaults();
            values.extend(self.columns(table, object)?);
            let project = |name: &String| values.get(name).cloned().unwrap_or_else(Datum::empty);
            wanted.push(columns.iter().map(project).collect::<Vec<_>>());
        }
        let held: Vec<Vec<Datum>> = self
            .database
            .rows(&table.name)
            .filter(|row| condition.matches(row))
            .map(|row| columns.iter().map(|name| row.get(name)).collect())
            .collect();
        let is_equal = held.iter().all(|row| wanted.contains(row))
            && wanted.iter().all(|row| held.contains(row));
        if is_equal == wants_equal {
            return Ok(json!({}));
        }
        match timeout {
            Some(Duration::ZERO) => {
                Err(OvsdbError::new("timed out", "\"where\" clause test failed").into())
            }
            Some(limit) if self.elapsed >= limit => Err(OvsdbError::new(
                "timed out",
                format!("\"wait\" timed out after {} ms", limit.as_millis()),
            )
            .into()),
            limit => Err(Stop::Blocked(limit)),
        }
    }
}

/// The `columns` member of `select`, `wait` and monitor requests: all columns when it is absent.
///
/// # Errors
/// `syntax error` for anything but an array of known, distinct columns.
pub fn selected_columns(
    table: &TableSchema,
    json: Option<&Value>,
) -> Result<Vec<String>, OvsdbError> {
    let Some(json) = json else {
        let identity = ["_uuid", "_version"].map(str::to_owned);
        return Ok(identity.into_iter().chain(table.columns.keys().cloned()).collect());
    };
    let items = json
        .as_array()
        .ok_or_else(|| OvsdbError::syntax("array of distinct column names expected", json))?;
    let mut columns = Vec::with_capacity(items.len());
    for item in items {
        let name = item
            .as_str()
            .ok_or_else(|| OvsdbError::syntax("array of distinct column names expected", json))?;
        if table.column(name).is_err() {
            return Err(OvsdbError::syntax(format!("{name} is not a valid column name"), json));
        }
        if columns.iter().any(|known| known == name) {
            return Err(OvsdbError::syntax(format!("duplicate column name {name}"), json));
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
