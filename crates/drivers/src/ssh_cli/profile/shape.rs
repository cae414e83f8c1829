//! The shape of a profile: keys that nobody reads, keys that are missing, values of another type,
//! found by walking the file beside the JSON schema of the types that read it.
//!
//! Serde would stop at the first of them and would not know what was meant.

use serde_json::Value as Schema;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    place::locate,
    problem::{Mistake, Problem},
    schema::RawProfile,
};

/// How alike two words have to be (Jaro-Winkler, 0 to 1) for one to be suggested for the other.
const ALIKE: f64 = 0.75;
/// How much of a word in the file is repeated in a message about it.
const SHOWN: usize = 60;

/// The schema of the whole file, without references.
pub(super) fn schema() -> Schema {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<RawProfile>().to_value()
}

/// Everything in the file that is not as the types have it.
pub(super) fn check(text: &str, document: &DeTable<'_>) -> Vec<Mistake> {
    let mut walk = Walk { text, mistakes: Vec::new() };
    walk.table("", 0, document, &schema());
    walk.mistakes
}

struct Walk<'i> {
    text: &'i str,
    mistakes: Vec<Mistake>,
}

impl Walk<'_> {
    fn add(&mut self, at: usize, key: &str, what: impl Into<String>) {
        self.mistakes.push(locate(self.text, at, Problem::new(key, what)));
    }

    fn table(&mut self, path: &str, start: usize, table: &DeTable<'_>, schema: &Schema) {
        let properties = schema.get("properties").and_then(Schema::as_object);
        let others = schema.get("additionalProperties").filter(|any| any.is_object());
        let below = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = below(&shown(name));
            let known = properties.and_then(|known| known.get(name));
            match known.or(others) {
                Some(schema) => self.value(&path, value, schema),
                None => {
                    let known: Vec<&str> = properties
                        .into_iter()
                        .flat_map(|all| all.keys())
                        .map(String::as_str)
                        .collect();
                    let hint = suggestion(name, &known);
                    self.add(key.span().start, &path, format!("is unknown{hint}"));
                }
            }
        }
        let required = schema.get("required").and_then(Schema::as_array);
        for name in required.into_iter().flatten().filter_map(Schema::as_str) {
            if !table.contains_key(name) {
                self.add(start, &below(name), "is missing");
            }
        }
    }

    fn value(&mut self, path: &str, value: &Spanned<DeValue<'_>>, schema: &Schema) {
        let start = value.span().start;
        let kind = value.get_ref();
        let choices = alternatives(schema);
        let words: Vec<&str> = choices.iter().flat_map(|choice| words(choice)).collect();
        if let (Some(word), false) = (kind.as_str(), words.is_empty()) {
            if !words.contains(&word) {
                let hint = suggestion(word, &words);
                self.add(start, path, format!("is `{}`{hint}", shown(word)));
            }
            return;
        }
        let Some(schema) = choices.iter().find(|choice| fits(kind, choice)) else {
            let wanted: Vec<String> = choices.iter().filter_map(|choice| name_of(choice)).collect();
            let what =
                format!("is {} where {} is expected", a(kind.type_str()), wanted.join(" or "));
            self.add(start, path, what);
            return;
        };
        match kind {
            DeValue::Table(table) => self.table(path, start, table, schema),
            DeValue::Array(items) => {
                let Some(schema) = schema.get("items") else { return };
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{index}]"), item, schema);
                }
            }
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                let limit = |key: &str| schema.get(key).and_then(Schema::as_i64);
                let low = limit("minimum").unwrap_or(i64::MIN);
                let high = limit("maximum").unwrap_or(i64::from(u32::MAX));
                if !number.is_ok_and(|number| (low..=high).contains(&number)) {
                    self.add(start, path, format!("is not between {low} and {high}"));
                }
            }
            _ => {}
        }
    }
}

/// The schemas of which one has to fit, without `null`.
fn alternatives(schema: &Schema) -> Vec<&Schema> {
    let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
    match choices {
        Some(choices) => choices.iter().flat_map(alternatives).collect(),
        None if schema.get("type").and_then(Schema::as_str) == Some("null") => Vec::new(),
        None => vec![schema],
    }
}

/// The words that a schema of words allows.
fn words(schema: &Schema) -> Vec<&str> {
    let several = schema.get("enum").and_then(Schema::as_array);
    let one = schema.get("const").and_then(Schema::as_str);
    several.into_iter().flatten().filter_map(Schema::as_str).chain(one).collect()
}

fn types(schema: &Schema) -> Vec<&str> {
    match schema.get("type") {
        Some(Schema::String(one)) => vec![one],
        Some(Schema::Array(several)) => several.iter().filter_map(Schema::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits(value: &DeValue<'_>, schema: &Schema) -> bool {
    let wanted = types(schema);
    let is = match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
        DeValue::Datetime(_) => "",
    };
    wanted.is_empty() || wanted.contains(&is)
}

fn name_of(schema: &Schema) -> Option<String> {
    if !words(schema).is_empty() {
        return Some("a word".to_owned());
    }
    let name = *types(schema).iter().find(|name| **name != "null")?;
    Some(a(match name {
        "object" => "table",
        other => other,
    }))
}

fn a(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// A word of the file for a message: shortened, without control characters.
fn shown(word: &str) -> String {
    word.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

/// What was probably meant, or what there is.
pub(super) fn suggestion(given: &str, known: &[&str]) -> String {
    let given: String = given.chars().take(SHOWN).collect();
    let closest = known
        .iter()
        .map(|known| (strsim::jaro_winkler(known, &given), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match closest {
        Some((alike, known)) if alike >= ALIKE => format!("; did you mean `{known}`?"),
        Some(_) => {
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            format!("; known here: {}", known.join(", "))
        }
        None => String::new(),
    }
}
