//! What templates have beside the language's own: filters for VLAN lists and quotes, and
//! `refuse`.

use std::fmt::Write as _;

use minijinja::{Environment, Error, ErrorKind, Value, value::Kwargs};

use super::super::profile::schema::RawVlans;

/// How a list of VLANs is written.
#[derive(Debug, Clone)]
struct ListStyle {
    separator: String,
    range: String,
}

/// What marks an error as a refusal: it is no detail that another error has.
const REFUSAL: &str = "\u{1}refused: ";

pub(super) fn install(environment: &mut Environment<'static>, vlans: &RawVlans) {
    let style = ListStyle { separator: vlans.separator.clone(), range: vlans.range.clone() };
    let of_lines = style.clone();
    environment.add_filter("vlans", move |list: &Value, options: Kwargs| {
        let style = style.overridden(&options)?;
        options.assert_all_used()?;
        Ok::<_, Error>(style.entries(list)?.join(&style.separator))
    });
    environment.add_filter("vlan_lines", move |list: &Value, most: usize, options: Kwargs| {
        let style = of_lines.overridden(&options)?;
        options.assert_all_used()?;
        style.lines(list, most)
    });
    environment.add_filter("quoted", |text: &Value| quoted(&plain(text)?));
    environment.add_filter("dquoted", |text: &Value| dquoted(&plain(text)?));
    environment.add_function("refuse", |why: &str| {
        Err::<Value, _>(Error::new(ErrorKind::InvalidOperation, format!("{REFUSAL}{why}")))
    });
}

/// The reason that a template gave to `refuse`, if this is its error.
pub(super) fn refusal(error: &Error) -> Option<&str> {
    error.detail()?.strip_prefix(REFUSAL)
}

fn invalid(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, what.into())
}

/// The text of a text or a number; nothing else has one that a switch would understand.
fn plain(value: &Value) -> Result<String, Error> {
    if value.as_str().is_none() && !value.is_number() {
        return Err(invalid(format!("a text is expected, not {}", value.kind())));
    }
    Ok(value.to_string())
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> Result<String, Error> {
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// The text between double quotes. What systems make of quotes and backslashes within them
/// differs, so these are refused.
fn dquoted(text: &str) -> Result<String, Error> {
    match text.find(['"', '\\']) {
        Some(_) => Err(invalid("a text with `\"` or `\\` cannot be quoted")),
        None => Ok(format!("\"{text}\"")),
    }
}

impl ListStyle {
    fn overridden(&self, options: &Kwargs) -> Result<Self, Error> {
        let or = |given: Option<&str>, usual: &str| given.unwrap_or(usual).to_owned();
        Ok(Self {
            separator: or(options.get("separator")?, &self.separator),
            range: or(options.get("range")?, &self.range),
        })
    }

    /// The entries of the list: numbers and, where the system has them, ranges.
    fn entries(&self, list: &Value) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        for id in list.try_iter()? {
            ids.push(u16::try_from(id).map_err(|_| invalid("a list of VLANs is expected"))?);
        }
        ids.sort_unstable();
        ids.dedup();
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for id in ids {
            match ranges.last_mut() {
                Some((_, last)) if !self.range.is_empty() && id == last.saturating_add(1) => {
                    *last = id;
                }
                _ => ranges.push((id, id)),
            }
        }
        let text = |(first, last): (u16, u16)| {
            let mut entry = first.to_string();
            if last != first {
                // Writing to a text does not fail.
                let _ = write!(entry, "{}{last}", self.range);
            }
            entry
        };
        Ok(ranges.into_iter().map(text).collect())
    }

    /// The entries in as few texts as possible, none longer than `most` characters.
    fn lines(&self, list: &Value, most: usize) -> Result<Vec<String>, Error> {
        let mut lines: Vec<String> = Vec::new();
        for entry in self.entries(list)? {
            if entry.len() > most {
                return Err(invalid(format!("`{entry}` is longer than {most} characters")));
            }
            match lines.last_mut() {
                Some(line) if line.len() + self.separator.len() + entry.len() <= most => {
                    line.push_str(&self.separator);
                    line.push_str(&entry);
                }
                _ => lines.push(entry),
            }
        }
        Ok(lines)
    }
}
