//! Logins that must not come about: another host, another key, another password.

use std::fs;

use lab::Lab;
use rpc::method::Method;
use system_tests::{Daemon, Setup, attach};

use super::{PORT, daemon, data, lab, tag};
use crate::two::ssh_section;

const PASSWORD: &str = "correct-horse-battery";

/// Asks for a change, which fails; gives what was said, after looking for secrets in it.
fn refused(lab: &Lab, daemon: &Daemon, secret: &str) -> String {
    let error = data(&daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap_err());
    assert_eq!(error["class"], "unreachable", "{error}");
    assert_eq!(tag(lab, "swp1"), 4094);
    let audit = fs::read_to_string(daemon.audit_file()).unwrap();
    for told in [&error.to_string(), &daemon.log(), &audit] {
        assert!(!told.contains(secret), "{told}");
    }
    error["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_host_that_has_become_another_is_not_spoken_to() {
    let lab = lab();
    let ssh = lab.ssh("leaf-01").unwrap();
    let daemon = daemon(&lab);
    daemon.call(Method::ReadPort, system_tests::detach(&PORT)).unwrap();
    let known = ssh.fingerprint().unwrap();
    ssh.change_host_key().unwrap();
    ssh.restart().unwrap();
    let shown = ssh.fingerprint().unwrap();
    assert_ne!(shown, known);
    let text = refused(&lab, &daemon, "PRIVATE KEY");
    let said =
        format!("shows the host key {shown}, and not the pinned {known}: it is another host");
    assert!(text.contains(&said), "{text}");
}

#[test]
fn a_key_that_is_not_let_in_is_named_and_not_shown() {
    let lab = lab();
    let ssh = lab.ssh("leaf-01").unwrap();
    // The host's own key is a good key, and nobody's.
    let other = fs::read_to_string(lab.directory().join("leaf-01/ssh_host_key")).unwrap();
    let section = ssh_section(ssh, "leaf-01", "key = { file = \"other_key\" }", "");
    let setup = Setup::new().switch("leaf-01", &section).file("other_key", &other);
    let daemon = Daemon::start(&setup).unwrap();
    let body = other.lines().nth(1).unwrap();
    let text = refused(&lab, &daemon, body);
    assert!(text.contains("the login of `root` at") && text.contains("(tried: "), "{text}");
    assert!(text.contains("hint: check the user and the credentials; it takes "), "{text}");
    // Not again at once, lest the account be locked.
    let text = refused(&lab, &daemon, body);
    assert!(text.contains("is tried again in"), "{text}");
}

#[test]
fn a_password_that_is_wrong_is_not_shown() {
    let lab = lab();
    let ssh = lab.ssh("leaf-01").unwrap();
    let section = ssh_section(ssh, "leaf-01", "password = { file = \"password\" }", "");
    let setup = Setup::new().switch("leaf-01", &section).file("password", PASSWORD);
    let daemon = Daemon::start(&setup).unwrap();
    let text = refused(&lab, &daemon, PASSWORD);
    assert!(text.contains("the login of `root` at"), "{text}");
    assert!(text.contains("(tried: password"), "{text}");
}
