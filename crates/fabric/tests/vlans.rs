//! The VLAN rules against `ofproto/trace` of a real `ovs-vswitchd` with a dummy datapath, which
//! needs neither root nor a kernel module. Both switches are configured by the same `ovs-vsctl`
//! arguments.

use std::process::Stdio;

use fabric::Fabric;

use crate::tools::{heard, real_server, run, tool, vsctl};

/// Columns of a port; the first carries everything.
const PORTS: [&str; 15] = [
    "vlan_mode=trunk",
    "tag=100",
    "vlan_mode=access",
    "vlan_mode=access tag=100",
    "vlan_mode=access tag=100 trunks=200",
    "trunks=100,200",
    "trunks=0,200",
    "vlan_mode=trunk tag=100",
    "vlan_mode=native-untagged tag=100",
    "vlan_mode=native-untagged tag=100 trunks=200",
    "vlan_mode=native-untagged tag=100 trunks=0,200",
    "vlan_mode=native-untagged trunks=200",
    "vlan_mode=native-tagged tag=100",
    "vlan_mode=native-tagged tag=100 trunks=200",
    "vlan_mode=native-tagged trunks=200",
];

const TAGS: [Option<u16>; 5] = [None, Some(0), Some(100), Some(200), Some(300)];

/// What leaves by port 2, as the tag of the frame: `None` when nothing does. Reads the datapath's
/// actions in order, for what a port sends is the frame as it is by then.
fn leaves(actions: &str, sent: Option<u16>) -> Option<Option<u16>> {
    let mut tag = sent.filter(|tag| *tag != 0);
    let mut left = actions;
    while !left.is_empty() {
        let depth_zero = left
            .char_indices()
            .scan(0, |depth, (index, letter)| {
                *depth += i32::from(letter == '(') - i32::from(letter == ')');
                Some((index, letter == ',' && *depth == 0))
            })
            .find_map(|(index, is_end)| is_end.then_some(index));
        let (action, rest) = left.split_at(depth_zero.unwrap_or(left.len()));
        left = rest.trim_start_matches(',');
        if action == "2" {
            return Some(tag);
        }
        if action == "pop_vlan" {
            tag = None;
        }
        if let Some((_, vid)) = action.split_once("vid=") {
            let digits: String = vid.chars().take_while(char::is_ascii_digit).collect();
            tag = Some(digits.parse().unwrap());
        }
    }
    None
}

#[test]
fn the_reader_of_datapath_actions_knows_their_order() {
    assert_eq!(leaves("push_vlan(vid=100,pcp=0),100,pop_vlan,2", None), Some(None));
    assert_eq!(leaves("2,push_vlan(vid=100,pcp=0),100", None), Some(None));
    assert_eq!(leaves("push_vlan(vid=7,pcp=0),2,100", None), Some(Some(7)));
    assert_eq!(leaves("2", Some(300)), Some(Some(300)));
    assert_eq!(leaves("drop", Some(300)), None);
}

#[tokio::test]
async fn a_frame_fares_as_on_a_real_open_vswitch() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, database) = real_server(folder.path()).await;
    let control = folder.path().join("vswitchd.ctl").display().to_string();
    let mut vswitchd = tool("ovs-vswitchd")
        .args(["--enable-dummy", "--disable-system", "--no-chdir"])
        .args([format!("--unixctl={control}"), "--pidfile=none".to_owned(), database.clone()])
        .env("OVS_RUNDIR", folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let real = async |arguments: &str| {
        let database = format!("--db={database}");
        let mut all = vec![database.as_str(), "--timeout=8"];
        all.extend(arguments.split(' '));
        let output = run("ovs-vsctl", &all).await;
        assert!(output.status.success(), "ovs-vsctl {arguments}: {output:?}");
    };
    real(
        "add-br br0 -- set bridge br0 datapath_type=dummy fail-mode=standalone \
         -- add-port br0 p1 -- set interface p1 type=dummy ofport_request=1 \
         -- add-port br0 p2 -- set interface p2 type=dummy ofport_request=2",
    )
    .await;
    let fabric = Fabric::builder()
        .switch("sw", ["p1", "p2"])
        .host("h1", [("nic", "sw", "p1")])
        .host("h2", [("nic", "sw", "p2")])
        .start()
        .await
        .unwrap();

    let ingress = PORTS.iter().map(|columns| (*columns, PORTS[0]));
    let egress = PORTS.iter().map(|columns| (PORTS[0], *columns));
    for (from, to) in ingress.chain(egress) {
        let configure = format!(
            "clear port p1 tag trunks vlan_mode -- clear port p2 tag trunks vlan_mode \
             -- set port p1 {from} -- set port p2 {to}"
        );
        real(&configure).await;
        vsctl(&fabric, "sw", &configure.split(' ').collect::<Vec<_>>()).await;
        for tag in TAGS {
            let vlan = tag.map(|tag| format!(",dl_vlan={tag},dl_vlan_pcp=0")).unwrap_or_default();
            let frame =
                format!("in_port=1,dl_src=50:54:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff{vlan}");
            let trace = ["-t", &control, "ofproto/trace", "br0", &frame];
            let output = String::from_utf8(run("ovs-appctl", &trace).await.stdout).unwrap();
            let actions = output
                .lines()
                .find_map(|line| line.strip_prefix("Datapath actions: "))
                .unwrap_or_else(|| panic!("no actions in {output}"));
            let expected: Vec<_> = leaves(actions, tag)
                .map(|tag| tag.map_or("h2.nic".to_owned(), |tag| format!("h2.nic/{tag}")))
                .into_iter()
                .collect();
            let label = format!("`{from}` to `{to}` with tag {tag:?}: {actions}");
            assert_eq!(heard(&fabric, "h1", "nic", tag), expected, "{label}");
        }
    }
    vswitchd.kill().await.unwrap();
    server.kill().await.unwrap();
    fabric.shutdown().await;
}
