//! Limits on what an entry may hold.
//!
//! A switch that answers with megabytes must not fill the disk, and a record must fit in a reader's
//! memory. Texts are cut, and a mark says how much is missing; ports are never left out.

use serde_json::Value;

use super::record::Entry;

/// How much of one operation or answer is kept, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// How much of all operations or answers of an entry is kept, in bytes.
const MAX_TEXTS: usize = 512 * 1024;
/// How many operations, or answers of one switch, are kept.
const MAX_ITEMS: usize = 4096;
/// How deep the wanted state may be nested: a reader of JSON stops at some depth, and a record that
/// cannot be read breaks the chain.
const MAX_DEPTH: usize = 32;
/// How much of a name, a reason or an error is kept, in bytes.
const MAX_FIELD: usize = 4 * 1024;

/// `entry` within the limits.
pub(super) fn bounded(mut entry: Entry) -> Entry {
    match &mut entry {
        Entry::Begin(begin) => {
            for field in [&mut begin.change, &mut begin.who, &mut begin.request_id] {
                cut(field, MAX_FIELD);
            }
            for field in [&mut begin.user, &mut begin.reason, &mut begin.host] {
                cut_option(field);
            }
            let what = begin.what.to_string().len();
            if what > MAX_TEXT || !is_shallow(&begin.what, MAX_DEPTH) {
                begin.what = Value::String(left_out(what));
            }
            begin.operations.truncate(MAX_ITEMS);
            cut_all(begin.operations.iter_mut().map(|operation| &mut operation.text));
        }
        Entry::End(end) => {
            cut(&mut end.change, MAX_FIELD);
            cut_option(&mut end.error);
            for leg in &mut end.legs {
                leg.answers.truncate(MAX_ITEMS);
            }
            cut_all(end.legs.iter_mut().flat_map(|leg| &mut leg.answers));
        }
        Entry::Refused(refused) => {
            cut(&mut refused.who, MAX_FIELD);
            cut(&mut refused.request_id, MAX_FIELD);
            cut(&mut refused.reason, MAX_FIELD);
            cut_option(&mut refused.rule);
        }
        Entry::Denied(denied) => {
            for field in [&mut denied.listener, &mut denied.peer, &mut denied.reason] {
                cut(field, MAX_FIELD);
            }
            cut_option(&mut denied.scheme);
            denied.users.truncate(MAX_ITEMS);
            cut_all(denied.users.iter_mut());
        }
        Entry::Settled(settled) => {
            cut(&mut settled.change, MAX_FIELD);
            cut(&mut settled.by, MAX_FIELD);
        }
        Entry::Saved(saved) => cut_option(&mut saved.error),
        Entry::Start(start) => {
            cut(&mut start.version, MAX_FIELD);
            start.listeners.truncate(MAX_ITEMS);
            cut_all(start.listeners.iter_mut());
        }
        Entry::Chain(_) | Entry::Recovered(_) => {}
    }
    entry
}

fn is_shallow(value: &Value, depth: usize) -> bool {
    let Some(less) = depth.checked_sub(1) else {
        return false;
    };
    match value {
        Value::Array(items) => items.iter().all(|item| is_shallow(item, less)),
        Value::Object(members) => members.values().all(|member| is_shallow(member, less)),
        _ => true,
    }
}

fn cut_all<'a>(texts: impl Iterator<Item = &'a mut String>) {
    let mut left = MAX_TEXTS;
    for text in texts {
        cut(text, left.min(MAX_TEXT));
        left = left.saturating_sub(text.len());
    }
}

fn cut_option(text: &mut Option<String>) {
    if let Some(text) = text {
        cut(text, MAX_FIELD);
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let end = text.floor_char_boundary(most);
        let mark = left_out(text.len() - end);
        text.truncate(end);
        text.push_str(&mark);
    }
}

fn left_out(bytes: usize) -> String {
    format!("[{bytes} bytes left out]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{End, Leg, Outcome};

    #[test]
    fn answers_are_cut_one_by_one_and_together() {
        let leg = Leg {
            switch: "leaf-01".parse().unwrap(),
            ports: Vec::new(),
            outcome: Outcome::Done,
            answers: vec!["é".repeat(50_000); 10],
        };
        let end = End {
            change: "c".into(),
            outcome: Outcome::Done,
            legs: vec![leg],
            error: Some("x".repeat(5000)),
            duration_ms: 1,
        };
        let Entry::End(end) = bounded(end.into()) else {
            panic!("another kind");
        };
        let answers = &end.legs[0].answers;
        assert!(answers[0].starts_with("éé"));
        assert!(answers[0].ends_with("é[34464 bytes left out]"));
        assert_eq!(answers[9], "[100000 bytes left out]");
        let kept: usize = answers.iter().map(String::len).sum();
        assert!(kept < MAX_TEXTS + 10 * 32, "{kept}");
        assert!(end.error.unwrap().ends_with("x[904 bytes left out]"));
    }
}
