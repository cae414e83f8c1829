//! `mercury fabric run` as a process of its own, with OpenSSH as its client.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use super::{mercury, run};

fn make_key(folder: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(folder.join("id"))
        .status()
        .unwrap();
    assert!(made.success());
}

#[test]
fn switches_of_a_file_run_until_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    make_key(folder.path());
    let file = folder.path().join("fabric.toml");
    let text = "[[switch]]\nname = \"leaf-01\"\nsystem = \"eos\"\nkeys = [\"id.pub\"]\n\
                configuration = [\"vlan 100\", \"name storage\"]\n\
                [[switch]]\nname = \"leaf-02\"\nsystem = \"os10\"\nkeys = [\"id.pub\"]\n";
    fs::write(&file, text).unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("mercury"))
        .args(["fabric", "run", "--json", "--file"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let switches = told["switches"].as_array().unwrap();
    assert_eq!(switches.len(), 2);
    let known = folder.path().join("known_hosts");
    let lines: Vec<&str> =
        switches.iter().map(|one| one["known_hosts"].as_str().unwrap()).collect();
    fs::write(&known, lines.join("\n") + "\n").unwrap();
    let shown = |index: usize, command: &str| {
        let port = switches[index]["port"].as_u64().unwrap().to_string();
        let output = Command::new("ssh")
            .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", known.display()))
            .arg("-i")
            .arg(folder.path().join("id"))
            .args(["-p", &port, "admin@127.0.0.1", command])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(shown(0, "show vlan 100").contains("100   storage"));
    assert!(shown(1, "show version").contains("SmartFabric OS10"));
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fabric.toml");
    fs::write(&file, "[[switch]]\nsystem = \"eos\"\nspeed = 9\n").unwrap();
    let (code, out, err) = run(&mut mercury(&format!("fabric run --file {}", file.display())));
    assert_eq!((code, out.as_str()), (10, ""));
    assert!(err.contains("speed"), "{err}");
    fs::write(&file, "[[switch]]\nsystem = \"vrp\"\n").unwrap();
    let (code, _, err) = run(&mut mercury(&format!("fabric run --file {}", file.display())));
    assert_eq!(code, 10);
    assert_eq!(
        err,
        "error: there is no simulated system `vrp`\n\
         hint: known are eos, nxos, ios, os10, sonic, nvue, junos\n"
    );
    let (code, _, err) = run(&mut mercury("fabric run --system eos"));
    assert_eq!(code, 2);
    assert!(err.starts_with("error: nobody can log in to `leaf-01`\nhint: "), "{err}");
    let (code, _, err) = run(&mut mercury("fabric run"));
    assert!(code == 2 && err.contains("--system"), "{err}");
}
