//! Names of ports and LAGs: examples, patterns, numbers.

use regex::Regex;
use switch::LagNaming;

use super::super::{
    pattern::{self, Extent},
    problem::Problem,
    schema::RawProfile,
};

/// Numbers that a LAG may have: one of them has to match, whatever a system's highest is.
const NUMBERS: [&str; 4] = ["1", "10", "100", "1000"];

pub(super) fn check(raw: &RawProfile, problems: &mut Vec<Problem>) {
    // What does not compile is told by the renderer.
    let compiled = |text: &str| pattern::compile("", text, Extent::Whole, &mut Vec::new());
    let Some(ports) = compiled(&raw.ports.pattern) else { return };
    port(raw, &ports, problems);
    let lag = raw.capabilities.lag.as_ref();
    match (&raw.lags, lag) {
        (None, Some(_)) => {
            problems.push(Problem::new("lags", "is missing: `capabilities.lag` needs it"));
        }
        (Some(_), None) => {
            problems.push(Problem::new("lags", "is never used: `capabilities.lag` is not set"));
        }
        (Some(lags), Some(can)) => {
            let Some(pattern) = compiled(&lags.pattern) else { return };
            names(raw, &can.naming, &ports, &pattern, problems);
        }
        (None, None) => {}
    }
}

fn port(raw: &RawProfile, ports: &Regex, problems: &mut Vec<Problem>) {
    let at = "ports.example";
    let Some(example) = &raw.ports.example else {
        problems.push(Problem::new(at, "is missing: the name of a port, for examples"));
        return;
    };
    name(raw, at, example, ports, "ports.pattern", problems);
}

fn name(
    raw: &RawProfile,
    at: &str,
    example: &str,
    pattern: &Regex,
    key: &str,
    problems: &mut Vec<Problem>,
) {
    if !pattern.is_match(example) {
        problems.push(Problem::new(at, format!("does not match `{key}`")));
    }
    match raw.ports.naming.canonical(example) {
        Err(error) => problems.push(Problem::new(at, format!("is refused: {error}"))),
        Ok(canonical) if canonical.as_str() != example => {
            let what = format!("is `{canonical}` by `ports.naming`: write it so");
            problems.push(Problem::new(at, what));
        }
        Ok(_) => {}
    }
}

fn names(
    raw: &RawProfile,
    naming: &LagNaming,
    ports: &Regex,
    lags: &Regex,
    problems: &mut Vec<Problem>,
) {
    let example = raw.lags.as_ref().and_then(|lags| lags.example.as_ref());
    if let Some(example) = example {
        name(raw, "lags.example", example, lags, "lags.pattern", problems);
    }
    let mut tried: Vec<String> = example.into_iter().cloned().collect();
    match naming {
        LagNaming::Free if example.is_none() => {
            problems.push(Problem::new("lags.example", "is missing: the name of a LAG"));
        }
        LagNaming::Free => {}
        LagNaming::Numbered { prefix } => {
            let numbered = NUMBERS.map(|number| format!("{prefix}{number}"));
            let at = "capabilities.lag.naming.numbered.prefix";
            if !numbered.iter().any(|name| lags.is_match(name)) {
                let what = "and a number do not match `lags.pattern`";
                problems.push(Problem::new(at, what));
            }
            let written = |name: &String| {
                raw.ports.naming.canonical(name).is_ok_and(|canonical| canonical.as_str() == name)
            };
            if !numbered.iter().all(written) {
                let what = "is not how `ports.naming` writes a LAG: nobody would find one again";
                problems.push(Problem::new(at, what));
            }
            let number = |name: &String| {
                let rest = name.strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.parse::<u32>().is_ok())
            };
            if example.is_some_and(|example| !number(example)) {
                let what = format!("is not `{prefix}` and a number");
                problems.push(Problem::new("lags.example", what));
            }
            tried.extend(numbered);
        }
    }
    if let Some(both) = tried.iter().find(|name| ports.is_match(name) && lags.is_match(name)) {
        // Whether that is so by design cannot be seen; a LAG's name counts as a LAG's.
        if matches!(naming, LagNaming::Numbered { .. }) {
            let what = format!("matches `{both}`, which is a LAG by `lags.pattern`");
            problems.push(Problem::new("ports.pattern", what));
        }
    }
    if let Some(port) = raw.ports.example.as_ref().filter(|port| lags.is_match(port)) {
        let what = format!("matches `{port}`, which is a port by `ports.example`");
        problems.push(Problem::new("lags.pattern", what));
    }
}
