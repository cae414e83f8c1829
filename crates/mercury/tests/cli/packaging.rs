//! What a package installs beside the program, judged by the programs that read it.

use std::{fs, process::Command};

use crate::{mercury, run};

const UNIT: &str = include_str!("../../../../packaging/systemd/mercury-switchd.service");

/// systemd's own scale from 0 to 100, of which a service without any restriction has 96.
const EXPOSURE: &str = "20";

/// Runs `systemd-analyze` on the unit as installed, with the program where the tests have it.
fn analyze(words: &[&str], unit: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mercury-switchd.service");
    fs::write(&path, unit.replace("/usr/bin/mercury", env!("CARGO_BIN_EXE_mercury"))).unwrap();
    let output = Command::new("systemd-analyze").args(words).arg(&path).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn systemd_takes_the_unit_without_a_word() {
    let (taken, said) = analyze(&["verify", "--man=no"], UNIT);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("mercury-switchd")).collect();
    assert!(taken && ours.is_empty(), "{said}");

    let broken = UNIT.replace("ProtectHome=yes", "Protect_Home=yes");
    let (_, said) = analyze(&["verify", "--man=no"], &broken);
    assert!(said.contains("Protect_Home"), "{said}");
}

#[test]
fn the_unit_gives_the_service_hardly_anything() {
    let words = ["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE];
    let (held, said) = analyze(&words, UNIT);
    assert!(held, "{said}");

    let open = UNIT.replace("CapabilityBoundingSet=\n", "").replace("ProtectSystem=strict\n", "");
    let (held, said) = analyze(&words, &open);
    assert!(!held, "{said}");
}

#[test]
fn the_unit_starts_the_service_where_the_user_and_the_documentation_expect_it() {
    let sysusers = include_str!("../../../../packaging/systemd/sysusers.conf");
    let user = UNIT.lines().find_map(|line| line.strip_prefix("User=")).unwrap();
    assert!(sysusers.contains(&format!("\nu {user} ")), "{sysusers}");
    let start = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let (program, configuration) = start.split_once(" switchd --config ").unwrap();
    assert_eq!(program, "/usr/bin/mercury");
    let (_, help, _) = run(&mut mercury("switchd --help"));
    assert!(help.contains(&format!("[default: {configuration}]")), "{help}");
}
