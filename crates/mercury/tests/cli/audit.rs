//! `mercury audit` on a log that the service's own writer wrote.

use std::{fs, path::PathBuf};

use model::SwitchPort;
use serde_json::{Value, json};
use switch::{
    audit::{
        AuditLog, AuditOptions, Begin, Denied, End, Entry, Leg, Outcome, Refused, SentOperation,
        Start,
    },
    policy::Verb,
};
use tempfile::TempDir;

use super::{mercury, run};

fn at(switch: &str, port: &str) -> SwitchPort {
    SwitchPort { switch: switch.parse().unwrap(), port: port.parse().unwrap() }
}

fn begin(change: &str, who: &str, port: &str) -> Entry {
    Begin {
        change: change.into(),
        who: who.into(),
        request_id: format!("req-{change}"),
        user: Some("alice".into()),
        reason: Some("node 42 to its tenant".into()),
        host: Some("node-42".into()),
        verb: Verb::Attach,
        ports: vec![at("leaf-01", port)],
        lag: None,
        what: json!({"vlan": 100}),
        operations: vec![SentOperation {
            switch: "leaf-01".parse().unwrap(),
            text: format!("set Port {port} tag=100"),
        }],
    }
    .into()
}

/// Six records: a start, a change that was done, a refusal, a change without an end, logins that
/// were refused.
fn log() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (log, _) = AuditLog::open(&path, AuditOptions::default()).unwrap();
    let listeners = vec!["http://127.0.0.1:8191".to_owned()];
    let entries = [
        Start { version: "0.1.0".into(), pid: 7, listeners }.into(),
        begin("c1", "ironic", "swp1"),
        End {
            change: "c1".into(),
            outcome: Outcome::Done,
            legs: vec![Leg {
                switch: "leaf-01".parse().unwrap(),
                ports: vec!["swp1".parse().unwrap()],
                outcome: Outcome::Done,
                answers: vec!["{\"count\":1}".into()],
            }],
            error: None,
            duration_ms: 12,
        }
        .into(),
        Refused {
            who: "mallory".into(),
            request_id: "req-x".into(),
            verb: Verb::Attach,
            ports: vec![at("leaf-01", "swp49")],
            rule: Some("uplinks".into()),
            reason: "port `swp49` is protected by `uplinks`".into(),
        }
        .into(),
        begin("c2", "ironic", "swp2"),
        Denied {
            listener: "http://127.0.0.1:8191".into(),
            peer: "192.0.2.77".into(),
            scheme: Some("digest".into()),
            users: vec!["admin\u{1b}[2J".into(), "root".into()],
            reason: "unknown user".into(),
            times: 312,
        }
        .into(),
    ];
    runtime.block_on(async {
        for entry in entries {
            let entry: Entry = entry;
            log.append(entry).await.unwrap();
        }
    });
    (folder, path)
}

/// The output without times and hashes, which differ from run to run.
fn steady(text: &str) -> String {
    text.split_inclusive([' ', '\n'])
        .map(|piece| {
            let word = piece.trim_end();
            let hash = word.len() == 64 && word.chars().all(|c| c.is_ascii_hexdigit());
            let stands_for = match word.len() {
                64 if hash => "HASH",
                10 if word.starts_with("20") => "DATE",
                13 if word.ends_with('Z') => "TIME",
                _ => word,
            };
            piece.replace(word, stands_for)
        })
        .collect()
}

#[test]
fn records_say_when_who_what_why_and_how() {
    let (_folder, path) = log();
    let (code, out, err) = run(&mut mercury(&format!("audit show {}", path.display())));
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(steady(&out), @r#"
    #1 DATE TIME start of version 0.1.0, process 7
      listens http://127.0.0.1:8191
    #2 DATE TIME attach by ironic
      ports   leaf-01 swp1
      for     alice
      why     node 42 to its tenant
      server  node-42
      wanted  {"vlan":100}
      request req-c1
      change  c1
      sends   leaf-01: set Port swp1 tag=100
    #3 DATE TIME done and verified after 12 ms
      change  c1
      leg     leaf-01 swp1: done and verified
      answer  {"count":1}
    #4 DATE TIME refused: attach by mallory
      ports   leaf-01 swp49
      rule    uplinks
      reason  port `swp49` is protected by `uplinks`
      request req-x
    #5 DATE TIME attach by ironic
      ports   leaf-01 swp2
      for     alice
      why     node 42 to its tenant
      server  node-42
      wanted  {"vlan":100}
      request req-c2
      change  c2
      sends   leaf-01: set Port swp2 tag=100
    #6 DATE TIME not let in: 192.0.2.77 by digest, 312 times
      at      http://127.0.0.1:8191
      as      admin\u{1b}[2J, root
      reason  unknown user
    "#);
}

#[test]
fn records_are_found_by_what_they_are_about() {
    let (_folder, path) = log();
    for (filter, want) in [
        ("", vec![1_u64, 2, 3, 4, 5, 6]),
        ("--port swp1", vec![2, 3]),
        ("--switch leaf-01 --port swp49", vec![4]),
        ("--switch leaf-02", vec![]),
        ("--caller ironic", vec![2, 3, 5]),
        ("--request-id req-c1", vec![2, 3]),
        ("--kind refused", vec![4]),
        ("--kind denied", vec![6]),
        ("--caller root", vec![6]),
        ("--since 1h --kind end", vec![3]),
        ("--until 2020-01-01", vec![]),
        ("--last 2", vec![5, 6]),
        ("--caller ironic --last 1", vec![5]),
    ] {
        let words = format!("audit show {} --json {filter}", path.display());
        let (code, out, _) = run(&mut mercury(&words));
        let got: Vec<u64> = out
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap())
            .collect();
        assert_eq!((code, got), (0, want), "{filter}");
    }
}

#[test]
fn an_intact_log_is_0_and_lists_what_is_open() {
    let (_folder, path) = log();
    let (code, out, err) = run(&mut mercury(&format!("audit verify {}", path.display())));
    assert_eq!((code, err.as_str()), (0, ""));
    insta::assert_snapshot!(steady(&out), @r"
    intact: 6 records in 1 file
      first #1 DATE TIME HASH
      last  #6 DATE TIME HASH

    open: 1 change in doubt
     SINCE                      WHO      VERB     PORTS          REQUEST   CHANGE   WHY
    ────────────────────────────────────────────────────────────────────────────────────────────────────
     DATE TIME   ironic   attach   leaf-01 swp2   req-c2    c2       the service stopped
    ");

    let (code, out, _) = run(&mut mercury(&format!("audit verify --json {}", path.display())));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0);
    assert_eq!((&answer["intact"], &answer["records"]), (&json!(true), &json!(6)));
    assert_eq!(answer["open"][0]["change"], "c2");
}

#[test]
fn a_changed_record_is_10_with_its_place_and_nothing_behind_it_is_shown() {
    let (_folder, path) = log();
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("mallory", "somebody")).unwrap();
    let (code, out, err) = run(&mut mercury(&format!("audit verify {}", path.display())));
    assert_eq!((code, out.as_str()), (10, ""));
    let place = format!("error: the audit log is not intact: `{}` line 4: ", path.display());
    assert!(err.starts_with(&place), "{err}");

    let (code, out, _) = run(&mut mercury(&format!("audit show --json {}", path.display())));
    assert_eq!((code, out.lines().count()), (10, 3));
}

#[test]
fn a_log_that_is_not_there_is_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let (code, _, err) = run(&mut mercury(&format!("audit show {}", path.display())));
    assert_eq!(code, 1);
    assert_eq!(err, format!("error: there is no audit log `{}`\n", path.display()));
}
