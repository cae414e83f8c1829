//! Cisco NX-OS.

use fabric::ssh::{Neighbour, PortView, SshSwitch, System, VlanSet};
use serde_json::{Value, json};

use super::client::{Desk, Shell};

const FEATURES: [&str; 7] = [
    "feature lacp",
    "feature vpc",
    "feature lldp",
    "feature nv overlay",
    "feature vn-segment-vlan-based",
    "nv overlay evpn",
    "vpc domain 200",
];

struct Bench {
    switch: SshSwitch,
    shell: Shell,
    desk: Desk,
}

async fn bench() -> Bench {
    let desk = Desk::new();
    let settings = desk.settings().ports(8).pair().configuration(FEATURES);
    let switch = SshSwitch::start(System::NxOs, &settings).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01# ").await;
    shell.all_quiet(&["terminal length 0", "terminal width 511"]).await;
    Bench { switch, shell, desk }
}

impl Bench {
    fn port(&self, name: &str) -> PortView {
        self.switch.port(name).unwrap()
    }

    async fn config(&mut self, lines: &[&str]) {
        self.show("configure terminal").await;
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

    /// The lines below the head.
    async fn running(&mut self, port: &str) -> String {
        let text = self.show(&format!("show running-config interface {port}")).await;
        let at = text.find("\ninterface ").unwrap();
        text[at + 1..].to_owned()
    }
}

fn seen(view: &PortView) -> (Option<u16>, String) {
    (view.untagged, view.tagged.to_string())
}

#[tokio::test]
async fn prompts_say_where_one_is() {
    let mut bench = bench().await;
    let (answer, prompt) = bench.shell.ask("conf t").await;
    let entered = "Enter configuration commands, one per line. End with CNTL/Z.\n";
    assert_eq!((answer.as_str(), prompt.as_str()), (entered, "leaf-01(config)#"));
    for (line, prompt) in [
        ("int e1/1", "leaf-01(config-if)#"),
        ("interface Ethernet1/1-2", "leaf-01(config-if-range)#"),
        ("vlan 10", "leaf-01(config-vlan)#"),
        ("vpc domain 200", "leaf-01(config-vpc-domain)#"),
        ("evpn", "leaf-01(config-evpn)#"),
        ("vni 10100 l2", "leaf-01(config-evpn-evi)#"),
        ("interface nve1", "leaf-01(config-if-nve)#"),
        ("member vni 10100", "leaf-01(config-if-nve-vni)#"),
        ("exit", "leaf-01(config-if-nve)#"),
        ("end", "leaf-01#"),
    ] {
        assert_eq!(bench.shell.ask(line).await, (String::new(), prompt.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn the_prompt_follows_a_carriage_return_and_a_blank_follows_it() {
    let mut bench = bench().await;
    bench.shell.send("terminal length 0\r").await;
    assert_eq!(bench.shell.until("# ").await, "terminal length 0\r\n\rleaf-01# ");
}

#[tokio::test]
async fn errors_have_their_texts() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Ethernet1/1").await;
    let margin = "leaf-01(config-if)# ".len();
    for (line, offset, text) in [
        ("swichport", 0, "% Invalid command at '^' marker."),
        ("switchport trunk", 16, "% Incomplete command at '^' marker."),
        ("s", 0, "% Ambiguous command at '^' marker."),
        ("switchport access vlan 5000", 23, "Invalid range at '^' marker."),
    ] {
        let expected = format!("{}^\n{text}\n", " ".repeat(margin + offset));
        assert_eq!(bench.show(line).await, expected, "{line}");
    }
    let refused = bench.show("vpc 7").await;
    assert_eq!(refused, "ERROR: Operation failed: [vPC domain is not configured]\n");
    assert!(bench.show("interface Ethernet1/99").await.ends_with("Invalid range at '^' marker.\n"));
}

#[tokio::test]
async fn commands_of_a_feature_need_the_feature() {
    let desk = Desk::new();
    let switch = SshSwitch::start(System::NxOs, &desk.settings().ports(4)).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01# ").await;
    assert!(shell.ask("show lldp neighbors").await.0.contains("% Invalid command at '^' marker."));
    shell.ask("configure terminal").await;
    shell.quiet("interface Ethernet1/1").await;
    let refused = shell.ask("channel-group 5 mode active").await.0;
    assert!(refused.contains("% Invalid command at '^' marker."), "{refused}");
    shell
        .all_quiet(&["channel-group 5", "no channel-group", "feature lacp", "interface e1/1"])
        .await;
    shell.quiet("no interface port-channel5").await;
    shell.all_quiet(&["interface e1/1", "channel-group 5 mode active"]).await;
}

#[tokio::test]
async fn a_fresh_trunk_is_open_and_a_list_first_keeps_it_shut() {
    let mut bench = bench().await;
    bench.config(&["vlan 10,20,30"]).await;
    bench.switch.forget();
    bench
        .config(&[
            "interface e1/1",
            "switchport mode trunk",
            "switchport trunk allowed vlan add 10",
        ])
        .await;
    assert_eq!(bench.port("e1/1").permits.to_string(), "2-4094");
    bench
        .config(&[
            "interface e1/2",
            "switchport trunk allowed vlan 10,20",
            "switchport trunk native vlan 10",
            "switchport mode trunk",
        ])
        .await;
    let past: Vec<_> = bench
        .switch
        .history_of("e1/2")
        .into_iter()
        .map(|past| past.view.unwrap().vlans())
        .collect();
    assert_eq!(past, [VlanSet::from([1]), VlanSet::from([10, 20])]);
    assert_eq!(seen(&bench.port("e1/2")), (Some(10), "20".to_owned()));
}

#[tokio::test]
async fn running_config_has_a_head_and_hides_defaults() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface Ethernet1/1",
            "description tc1-spinc001 ethernet1/51",
            "switchport",
            "switchport mode trunk",
            "switchport trunk native vlan 300",
            "speed 40000",
            "channel-group 103 mode active",
        ])
        .await;
    let text = bench.show("show running-config interface Ethernet1/1").await;
    let head = "\n!Command: show running-config interface Ethernet1/1\n!Running configuration last done at: ";
    assert!(text.starts_with(head) && text.contains("\n\nversion 9.3"), "{text}");
    let expected = "interface Ethernet1/1
  description tc1-spinc001 ethernet1/51
  switchport mode trunk
  switchport trunk native vlan 300
  speed 40000
  channel-group 103 mode active

";
    assert_eq!(bench.running("Ethernet1/1").await, expected);
    bench.config(&["interface e1/2", "channel-group 147"]).await;
    assert!(bench.running("e1/2").await.contains("  channel-group 147\n"), "static has no mode");
}

#[tokio::test]
async fn a_long_list_is_split_into_add_lines() {
    let mut bench = bench().await;
    let list: Vec<String> = (50..100).map(|vlan| (vlan * 3).to_string()).collect();
    let line = format!("switchport trunk allowed vlan {}", list.join(","));
    bench.config(&["interface e1/1", &line]).await;
    let text = bench.running("e1/1").await;
    assert!(text.contains("\n  switchport trunk allowed vlan add "), "{text}");
}

#[tokio::test]
async fn a_port_that_differs_from_the_channel_is_refused() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface port-channel10",
            "switchport mode trunk",
            "switchport trunk allowed vlan 10",
        ])
        .await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Ethernet1/1").await;
    let hint = "** You can use force option to override the port's parameters
** (e.g. \"channel-group X force\")
** Use \"show port-channel compatibility-parameters\" to get more information on failure
";
    let refused = bench.show("channel-group 10 mode active").await;
    assert_eq!(refused, format!("command failed: port not compatible [port mode]\n{hint}"));
    bench.shell.quiet("switchport mode trunk").await;
    let refused = bench.show("channel-group 10 mode active").await;
    assert_eq!(
        refused,
        format!("command failed: port not compatible [port allowed VLAN list]\n{hint}")
    );
    bench.shell.quiet("no switchport").await;
    let refused = bench.show("channel-group 10 mode active").await;
    assert_eq!(refused, format!("command failed: port not compatible [switching port]\n{hint}"));
    bench.shell.quiet("channel-group 10 force mode active").await;
    assert_eq!(bench.port("e1/1").lag.as_deref(), Some("port-channel10"));
    bench.shell.quiet("interface Ethernet1/2").await;
    let mixed = bench.show("channel-group 10 force").await;
    assert_eq!(
        mixed,
        "Port-channel mode cannot be changed in a non-empty port-channel, and port mode must match with port-channel mode\n"
    );
}

#[tokio::test]
async fn the_channels_lines_are_on_its_members_and_stay_there() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10,20",
            "interface po10",
            "switchport access vlan 10",
            "interface e1/1",
            "switchport access vlan 10",
            "channel-group 10 mode active",
            "interface po10",
            "switchport access vlan 20",
        ])
        .await;
    assert!(bench.running("e1/1").await.contains("  switchport access vlan 20\n"));
    assert_eq!((bench.port("po10").untagged, bench.port("e1/1").untagged), (Some(20), None));
    bench.show("configure terminal").await;
    bench.shell.quiet("interface e1/1").await;
    assert!(bench.show("switchport access vlan 10").await.starts_with("ERROR: Ethernet1/1: "));
    bench.shell.all_quiet(&["no channel-group", "end"]).await;
    assert_eq!(seen(&bench.port("e1/1")), (Some(20), String::new()));
    assert!(!bench.port("po10").up);
}

#[tokio::test]
async fn suspend_individual_needs_the_channel_down() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "interface po10",
            "switchport access vlan 10",
            "interface e1/1",
            "switchport access vlan 10",
            "channel-group 10 mode active",
        ])
        .await;
    bench.switch.plug(|world| world.cable_mut("Ethernet1/1").lacp = false);
    assert_eq!((bench.port("po10").up, bench.port("e1/1").up), (false, false));
    bench.show("configure terminal").await;
    bench.shell.quiet("interface po10").await;
    assert!(
        bench.show("no lacp suspend-individual").await.contains("port-channel10 that is admin up")
    );
    bench.shell.all_quiet(&["shutdown", "no lacp suspend-individual", "no shutdown", "end"]).await;
    assert_eq!(seen(&bench.port("e1/1")), (Some(10), String::new()), "by its own lines");
    assert_eq!(bench.port("po10").fallback.as_deref(), Some("individual"));
    let table = bench.show("show port-channel summary").await;
    assert!(table.contains("10    Po10(SD)    Eth      LACP      Eth1/1(I)\n"), "{table}");
}

#[tokio::test]
async fn vpc_is_not_repeatable() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "interface port-channel500",
            "vpc peer-link",
            "interface port-channel102",
            "switchport access vlan 10",
            "vpc 102",
            "interface e1/1",
            "switchport access vlan 10",
            "channel-group 102 mode active",
        ])
        .await;
    assert_eq!(bench.port("po102").pair, Some(102));
    bench.show("configure terminal").await;
    bench.shell.quiet("interface port-channel102").await;
    assert_eq!(bench.show("vpc 102").await, "ERROR: Operation failed: [vPC already exists]\n");
    assert_eq!(
        bench.show("vpc peer-link").await,
        "ERROR: Operation failed: [vPC Peer-link has already been configured on po500]\n"
    );
    bench.shell.quiet("end").await;
    let text = bench.show("show vpc").await;
    assert!(text.contains("vPC domain id                     : 200\n"), "{text}");
    assert!(
        text.contains("Peer status                       : peer adjacency formed ok\n"),
        "{text}"
    );
    assert!(
        text.contains("102   Po102         up     success     success               10\n"),
        "{text}"
    );
    let found = bench.json("show vpc brief").await;
    assert_eq!(found["TABLE_vpc"]["ROW_vpc"]["vpc-port-state"], json!("Up"));
}

#[tokio::test]
async fn portfast_notes_are_no_errors() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Ethernet1/2").await;
    let note = bench.show("spanning-tree port type edge").await;
    let expected = "\
Edge port type (portfast) should only be enabled on ports connected to a single
 host. Connecting hubs, concentrators, switches, bridges, etc...  to this
 interface when edge port type (portfast) is enabled, can cause temporary bridging loops.
 Use with CAUTION

Edge Port Type (Portfast) has been configured on Ethernet1/2 but will only
 have effect when the interface is in a non-trunking mode.
";
    assert_eq!(note, expected);
    assert!(bench.port("e1/2").edge);
    bench.shell.quiet("switchport mode trunk").await;
    assert!(!bench.port("e1/2").edge, "no effect on a trunk");
    bench.show("spanning-tree port type edge trunk").await;
    assert!(bench.port("e1/2").edge);
}

#[tokio::test]
async fn a_vlans_name_counts_when_its_mode_is_left() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.all_quiet(&["vlan 100", "name storage", "vn-segment 10100"]).await;
    assert!(!bench.switch.running_config().contains("storage"));
    bench.shell.quiet("exit").await;
    assert!(
        bench
            .switch
            .running_config()
            .contains("vlan 1,100\nvlan 100\n  name storage\n  vn-segment 10100\n")
    );
    assert!(bench.show("vlan 4000").await.starts_with("ERROR: "));
    bench.shell.quiet("end").await;
    let one = bench.json("show vlan id 100").await;
    assert_eq!(one["TABLE_vlanbrief"]["ROW_vlanbrief"]["vlanshowbr-vlanid-utf"], json!("100"));
    let all = bench.json("show vlan brief").await;
    let rows = all["TABLE_vlanbriefxbrief"]["ROW_vlanbriefxbrief"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[1]["vlanshowbr-vlanname"]), (2, &json!("storage")));
    let gone = bench.show("show vlan id 300").await;
    assert_eq!(gone, "VLAN 300 not found in current VLAN database\n");
}

#[tokio::test]
async fn vnis_are_members_of_the_tunnel() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "vn-segment 10010",
            "exit",
            "evpn",
            "vni 10010 l2",
            "rd auto",
            "route-target both auto",
            "interface nve1",
            "member vni 10010",
            "ingress-replication protocol bgp",
        ])
        .await;
    let table = bench.show("show nve vni").await;
    assert!(table.contains("nve1      10010    UnicastBGP        Up    CP   L2 [10]\n"), "{table}");
    let text = bench.switch.running_config();
    assert!(text.contains("  member vni 10010\n    ingress-replication protocol bgp\n"), "{text}");
    assert!(text.contains("  vni 10010 l2\n    rd auto\n    route-target import auto\n    route-target export auto\n"), "{text}");
    bench.show("configure terminal").await;
    bench.shell.quiet("interface nve1").await;
    for vni in 2000002..=2000010 {
        bench.shell.quiet(&format!("member vni {vni}")).await;
    }
    assert!(bench.running("nve1").await.contains("  member vni 2000002-2000010\n"));
}

#[tokio::test]
async fn switchport_tables_say_what_is_there() {
    let mut bench = bench().await;
    bench.config(&["interface e1/1", "switchport access vlan 3"]).await;
    let text = bench.show("show interface Ethernet1/1 switchport").await;
    for line in [
        "Name: Ethernet1/1\n",
        "  Switchport: Enabled\n",
        "  Operational Mode: access\n",
        "  Access Mode VLAN: 3 (Vlan not created)\n",
        "  Trunking Native Mode VLAN: 1 (default)\n",
        "  Trunking VLANs Allowed: 1-4094\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(bench.port("e1/1").untagged, None, "the VLAN is not there");
    let found = bench.json("show interface Ethernet1/1 switchport").await;
    let row = &found["TABLE_interface"]["ROW_interface"];
    assert_eq!((&row["interface"], &row["trunk_vlans"]), (&json!("Ethernet1/1"), &json!("1-4094")));
}

#[tokio::test]
async fn neighbours_with_long_names_take_two_lines() {
    let mut bench = bench().await;
    bench.switch.plug(|world| {
        let cable = world.cable_mut("Ethernet1/1");
        cable.neighbour = Some(Neighbour {
            chassis: [0x50, 0x87, 0x89, 0xa1, 0xd8, 0xd6],
            port_id: "Ethernet1/1".into(),
            system_name: "nx-osv9000-3-long-name.com".into(),
            port_description: String::new(),
        });
        cable.macs = vec![(1, [0x00, 0x0f, 0x53, 0xff, 0xe5, 0xa5])];
    });
    let table = bench.show("show lldp neighbors").await;
    let row = "nx-osv9000-3-long-name.com\n                     Eth1/1          120        BR          Ethernet1/1\n";
    assert!(table.contains(row), "{table}");
    let detail = bench.show("show lldp neighbors interface Ethernet1/1 detail").await;
    assert!(
        detail
            .contains("Chassis id: 5087.89a1.d8d6\nPort id: Ethernet1/1\nLocal Port id: Eth1/1\n"),
        "{detail}"
    );
    assert!(detail.contains("Vlan ID: not advertised\n"), "{detail}");
    let table = bench.show("show mac address-table").await;
    assert!(
        table.contains("*    1     000f.53ff.e5a5   dynamic  0         F      F    Eth1/1\n"),
        "{table}"
    );
    assert!(
        table.contains("G    -     5e00.c0ff.0007   static   -         F      F    sup-eth1(R)\n"),
        "{table}"
    );
}

#[tokio::test]
async fn saving_and_exec_channels() {
    let mut bench = bench().await;
    bench.config(&["vlan 10"]).await;
    assert!(!bench.switch.is_saved());
    let saved = bench.show("copy running-config startup-config").await;
    let expected = "[########################################] 100%
Copy complete, now saving to disk (please wait)...
Copy complete.
";
    assert_eq!((saved.as_str(), bench.switch.is_saved()), (expected, true));
    let failed = bench.desk.exec(&bench.switch, "show nonsense").await;
    assert_eq!(failed.status.code(), Some(16));
    assert_eq!(failed.stdout, b"Syntax error while parsing 'show nonsense'\n");
}
