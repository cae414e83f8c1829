//! What a transaction did (RFC 7047, section 4.1.3): one outcome for each operation, or an error
//! attributed to the operation that caused it.
//!
//! A server answers with one element per operation. If one fails, its element is an error and
//! those after it are null; if all succeed but the commit fails, an error stands as one element
//! more. An answer that fits neither is a violation, never a success.

use serde_json::Value as Json;

use super::error::{Error, Violation};
use super::message::Refusal;
use super::operation::Operation;
use super::value::{Row, Uuid, parse_row};

/// The outcome of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Insert: the new row's identity.
    Inserted(Uuid),
    /// Select: the rows, in no order.
    Rows(Vec<Row>),
    /// Update, mutate, delete: how many rows were selected.
    Count(u64),
    /// Wait, comment, assert: done.
    Done,
}

/// Reads the result of a `transact` call. Pure; an entry for fuzzing.
///
/// # Errors
///
/// [`Error::Rejected`] if an operation or the commit failed, and [`Error::Protocol`] if the answer
/// does not fit the operations.
pub fn parse_outcomes(operations: &[Operation], result: &Json) -> Result<Vec<Outcome>, Error> {
    let violation = |violation| Error::Protocol { violation, sent: true };
    let wrong = || violation(Violation::shape("one result for each operation", result));
    let results = result.as_array().ok_or_else(wrong)?;
    for (index, element) in results.iter().enumerate() {
        if element.get("error").is_some() {
            if index > operations.len() {
                return Err(wrong());
            }
            let refusal = Refusal::parse(element).map_err(violation)?;
            return Err(Error::Rejected {
                operation: (index < operations.len()).then_some(index),
                error: refusal.error,
                details: refusal.details,
            });
        }
    }
    if results.len() != operations.len() {
        return Err(wrong());
    }
    operations
        .iter()
        .zip(results)
        .map(|(operation, element)| outcome(operation, element).map_err(violation))
        .collect()
}

fn outcome(operation: &Operation, element: &Json) -> Result<Outcome, Violation> {
    match operation {
        Operation::Insert { .. } => match element.get("uuid").and_then(Json::as_array) {
            Some(pair) => match pair.as_slice() {
                [Json::String(tag), Json::String(uuid)] if tag == "uuid" => {
                    Ok(Outcome::Inserted(uuid.parse()?))
                }
                _ => Err(Violation::shape("the result of an insert", element)),
            },
            None => Err(Violation::shape("the result of an insert", element)),
        },
        Operation::Select { .. } => match element.get("rows").and_then(Json::as_array) {
            Some(rows) => rows.iter().map(parse_row).collect::<Result<_, _>>().map(Outcome::Rows),
            None => Err(Violation::shape("the result of a select", element)),
        },
        Operation::Update { .. } | Operation::Mutate { .. } | Operation::Delete { .. } => element
            .get("count")
            .and_then(Json::as_u64)
            .map(Outcome::Count)
            .ok_or_else(|| Violation::shape("a count of rows", element)),
        Operation::Wait { .. } | Operation::Comment(_) | Operation::Assert(_) => {
            if element.is_object() {
                Ok(Outcome::Done)
            } else {
                Err(Violation::shape("an empty result", element))
            }
        }
        Operation::Abort => Err(Violation::shape("the error of an abort", element)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn operations() -> Vec<Operation> {
        vec![
            Operation::Insert { table: "Port".into(), row: Row::new(), uuid_name: None },
            Operation::Select { table: "Port".into(), conditions: vec![], columns: None },
            Operation::Delete { table: "Port".into(), conditions: vec![] },
            Operation::Comment("x".into()),
        ]
    }

    fn check(result: &Json, expected: &str) {
        let got = match parse_outcomes(&operations(), result) {
            Ok(outcomes) => format!("{outcomes:?}"),
            Err(error) => format!("{error:?}"),
        };
        assert!(got.contains(expected), "{result}\n  gave     {got}\n  expected {expected}");
    }

    #[test]
    fn results_are_attributed() {
        let uuid = json!({"uuid": ["uuid", "550e8400-e29b-41d4-a716-446655440000"]});
        let rows = json!({"rows": [{"name": "a"}]});
        let count = json!({"count": 3});
        let failed = json!({"error": "constraint violation", "details": "why"});
        check(&json!([uuid, rows, count, {}]), "Count(3), Done]");
        check(&json!([uuid, failed, null, null]), "Rejected { operation: Some(1), error: \"con");
        check(&json!([uuid, rows, failed]), "Rejected { operation: Some(2)");
        check(&json!([uuid, rows, count, {}, failed]), "Rejected { operation: None");
        check(&json!([uuid, rows, count, {}, {}]), "one result for each operation");
        check(&json!([uuid, rows, count, {}, {}, failed]), "one result for each operation");
        check(&json!([uuid, rows, count]), "one result for each operation");
        check(&json!([uuid, rows, null, null]), "a count of rows");
        check(&json!([uuid, rows, {"count": -1}, {}]), "a count of rows");
        check(&json!([uuid, {"rows": [5]}, count, {}]), "a row");
        check(&json!([rows, rows, count, {}]), "the result of an insert");
        check(&json!([{"error": 5}, null, null, null]), "an error object");
        check(&json!({}), "one result for each operation");
        check(&json!(null), "one result for each operation");
    }
}
