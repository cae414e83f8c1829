//! Ironic's own client library, in a process of its own.

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use system_tests::peer::{Door, helper, python};

/// Lets the library make calls, as many as wanted at each door; what it made of each answer.
pub(crate) fn client(jobs: &[(&Door, &Value)]) -> Vec<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let request: Value = jobs
        .iter()
        .enumerate()
        .map(|(index, (door, calls))| {
            let configuration = folder.path().join(format!("{index}.conf"));
            let text = format!("[DEFAULT]\nrpc_transport = json-rpc\n{}", door.section());
            fs::write(&configuration, text).unwrap();
            json!([configuration, calls])
        })
        .collect();
    let mut child = Command::new(python().unwrap())
        .arg(helper("client.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let outcomes: Vec<Vec<Value>> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(outcomes.len(), jobs.len());
    outcomes
}
