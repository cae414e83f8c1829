//! Reading a policy file: every problem at once, each with its place.
//!
//! The TOML is walked by hand and not by serde, because serde stops at the first mistake and a
//! policy is edited by people who fix a file once.

use std::{collections::HashSet, ops::Range, str::FromStr};

use model::{Invalid, VlanSet};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Policy, PolicyError, Problem, Protected, Rule, Verb, Verbs, VniSet,
    pattern::{Pattern, Patterns},
};

/// How many problems are told: a file that is wrong throughout is wrong in its first hundred lines.
const MAX_PROBLEMS: usize = 100;
/// How long a rule's name may be: it goes into every refusal.
const MAX_NAME: usize = 64;
/// How long the reason of a protected entry may be: it goes into every refusal.
const MAX_REASON: usize = 200;
/// How far a misspelt key may be from a known one (Jaro-Winkler, 1 is equal) to be suggested.
const SIMILAR: f64 = 0.75;

type Value<'i> = Spanned<DeValue<'i>>;

pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    if text.len() > Policy::MAX_BYTES {
        return Err(PolicyError::TooLarge { bytes: text.len() });
    }
    let mut notes = Notes::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        notes.add(error.span().unwrap_or_default(), error.message());
    }
    let policy = if notes.0.is_empty() {
        document_of(document.get_ref(), &mut notes)
    } else {
        Policy::default()
    };
    if notes.0.is_empty() {
        Ok(policy)
    } else {
        Err(PolicyError::Invalid(notes.into_problems(text)))
    }
}

/// Problems found so far, by the byte at which each begins.
#[derive(Default)]
struct Notes(Vec<(usize, String)>);

impl Notes {
    fn add(&mut self, span: Range<usize>, what: impl Into<String>) {
        self.0.push((span.start, what.into()));
    }

    fn into_problems(mut self, text: &str) -> Vec<Problem> {
        self.0.sort();
        let more = self.0.len().saturating_sub(MAX_PROBLEMS);
        self.0.truncate(MAX_PROBLEMS);
        let (mut at, mut line, mut column) = (0, 1, 1);
        let mut problems = Vec::with_capacity(self.0.len() + 1);
        for (offset, what) in self.0 {
            for c in text.get(at..offset).unwrap_or_default().chars() {
                if c == '\n' {
                    line += 1;
                    column = 1;
                } else {
                    column += 1;
                }
            }
            at = at.max(offset);
            problems.push(Problem { line, column, what });
        }
        if more > 0 {
            let what = format!("and {more} more problems from here on");
            problems.push(Problem { line, column, what });
        }
        problems
    }
}

fn document_of(document: &DeTable<'_>, notes: &mut Notes) -> Policy {
    let known = ["version", "protected", "rule"];
    known_keys(document, "the policy", &known, notes);
    version(document, notes);
    let mut names = HashSet::new();
    let protected = entries(document, "protected", notes)
        .into_iter()
        .map(|(number, entry)| protected(number, entry, &mut names, notes))
        .collect();
    let rules = entries(document, "rule", notes)
        .into_iter()
        .map(|(number, entry)| rule(number, entry, &mut names, notes))
        .collect();
    Policy { protected, rules }
}

fn version(document: &DeTable<'_>, notes: &mut Notes) {
    match document.get("version") {
        None => notes.add(0..0, "`version` is missing; this is version 1: `version = 1`"),
        Some(value) => {
            let integer = value.get_ref().as_integer();
            if integer.is_none_or(|n| n.as_str() != "1") {
                notes.add(value.span(), "`version` must be 1");
            }
        }
    }
}

/// The `[[key]]` tables of the document, numbered from 1.
fn entries<'a, 'i>(
    document: &'a DeTable<'i>,
    key: &str,
    notes: &mut Notes,
) -> Vec<(usize, &'a Value<'i>)> {
    let Some(value) = document.get(key) else {
        return Vec::new();
    };
    let Some(array) = value.get_ref().as_array() else {
        let kind = value.get_ref().type_str();
        let what = format!("`{key}` is of type {kind}; write each entry as `[[{key}]]`");
        notes.add(value.span(), what);
        return Vec::new();
    };
    if array.len() > Policy::MAX_RULES {
        let most = Policy::MAX_RULES;
        let what =
            format!("there are {} `[[{key}]]` entries; at most {most} are read", array.len());
        notes.add(value.span(), what);
        return Vec::new();
    }
    (1..).zip(array.iter()).collect()
}

fn protected(
    number: usize,
    entry: &Value<'_>,
    names: &mut HashSet<String>,
    notes: &mut Notes,
) -> Protected {
    let mut fields = Fields::new("protected", number, entry, notes);
    fields.known(&["name", "switches", "ports", "reason"]);
    let (name, switches, ports) = (
        fields.name(names),
        fields.patterns("switches", Needed::WithMembers),
        fields.patterns("ports", Needed::WithMembers),
    );
    let reason = fields.reason();
    Protected { name, switches, ports, reason }
}

fn rule(number: usize, entry: &Value<'_>, names: &mut HashSet<String>, notes: &mut Notes) -> Rule {
    let mut fields = Fields::new("rule", number, entry, notes);
    fields.known(&["name", "callers", "verbs", "switches", "ports", "vlans", "vnis"]);
    Rule {
        name: fields.name(names),
        callers: fields.patterns("callers", Needed::Yes),
        verbs: fields.verbs(),
        switches: fields.patterns("switches", Needed::Yes),
        ports: fields.patterns("ports", Needed::No),
        vlans: fields
            .numbers::<VlanSet>("vlans")
            .iter()
            .fold(VlanSet::empty(), |all, set| all.union(set)),
        vnis: fields
            .numbers::<VniSet>("vnis")
            .iter()
            .fold(VniSet::default(), |all, set| all.union(set)),
    }
}

/// Whether a list must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needed {
    /// Absent is empty.
    No,
    /// It must be written, if only as `[]`.
    Yes,
    /// It must be written and not be empty: an entry that protects nothing is a mistake.
    WithMembers,
}

/// The members of one entry.
struct Fields<'a, 'i> {
    table: Option<&'a DeTable<'i>>,
    span: Range<usize>,
    label: String,
    notes: &'a mut Notes,
}

impl<'a, 'i> Fields<'a, 'i> {
    fn new(key: &str, number: usize, entry: &'a Value<'i>, notes: &'a mut Notes) -> Self {
        let table = entry.get_ref().as_table();
        let name = table.and_then(|table| table.get("name")?.get_ref().as_str());
        let label = match name {
            Some(name) if check_name(name).is_none() => format!("{key} `{name}`"),
            _ => format!("{key} number {number}"),
        };
        if table.is_none() {
            let kind = entry.get_ref().type_str();
            notes.add(entry.span(), format!("{label} is of type {kind}, not a table"));
        }
        Self { table, span: entry.span(), label, notes }
    }

    fn known(&mut self, known: &[&str]) {
        if let Some(table) = self.table {
            known_keys(table, &self.label, known, self.notes);
        }
    }

    fn get(&mut self, key: &str, needed: Needed) -> Option<&'a Value<'i>> {
        let value = self.table?.get(key);
        if value.is_none() && needed != Needed::No {
            let what = format!("{} has no `{key}`", self.label);
            self.notes.add(self.span.clone(), what);
        }
        value
    }

    fn bad(&mut self, key: &str, value: &Value<'i>, wanted: &str) {
        let kind = value.get_ref().type_str();
        let what = format!("`{key}` of {} is of type {kind}; it must be {wanted}", self.label);
        self.notes.add(value.span(), what);
    }

    fn invalid(&mut self, key: &str, span: Range<usize>, error: &Invalid) {
        let what = format!("`{key}` of {}: {error}", self.label);
        self.notes.add(span, what);
    }

    fn name(&mut self, names: &mut HashSet<String>) -> String {
        let Some(value) = self.get("name", Needed::Yes) else {
            return String::new();
        };
        let Some(name) = value.get_ref().as_str() else {
            self.bad("name", value, "a string");
            return String::new();
        };
        if let Some(problem) = check_name(name) {
            let error = Invalid::new("name", name, problem);
            self.notes.add(value.span(), format!("{}: {error}", self.label));
        } else if !names.insert(name.to_owned()) {
            let what = format!("the name `{name}` is taken; a refusal must name one entry");
            self.notes.add(value.span(), what);
        }
        name.to_owned()
    }

    fn reason(&mut self) -> Option<String> {
        let value = self.get("reason", Needed::No)?;
        let Some(reason) = value.get_ref().as_str() else {
            self.bad("reason", value, "a string");
            return None;
        };
        if reason.trim().is_empty()
            || reason.chars().count() > MAX_REASON
            || reason.chars().any(char::is_control)
        {
            let what = format!(
                "`reason` of {} must be one line of 1 to {MAX_REASON} characters",
                self.label
            );
            self.notes.add(value.span(), what);
        }
        Some(reason.to_owned())
    }

    /// The strings of a list; one string alone is a list of one.
    fn strings(&mut self, key: &str, needed: Needed) -> Vec<(&'a str, Range<usize>)> {
        let Some(value) = self.get(key, needed) else {
            return Vec::new();
        };
        let wanted = "a list of strings";
        match value.get_ref() {
            DeValue::String(text) => vec![(text, value.span())],
            DeValue::Array(array) => {
                if array.is_empty() && needed == Needed::WithMembers {
                    let what = format!("`{key}` of {} is empty", self.label);
                    self.notes.add(value.span(), what);
                }
                let mut strings = Vec::with_capacity(array.len());
                for member in array.iter() {
                    match member.get_ref().as_str() {
                        Some(text) => strings.push((text, member.span())),
                        None => self.bad(key, member, wanted),
                    }
                }
                strings
            }
            _ => {
                self.bad(key, value, wanted);
                Vec::new()
            }
        }
    }

    fn patterns(&mut self, key: &str, needed: Needed) -> Patterns {
        let mut patterns = Vec::new();
        for (text, span) in self.strings(key, needed) {
            match Pattern::new(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.invalid(key, span, &error),
            }
        }
        Patterns(patterns)
    }

    fn verbs(&mut self) -> Verbs {
        let mut verbs = Verbs::default();
        for (text, span) in self.strings("verbs", Needed::Yes) {
            match text.parse::<Verb>() {
                Ok(verb) => verbs.add(verb),
                Err(_) if text == "*" => Verb::ALL.into_iter().for_each(|verb| verbs.add(verb)),
                Err(error) => {
                    let hint = suggestion(text, &Verb::ALL.map(Verb::as_str));
                    let what = format!("`verbs` of {}: {error}{hint}", self.label);
                    self.notes.add(span, what);
                }
            }
        }
        verbs
    }

    /// Sets of numbers: a text of ranges, a number, or a list of these.
    fn numbers<T: FromStr<Err = Invalid>>(&mut self, key: &str) -> Vec<T> {
        let Some(value) = self.get(key, Needed::No) else {
            return Vec::new();
        };
        let members: Vec<&Value<'i>> = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            _ => vec![value],
        };
        let mut sets = Vec::with_capacity(members.len());
        for member in members {
            let text = match member.get_ref() {
                DeValue::String(text) => text.as_ref(),
                DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
                _ => {
                    self.bad(key, member, "like \"100-199,300\"");
                    continue;
                }
            };
            match text.parse() {
                Ok(set) => sets.push(set),
                Err(error) => self.invalid(key, member.span(), &error),
            }
        }
        sets
    }
}

fn check_name(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() {
        Some("is empty".into())
    } else if name.len() > MAX_NAME {
        Some(format!("is longer than {MAX_NAME} characters"))
    } else if !name.chars().all(allowed) {
        Some("holds more than letters, digits and `._-`".into())
    } else {
        None
    }
}

fn known_keys(table: &DeTable<'_>, place: &str, known: &[&str], notes: &mut Notes) {
    for (key, _) in table.iter() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            let shown = Invalid::new("key", name, "").value;
            let hint = suggestion(name, known);
            let known = known.join(", ");
            let what = format!("{place} has an unknown key `{shown}`{hint} (known: {known})");
            notes.add(key.span(), what);
        }
    }
}

fn suggestion(given: &str, known: &[&str]) -> String {
    let given: String = given.chars().take(Invalid::SHOWN).collect();
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(&given, name), name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}
