//! Reads the rows that a query is about, in as few round trips as they need.
//!
//! One for ports of their own; one or two more for members of LAGs, whose `Port` is found by what
//! it holds. Rows are asked for by name or UUID, so what comes back is bounded by the query and not
//! by the size of the switch; only the names of all LAGs need all ports, in few columns.

use std::collections::BTreeSet;

use model::{LagName, PortName};
use switch::{DeviceError, Query};
use tokio::time::Instant;

use super::connection::Connection;
use super::error::Violation;
use super::errors::{device_error, unrecognised};
use super::operation::{Condition, Function, Operation};
use super::outcome::Outcome;
use super::parse::{INTERFACE, Picture, lag_names, port_columns, text, uuids};
use super::value::{Row, Uuid, Value};

/// Round trips after which a picture is complete unless somebody writes meanwhile: ports and
/// interfaces by name, the ports that hold interfaces, the other interfaces of those.
const ROUND_TRIPS: usize = 3;

/// Times that it is tried anew when rows vanish between two round trips.
const ATTEMPTS: usize = 3;

/// What was read.
pub(super) struct Seen {
    pub(super) picture: Picture,
    pub(super) lag_names: BTreeSet<LagName>,
}

/// Reads what a query is about.
pub(super) async fn read(
    connection: &Connection,
    bridge: &str,
    query: &Query,
    deadline: Instant,
) -> Result<Seen, DeviceError> {
    for _ in 0..ATTEMPTS {
        if let Some(seen) = attempt(connection, bridge, query, deadline).await? {
            return Ok(seen);
        }
    }
    Err(DeviceError::Rejected {
        operation: None,
        answer: "the ports change while they are read".to_owned(),
    })
}

async fn attempt(
    connection: &Connection,
    bridge: &str,
    query: &Query,
    deadline: Instant,
) -> Result<Option<Seen>, DeviceError> {
    let mut seen = Seen { picture: Picture::default(), lag_names: BTreeSet::new() };
    let mut asked = Asked::default();
    let mut operations = first(bridge, query);
    for round in 0..ROUND_TRIPS {
        let outcomes = connection
            .transact(&operations, deadline)
            .await
            .map_err(|error| device_error(error, false))?;
        let rows = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Rows(rows) => Some(rows),
            _ => None,
        });
        let mut narrow = (Vec::new(), Vec::new());
        for (operation, rows) in operations.iter().zip(rows) {
            let Operation::Select { table, conditions, .. } = operation else {
                continue;
            };
            match (table.as_str(), conditions.is_empty()) {
                ("Bridge", _) => asked.bridge(&mut seen.picture, rows)?,
                ("Port", true) => narrow.0 = rows,
                ("Interface", true) => narrow.1 = rows,
                ("Port", false) => {
                    let mine = rows.into_iter().filter(|row| asked.is_on_bridge(row));
                    keep(&mut seen.picture.ports, mine)?;
                }
                _ => keep(&mut seen.picture.interfaces, rows)?,
            }
        }
        if seen.picture.bridge.is_none() {
            let answer = format!("there is no bridge `{bridge}`");
            return Err(DeviceError::Rejected { operation: None, answer });
        }
        if round == 0 && query.lag_names {
            let mine: Vec<Row> = narrow.0.into_iter().filter(|r| asked.is_on_bridge(r)).collect();
            seen.lag_names = lag_names(&mine, &narrow.1);
        }
        operations = asked.missing(&seen.picture, query);
        if operations.is_empty() {
            // An interface that its port names must be there, else somebody wrote meanwhile.
            let whole = seen.picture.ports.values().all(|port| {
                uuids(port, "interfaces").all(|uuid| seen.picture.interfaces.contains_key(&uuid))
            });
            return Ok(whole.then_some(seen));
        }
    }
    Ok(None)
}

fn first(bridge: &str, query: &Query) -> Vec<Operation> {
    let by_name = |name: &str| vec![Condition::equals("name", name)];
    let mut operations = vec![Operation::Select {
        table: "Bridge".to_owned(),
        conditions: by_name(bridge),
        columns: Some(owned(&["_uuid", "name", "ports"])),
    }];
    operations.extend(query.ports.iter().map(PortName::as_str).map(|n| interfaces(by_name(n))));
    let lags = query.lags.iter().map(LagName::as_str);
    let names: BTreeSet<&str> = query.ports.iter().map(PortName::as_str).chain(lags).collect();
    operations.extend(names.into_iter().map(|name| ports(by_name(name))));
    if query.lag_names {
        for (table, columns) in [
            ("Port", ["_uuid", "name", "interfaces", "lacp"].as_slice()),
            ("Interface", ["_uuid", "name"].as_slice()),
        ] {
            operations.push(Operation::Select {
                table: table.to_owned(),
                conditions: Vec::new(),
                columns: Some(owned(columns)),
            });
        }
    }
    operations
}

/// What has been asked for, so that nothing is asked twice.
#[derive(Default)]
struct Asked {
    on_bridge: BTreeSet<Uuid>,
    holders: BTreeSet<Uuid>,
    interfaces: BTreeSet<Uuid>,
}

impl Asked {
    fn bridge(&mut self, picture: &mut Picture, rows: Vec<Row>) -> Result<(), DeviceError> {
        for row in rows {
            let uuid = uuid_of(&row)?;
            self.on_bridge = uuids(&row, "ports").collect();
            picture.bridge = Some((uuid, text(&row, "name").unwrap_or_default().to_owned()));
        }
        Ok(())
    }

    fn is_on_bridge(&self, row: &Row) -> bool {
        uuid_of(row).is_ok_and(|uuid| self.on_bridge.contains(&uuid))
    }

    /// The selects that complete the picture.
    fn missing(&mut self, picture: &Picture, query: &Query) -> Vec<Operation> {
        let mut operations = Vec::new();
        for name in &query.ports {
            let Some((uuid, _)) = picture.interface(name.as_str()) else {
                continue;
            };
            if picture.holder(uuid).is_none() && self.holders.insert(uuid) {
                let holds = Condition::new("interfaces", Function::Includes, uuid);
                operations.push(ports(vec![holds]));
            }
        }
        let wanted = picture.ports.values().flat_map(|port| uuids(port, "interfaces"));
        for uuid in wanted.filter(|uuid| !picture.interfaces.contains_key(uuid)) {
            if self.interfaces.insert(uuid) {
                operations.push(interfaces(vec![Condition::equals("_uuid", uuid)]));
            }
        }
        operations
    }
}

fn ports(conditions: Vec<Condition>) -> Operation {
    Operation::Select { table: "Port".to_owned(), conditions, columns: Some(port_columns()) }
}

fn interfaces(conditions: Vec<Condition>) -> Operation {
    let columns = Some(owned(&INTERFACE));
    Operation::Select { table: "Interface".to_owned(), conditions, columns }
}

fn owned(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

fn keep(
    into: &mut std::collections::BTreeMap<Uuid, Row>,
    rows: impl IntoIterator<Item = Row>,
) -> Result<(), DeviceError> {
    for row in rows {
        into.insert(uuid_of(&row)?, row);
    }
    Ok(())
}

fn uuid_of(row: &Row) -> Result<Uuid, DeviceError> {
    row.get("_uuid").and_then(Value::as_uuid).ok_or_else(|| {
        unrecognised(&Violation::shape("a row with `_uuid`", &super::value::render_row(row)))
    })
}
