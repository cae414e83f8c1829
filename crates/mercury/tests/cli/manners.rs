//! How the program behaves towards shells, pipes and scripts.

use std::{io::Write as _, process::Stdio};

use super::{mercury, run};

#[test]
fn help_teaches_by_examples_and_lists_the_exit_codes() {
    let (code, out, err) = run(&mut mercury("--help"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("mercury switch attach leaf-01:swp1 --vlan 100"), "{out}");
    assert!(out.contains("   7  a change failed and was not taken back everywhere"), "{out}");
    for command in ["switch attach", "switch plan", "switch verify", "policy check", "audit show"] {
        let (code, out, _) = run(&mut mercury(&format!("{command} --help")));
        assert_eq!(code, 0);
        assert!(out.contains(&format!("  mercury {command} ")), "{command}: {out}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_2() {
    for words in [
        "",
        "frobnicate",
        "switch attach leaf-01/swp1 --vlan 100",
        "switch attach leaf-01:swp1 --vlan 4095",
        "switch attach --vlan 100",
        "switch detach --from-file f leaf-01:swp1",
        "switch read",
        "switch apply",
        "switch list --timeout 11m",
        "switch list --url nonsense",
    ] {
        let (code, out, err) = run(&mut mercury(words));
        assert_eq!((code, out.as_str()), (2, ""), "{words}");
        assert!(!err.is_empty(), "{words}");
    }
}

#[test]
fn a_password_is_not_asked_for() {
    let (code, out, err) = run(&mut mercury("switch list --user ops"));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "error: there is no password for user `ops`\n\
         hint: set MERCURY_PASSWORD, or name a file with `--password-file`\n"
    );
}

#[test]
fn a_password_file_that_everybody_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"s3cret\n").unwrap();
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = file.path().display();
    let words = format!("switch list --user ops --password-file {path}");
    let (code, _, err) = run(&mut mercury(&words));
    assert_eq!(code, 2);
    assert_eq!(
        err,
        format!(
            "error: the password file `{path}` can be read by everybody\nhint: chmod 600 {path}\n"
        )
    );
}

#[test]
fn a_service_that_is_not_there_is_6() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}/none.sock", folder.path().display());
    let (code, out, err) = run(&mut mercury(&format!("switch list --url {socket}")));
    assert_eq!((code, out.as_str()), (6, ""));
    assert!(err.starts_with(&format!("error: cannot talk to the service at {socket}: ")), "{err}");
    assert!(err.ends_with("`--url` or MERCURY_URL names another address\n"), "{err}");

    let (code, out, err) = run(mercury("switch list --json").env("MERCURY_URL", &socket));
    assert_eq!((code, out.as_str()), (6, ""));
    let error: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert!(error["message"].as_str().unwrap().contains(&socket), "{error}");
    assert!(error["hint"].is_string() && error.get("code").is_none(), "{error}");
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let binary = assert_cmd::cargo::cargo_bin!("mercury");
    let child = std::process::Command::new(binary)
        .arg("openrpc")
        .env_clear()
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_openrpc_document_is_json_on_one_line() {
    let (code, out, _) = run(&mut mercury("openrpc"));
    assert_eq!((code, out.lines().count()), (0, 1));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document, rpc::openrpc::document());
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, out, _) = run(&mut mercury(&format!("completions {shell}")));
        assert_eq!(code, 0);
        assert!(out.contains("attach") && out.contains("physical-network"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page_with_its_examples_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let (code, out, _) = run(mercury("man").arg(&pages));
    assert_eq!(code, 0);
    assert!(out.starts_with(char::is_numeric), "{out}");
    let page = std::fs::read_to_string(pages.join("mercury-switch-attach.1")).unwrap();
    assert!(page.contains(".SH \"EXAMPLES AND NOTES\"\n.nf\n"), "{page}");
    assert!(page.contains("\n  mercury switch attach leaf\\-01:swp1 \\-\\-vlan 100"), "{page}");
    for name in ["mercury.1", "mercury-switchd.1", "mercury-audit-verify.1", "mercury-man.1"] {
        assert!(pages.join(name).is_file(), "{name}");
    }
}
