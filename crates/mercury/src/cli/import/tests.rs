//! What holds for every input.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};

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

const OPTIONS: [&str; 26] = [
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
    "auth_strategy",
    "host_ip",
    "port",
    "use_ssl",
    "cert_file",
    "unix_socket",
    "idle_network",
    "switch_config_file",
    "no_such_option",
];

const VALUES: [&str; 12] = [
    "",
    "10.0.0.1",
    "netmiko_ovs_linux",
    "netmiko_cisco_ios",
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
    let section = (select(&TITLES[..]), prop::collection::vec(entry, 0..6))
        .prop_map(|(title, entries)| format!("[{title}]\n{}", entries.concat()));
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
