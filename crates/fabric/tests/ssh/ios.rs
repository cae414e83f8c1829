//! Cisco IOS and IOS-XE.

use fabric::ssh::{Neighbour, PortView, Settings, SshSwitch, System, VlanSet};

use super::client::{Desk, Shell};

struct Bench {
    switch: SshSwitch,
    shell: Shell,
}

async fn bench_with(change: impl FnOnce(Settings) -> Settings) -> Bench {
    let desk = Desk::new();
    let settings = change(desk.settings().ports(8));
    let switch = SshSwitch::start(System::Ios, &settings).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01#").await;
    shell.all_quiet(&["terminal length 0", "terminal width 0"]).await;
    Bench { switch, shell }
}

async fn bench() -> Bench {
    bench_with(|settings| settings).await
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

    async fn running(&mut self, port: &str) -> String {
        self.show(&format!("show running-config interface {port}")).await
    }
}

fn seen(view: &PortView) -> (Option<u16>, String) {
    (view.untagged, view.tagged.to_string())
}

const PORTFAST: &str = "\
%Warning: portfast should only be enabled on ports connected to a single
 host. Connecting hubs, concentrators, switches, bridges, etc... to this
 interface  when portfast is enabled, can cause temporary bridging loops.
 Use with CAUTION

";

#[tokio::test]
async fn prompts_say_where_one_is() {
    let mut bench = bench().await;
    let (answer, prompt) = bench.shell.ask("conf t").await;
    let entered = "Enter configuration commands, one per line.  End with CNTL/Z.\n";
    assert_eq!((answer.as_str(), prompt.as_str()), (entered, "leaf-01(config)#"));
    for (line, prompt) in [
        ("int gi1/0/1", "leaf-01(config-if)#"),
        ("interface range Gi1/0/1 - 2", "leaf-01(config-if-range)#"),
        ("vlan 10", "leaf-01(config-vlan)#"),
        ("hostname leaf-01-with-a-very-long-name", "leaf-01-with-a-very-(config)#"),
        ("end", "leaf-01-with-a-very-long-name#"),
        ("disable", "leaf-01-with-a-very-long-name>"),
    ] {
        assert_eq!(bench.shell.ask(line).await, (String::new(), prompt.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn errors_and_notes_have_their_texts() {
    let mut bench = bench_with(|settings| settings.configuration(["no ip domain-lookup"])).await;
    let unknown = "% Unknown command or computer name, or unable to find computer address\n";
    assert_eq!(bench.show("nonsense").await, unknown);
    assert_eq!(
        bench.show("show nonsense").await,
        "             ^\n% Invalid input detected at '^' marker.\n\n"
    );
    bench.show("configure terminal").await;
    bench.shell.quiet("interface GigabitEthernet1/0/1").await;
    for (line, answer) in [
        ("switchport trunk", "% Incomplete command.\n\n"),
        ("s", "% Ambiguous command:  \"s\"\n"),
        ("switchport access vlan 20", "% Access VLAN does not exist. Creating vlan 20\n"),
        (
            "switchport nonegotiate",
            "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n",
        ),
        ("no vlan 1", "%Default VLAN 1 may not be deleted.\n"),
    ] {
        assert_eq!(bench.show(line).await, answer, "{line}");
    }
    let missing = bench.show("interface GigabitEthernet1/0/99").await;
    assert!(missing.contains("% Invalid input detected at '^' marker."), "{missing}");
    let encapsulation = bench.show("do show nonsense").await;
    assert!(encapsulation.contains("% Invalid input detected at '^' marker."));
}

#[tokio::test]
async fn portfast_warns_and_is_done() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Gi1/0/6").await;
    let note = bench.show("spanning-tree portfast").await;
    let more = "%Portfast has been configured on GigabitEthernet1/0/6 but will only\n have effect when the interface is in a non-trunking mode.\n";
    assert_eq!(note, format!("{PORTFAST}{more}"));
    assert!(bench.port("gi1/0/6").edge);
    bench.shell.quiet("switchport mode trunk").await;
    assert!(!bench.port("gi1/0/6").edge);
    assert_eq!(bench.show("spanning-tree portfast trunk").await, PORTFAST);
    assert!(bench.port("gi1/0/6").edge);
}

#[tokio::test]
async fn a_port_is_dynamic_until_told_and_a_list_first_keeps_a_trunk_shut() {
    let mut bench = bench().await;
    let text = bench.show("show interfaces Gi1/0/1 switchport").await;
    assert!(text.contains("Administrative Mode: dynamic auto\n"), "{text}");
    bench.config(&["vlan 10,20,30"]).await;
    bench.switch.forget();
    bench
        .config(&[
            "interface Gi1/0/1",
            "switchport trunk allowed vlan 10,20",
            "switchport trunk native vlan 10",
            "switchport mode trunk",
        ])
        .await;
    let past: Vec<_> = bench
        .switch
        .history_of("gi1/0/1")
        .into_iter()
        .map(|past| past.view.unwrap().vlans())
        .collect();
    assert_eq!(past, [VlanSet::from([1]), VlanSet::from([10, 20])]);
    bench
        .config(&[
            "interface Gi1/0/2",
            "switchport mode trunk",
            "switchport trunk allowed vlan add 10",
        ])
        .await;
    assert_eq!(bench.port("Gi1/0/2").permits.to_string(), "2-4094");
}

#[tokio::test]
async fn running_config_wraps_lists_and_keeps_two_neighbours_apart() {
    let mut bench = bench().await;
    bench
        .config(&[
            "interface GigabitEthernet1/0/7",
            "description host interface",
            "switchport trunk allowed vlan 101-102,201,202,301,302,401,402,501,502,701,702,801,802,901,902",
            "switchport mode trunk",
        ])
        .await;
    let text = bench.running("Gi1/0/7").await;
    assert!(text.starts_with("Building configuration...\n\nCurrent configuration : "), "{text}");
    let expected = " bytes
!
interface GigabitEthernet1/0/7
 description host interface
 switchport trunk allowed vlan 101,102,201,202,301,302,401,402,501,502,701,702
 switchport trunk allowed vlan add 801,802,901,902
 switchport mode trunk
end
";
    assert!(text.contains(expected), "{text}");
    bench.config(&["interface Gi1/0/7", "switchport trunk allowed vlan 123,124,126-128"]).await;
    assert!(bench.running("Gi1/0/7").await.contains(" vlan 123,124,126-128\n"));
}

#[tokio::test]
async fn a_vlan_is_made_when_its_mode_is_left() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.all_quiet(&["vlan 100", "name storage"]).await;
    assert!(!bench.show("do show vlan brief").await.contains("storage"));
    bench.shell.quiet("exit").await;
    assert!(
        bench
            .show("do show vlan brief")
            .await
            .contains("100  storage                          active\n")
    );
    bench.shell.quiet("vlan 1006").await;
    let failed = "% Failed to create VLANs 1006\nExtended VLAN(s) not allowed in current VTP mode.\n%Failed to commit extended VLAN(s) changes.\n\n";
    assert_eq!(bench.show("end").await, failed);
    assert!(
        !bench.switch.running_config().contains("vlan 100"),
        "a VTP server keeps VLANs elsewhere"
    );
    bench.show("configure terminal").await;
    bench.show("vtp mode client").await;
    assert_eq!(
        bench.show("vlan 7").await,
        "VTP VLAN configuration not allowed when device is in CLIENT mode.\n"
    );
    bench.show("vtp mode transparent").await;
    bench.shell.all_quiet(&["vlan 2000", "exit"]).await;
    assert!(bench.switch.running_config().contains("vlan 100\n name storage\n!\nvlan 2000\n!\n"));
    let long = bench.show("vlan 8").await
        + &bench.show("name a-name-that-is-longer-than-thirty-two-letters").await;
    assert_eq!(
        long,
        "%You must disable VTPv1 and VTPv2 or switch to VTPv3 before configuring a VLAN name longer than 32 characters\n"
    );
    bench.shell.all_quiet(&["interface Gi1/0/8", "no switchport"]).await;
    let taken = bench.show("vlan 1006").await;
    assert_eq!(
        taken,
        "VLAN id: 1006 is an internal vlan id - cannot use it to create a VTP VLAN.\n"
    );
    assert_eq!(
        bench.show("do show vlan id 300").await,
        "VLAN id 300 not found in current VLAN database\n"
    );
}

#[tokio::test]
async fn members_that_differ_are_suspended_without_a_word() {
    let mut bench = bench().await;
    bench
        .config(&[
            "vlan 10",
            "interface Port-channel5",
            "switchport access vlan 10",
            "switchport mode access",
        ])
        .await;
    bench.config(&["interface Gi1/0/1", "channel-group 5 mode active"]).await;
    assert!(!bench.port("Po5").up);
    let table = bench.show("show etherchannel summary").await;
    assert!(table.contains("5      Po5(SD)        LACP        Gi1/0/1(s)\n"), "{table}");
    bench.config(&["interface Po5", "switchport access vlan 10", "switchport mode access"]).await;
    assert_eq!(
        (bench.port("Po5").up, bench.port("Po5").untagged),
        (true, Some(10)),
        "lines are copied"
    );
    let running = bench.running("Gi1/0/1").await;
    assert!(
        running.contains(
            " switchport access vlan 10\n switchport mode access\n channel-group 5 mode active\n"
        ),
        "{running}"
    );
    bench.config(&["interface Gi1/0/1", "no channel-group"]).await;
    assert_eq!(seen(&bench.port("Gi1/0/1")), (Some(10), String::new()), "it keeps what was copied");
}

#[tokio::test]
async fn etherchannels_refuse_what_does_not_fit() {
    let mut bench = bench().await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Gi1/0/1").await;
    let made = bench.show("channel-group 10 mode active").await;
    assert_eq!(made, "Creating a port-channel interface Port-channel 10\n\n");
    bench.shell.quiet("interface range Gi1/0/2 - 3").await;
    let mixed = bench.show("channel-group 10 mode on").await;
    assert_eq!(
        mixed,
        "Command rejected (Port-channel10, Gi1/0/2): Invalid etherchnl mode\n% Range command terminated because it failed on GigabitEthernet1/0/2\n"
    );
    bench.shell.quiet("no switchport").await;
    let layers = bench.show("channel-group 10 mode active").await;
    assert!(layers.starts_with("Command rejected (Port-channel10, Gi1/0/2): Either port is L2 and port-channel is L3, or vice-versa\n"));
    bench.shell.all_quiet(&["no interface Port-channel10", "end"]).await;
    assert_eq!((bench.port("Gi1/0/1").lag, bench.port("Gi1/0/1").enabled), (None, false));
}

#[tokio::test]
async fn without_a_partner_members_stand_alone_or_not() {
    let mut bench = bench().await;
    bench.config(&["vlan 10", "interface Gi1/0/1", "switchport access vlan 10"]).await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Gi1/0/1").await;
    bench.show("channel-group 5 mode active").await;
    bench.shell.quiet("end").await;
    bench.switch.plug(|world| world.cable_mut("GigabitEthernet1/0/1").lacp = false);
    assert_eq!(
        (bench.port("Po5").up, seen(&bench.port("Gi1/0/1"))),
        (false, (Some(10), String::new()))
    );
    bench.config(&["interface Po5", "port-channel standalone-disable"]).await;
    assert_eq!(seen(&bench.port("Gi1/0/1")), (None, String::new()));
}

#[tokio::test]
async fn models_with_isl_want_the_encapsulation_first() {
    let mut bench = bench_with(|settings| settings.quirk("isl")).await;
    bench.show("configure terminal").await;
    bench.shell.quiet("interface Gi1/0/1").await;
    let refused = "Command rejected: An interface whose trunk encapsulation is \"Auto\" can not be configured to \"trunk\" mode.\n";
    assert_eq!(bench.show("switchport mode trunk").await, refused);
    bench.shell.all_quiet(&["switchport trunk encapsulation dot1q", "switchport mode trunk"]).await;
}

#[tokio::test]
async fn a_timed_change_is_confirmed_or_taken_back() {
    let mut bench = bench().await;
    let off = "%Turn config archive on before using Rollback Confirmed Change\n";
    assert_eq!(bench.show("configure terminal revert timer 5").await, off);
    assert_eq!(bench.show("show archive").await, " Archive feature not enabled\n");
    assert_eq!(
        bench.show("show archive config rollback timer").await,
        "%No Rollback Confirmed Change pending\n"
    );
    bench.config(&["archive", "path flash:archive"]).await;
    bench.show("configure terminal revert timer 5").await;
    bench.shell.all_quiet(&["interface Gi1/0/1", "shutdown", "end"]).await;
    let pending = bench.show("show archive config rollback timer").await;
    assert!(
        pending.starts_with("Time configured(minutes): 5\n") && pending.ends_with("User: admin\n"),
        "{pending}"
    );
    bench.show("configure revert now").await;
    assert!(bench.port("Gi1/0/1").enabled);
}

#[tokio::test]
async fn long_lists_wrap_in_tables() {
    let mut bench = bench().await;
    let list = "1,111,130,131,400,405,410,420,430,439-442,450,451,460,470,480,490,500";
    bench
        .config(&[
            "interface Te1/1/2",
            &format!("switchport trunk allowed vlan {list}"),
            "switchport mode trunk",
            "switchport nonegotiate",
        ])
        .await;
    let text = bench.show("show interfaces Te1/1/2 switchport").await;
    let expected = "Name: Te1/1/2
Switchport: Enabled
Administrative Mode: trunk
Operational Mode: trunk
Administrative Trunking Encapsulation: dot1q
Negotiation of Trunking: Off
Access Mode VLAN: 1 (default)
Trunking Native Mode VLAN: 1 (default)
Administrative Native VLAN tagging: disabled
Voice VLAN: none
Trunking VLANs Enabled: 1,111,130,131,400,405,410,420,430,439-442,450,451,
     460,470,480,490,500
";
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn neighbours_are_shown_when_lldp_runs() {
    let mut bench = bench().await;
    assert_eq!(bench.show("show lldp neighbors").await, "% LLDP is not enabled\n");
    bench.config(&["lldp run"]).await;
    bench.switch.plug(|world| {
        let cable = world.cable_mut("GigabitEthernet1/0/2");
        cable.neighbour = Some(Neighbour {
            chassis: [0x84, 0x3d, 0xc6, 0xff, 0xf1, 0xb8],
            port_id: "Gi0/0".into(),
            system_name: "long_name_swt.josh-vm.lab".into(),
            port_description: String::new(),
        });
        cable.macs = vec![(1, [0, 1, 0, 0, 0, 1])];
    });
    let table = bench.show("show lldp neighbors").await;
    assert!(
        table.contains("long_name_swt.josh-vGi1/0/2        120        B,R             Gi0/0\n"),
        "{table}"
    );
    let detail = bench.show("show lldp neighbors Gi1/0/2 detail").await;
    assert!(detail.contains("Local Intf: Gi1/0/2\nChassis id: 843d.c6ff.f1b8\nPort id: Gi0/0\nPort Description - not advertised\nSystem Name: long_name"), "{detail}");
    let macs = bench.show("show mac address-table address 0001.0000.0001").await;
    assert!(macs.contains("   1    0001.0000.0001    DYNAMIC     Gi1/0/2\n"), "{macs}");
}

#[tokio::test]
async fn saving_asks_or_not() {
    let mut bench = bench().await;
    bench.config(&["interface Gi1/0/1", "shutdown"]).await;
    assert!(!bench.switch.is_saved());
    assert_eq!(bench.show("write memory").await, "Building configuration...\n[OK]\n");
    assert!(bench.switch.is_saved());
    bench.shell.send("copy running-config startup-config\r").await;
    bench.shell.until("Destination filename [startup-config]? ").await;
    bench.shell.send("\r").await;
    bench.shell.until("[OK]\r\nleaf-01#").await;
}

#[tokio::test]
async fn enable_asks_three_times() {
    let desk = Desk::new();
    let switch =
        SshSwitch::start(System::Ios, &desk.settings().enable_secret("hush")).await.unwrap();
    let mut shell = desk.login(&switch, "leaf-01>").await;
    assert_eq!(shell.ask("show privilege").await.0, "Current privilege level is 1\n");
    shell.send("enable\r").await;
    for _ in 0..3 {
        shell.until("Password: ").await;
        shell.send("wrong\r").await;
    }
    shell.until("% Bad secrets\r\n\r\nleaf-01>").await;
    shell.send("enable\r").await;
    shell.until("Password: ").await;
    shell.send("hush\r").await;
    shell.until("leaf-01#").await;
    shell.send("show running-config\r").await;
    shell.until(" --More-- ").await;
    shell.send("x").await;
    shell.until("leaf-01#").await;
    assert_eq!(shell.ask("show privilege").await.0, "Current privilege level is 15\n");
}

#[tokio::test]
async fn one_connection_has_one_session() {
    let desk = Desk::new();
    let switch = SshSwitch::start(System::Ios, &desk.settings()).await.unwrap();
    let control = desk.path("control");
    let mut ssh = desk.ssh(&switch);
    ssh.args(["-M", "-tt", "-o"])
        .arg(super::client::option("ControlPath", &control))
        .arg("127.0.0.1");
    let mut first = Shell::new(&mut ssh);
    first.until("leaf-01#").await;
    let mut ssh = desk.ssh(&switch);
    ssh.arg("-o")
        .arg(super::client::option("ControlPath", &control))
        .args(["127.0.0.1", "show version"]);
    let second = ssh.output().await.unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(told.contains("Session open refused by peer"), "{told}");
}
