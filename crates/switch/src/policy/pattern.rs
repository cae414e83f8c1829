//! The patterns of the policy file: literal characters, `*`, `?` and numeric ranges.
//!
//! - A pattern covers the whole name, and case counts.
//! - `*` is any run of characters, none and `/` among them; `?` is one character.
//! - `[1-48]`, `[1-4,7]` is a *whole* number: `swp[1-4]*` covers `swp4` and `swp4s0`, not `swp49`.
//!   No digit may follow it in the name, and before it only digits that the pattern itself spells
//!   (`leaf-0[1-2]`).
//! - Numbers have no leading zeros, unless both ends of a range are written with the same width and
//!   one of them with zeros: `[01-48]` covers `07` and not `7`.
//!
//! Not regular expressions: whoever reads "ports 1 to 48" must not have to prove it. A pattern that
//! could never match (`[1-4][1-4]`, `[1-4]7`) is refused, because in a protected entry it would
//! protect nothing.
//!
//! Matching walks the pattern once and keeps the set of places in the name that are reachable, so
//! the cost is pattern length × name length whatever the pattern; there is no backtracking.

use std::fmt;

use model::Invalid;

/// How long a pattern may be, in bytes: a name has at most 128.
const MAX_PATTERN: usize = 256;

/// How long a name may be, in bytes. A longer one matches nothing; names of switches and ports are
/// never that long, so only an absurd caller meets this, and is refused.
const MAX_NAME: usize = 256;

/// How many digits a number in a range may have, so that it fits 32 bits.
const MAX_DIGITS: usize = 9;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<str>,
    /// What a name must begin with; most names fail here.
    prefix: Box<str>,
    /// The rest; empty for a literal.
    rest: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
    Number(Vec<Range>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u32,
    last: u32,
    /// The number of digits, where zeros pad the number.
    width: Option<usize>,
}

impl Range {
    fn contains(self, digits: &str) -> bool {
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return false;
        }
        let shape = match self.width {
            Some(width) => digits.len() == width,
            None => digits == "0" || !digits.starts_with('0'),
        };
        shape
            && digits.parse::<u32>().is_ok_and(|number| (self.first..=self.last).contains(&number))
    }
}

impl Pattern {
    /// Compiles a pattern.
    pub(super) fn new(text: &str) -> Result<Self, Invalid> {
        let bad = |problem: String| Invalid::new("pattern", text, problem);
        if text.is_empty() {
            return Err(bad("is empty".into()));
        }
        if text.len() > MAX_PATTERN {
            return Err(bad(format!("is longer than {MAX_PATTERN} bytes")));
        }
        let tokens = tokens(text).map_err(bad)?;
        let literal = |token: &Token| match token {
            Token::Literal(c) => Some(*c),
            _ => None,
        };
        let prefix: String = tokens.iter().map_while(literal).collect();
        let rest = tokens.into_iter().skip(prefix.chars().count()).collect();
        Ok(Self { text: text.into(), prefix: prefix.into(), rest })
    }

    /// Whether the pattern covers every name.
    pub(super) fn is_everything(&self) -> bool {
        self.prefix.is_empty() && matches!(self.rest.as_slice(), [Token::Any])
    }

    /// Whether the pattern covers `name`.
    pub(super) fn matches(&self, name: &str) -> bool {
        if name.len() > MAX_NAME {
            return false;
        }
        let Some(tail) = name.strip_prefix(&*self.prefix) else {
            return false;
        };
        match self.rest.as_slice() {
            [] => tail.is_empty(),
            [Token::Any] => true,
            rest => reaches_the_end(self.prefix.chars().next_back(), rest, tail),
        }
    }
}

/// Whether `tokens` cover the whole of `text`, which follows `before` of the pattern's literals.
fn reaches_the_end(mut before: Option<char>, tokens: &[Token], text: &str) -> bool {
    let mut reached = vec![false; text.len() + 1];
    let mut next = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for token in tokens {
        next.fill(false);
        let mut any = false;
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            any |= reached.get(at).copied().unwrap_or(false);
            let from_here = reached.get(at).copied().unwrap_or(false);
            let (head, tail) = text.split_at(at);
            let end = match token {
                Token::Any if any => Some(at),
                Token::One if from_here => tail.chars().next().map(|c| at + c.len_utf8()),
                Token::Literal(c) if from_here => tail.starts_with(*c).then(|| at + c.len_utf8()),
                Token::Number(ranges) if from_here => {
                    let spelt = before.is_some_and(|c| c.is_ascii_digit());
                    let whole = spelt || !head.ends_with(|c: char| c.is_ascii_digit());
                    let length = tail.bytes().take_while(u8::is_ascii_digit).count();
                    let digits = tail.get(..length).unwrap_or_default();
                    (whole && ranges.iter().any(|range| range.contains(digits)))
                        .then_some(at + length)
                }
                _ => None,
            };
            if let Some(slot) = end.and_then(|end| next.get_mut(end)) {
                *slot = true;
            }
        }
        std::mem::swap(&mut reached, &mut next);
        before = match token {
            Token::Literal(c) => Some(*c),
            _ => None,
        };
    }
    reached.last().copied().unwrap_or(false)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after_number = matches!(tokens.last(), Some(Token::Number(_)));
        let token = match c {
            '*' if matches!(tokens.last(), Some(Token::Any)) => continue,
            '*' => Token::Any,
            '?' => Token::One,
            '[' if after_number => {
                return Err("holds a range right after a range, which no number matches".into());
            }
            '[' => {
                let (inside, after) =
                    rest.as_str().split_once(']').ok_or("holds a `[` without its `]`")?;
                rest = after.chars();
                Token::Number(ranges(inside)?)
            }
            ']' => return Err("holds a `]` without its `[`".into()),
            c if c.is_control() => return Err("holds a control character".into()),
            c if c.is_ascii_digit() && after_number => {
                return Err("holds a digit right after a range, which no number matches".into());
            }
            c => Token::Literal(c),
        };
        tokens.push(token);
    }
    Ok(tokens)
}

fn ranges(inside: &str) -> Result<Vec<Range>, String> {
    inside
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            range(first, last)
                .ok_or_else(|| {
                    format!("holds `[{inside}]`, which is not like `[1-48]` or `[1-4,7]`")
                })
                .and_then(|range| {
                    if range.last < range.first {
                        Err(format!("holds `{part}`, which ends before it begins"))
                    } else {
                        Ok(range)
                    }
                })
        })
        .collect()
}

fn range(first: &str, last: &str) -> Option<Range> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits && text.len() <= MAX_DIGITS).then(|| text.parse::<u32>().ok()).flatten()
    };
    let padded = |text: &str| text.len() > 1 && text.starts_with('0');
    let width = match (padded(first) || padded(last), first.len() == last.len()) {
        (true, false) => return None,
        (true, true) => Some(first.len()),
        (false, _) => None,
    };
    Some(Range { first: number(first)?, last: number(last)?, width })
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A list of patterns; the empty list covers nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(pub(super) Vec<Pattern>);

impl Patterns {
    /// Compiles a list of patterns, as the policy file and the configuration write it.
    pub fn new(texts: &[String]) -> Result<Self, Invalid> {
        texts.iter().map(|text| Pattern::new(text)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether one of the patterns covers `name`.
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }

    pub(super) fn covers_everything(&self) -> bool {
        self.0.iter().any(Pattern::is_everything)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{pattern}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("swp1", "swp1", true)]
    #[case("swp1", "swp11", false)]
    #[case("swp1", "Swp1", false)]
    #[case("*", "", true)]
    #[case("*", "Ethernet1/4", true)]
    #[case("cli-*", "cli-", true)]
    #[case("cli-*", "cli", false)]
    #[case("*/4", "Ethernet1/4", true)]
    #[case("*/4", "Ethernet1/14", false)]
    #[case("**a**", "bab", true)]
    #[case("s?p1", "swp1", true)]
    #[case("swp?", "swp", false)]
    #[case("?", "é", true)]
    #[case("swp[1-48]", "swp1", true)]
    #[case("swp[1-48]", "swp48", true)]
    #[case("swp[1-48]", "swp0", false)]
    #[case("swp[1-48]", "swp49", false)]
    #[case("swp[1-48]", "swp07", false)]
    #[case("swp[1-48]", "swp", false)]
    #[case("swp[1-48]", "swp481", false)]
    #[case("swp[1-48]", "swp4294967297", false)]
    #[case("swp[0-9]", "swp0", true)]
    #[case("swp[0-9]", "swp00", false)]
    #[case("swp[01-48]", "swp07", true)]
    #[case("swp[01-48]", "swp7", false)]
    #[case("swp[01-48]", "swp007", false)]
    #[case("leaf-0[1-2]", "leaf-01", true)]
    #[case("leaf-0[1-2]", "leaf-03", false)]
    #[case("leaf-0[1-2]", "leaf-011", false)]
    #[case("swp[1-4,7]", "swp7", true)]
    #[case("swp[1-4,7]", "swp5", false)]
    #[case("swp[1-4]*", "swp4s0", true)]
    #[case("swp[1-4]*", "swp4", true)]
    #[case("swp[1-4]*", "swp49", false)]
    #[case("swp[1-4]?", "swp49", false)]
    #[case("swp[1-4]?", "swp4a", true)]
    #[case("*[1-4]", "swp4", true)]
    #[case("*[1-4]", "swp14", false)]
    #[case("Ethernet[1-2]/[1-48]", "Ethernet2/48", true)]
    #[case("Ethernet[1-2]/[1-48]", "Ethernet3/48", false)]
    #[case("*a*[1-2]*b", "xaay1zb", true)]
    fn matching(#[case] pattern: &str, #[case] name: &str, #[case] want: bool) {
        assert_eq!(Pattern::new(pattern).unwrap().matches(name), want);
    }

    #[rstest]
    #[case("", "is empty")]
    #[case("swp[1-48", "holds a `[` without its `]`")]
    #[case("swp1]", "holds a `]` without its `[`")]
    #[case("swp[]", "holds `[]`, which is not like `[1-48]` or `[1-4,7]`")]
    #[case("swp[a-b]", "holds `[a-b]`, which is not like `[1-48]` or `[1-4,7]`")]
    #[case("swp[1--4]", "holds `[1--4]`, which is not like `[1-48]` or `[1-4,7]`")]
    #[case("swp[01-148]", "holds `[01-148]`, which is not like `[1-48]` or `[1-4,7]`")]
    #[case("swp[1-4294967296]", "holds `[1-4294967296]`, which is not like `[1-48]` or `[1-4,7]`")]
    #[case("swp[48-1]", "holds `48-1`, which ends before it begins")]
    #[case("[1-4][1-4]", "holds a range right after a range, which no number matches")]
    #[case("[1-4]7", "holds a digit right after a range, which no number matches")]
    #[case("a\nb", "holds a control character")]
    fn refused(#[case] pattern: &str, #[case] want: &str) {
        assert_eq!(Pattern::new(pattern).unwrap_err().problem, want);
    }

    #[test]
    fn long_patterns_and_names() {
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN)).is_ok());
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN + 1)).is_err());
        assert!(!Pattern::new("*").unwrap().matches(&"a".repeat(MAX_NAME + 1)));
    }

    #[test]
    fn a_pattern_full_of_stars_is_not_slow() {
        let pattern = Pattern::new(&"*a".repeat(MAX_PATTERN / 2)).unwrap();
        let name = format!("{}b", "a".repeat(MAX_NAME - 1));
        assert!(!pattern.matches(&name));
    }

    /// The definition of `*` and `?`, by plain recursion.
    fn by_definition(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                by_definition(rest, name)
                    || matches!(name, [_, after @ ..] if by_definition(pattern, after))
            }
            (['?', rest @ ..], [_, after @ ..]) => by_definition(rest, after),
            ([c, rest @ ..], [d, after @ ..]) => c == d && by_definition(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_match_as_defined(pattern in "[ab*?]{1,8}", name in "[ab]{0,10}") {
            let want = by_definition(
                &pattern.chars().collect::<Vec<_>>(),
                &name.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(Pattern::new(&pattern).unwrap().matches(&name), want);
        }

        #[test]
        fn a_range_is_its_numbers(first in 0_u32..300, span in 0_u32..300, number in 0_u32..700) {
            let last = first + span;
            let pattern = Pattern::new(&format!("p[{first}-{last}]")).unwrap();
            prop_assert_eq!(
                pattern.matches(&format!("p{number}")),
                (first..=last).contains(&number)
            );
            let slotted = Pattern::new(&format!("*[{first}-{last}]/*")).unwrap();
            prop_assert_eq!(
                slotted.matches(&format!("e{number}/7")),
                (first..=last).contains(&number)
            );
        }

        #[test]
        fn a_name_without_signs_matches_itself(name in "[a-zA-Z0-9/._:-]{1,40}") {
            prop_assert!(Pattern::new(&name).unwrap().matches(&name));
        }

        #[test]
        fn any_text_compiles_or_is_refused(text in "\\PC{0,40}", name in "\\PC{0,40}") {
            if let Ok(pattern) = Pattern::new(&text) {
                pattern.matches(&name);
            }
        }
    }
}
