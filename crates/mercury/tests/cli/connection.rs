//! Connections: which service is meant, as whom, and what is said when it does not listen.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    mercury, run,
    service::{NOOP, Service},
};

/// A client's configuration.
struct Client(TempDir);

impl Client {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let client = Self(folder);
        client.write("client.toml", text, 0o600);
        client
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn run(&self, words: &str) -> Command {
        let mut command = mercury(words);
        command.env("MERCURY_CLIENT_CONFIG", self.0.path().join("client.toml"));
        command
    }
}

#[test]
fn a_profile_says_where_and_as_whom() {
    let service = Service::start(NOOP);
    let tcp = service.tcp();
    let text = format!(
        "default = \"lab\"\n[profile.lab]\nurl = \"{tcp}\"\nuser = \"ops\"\n\
         password_file = \"ops.password\"\n[profile.spare]\nurl = \"http://127.0.0.1:1\"\n"
    );
    let client = Client::new(&text);
    client.write("ops.password", "s3cret\n", 0o600);
    let (code, out, err) = run(&mut client.run("switch list"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let (code, out, err) = run(client.run("switch list").env("MERCURY_PASSWORD", "hunter2"));
    assert_eq!((code, out.as_str()), (3, ""));
    let want = "answered HTTP 401 to user `ops` by HTTP Basic (user from profile `lab`, password \
                from MERCURY_PASSWORD)";
    assert!(err.contains(want) && !err.contains("hunter2"), "{err}");
    assert!(err.contains("`mercury connection show` says what is used and why"), "{err}");
    let (code, _, err) = run(&mut client.run("switch list --profile lab --url http://127.0.0.1:1"));
    assert!(code == 2 && err.contains("goes to no other address"), "{err}");
    let (code, _, err) = run(&mut client.run("switch list --profile spare --retries 0"));
    assert!(code == 6 && err.contains("http://127.0.0.1:1"), "{err}");

    let (code, out, _) = run(&mut client.run("connection list"));
    // The ports of services differ in length, and with them the columns.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = out.lines().map(words).collect();
    let lab = format!("lab {tcp} ops default");
    assert_eq!(code, 0);
    assert_eq!(
        [&lines[0], &lines[2], &lines[3]],
        ["PROFILE ADDRESS USER", &lab, "spare http://127.0.0.1:1"]
    );
    let (code, out, _) = run(client
        .run("connection show --json")
        .env("MERCURY_USER", "bob")
        .env("MERCURY_PASSWORD", "hunter2"));
    let shown: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &shown["user"]["value"]), (0, &Value::from("bob")));
    assert_eq!(shown["user"]["from"], "MERCURY_USER");
    assert_eq!(shown["url"]["from"], "profile `lab`");
    assert!(!out.contains("hunter2"), "{out}");
}

#[test]
fn a_secret_that_others_can_read_and_a_key_that_nobody_knows_are_refused() {
    let client = Client::new("[profile.lab]\npassword = \"hunter2\"\n");
    client.write("client.toml", "[profile.lab]\npassword = \"hunter2\"\n", 0o644);
    let (code, out, err) = run(&mut client.run("connection list"));
    assert_eq!((code, out.as_str()), (10, ""));
    let want =
        "`profile.lab.password` stands in a file that can be read by others\nhint: chmod 600";
    let plain = err.replace("       ", "");
    assert!(plain.contains(want) && !err.contains("hunter2"), "{err}");
    client.write("client.toml", "[profile.lab]\nusr = \"hunter2\"\n", 0o600);
    let (code, _, err) = run(&mut client.run("switch list"));
    assert!(code == 10 && err.contains("`profile.lab.usr` is unknown"), "{err}");
    assert!(err.contains("hint: a profile has `url`, `user`") && !err.contains("hunter2"), "{err}");
}

#[test]
fn without_a_configuration_the_client_says_where_it_would_be() {
    let (code, out, err) = run(mercury("connection list").env("HOME", "/nonexistent"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "the client has no configuration; see `mercury connection --help`\n");
    let (code, out, _) = run(mercury("connection show").env("HOME", "/nonexistent"));
    assert_eq!(code, 0);
    insta::assert_snapshot!(out, @r"
               VALUE                   FROM
    ───────────────────────────────────────────────
     url       http://127.0.0.1:8191   the default
     auth      none
     retries   2
    ");
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_before_anything_is_sent() {
    let client = Client::new("");
    let (code, _, err) = run(&mut client.run("switch list --url https://x --cacert /nowhere.pem"));
    assert_eq!(code, 2);
    assert!(
        err.starts_with("error: cannot use the credentials: cannot read `/nowhere.pem`: "),
        "{err}"
    );
    let (code, _, err) = run(&mut client.run("switch list --cert c.pem"));
    assert!(code == 2 && err.contains("needs an address that begins `https://`"), "{err}");
}
