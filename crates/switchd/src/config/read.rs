//! The sources of the configuration, merged: the file, and the environment on top.

use std::{collections::HashMap, fs, io::Read as _, path::Path};

use ::config::{Environment, File, FileFormat, Value};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// How large the file may be, 16 MiB: ten thousand switches are five.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
const PREFIX: &str = "MERCURY_SWITCHD";
const SEPARATOR: &str = "__";

pub(super) type Table = HashMap<String, Value>;

/// The text of the configuration file.
pub(super) fn text(path: &Path) -> Result<String, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::of_file(format!("the file cannot be read: {error}"));
    let file = fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(Problem::of_file("this is no file"));
    }
    let mut text = String::new();
    file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES) {
        return Err(Problem::of_file(format!("the file is larger than {FILE_BYTES} bytes")));
    }
    Ok(text)
}

/// Merges the sources: the file's text, and the environment on top.
pub(super) fn sources(
    text: &str,
    environment: Option<HashMap<String, String>>,
) -> Result<Table, Problem> {
    let file = File::from_str(text, FileFormat::Toml);
    let variables = Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .try_parsing(true)
        .source(environment.map(|variables| variables.into_iter().collect()));
    let merged = ::config::Config::builder().add_source(file).add_source(variables).build();
    merged
        .and_then(|merged| merged.cache.into_table())
        .map(|table| table.into_iter().collect())
        .map_err(|error| problem("", &error))
}

/// Reads one section, or its default when there is none.
pub(super) fn section<T: DeserializeOwned + Default>(
    root: &Table,
    key: &str,
    problems: &mut Vec<Problem>,
) -> T {
    root.get(key).and_then(|value| typed(value, key, problems)).unwrap_or_default()
}

/// Reads a value as a type.
pub(super) fn typed<T: DeserializeOwned>(
    value: &Value,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match value.clone().try_deserialize() {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(problem(key, &error));
            None
        }
    }
}

/// An error of the `config` crate, taken apart, with the path to its section put in front.
fn problem(section: &str, error: &::config::ConfigError) -> Problem {
    use ::config::ConfigError as E;
    let at = |key: Option<&str>| match key.filter(|key| !key.is_empty()) {
        Some(key) if section.is_empty() => Some(key.to_owned()),
        Some(key) => Some(format!("{section}.{key}")),
        None => Some(section.to_owned()).filter(|section| !section.is_empty()),
    };
    let (origin, key, what) = match error {
        E::NotFound(key) => (None, at(Some(key)), "is missing".to_owned()),
        E::Type { origin, unexpected, expected, key } => (
            origin.clone(),
            at(key.as_deref()),
            format!("is {unexpected} where {expected} is expected"),
        ),
        E::At { error, origin, key } => {
            let inner = problem("", error);
            let key = match (key.as_deref(), inner.key) {
                (Some(key), Some(inner)) => Some(format!("{key}.{inner}")),
                (key, inner) => key.map(str::to_owned).or(inner),
            };
            (origin.clone().or(inner.origin), at(key.as_deref()), inner.what)
        }
        E::FileParse { cause, .. } => (None, None, format!("the file is not TOML: {cause}")),
        other => (None, at(None), other.to_string()),
    };
    let is_clause = ["is ", "the file "].iter().any(|start| what.starts_with(start));
    let what = if key.is_some() && !is_clause { format!("is refused: {what}") } else { what };
    Problem { origin, key, what: what.trim_end().to_owned(), hint: None }
}
