//! `mercury config check`.

use std::{fs, path::Path};

use serde_json::Value;

use super::{mercury, run};

const CONFIG: &str = r#"
state_dir = "state"
policy = "policy.toml"

[[listen]]
address = "127.0.0.1:0"
auth = "none"

[switch.leaf-01]
driver = "noop"
idle_vlan = 4000
allowed_vlans = "100-199"

[switch.leaf-02]
driver = "noop"
detach = "shut"
"#;

fn write(folder: &Path, config: &str, policy: &str) -> String {
    fs::write(folder.join("switchd.toml"), config).unwrap();
    fs::write(folder.join("policy.toml"), policy).unwrap();
    folder.join("switchd.toml").display().to_string()
}

#[test]
fn a_valid_configuration_says_what_would_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), CONFIG, "version = 1\n");
    let (code, out, err) = run(&mut mercury(&format!("config check {path}")));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let out = out.replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(out, @r"
    valid: FOLDER/switchd.toml with 2 switches would run
      listens   127.0.0.1:0 for anybody who reaches it, as `anonymous`
      policy    FOLDER/policy.toml: 0 rules, 0 protected entries
      audit     FOLDER/state/audit.jsonl
      state     FOLDER/state

     SWITCH    DRIVER   WHERE       A DETACHED PORT IS   ALLOWED VLANS
    ───────────────────────────────────────────────────────────────────
     leaf-01   noop     in memory   in VLAN 4000         100-199
     leaf-02   noop     in memory   shut
    ");

    let (code, out, _) = run(mercury("config check --json").env("MERCURY_SWITCHD_CONFIG", &path));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["switches"][1]), (0, &Value::from("leaf-02")));
}

#[test]
fn every_problem_of_a_configuration_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = CONFIG.replace("idle_vlan = 4000", "idle_vlan = 4095\nallowed_port = [\"swp1\"]");
    let path = write(folder.path(), &config, "version = 1\n");
    let (code, out, err) = run(&mut mercury(&format!("config check {path}")));
    assert_eq!((code, out.as_str()), (10, ""));
    assert!(
        err.contains("`switch.leaf-01.allowed_port`") && err.contains("allowed_ports"),
        "{err}"
    );
    assert!(err.ends_with("so the service would not start\n"), "{err}");
}

#[test]
fn the_policy_is_a_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), CONFIG, "version = 2\n");
    let (code, _, err) = run(&mut mercury(&format!("config check {path}")));
    assert_eq!(code, 10);
    assert!(err.contains("policy.toml:1:11: "), "{err}");

    fs::remove_file(folder.path().join("policy.toml")).unwrap();
    let (code, _, err) = run(&mut mercury(&format!("config check {path}")));
    assert_eq!(code, 10);
    assert!(err.contains("policy.toml: No such file"), "{err}");
}

#[test]
fn the_environment_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), CONFIG, "version = 1\n");
    let mut command = mercury(&format!("config check {path}"));
    let (code, _, err) = run(command.env("MERCURY_SWITCHD__LIMITS__BATCH", "many"));
    assert_eq!(code, 10);
    assert!(err.contains("limits.batch"), "{err}");
}
