//! From a key to its place in the file.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::problem::{Mistake, Problem};

type Value<'i> = Spanned<DeValue<'i>>;

/// The text of a profile with its lines.
#[derive(Debug)]
pub(super) struct Places<'i> {
    text: &'i str,
    document: &'i DeTable<'i>,
}

impl<'i> Places<'i> {
    pub(super) const fn new(text: &'i str, document: &'i DeTable<'i>) -> Self {
        Self { text, document }
    }

    /// The problem with its place: that of the key, or of the last part of it that is there.
    pub(super) fn mistake(&self, problem: Problem) -> Mistake {
        let at = self.find(&problem.at).map_or(0, |span| span.start);
        locate(self.text, at, problem)
    }

    /// Whether the first part of the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    fn find(&self, at: &str) -> Option<Range<usize>> {
        let mut names = at.split('.');
        let first = names.next()?;
        let mut place = None;
        let mut value = step(self.document, first, &mut place)?;
        for name in names {
            let Some(next) =
                value.get_ref().as_table().and_then(|table| step(table, name, &mut place))
            else {
                break;
            };
            value = next;
        }
        place
    }
}

/// One step down: `name`, or `name[3]`.
fn step<'a, 'i>(
    table: &'a DeTable<'i>,
    name: &str,
    place: &mut Option<Range<usize>>,
) -> Option<&'a Value<'i>> {
    let (key, mut rest) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    let mut value = table.get(key)?;
    *place = Some(value.span());
    while let Some(index) = rest.strip_prefix('[') {
        let (number, after) = index.split_once(']')?;
        value = value.get_ref().as_array()?.get(number.parse::<usize>().ok()?)?;
        *place = Some(value.span());
        rest = after;
    }
    Some(value)
}

/// The problem at this byte of the text.
pub(super) fn locate(text: &str, at: usize, problem: Problem) -> Mistake {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Mistake { line, column, problem }
}
