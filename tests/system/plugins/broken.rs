//! A broken plugin is its own switch's trouble: the switch beside it is served meanwhile.

use std::time::{Duration, Instant};

use rpc::{client::CallError, method::Method};
use serde_json::Value;
use system_tests::{Daemon, Setup, attach};

use super::{children, repository, runs};

/// What becomes of a change of the broken switch: it is carried out all the same, or a text is told.
/// `crash_apply` and `too_few_outcomes` have done it, which the next reading finds out.
const FAULTS: [(&str, Result<(), &str>); 15] = [
    ("silent", Err("the plugin's answer to `observe`")),
    ("too_long", Err("a line is longer than 4194304 bytes")),
    ("wrong_id", Err("has the id")),
    ("duplicate", Err("it broke the protocol")),
    ("stranger", Err("port `swp666` was not asked for")),
    ("wrong_vlan", Err("VLAN ID `5000`")),
    ("not_utf8", Err("is not UTF-8")),
    ("member_twice", Err("names the member `ports` twice")),
    ("memory_hog", Err("MemoryError")),
    ("lie_access", Err("instead of access 100")),
    ("crash_apply", Ok(())),
    ("too_few_outcomes", Ok(())),
    ("fork", Ok(())),
    ("ignores_sigterm", Ok(())),
    ("secret_on_stderr", Ok(())),
];

fn section(fault: &str, folder: &str) -> String {
    format!(
        "driver = \"plugin\"\ndetach = \"closed\"\noperation_timeout_ms = 2000\ncreate_vlans = true\n\
         [switch.broken.plugin]\ncommand = [\"{}\", \"{fault}\"]\nmemory_mb = 128\n\
         environment = {{ PYTHONPATH = \"{}\" }}\nstop_grace_ms = 300\n\
         settings = {{ file = \"{folder}/{fault}\" }}\n\
         secrets = {{ password = {{ command = [\"printf\", \"correct-horse-7\"] }} }}\n",
        repository("crates/drivers/tests/plugin/broken.py").display(),
        repository("python").display(),
    )
}

#[test]
fn a_broken_plugin_does_not_disturb_its_neighbour() {
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().display().to_string();
    for (fault, expected) in FAULTS {
        let setup = Setup::new()
            .without_fsync()
            .switch("healthy", "driver = \"noop\"\ndetach = \"closed\"")
            .switch("broken", &section(fault, &folder));
        let mut daemon = Daemon::start(&setup).unwrap();
        let client = daemon.client();
        let call = serde_json::from_value(attach(&[("broken", "p1")], 100)).unwrap();
        let trouble = daemon
            .runtime()
            .spawn(async move { client.call::<Value>(Method::AttachPort, &call).await });
        let start = Instant::now();
        let mut served = 0;
        while served < 20 || !trouble.is_finished() {
            let vlan = 100 + served % 100;
            let answer = daemon.call(Method::AttachPort, attach(&[("healthy", "p1")], vlan));
            assert_eq!(answer.unwrap()["outcome"], "applied", "{fault}");
            served += 1;
            assert!(start.elapsed() < Duration::from_secs(40), "{fault} is not done with");
        }
        let outcome = daemon.runtime().block_on(trouble).unwrap();
        let told = match &outcome {
            Ok(answer) => answer.to_string(),
            Err(CallError::Rpc(error)) => serde_json::to_string(error).unwrap(),
            Err(other) => other.to_string(),
        };
        assert_eq!(outcome.is_ok(), expected.is_ok(), "{fault}: {told}");
        assert!(expected.err().is_none_or(|text| told.contains(text)), "{fault}: {told}");
        assert!(
            !told.contains("correct-horse") && !daemon.log().contains("correct-horse"),
            "{fault}"
        );
        if fault == "secret_on_stderr" {
            assert!(daemon.log().contains("logging in with [redacted]"), "{}", daemon.log());
        }

        let left = children(daemon.pid());
        daemon.terminate().unwrap();
        assert!(!left.into_iter().any(runs), "{fault} left a process");
        switch::audit::verify([daemon.audit_file()]).unwrap();
    }
}

#[test]
fn a_plugin_that_does_not_start_refuses_the_configuration_and_a_reload_keeps_the_old_one() {
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().display().to_string();
    let healthy = "driver = \"noop\"\ndetach = \"closed\"";
    let setup = Setup::new().switch("healthy", healthy);
    for fault in ["crash_start", "garbage", "wrong_version", "unknown_member"] {
        let error = Daemon::start(&setup.clone().switch("broken", &section(fault, &folder)));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("switch `broken`: the plugin `"), "{fault}: {text}");
        assert!(text.contains("broken.py` does not start: it "), "{fault}: {text}");
    }

    let mut daemon = Daemon::start(&setup.switch("broken", &section("well", &folder))).unwrap();
    let attached = daemon.call(Method::AttachPort, attach(&[("broken", "p1")], 100)).unwrap();
    assert_eq!(attached["outcome"], "applied");
    let plugin = children(daemon.pid());
    let path = daemon.directory().join("switchd.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let hangup = |daemon: &Daemon, word: &str| {
        let count = || daemon.log().matches(word).count();
        let before = count();
        let pid = daemon.pid().to_string();
        let sent = std::process::Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        assert!(sent.success());
        let by = Instant::now() + Duration::from_secs(20);
        while count() == before {
            assert!(Instant::now() < by, "{}", daemon.log());
            std::thread::yield_now();
        }
    };
    std::fs::write(&path, good.replace("\"well\"", "\"crash_start\"")).unwrap();
    hangup(&daemon, "is refused, and the old one stays in force");
    assert!(daemon.log().contains("cannot find the switch library"), "{}", daemon.log());
    std::fs::write(&path, good).unwrap();
    hangup(&daemon, "the new configuration is in force");
    assert_eq!(children(daemon.pid()), plugin, "a reload keeps the session of what did not change");
    daemon.call(Method::AttachPort, attach(&[("broken", "p1")], 200)).unwrap();
    daemon.terminate().unwrap();
}
