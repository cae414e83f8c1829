mod full_disk;
mod integrity;
mod writing;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::policy::Verb;

const FAST: AuditOptions = AuditOptions { fsync: false, max_bytes: u64::MAX };

fn begin(change: &str) -> Begin {
    Begin {
        change: change.into(),
        who: "ironic".into(),
        request_id: format!("req-{change}"),
        user: Some("ann".into()),
        reason: Some("new \"server\"\n".into()),
        host: None,
        verb: Verb::Attach,
        ports: vec![port("leaf-01", "swp4")],
        lag: None,
        what: json!({"mode": "access", "vlan": 100}),
        operations: vec![SentOperation {
            switch: "leaf-01".parse().unwrap(),
            text: "swp4: access 100".into(),
        }],
    }
}

fn end(change: &str, outcome: Outcome) -> End {
    End {
        change: change.into(),
        outcome,
        legs: vec![Leg {
            switch: "leaf-01".parse().unwrap(),
            ports: vec!["swp4".parse().unwrap()],
            outcome,
            answers: vec!["{\"count\":1}".into()],
        }],
        error: None,
        duration_ms: 12,
    }
}

fn refused(who: &str) -> Refused {
    Refused {
        who: who.into(),
        request_id: "req-no".into(),
        verb: Verb::Detach,
        ports: vec![port("leaf-02", "swp9")],
        rule: Some("rack-12".into()),
        reason: "VLAN 300 is not in rule `rack-12` (allowed: 100-199)".into(),
    }
}

fn port(switch: &str, port: &str) -> model::SwitchPort {
    model::SwitchPort { switch: switch.parse().unwrap(), port: port.parse().unwrap() }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("audit.jsonl");
    (folder, path)
}

fn open(path: &Path) -> (AuditLog, Vec<InDoubt>) {
    AuditLog::open(path, FAST).unwrap()
}

/// A log of six records: two changes, one of them open, a refusal, a save, a start.
async fn example(path: &Path) {
    let (log, _) = open(path);
    let start = Start { version: "0.1.0".into(), pid: 4711, listeners: vec!["127.0.0.1:0".into()] };
    let saved = Saved { switch: "leaf-01".parse().unwrap(), outcome: Outcome::Done, error: None };
    log.append(start).await.unwrap();
    log.append(begin("a")).await.unwrap();
    log.append(end("a", Outcome::Done)).await.unwrap();
    log.append(refused("bob")).await.unwrap();
    log.append(saved).await.unwrap();
    log.append(begin("b")).await.unwrap();
}

fn changes(open: &[InDoubt]) -> Vec<&str> {
    open.iter().map(|change| change.change.as_str()).collect()
}

fn check(path: &Path) -> Result<Summary, AuditError> {
    verify(files(path).unwrap())
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_book_shows_the_verifier_as_it_is() {
    let book = include_str!("../../../../docs/src/audit.md");
    assert!(book.contains(include_str!("verify.py").trim_end()));
}
