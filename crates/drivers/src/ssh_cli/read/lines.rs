//! Answers as lines, whatever their layout: rules know nothing else.
//!
//! Indentation is taken from what is there: a line that starts further right than the last belongs
//! to it. Systems differ in how far they indent, and some change it within one answer, so no width
//! is assumed. Braces are not understood; a system that writes them also writes `set` lines or JSON.

use model::json;
use regex::Regex;
use serde_json::Value;

use super::{ReadError, excerpt};

/// How many lines are read: a chassis with a thousand ports writes some thirty thousand.
pub(super) const MOST_LINES: usize = 200_000;

/// How long a line may be: every second VLAN in one list is ten kilobytes.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// How deep indentation or JSON may nest; the deepest known answer has some fifteen levels.
pub(super) const DEEPEST: usize = 40;

/// A line as rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// Which line of the answer it is; of several, the first. Of JSON, which value.
    pub(super) number: usize,
    /// The lines above it to which it belongs, joined by ` > `.
    pub(super) place: String,
    /// The line itself.
    pub(super) text: String,
}

/// What stands between the levels of a place.
pub(super) const LEVEL: &str = " > ";

/// A configuration: comments and empty lines are left out.
pub(super) fn indented(answer: &str) -> Result<Vec<Seen>, ReadError> {
    let mut lines = Vec::new();
    let mut above: Vec<(usize, String)> = Vec::new();
    for (number, line) in bounded(answer).enumerate() {
        let line = line?;
        let text = line.trim();
        if text.is_empty() || text.starts_with(['!', '#']) {
            continue;
        }
        let column = column(line);
        while above.last().is_some_and(|(other, _)| *other >= column) {
            above.pop();
        }
        if above.len() >= DEEPEST {
            return Err(ReadError::TooDeep { limit: DEEPEST });
        }
        let place = above.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(LEVEL);
        if place.len() > LONGEST_LINE {
            return Err(ReadError::TooLong { limit: LONGEST_LINE });
        }
        lines.push(Seen { number, place, text: text.to_owned() });
        above.push((column, text.to_owned()));
    }
    Ok(lines)
}

/// Where a line starts; a tab leads to the next multiple of eight.
fn column(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).fold(0, |column, blank| match blank {
        '\t' => (column / 8 + 1) * 8,
        _ => column + 1,
    })
}

/// Lines by themselves; one that is `continued` is put to the end of the one before, with a blank.
pub(super) fn plain(answer: &str, continued: Option<&Regex>) -> Result<Vec<Seen>, ReadError> {
    let mut lines: Vec<Seen> = Vec::new();
    for (number, line) in bounded(answer).enumerate() {
        let line = line?.trim_end();
        if line.is_empty() {
            continue;
        }
        let text = line.trim();
        match lines.last_mut() {
            Some(last) if continued.is_some_and(|pattern| pattern.is_match(line)) => {
                last.text.push(' ');
                last.text.push_str(text);
                if last.text.len() > LONGEST_LINE {
                    return Err(ReadError::TooLong { limit: LONGEST_LINE });
                }
            }
            _ => lines.push(Seen { number, place: String::new(), text: text.to_owned() }),
        }
    }
    Ok(lines)
}

fn bounded(answer: &str) -> impl Iterator<Item = Result<&str, ReadError>> {
    answer.lines().enumerate().map(|(index, line)| match (index, line.len()) {
        (index, _) if index >= MOST_LINES => Err(ReadError::TooMany { limit: MOST_LINES }),
        (_, length) if length > LONGEST_LINE => Err(ReadError::TooLong { limit: LONGEST_LINE }),
        _ => Ok(line),
    })
}

/// JSON: a line `path/to/it = value` for each value.
pub(super) fn json(answer: &str, keys: &[String]) -> Result<Vec<Seen>, ReadError> {
    let text = answer.trim();
    // Many systems say nothing at all where there is nothing.
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if json::depth_exceeds(text.as_bytes(), DEEPEST) {
        return Err(ReadError::TooDeep { limit: DEEPEST });
    }
    let value = json::unique(text.as_bytes())
        .map_err(|error| ReadError::NotJson { problem: error.to_string(), near: excerpt(text) })?;
    let mut lines = Vec::new();
    flatten(&value, &mut String::new(), keys, &mut lines)?;
    Ok(lines)
}

fn flatten(
    value: &Value,
    path: &mut String,
    keys: &[String],
    lines: &mut Vec<Seen>,
) -> Result<(), ReadError> {
    let length = path.len();
    let mut step = |name: &str, value: &Value, path: &mut String| {
        if length > 0 {
            path.push('/');
        }
        path.extend(name.chars().map(printable));
        flatten(value, path, keys, lines)?;
        path.truncate(length);
        Ok(())
    };
    let shown = match value {
        Value::Object(members) if !members.is_empty() => {
            return members.iter().try_for_each(|(name, value)| step(name, value, path));
        }
        Value::Array(elements) if !elements.is_empty() => {
            return elements.iter().enumerate().try_for_each(|(index, element)| {
                let name = key(element, keys).unwrap_or_else(|| index.to_string());
                step(&name, element, path)
            });
        }
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::String(text) => text.chars().map(printable).collect(),
        other => other.to_string(),
    };
    if lines.len() >= MOST_LINES {
        return Err(ReadError::TooMany { limit: MOST_LINES });
    }
    let text = format!("{path} = {shown}");
    if text.len() > LONGEST_LINE {
        return Err(ReadError::TooLong { limit: LONGEST_LINE });
    }
    lines.push(Seen { number: lines.len(), place: String::new(), text });
    Ok(())
}

/// A line break in a value would hide what follows it from a rule.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn key(element: &Value, keys: &[String]) -> Option<String> {
    let members = element.as_object()?;
    keys.iter().find_map(|key| match members.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(lines: &[Seen]) -> Vec<String> {
        lines.iter().map(|seen| format!("[{}] {}", seen.place, seen.text)).collect()
    }

    #[test]
    fn what_is_indented_belongs_to_the_line_above() {
        let text = "! a comment\ninterface Ethernet1\n   switchport\n   service-policy\n      input x\
                    \n!\ninterface Ethernet2\n\tmtu 9000\n\nend\n";
        assert_eq!(
            shown(&indented(text).unwrap()),
            [
                "[] interface Ethernet1",
                "[interface Ethernet1] switchport",
                "[interface Ethernet1] service-policy",
                "[interface Ethernet1 > service-policy] input x",
                "[] interface Ethernet2",
                "[interface Ethernet2] mtu 9000",
                "[] end",
            ]
        );
    }

    #[test]
    fn a_continued_line_ends_the_one_before() {
        let continued = Regex::new(r"^ {10,}\S").unwrap();
        let text = "VLAN Ports\n10   Et1, Et2,\n          Et3\n11   Et4\n";
        assert_eq!(
            shown(&plain(text, Some(&continued)).unwrap()),
            ["[] VLAN Ports", "[] 10   Et1, Et2, Et3", "[] 11   Et4"]
        );
        assert_eq!(plain("          Et3\n", Some(&continued)).unwrap().len(), 1);
    }

    #[test]
    fn json_becomes_a_line_a_value() {
        let text = r#"{"a": {"name/x": 5, "up": true, "none": null},
            "list": [{"ifname": "swp1", "mtu": 1500}, {"other": "a\nb"}, 7, []], "e": {}}"#;
        assert_eq!(
            shown(&json(text, &["ifname".to_owned()]).unwrap()),
            [
                "[] a/name/x = 5",
                "[] a/none = null",
                "[] a/up = true",
                "[] e = {}",
                "[] list/swp1/ifname = swp1",
                "[] list/swp1/mtu = 1500",
                "[] list/1/other = a b",
                "[] list/2 = 7",
                "[] list/3 = []",
            ]
        );
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        for text in ["% Invalid input", "{\"a\": 1", "{} {}", r#"{"a": 1, "a": 2}"#] {
            let error = json(text, &[]).unwrap_err();
            assert!(matches!(error, ReadError::NotJson { .. }), "{text}: {error}");
        }
    }

    #[test]
    fn everything_has_a_limit() {
        let deep = "[".repeat(DEEPEST + 1);
        assert!(matches!(json(&deep, &[]), Err(ReadError::TooDeep { .. })));
        let steps = (0..=DEEPEST).fold(String::new(), |text, n| text + &" ".repeat(n) + "x\n");
        assert!(matches!(indented(&steps), Err(ReadError::TooDeep { .. })));
        let long = "x".repeat(LONGEST_LINE + 1);
        assert!(matches!(plain(&long, None), Err(ReadError::TooLong { .. })));
        assert!(matches!(json(&format!("\"{long}\""), &[]), Err(ReadError::TooLong { .. })));
        let many = "x\n".repeat(MOST_LINES + 1);
        assert!(matches!(plain(&many, None), Err(ReadError::TooMany { .. })));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_survived(text in any::<String>(), lines in "([ \t]{0,4}[a-z!#]{0,3}\n){0,20}") {
            for text in [text, lines] {
                let _ = json(&text, &[]);
                prop_assert!(plain(&text, None).unwrap().iter().all(|seen| !seen.text.is_empty()));
                prop_assert!(indented(&text).unwrap().iter().all(|seen| !seen.text.is_empty()));
            }
        }
    }
}
