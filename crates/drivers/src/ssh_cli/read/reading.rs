//! One `[[read]]` of a profile, compiled: its expressions, and what stands in them for options.

use regex::Regex;

use super::{
    ReadError,
    fact::Fact,
    lines::{self, Seen},
};
use crate::ssh_cli::profile::{
    Problem,
    pattern::{self, Extent},
    schema::{Each, RawRead, RawRule, Shape, Tells},
};

/// One `[[read]]`.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// What it says, for what depends on options.
    pub(super) raw: RawRead,
    pub(super) tells: Tells,
    pub(super) each: Each,
    pub(super) shape: Shape,
    pub(super) within: Option<Regex>,
    pub(super) continued: Option<Regex>,
    pub(super) keys: Vec<String>,
    pub(super) rules: Vec<Rule>,
}

/// One of its rules.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) line: Regex,
    pub(super) set: Vec<(Fact, Value)>,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Fixed(String),
    Group(String),
}

impl Reading {
    pub(super) fn compile(
        index: usize,
        raw: &RawRead,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let RawRead { tells, command: _, each, shape, within, continued, keys, rules } = raw;
        let at = |what: &str| format!("read[{index}].{what}");
        let misplaced = [
            (within.is_some() && *shape != Shape::Indented, "within", "indented"),
            (continued.is_some() && *shape != Shape::Lines, "continued", "lines"),
            (!keys.is_empty() && *shape != Shape::Json, "keys", "json"),
        ];
        for (_, what, shape) in misplaced.iter().filter(|(wrong, ..)| *wrong) {
            problems.push(Problem::new(at(what), format!("only `shape = \"{shape}\"` has it")));
        }
        let within = within.as_ref();
        let within =
            within.map(|text| pattern::compile(&at("within"), text, Extent::Whole, problems));
        let continued = continued
            .as_ref()
            .map(|text| pattern::line(&at("continued"), text, Extent::Part, problems));
        let place = within.as_ref().and_then(Option::as_ref);
        let rules: Vec<_> = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                Rule::compile(&at(&format!("rules[{number}]")), rule, place, problems)
            })
            .collect();
        Some(Self {
            raw: raw.clone(),
            tells: *tells,
            each: *each,
            shape: *shape,
            keys: keys.clone(),
            rules: rules.into_iter().collect::<Option<_>>()?,
            within: optional(within)?,
            continued: optional(continued)?,
        })
    }

    /// Whether its lines say what ports and LAGs carry.
    pub(super) const fn configures(&self) -> bool {
        matches!(self.tells, Tells::Ports | Tells::Lags)
    }

    pub(super) fn lines(&self, answer: &str) -> Result<Vec<Seen>, ReadError> {
        match self.shape {
            Shape::Indented => lines::indented(answer),
            Shape::Lines => lines::plain(answer, self.continued.as_ref()),
            Shape::Json => lines::json(answer, &self.keys),
        }
    }
}

/// Nothing to compile, or what was compiled; none when that failed.
fn optional<T>(compiled: Option<Option<T>>) -> Option<Option<T>> {
    match compiled {
        None => Some(None),
        Some(compiled) => compiled.map(Some),
    }
}

impl Rule {
    fn compile(
        at: &str,
        raw: &RawRule,
        within: Option<&Regex>,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let line = pattern::compile(&format!("{at}.match"), &raw.r#match, Extent::Whole, problems);
        let has =
            |regex: &Regex, group: &str| regex.capture_names().flatten().any(|name| name == group);
        let mut set = Vec::new();
        for (name, value) in &raw.set {
            let at = format!("{at}.set.{name}");
            let fact = name.parse::<Fact>().map_err(|what| problems.push(Problem::new(&at, what)));
            let value = match value.strip_prefix('$') {
                None => Value::Fixed(value.clone()),
                Some(group) => {
                    let known = line.as_ref().is_none_or(|line| has(line, group))
                        || within.is_some_and(|within| has(within, group));
                    if !known {
                        let what = format!("there is no group `{group}` in `match` or `within`");
                        problems.push(Problem::new(&at, what));
                    }
                    Value::Group(group.to_owned())
                }
            };
            set.extend(fact.ok().map(|fact| (fact, value)));
        }
        Some(Self { line: line?, set })
    }
}

/// How an option is written in an expression.
const OPTION: &str = "{options.";

/// The options that the expressions of a reading name.
pub(super) fn options_in(read: &RawRead) -> impl Iterator<Item = &str> {
    let patterns = read.rules.iter().map(|rule| rule.r#match.as_str());
    patterns.chain(read.within.as_deref()).flat_map(|pattern| {
        pattern.split(OPTION).skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
    })
}

/// The reading with values for its options.
pub(super) fn with_options(read: &RawRead, value: impl Fn(&str) -> String) -> RawRead {
    let fill = |pattern: &str| {
        let mut parts = pattern.split(OPTION);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('}') {
                Some((name, rest)) => filled.extend([value(name).as_str(), rest]),
                None => filled.extend([OPTION, part]),
            }
        }
        filled
    };
    let rule = |rule: &RawRule| RawRule { r#match: fill(&rule.r#match), set: rule.set.clone() };
    RawRead {
        within: read.within.as_deref().map(fill),
        rules: read.rules.iter().map(rule).collect(),
        ..read.clone()
    }
}
