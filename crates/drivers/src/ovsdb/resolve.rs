//! Finds ports of the bridge by name, OpenFlow or interface index, or MAC address.

use std::collections::BTreeMap;

use model::{MacAddress, PortName};
use switch::{DeviceError, MatchKind, PortMatch};
use tokio::time::Instant;

use super::connection::Connection;
use super::errors::device_error;
use super::operation::{Condition, Operation};
use super::outcome::Outcome;
use super::parse::text;
use super::value::{Row, Value};

/// The ports that answer to `given`, of interfaces anywhere on the switch; the caller keeps those
/// of its bridge.
pub(super) async fn candidates(
    connection: &Connection,
    given: &str,
    deadline: Instant,
) -> Result<Vec<PortMatch>, DeviceError> {
    let tests = tests(given);
    let operations: Vec<Operation> = tests
        .iter()
        .map(|(_, condition)| Operation::Select {
            table: "Interface".to_owned(),
            conditions: vec![condition.clone()],
            columns: Some(vec!["name".to_owned()]),
        })
        .collect();
    let outcomes = connection
        .transact(&operations, deadline)
        .await
        .map_err(|error| device_error(error, false))?;
    let kinds = tests.iter().map(|(kind, _)| *kind);
    Ok(matches(kinds.zip(outcomes.iter().map(|outcome| match outcome {
        Outcome::Rows(rows) => rows.as_slice(),
        _ => &[],
    }))))
}

/// What the text may be.
fn tests(given: &str) -> Vec<(MatchKind, Condition)> {
    let mut tests = vec![(MatchKind::Name, Condition::equals("name", given))];
    let digits = !given.is_empty() && given.bytes().all(|b| b.is_ascii_digit());
    if let (true, Ok(number)) = (digits, given.parse::<u16>()) {
        tests.push((MatchKind::Index, Condition::equals("ofport", i64::from(number))));
    }
    if let (true, Ok(number)) = (digits, given.parse::<u32>()) {
        tests.push((MatchKind::Index, Condition::equals("ifindex", i64::from(number))));
    }
    if let Ok(mac) = given.parse::<MacAddress>() {
        tests.push((MatchKind::Mac, Condition::equals("mac_in_use", Value::from(mac.to_string()))));
    }
    tests
}

/// Each port once, with the closest of its matches. Interfaces whose names are no port names
/// cannot be named by a request either.
fn matches<'a>(found: impl Iterator<Item = (MatchKind, &'a [Row])>) -> Vec<PortMatch> {
    let mut ports: BTreeMap<PortName, MatchKind> = BTreeMap::new();
    for (kind, rows) in found {
        for name in rows.iter().filter_map(|row| text(row, "name")?.parse().ok()) {
            ports.entry(name).and_modify(|known| *known = kind.min(*known)).or_insert(kind);
        }
    }
    ports.into_iter().map(|(port, matched)| PortMatch { port, matched }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_tried_as_what_it_may_be() {
        let kinds =
            |given: &str| tests(given).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(kinds("swp1"), [MatchKind::Name]);
        assert_eq!(kinds("7"), [MatchKind::Name, MatchKind::Index, MatchKind::Index]);
        assert_eq!(kinds("70000"), [MatchKind::Name, MatchKind::Index]);
        assert_eq!(kinds("52:54:00:12:34:56"), [MatchKind::Name, MatchKind::Mac]);
        assert_eq!(kinds("+7"), [MatchKind::Name]);
    }

    #[test]
    fn a_port_is_found_once_by_its_closest_match() {
        let row = |name: &str| vec![Row::from([("name".to_owned(), name.into())])];
        let (seven, other, odd) = (row("7"), row("swp1"), row("a b"));
        let found = [
            (MatchKind::Index, seven.as_slice()),
            (MatchKind::Name, seven.as_slice()),
            (MatchKind::Index, other.as_slice()),
            (MatchKind::Mac, odd.as_slice()),
        ];
        let found = matches(found.into_iter());
        let shown: Vec<_> = found.iter().map(|m| (m.port.as_str(), m.matched)).collect();
        assert_eq!(shown, [("7", MatchKind::Name), ("swp1", MatchKind::Index)]);
    }
}
