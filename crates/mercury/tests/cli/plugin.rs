//! `mercury plugin`: the conformance runner on plugins that keep the protocol, and on many that
//! break it in one way each.

use std::{fs, path::PathBuf};

use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use super::{mercury, run};

fn repository(path: &str) -> String {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    root.join(path).canonicalize().unwrap().display().to_string()
}

/// A run on a program of the drivers' tests. Its processes carry the folder in their environment.
struct Trial {
    folder: TempDir,
}

impl Trial {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, verb: &str, options: &str, program: &str) -> assert_cmd::Command {
        let folder = self.folder.path().display();
        let python = repository("python");
        let mut command = mercury(&format!(
            "plugin {verb} --timeout-ms 2000 --grace-ms 700 --memory-mb 256 \
             --env PYTHONPATH={python} --env MARK={folder} --setting file={folder}/state {options}"
        ));
        let mut words = program.split_whitespace();
        let name = words.next().unwrap();
        command.arg(repository(&format!("crates/drivers/tests/plugin/{name}"))).args(words);
        command
    }

    /// The exit code and the report of a check.
    fn check(&self, program: &str) -> (i32, Value) {
        let (code, out, err) =
            run(&mut self.command("check", "--port p1 --port p2 --json", program));
        assert_eq!(err, "");
        self.nothing_runs();
        (code, serde_json::from_str(&out).unwrap())
    }

    /// No process that was started is left, whatever became of it.
    fn nothing_runs(&self) {
        let mark = format!("MARK={}", self.folder.path().display());
        let marked = |entry: fs::DirEntry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let found = environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes());
            found.then(|| fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default())
        };
        let left: Vec<_> = fs::read_dir("/proc").unwrap().flatten().filter_map(marked).collect();
        assert_eq!(left, [""; 0]);
    }
}

/// The rules with this verdict.
fn rules<'a>(report: &'a Value, verdict: &str) -> Vec<&'a str> {
    let checks = report["checks"].as_array().unwrap().iter();
    let with = checks.filter(|check| check["verdict"] == verdict);
    with.map(|check| check["name"].as_str().unwrap()).collect()
}

#[test]
fn a_plugin_that_can_do_everything_keeps_every_rule() {
    let trial = Trial::new();
    let (code, report) = trial.check("memory.py");
    assert_eq!(rules(&report, "failed"), [""; 0], "{report:#}");
    assert_eq!(rules(&report, "skipped"), [""; 0]);
    assert_eq!((code, rules(&report, "passed").len()), (0, 45));
    let state: Value =
        serde_json::from_str(&fs::read_to_string(trial.folder.path().join("state")).unwrap())
            .unwrap();
    assert_eq!(state["lags"], serde_json::json!({}));
    assert_eq!(state["ports"]["p1"]["config"]["vlans"]["mode"], "closed");
}

#[test]
fn without_ports_nothing_is_changed_and_the_report_says_so() {
    let trial = Trial::new();
    let (code, out, _) = run(&mut trial.command("check", "", "memory.py"));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("-    observe             not checked: no port was given"), "{out}");
    assert!(out.contains("keeps 21 rules; 24 were not checked"), "{out}");
}

/// The first rule that breaks, and what its text has to say.
#[rstest]
#[case("garbage", "describe", "a line is not JSON: expected value at line 1 column 1: Welcome to")]
#[case(
    "crash_start",
    "describe",
    "it ended (exit status: 3) instead of answering `describe`; its last words: cannot find the switch library"
)]
#[case("deaf", "describe", "it did not answer `describe` within 2000 ms")]
#[case("wrong_version", "describe", "`protocol` is 2, and 1 is spoken here")]
#[case("unknown_member", "describe", "`capabilities.vlan_trunks`: unknown field `vlan_trunks`")]
#[case("fickle", "describes-the-same", "`capabilities.mtu` was true and is false")]
#[case("silent", "observe", "it did not answer `observe` within 2000 ms")]
#[case("too_long", "observe", "a line is longer than 4194304 bytes")]
#[case("wrong_id", "observe", "an answer has the id 3 where 2 was asked")]
#[case("stranger", "observe", "port `swp666` was not asked for")]
#[case("wrong_vlan", "observe", "VLAN ID `5000` is not an integer from 1 to 4094")]
#[case("not_utf8", "observe", "a line is not UTF-8 at byte 34")]
#[case("member_twice", "observe", "an object names the member `ports` twice")]
#[case("memory_hog", "observe", "MemoryError")]
#[case("duplicate", "observe-nothing", "it wrote a line that is no answer to anything")]
#[case("fork", "leaves-nothing", "`sleep` of its process group still ran")]
#[case("ignores_end", "close", "it still ran after 700 ms, and was killed")]
#[case("ignores_sigterm", "close", "it still ran after 700 ms, and was killed")]
#[case("lie_trunk", "trunk", "`ports.p1.config.vlans.allowed` is nothing instead of \"3901-3902\"")]
#[case(
    "lie_atomicity",
    "atomicity",
    "`ports.p1.config.vlans.mode` is \"access\" instead of \"closed\""
)]
#[case("crash_apply", "access", "it ended (signal: 9 (SIGKILL)) instead of answering `apply`")]
#[case("too_few_outcomes", "access", "its answer to `apply` is wrong: 0 outcomes for 1 works")]
#[case("secret_on_stderr", "secrets", "a secret on its standard error")]
fn each_broken_plugin_is_told_what_is_wrong(
    #[case] fault: &str,
    #[case] rule: &str,
    #[case] text: &str,
) {
    let trial = Trial::new();
    let (code, report) = trial.check(&format!("broken.py {fault}"));
    let checks = report["checks"].as_array().unwrap();
    let failed = checks.iter().find(|check| check["verdict"] == "failed");
    let failed = failed.unwrap_or_else(|| panic!("nothing failed: {report:#}"));
    assert_eq!((code, failed["name"].as_str().unwrap()), (1, rule), "{failed:#}");
    assert!(failed["came"].as_str().unwrap().contains(text), "{failed:#}");
    for part in ["sent", "todo"] {
        assert!(!failed[part].as_str().unwrap().is_empty(), "{failed:#}");
    }
    assert!(!report.to_string().contains("mercury-check-"), "the secret is in the report");
}

#[test]
fn what_was_changed_is_put_back_after_a_failure() {
    let trial = Trial::new();
    let (_, report) = trial.check("broken.py lie_atomicity");
    assert_eq!(rules(&report, "failed"), ["atomicity"]);
    assert!(rules(&report, "passed").contains(&"restored"));
}

#[test]
fn a_failure_is_told_from_both_sides() {
    let trial = Trial::new();
    let command = trial.command("check", "--port p1", "broken.py wrong_version");
    let (code, out, _) = run(&mut { command });
    assert_eq!(code, 1);
    let folder = trial.folder.path().display().to_string();
    let out = out.replace(&folder, "FOLDER").replace(&repository("crates"), "CRATES");
    insta::assert_snapshot!(out, @r#"
    ok   program             the program can be run, and nobody else can put another in its place
    FAIL describe            it starts, reads its settings and secrets from `describe`, and answers with its description
           sent  started it and sent `describe` with the settings {"file":"FOLDER/state"} and the secrets mercury_check
           came  it broke the protocol: its answer to `describe` is wrong: `protocol` is 2, and 1 is spoken here
           do    write exactly one line to standard output for each request: the answer, flushed

    fails: CRATES/drivers/tests/plugin/broken.py breaks 1 rule and keeps 1 rule
    "#);
}

#[test]
fn a_program_that_anybody_could_replace_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("plugin");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o757)).unwrap();
    let (code, out, _) = run(mercury("plugin check").arg(&program));
    assert_eq!(code, 1);
    assert!(out.contains("anybody may write to it (mode 0757)"), "{out}");
    assert!(out.contains("hint: chmod o-w "), "{out}");
}

#[test]
fn a_plugin_describes_itself() {
    let trial = Trial::new();
    let (code, out, err) = run(&mut trial.command("describe", "", "memory.py"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("memory 1.0, protocol 1\n  port names: exact\n"), "{out}");
    assert!(out.contains("  lag.max_members: 8\n") && out.contains("  vxlan: no\n"), "{out}");
    let (code, out, _) = run(&mut trial.command("describe", "--json", "memory.py"));
    let described: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &described["capabilities"]["hybrid"]), (0, &Value::from("own")));
    let (code, _, err) = run(&mut trial.command("describe", "", "broken.py crash_start"));
    assert_eq!(code, 1);
    assert!(err.contains("broken.py` does not start: it ended (exit status: 3)"), "{err}");
    trial.nothing_runs();
}

#[test]
fn settings_come_from_a_file_and_from_the_command_line() {
    let trial = Trial::new();
    for (name, text) in [
        ("s.toml", "atomicity = \"candidate\"\nports = [\"x1\"]"),
        ("s.json", "{\"atomicity\":\"candidate\"}"),
    ] {
        let path = trial.folder.path().join(name);
        fs::write(&path, text).unwrap();
        let options = format!("--json --settings {}", path.display());
        let (_, out, _) = run(&mut trial.command("describe", &options, "memory.py"));
        let described: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(described["capabilities"]["atomicity"], "candidate");
    }
    let (code, _, err) = run(&mut mercury("plugin check --setting nothing /bin/true"));
    assert_eq!(code, 2, "{err}");
    let (code, _, err) = run(&mut mercury("plugin check --first-vlan 4092 /bin/true"));
    assert!(code == 2 && err.contains("hint: 4091 is the highest"), "{err}");
    let (code, out, _) = run(&mut mercury("plugin check --help"));
    assert!(code == 0 && out.contains("mercury plugin check --port swp1"), "{out}");
}
