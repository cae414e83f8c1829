//! What holds for every input.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use rstest::rstest;

use super::{Import, Problem, emit, ini::Document, ironic, ngs, row::Input};

const TITLES: [&str; 9] = [
    "switch:tor-a",
    "switch:tor-b",
    "tor-c",
    "genericswitch:tor-a",
    "genericswitch:tor-d",
    "ironic_networking",
    "ironic_networking_json_rpc",
    "DEFAULT",
    "database",
];

const OPTIONS: [&str; 33] = [
    "driver_type",
    "device_type",
    "address",
    "ip",
    "username",
    "password",
    "mac_address",
    "persist",
    "allowed_vlans",
    "native_vlan",
    "ngs_mac_address",
    "ngs_port_default_vlan",
    "ngs_physical_networks",
    "ngs_trunk_ports",
    "ngs_allowed_vlans",
    "ngs_allowed_ports",
    "ngs_manage_vlans",
    "ngs_ovs_bridge",
    "auth_strategy",
    "host_ip",
    "port",
    "use_ssl",
    "cert_file",
    "unix_socket",
    "idle_network",
    "switch_config_file",
    "key_file",
    "passphrase",
    "secret",
    "alt_key_file",
    "alt_host_keys",
    "ngs_bgp_asn",
    "no_such_option",
];

const VALUES: [&str; 14] = [
    "",
    "10.0.0.1",
    "netmiko_ovs_linux",
    "netmiko_cisco_ios",
    "netmiko_arista_eos",
    "netconf_openconfig",
    "noop",
    "100-110",
    "300",
    "true",
    "http_basic",
    "access/native_vlan=10",
    "52:54:00:00:00:01",
    "a \"quoted\" # value\n  [switch.evil]",
];

fn texts() -> impl Strategy<Value = String> {
    let entry = (select(&OPTIONS[..]), select(&VALUES[..]))
        .prop_map(|(option, value)| format!("{option} = {value}\n"));
    // A switch without these ends the import, so most have them.
    let whole = "ip = 10.0.0.1\naddress = 10.0.0.1\nusername = x\n";
    let begin = prop_oneof![3 => Just(whole), 1 => Just("")];
    let section = (select(&TITLES[..]), begin, prop::collection::vec(entry, 0..6))
        .prop_map(|(title, begin, entries)| format!("[{title}]\n{begin}{}", entries.concat()));
    prop::collection::vec(section, 0..6).prop_map(|sections| sections.concat())
}

proptest! {
    #[test]
    fn every_option_is_in_exactly_one_row(text in texts(), more in texts()) {
        let inputs: Vec<Input> = [("a.ini", &text), ("b.conf", &more)]
            .map(|(name, text)| Input {
                name: name.to_owned(),
                document: Document::parse(text).unwrap(),
            })
            .into();
        let want: BTreeSet<(String, usize)> = inputs
            .iter()
            .flat_map(|input| {
                input.document.entries.iter().map(|entry| (input.name.clone(), entry.line))
            })
            .collect();
        for import in [ironic::import, ngs::import] {
            let Ok(import): Result<Import, Problem> = import(&inputs) else { continue };
            let rows: Vec<_> = import.rows.iter().map(|row| (row.file.clone(), row.line)).collect();
            prop_assert_eq!(rows.len(), want.len());
            prop_assert_eq!(&rows.into_iter().collect::<BTreeSet<_>>(), &want);
            // Whatever the values are, what is written is TOML with the switches that were meant.
            let written: toml::Table = emit::configuration(&import, "x", None).parse().unwrap();
            let managed = import.switches.iter().filter(|draft| draft.device.driver().is_some());
            let managed: BTreeSet<_> = managed.map(|draft| draft.name.to_string()).collect();
            let sections = written.get("switch").and_then(toml::Value::as_table);
            let sections: BTreeSet<_> = sections.into_iter().flatten().map(|(name, _)| name.clone()).collect();
            prop_assert_eq!(sections, managed);
            let _: toml::Table = emit::policy(&import).parse().unwrap();
        }
    }
}

fn input(name: &str, text: &str) -> Input {
    Input { name: name.to_owned(), document: Document::parse(text).unwrap() }
}

/// The listener that these lines of Ironic's own section become, and how many notes are made.
fn listener(lines: &str) -> (String, usize) {
    let text = format!("[ironic_networking_json_rpc]\n{}\n", lines.replace("; ", "\n"));
    let import = ironic::import(&[input("ironic.conf", &text)]).unwrap();
    let text = emit::configuration(&import, "x", None);
    let (_, listener) = text.split_once("[[listen]]\n").unwrap();
    let lines: Vec<&str> = listener.lines().filter(|line| !line.starts_with('#')).collect();
    // One note is always there: no switch was imported.
    (lines.join(" ").replace("methods = \"ironic\" ", ""), import.notes.len() - 1)
}

#[rstest]
// Everybody let in stays on this machine.
#[case("auth_strategy = noauth", r#"address = "127.0.0.1:8089" auth = "none""#, 1)]
#[case(
    "auth_strategy = noauth; host_ip = 127.0.0.1; port = 6190",
    r#"address = "127.0.0.1:6190" auth = "none""#,
    0
)]
#[case(
    "auth_strategy = noauth; host_ip = localhost",
    r#"address = "127.0.0.1:8089" auth = "none""#,
    0
)]
#[case(
    "auth_strategy = noauth; host_ip = 192.0.2.1",
    r#"address = "127.0.0.1:8089" auth = "none""#,
    1
)]
// Keystone is Ironic's default.
#[case("", r#"address = "127.0.0.1:8089" auth = "none""#, 2)]
#[case("auth_strategy = http_basic", r#"address = "[::]:8089" auth = "basic" htpasswd = "/etc/ironic/htpasswd-json-rpc" plaintext = true"#, 1)]
#[case(
    "auth_strategy = http_basic; host_ip = switchd.example",
    r#"address = "127.0.0.1:8089" auth = "basic" htpasswd = "/etc/ironic/htpasswd-json-rpc""#,
    1
)]
#[case(
    "auth_strategy = noauth; auth_strategy = http_basic; host_ip = ::1; http_basic_auth_user_file = /h",
    r#"address = "[::1]:8089" auth = "basic" htpasswd = "/h""#,
    0
)]
#[case(
    "auth_strategy = noauth; unix_socket = /run/x; unix_socket_mode = 0o660",
    r#"address = "unix:/run/x" socket_mode = "0660" auth = "none""#,
    1
)]
#[case("auth_strategy = http_basic; host_ip = 192.0.2.1; use_ssl = true; cert_file = /c; key_file = /k; http_basic_auth_user_file = /h", r#"address = "192.0.2.1:8089" auth = "basic" htpasswd = "/h"  [listen.tls] certificate = "/c" key = { file = "/k" }"#, 0)]
#[case(
    "auth_strategy = http_basic; host_ip = 192.0.2.1; use_ssl = yes; http_basic_auth_user_file = /h",
    r#"address = "127.0.0.1:8089" auth = "basic" htpasswd = "/h""#,
    1
)]
fn listeners_let_nobody_in_who_was_not(
    #[case] lines: &str,
    #[case] want: &str,
    #[case] notes: usize,
) {
    assert_eq!(listener(lines), (want.to_owned(), notes));
}

/// The table that was observed on Ironic 39, through the whole import.
#[rstest]
#[case("", "", None)]
#[case("", "allowed_vlans =", None)]
#[case("", "allowed_vlans = 500-501", Some("500-501"))]
#[case("allowed_vlans =", "allowed_vlans =", None)]
#[case("allowed_vlans = 100-101", "", Some("100-101"))]
#[case("allowed_vlans = 100-101", "allowed_vlans =", Some("100-101"))]
#[case("allowed_vlans = 100-101", "allowed_vlans = 500-501", Some("500-501"))]
fn a_switch_allows_what_it_allowed(
    #[case] global: &str,
    #[case] switch: &str,
    #[case] want: Option<&str>,
) {
    let inputs = [
        input("switches.ini", &format!("[switch:a]\ndriver_type = noop\n{switch}\n")),
        input("ironic.conf", &format!("[ironic_networking]\n{global}\n")),
    ];
    let import = ironic::import(&inputs).unwrap();
    let written: toml::Table = emit::configuration(&import, "x", None).parse().unwrap();
    let got = written["switch"]["a"].get("allowed_vlans").and_then(toml::Value::as_str);
    assert_eq!(got, want);
}

#[test]
fn a_reset_to_the_idle_vlan_stays_allowed() {
    let inputs = [
        input("switches.ini", "[switch:a]\ndriver_type = noop\nallowed_vlans = 100-101\n"),
        input("ironic.conf", "[ironic_networking]\nidle_network = access/native_vlan=10\n"),
    ];
    let import = ironic::import(&inputs).unwrap();
    let written: toml::Table = emit::configuration(&import, "x", None).parse().unwrap();
    assert_eq!(written["switch"]["a"]["allowed_vlans"].as_str(), Some("10,100-101"));
    assert_eq!(import.rows[1].outcome, super::Outcome::Changed);
    let without = ironic::import(&inputs[..1]).unwrap();
    assert!(without.notes.iter().any(|note| note.starts_with("no `idle_network` was found")));
}
