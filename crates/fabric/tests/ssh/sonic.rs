//! SONiC: the texts of its own source, and the order that it insists on.

use fabric::ssh::{Neighbour, SshSwitch, System, VlanSet};
use rstest::rstest;
use serde_json::{Value, json};

use super::client::Desk;

/// A switch and what is run on it.
struct Bench {
    desk: Desk,
    switch: SshSwitch,
}

impl Bench {
    async fn new(configuration: &[&str]) -> Self {
        let desk = Desk::new();
        let settings = desk.settings().ports(8).configuration(configuration.iter().copied());
        let switch = SshSwitch::start(System::Sonic, &settings).await.unwrap();
        Self { desk, switch }
    }

    /// Standard output, standard error and status of one command.
    async fn run(&self, command: &str) -> (String, String, i32) {
        let done = self.desk.exec(&self.switch, command).await;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(done.stdout), text(done.stderr), done.status.code().unwrap())
    }

    /// Commands that succeed without a word.
    async fn quiet(&self, commands: &[&str]) {
        for command in commands {
            let got = self.run(&format!("sudo -n config {command}")).await;
            assert_eq!(got, (String::new(), String::new(), 0), "{command}");
        }
    }

    /// The vlans of a port: untagged, tagged.
    fn vlans(&self, port: &str) -> (Option<u16>, String) {
        let view = self.switch.port(port).unwrap();
        (view.untagged, view.tagged.to_string())
    }
}

#[tokio::test]
async fn an_access_port_moves_by_leaving_first() {
    let bench = Bench::new(&["vlan add 100", "vlan add 200"]).await;
    assert_eq!(bench.vlans("Ethernet4"), (None, String::new()));
    bench.quiet(&["vlan member add -u 100 Ethernet4"]).await;
    assert_eq!(bench.vlans("Ethernet4"), (Some(100), String::new()));
    let (_, errors, status) = bench.run("sudo config vlan member add -u 200 Ethernet4").await;
    assert!(errors.ends_with("\n\nError: Ethernet4 is already untagged member!\n"), "{errors}");
    assert!(errors.starts_with("Usage: config vlan member add [OPTIONS] <vid> port\n"), "{errors}");
    assert_eq!(status, 2);
    bench.quiet(&["vlan member del 100 Ethernet4", "vlan member add -u 200 Ethernet4"]).await;
    bench.quiet(&["vlan member add 100 Ethernet4"]).await;
    assert_eq!(bench.vlans("Ethernet4"), (Some(200), "100".to_owned()));
    let past = bench.switch.history_of("Ethernet4");
    let seen: Vec<_> = past.iter().map(|past| past.view.as_ref().unwrap().vlans()).collect();
    let lists = [&[][..], &[100], &[], &[200], &[100, 200]];
    let expected: Vec<VlanSet> = lists.iter().map(|list| list.iter().copied().collect()).collect();
    assert_eq!(seen, expected);
}

#[rstest]
#[case("vlan add 100", "Vlan100 already exists.")]
#[case("vlan add 1", "Vlan1 is default VLAN")]
#[case("vlan add 4096", "Invalid VLAN ID 4096 (2-4094)")]
#[case("vlan add abc", "abc is not integer")]
#[case("vlan del 101", "Vlan101 does not exist")]
#[case(
    "vlan del 100",
    "VLAN ID 100 can not be removed. First remove all members assigned to this VLAN."
)]
#[case(
    "vlan del 300",
    "vlan: 300 can not be removed. First remove vxlan mapping 'vtep|map_5000_Vlan300' assigned to VLAN"
)]
#[case("vlan member add 1001 Ethernet0", "Vlan1001 does not exist")]
#[case("vlan member add 100 Ethernet3", "Ethernet3 does not exist")]
#[case("vlan member add 100 Ethernet4", "Ethernet4 is already a member of Vlan100")]
#[case("vlan member del 100 Ethernet0", "Ethernet0 is not a member of Vlan100")]
#[case("vlan member add 100 Ethernet8", "Ethernet8 is part of portchannel!")]
#[case(
    "vlan member add 100 Ethernet16",
    "Ethernet16 is in routed mode!\nUse switchport mode command to change port mode"
)]
#[case(
    "vlan member add 300 Ethernet20",
    "Ethernet20 is in access mode! Tagged Members cannot be added"
)]
#[case("switchport mode trunk Ethernet24", "Ethernet24 is already in trunk mode")]
#[case("interface mtu Ethernet8 9000", "'interface_name' is in portchannel!")]
#[case(
    "interface shutdown Ethernet3",
    "Interface name is invalid. Please enter a valid interface name!!"
)]
#[case(
    "portchannel add PortChan005",
    "PortChan005 is invalid!, name should have prefix 'PortChannel' and suffix '<0-9999>' and its length should not exceed 15 characters"
)]
#[case("portchannel add PortChannel10", "PortChannel10 already exists!")]
#[case("portchannel del PortChannel0005", "PortChannel0005 is not present.")]
#[case(
    "portchannel del PortChannel10",
    "Portchannel PortChannel10 contains members. Remove members before deleting Portchannel!"
)]
#[case(
    "portchannel del PortChannel20",
    "PortChannel20 has vlan Vlan100 configured, remove vlan membership to proceed"
)]
#[case(
    "portchannel member add PortChannel20 Ethernet4",
    "Ethernet4 Interface configured as VLAN_MEMBER under vlan : Vlan100"
)]
#[case(
    "portchannel member add PortChannel20 Ethernet8",
    "Ethernet8 Interface is already member of PortChannel10 "
)]
#[case(
    "portchannel member add PortChannel20 Ethernet12",
    "Port MTU of Ethernet12 is different than the PortChannel20 MTU size"
)]
#[case("vxlan map add vtep 300 5001", " Vlan Id already mapped ")]
#[case("vxlan map add vtep 100 5000", " VNI Id already mapped ")]
#[case("vxlan map add other 100 5001", "VTEP other not configured")]
#[case("vxlan map add vtep 101 5001", "Vlan101 not configured")]
#[case("vxlan map add vtep 100 0", "Invalid VNI 0. Valid range [1 to 16777215].")]
#[case(
    "mclag add 2 10.0.0.1 10.0.0.2",
    "only one mclag Domain can be configured. Already one domain 1 configured "
)]
#[case("vlan nonsense", "No such command \"nonsense\".")]
#[tokio::test]
async fn refusals(#[case] command: &str, #[case] error: &str) {
    let bench = Bench::new(&[
        "vlan add 100",
        "vlan add 300",
        "vlan member add -u 100 Ethernet4",
        "portchannel add PortChannel10 --min-links 1",
        "portchannel member add PortChannel10 Ethernet8",
        "interface mtu Ethernet12 1500",
        "portchannel add PortChannel20 --fallback true --fast-rate true",
        "vlan member add 100 PortChannel20",
        "switchport mode access Ethernet20",
        "switchport mode trunk Ethernet24",
        "vxlan add vtep 10.0.0.1",
        "vxlan evpn_nvo add nvo vtep",
        "vxlan map add vtep 300 5000",
        "mclag add 1 10.0.0.1 10.0.0.2 PortChannel10",
    ])
    .await;
    let set = "sudo -n sonic-db-cli CONFIG_DB hset 'PORT|Ethernet16' mode routed";
    assert_eq!(bench.run(set).await.2, 0);
    let before = bench.run("sonic-cfggen -d --print-data").await.0;
    let (output, errors, status) = bench.run(&format!("sudo -n config {command}")).await;
    assert_eq!((output.as_str(), status), ("", 2));
    assert!(errors.ends_with(&format!("\n\nError: {error}\n")), "{errors}");
    assert_eq!(bench.run("sonic-cfggen -d --print-data").await.0, before);
}

#[tokio::test]
async fn config_needs_root() {
    let bench = Bench::new(&[]).await;
    let refused = (String::new(), "Root privileges are required for this operation\n".into(), 1);
    assert_eq!(bench.run("config vlan add 100").await, refused);
    let chained = bench.run("sudo -n config vlan add 100 && config vlan add 200").await;
    assert_eq!(chained, refused);
    assert_eq!(bench.run("nonsense").await.2, 127);
    assert_eq!(bench.run("cat /etc/passwd | sh").await.2, 2);
}

#[tokio::test]
async fn the_tables_are_json_of_texts() {
    let bench = Bench::new(&["vlan add 100", "vlan member add -u 100 Ethernet4"]).await;
    bench
        .quiet(&["portchannel add PortChannel10", "portchannel member add PortChannel10 Ethernet8"])
        .await;
    let (text, _, _) = bench.run("sonic-cfggen -d --print-data").await;
    let data: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(data["VLAN"], json!({ "Vlan100": { "vlanid": "100" } }));
    assert_eq!(data["VLAN_MEMBER"], json!({ "Vlan100|Ethernet4": { "tagging_mode": "untagged" } }));
    assert_eq!(data["PORTCHANNEL_MEMBER"], json!({ "PortChannel10|Ethernet8": {} }));
    let lag = json!({ "admin_status": "up", "mtu": "9100", "lacp_key": "auto", "min_links": "1", "fast_rate": "false" });
    assert_eq!(data["PORTCHANNEL"]["PortChannel10"], lag);
    let shown = bench.run("show vlan config").await.0;
    let want = "\
Name       VID  Member     Mode
-------  -----  ---------  --------
Vlan100    100  Ethernet4  untagged
";
    assert_eq!(shown, want);
}

#[tokio::test]
async fn what_is_not_saved_is_known() {
    let bench = Bench::new(&[]).await;
    assert!(bench.switch.is_saved());
    bench.quiet(&["vlan add 100"]).await;
    assert!(!bench.switch.is_saved());
    assert_eq!(bench.run("sudo config save").await.2, 1);
    let saved = bench.run("sudo config save -y").await;
    let said = "Running command: /usr/local/bin/sonic-cfggen -d --print-data > /etc/sonic/config_db.json\n";
    assert_eq!(saved, (said.to_owned(), String::new(), 0));
    assert!(bench.switch.is_saved());
    let gone = bench.run("sudo config vlan del 100").await;
    assert_eq!(gone.0, "No VLANs remaining, stopping ndppd service\n");
}

#[tokio::test]
async fn one_member_of_a_lag_with_fallback_carries_while_nobody_answers() {
    let bench = Bench::new(&[
        "vlan add 100",
        "portchannel add PortChannel10 --fallback true",
        "portchannel member add PortChannel10 Ethernet8",
        "portchannel member add PortChannel10 Ethernet12",
        "vlan member add -u 100 PortChannel10",
        "mclag add 1 10.0.0.1 10.0.0.2",
        "mclag member add 1 PortChannel10",
    ])
    .await;
    let up = || bench.switch.port("PortChannel10").unwrap().up;
    assert!(up());
    bench.switch.plug(|world| {
        world.cable_mut("Ethernet8").lacp = false;
        world.cable_mut("Ethernet12").lacp = false;
    });
    assert!(up());
    let view = bench.switch.port("PortChannel10").unwrap();
    assert_eq!((view.pair, view.fallback.as_deref()), (Some(10), Some("true")));
    bench.quiet(&["interface shutdown Ethernet8,Ethernet12"]).await;
    assert!(!up());
    let state = bench.run("sonic-db-cli APPL_DB hgetall PORT_TABLE:Ethernet8").await.0;
    assert_eq!(state, "{'admin_status': 'down', 'oper_status': 'down'}\n");
}

#[tokio::test]
async fn a_person_sees_a_prompt_and_is_asked() {
    let bench = Bench::new(&[]).await;
    let mut shell = bench.desk.login(&bench.switch, "admin@leaf-01:~$ ").await;
    shell.send("sudo config save\r").await;
    shell.until("continue? [y/N]: ").await;
    shell.send("n\r").await;
    assert!(shell.until("admin@leaf-01:~$ ").await.contains("Aborted!"));
    shell.send("exit\r").await;
    shell.rest().await;
}

#[tokio::test]
async fn rows_are_dumped_by_a_pattern_on_their_keys() {
    let bench = Bench::new(&[
        "vlan add 100",
        "vlan member add -u 100 Ethernet4",
        "portchannel add PortChannel10",
        "portchannel member add PortChannel10 Ethernet8",
    ])
    .await;
    bench.switch.plug(|world| {
        let cable = world.cable_mut("Ethernet4");
        cable.macs.push((100, [0, 0x53, 0, 0, 0, 9]));
        cable.neighbour = Some(Neighbour {
            chassis: [0, 0x53, 0, 0, 0, 8],
            port_id: "eth0".into(),
            system_name: "server-1".into(),
            port_description: String::new(),
        });
    });
    let dump = async |rest: &str| {
        let (text, errors, status) = bench.run(&format!("sudo -n sonic-db-dump {rest}")).await;
        assert_eq!((errors.as_str(), status), ("", 0), "{rest}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let rows = dump("-n CONFIG_DB -y -k '*|Ethernet4'").await;
    let keys: Vec<&String> = rows.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["PORT|Ethernet4", "VLAN_MEMBER|Vlan100|Ethernet4"]);
    let row = &rows["VLAN_MEMBER|Vlan100|Ethernet4"];
    assert_eq!((&row["type"], &row["ttl"]), (&json!("hash"), &json!(-0.001)));
    assert_eq!(row["value"], json!({ "tagging_mode": "untagged" }));
    let rows = dump("-n CONFIG_DB -y -k 'PORTCHANNEL_MEMBER|PortChannel10|*'").await;
    let row = &rows["PORTCHANNEL_MEMBER|PortChannel10|Ethernet8"];
    assert_eq!(row["value"], json!({ "NULL": "NULL" }));
    assert_eq!(dump("-n CONFIG_DB -y -k 'VXLAN_TUNNEL_MAP|*'").await, json!({}));
    let rows = dump("-n APPL_DB -y -k '*:Ethernet8'").await;
    let member = &rows["LAG_MEMBER_TABLE:PortChannel10:Ethernet8"]["value"];
    assert_eq!(member, &json!({ "status": "enabled" }));
    assert_eq!(rows["PORT_TABLE:Ethernet8"]["value"]["oper_status"], json!("up"));
    let rows = dump("-n APPL_DB -y -k 'LLDP_ENTRY_TABLE:*'").await;
    let told = &rows["LLDP_ENTRY_TABLE:Ethernet4"]["value"];
    assert_eq!(
        (&told["lldp_rem_sys_name"], &told["lldp_rem_port_id_subtype"]),
        (&json!("server-1"), &json!("5"))
    );
    let rows = dump("-n STATE_DB -y -k 'FDB_TABLE|*'").await;
    let learned = &rows["FDB_TABLE|Vlan100:00:53:00:00:00:09"]["value"];
    assert_eq!(learned, &json!({ "port": "Ethernet4", "type": "dynamic" }));
    let (_, _, status) = bench.run("sudo -n sonic-db-dump -n OTHER_DB -y").await;
    assert_eq!(status, 1);
}

#[tokio::test]
async fn what_may_fail_is_written_so_that_it_does_not() {
    let bench = Bench::new(&["vlan add 100", "switchport mode access Ethernet4"]).await;
    let mode = "sudo -n sh -c 'config switchport mode trunk Ethernet4 >/dev/null 2>&1 || true'";
    let silent = (String::new(), String::new(), 0);
    assert_eq!(bench.run(mode).await, silent);
    assert_eq!(bench.run(mode).await, silent, "it is a trunk already");
    let describe = "sudo -n sonic-db-cli CONFIG_DB hset 'PORT|Ethernet4' description";
    assert_eq!(bench.run(&format!("{describe} 'server 7'")).await.0, "1\n");
    assert_eq!(bench.run(&format!("{describe} 'server 8'")).await.0, "0\n");
    let view = bench.switch.port("Ethernet4").unwrap();
    assert_eq!(view.description.as_deref(), Some("server 8"));
    let remove = "sudo -n sonic-db-cli CONFIG_DB hdel 'PORT|Ethernet4' description";
    assert_eq!(bench.run(remove).await.0, "1\n");
    assert_eq!(bench.run(remove).await.0, "0\n");
}
