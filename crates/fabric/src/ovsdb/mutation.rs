//! `<mutation>`: changing a column from what it holds (RFC 7047 section 5.1).

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::OvsdbError;
use super::schema::{AtomKind, ColumnType, TableSchema};
use super::value::{Atom, Datum, Names};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Insert,
    Delete,
}

impl Mutator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "+=" => Self::Add,
            "-=" => Self::Subtract,
            "*=" => Self::Multiply,
            "/=" => Self::Divide,
            "%=" => Self::Remainder,
            "insert" => Self::Insert,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    fn compute(self, left: i64, right: i64) -> Result<i64, OvsdbError> {
        let result = match self {
            Self::Add => left.checked_add(right),
            Self::Subtract => left.checked_sub(right),
            Self::Multiply => left.checked_mul(right),
            Self::Divide | Self::Remainder if right == 0 => {
                return Err(OvsdbError::new("domain error", "Division by zero."));
            }
            Self::Divide => left.checked_div(right),
            Self::Remainder => left.checked_rem(right),
            Self::Insert | Self::Delete => None,
        };
        result.ok_or_else(|| {
            OvsdbError::new("range error", "Result of arithmetic is out of the integer range.")
        })
    }
}

/// One mutation of one column, read and checked.
#[derive(Debug)]
pub struct Mutation {
    /// The column it changes.
    pub column: String,
    kind: ColumnType,
    mutator: Mutator,
    argument: Datum,
}

impl Mutation {
    /// Reads `[column, mutator, value]`.
    ///
    /// # Errors
    /// `syntax error`, `unknown column`, `unknown mutator`, or `constraint violation` for a
    /// column that may not change or a value that may not be in it.
    pub fn parse(json: &Value, table: &TableSchema, names: &mut Names) -> Result<Self, OvsdbError> {
        let Some([Value::String(name), Value::String(word), argument]) =
            json.as_array().map(Vec::as_slice)
        else {
            return Err(OvsdbError::syntax(
                "Parsing mutation failed: expected 3-element array",
                json,
            ));
        };
        let column = table.column(name).map_err(|error| error.about(json))?;
        if !column.mutable {
            return Err(OvsdbError::constraint(format!(
                "Cannot mutate immutable column {name} in table {}.",
                table.name
            ))
            .about(json));
        }
        let mutator = Mutator::parse(word).ok_or_else(|| {
            OvsdbError::new("unknown mutator", format!("No mutator named {word}."))
        })?;
        let kind = &column.kind;
        let mismatch = || {
            OvsdbError::syntax(
                format!("Type mismatch: \"{word}\" operator may not be applied to column {name}."),
                json,
            )
        };
        let argument = match mutator {
            Mutator::Insert | Mutator::Delete if kind.is_scalar() => return Err(mismatch()),
            Mutator::Insert => Datum::from_json(argument, &kind.any_count(), names)?,
            Mutator::Delete => {
                let is_pairs = argument.get(0).and_then(Value::as_str) == Some("map");
                let kind = if is_pairs { kind.any_count() } else { kind.keys() };
                Datum::from_json(argument, &kind, names)?
            }
            _ if kind.value.is_some() || kind.key.kind != AtomKind::Integer => {
                return Err(mismatch());
            }
            _ => Datum::integer(
                argument
                    .as_i64()
                    .ok_or_else(|| OvsdbError::syntax("expected integer", argument))?,
            ),
        };
        Ok(Self { column: name.clone(), kind: kind.clone(), mutator, argument })
    }

    /// What the column holds afterwards.
    ///
    /// # Errors
    /// `domain error`, `range error` or `constraint violation`.
    pub fn apply(&self, held: &Datum) -> Result<Datum, OvsdbError> {
        let mut datum = held.clone();
        match (&mut datum, &self.argument, self.mutator) {
            (Datum::Set(held), Datum::Set(new), Mutator::Insert) => {
                held.extend(new.iter().cloned());
            }
            (Datum::Map(held), Datum::Map(new), Mutator::Insert) => {
                for (key, value) in new {
                    held.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            (Datum::Set(held), Datum::Set(old), Mutator::Delete) => {
                held.retain(|atom| !old.contains(atom));
            }
            (Datum::Map(held), Datum::Set(keys), Mutator::Delete) => {
                held.retain(|key, _| !keys.contains(key));
            }
            (Datum::Map(held), Datum::Map(pairs), Mutator::Delete) => {
                held.retain(|key, value| pairs.get(key) != Some(value));
            }
            (Datum::Set(held), argument, mutator) => {
                let operand = argument.as_integer().unwrap_or_default();
                let mut results = BTreeSet::new();
                for atom in held.iter() {
                    let Atom::Integer(number) = atom else {
                        continue;
                    };
                    let result = Atom::Integer(mutator.compute(*number, operand)?);
                    self.kind.key.check(&result)?;
                    if !results.insert(result) {
                        return Err(OvsdbError::constraint(
                            "Result of mutation contains duplicates.",
                        ));
                    }
                }
                *held = results;
            }
            _ => {}
        }
        if !(self.kind.min..=self.kind.max).contains(&datum.len()) {
            return Err(OvsdbError::constraint(format!(
                "Attempted to store {} elements in {} of {} to {} elements.",
                datum.len(),
                if self.kind.value.is_some() { "map" } else { "set" },
                self.kind.min,
                self.kind.max.min(u32::MAX as usize)
            )));
        }
        Ok(datum)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "cases are literals")]

    use serde_json::json;

    use super::*;
    use crate::ovsdb::schema::Schema;

    fn check(table: &str, column: &str, held: Value, mutator: &str, argument: Value) -> Value {
        let schema = Schema::vswitch().unwrap();
        let table = schema.table(table).unwrap();
        let kind = &table.column(column).unwrap().kind;
        let mut names = Names::default();
        let held = Datum::from_json(&held, kind, &mut names).unwrap();
        Mutation::parse(&json!([column, mutator, argument]), table, &mut names)
            .and_then(|mutation| mutation.apply(&held))
            .map_or_else(|error| json!({ "refused": error.error }), |datum| datum.to_json())
    }

    #[test]
    fn a_mutation_changes_the_column_or_is_refused() {
        let refused = |class: &str| json!({ "refused": class });
        let set = |numbers: &[i64]| json!(["set", numbers]);
        let map = |pairs: &[[&str; 2]]| json!(["map", pairs]);
        let cases = [
            ("Open_vSwitch", "next_cfg", json!(6), "+=", json!(1), json!(7)),
            ("Open_vSwitch", "next_cfg", json!(6), "-=", json!(1), json!(5)),
            ("Open_vSwitch", "next_cfg", json!(6), "*=", json!(2), json!(12)),
            ("Open_vSwitch", "next_cfg", json!(7), "/=", json!(2), json!(3)),
            ("Open_vSwitch", "next_cfg", json!(7), "%=", json!(4), json!(3)),
            ("Open_vSwitch", "next_cfg", json!(7), "/=", json!(0), refused("domain error")),
            ("Open_vSwitch", "next_cfg", json!(i64::MAX), "+=", json!(1), refused("range error")),
            ("Open_vSwitch", "next_cfg", json!(7), "insert", json!(1), refused("syntax error")),
            ("Open_vSwitch", "next_cfg", json!(7), "~", json!(1), refused("unknown mutator")),
            ("Port", "trunks", set(&[1, 2]), "insert", set(&[2, 3]), set(&[1, 2, 3])),
            ("Port", "trunks", set(&[1, 2]), "delete", json!(2), json!(1)),
            ("Port", "trunks", set(&[1, 2]), "delete", set(&[9]), set(&[1, 2])),
            ("Port", "trunks", set(&[1, 2]), "+=", json!(10), set(&[11, 12])),
            ("Port", "trunks", set(&[1, 2]), "*=", json!(0), refused("constraint violation")),
            ("Port", "trunks", set(&[1, 2]), "*=", json!(4000), refused("constraint violation")),
            ("Port", "trunks", set(&[1]), "insert", set(&[4096]), refused("constraint violation")),
            ("Port", "tag", set(&[]), "+=", json!(1), set(&[])),
            ("Port", "tag", json!(5), "insert", json!(6), refused("constraint violation")),
            ("Port", "tag", json!(5), "delete", json!(5), set(&[])),
            ("Port", "name", json!("a"), "+=", json!(1), refused("constraint violation")),
            (
                "Port",
                "other_config",
                map(&[["a", "1"]]),
                "insert",
                map(&[["a", "2"], ["b", "3"]]),
                map(&[["a", "1"], ["b", "3"]]),
            ),
            ("Port", "other_config", map(&[["a", "1"]]), "delete", json!("a"), map(&[])),
            (
                "Port",
                "other_config",
                map(&[["a", "1"]]),
                "delete",
                map(&[["a", "2"]]),
                map(&[["a", "1"]]),
            ),
            ("Port", "other_config", map(&[]), "+=", json!(1), refused("syntax error")),
        ];
        for (table, column, held, mutator, argument, expected) in cases {
            let label = format!("{column} {held} {mutator} {argument}");
            assert_eq!(check(table, column, held, mutator, argument), expected, "{label}");
        }
    }
}
