//! Command grammars: patterns of words, and the line that fits one of them.
//!
//! A pattern is words with blanks between. A word stands for itself and for every beginning of it
//! that no other word of the same place shares; `a|b` is a choice that is kept as text; `<...>` is
//! a value; `[...]` around the end of a pattern may be left out. Values:
//!
//! - `<vlan>` one VLAN, `<vlans>` a list, `<3-7>` a number with its bounds
//! - `<word>` one word, `<line>` everything to the end of the line
//! - `<port>` an interface in any form that the system takes, with or without a blank; with one it
//!   goes before a word of the same place, which the first half of it may be
//! - `<ports>` the same, and ranges, to the end of the line

use super::super::vlans::VlanSet;

/// A value of a line.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(u32),
    Vlans(Box<VlanSet>),
    Text(String),
}

/// The values of a line, in order; each kind is counted for itself. And the line itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Values(Vec<Value>, String);

impl Values {
    /// The first number or single VLAN; 0 if the pattern has none or it was left out.
    pub(crate) fn number(&self) -> u32 {
        let numbers = self.0.iter().filter_map(|value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        });
        numbers.clone().next().unwrap_or_default()
    }

    /// The last number.
    pub(crate) fn last_number(&self) -> u32 {
        let numbers = self.0.iter().rev().filter_map(|value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        });
        numbers.clone().next().unwrap_or_default()
    }

    /// The line as it was typed, with single blanks.
    pub(crate) fn raw(&self) -> &str {
        &self.1
    }

    /// The line without its first word: what a `no` takes away.
    pub(crate) fn negated(&self) -> &str {
        self.1.split_once(' ').map_or("", |(_, rest)| rest)
    }

    /// The first number as a VLAN ID.
    pub(crate) fn vlan(&self) -> u16 {
        u16::try_from(self.number()).unwrap_or_default()
    }

    /// The list of VLANs.
    pub(crate) fn vlans(&self) -> VlanSet {
        let lists = self.0.iter().find_map(|value| match value {
            Value::Vlans(vlans) => Some(vlans.as_ref().clone()),
            _ => None,
        });
        lists.unwrap_or_default()
    }

    /// The n-th text, from 0: a word, a choice, a line or an interface.
    pub(crate) fn text(&self, index: usize) -> &str {
        let texts = self.0.iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.clone().nth(index).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    Vlan,
    Vlans,
    Number(u32, u32),
    Word,
    Line,
    Port,
    Ports,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Word(&'static str),
    Choice(Vec<&'static str>),
    Slot(Slot),
}

#[derive(Debug, Clone)]
struct Pattern<A> {
    parts: Vec<Part>,
    act: A,
}

/// The commands of a mode.
#[derive(Debug, Clone)]
pub(crate) struct Grammar<A> {
    patterns: Vec<Pattern<A>>,
}

/// Why a line fits nothing. Offsets are in bytes from the start of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// Nothing goes on with this word.
    Invalid(usize),
    /// Words are missing at the end.
    Incomplete(usize),
    /// The beginning of several words.
    Ambiguous(usize),
}

impl Miss {
    /// How far the line was understood.
    pub(crate) const fn offset(self) -> usize {
        match self {
            Self::Invalid(offset) | Self::Incomplete(offset) | Self::Ambiguous(offset) => offset,
        }
    }
}

impl<A: Copy> Grammar<A> {
    pub(crate) fn new<'a>(table: impl IntoIterator<Item = &'a (&'static str, A)>) -> Self
    where
        A: 'a,
    {
        let mut patterns = Vec::new();
        for (text, act) in table {
            let (fixed, optional) = text.split_once('[').unwrap_or((text, ""));
            let parts: Vec<Part> = fixed.split_whitespace().map(part).collect();
            let optional = optional.trim_end_matches(']');
            if !optional.is_empty() {
                let more = parts.iter().cloned().chain(optional.split_whitespace().map(part));
                patterns.push(Pattern { parts: more.collect(), act: *act });
            }
            patterns.push(Pattern { parts, act: *act });
        }
        Self { patterns }
    }

    /// The act whose pattern the line fits. `is_port` says whether a text is an interface.
    pub(crate) fn find(
        &self,
        line: &str,
        is_port: &dyn Fn(&str) -> bool,
    ) -> Result<(A, Values), Miss> {
        let tokens = tokens(line);
        let end = line.trim_end().len();
        let mut alive: Vec<(&Pattern<A>, usize, Values)> =
            self.patterns.iter().map(|pattern| (pattern, 0, Values::default())).collect();
        let mut at = 0;
        while let Some((offset, token)) = tokens.get(at) {
            let rest = tokens.get(at..).unwrap_or_default();
            let is_split_port = alive.iter().any(|(pattern, place, _)| {
                pattern.parts.get(*place) == Some(&Part::Slot(Slot::Port))
                    && read(Slot::Port, line, rest, is_port).is_some_and(|(_, count)| count == 2)
            });
            let words: Vec<(usize, &'static str)> = alive
                .iter()
                .enumerate()
                .filter(|_| !is_split_port)
                .flat_map(|(index, (pattern, place, _))| {
                    let words = match pattern.parts.get(*place) {
                        Some(Part::Word(word)) => vec![*word],
                        Some(Part::Choice(words)) => words.clone(),
                        _ => Vec::new(),
                    };
                    words
                        .into_iter()
                        .filter(|word| begins(word, token))
                        .map(move |word| (index, word))
                })
                .collect();
            let exact = words.iter().any(|(_, word)| word.eq_ignore_ascii_case(token));
            let mut distinct: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
            distinct.sort_unstable();
            distinct.dedup();
            if exact || distinct.len() == 1 {
                let mut next = Vec::new();
                for (index, word) in words {
                    if exact && !word.eq_ignore_ascii_case(token) {
                        continue;
                    }
                    if let Some((pattern, place, values)) = alive.get(index) {
                        let mut values = values.clone();
                        if let Some(Part::Choice(_)) = pattern.parts.get(*place) {
                            values.0.push(Value::Text(word.to_owned()));
                        }
                        next.push((*pattern, place + 1, values));
                    }
                }
                (alive, at) = (next, at + 1);
                continue;
            }
            if distinct.len() > 1 {
                return Err(Miss::Ambiguous(*offset));
            }
            let fits: Vec<_> = alive
                .iter()
                .filter_map(|(pattern, place, values)| {
                    let Some(Part::Slot(slot)) = pattern.parts.get(*place) else {
                        return None;
                    };
                    let (value, count) = read(*slot, line, rest, is_port)?;
                    let mut values = values.clone();
                    values.0.push(value);
                    Some((*pattern, place + 1, values, count))
                })
                .collect();
            let Some(most) = fits.iter().map(|(.., count)| *count).max() else {
                return Err(Miss::Invalid(*offset));
            };
            let longest = fits.into_iter().filter(|(.., count)| *count == most);
            alive = longest.map(|(pattern, place, values, _)| (pattern, place, values)).collect();
            at += most;
        }
        let whole = alive.into_iter().find(|(pattern, place, _)| *place == pattern.parts.len());
        let (pattern, _, mut values) = whole.ok_or(Miss::Incomplete(end))?;
        values.1 = line.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok((pattern.act, values))
    }

    /// The words that can follow the line, for `?`.
    pub(crate) fn next_words(&self, line: &str) -> Vec<&'static str> {
        let tokens = tokens(line);
        let mut words: Vec<&'static str> = self
            .patterns
            .iter()
            .filter(|pattern| {
                let fits = |(part, (_, token)): (&Part, &(usize, &str))| match part {
                    Part::Word(word) => begins(word, token),
                    Part::Choice(words) => words.iter().any(|word| begins(word, token)),
                    Part::Slot(_) => true,
                };
                pattern.parts.iter().zip(&tokens).all(fits)
            })
            .filter_map(|pattern| match pattern.parts.get(tokens.len()) {
                Some(Part::Word(word)) => Some(*word),
                _ => None,
            })
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    }
}

fn part(word: &'static str) -> Part {
    let inner = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
    match inner {
        Some("vlan") => Part::Slot(Slot::Vlan),
        Some("vlans") => Part::Slot(Slot::Vlans),
        Some("word") => Part::Slot(Slot::Word),
        Some("line") => Part::Slot(Slot::Line),
        Some("port") => Part::Slot(Slot::Port),
        Some("ports") => Part::Slot(Slot::Ports),
        Some(bounds) => {
            let (low, high) = bounds.split_once('-').unwrap_or((bounds, bounds));
            let bound = |text: &str| text.parse().unwrap_or(u32::MAX);
            Part::Slot(Slot::Number(bound(low), bound(high)))
        }
        None if word.contains('|') => Part::Choice(word.split('|').collect()),
        None => Part::Word(word),
    }
}

fn tokens(line: &str) -> Vec<(usize, &str)> {
    let start = line.as_ptr() as usize;
    line.split_whitespace().map(|word| (word.as_ptr() as usize - start, word)).collect()
}

fn begins(word: &str, token: &str) -> bool {
    word.get(..token.len()).is_some_and(|start| start.eq_ignore_ascii_case(token))
}

fn read(
    slot: Slot,
    line: &str,
    tokens: &[(usize, &str)],
    is_port: &dyn Fn(&str) -> bool,
) -> Option<(Value, usize)> {
    let (offset, token) = *tokens.first()?;
    let number = |low: u32, high: u32| {
        let number = token.parse().ok().filter(|number| (low..=high).contains(number));
        number.filter(|_| token.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let rest = || line.get(offset..).unwrap_or_default().trim_end().to_owned();
    match slot {
        Slot::Vlan => Some((Value::Number(number(1, 4094)?), 1)),
        Slot::Number(low, high) => Some((Value::Number(number(low, high)?), 1)),
        Slot::Vlans => Some((Value::Vlans(Box::new(VlanSet::parse(token)?)), 1)),
        Slot::Word => Some((Value::Text(token.to_owned()), 1)),
        Slot::Line => Some((Value::Text(rest()), tokens.len())),
        Slot::Ports => {
            let starts = token.starts_with(|letter: char| letter.is_ascii_alphabetic());
            starts.then(|| (Value::Text(rest()), tokens.len()))
        }
        Slot::Port => {
            if is_port(token) {
                return Some((Value::Text(token.to_owned()), 1));
            }
            let joined = format!("{token}{}", tokens.get(1)?.1);
            is_port(&joined).then_some((Value::Text(joined), 2))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, u8)] = &[
        ("show running-config", 1),
        ("show running-config interface <port>", 2),
        ("show running-config interface ethernet|vlan", 10),
        ("switchport trunk allowed vlan <vlans>", 3),
        ("switchport trunk allowed vlan add <vlans>", 4),
        ("switchport trunk allowed vlan all|none", 5),
        ("description <line>", 6),
        ("channel-group <1-48> [mode active|passive|on]", 7),
        ("shutdown", 8),
        ("switchport", 9),
    ];

    fn find(line: &str) -> Result<(u8, Values), Miss> {
        let is_port = |text: &str| text.to_lowercase().starts_with("et") && text.ends_with('1');
        Grammar::new(TABLE).find(line, &is_port)
    }

    #[test]
    fn lines_find_their_act() {
        for (line, act) in [
            ("show running-config", 1),
            ("sho ru", 1),
            ("show run int et1", 2),
            ("show run int Ethernet 1", 2),
            ("show run int Ethernet", 10),
            ("sw tr al vl 1,3-5", 3),
            ("switchport trunk allowed vlan add 7", 4),
            ("switchport trunk allowed vlan none", 5),
            ("description   some  words ", 6),
            ("channel-group 3", 7),
            ("channel-group 3 mode ac", 7),
            ("switchport", 9),
            ("SHUTDOWN", 8),
        ] {
            assert_eq!(find(line).map(|found| found.0), Ok(act), "{line}");
        }
        assert_eq!(find("description   some  words ").unwrap().1.text(0), "some  words");
        assert_eq!(find("sw tr al vl 1,3-5").unwrap().1.vlans().to_string(), "1,3-5");
        let (_, values) = find("channel-group 3 mode ac").unwrap();
        assert_eq!((values.number(), values.text(0)), (3, "active"));
    }

    #[test]
    fn a_miss_says_where() {
        for (line, miss) in [
            ("show nothing", Miss::Invalid(5)),
            ("show run int po1", Miss::Invalid(13)),
            ("switchport trunk allowed vlan 4095", Miss::Invalid(30)),
            ("channel-group 49", Miss::Invalid(14)),
            ("show running-config extra", Miss::Invalid(20)),
            ("sh", Miss::Ambiguous(0)),
            ("s", Miss::Ambiguous(0)),
            ("switchport trunk ", Miss::Incomplete(16)),
        ] {
            assert_eq!(find(line).map(|found| found.0), Err(miss), "{line}");
        }
    }

    #[test]
    fn words_that_can_follow_are_listed() {
        let grammar = Grammar::new(TABLE);
        assert_eq!(grammar.next_words("show"), ["running-config"]);
        assert_eq!(grammar.next_words("switchport trunk allowed vlan"), ["add"]);
    }
}
