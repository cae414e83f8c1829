//! Every profile of the project with its conformance cases.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use drivers::ssh_cli::{
    cases::{self, Summary, UnseenAnswer},
    profile::Profile,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles")
}

fn summaries() -> Vec<Summary> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "toml")).collect();
    files.sort();
    assert!(files.len() >= 20, "{} profiles", files.len());
    let run = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let profile = Profile::parse(&text).unwrap_or_else(|e| panic!("{}:\n{e}", path.display()));
        let cases = folder().join("cases").join(&profile.raw.name);
        cases::run_blocking(&Arc::new(profile), &cases).unwrap_or_else(|error| panic!("{error}"))
    };
    files.iter().map(run).collect()
}

#[test]
fn every_case_of_every_profile_passes_and_together_they_show_all_that_they_have_to() {
    let mut bad = String::new();
    for summary in summaries() {
        for case in summary.cases.iter().filter(|case| !case.problems.is_empty()) {
            let problems = case.problems.join("\n    ");
            let _ = writeln!(bad, "{}: {}\n    {problems}", case.path.display(), case.title);
        }
        for kind in &summary.missing {
            let _ = writeln!(bad, "{}: no case shows: {kind}", summary.profile);
        }
        for UnseenAnswer { list, pattern } in &summary.unseen_answers {
            let name = &summary.profile;
            let _ = writeln!(bad, "{name}: no case shows an answer like `{pattern}` ({list})");
        }
    }
    assert!(bad.is_empty(), "\n{bad}");
}

#[test]
fn cases_belong_to_profiles() {
    for entry in std::fs::read_dir(folder().join("cases")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(folder().join(format!("{name}.toml")).is_file(), "`{name}` is no profile");
    }
}
