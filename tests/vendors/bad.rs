//! What a switch, whoever is on the way to it, or its configuration can get wrong, and what the
//! caller is then told. The ports stay as they were.

use std::{fs, process::Output};

use fabric::ssh::{Fault, Moment, Trigger};
use rpc::{client::CallError, method::Method};
use serde_json::Value;
use system_tests::{attach, detach};

use crate::{
    site::{PASSWORD, Site},
    vendor::{EOS, IOS, JUNOS, NVUE, NXOS, OS10, SONIC, Vendor},
};

/// The class and the message of a refusal.
fn refused(answer: Result<Value, CallError>) -> (String, String) {
    let CallError::Rpc(error) = answer.unwrap_err() else { panic!("no answer") };
    let data = serde_json::to_value(&error).unwrap();
    (data["data"]["class"].as_str().unwrap().to_owned(), error.message)
}

#[rstest::rstest]
fn a_port_that_is_not_there(#[values(EOS, NXOS, IOS, OS10, SONIC, NVUE, JUNOS)] vendor: Vendor) {
    let site = Site::new(vendor);
    let absent = site.port(40);
    let before = site.switch.running_config();
    let asked = attach(&[("leaf-01", &site.port(1)), ("leaf-01", &absent)], 100);
    let (class, message) = refused(site.daemon.call(Method::AttachPort, asked));
    assert_eq!(class, "not_found", "{message}");
    assert!(message.contains(&absent), "{message}");
    assert_eq!(site.switch.running_config(), before, "{}", site.said());
}

#[test]
fn a_host_key_that_is_another() {
    let site = Site::new(EOS);
    let port = site.port(1);
    let here = [("leaf-01", port.as_str())];
    let known = site.daemon.directory().join("known_hosts");
    let true_key = fs::read_to_string(&known).unwrap();
    let other = Site::new(EOS).switch.known_hosts_line();
    let (_, key) = other.split_once(' ').unwrap();
    let (name, _) = true_key.split_once(' ').unwrap();
    for (text, what) in [(format!("{name} {key}\n"), "is known by"), (String::new(), "not known")] {
        fs::write(&known, text).unwrap();
        let (class, message) = refused(site.daemon.call(Method::AttachPort, attach(&here, 100)));
        assert_eq!(class, "unreachable", "{message}");
        assert!(message.contains(what) && message.contains("SHA256:"), "{message}");
        assert!(!message.contains(PASSWORD) && !site.daemon.log().contains(PASSWORD));
    }
    assert!(site.switch.commands().is_empty(), "{}", site.said());
    fs::write(&known, true_key).unwrap();
    site.call(Method::AttachPort, attach(&here, 100));
}

#[test]
fn a_login_that_is_refused_is_not_tried_again_at_once() {
    let site = Site::new(IOS);
    let port = site.port(1);
    let here = [("leaf-01", port.as_str())];
    let file = site.daemon.directory().join("password");
    fs::write(&file, "another-secret").unwrap();
    let (class, message) = refused(site.daemon.call(Method::AttachPort, attach(&here, 100)));
    assert_eq!(class, "unreachable", "{message}");
    let (_, message) = refused(site.daemon.call(Method::AttachPort, attach(&here, 100)));
    assert!(message.contains("account is not locked"), "{message}");
    assert!(!message.contains("another-secret") && !site.daemon.log().contains("another-secret"));
    // Other credentials are tried at once.
    fs::write(&file, PASSWORD).unwrap();
    site.call(Method::AttachPort, attach(&here, 100));
    assert_eq!(site.carries(&port), "untagged 100");
}

#[rstest::rstest]
fn a_prompt_in_what_a_switch_greets_with(#[values(EOS, NXOS, IOS, OS10, JUNOS)] vendor: Vendor) {
    let greeting =
        "Authorised use only.\nleaf-01#\nThe prompt is leaf-01> or leaf-01# \nleaf-01>\n";
    let site = Site::with(
        vendor,
        |settings| settings.banner(greeting).motd(greeting),
        "operation_timeout_ms = 4000\n",
        "",
    );
    let port = site.port(1);
    for vlan in [100, 200] {
        site.call(Method::AttachPort, attach(&[("leaf-01", &port)], vlan));
        assert_eq!(site.carries(&port), format!("untagged {vlan}"));
    }
}

#[rstest::rstest]
fn a_new_password_is_for_a_person_to_give(#[values(EOS, IOS)] vendor: Vendor) {
    let site = Site::with(vendor, |settings| settings, "operation_timeout_ms = 4000\n", "");
    let port = site.port(1);
    let question = "You must change your password.\r\nEnter new password: ";
    let faults = site.switch.faults();
    faults.next(1, Trigger::Login, Fault::Question(question.to_owned()));
    let asked = attach(&[("leaf-01", &port)], 100);
    let (class, message) = refused(site.daemon.call(Method::AttachPort, asked));
    assert_eq!(class, "unreachable", "{message}");
    assert!(message.contains("password"), "{message}");
    assert!(site.switch.commands().iter().all(|command| command.line != PASSWORD));
}

#[rstest::rstest]
fn silence_after_a_commit(#[values(EOS, OS10, JUNOS)] vendor: Vendor) {
    let site = Site::with(vendor, |settings| settings, "operation_timeout_ms = 2000\n", "");
    let port = site.port(1);
    let here = [("leaf-01", port.as_str())];
    site.call(Method::AttachPort, attach(&here, 100));
    site.switch.forget();
    let commit = Trigger::matching("^commit").unwrap();
    site.switch.faults().next(1, commit, Fault::Hang(Moment::After));
    let answer = site.daemon.call(Method::AttachPort, attach(&here, 200));
    if answer.is_ok() {
        assert_eq!(site.carries(&port), "untagged 200");
    } else {
        let (class, message) = refused(answer);
        assert!(["timed_out", "undo_failed", "unreachable"].contains(&class.as_str()), "{message}");
    }
    assert!(site.ever(&[&port]).is_subset(&[100, 200].into()), "{}", site.said());
    site.call(Method::DetachPort, detach(&here));
}

/// `mercury config check` of the site's configuration with a profile of the operator's own.
fn checked(site: &Site, name: &str, text: &str) -> Output {
    let folder = site.daemon.directory().join("profiles");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    let file = site.daemon.directory().join("switchd.toml");
    let config = fs::read_to_string(&file).unwrap();
    if !config.contains("profiles =") {
        fs::write(&file, format!("profiles = \"profiles\"\n{config}")).unwrap();
    }
    site.daemon.mercury(&["config", "check", &file.display().to_string()]).unwrap()
}

#[test]
fn a_profile_with_a_mistake() {
    let site = Site::new(EOS);
    let shown = site.daemon.mercury(&["profile", "show", "arista-eos", "--toml"]).unwrap();
    let good = String::from_utf8(shown.stdout).unwrap();
    assert!(checked(&site, "arista-eos", &good).status.success());
    let bad_expression = good.replacen("match = '", "match = '(", 1);
    let lines = good.lines().filter(|line| !line.starts_with("commit = "));
    let without_commit: String = lines.map(|line| format!("{line}\n")).collect();
    for (text, what) in [(bad_expression, "match"), (without_commit, "configure.commit")] {
        let output = checked(&site, "arista-eos", &text);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("arista-eos.toml") && said.contains(what), "{said}");
    }
}
