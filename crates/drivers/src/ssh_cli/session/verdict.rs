//! What an answer means for what was sent: done, refused, or nobody knows.
//!
//! Default deny: an answer to a line that changes something is good only if every line of it is
//! known to be.

use std::ops::RangeInclusive;

use regex::Regex;
use switch::DeviceError;

use crate::ssh_cli::{console::Answer, conversation::Grammar, read::excerpt};

/// What became of a line that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was done; these are the lines that say something.
    Done(Vec<String>),
    /// The switch says no, in these words.
    Refused(String),
    /// The switch says something else.
    Unknown(String),
}

impl Verdict {
    /// The lines of success, or the error for the line that was sent. `sent` is whether a change
    /// may have taken effect when the answer is unknown.
    pub(super) fn settle(self, line: &str, sent: bool) -> Result<Vec<String>, DeviceError> {
        match self {
            Self::Done(lines) => Ok(lines),
            Self::Refused(answer) => {
                Err(DeviceError::Rejected { operation: Some(line.to_owned()), answer })
            }
            Self::Unknown(answer) => {
                Err(DeviceError::Unrecognised { sent, answer: format!("to `{line}`: {answer}") })
            }
        }
    }
}

/// A signal ended the command: a shell adds its number, and says things of its own.
const BY_SIGNAL: RangeInclusive<u32> = 129..=159;

/// Of a line that changes something. A command that was ended by a signal may have done its work
/// before. What SSH itself tells of a signal counts as 255, with which some programs refuse, too:
/// these say why. Lines that match one of `good` are no error besides the profile's notes.
pub(super) fn of_change(grammar: &Grammar, answer: &Answer, good: &[&[Regex]]) -> Verdict {
    let lines = || said(grammar, &answer.text);
    let shown = || excerpt(&lines().collect::<Vec<_>>().join(" / "));
    if let Some(status) = answer.status.filter(|status| *status != 0) {
        let text = shown();
        let is_error = || lines().any(|line| grammar.is_error(line));
        if BY_SIGNAL.contains(&status) || status > *BY_SIGNAL.end() && !is_error() {
            return Verdict::Unknown(format!("it ends with status {status}: a signal ended it"));
        }
        return Verdict::Refused(match text.is_empty() {
            true => format!("it ends with status {status}"),
            false => text,
        });
    }
    if lines().any(|line| grammar.is_error(line) || grammar.is_busy(line)) {
        return Verdict::Refused(shown());
    }
    let is_good =
        |line: &str| grammar.is_note(line) || good.iter().any(|patterns| any(patterns, line));
    match lines().all(is_good) {
        true => Verdict::Done(lines().map(excerpt).collect()),
        false => Verdict::Unknown(shown()),
    }
}

/// What an answer to a line that reads holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// Something to read.
    Text(String),
    /// That there is no such thing.
    Absent,
    /// A refusal.
    Refused(String),
}

/// Of a line that reads: its first line says whether it is an error. What says that there is no
/// such thing is often the same as what says that the command is wrong, and then counts as that.
pub(super) fn of_reading(grammar: &Grammar, answer: &Answer) -> Told {
    let mut lines = said(grammar, &answer.text);
    let first = lines.next();
    let refused = || Told::Refused(excerpt(answer.text.trim()));
    match (first, answer.status) {
        (Some(line), _) if grammar.is_absent(line) => Told::Absent,
        (Some(_), Some(1..)) if lines.any(|line| grammar.is_absent(line)) => Told::Absent,
        (Some(line), _) if grammar.is_error(line) || grammar.is_busy(line) => refused(),
        (None, Some(status @ 1..)) => Told::Refused(format!("it ends with status {status}")),
        (Some(_), Some(1..)) => refused(),
        _ if grammar.noise.is_empty() => Told::Text(answer.text.clone()),
        _ => {
            let kept = answer.text.lines().filter(|line| !grammar.is_noise(line.trim_end()));
            Told::Text(kept.flat_map(|line| [line, "\n"]).collect())
        }
    }
}

/// The lines of an answer that have to do with what was asked.
fn said<'a>(grammar: &'a Grammar, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !grammar.is_noise(line))
}

/// Whether one of the patterns matches.
pub(super) fn any(patterns: &[Regex], line: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(line.trim()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn grammar() -> Grammar {
        let list = |pattern: &str| vec![Regex::new(&format!("^(?:{pattern})$")).unwrap()];
        Grammar {
            errors: list("% .*"),
            notes: list("Warning: .*"),
            busy: list(".* is locked"),
            absent: list("% Invalid interface"),
            noise: list("LOG: .*"),
        }
    }

    fn answer(text: &str, status: Option<u32>) -> Answer {
        Answer { text: text.to_owned(), prompt: None, status }
    }

    #[rstest]
    #[case("", None, "done")]
    #[case("Warning: x\nLOG: y\n", None, "done Warning: x")]
    #[case("Warning: x\n% Bad\n", None, "refused Warning: x / % Bad")]
    #[case("odd\n% Bad\n", None, "refused odd / % Bad")]
    #[case("it is locked\n", None, "refused it is locked")]
    #[case("odd\n", None, "unknown odd")]
    #[case("Warning: x % odd\nodd", None, "unknown Warning: x % odd / odd")]
    #[case("good\n", None, "done good")]
    #[case("", Some(0), "done")]
    #[case("", Some(2), "refused it ends with status 2")]
    #[case("no\n", Some(1), "refused no")]
    #[case("odd\n", Some(0), "unknown odd")]
    #[case("", Some(255), "unknown it ends with status 255: a signal ended it")]
    #[case("Alarm clock\n", Some(142), "unknown it ends with status 142: a signal ended it")]
    #[case("% Bad: alarm\n", Some(142), "unknown it ends with status 142: a signal ended it")]
    #[case("% Bad\n", Some(255), "refused % Bad")]
    fn changes(#[case] text: &str, #[case] status: Option<u32>, #[case] want: &str) {
        let good = [Regex::new("^good$").unwrap()];
        let got = match of_change(&grammar(), &answer(text, status), &[&good]) {
            Verdict::Done(lines) => format!("done {}", lines.join("|")),
            Verdict::Refused(text) => format!("refused {text}"),
            Verdict::Unknown(text) => format!("unknown {text}"),
        };
        assert_eq!(got.trim(), want);
    }

    #[rstest]
    #[case("LOG: x\ninterface 1\n% Bad\n", None, Told::Text("interface 1\n% Bad\n".into()))]
    #[case("% Bad\n", None, Told::Refused("% Bad".into()))]
    #[case("\n% Invalid interface\n", None, Told::Absent)]
    #[case("no\n% Invalid interface\n", Some(1), Told::Absent)]
    #[case("text\n", Some(1), Told::Refused("text".into()))]
    #[case("", Some(1), Told::Refused("it ends with status 1".into()))]
    #[case("", Some(0), Told::Text("".into()))]
    fn readings(#[case] text: &str, #[case] status: Option<u32>, #[case] want: Told) {
        assert_eq!(of_reading(&grammar(), &answer(text, status)), want);
    }
}
