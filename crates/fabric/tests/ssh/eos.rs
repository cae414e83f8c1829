//! Arista EOS.

use fabric::ssh::{Neighbour, PortView, Settings, SshSwitch, System, VlanSet};
use serde_json::{Value, json};

use super::client::{Desk, Shell};

struct Bench {
    switch: SshSwitch,
    shell: Shell,
    desk: Desk,
}

async fn bench_with(change: impl FnOnce(Settings) -> Settings) -> Bench {
    let desk = Desk::new();
    let settings = change(desk.settings().ports(8));
    let switch = SshSwitch::start(System::Eos, &settings).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01#").await;
    assert_eq!(shell.ask("terminal length 0").await.0, "Pagination disabled.\n");
    Bench { switch, shell, desk }
}

async fn bench() -> Bench {
    bench_with(|settings| settings).await
}

impl Bench {
    fn port(&self, name: &str) -> PortView {
        self.switch.port(name).unwrap()
    }

    async fn config(&mut self, lines: &[&str]) {
        self.shell.quiet("configure").await;
        self.shell.all_quiet(lines).await;
        self.shell.quiet("end").await;
    }

    async fn show(&mut self, line: &str) -> String {
        self.shell.ask(line).await.0
    }

    async fn json(&mut self, line: &str) -> Value {
        let text = self.show(&format!("{line} | json")).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
    }
}

fn seen(view: &PortView) -> (Option<u16>, String) {
    (view.untagged, view.tagged.to_string())
}

#[tokio::test]
async fn prompts_say_where_one_is() {
    let mut bench = bench().await;
    for (line, prompt) in [
        ("disable", "leaf-01>"),
        ("enable", "leaf-01#"),
        ("conf t", "leaf-01(config)#"),
        ("int et1", "leaf-01(config-if-Et1)#"),
        ("vlan 10,20", "leaf-01(config-vlan-10,20)#"),
        ("interface port-channel 10", "leaf-01(config-if-Po10)#"),
        ("interface vxlan1", "leaf-01(config-if-Vx1)#"),
        ("interface vlan 123", "leaf-01(config-if-Vl123)#"),
        ("interface Ethernet1-3,7", "leaf-01(config-if-Et1-3,7)#"),
        ("router bgp 65000", "leaf-01(config-router-bgp)#"),
        ("vlan 100", "leaf-01(config-macvrf-100)#"),
        ("exit", "leaf-01(config-router-bgp)#"),
        ("exit", "leaf-01(config)#"),
        ("exit", "leaf-01#"),
        ("configure session sess-2174--797967552-2", "leaf-01(config-s-sess-2)#"),
        ("interface Ethernet 5", "leaf-01(config-s-sess-2-if-Et5)#"),
        ("end", "leaf-01#"),
    ] {
        assert_eq!(bench.shell.ask(line).await, (String::new(), prompt.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn errors_and_notes_have_their_texts() {
    let mut bench = bench().await;
    bench.shell.quiet("configure").await;
    bench.shell.quiet("interface Ethernet1").await;
    for (line, answer) in [
        ("not switchport trunk allowed vlan 20-21", "% Invalid input\n"),
        ("switchport trunk", "% Incomplete command\n"),
        ("s", "% Ambiguous command\n"),
        ("switchport access vlan 4095", "% Invalid input\n"),
        ("interface Ethernet9", "% Invalid input\n"),
        ("switchport access vlan 20", "! Access VLAN does not exist. Creating vlan 20\n"),
        (
            "switchport trunk native vlan 1040",
            "! VLAN id 1040 not found in current VLAN configuration\n",
        ),
        ("no interface Ethernet1", "% Removal of physical interfaces is not permitted\n"),
        ("show vlan 123", "% VLAN 123 not found in current VLAN database\n"),
        ("show interfaces po7 switchport", "% Interface does not exist\n"),
        ("show lldp neighbors | json", "% This is an unconverted command\n"),
    ] {
        assert_eq!(bench.show(line).await, answer, "{line}");
    }
    let note = bench.show("spanning-tree portfast").await;
    assert!(
        note.starts_with("! portfast should only be enabled on ports connected to a single host.")
    );
    assert!(note.ends_with("Use with CAUTION.\n"), "{note}");
    let vlans = bench.json("show vlan").await;
    let ids: Vec<_> = vlans["vlans"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(ids, ["1", "20"]);
}

#[tokio::test]
async fn a_port_starts_open_in_vlan_1_and_hides_its_defaults() {
    let mut bench = bench().await;
    assert_eq!(seen(&bench.port("Ethernet1")), (Some(1), String::new()));
    assert_eq!(bench.show("show running-config interfaces et1").await, "interface Ethernet1\n");
    bench.config(&["vlan 10-12", "interface et1", "switchport mode trunk"]).await;
    assert_eq!(seen(&bench.port("et1")), (Some(1), "10-12".to_owned()));
    assert_eq!(bench.port("et1").permits.to_string(), "2-4094");
    bench.config(&["interface et1", "switchport trunk allowed vlan add 10"]).await;
    assert_eq!(bench.port("et1").permits.to_string(), "2-4094", "add on ALL changes nothing");
    bench.config(&["interface et1", "switchport trunk allowed vlan remove 100"]).await;
    let text = bench.show("show running-config interfaces Ethernet1").await;
    let expected = "interface Ethernet1\n   switchport trunk allowed vlan 1-99,101-4094\n   \
                    switchport mode trunk\n";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn the_list_is_kept_in_access_mode_so_that_no_port_is_ever_open() {
    let mut bench = bench().await;
    bench.config(&["vlan 10,20,30"]).await;
    bench.switch.forget();
    bench
        .config(&[
            "interface Ethernet1",
            "switchport trunk native vlan 10",
            "switchport trunk allowed vlan 10,20",
            "switchport mode trunk",
        ])
        .await;
    let expected = [VlanSet::from([1]), VlanSet::from([10, 20])];
    let seen: Vec<_> =
        bench.switch.history_of("et1").into_iter().map(|past| past.view.unwrap().vlans()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn native_vlans_are_untagged_only_if_listed() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10,20",
            "interface Ethernet1",
            "switchport mode trunk",
            "switchport trunk allowed vlan 20",
            "switchport trunk native vlan 10",
        ])
        .await;
    assert_eq!(seen(&bench.port("et1")), (None, "20".to_owned()));
    bench.config(&["interface et1", "switchport trunk allowed vlan add 10"]).await;
    assert_eq!(seen(&bench.port("et1")), (Some(10), "20".to_owned()));
    bench.config(&["interface et1", "switchport trunk native vlan tag"]).await;
    assert_eq!(seen(&bench.port("et1")).0, None);
}

#[tokio::test]
async fn neighbouring_vlans_are_one_line() {
    let mut bench = bench().await;
    bench.config(&["vlan 10", "vlan 11", "vlan 100", "name storage", "vlan 101"]).await;
    let text = bench.show("show running-config | section vlan").await;
    assert_eq!(text, "vlan 10-11\nvlan 100\n   name storage\nvlan 101\n");
    bench.config(&["vlan 12", "name your-name-is-way-too-long-for-the-table"]).await;
    let table = bench.show("show vlan 12").await;
    assert!(table.contains("your-name-is-way-too-long-for-th active"), "{table}");
}

#[tokio::test]
async fn switchport_is_shown_as_text_and_as_json() {
    let mut bench = bench().await;
    bench.config(&["vlan 13-14", "int et1", "switchport mode trunk", "sw tr all vl 13,14"]).await;
    let expected = "\
Name: Et1
Switchport: Enabled
Administrative Mode: trunk
Operational Mode: trunk
MAC Address Learning: enabled
Dot1q ethertype/TPID: 0x8100 (active)
Dot1q Vlan Tag Required (Administrative/Operational): No/No
Access Mode VLAN: 1 (default)
Trunking Native Mode VLAN: 1 (default)
Administrative Native VLAN tagging: disabled
Trunking VLANs Enabled: 13-14
Static Trunk Groups:
Dynamic Trunk Groups:
Source interface filtering: enabled
";
    assert_eq!(bench.show("show interfaces Ethernet1 switchport").await, expected);
    let shown = bench.json("show interfaces Ethernet2 switchport").await;
    let port = &shown["switchports"]["Ethernet2"];
    assert_eq!(port["enabled"], json!(true));
    assert_eq!(port["switchportInfo"]["mode"], json!("access"));
    assert_eq!(port["switchportInfo"]["accessVlanId"], json!(1));
    assert_eq!(port["switchportInfo"]["trunkAllowedVlans"], json!("ALL"));
    assert_eq!(port["switchportInfo"]["trunkingNativeVlanId"], json!(1));
}

#[tokio::test]
async fn a_lag_takes_its_members_out_of_service_and_gives_them_back() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "interface Port-Channel10",
            "switchport access vlan 10",
            "interface Ethernet1-2",
            "channel-group 10 mode active",
        ])
        .await;
    let lag = bench.port("Po10");
    assert_eq!((lag.untagged, lag.up, lag.members.len()), (Some(10), true, 2));
    let member = bench.port("Et1");
    assert_eq!(
        (member.lag.as_deref(), seen(&member)),
        (Some("Port-Channel10"), (None, String::new()))
    );
    bench.shell.quiet("configure").await;
    bench.shell.quiet("interface Ethernet3").await;
    let refused = bench.show("channel-group 10 mode on").await;
    assert_eq!(refused, "% Cannot change mode; remove all members and try again.\n");
    bench.shell.all_quiet(&["interface Ethernet1", "no channel-group", "end"]).await;
    assert_eq!(seen(&bench.port("Et1")), (Some(1), String::new()), "its own, empty configuration");
    let table = bench.show("show port-channel summary").await;
    assert!(table.contains("   Po10(U)            LACP(a)      Et2(PG+)\n"), "{table}");
}

#[tokio::test]
async fn without_a_partner_a_lag_falls_back_or_not() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "interface po10",
            "switchport access vlan 10",
            "interface et1-2",
            "channel-group 10 mode active",
        ])
        .await;
    for port in ["Ethernet1", "Ethernet2"] {
        bench.switch.plug(|world| world.cable_mut(port).lacp = false);
    }
    assert!(!bench.port("Po10").up);
    bench
        .config(&[
            "interface po10",
            "port-channel lacp fallback static",
            "port-channel lacp fallback timeout 30",
        ])
        .await;
    assert_eq!((bench.port("Po10").up, bench.port("Po10").untagged), (true, Some(10)));
    assert_eq!(bench.port("Po10").fallback.as_deref(), Some("static"));
    bench.config(&["interface po10", "port-channel lacp fallback individual"]).await;
    assert!(!bench.port("Po10").up);
    assert_eq!(seen(&bench.port("Et1")), (Some(1), String::new()), "by its own lines");
    let text = bench.show("show running-config interfaces Port-Channel10").await;
    let expected = "interface Port-Channel10\n   switchport access vlan 10\n   \
                    port-channel lacp fallback individual\n   port-channel lacp fallback timeout 30\n";
    assert_eq!(text, expected);
    let table = bench.show("show port-channel summary").await;
    assert!(table.contains("   Po10(D)            LACP(aF^)    Et1(I) Et2(I)\n"), "{table}");
}

#[tokio::test]
async fn a_session_is_private_until_it_is_committed_and_then_overwrites() {
    let mut bench = bench().await;
    bench
        .shell
        .all_quiet(&[
            "configure session one",
            "vlan 10",
            "interface et1",
            "switchport access vlan 10",
        ])
        .await;
    assert_eq!(bench.port("et1").untagged, Some(1));
    let diff = bench.show("show session-config diffs").await;
    assert!(
        diff.starts_with("--- system:/running-config\n+++ session:/one-session-config\n@@ -"),
        "{diff}"
    );
    assert!(diff.contains("\n+   switchport access vlan 10\n"), "{diff}");
    let mut other = bench.desk.login(&bench.switch, "leaf-01#").await;
    other.all_quiet(&["configure", "interface et2", "description theirs", "end"]).await;
    bench.shell.quiet("commit").await;
    assert_eq!((bench.port("et1").untagged, bench.port("et2").description), (Some(10), None));
    assert!(!bench.switch.is_saved());
    assert_eq!(bench.show("write memory").await, "Copy completed successfully.\n");
    assert!(bench.switch.is_saved());
}

#[tokio::test]
async fn sessions_are_limited_listed_and_aborted() {
    let mut bench = bench().await;
    for number in 1..=5 {
        bench.shell.all_quiet(&[&format!("configure session mine-{number}"), "end"]).await;
    }
    let refused = bench.show("configure session mine-6").await;
    assert!(refused.contains("Maximum number of pending sessions has been reached"), "{refused}");
    let listed = bench.json("show configuration sessions").await;
    assert_eq!(listed["sessions"]["mine-3"]["state"], json!("pending"));
    bench
        .shell
        .all_quiet(&["configure session mine-1 abort", "configure session mine-6", "abort"])
        .await;
    let text = bench.show("show configuration sessions detail").await;
    let head = "Maximum number of completed sessions: 1\nMaximum number of pending sessions: 5\n";
    assert!(
        text.starts_with(head) && !text.contains("mine-6") && text.contains("mine-2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_timed_commit_is_taken_back_unless_confirmed() {
    let mut bench = bench().await;
    for (confirm, expected) in [(true, Some(10)), (false, Some(1))] {
        bench.config(&["vlan 10", "interface et1", "no switchport access vlan"]).await;
        bench
            .shell
            .all_quiet(&[
                "configure session timed",
                "interface et1",
                "switchport access vlan 10",
                "commit timer 00:00:01",
            ])
            .await;
        assert_eq!(bench.port("et1").untagged, Some(10));
        let listed = bench.json("show configuration sessions").await;
        assert_eq!(listed["commitTimerSessionName"], json!("timed"));
        if confirm {
            bench.shell.quiet("configure session timed commit").await;
        }
        let deadline = std::time::Instant::now() + std::time::Duration::from_millis(1500);
        while std::time::Instant::now() < deadline {
            bench.json("show version").await;
        }
        assert_eq!(bench.port("et1").untagged, expected, "confirmed: {confirm}");
    }
}

#[tokio::test]
async fn mlag_and_ethernet_segments_are_kept_on_the_lag() {
    let mut bench = bench_with(Settings::pair).await;
    bench
        .config(&[
            "interface Port-Channel7",
            "switchport trunk allowed vlan 10,20",
            "switchport mode trunk",
            "evpn ethernet-segment",
            "identifier 0000:0000:0101:0007:0000",
            "route-target import 00:00:01:01:00:07",
            "lacp system-id 0000.0101.0007",
        ])
        .await;
    let expected = "interface Port-Channel7
   switchport trunk allowed vlan 10,20
   switchport mode trunk
   !
   evpn ethernet-segment
      identifier 0000:0000:0101:0007:0000
      route-target import 00:00:01:01:00:07
   lacp system-id 0000.0101.0007
";
    assert_eq!(bench.show("show running-config interfaces Port-Channel7").await, expected);
    bench
        .config(&[
            "interface po8",
            "description POD01",
            "mlag 8",
            "interface et1",
            "channel-group 8 mode active",
        ])
        .await;
    assert_eq!(bench.port("po8").pair, Some(8));
    let state = bench.json("show mlag").await;
    assert_eq!(
        (&state["state"], &state["mlagPorts"]["Active-full"]),
        (&json!("active"), &json!(1))
    );
    let sane = bench.show("show mlag config-sanity").await;
    assert!(sane.contains("No per interface configuration inconsistencies found."));
    let table = bench.show("show mlag interfaces").await;
    assert!(table.contains("POD01") && table.contains("active-full"), "{table}");
}

#[tokio::test]
async fn vlans_are_mapped_to_vnis() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 100",
            "router bgp 65000",
            "vlan 100",
            "rd auto",
            "route-target both 65000:100",
            "redistribute learned",
            "interface Vxlan1",
            "vxlan vlan 100 vni 10100",
            "vxlan vlan 112 vni 112",
        ])
        .await;
    let text = bench.show("show interfaces Vxlan1").await;
    assert!(
        text.contains("Static VLAN to VNI mapping is \n    [100, 10100] [112, 112]\n"),
        "{text}"
    );
    bench.shell.all_quiet(&["configure", "interface Vxlan1"]).await;
    assert_eq!(
        bench.show("vxlan vlan 100 vni 10101").await,
        "% VLAN 100 is already mapped to VNI 10100\n"
    );
    assert_eq!(bench.show("vxlan vlan 100 flood vtep").await, "% Incomplete command\n");
    bench.shell.all_quiet(&["router bgp 65000", "no vlan 100"]).await;
    let running = bench.switch.running_config();
    assert!(running.contains("vlan 100\n") && !running.contains("rd auto"), "{running}");
    bench.shell.all_quiet(&["exit", "no vlan 100"]).await;
    assert!(!bench.switch.running_config().contains("\nvlan 100\n"));
}

#[tokio::test]
async fn neighbours_and_addresses_are_shown() {
    let mut bench = bench().await;
    bench.switch.plug(|world| {
        let cable = world.cable_mut("Ethernet1");
        cable.neighbour = Some(Neighbour {
            chassis: [0x2c, 0xc2, 0x60, 0x81, 0xea, 0xf9],
            port_id: "Ethernet1".into(),
            system_name: "localhost".into(),
            port_description: String::new(),
        });
        cable.macs = vec![(1, [0x00, 0x1c, 0x82, 0x24, 0x36, 0xd7]), (9, [2; 6])];
    });
    let table = bench.show("show lldp neighbors").await;
    assert!(
        table.contains(
            "Et1           localhost                      Ethernet1                 120\n"
        ),
        "{table}"
    );
    let detail = bench.show("show lldp neighbors Ethernet1 detail").await;
    assert!(detail.contains("Neighbor 2cc2.6081.eaf9/\"Ethernet1\", age 12 seconds"), "{detail}");
    assert!(detail.contains("Port ID     : \"Ethernet1\""), "{detail}");
    let table = bench.show("show mac address-table address 00:1c:82:24:36:d7").await;
    assert!(table.contains("   1    001c.8224.36d7    DYNAMIC     Et1        1       "), "{table}");
    let macs = bench.json("show mac address-table").await;
    let entries = &macs["unicastTable"]["tableEntries"];
    assert_eq!(
        (entries.as_array().unwrap().len(), &entries[0]["macAddress"]),
        (1, &json!("00:1c:82:24:36:d7"))
    );
}

#[tokio::test]
async fn the_pager_is_on_and_a_secret_is_asked_for() {
    let desk = Desk::new();
    let settings = desk.settings().enable_secret("hush").motd("Welcome to lab# 7");
    let switch = SshSwitch::start(System::Eos, &settings).await.unwrap();
    let mut shell = desk.shell(&switch);
    assert!(shell.until("leaf-01>").await.contains("Welcome to lab# 7\r\n"));
    assert_eq!(shell.ask("configure").await.0, "% Invalid input\n");
    shell.send("enable\r").await;
    shell.until("Password: ").await;
    shell.send("wrong\r").await;
    shell.until("Password: ").await;
    shell.send("hush\r").await;
    shell.until("leaf-01#").await;
    shell.send("show running-config\r").await;
    shell.until(" --More-- ").await;
    shell.send("q").await;
    shell.until("leaf-01#").await;
}

#[tokio::test]
async fn default_interface_resets_everything() {
    let mut bench = bench_with(|settings| {
        settings.configuration([
            "vlan 10",
            "interface Ethernet1",
            "switchport access vlan 10",
            "shutdown",
        ])
    })
    .await;
    assert!(bench.switch.is_saved() && !bench.port("et1").up);
    bench.config(&["default interface Ethernet1"]).await;
    assert_eq!((bench.port("et1").up, bench.port("et1").untagged), (true, Some(1)));
}
