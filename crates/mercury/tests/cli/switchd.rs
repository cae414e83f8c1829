//! `mercury switchd` as a process of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use super::{mercury, run, service};

#[test]
fn the_service_says_when_it_is_ready_and_stops_when_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = service::write(folder.path(), service::NOOP);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("mercury"))
        .arg("switchd")
        .env_clear()
        .env("MERCURY_SWITCHD_CONFIG", &config)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let ready = log.by_ref().map(Result::unwrap).find(|line| line.contains("ready"));
    assert!(ready.is_some_and(|line| line.contains("http://127.0.0.1:")));

    let socket = folder.path().join("switchd.sock");
    let url = format!("unix:{}", socket.display());
    let (code, out, _) = run(&mut mercury(&format!("switch list --url {url}")));
    assert!(code == 0 && out.contains("leaf-02"), "{out}");

    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let config = service::write(folder.path(), "driver = \"noop\"\nspeed = 9");
    let words = format!("switchd --config {}", config.display());
    let (code, _, err) = run(&mut mercury(&words));
    assert_eq!(code, 10);
    assert!(err.contains("switch.leaf-02") && err.contains("speed"), "{err}");

    let text = fs::read_to_string(&config).unwrap().replace("speed = 9", "");
    fs::write(&config, text).unwrap();
    fs::write(folder.path().join("policy.toml"), "version = 3").unwrap();
    let (code, _, err) = run(&mut mercury(&words));
    assert_eq!(code, 10);
    assert!(err.starts_with("error: ") && err.contains("policy.toml"), "{err}");
}
