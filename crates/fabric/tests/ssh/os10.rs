//! Dell OS10.

use fabric::ssh::{Neighbour, PortView, Settings, SshSwitch, System, VlanSet};

use super::client::{Desk, Shell};

struct Bench {
    switch: SshSwitch,
    shell: Shell,
    desk: Desk,
}

async fn bench_with(change: impl FnOnce(Settings) -> Settings) -> Bench {
    let desk = Desk::new();
    let settings = change(desk.settings().ports(8));
    let switch = SshSwitch::start(System::Os10, &settings).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01# ").await;
    shell.quiet("terminal length 0").await;
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
        self.shell.quiet("configure terminal").await;
        self.shell.all_quiet(lines).await;
        self.shell.quiet("end").await;
    }

    async fn show(&mut self, line: &str) -> String {
        self.shell.ask(line).await.0
    }

    async fn running(&mut self, port: &str) -> String {
        self.show(&format!("show running-configuration interface {port}")).await
    }
}

fn seen(view: &PortView) -> (Option<u16>, String) {
    (view.untagged, view.tagged.to_string())
}

const BOTH: &str = "% Error: Interface cannot be an access and trunk member of the same VLAN. One of the vlan in the range provided is already an access vlan.\n";

#[tokio::test]
async fn prompts_say_where_one_is() {
    let mut bench = bench_with(Settings::pair).await;
    for (line, prompt) in [
        ("configure terminal", "leaf-01(config)#"),
        ("interface ethernet 1/1/1", "leaf-01(conf-if-eth1/1/1)#"),
        ("interface port-channel 10", "leaf-01(conf-if-po-10)#"),
        ("interface vlan 10", "leaf-01(conf-if-vl-10)#"),
        ("interface range ethernet 1/1/3-1/1/4", "leaf-01(conf-range-eth1/1/3-1/1/4)#"),
        ("interface range vlan 21-23,25", "leaf-01(conf-range-vl-21-23,25)#"),
        ("vlt-domain 1", "leaf-01(conf-vlt-1)#"),
        ("exit", "leaf-01(config)#"),
        ("end", "leaf-01#"),
    ] {
        assert_eq!(bench.shell.ask(line).await, (String::new(), prompt.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn the_bell_rings_after_an_error() {
    let mut bench = bench().await;
    bench.shell.send("nonsense\r").await;
    let answer = bench.shell.until("leaf-01# ").await;
    assert_eq!(answer, "nonsense\r\n% Error: Unrecognized command.\r\n\u{7}leaf-01# ");
    bench.shell.send("terminal length 0\r").await;
    assert_eq!(bench.shell.until("leaf-01# ").await, "terminal length 0\r\nleaf-01# ");
}

#[tokio::test]
async fn errors_have_their_texts() {
    let mut bench = bench().await;
    bench.shell.all_quiet(&["configure terminal", "interface ethernet 1/1/1"]).await;
    for (line, answer) in [
        ("swichport", "% Error: Unrecognized command.\n"),
        ("show vlan", "% Error: Unrecognized command.\n"),
        ("interface ethernet 1/1/99", "% Error: Illegal parameter.\n"),
        ("switchport access vlan 5000", "% Error: Illegal parameter.\n"),
        ("switchport access", "% Error: Incomplete command.\n"),
        ("s", "% Error: Ambiguous command.\n"),
        ("description two words", "% Error: Illegal parameter.\n"),
    ] {
        assert_eq!(bench.show(line).await, answer, "{line}");
    }
    assert!(bench.show("do show vlan").await.starts_with("Codes: * - Default VLAN"));
}

#[tokio::test]
async fn defaults_are_printed() {
    let mut bench = bench().await;
    let expected = "!\ninterface ethernet1/1/1\n no shutdown\n switchport access vlan 1\n";
    assert_eq!(bench.running("ethernet 1/1/1").await, expected);
    assert_eq!(seen(&bench.port("eth1/1/1")), (Some(1), String::new()));
    bench.config(&["interface port-channel 10", "description \"two words\""]).await;
    let expected = "!\ninterface port-channel10\n description \"two words\"\n no shutdown\n switchport access vlan 1\n";
    assert_eq!(bench.running("port-channel 10").await, expected);
}

#[tokio::test]
async fn a_list_only_grows_and_a_new_trunk_is_shut() {
    let mut bench = bench().await;
    bench.config(&["interface range vlan 2-5", "exit", "interface range vlan 40-45"]).await;
    bench.switch.forget();
    bench.config(&["interface ethernet 1/1/1", "switchport mode trunk"]).await;
    assert_eq!(seen(&bench.port("e1/1/1")), (Some(1), String::new()));
    bench.config(&["interface ethernet 1/1/1", "switchport trunk allowed vlan 2-3"]).await;
    bench.config(&["interface ethernet 1/1/1", "switchport trunk allowed vlan 40-45"]).await;
    assert!(bench.running("e1/1/1").await.contains(" switchport trunk allowed vlan 2-3,40-45\n"));
    bench.config(&["interface ethernet 1/1/1", "no switchport access vlan"]).await;
    bench.config(&["interface ethernet 1/1/1", "no switchport trunk allowed vlan 2,40-45"]).await;
    assert_eq!(seen(&bench.port("e1/1/1")), (None, "3".to_owned()));
    let past: Vec<_> = bench
        .switch
        .history_of("e1/1/1")
        .into_iter()
        .map(|past| past.view.unwrap().vlans())
        .collect();
    let sets = ["1", "1-3", "1-3,40-45", "2-3,40-45", "3"];
    assert_eq!(past, sets.map(|set| VlanSet::parse(set).unwrap()));
}

#[tokio::test]
async fn a_vlan_is_untagged_or_tagged_but_not_both() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface vlan 10",
            "interface vlan 20",
            "interface ethernet 1/1/1",
            "switchport mode trunk",
        ])
        .await;
    bench.shell.all_quiet(&["configure terminal", "interface ethernet 1/1/1"]).await;
    assert_eq!(bench.show("switchport trunk allowed vlan 1-10").await, BOTH);
    assert_eq!(bench.port("e1/1/1").tagged, VlanSet::none(), "nothing of it is added");
    bench.shell.quiet("switchport trunk allowed vlan 10").await;
    assert_eq!(bench.show("switchport access vlan 10").await, BOTH);
    bench
        .shell
        .all_quiet(&["no switchport trunk allowed vlan 10", "switchport access vlan 10"])
        .await;
    assert_eq!(seen(&bench.port("e1/1/1")), (Some(10), String::new()));
    assert!(bench.show("switchport access vlan 300").await.starts_with("% Error: "));
}

#[tokio::test]
async fn deleting_a_vlan_edits_every_port() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface range vlan 2-5",
            "interface ethernet 1/1/1",
            "switchport mode trunk",
            "switchport trunk allowed vlan 2-5",
        ])
        .await;
    bench.config(&["no interface range vlan 2-4"]).await;
    assert!(bench.running("e1/1/1").await.contains(" switchport trunk allowed vlan 5\n"));
}

#[tokio::test]
async fn joining_strips_a_member_and_leaving_puts_it_into_vlan_1() {
    let mut bench = bench().await;
    bench
        .shell
        .all_quiet(&[
            "configure terminal",
            "interface vlan 10",
            "interface ethernet 1/1/1",
            "switchport access vlan 10",
        ])
        .await;
    assert!(
        bench.show("channel-group 20 mode active").await.contains("not found"),
        "the channel comes first"
    );
    bench
        .shell
        .all_quiet(&[
            "interface port-channel 20",
            "switchport access vlan 10",
            "interface ethernet 1/1/1",
            "channel-group 20 mode active",
            "end",
        ])
        .await;
    let expected =
        "!\ninterface ethernet1/1/1\n no shutdown\n channel-group 20 mode active\n no switchport\n";
    assert_eq!(bench.running("e1/1/1").await, expected);
    assert_eq!((bench.port("po20").untagged, bench.port("e1/1/1").untagged), (Some(10), None));
    bench.shell.all_quiet(&["configure terminal", "interface ethernet 1/1/1"]).await;
    assert_eq!(bench.show("switchport access vlan 10").await, "% Error: Unrecognized command.\n");
    bench.shell.all_quiet(&["no channel-group", "end"]).await;
    assert_eq!(seen(&bench.port("e1/1/1")), (Some(1), String::new()));
    bench.config(&["interface ethernet 1/1/2", "channel-group 20"]).await;
    assert!(bench.running("e1/1/2").await.contains("\n channel-group 20\n"), "static has no mode");
    let table = bench.show("show port-channel summary").await;
    assert!(
        table.contains("20   port-channel20   (U)     Eth     STATIC    1/1/2(P)\n"),
        "{table}"
    );
}

#[tokio::test]
async fn fallback_puts_one_member_to_work() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface vlan 10",
            "interface port-channel 1",
            "switchport access vlan 10",
            "interface range ethernet 1/1/1-1/1/2",
            "channel-group 1 mode active",
        ])
        .await;
    for port in ["ethernet1/1/1", "ethernet1/1/2"] {
        bench.switch.plug(|world| world.cable_mut(port).lacp = false);
    }
    assert!(!bench.port("po1").up);
    bench
        .config(&[
            "interface port-channel 1",
            "lacp fallback enable",
            "lacp fallback timeout 0",
            "mtu 9216",
            "spanning-tree port type edge",
        ])
        .await;
    assert_eq!((bench.port("po1").up, bench.port("po1").untagged), (true, Some(10)));
    let expected = " switchport access vlan 10\n mtu 9216\n lacp fallback enable\n lacp fallback timeout 0\n spanning-tree port type edge\n";
    assert!(bench.running("port-channel 1").await.ends_with(expected));
    let table = bench.show("show port-channel summary").await;
    assert!(table.contains("1/1/1(F) 1/1/2(I)\n"), "{table}");
}

#[tokio::test]
async fn vlt_ports_are_paired() {
    let mut bench = bench_with(Settings::pair).await;
    bench
        .config(&[
            "interface port-channel 12",
            "vlt-port-channel 13",
            "interface ethernet 1/1/1",
            "channel-group 12 mode active",
        ])
        .await;
    assert_eq!(bench.port("po12").pair, Some(13));
    let detail = bench.show("show vlt 1 vlt-port-detail").await;
    let row = "* 1            port-channel12    up        1                   1\n";
    assert!(detail.starts_with("vlt-port-channel ID : 13\n") && detail.contains(row), "{detail}");
    let domain = bench.show("show vlt 1").await;
    assert!(domain.contains("    port-channel1000                   : up\n"), "{domain}");
    bench.shell.quiet("configure terminal").await;
    assert!(bench.show("interface vlan 4094").await.starts_with("% Error: "));
}

#[tokio::test]
async fn a_transaction_changes_nothing_until_it_is_committed() {
    let mut bench = bench().await;
    bench.shell.quiet("start transaction").await;
    bench
        .config(&["interface vlan 10", "interface ethernet 1/1/1", "switchport access vlan 10"])
        .await;
    assert_eq!(bench.port("e1/1/1").untagged, Some(1));
    let diff = bench.show("show diff candidate-configuration running-configuration").await;
    assert!(
        diff.contains("interface vlan10\n no shutdown\n")
            && diff.contains(" switchport access vlan 10\n"),
        "{diff}"
    );
    bench.shell.quiet("commit").await;
    assert_eq!(bench.port("e1/1/1").untagged, Some(10));
    bench.shell.all_quiet(&["commit", "start transaction"]).await;
    bench.config(&["interface ethernet 1/1/1", "shutdown"]).await;
    bench.shell.quiet("discard").await;
    assert!(bench.port("e1/1/1").enabled);
}

#[tokio::test]
async fn a_lock_keeps_others_out_until_its_holder_goes() {
    let mut bench = bench().await;
    let mut other = bench.desk.login(&bench.switch, "leaf-01# ").await;
    other.quiet("lock").await;
    assert!(bench.show("configure terminal").await.starts_with("% Error: "));
    other.send("exit\r").await;
    other.rest().await;
    bench.shell.quiet("configure terminal").await;
}

#[tokio::test]
async fn tables_have_their_columns() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface vlan 90",
            "interface range vlan 21-25",
            "interface ethernet 1/1/7",
            "switchport mode trunk",
            "switchport trunk allowed vlan 21,25",
            "shutdown",
        ])
        .await;
    let status = bench.show("show interface status").await;
    assert!(
        status.contains(
            "Eth 1/1/7                       down     0        full     T    1    21,25\n"
        ),
        "{status}"
    );
    assert!(
        status.contains("Eth 1/1/8                       up       10G      full     A    1    -\n"),
        "{status}"
    );
    let vlans = bench.show("show vlan").await;
    assert!(
        vlans.contains("*   1      Active                                    A Eth1/1/1-1/1/8\n"),
        "{vlans}"
    );
    assert!(vlans.contains("    90     Inactive\n"), "{vlans}");
    bench.switch.plug(|world| {
        let cable = world.cable_mut("ethernet1/1/1");
        cable.neighbour = Some(Neighbour {
            chassis: [0xe8, 0xb5, 0xd0, 0x7a, 0x5c, 0xa3],
            port_id: "ethernet1/1/25".into(),
            system_name: "kenda-core-02".into(),
            port_description: String::new(),
        });
        cable.macs = vec![(1, [0x88, 0x6f, 0xd4, 0x98, 0xa7, 0xb1])];
    });
    let lldp = bench.show("show lldp neighbors").await;
    let row = "ethernet1/1/1       kenda-core-02        ethernet1/1/25                 e8:b5:d0:7a:5c:a3\n";
    assert!(lldp.contains(row), "{lldp}");
    let macs = bench.show("show mac address-table address 88:6f:d4:98:a7:b1").await;
    assert!(
        macs.contains("1       88:6f:d4:98:a7:b1       dynamic         ethernet1/1/1\n"),
        "{macs}"
    );
}

#[tokio::test]
async fn saving_is_silent() {
    let mut bench = bench().await;
    bench.config(&["interface vlan 10"]).await;
    assert!(!bench.switch.is_saved());
    bench.shell.quiet("write memory").await;
    assert!(bench.switch.is_saved());
}
