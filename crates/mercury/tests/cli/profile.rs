//! `mercury profile`: device profiles.

use std::fs;

use serde_json::Value;

use super::{mercury, run};

/// A profile that is valid and that nobody has.
const EXAMPLE: &str = include_str!("../../../drivers/src/ssh_cli/profile/tests/minimal.toml");

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn profiles_are_listed_with_those_of_a_folder() {
    let folder = folder(&[("example.toml", EXAMPLE)]);
    let dir = folder.path().display();
    let (code, out, err) = run(&mut mercury(&format!("profile list --dir {dir}")));
    assert_eq!((code, err.as_str()), (0, ""));
    let line = out.lines().find(|line| line.trim_start().starts_with("example ")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let path = format!("{dir}/example.toml");
    assert_eq!(words, ["example", "An", "example", "access,", "closed", &path]);

    let (code, out, _) = run(&mut mercury(&format!("profile list --json --dir {dir}")));
    let all: Value = serde_json::from_str(&out).unwrap();
    let all = all.as_array().unwrap();
    let example = all.iter().find(|one| one["name"] == "example").unwrap();
    assert_eq!((code, &example["capabilities"]["closed"]), (0, &Value::from(true)));
    assert_eq!(example["overrides"], false);
    // Every other one is built in.
    assert!(all.iter().filter(|one| one["file"].is_null()).count() == all.len() - 1);
}

#[test]
fn a_profile_that_takes_the_place_of_a_built_in_one_says_so() {
    let (_, out, _) = run(&mut mercury("profile list --json"));
    let all: Value = serde_json::from_str(&out).unwrap();
    let name = all[0]["name"].as_str().unwrap();
    let text = EXAMPLE.replace("\"example\"", &format!("\"{name}\""));
    let folder = folder(&[(&format!("{name}.toml"), &text)]);
    let dir = folder.path().display();
    let (code, out, _) = run(&mut mercury(&format!("profile list --dir {dir}")));
    assert!(code == 0 && out.contains("in place of the built-in one"), "{out}");
    let (_, out, _) = run(&mut mercury(&format!("profile show {name} --json --dir {dir}")));
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&shown["overrides"], &shown["title"]), (&true.into(), &"An example".into()));
}

#[test]
fn show_says_which_lines_land_on_the_switch() {
    let folder = folder(&[("example.toml", EXAMPLE)]);
    let dir = folder.path().display();
    let (code, out, err) = run(&mut mercury(&format!("profile show example --dir {dir}")));
    assert_eq!((code, err.as_str()), (0, ""));
    let out = out.replace(&dir.to_string(), "DIR");
    insta::assert_snapshot!(out);
    let (_, toml, _) = run(&mut mercury(&format!("profile show example --toml --dir {dir}")));
    assert_eq!(toml, EXAMPLE);
    let (code, out, err) = run(&mut mercury(&format!("profile show exampel --dir {dir}")));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("there is no profile `exampel`; did you mean `example`?"), "{err}");
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let text = EXAMPLE
        .replace("title =", "titel =")
        .replace("kind = \"terminal\"", "kind = \"terminl\"")
        .replace("access = true", "access = 1");
    let bad = folder(&[("bad.toml", &text), ("good.toml", EXAMPLE)]);
    let path = bad.path().join("bad.toml");
    let path = path.display();
    let (code, out, err) = run(&mut mercury(&format!("profile check {path}")));
    assert_eq!((code, out.as_str()), (10, ""));
    let err = err.replace(&format!("{path}:"), "");
    assert_eq!(
        err.lines().collect::<Vec<_>>(),
        [
            "1:1: `title` is missing",
            "3:1: `titel` is unknown; did you mean `title`?",
            "11:10: `capabilities.access` is an integer where a boolean is expected",
            "17:8: `session.kind` is `terminl`; did you mean `terminal`?",
            "invalid: 4 problems, so nothing of it is used",
        ]
    );
    let (code, out, _) = run(&mut mercury(&format!("profile check {path} --json")));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["valid"]), (10, &Value::from(false)));
    assert_eq!(answer["problems"][0]["key"], "title");

    let good = bad.path().join("good.toml");
    let (code, out, _) = run(&mut mercury(&format!("profile check {}", good.display())));
    assert_eq!((code, out.as_str()), (0, "valid: example, An example\n"));
    let (code, _, err) = run(&mut mercury("profile check /nonexistent.toml"));
    assert!(code == 1 && err.contains("cannot read `/nonexistent.toml`"), "{err}");
}

#[test]
fn the_schema_describes_a_profile() {
    let (code, out, _) = run(&mut mercury("profile schema"));
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!(schema["properties"]["name"]["type"], "string");
    assert!(schema["required"].as_array().unwrap().contains(&"session".into()), "{out}");
}
