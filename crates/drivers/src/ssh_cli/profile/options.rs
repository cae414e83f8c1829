//! Options: what the configuration of a switch says for its profile.

use std::collections::BTreeMap;

use model::{LagName, PortName};
use regex::Regex;
use switch::{Capabilities, LagNaming};

use super::{
    Profile,
    pattern::{self, Extent},
    problem::Problem,
    schema::{OptionNeed, RawOption, RawProfile},
    shape::suggestion,
};
use crate::ssh_cli::render::Templates;

/// How long a value may be: the longest that makes sense is a key or an address.
const MAX_VALUE: usize = 255;
/// The option that [`super::schema::RawSession::prefix`] speaks of; no template uses it.
const PREFIX: &str = "prefix";
/// What an option may be in an example, if the profile says nothing: the first that fits.
const EXAMPLES: [&str; 6] = ["65001", "10", "1", "example", "192.0.2.1", "00:00:5e:00:53:01"];

/// A profile's options as one switch has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// Their values, the defaults among them.
    pub options: BTreeMap<String, String>,
    /// What the switch can do with these.
    pub capabilities: Capabilities,
}

impl Profile {
    /// Checks what a switch's configuration says for the profile. What an option is needed for and
    /// that is not there is a capability that the switch lacks.
    ///
    /// A problem is about `options.NAME`.
    pub fn fit(&self, given: &BTreeMap<String, String>) -> Result<Fitted, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut options = BTreeMap::new();
        let known: Vec<&str> = self.raw.options.keys().map(String::as_str).collect();
        for (name, value) in given {
            let at = format!("options.{name}");
            match self.raw.options.get(name) {
                None if name == PREFIX => options.extend(checked(&at, name, value, &mut problems)),
                None => {
                    let hint = suggestion(name, &known);
                    problems.push(Problem::new(at, format!("is unknown to the profile{hint}")));
                }
                Some(option) => {
                    let about = &option.about;
                    if !compiled(&at, option).is_some_and(|pattern| pattern.is_match(value)) {
                        let pattern = &option.pattern;
                        let what = format!("({about}) is not like `{pattern}`");
                        problems.push(Problem::new(at, what));
                    } else {
                        options.extend(checked(&at, name, value, &mut problems));
                    }
                }
            }
        }
        for (name, option) in &self.raw.options {
            if given.contains_key(name) {
                continue;
            }
            match (&option.default, option.needed_for) {
                (Some(default), _) => drop(options.insert(name.clone(), default.clone())),
                (None, OptionNeed::Always) => {
                    let what = format!("is missing: {}", option.about);
                    problems.push(Problem::new(format!("options.{name}"), what));
                }
                (None, _) => {}
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let capabilities = self.with(&options);
        Ok(Fitted { options, capabilities })
    }

    /// The capabilities that are left with these options.
    pub(super) fn with(&self, options: &BTreeMap<String, String>) -> Capabilities {
        let lacks = |need: OptionNeed| {
            let mut needed = self.raw.options.iter().filter(|(_, o)| o.needed_for == need);
            needed.any(|(name, _)| !options.contains_key(name))
        };
        let mut capabilities = self.raw.capabilities.clone();
        if lacks(OptionNeed::Vxlan) {
            capabilities.vxlan = false;
        }
        if lacks(OptionNeed::Pair)
            && let Some(lag) = &mut capabilities.lag
        {
            lag.across_pair = false;
        }
        capabilities
    }

    /// Options with which everything that the profile has is there, for examples.
    pub fn example_options(&self) -> BTreeMap<String, String> {
        let example =
            |(name, option): (&String, &RawOption)| Some((name.clone(), example_of(name, option)?));
        self.raw.options.iter().filter_map(example).collect()
    }

    /// The name of a port, for examples.
    pub fn example_port(&self) -> Option<PortName> {
        self.raw.ports.example.as_ref()?.parse().ok()
    }

    /// The name of a LAG, for examples.
    pub fn example_lag(&self) -> Option<LagName> {
        let given = self.raw.lags.as_ref()?.example.clone();
        let name = given.or_else(|| match &self.raw.capabilities.lag.as_ref()?.naming {
            LagNaming::Numbered { prefix } => Some(format!("{prefix}10")),
            LagNaming::Free => None,
        })?;
        name.parse().ok()
    }
}

fn compiled(at: &str, option: &RawOption) -> Option<Regex> {
    pattern::compile(at, &option.pattern, Extent::Whole, &mut Vec::new())
}

/// The value, if it is one line of printable text.
fn checked(
    at: &str,
    name: &str,
    value: &str,
    problems: &mut Vec<Problem>,
) -> Option<(String, String)> {
    if value.len() > MAX_VALUE || !value.chars().all(|c| matches!(c, ' '..='~')) {
        let what = format!("is not one line of at most {MAX_VALUE} printable ASCII characters");
        problems.push(Problem::new(at, what));
        return None;
    }
    Some((name.to_owned(), value.to_owned()))
}

/// A value for examples.
fn example_of(name: &str, option: &RawOption) -> Option<String> {
    let given = option.example.as_ref().or(option.default.as_ref());
    given.cloned().or_else(|| {
        let pattern = compiled(name, option)?;
        EXAMPLES.iter().find(|text| pattern.is_match(text)).map(|text| (*text).to_owned())
    })
}

/// The options of a profile themselves.
pub(super) fn check(raw: &RawProfile, problems: &mut Vec<Problem>) {
    for (name, option) in &raw.options {
        let at = format!("options.{name}");
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(word) {
            problems.push(Problem::new(&at, "is no name: use lower case, digits and `_`"));
        }
        let place = format!("{at}.pattern");
        let Some(pattern) = pattern::compile(&place, &option.pattern, Extent::Whole, problems)
        else {
            continue;
        };
        pattern::only_groups(&place, &pattern, &[], problems);
        for (key, text) in [("default", &option.default), ("example", &option.example)] {
            if let Some(text) = text {
                let at = format!("{at}.{key}");
                if !pattern.is_match(text) {
                    problems.push(Problem::new(&at, "does not match the option's `pattern`"));
                }
                checked(&at, name, text, problems);
            }
        }
        if example_of(name, option).is_none() {
            let what = "is missing: a value by which the templates can be tried";
            problems.push(Problem::new(format!("{at}.example"), what));
        }
        let (need, problem) = match option.needed_for {
            OptionNeed::Pair => (
                raw.capabilities.lag.as_ref().is_some_and(|lag| lag.across_pair),
                "is `pair`, but `capabilities.lag.across_pair` is not set",
            ),
            OptionNeed::Vxlan => {
                (raw.capabilities.vxlan, "is `vxlan`, but `capabilities.vxlan` is not set")
            }
            OptionNeed::Always | OptionNeed::Nothing => (true, ""),
        };
        if !need {
            problems.push(Problem::new(format!("{at}.needed_for"), problem));
        }
    }
}

/// Options that are declared and that nothing uses.
pub(super) fn unused(raw: &RawProfile, templates: &[&Templates], problems: &mut Vec<Problem>) {
    let used: Vec<String> =
        templates.iter().flat_map(|templates| templates.options_used()).collect();
    let in_patterns = |name: &str| {
        let written = format!("{{options.{name}}}");
        raw.read.iter().any(|read| {
            let within = read.within.iter();
            let rules = read.rules.iter().map(|rule| &rule.r#match);
            within.chain(rules).any(|pattern| pattern.contains(&written))
        })
    };
    for name in raw.options.keys() {
        if !used.contains(name) && name != PREFIX && !in_patterns(name) {
            problems.push(Problem::new(format!("options.{name}"), "is used by nothing"));
        }
    }
}
