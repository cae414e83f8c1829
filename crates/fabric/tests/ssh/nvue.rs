//! Cumulus Linux with NVUE: revisions, and the port that is open because nothing is said.

use std::process::Output;

use fabric::ssh::{SshSwitch, System, User};
use rstest::rstest;
use serde_json::{Value, json};

use super::client::Desk;

struct Bench {
    desk: Desk,
    switch: SshSwitch,
}

impl Bench {
    async fn new(configuration: &[&str]) -> Self {
        let desk = Desk::new();
        let other = User::new("other").key(&desk.public).unwrap();
        let settings = desk.settings().user(other).ports(8);
        let settings = settings.configuration(configuration.iter().copied());
        let switch = SshSwitch::start(System::Nvue, &settings).await.unwrap();
        Self { desk, switch }
    }

    async fn run(&self, command: &str) -> String {
        let Output { stdout, stderr, .. } = self.desk.exec(&self.switch, command).await;
        format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    fn carried(&self, port: &str) -> (Option<u16>, String, usize) {
        let view = self.switch.port(port).unwrap();
        (view.untagged, view.tagged.to_string(), view.permits.len())
    }
}

#[tokio::test]
async fn a_change_waits_for_apply() {
    let bench = Bench::new(&["bridge domain br_default vlan 10,20"]).await;
    let set = "nv set interface swp1 bridge domain br_default access 10";
    assert_eq!(bench.run(set).await, "created [rev_id: 2]\n");
    assert_eq!(bench.carried("swp1"), (None, String::new(), 0));
    let diff = bench.run("nv config diff").await;
    assert_eq!(diff, "nv set interface swp1 bridge domain br_default access 10\n");
    assert_eq!(bench.run("nv config apply -y").await, "applied_and_saved [rev_id: 2]\n");
    assert_eq!(bench.carried("swp1"), (Some(10), String::new(), 0));
    assert_eq!(
        bench.run("nv config apply -y").await,
        "config apply executed with no config diff.\n"
    );
    let text = bench.run("nv config show -o json").await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        shown[1]["set"]["interface"]["swp1"]["bridge"]["domain"]["br_default"],
        json!({ "access": 10 })
    );
}

#[tokio::test]
async fn a_port_without_a_list_has_every_vlan_of_the_bridge() {
    let bench = Bench::new(&[
        "bridge domain br_default vlan 10,20",
        "interface swp1 bridge domain br_default",
        "interface swp2 bridge domain br_default vlan 20",
        "interface swp3 bridge domain br_default vlan 20",
        "interface swp3 bridge domain br_default untagged none",
    ])
    .await;
    assert_eq!(bench.carried("swp1"), (Some(1), "10,20".to_owned(), 4093));
    assert_eq!(bench.carried("swp2"), (Some(1), "20".to_owned(), 1));
    assert_eq!(bench.carried("swp3"), (None, "20".to_owned(), 1));
    bench
        .run("nv unset interface swp2 bridge domain br_default vlan 20 && nv config apply -y")
        .await;
    assert_eq!(bench.carried("swp2"), (Some(1), "10,20".to_owned(), 4093), "still in the bridge");
    bench.run("nv unset interface swp2 bridge domain br_default && nv config apply -y").await;
    assert_eq!(bench.carried("swp2"), (None, String::new(), 0));
    bench.run("nv unset interface swp3 bridge domain br_default vlan && nv config apply -y").await;
    assert_eq!(bench.carried("swp3"), (None, "10,20".to_owned(), 4094));
}

#[rstest]
#[case(
    "nv set interface swp1 bridge domain br_default vlan 20",
    "  Config invalid at interface.swp1.bridge.domain.br_default: 'access' cannot be configured together with 'vlan' or 'untagged'\n"
)]
#[case(
    "nv set interface bond1 bond member swp1",
    "  Config invalid at interface.swp1.bridge.domain.br_default: interface is a bond member\n"
)]
#[case(
    "nv set interface swp99 link state up",
    "  swp99 is not a physical interface on this switch\n"
)]
#[case(
    "nv set bridge domain br_default vlan 3800",
    "  Config invalid at bridge.domain.br_default.vlan.3800: VLAN is in the reserved range 3725-3999\n"
)]
#[tokio::test]
async fn what_does_not_fit_is_refused_at_apply_with_status_0(#[case] set: &str, #[case] why: &str) {
    let bench = Bench::new(&[
        "bridge domain br_default vlan 10",
        "interface swp1 bridge domain br_default access 10",
    ])
    .await;
    bench.run(set).await;
    let done = bench.desk.exec(&bench.switch, "nv config apply -y").await;
    let want = format!("Invalid config [rev_id: 2]\n{why}");
    assert_eq!((String::from_utf8(done.stderr).unwrap(), done.status.code()), (want, Some(0)));
    assert_eq!(bench.run("nv config detach").await, "detached [rev_id: 2]\n");
    assert_eq!(bench.run("nv config diff").await, "");
    assert_eq!(bench.carried("swp1"), (Some(10), String::new(), 0));
}

#[tokio::test]
async fn a_pending_revision_is_the_users_and_not_the_logins() {
    let bench = Bench::new(&["bridge domain br_default vlan 10"]).await;
    bench.run("nv set interface swp1 bridge domain br_default access 10").await;
    bench.run("nv set interface swp2 bridge domain br_default access 10").await;
    assert_eq!(bench.run("nv config diff").await.lines().count(), 2);
    let text = bench.run("nv config show --pending -o commands").await;
    assert!(text.contains("swp1") && text.contains("swp2"), "{text}");
    assert_eq!(
        bench.run("nv set interface swp1 link mtu 99999").await,
        "Error: At interface.swp1.link.mtu: value '99999' is not in the range 552-9216\n"
    );
    assert_eq!(
        bench.run("nv set interface swp1 colour red").await,
        "Error: Invalid parameter\n  'colour'\n"
    );
}

#[tokio::test]
async fn bonds_bypass_and_pairs() {
    let bench = Bench::new(&[
        "bridge domain br_default vlan 10",
        "interface bond1 bond member swp1-2",
        "interface bond1 bond mlag id 1",
        "interface bond1 bridge domain br_default access 10",
    ])
    .await;
    let view = || bench.switch.port("bond1").unwrap();
    assert_eq!((view().up, view().pair, view().members.len()), (true, Some(1), 2));
    bench.switch.plug(|world| {
        world.cable_mut("swp1").lacp = false;
        world.cable_mut("swp2").lacp = false;
    });
    assert!(!view().up);
    bench.run("nv set interface bond1 bond lacp-bypass on && nv config apply -y").await;
    assert!(view().up);
    let vlans: Value =
        serde_json::from_str(&bench.run("bridge -j vlan show dev bond1").await).unwrap();
    assert_eq!(
        vlans,
        json!([{ "ifname": "bond1", "vlans": [{ "vlan": 10, "flags": ["PVID", "Egress Untagged"] }] }])
    );
    bench.run("nv unset interface bond1 && nv config apply -y").await;
    assert!(bench.switch.port("bond1").is_none());
}

#[tokio::test]
async fn an_apply_that_nobody_confirms_is_taken_back() {
    let bench = Bench::new(&["bridge domain br_default vlan 10"]).await;
    bench.run("nv set interface swp1 bridge domain br_default access 10").await;
    assert_eq!(bench.run("nv config apply -y --confirm 0").await, "applied [rev_id: 2]\n");
    assert_eq!(bench.carried("swp1"), (None, String::new(), 0));
    bench.run("nv set interface swp1 bridge domain br_default access 10").await;
    bench.run("nv config apply -y --confirm 5").await;
    assert_eq!(bench.run("nv config apply --confirm-yes").await, "confirmed\n");
    assert_eq!(bench.carried("swp1"), (Some(10), String::new(), 0));
}

#[tokio::test]
async fn linux_shows_what_is_applied() {
    let bench = Bench::new(&[
        "bridge domain br_default vlan 10,20",
        "bridge domain br_default vlan 20 vni 10020",
        "interface swp1 description server",
        "interface swp1 link mtu 9000",
        "interface swp1 bridge domain br_default vlan 10,20",
        "interface swp1 bridge domain br_default untagged 10",
        "interface swp1 bridge domain br_default stp admin-edge on",
        "interface bond1 bond member swp3-4",
        "interface bond1 bond lacp-rate slow",
        "interface bond1 bond lacp-bypass on",
        "interface bond1 bond mlag id 7",
        "interface swp8 link state down",
    ])
    .await;
    let quiet = "sh -c 'nv config detach >/dev/null 2>&1 || true'";
    assert_eq!(bench.run(quiet).await, "");
    assert_eq!(
        bench.run("sh -c '/sbin/ifquery swp1 2>/dev/null || true'").await,
        "auto swp1\niface swp1\n\talias server\n\tmtu 9000\n\tbridge-vids 10 20\n\t\
         bridge-pvid 10\n\tmstpctl-portadminedge yes\n\n"
    );
    assert_eq!(
        bench.run("sh -c '/sbin/ifquery bond1 2>/dev/null || true'").await,
        "auto bond1\niface bond1\n\tbond-slaves swp3 swp4\n\tbond-mode 802.3ad\n\t\
         bond-lacp-rate slow\n\tbond-lacp-bypass-allow yes\n\tclag-id 7\n\n"
    );
    assert_eq!(bench.run("sh -c '/sbin/ifquery swp2 2>/dev/null || true'").await, "");
    assert_eq!(bench.run("/sbin/ifquery swp2").await, "error: cannot find interfaces: swp2\n");
    assert_eq!(
        bench.run("/sbin/bridge vlan show dev swp1").await,
        "port              vlan-id  \nswp1              10 PVID Egress Untagged\n                  20\n"
    );
    let json = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let link = json(bench.run("ip -j -d link show dev swp1").await);
    assert_eq!((&link[0]["mtu"], &link[0]["master"]), (&json!(9000), &json!("br_default")));
    assert_eq!(link[0]["ifalias"], json!("server"));
    let link = json(bench.run("ip -j -d link show dev swp3").await);
    assert_eq!((&link[0]["master"], &link[0]["operstate"]), (&json!("bond1"), &json!("UP")));
    assert_eq!(link[0]["linkinfo"]["info_slave_data"]["state"], json!("ACTIVE"));
    let link = json(bench.run("ip -j -d link show dev swp8").await);
    assert_eq!(link[0]["flags"], json!(["BROADCAST", "MULTICAST"]));
    let bonds = json(bench.run("ip -j link show type bond").await);
    assert_eq!((bonds.as_array().unwrap().len(), &bonds[0]["ifname"]), (1, &json!("bond1")));
    let data = &bonds[0]["linkinfo"]["info_data"];
    assert_eq!((&data["mode"], &data["ad_lacp_rate"]), (&json!("802.3ad"), &json!("slow")));
    let done = bench.desk.exec(&bench.switch, "ip -j -d link show dev swp99").await;
    assert_eq!(done.status.code(), Some(1));
    let vlans = json(bench.run("nv show bridge domain br_default vlan --applied -o json").await);
    assert_eq!(vlans, json!({ "10": {}, "20": { "vni": { "10020": {} } } }));
}
