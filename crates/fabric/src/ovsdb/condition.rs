//! `<condition>`: which rows an operation is about (RFC 7047 section 5.1).

use serde_json::Value;

use super::database::Row;
use super::error::OvsdbError;
use super::schema::{AtomKind, TableSchema};
use super::value::{Datum, Names};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    Greater,
    Includes,
    Excludes,
}

impl Function {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "<" => Self::Less,
            "<=" => Self::AtMost,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            ">=" => Self::AtLeast,
            ">" => Self::Greater,
            "includes" => Self::Includes,
            "excludes" => Self::Excludes,
            _ => return None,
        })
    }

    const fn is_ordering(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::AtLeast | Self::Greater)
    }
}

#[derive(Debug, Clone)]
enum Clause {
    /// `true` or `false`, which only conditional monitors use.
    Literal(bool),
    Compare {
        column: String,
        function: Function,
        argument: Datum,
    },
}

impl Clause {
    fn parse(json: &Value, table: &TableSchema, names: &mut Names) -> Result<Self, OvsdbError> {
        if let Some(literal) = json.as_bool() {
            return Ok(Self::Literal(literal));
        }
        let Some([Value::String(column), Value::String(word), argument]) =
            json.as_array().map(Vec::as_slice)
        else {
            return Err(OvsdbError::syntax(
                "Parsing condition failed: expected 3-element array",
                json,
            ));
        };
        let kind = &table.column(column).map_err(|error| error.about(json))?.kind;
        let function = Function::parse(word).ok_or_else(|| {
            OvsdbError::new("unknown function", format!("No function named {word}."))
        })?;
        let is_number = kind.value.is_none() && kind.max == 1 && kind.key.kind == AtomKind::Integer;
        if function.is_ordering() && !is_number {
            return Err(OvsdbError::syntax(
                format!(
                    "Type mismatch: \"{word}\" operator may not be applied to column {column}."
                ),
                json,
            ));
        }
        let argument = if matches!(function, Function::Includes | Function::Excludes) {
            Datum::from_json(argument, &kind.any_count(), names)?
        } else {
            Datum::from_json(argument, kind, names)?
        };
        Ok(Self::Compare { column: column.clone(), function, argument })
    }

    fn matches(&self, row: &Row) -> bool {
        let Self::Compare { column, function, argument } = self else {
            return matches!(self, Self::Literal(true));
        };
        let held = row.get(column);
        let ordered =
            |accept: fn(&i64, &i64) -> bool| match (held.as_integer(), argument.as_integer()) {
                (Some(left), Some(right)) => accept(&left, &right),
                _ => false,
            };
        match function {
            Function::Equal => held == *argument,
            Function::NotEqual => held != *argument,
            Function::Includes => overlap(&held, argument) == argument.len(),
            Function::Excludes => overlap(&held, argument) == 0,
            Function::Less => ordered(i64::lt),
            Function::AtMost => ordered(i64::le),
            Function::AtLeast => ordered(i64::ge),
            Function::Greater => ordered(i64::gt),
        }
    }
}

/// How many atoms or pairs of `wanted` are in `held`.
fn overlap(held: &Datum, wanted: &Datum) -> usize {
    match (held, wanted) {
        (Datum::Set(held), Datum::Set(wanted)) => wanted.intersection(held).count(),
        (Datum::Map(held), Datum::Map(wanted)) => {
            wanted.iter().filter(|(key, value)| held.get(key) == Some(value)).count()
        }
        _ => 0,
    }
}

/// Clauses that must all hold; none at all holds for every row.
#[derive(Debug, Clone, Default)]
pub struct Condition(Vec<Clause>);

impl Condition {
    /// Reads the `where` member of an operation or of a monitor request.
    ///
    /// # Errors
    /// `syntax error`, `unknown column`, `unknown function` or `constraint violation`.
    pub fn parse(json: &Value, table: &TableSchema, names: &mut Names) -> Result<Self, OvsdbError> {
        json.as_array()
            .ok_or_else(|| OvsdbError::syntax("array expected", json))?
            .iter()
            .map(|clause| Clause::parse(clause, table, names))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the row is meant.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.0.iter().all(|clause| clause.matches(row))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "cases are literals")]

    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::ovsdb::schema::Schema;

    fn check(clause: Value) -> Result<bool, String> {
        let schema = Schema::vswitch().unwrap();
        let table = schema.table("Port").unwrap();
        let mut row = Row { uuid: Uuid::nil(), version: Uuid::nil(), columns: table.defaults() };
        for (column, json) in [
            ("name", json!("swp1")),
            ("tag", json!(100)),
            ("trunks", json!(["set", [1, 2, 3]])),
            ("other_config", json!(["map", [["a", "1"], ["b", "2"]]])),
        ] {
            let kind = &table.column(column).unwrap().kind;
            let datum = Datum::from_json(&json, kind, &mut Names::default()).unwrap();
            row.columns.insert(column.to_owned(), datum);
        }
        Condition::parse(&json!([clause]), table, &mut Names::default())
            .map(|condition| condition.matches(&row))
            .map_err(|error| error.error)
    }

    #[test]
    fn a_clause_holds_or_not_or_is_refused() {
        let syntax = || Err("syntax error".to_owned());
        let cases = [
            (json!(["name", "==", "swp1"]), Ok(true)),
            (json!(["name", "!=", "swp1"]), Ok(false)),
            (json!(["_uuid", "==", ["uuid", Uuid::nil().to_string()]]), Ok(true)),
            (json!(["tag", "<", 101]), Ok(true)),
            (json!(["tag", "<", 100]), Ok(false)),
            (json!(["tag", "<=", 100]), Ok(true)),
            (json!(["tag", ">=", 100]), Ok(true)),
            (json!(["tag", ">", 100]), Ok(false)),
            (json!(["tag", "==", ["set", []]]), Ok(false)),
            (json!(["mac", "==", ["set", []]]), Ok(true)),
            (json!(["trunks", "includes", ["set", [1, 3]]]), Ok(true)),
            (json!(["trunks", "includes", ["set", [1, 4]]]), Ok(false)),
            (json!(["trunks", "includes", ["set", []]]), Ok(true)),
            (json!(["trunks", "excludes", ["set", [4, 5]]]), Ok(true)),
            (json!(["trunks", "excludes", 3]), Ok(false)),
            (json!(["trunks", "==", ["set", [3, 2, 1]]]), Ok(true)),
            (json!(["other_config", "includes", ["map", [["a", "1"]]]]), Ok(true)),
            (json!(["other_config", "includes", ["map", [["a", "2"]]]]), Ok(false)),
            (json!(["other_config", "excludes", ["map", [["a", "2"]]]]), Ok(true)),
            (json!(true), Ok(true)),
            (json!(false), Ok(false)),
            (json!(["name", "<", "swp1"]), syntax()),
            (json!(["trunks", "<", 3]), syntax()),
            (json!(["name", "==", 1]), syntax()),
            (json!(["name", "=="]), syntax()),
            (json!(["tag", "==", 4096]), Err("constraint violation".to_owned())),
            (json!(["nope", "==", 1]), Err("unknown column".to_owned())),
            (json!(["name", "~", "x"]), Err("unknown function".to_owned())),
        ];
        for (clause, expected) in cases {
            assert_eq!(check(clause.clone()), expected, "{clause}");
        }
    }
}
