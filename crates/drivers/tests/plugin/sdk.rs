//! The SDK's own tests, with the Python of the system.

use std::process::Command;

use super::repository;

#[test]
fn the_python_sdk_passes_its_tests() {
    let output = Command::new("/usr/bin/python3")
        .args(["-B", "-m", "unittest", "discover", "-t", ".", "-s", "tests"])
        .current_dir(repository("python"))
        .env_clear()
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // No test at all would be a success, too.
    assert!(said.contains("Ran 1") && said.trim_end().ends_with("OK"), "{said}");
}
