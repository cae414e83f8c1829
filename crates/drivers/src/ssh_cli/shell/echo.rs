//! Finding again what was typed.
//!
//! An answer belongs to a line only if it comes after that line's echo: that is what keeps question
//! and answer together when a banner looked like a prompt, a log message came between, or an empty
//! line was answered late. The echo is looked for without regard to blanks, because systems break
//! it at the edge of their screen, and behind the sign by which they say that its beginning has
//! been scrolled away.

use super::screen::Row;
use crate::ssh_cli::{conversation::Prompts, profile::PromptMode};

/// How many characters of a line say enough to be recognised behind anything, or by its end.
const TELLING: usize = 8;

/// How many rows an echo may be broken into: the longest line that is sent, on the narrowest
/// screen.
pub(super) const MOST_ROWS: usize = 64;

/// What shows that the beginning of a line has been scrolled away.
const SCROLLED: [char; 2] = ['$', '<'];

/// The echo of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Echo {
    /// The prompt before it.
    pub(super) prompt: Option<PromptMode>,
}

/// Whether the last of these rows ends the echo of `sent`. The rows before it count as far as the
/// echo may have begun there.
pub(super) fn find(rows: &[Row], sent: &str, prompts: &Prompts) -> Option<Echo> {
    let last = rows.last()?;
    let shown = || find_in(rows, |row| &row.shown, sent, prompts);
    let inked = || find_in(rows, |row| row.inked.as_ref().unwrap_or(&row.shown), sent, prompts);
    shown().or_else(|| last.inked.as_ref().and_then(|_| inked()))
}

fn find_in(
    rows: &[Row],
    text: impl Fn(&Row) -> &String,
    sent: &str,
    prompts: &Prompts,
) -> Option<Echo> {
    let (last, earlier) = rows.split_last()?;
    let last = text(last);
    let wanted = ink(sent).count();
    if let Some(before) = without_end(last, sent) {
        return judge(before, wanted, prompts);
    }
    if let Some(echo) = scrolled(last, sent, prompts) {
        return Some(echo);
    }
    // Broken into rows: as many as it takes.
    let mut whole = last.clone();
    for row in earlier.iter().rev().take(MOST_ROWS) {
        if ink(&whole).count() >= wanted || !could_continue(sent, &whole) {
            return None;
        }
        whole.insert_str(0, text(row));
        if let Some(before) = without_end(&whole, sent) {
            return judge(before, wanted, prompts);
        }
    }
    None
}

/// Whether this may be the end of what was sent.
fn could_continue(sent: &str, end: &str) -> bool {
    without_end(sent, end).is_some()
}

/// Behind a prompt, or at the beginning of a line; a line that says enough, behind anything.
fn judge(before: &str, wanted: usize, prompts: &Prompts) -> Option<Echo> {
    if before.trim().is_empty() {
        return Some(Echo { prompt: None });
    }
    let prompt = prompts.whole(before).map(|seen| seen.mode);
    (prompt.is_some() || wanted >= TELLING).then_some(Echo { prompt })
}

fn scrolled(last: &str, sent: &str, prompts: &Prompts) -> Option<Echo> {
    last.char_indices().filter(|(_, sign)| SCROLLED.contains(sign)).find_map(|(at, sign)| {
        let (before, tail) = last.split_at_checked(at)?;
        let tail = tail.get(sign.len_utf8()..)?;
        let tells = could_continue(sent, tail) && ink(tail).count() >= TELLING;
        let prompt = prompts.whole(before).map(|seen| seen.mode);
        (tells && (prompt.is_some() || before.trim().is_empty())).then_some(Echo { prompt })
    })
}

/// What stands before `end` in `text`, blanks not counted in either.
fn without_end<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    let mut wanted = end.chars().rev().filter(|c| !c.is_whitespace());
    let mut rest = text;
    for character in &mut wanted {
        let trimmed = rest.trim_end();
        rest = trimmed.strip_suffix(character)?;
    }
    Some(rest)
}

fn ink(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::ssh_cli::conversation::{Conversation, tests::profile};

    fn prompts() -> Prompts {
        let session = "[session]\nkind = 'terminal'\nprompts.ready = '{host}# ?'";
        Conversation::compile(&profile(session), &mut Vec::new()).unwrap().prompts
    }

    const READY: Option<Option<PromptMode>> = Some(Some(PromptMode::Ready));

    #[rstest]
    #[case::plain(&["leaf# show version"], "show version", READY)]
    #[case::blanks_at_the_end(&["leaf#show version  "], "show version", READY)]
    #[case::no_prompt(&["show version"], "show version", Some(None))]
    #[case::behind_a_log_message(&["leaf# %LINK-3-UP: up show version"], "show version", Some(None))]
    #[case::short_behind_anything(&["is this the way to say end"], "end", None)]
    #[case::short_behind_a_prompt(&["leaf#end"], "end", READY)]
    #[case::broken(&["noise", "leaf# interface Eth", "ernet1/1 , ", " Ethernet1/2"], "interface Ethernet1/1 , Ethernet1/2", READY)]
    #[case::scrolled(&["leaf#$hernet1/2"], "interface Ethernet1/1 , Ethernet1/2", READY)]
    #[case::scrolled_too_far(&["leaf#$t1/2"], "interface Ethernet1/1 , Ethernet1/2", None)]
    #[case::something_else(&["leaf#show vlan"], "show version", None)]
    #[case::not_yet(&["leaf#show"], "show version", None)]
    #[case::nothing(&[], "show version", None)]
    fn the_echo_is_found(
        #[case] rows: &[&str],
        #[case] sent: &str,
        #[case] expected: Option<Option<PromptMode>>,
    ) {
        let rows: Vec<Row> =
            rows.iter().map(|row| Row { shown: (*row).to_owned(), inked: None }).collect();
        assert_eq!(find(&rows, sent, &prompts()).map(|echo| echo.prompt), expected);
    }

    #[test]
    fn what_was_typed_over_is_looked_at_in_the_order_in_which_it_came() {
        let shown = "on leaf# interf".to_owned();
        let row = Row { shown, inked: Some("leaf# interface Vlan1 description".to_owned()) };
        let found = find(&[row], "interface Vlan1 description", &prompts());
        assert_eq!(found.map(|echo| echo.prompt), READY);
    }
}
