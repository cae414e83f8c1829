//! From steps to one transaction, guarded against everybody else who may write.
//!
//! First the switch is read again and compared with what the plan started from; then the
//! transaction itself waits (with a timeout of zero, RFC 7047, section 5.2.6) for exactly the
//! values just read, in the rows that it changes and in their belonging to the bridge. Whatever
//! somebody else does in between therefore either comes first, and the transaction fails, or
//! later. Pure: it makes operations, it does not send them.

use std::collections::BTreeMap;

use model::PortName;
use switch::{Change, DeviceError, Query, Slice, Target, Work};

use super::operation::{Condition, Function, Mutation, Mutator, Operation, Until};
use super::parse::Picture;
use super::render::{KeyEdit, Step, lag_columns};
use super::value::{Atom, Row, Uuid, Value};

/// The columns of `Port` that a plan depends on.
const GUARDED: [&str; 9] = [
    "interfaces",
    "vlan_mode",
    "tag",
    "trunks",
    "cvlans",
    "protected",
    "lacp",
    "bond_mode",
    "other_config",
];

/// What must be read before works can be turned into operations.
pub(super) fn query(works: &[Work]) -> Query {
    let mut query = Query::default();
    for work in works {
        query.ports.extend(work.before.ports.keys().cloned());
        query.lags.extend(work.before.lags.keys().cloned());
        for change in &work.changes {
            if let Change::CreateLag { lag, .. } = change {
                query.lags.insert(lag.clone());
            }
        }
    }
    query
}

/// Refuses a work whose ports are not as they were when it was planned.
pub(super) fn unchanged(work: &Work, now: &Slice) -> Result<(), DeviceError> {
    let moved = |what: String| DeviceError::Rejected {
        operation: None,
        answer: format!("{what} is not as it was when the change was planned"),
    };
    for target in work.changes.iter().flat_map(Change::targets) {
        match &target {
            Target::Port(port) => {
                if work.before.ports.get(port) != now.ports.get(port) {
                    return Err(moved(format!("port `{port}`")));
                }
            }
            Target::Lag(lag) => {
                let same = match (work.before.lags.get(lag), now.lags.get(lag)) {
                    (None, None) => true,
                    (Some(then), Some(now)) => {
                        then.settings == now.settings
                            && then.members == now.members
                            && then.config == now.config
                            && lag_columns(lag, then)? == lag_columns(lag, now)?
                    }
                    _ => false,
                };
                if !same {
                    return Err(moved(format!("LAG `{lag}`")));
                }
            }
        }
    }
    Ok(())
}

/// An operation, and how many rows it must change; `None` if it changes none.
pub(super) struct Planned {
    pub(super) operation: Operation,
    pub(super) rows: Option<u64>,
}

/// Makes operations of steps. `prefix` keeps the names of new rows apart within a batch.
pub(super) fn operations(
    steps: &[Step],
    picture: &Picture,
    prefix: &str,
) -> Result<Vec<Planned>, DeviceError> {
    let mut builder = Builder { picture, guards: Vec::new(), edits: Vec::new(), held: Vec::new() };
    for (index, step) in steps.iter().enumerate() {
        builder.step(step, &format!("{prefix}_{index}"))?;
    }
    builder.finish()
}

struct Builder<'a> {
    picture: &'a Picture,
    guards: Vec<Operation>,
    edits: Vec<Operation>,
    /// Rows of `Port` that must still be the bridge's.
    held: Vec<Uuid>,
}

impl Builder<'_> {
    fn step(&mut self, step: &Step, new: &str) -> Result<(), DeviceError> {
        match step {
            Step::UpdatePort { name, columns, keys, interfaces } => {
                let port = self.guarded_port(name)?;
                let mut row = columns.clone();
                if let Some(interfaces) = interfaces {
                    row.insert("interfaces".to_owned(), self.references(interfaces)?);
                }
                self.update("Port", port, row, keys);
            }
            Step::InsertPort { name, columns, interfaces } => {
                let mut row = columns.clone();
                row.insert("name".to_owned(), name.as_str().into());
                row.insert("interfaces".to_owned(), self.references(interfaces)?);
                self.edits.push(Operation::Insert {
                    table: "Port".to_owned(),
                    row,
                    uuid_name: Some(new.to_owned()),
                });
                self.bridge_ports(Mutator::Insert, Value::named(new))?;
            }
            Step::DeletePort { name } => {
                let port = self.guarded_port(name)?;
                self.bridge_ports(Mutator::Delete, port.into())?;
            }
            Step::UpdateInterface { name, mtu, keys } => {
                let (uuid, row) =
                    self.picture.interface(name.as_str()).ok_or_else(|| gone(name.as_str()))?;
                let mut columns = Row::new();
                if let Some(mtu) = mtu {
                    let now = row.get("mtu_request").cloned().unwrap_or_else(Value::empty);
                    let then = Row::from([("mtu_request".to_owned(), now)]);
                    self.guards.push(wait("Interface", uuid, then));
                    let value = Value::set(mtu.map(|mtu| i64::from(mtu.get())));
                    columns.insert("mtu_request".to_owned(), value);
                }
                self.update("Interface", uuid, columns, keys);
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Planned>, DeviceError> {
        if let (Some((bridge, name)), false) = (&self.picture.bridge, self.held.is_empty()) {
            self.guards.push(Operation::Wait {
                table: "Bridge".to_owned(),
                conditions: vec![
                    Condition::equals("_uuid", *bridge),
                    Condition::new(
                        "ports",
                        Function::Includes,
                        Value::set(self.held.iter().copied()),
                    ),
                ],
                columns: vec!["name".to_owned()],
                until: Until::Equal,
                rows: vec![Row::from([("name".to_owned(), name.as_str().into())])],
                timeout_ms: Some(0),
            });
        }
        let guards = self.guards.into_iter().map(|operation| Planned { operation, rows: None });
        let edits = self.edits.into_iter().map(|operation| {
            let inserts = matches!(operation, Operation::Insert { .. });
            Planned { operation, rows: (!inserts).then_some(1) }
        });
        Ok(guards.chain(edits).collect())
    }

    /// The row of a port, with a guard on what was read of it.
    fn guarded_port(&mut self, name: &str) -> Result<Uuid, DeviceError> {
        let (uuid, row) = self.picture.port(name).ok_or_else(|| gone(name))?;
        let then = GUARDED
            .iter()
            .filter_map(|column| Some(((*column).to_owned(), row.get(*column)?.clone())))
            .collect();
        self.guards.push(wait("Port", uuid, then));
        self.held.push(uuid);
        Ok(uuid)
    }

    fn references<'p>(
        &self,
        names: impl IntoIterator<Item = &'p PortName>,
    ) -> Result<Value, DeviceError> {
        let uuids: Vec<Uuid> = names
            .into_iter()
            .map(|name| {
                let found = self.picture.interface(name.as_str());
                found.map(|(uuid, _)| uuid).ok_or_else(|| gone(name.as_str()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Value::set(uuids))
    }

    fn bridge_ports(&mut self, mutator: Mutator, value: Value) -> Result<(), DeviceError> {
        let (bridge, _) = self.picture.bridge.as_ref().ok_or_else(|| gone("the bridge"))?;
        self.edits.push(Operation::Mutate {
            table: "Bridge".to_owned(),
            conditions: vec![Condition::equals("_uuid", *bridge)],
            mutations: vec![Mutation::new("ports", mutator, value)],
        });
        Ok(())
    }

    fn update(&mut self, table: &str, uuid: Uuid, row: Row, keys: &[KeyEdit]) {
        let conditions = || vec![Condition::equals("_uuid", uuid)];
        if !row.is_empty() {
            let table = table.to_owned();
            self.edits.push(Operation::Update { table, conditions: conditions(), row });
        }
        let mutations = key_mutations(keys);
        if !mutations.is_empty() {
            let table = table.to_owned();
            self.edits.push(Operation::Mutate { table, conditions: conditions(), mutations });
        }
    }
}

/// Removes every edited key, then inserts the new pairs: an insert alone leaves a key's old value
/// (RFC 7047, section 5.1, `<mutation>`).
fn key_mutations(keys: &[KeyEdit]) -> Vec<Mutation> {
    let mut by_column: BTreeMap<&str, Vec<&KeyEdit>> = BTreeMap::new();
    for edit in keys {
        by_column.entry(edit.column).or_default().push(edit);
    }
    let mut mutations = Vec::new();
    for (column, edits) in by_column {
        let removed = Value::set(edits.iter().map(|edit| edit.key.clone()));
        mutations.push(Mutation::new(column, Mutator::Delete, removed));
        let pairs: Vec<(Atom, Atom)> =
            edits.iter().filter_map(|edit| Some((edit.key.clone(), edit.value.clone()?))).collect();
        if !pairs.is_empty() {
            mutations.push(Mutation::new(column, Mutator::Insert, Value::map(pairs)));
        }
    }
    mutations
}

fn wait(table: &str, uuid: Uuid, then: Row) -> Operation {
    Operation::Wait {
        table: table.to_owned(),
        conditions: vec![Condition::equals("_uuid", uuid)],
        columns: then.keys().cloned().collect(),
        until: Until::Equal,
        rows: vec![then],
        timeout_ms: Some(0),
    }
}

fn gone(name: &str) -> DeviceError {
    DeviceError::Rejected {
        operation: None,
        answer: format!("`{name}` is no longer on the bridge"),
    }
}
