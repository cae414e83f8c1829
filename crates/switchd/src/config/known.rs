//! Unknown keys, found by walking the file beside the JSON schema of the types that read it.
//!
//! Serde's own refusal stops at the first unknown key of a section and does not know what was
//! meant; the walk finds all of them, and the closest known one for each.

use ::config::{Value, ValueKind};
use serde_json::Value as Json;

use super::{problem::Problem, raw::Raw, read::Table};

/// How alike two keys have to be (Jaro-Winkler, 0 to 1) for one to be suggested for the other.
const ALIKE: f64 = 0.75;

/// The problems of every key that no type reads.
pub(super) fn unknown(root: &Table) -> Vec<Problem> {
    let schema = schema();
    let mut problems = Vec::new();
    let mut names: Vec<_> = root.iter().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, value) in names {
        member(name, name, value, &schema, &mut problems);
    }
    problems
}

/// The schema of the whole file, without references.
pub(super) fn schema() -> Json {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Raw>().to_value()
}

fn member(path: &str, name: &str, value: &Value, schema: &Json, problems: &mut Vec<Problem>) {
    let schema = object(schema);
    let known = schema.get("properties").and_then(Json::as_object);
    if let Some(schema) = known.and_then(|known| known.get(name)) {
        return walk(path, value, schema, problems);
    }
    if let Some(schema) = schema.get("additionalProperties").filter(|any| any.is_object()) {
        return walk(path, value, schema, problems);
    }
    let Some(known) = known else { return };
    let parent = path.strip_suffix(name).unwrap_or_default();
    let problem = Problem::at(path, "is unknown").from(origin(value));
    let closest = known
        .keys()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    problems.push(match closest {
        Some((alike, known)) if alike >= ALIKE => {
            problem.hint(format!("did you mean `{parent}{known}`?"))
        }
        _ => {
            let names: Vec<_> = known.keys().map(|known| format!("`{known}`")).collect();
            problem.hint(format!("known here: {}", names.join(", ")))
        }
    });
}

fn walk(path: &str, value: &Value, schema: &Json, problems: &mut Vec<Problem>) {
    match &value.kind {
        ValueKind::Table(table) => {
            let mut names: Vec<_> = table.iter().collect();
            names.sort_by_key(|(name, _)| *name);
            for (name, value) in names {
                member(&format!("{path}.{name}"), name, value, schema, problems);
            }
        }
        ValueKind::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    walk(&format!("{path}[{index}]"), item, schema, problems);
                }
            }
        }
        _ => {}
    }
}

/// The schema itself, or the alternative of an optional one that describes an object.
fn object(schema: &Json) -> &Json {
    let alternatives = schema.get("anyOf").and_then(Json::as_array);
    alternatives
        .and_then(|all| all.iter().find(|one| one.get("properties").is_some()))
        .unwrap_or(schema)
}

/// Where a value comes from; a table that is made of several sources, where its first member does.
fn origin(value: &Value) -> Option<&str> {
    let members: Vec<&Value> = match &value.kind {
        ValueKind::Table(table) => table.values().collect(),
        ValueKind::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    value.origin().or_else(|| members.into_iter().find_map(origin))
}
