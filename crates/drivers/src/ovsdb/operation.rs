//! The operations of a transaction (RFC 7047, section 5.2) and their JSON.
//!
//! They are data, so that a dry run can show exactly what would be sent. Names of tables and
//! columns are not checked here; the server knows its schema and says which one it refuses.

use serde_json::{Value as Json, json};

use super::value::{Row, Value, render_row};

/// One operation. All of a transaction's operations take effect, or none does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Adds a row. Its columns that are not given get the schema's defaults.
    Insert {
        /// The table.
        table: String,
        /// The columns given.
        row: Row,
        /// A name by which other operations refer to the row: letters, digits and `_`, not
        /// starting with a digit, unique within the transaction.
        uuid_name: Option<String>,
    },
    /// Reads rows.
    Select {
        /// The table.
        table: String,
        /// All of these must hold; none selects every row.
        conditions: Vec<Condition>,
        /// The columns wanted; `None` for all.
        columns: Option<Vec<String>>,
    },
    /// Overwrites columns of rows.
    Update {
        /// The table.
        table: String,
        /// All of these must hold; none selects every row.
        conditions: Vec<Condition>,
        /// The columns to overwrite.
        row: Row,
    },
    /// Changes columns of rows relative to what they hold.
    Mutate {
        /// The table.
        table: String,
        /// All of these must hold; none selects every row.
        conditions: Vec<Condition>,
        /// The changes, in order.
        mutations: Vec<Mutation>,
    },
    /// Deletes rows.
    Delete {
        /// The table.
        table: String,
        /// All of these must hold; none deletes every row.
        conditions: Vec<Condition>,
    },
    /// Lets the transaction go on only if rows are (or are not) as given.
    Wait {
        /// The table.
        table: String,
        /// All of these must hold; none selects every row.
        conditions: Vec<Condition>,
        /// The columns to compare.
        columns: Vec<String>,
        /// Whether the selected rows must equal `rows`, or must not.
        until: Until,
        /// The rows to compare with.
        rows: Vec<Row>,
        /// How long the server may wait, in milliseconds; 0 fails at once, `None` never does.
        timeout_ms: Option<u64>,
    },
    /// Leaves a remark in the server's log.
    Comment(String),
    /// Fails unless this client holds the lock.
    Assert(String),
    /// Fails always: a transaction that ends with it is only checked.
    Abort,
}

/// Which way [`Operation::Wait`] compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The rows must be as given.
    Equal,
    /// The rows must not be as given.
    NotEqual,
}

/// A test on a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column, or `_uuid`.
    pub column: String,
    /// How to compare.
    pub function: Function,
    /// What to compare with.
    pub value: Value,
}

impl Condition {
    /// A condition.
    pub fn new(column: &str, function: Function, value: impl Into<Value>) -> Self {
        Self { column: column.to_owned(), function, value: value.into() }
    }

    /// The column equals the value.
    pub fn equals(column: &str, value: impl Into<Value>) -> Self {
        Self::new(column, Function::Equal, value)
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// The column holds all of the value's elements.
    Includes,
    /// The column holds none of the value's elements.
    Excludes,
}

impl Function {
    fn word(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::GreaterOrEqual => ">=",
            Self::Greater => ">",
            Self::Includes => "includes",
            Self::Excludes => "excludes",
        }
    }
}

/// A change of a column relative to what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The column.
    pub column: String,
    /// What to do.
    pub mutator: Mutator,
    /// With what. To delete from a map: a map of pairs, or a set of keys.
    pub value: Value,
}

impl Mutation {
    /// A mutation.
    pub fn new(column: &str, mutator: Mutator, value: impl Into<Value>) -> Self {
        Self { column: column.to_owned(), mutator, value: value.into() }
    }
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutator {
    /// `+=`
    Add,
    /// `-=`
    Subtract,
    /// `*=`
    Multiply,
    /// `/=`
    Divide,
    /// `%=`
    Remainder,
    /// Adds elements that are not there; a map's existing keys keep their values.
    Insert,
    /// Removes elements.
    Delete,
}

impl Mutator {
    fn word(self) -> &'static str {
        match self {
            Self::Add => "+=",
            Self::Subtract => "-=",
            Self::Multiply => "*=",
            Self::Divide => "/=",
            Self::Remainder => "%=",
            Self::Insert => "insert",
            Self::Delete => "delete",
        }
    }
}

impl Operation {
    /// The operation as it is sent.
    #[must_use]
    pub fn render(&self) -> Json {
        match self {
            Self::Insert { table, row, uuid_name } => {
                let mut json = json!({"op": "insert", "table": table, "row": render_row(row)});
                add(&mut json, "uuid-name", uuid_name.as_ref().map(|name| json!(name)));
                json
            }
            Self::Select { table, conditions, columns } => {
                let mut json = json!({"op": "select", "table": table, "where": all(conditions)});
                add(&mut json, "columns", columns.as_ref().map(|columns| json!(columns)));
                json
            }
            Self::Update { table, conditions, row } => json!({
                "op": "update", "table": table, "where": all(conditions), "row": render_row(row),
            }),
            Self::Mutate { table, conditions, mutations } => {
                let mutations: Vec<Json> = mutations
                    .iter()
                    .map(|m| json!([m.column, m.mutator.word(), m.value.render()]))
                    .collect();
                json!({
                    "op": "mutate", "table": table, "where": all(conditions),
                    "mutations": mutations,
                })
            }
            Self::Delete { table, conditions } => {
                json!({"op": "delete", "table": table, "where": all(conditions)})
            }
            Self::Wait { table, conditions, columns, until, rows, timeout_ms } => {
                let rows: Vec<Json> = rows.iter().map(render_row).collect();
                let until = match until {
                    Until::Equal => "==",
                    Until::NotEqual => "!=",
                };
                let mut json = json!({
                    "op": "wait", "table": table, "where": all(conditions),
                    "columns": columns, "until": until, "rows": rows,
                });
                add(&mut json, "timeout", timeout_ms.map(|ms| json!(ms)));
                json
            }
            Self::Comment(text) => json!({"op": "comment", "comment": text}),
            Self::Assert(lock) => json!({"op": "assert", "lock": lock}),
            Self::Abort => json!({"op": "abort"}),
        }
    }
}

fn all(conditions: &[Condition]) -> Json {
    conditions.iter().map(|c| json!([c.column, c.function.word(), c.value.render()])).collect()
}

fn add(json: &mut Json, member: &str, value: Option<Json>) {
    if let (Some(object), Some(value)) = (json.as_object_mut(), value) {
        object.insert(member.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row::from([("name".to_owned(), Value::from("swp1"))])
    }

    #[test]
    fn operations_render_as_in_the_standard() {
        let port = || "Port".to_owned();
        let conditions = || vec![Condition::equals("name", "swp1")];
        let cases = [
            (
                Operation::Insert { table: port(), row: row(), uuid_name: Some("p".into()) },
                json!({"op":"insert","table":"Port","row":{"name":"swp1"},"uuid-name":"p"}),
            ),
            (
                Operation::Insert { table: port(), row: Row::new(), uuid_name: None },
                json!({"op":"insert","table":"Port","row":{}}),
            ),
            (
                Operation::Select { table: port(), conditions: vec![], columns: None },
                json!({"op":"select","table":"Port","where":[]}),
            ),
            (
                Operation::Select {
                    table: port(),
                    conditions: vec![Condition::new("trunks", Function::Includes, 5i64)],
                    columns: Some(vec!["tag".into()]),
                },
                json!({"op":"select","table":"Port","where":[["trunks","includes",5]],
                       "columns":["tag"]}),
            ),
            (
                Operation::Update { table: port(), conditions: conditions(), row: row() },
                json!({"op":"update","table":"Port","where":[["name","==","swp1"]],
                       "row":{"name":"swp1"}}),
            ),
            (
                Operation::Mutate {
                    table: port(),
                    conditions: conditions(),
                    mutations: vec![
                        Mutation::new("trunks", Mutator::Insert, Value::set([1i64, 2])),
                        Mutation::new("tag", Mutator::Add, 1i64),
                    ],
                },
                json!({"op":"mutate","table":"Port","where":[["name","==","swp1"]],
                       "mutations":[["trunks","insert",["set",[1,2]]],["tag","+=",1]]}),
            ),
            (
                Operation::Delete { table: port(), conditions: conditions() },
                json!({"op":"delete","table":"Port","where":[["name","==","swp1"]]}),
            ),
            (
                Operation::Wait {
                    table: port(),
                    conditions: conditions(),
                    columns: vec!["name".into()],
                    until: Until::Equal,
                    rows: vec![row()],
                    timeout_ms: Some(0),
                },
                json!({"op":"wait","table":"Port","where":[["name","==","swp1"]],
                       "columns":["name"],"until":"==","rows":[{"name":"swp1"}],"timeout":0}),
            ),
            (Operation::Comment("why".into()), json!({"op":"comment","comment":"why"})),
            (Operation::Assert("l".into()), json!({"op":"assert","lock":"l"})),
            (Operation::Abort, json!({"op":"abort"})),
        ];
        for (operation, expected) in cases {
            assert_eq!(operation.render(), expected, "{operation:?}");
        }
    }
}
