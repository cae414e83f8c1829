//! Every profile of the project with its conformance cases, and the pages that are made of both.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use drivers::ssh_cli::{
    cases::{self, Summary, UnseenAnswer},
    profile::{Evidence, Profiles, Shown, rows},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The cases of every profile.
fn summaries() -> Vec<Summary> {
    let cases = root().join("profiles/cases");
    let profiles = Profiles::embedded();
    let run = |name: &str| {
        let profile = profiles.get(name).unwrap().profile().unwrap_or_else(|e| panic!("{e}"));
        cases::run_blocking(&profile, &cases.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    };
    profiles.iter().map(|entry| run(entry.name())).collect()
}

/// The profiles with what is wrong with each.
fn told(summaries: &[Summary], problems: impl Fn(&Summary) -> Vec<String>) -> String {
    let mut bad = String::new();
    for summary in summaries {
        for problem in problems(summary) {
            let _ = writeln!(bad, "{}: {problem}", summary.profile);
        }
    }
    bad
}

/// One test, since playing all cases is most of the time of each.
#[test]
fn the_cases_of_every_profile_pass_and_show_all_and_the_pages_are_of_them() {
    let summaries = summaries();
    assert!(summaries.len() >= 24, "{} profiles", summaries.len());
    let mut bad = failures(&summaries);
    bad.push_str(&gaps(&summaries));
    bad.push_str(&stale_pages(&summaries));
    assert!(bad.is_empty(), "\n{bad}");
}

/// Cases that do not pass.
fn failures(summaries: &[Summary]) -> String {
    told(summaries, |summary| {
        let failed = summary.cases.iter().filter(|case| !case.problems.is_empty());
        let lines = failed.map(|case| {
            let file = case.path.file_name().unwrap_or_default().to_string_lossy();
            format!("{file}: {}\n    {}", case.title, case.problems.join("\n    "))
        });
        lines.collect()
    })
}

/// What no case shows, and some case has to.
fn gaps(summaries: &[Summary]) -> String {
    told(summaries, |summary| {
        let kinds = summary.missing.iter().map(|kind| format!("no case shows: {kind}"));
        let answers = summary.unseen_answers.iter().map(|UnseenAnswer { list, pattern }| {
            format!("no case shows an answer like `{pattern}` (answers.{list})")
        });
        kinds.chain(answers).collect()
    })
}

/// Pages of the documentation that are not what the profiles and their cases make.
fn stale_pages(summaries: &[Summary]) -> String {
    let runs = fs::read_to_string(root().join("docs/devices.toml")).unwrap();
    let shown = |summary: &Summary| Shown {
        rendered: summary.rendered.clone(),
        read_back: summary.shown.clone(),
    };
    let evidence = Evidence {
        cases: summaries.iter().map(|summary| (summary.profile.clone(), shown(summary))).collect(),
        runs: Evidence::runs(&runs).unwrap_or_else(|problem| panic!("{problem}")),
    };
    let profiles = Profiles::embedded();
    for name in evidence.runs.keys() {
        assert!(profiles.get(name).is_ok_and(|entry| entry.name() == name), "no profile `{name}`");
    }
    let pages: BTreeMap<String, String> = profiles.pages(&evidence).unwrap().into_iter().collect();
    let folder = root().join("docs/devices");
    let mut written: BTreeMap<String, String> = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        written.insert(name, fs::read_to_string(path).unwrap());
    }
    let summary = fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let mut bad = String::new();
    for name in pages.keys().chain(written.keys().filter(|name| !pages.contains_key(*name))) {
        if pages.get(name) != written.get(name) {
            let _ = writeln!(bad, "{name} is stale: run `mercury profile docs docs/devices`");
        }
        if !summary.contains(&format!("](devices/{name})")) {
            let _ = writeln!(bad, "{name} is not in SUMMARY.md");
        }
    }
    bad
}

#[test]
fn cases_belong_to_profiles() {
    for entry in fs::read_dir(root().join("profiles/cases")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(root().join(format!("profiles/{name}.toml")).is_file(), "`{name}` is no profile");
    }
}

#[test]
fn every_profile_says_why_it_lacks_what_it_lacks() {
    let profiles = Profiles::embedded();
    let mut bad = String::new();
    for entry in profiles.iter() {
        let profile = entry.profile().unwrap();
        for row in rows(&profile.raw.capabilities) {
            if !row.can && row.reason(&profile.raw).is_none() {
                let _ = writeln!(bad, "{}: no reason in `[lacks]` for `{}`", entry.name(), row.key);
            }
        }
    }
    assert!(bad.is_empty(), "\n{bad}");
}
