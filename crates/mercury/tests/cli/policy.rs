//! `mercury policy check`.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{mercury, run};

const POLICY: &str = r#"
version = 1

[[protected]]
name = "uplinks"
switches = ["leaf-*"]
ports = ["swp[49-52]"]
reason = "inter-switch links"

[[rule]]
name = "rack-12"
callers = ["ironic"]
verbs = ["attach", "detach", "read"]
switches = ["leaf-0[1-2]"]
ports = ["swp[1-52]"]
vlans = "100-199"
"#;

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Runs `policy check` on the policy above with these words after the file.
fn check(words: &str) -> (i32, String, String) {
    let policy = file(POLICY);
    run(&mut mercury(&format!("policy check {} {words}", policy.path().display())))
}

#[test]
fn a_valid_file_is_0() {
    let (code, out, err) = check("");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "valid: 1 rule, 1 protected entry\n");
}

#[test]
fn an_invalid_file_is_10_with_every_place() {
    let policy = file("version = 1\n[[rule]]\nname = \"a\"\nvlans = \"0-9\"\nvlan = 3\n");
    let path = policy.path().display().to_string();
    let (code, out, err) = run(&mut mercury(&format!("policy check {path}")));
    assert_eq!((code, out.as_str()), (10, ""));
    assert!(err.contains(&format!("{path}:4:9: ")), "{err}");
    assert!(err.contains(&format!("{path}:5:1: ")), "{err}");
    assert!(err.ends_with("so nothing of it is in force\n"), "{err}");

    let (code, out, err) = run(&mut mercury(&format!("policy check {path} --json")));
    assert_eq!((code, err.as_str()), (10, ""));
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["problems"][0]["line"], 2, "{answer}");
}

#[test]
fn a_request_is_allowed_or_refused_port_by_port() {
    let (code, out, _) =
        check("--caller ironic --verb attach --switch leaf-01 --port swp1 --vlan 100-101");
    assert_eq!(code, 0);
    assert!(out.contains(" leaf-01:swp1   allowed    rack-12"), "{out}");

    let (code, out, _) =
        check("--caller ironic --verb attach --switch leaf-01 --port swp1 --port swp49 --vlan 300");
    assert_eq!(code, 3);
    assert!(out.contains("VLAN 300 is not in rule `rack-12` (allowed: 100-199)"), "{out}");
    assert!(out.contains("protected by `uplinks` (inter-switch links)"), "{out}");
}

#[test]
fn a_call_in_a_file_is_decided_as_the_service_would() {
    let call = json!({"method": "attach_port", "params": {"context": {
        "mode": "trunk", "native_vlan": 100, "allowed_vlans": "150,200",
        "binding_profile": {"local_link_information": [
            {"switch_info": "leaf-02", "port_id": "swp7"},
        ]},
    }}});
    let call = file(&call.to_string());
    let words = format!("--caller ironic --json --request {}", call.path().display());
    let (code, out, _) = check(&words);
    assert_eq!(code, 3);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        answer["decisions"],
        json!([{"about": "leaf-02:swp7", "allowed": false, "rule": "rack-12",
                "reason": "VLAN 200 is not in rule `rack-12` (allowed: 100-199)"}])
    );
}

#[test]
fn half_a_question_is_a_usage_error() {
    for words in
        ["--caller ironic", "--verb attach", "--caller ironic --verb attach", "--port swp1"]
    {
        assert_eq!(check(words).0, 2, "{words}");
    }
    let (code, _, err) = run(&mut mercury("policy check /nonexistent/policy.toml"));
    assert_eq!(code, 1);
    assert!(err.starts_with("error: cannot read `/nonexistent/policy.toml`\n"), "{err}");
}
