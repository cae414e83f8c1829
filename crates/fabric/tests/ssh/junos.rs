//! Junos: candidates, commits, and ports that are what is committed.

mod candidates;
mod show;

use fabric::Error;
use fabric::ssh::{Settings, SshSwitch, System, VlanSet};
use rstest::rstest;
use serde_json::{Value, json};

use super::client::{Desk, Shell};

/// A switch and a login.
struct Bench {
    desk: Desk,
    switch: SshSwitch,
    shell: Shell,
}

const VLANS: &[&str] = &[
    "set vlans v100 vlan-id 100",
    "set vlans v200 vlan-id 200",
    "set vlans v300 vlan-id 300",
    "set chassis aggregated-devices ethernet device-count 8",
    "set interfaces xe-0/0/7 mtu 1514",
];
const ENTERED: &str = "Entering configuration mode\n";
const DISCARDS: &str =
    "warning: uncommitted changes will be discarded on exit\nEntering configuration mode\n";
const DONE: &str = "configuration check succeeds\ncommit complete\n";

/// The family of a port for servers.
fn family(port: &str, rest: &str) -> String {
    format!("set interfaces {port} unit 0 family ethernet-switching {rest}")
}

async fn bench_with(change: impl FnOnce(Settings) -> Settings) -> Bench {
    let desk = Desk::new();
    let settings = change(desk.settings().ports(8).configuration(VLANS.iter().copied()));
    let switch = SshSwitch::start(System::Junos, &settings).await.unwrap();
    let shell = login(&desk, &switch).await;
    Bench { desk, switch, shell }
}

async fn bench() -> Bench {
    bench_with(|settings| settings).await
}

async fn login(desk: &Desk, switch: &SshSwitch) -> Shell {
    let mut shell = desk.login(switch, "admin@leaf-01> ").await;
    assert_eq!(say(&mut shell, "set cli screen-width 1024").await, "Screen width set to 1024\n");
    assert_eq!(say(&mut shell, "set cli screen-length 0").await, "Screen length set to 0\n");
    shell
}

/// The answer to a line, and the lines above the next prompt with the prompt's sign.
async fn ask(shell: &mut Shell, line: &str) -> (String, String) {
    shell.send(&format!("{line}\r")).await;
    shell.until(&format!("{line}\r\n")).await;
    let answer = shell.until("admin@leaf-01").await.replace("\r\n", "\n");
    let sign = shell.until(" ").await;
    let answer = answer.strip_suffix("admin@leaf-01").unwrap();
    let at = answer.rfind("\n{master:0}").unwrap();
    let (answer, place) = answer.split_at(at);
    (answer.to_owned(), format!("{}{}", place.trim(), sign.trim()))
}

async fn say(shell: &mut Shell, line: &str) -> String {
    ask(shell, line).await.0
}

impl Bench {
    async fn say(&mut self, line: &str) -> String {
        say(&mut self.shell, line).await
    }

    /// Lines that have to be taken without a word.
    async fn quiet(&mut self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.say(line).await, "", "{line}");
        }
    }

    /// Changes in a private candidate, committed.
    async fn change(&mut self, lines: &[&str]) {
        assert_eq!(self.say("configure private").await, DISCARDS);
        self.quiet(lines).await;
        let done = self.say("commit and-quit comment \"by a test\"").await;
        assert_eq!(done, format!("{DONE}Exiting configuration mode\n"));
    }

    /// Untagged, tagged, and how many would be tagged were they all there.
    fn carried(&self, port: &str) -> (Option<u16>, String, usize) {
        let view = self.switch.port(port).unwrap();
        (view.untagged, view.tagged.to_string(), view.permits.len())
    }
}

#[tokio::test]
async fn a_port_is_what_is_committed() {
    let mut bench = bench().await;
    assert_eq!(bench.carried("xe-0/0/5"), (None, String::new(), 0));
    let (said, place) = ask(&mut bench.shell, "configure private").await;
    assert_eq!((said.as_str(), place.as_str()), (DISCARDS, "{master:0}[edit]#"));
    bench
        .quiet(&[
            &family("xe-0/0/5", "interface-mode access"),
            &family("xe-0/0/5", "vlan members v100"),
            "set interfaces xe-0/0/5 description \"server 7\"",
        ])
        .await;
    assert_eq!(bench.carried("xe-0/0/5"), (None, String::new(), 0), "nothing is committed");
    let difference = "\
[edit interfaces]
+   xe-0/0/5 {
+       description \"server 7\";
+       unit 0 {
+           family ethernet-switching {
+               interface-mode access;
+               vlan {
+                   members v100;
+               }
+           }
+       }
+   }
";
    assert_eq!(bench.say("show | compare").await, difference);
    assert_eq!(bench.say("commit").await, DONE);
    assert_eq!(bench.carried("xe-0/0/5"), (Some(100), String::new(), 0));
    assert_eq!(bench.say("show | compare").await, "");
    let (said, place) = ask(&mut bench.shell, "exit configuration-mode").await;
    assert_eq!((said.as_str(), place.as_str()), ("Exiting configuration mode\n", "{master:0}>"));
    let set = bench.say("show configuration interfaces xe-0/0/5 | display set").await;
    let lines = "\
set interfaces xe-0/0/5 description \"server 7\"
set interfaces xe-0/0/5 unit 0 family ethernet-switching interface-mode access
set interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members v100
";
    assert_eq!(set, lines);
    let past = bench.switch.history_of("xe-0/0/5");
    let seen: Vec<VlanSet> = past.iter().map(|past| past.view.as_ref().unwrap().vlans()).collect();
    assert_eq!(seen.last(), Some(&[100].into_iter().collect()));
    assert!(seen.iter().all(|vlans| vlans.is_empty() || vlans.to_string() == "100"), "{seen:?}");
}

#[rstest]
// A trunk without a native VLAN takes no frames without a tag.
#[case(&["interface-mode trunk", "vlan members [ v100 200 ]"], None, (None, "100,200", 2))]
#[case(&["interface-mode trunk", "vlan members 100-300"], None, (None, "100,200,300", 201))]
#[case(&["interface-mode trunk", "vlan members all"], None, (None, "1,100,200,300", 4094))]
#[case(&["interface-mode trunk", "vlan members [ v100 200 ]"], Some(200), (Some(200), "100", 1))]
// The native VLAN has to be a member.
#[case(&["interface-mode trunk", "vlan members v100"], Some(200), (None, "100", 1))]
#[case(&["interface-mode trunk"], None, (None, "", 0))]
#[case(&["vlan members 200"], None, (Some(200), "", 0))]
// A number without a VLAN is committed, and nothing is carried.
#[case(&["vlan members 999"], None, (None, "", 0))]
#[case(&["interface-mode access"], None, (Some(1), "", 0))]
#[tokio::test]
async fn members_are_names_and_numbers(
    #[case] lines: &[&str],
    #[case] native: Option<u16>,
    #[case] expected: (Option<u16>, &str, usize),
) {
    let mut bench = bench().await;
    let mut lines: Vec<String> = lines.iter().map(|line| family("xe-0/0/0", line)).collect();
    lines.extend(native.map(|id| format!("set interfaces xe-0/0/0 native-vlan-id {id}")));
    bench.change(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (untagged, tagged, permits) = expected;
    assert_eq!(bench.carried("xe-0/0/0"), (untagged, tagged.to_owned(), permits));
    bench.change(&["delete interfaces xe-0/0/0 unit 0 family ethernet-switching"]).await;
    assert_eq!(bench.carried("xe-0/0/0"), (None, String::new(), 0));
}

#[rstest]
#[case("sett vlans v1 vlan-id 1", "               ^\nunknown command.\n")]
#[case("set vlan v1 vlan-id 1", "                   ^\nsyntax error.\n")]
#[case("set vlans v1 vlan-id 1 more", "                                      ^\nsyntax error.\n")]
#[case("set vlans v1 vlan-id", "                                    ^\nmissing argument.\n")]
#[case("set vlans v1 vlan-id 5000", "error: Value 5000 is not within range (1..4094)\n")]
#[case("set interfaces foo disable", "error: invalid interface type in 'foo'\n")]
#[case("delete vlans v1", "warning: statement not found\n")]
#[case("delete interfaces xe-0/0/3 mtu", "warning: statement not found\n")]
#[case("rename vlans v100 to v200", "error: target 'v200' already exists\n")]
#[case("commit at-once", "                      ^\nsyntax error.\n")]
#[case("rollback 7", "error: no rollback configuration 7\n")]
#[tokio::test]
async fn lines_that_are_refused_change_nothing(#[case] line: &str, #[case] answer: &str) {
    let mut bench = bench().await;
    bench.say("configure").await;
    assert_eq!(bench.say(line).await, answer);
    assert_eq!(bench.say("show | compare").await, "");
    let said = ask(&mut bench.shell, "exit").await;
    assert_eq!(said, ("Exiting configuration mode\n".to_owned(), "{master:0}>".to_owned()));
}

#[tokio::test]
async fn operational_mode_has_its_own_refusals() {
    let mut bench = bench().await;
    for (line, answer) in [
        ("sh vlans", "               ^\nunknown command.\n"),
        ("show nonsense", "                    ^\nsyntax error, expecting <command>.\n"),
        ("set vlans v1 vlan-id 1", "                   ^\nsyntax error, expecting <command>.\n"),
        ("show configuration nonsense", "                                  ^\nsyntax error.\n"),
        ("show interfaces terse xe-9/0/0", "error: device xe-9/0/0 not found\n"),
        ("show vlans v999", "error: vlan with tag or name v999 does not exist\n"),
        ("show configuration interfaces xe-0/0/3", ""),
        ("# a remark", ""),
    ] {
        assert_eq!(bench.say(line).await, answer, "{line}");
    }
}

#[rstest]
#[case(
    &["set interfaces xe-0/0/1 unit 0 family ethernet-switching vlan members MEETING"],
    "[edit interfaces xe-0/0/1 unit 0 family ethernet-switching vlan]\n  'members MEETING'\n    VLAN MEETING does not exist\n"
)]
#[case(
    &["set interfaces xe-0/0/1 unit 0 family ethernet-switching vlan members [ v100 v200 ]"],
    "[edit interfaces xe-0/0/1 unit 0 family ethernet-switching]\n  'vlan'\n    Access interface can be a member of one vlan only\n"
)]
#[case(
    &["set interfaces xe-0/0/1 unit 0 family ethernet-switching vlan members v100", "set interfaces xe-0/0/1 ether-options 802.3ad ae1"],
    "[edit interfaces xe-0/0/1]\n  'unit'\n    logical interfaces are not allowed on a member of an aggregated interface (ae1)\n"
)]
#[case(
    &["set vlans other vlan-id 100"],
    "[edit vlans v100]\n  'vlan-id 100'\n    vlan-id 100 is already used by vlan other\n"
)]
#[case(
    &[
        "set interfaces xe-0/0/1 ether-options 802.3ad ae1",
        "set interfaces ae1 aggregated-ether-options minimum-links 2",
    ],
    "[edit interfaces ae1 aggregated-ether-options]\n  'minimum-links'\n    Number of member links configured, i.e [1], for interface [ae1]is lesser than the required minimum [2].\n"
)]
#[case(
    &["set interfaces ae1 esi 00:01:02:03:04:05:06:07:08:09", "set interfaces ae1 esi auto-derive type-1-lacp"],
    "[edit interfaces ae1]\n  'esi'\n    identifier and auto-derive can not be configured together\n"
)]
#[tokio::test]
async fn what_does_not_fit_is_refused_at_commit(#[case] lines: &[&str], #[case] why: &str) {
    let mut bench = bench().await;
    assert_eq!(bench.say("configure exclusive").await, DISCARDS);
    bench.quiet(lines).await;
    let refused = format!("{why}error: configuration check-out failed\n");
    assert_eq!(bench.say("commit check").await, refused);
    let (said, place) = ask(&mut bench.shell, "commit and-quit").await;
    assert_eq!((said, place.as_str()), (refused, "{master:0}[edit]#"));
    assert_eq!(bench.say("rollback 0").await, "load complete\n");
    assert_eq!(bench.say("commit check").await, "configuration check succeeds\n");
    assert_eq!(bench.carried("xe-0/0/1"), (None, String::new(), 0));
}

#[tokio::test]
async fn nothing_is_committed_before_root_has_a_password() {
    let mut bench = bench_with(|settings| settings.quirk("factory")).await;
    assert_eq!(bench.carried("xe-0/0/1"), (Some(1), String::new(), 0));
    bench.say("configure private").await;
    bench.quiet(&["delete interfaces xe-0/0/1 unit 0 family ethernet-switching"]).await;
    let refused = "[edit]\n  'system'\n    Missing mandatory statement: 'root-authentication'\n\
                   error: configuration check-out failed: (missing mandatory statements)\n";
    assert_eq!(bench.say("commit").await, refused);
    bench.quiet(&["set system root-authentication encrypted-password \"$6$x$y\""]).await;
    assert_eq!(bench.say("commit").await, DONE);
    assert_eq!(bench.carried("xe-0/0/1"), (None, String::new(), 0));
    let shown = bench.say("show system root-authentication").await;
    assert_eq!(shown, "encrypted-password \"$6$x$y\"; ## SECRET-DATA\n");
}

#[tokio::test]
async fn a_lag_needs_a_device_count_and_partners() {
    let mut bench = bench().await;
    bench
        .change(&[
            "set interfaces xe-0/0/5 ether-options 802.3ad ae5",
            "set interfaces xe-0/0/6 ether-options 802.3ad ae5",
            "set interfaces ae5 aggregated-ether-options lacp active",
            "set interfaces ae5 aggregated-ether-options lacp periodic fast",
            "set interfaces ae5 mtu 9216",
            &family("ae5", "interface-mode trunk"),
            &family("ae5", "vlan members [ v100 v200 ]"),
        ])
        .await;
    let view = |name: &str| bench.switch.port(name).unwrap();
    assert_eq!(
        (view("ae5").up, view("ae5").members),
        (true, vec!["xe-0/0/5".into(), "xe-0/0/6".into()])
    );
    assert_eq!(view("ae5").lag_mode.as_deref(), Some("active"));
    assert_eq!(view("xe-0/0/5").lag.as_deref(), Some("ae5"));
    bench.switch.plug(|world| world.cable_mut("xe-0/0/6").lacp = false);
    let text = "\
Aggregated interface: ae5
    LACP state:       Role   Exp   Def  Dist  Col  Syn  Aggr  Timeout  Activity
      xe-0/0/5       Actor    No    No   Yes  Yes  Yes   Yes     Fast    Active
      xe-0/0/5     Partner    No    No   Yes  Yes  Yes   Yes     Fast    Active
      xe-0/0/6       Actor    No   Yes    No   No   No   Yes     Fast    Active
      xe-0/0/6     Partner    No   Yes    No   No   No   Yes     Fast   Passive
    LACP protocol:        Receive State  Transmit State          Mux State
      xe-0/0/5                  Current   Fast periodic Collecting distributing
      xe-0/0/6                Defaulted   Fast periodic Detached
";
    assert_eq!(bench.say("show lacp interfaces").await, text);
    assert_eq!(
        bench
            .say("show configuration interfaces | display set | match \"802.3ad ae5$\" | count")
            .await,
        "Count: 2 lines\n"
    );
    bench.switch.plug(|world| world.cable_mut("xe-0/0/5").lacp = false);
    assert!(!bench.switch.port("ae5").unwrap().up);
    bench.change(&["set interfaces xe-0/0/5 ether-options 802.3ad lacp force-up"]).await;
    let view = bench.switch.port("ae5").unwrap();
    assert_eq!((view.up, view.fallback.as_deref()), (true, Some("force-up")));
    bench.change(&["set chassis aggregated-devices ethernet device-count 5"]).await;
    assert!(!bench.switch.port("ae5").unwrap().up, "there is no ae5 with five devices");
    assert_eq!(bench.say("show interfaces terse ae5").await, "error: device ae5 not found\n");
    bench.change(&["delete interfaces xe-0/0/5 ether-options", "delete interfaces ae5"]).await;
    assert_eq!(bench.switch.port("xe-0/0/5").unwrap().lag, None);
}

#[tokio::test]
async fn pairs_edges_and_networks() {
    let mut bench = bench_with(Settings::pair).await;
    bench
        .change(&[
            "set interfaces ae1 esi 00:01:00:00:00:00:00:00:05:07",
            "set interfaces ae1 esi all-active",
            "set interfaces ae1 aggregated-ether-options lacp system-id 00:01:02:03:05:07",
            "set interfaces xe-0/0/1 ether-options 802.3ad ae1",
            "set interfaces ae2 aggregated-ether-options mc-ae mc-ae-id 9",
            "set interfaces ae2 aggregated-ether-options mc-ae chassis-id 0",
            "set interfaces ae2 aggregated-ether-options mc-ae status-control active",
            "set interfaces xe-0/0/2 ether-options 802.3ad ae2",
            "set interfaces xe-0/0/3 disable",
            &family("xe-0/0/4", "vlan members v100"),
            "set protocols rstp interface xe-0/0/4 edge",
            "set protocols layer2-control bpdu-block interface xe-0/0/4",
            "set vlans v100 vxlan vni 10100",
            "set protocols evpn extended-vni-list 10100",
        ])
        .await;
    let view = |name: &str| bench.switch.port(name).unwrap();
    assert_eq!((view("ae1").pair, view("ae2").pair), (Some(0x0507), Some(9)));
    assert_eq!((view("xe-0/0/3").enabled, view("xe-0/0/3").up), (false, false));
    assert_eq!((view("xe-0/0/4").edge, view("xe-0/0/4").bpdu_guard), (true, true));
    let shown = bench.say("show interfaces mc-ae").await;
    assert!(shown.contains(" Member Link                  : ae2\n"), "{shown}");
    assert!(shown.contains("Peer State                   : up\n"), "{shown}");
    let text = bench.say("show configuration vlans | display json").await;
    let value: Value = serde_json::from_str(&text).unwrap();
    let vlans = &value["configuration"]["vlans"]["vlan"];
    let first = json!({ "name": "v100", "vlan-id": 100, "vxlan": { "vni": 10100 } });
    assert_eq!((&vlans[0]["name"], &vlans[1]), (&json!("default"), &first));
    let spanning = bench
        .say("show configuration protocols | display set | match \"interface xe-0/0/4\"")
        .await;
    assert_eq!(
        spanning,
        "set protocols layer2-control bpdu-block interface xe-0/0/4\nset protocols rstp interface xe-0/0/4 edge\n"
    );
}

#[tokio::test]
async fn first_lines_that_are_refused_are_named() {
    let desk = Desk::new();
    for (lines, line) in [
        (vec!["set vlans v1 vlan-id 5000"], "set vlans v1 vlan-id 5000"),
        (
            vec!["set interfaces xe-0/0/1 unit 0 family ethernet-switching vlan members v1"],
            "commit",
        ),
    ] {
        let settings = desk.settings().configuration(lines);
        let refused = SshSwitch::start(System::Junos, &settings).await.unwrap_err();
        assert!(
            matches!(refused, Error::FirstLine { line: ref told, .. } if told == line),
            "{refused}"
        );
    }
}
