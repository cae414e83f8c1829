//! The lab against itself: real switches, real frames. Needs root and Open vSwitch; without them
//! every test fails with the list of what is missing.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lab::{Counted, Daemon, Heard, Lab, LabBuilder, LagEnd, Reached};

const LIMIT: Duration = Duration::from_secs(15);

fn two_leaves() -> LabBuilder {
    Lab::builder()
        .switch("leaf-01")
        .switch("leaf-02")
        .trunk("leaf-01", "leaf-02")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-02", "swp1")])
        .host("h3", [("eth0", "leaf-01", "swp2")])
        .host("h4", [("eth0", "leaf-02", "swp2")])
}

fn access(lab: &Lab, switch: &str, port: &str, vlan: u16) {
    lab.vsctl(switch, &["set", "port", port, "vlan_mode=access", &format!("tag={vlan}")]).unwrap();
}

fn way(from: &str, nic: &str) -> Reached {
    Reached { from: format!("{from}/eth0"), sent: None, nic: format!("{nic}/eth0"), seen: None }
}

#[test]
fn only_the_same_vlan_hears_across_the_trunk() {
    let lab = two_leaves().start().unwrap();
    access(&lab, "leaf-01", "swp1", 100);
    access(&lab, "leaf-02", "swp1", 100);
    access(&lab, "leaf-01", "swp2", 200);
    access(&lab, "leaf-02", "swp2", 300);
    let both = [way("h1", "h2"), way("h2", "h1")];
    assert_eq!(lab.probe().matrix(&[None, Some(100), Some(200)]).unwrap(), both);
}

#[test]
fn unassigned_ports_share_the_idle_vlan() {
    let lab = two_leaves().idle_vlan(999).analyser("leaf-01").start().unwrap();
    let probe = lab.probe();
    let others = ["h2/eth0", "h3/eth0", "h4/eth0"].map(Heard::untagged);
    assert_eq!(probe.who_hears("h1/eth0", None).unwrap(), others);
    let seen = probe.who_hears_at("h4/eth0", None, &["leaf-01/mon0"]).unwrap();
    assert_eq!(seen, [Heard::tagged("leaf-01/mon0", 999)]);
}

#[test]
fn access_trunk_and_native_ports_tag_as_documented() {
    let lab = two_leaves().start().unwrap();
    let probe = lab.probe();
    access(&lab, "leaf-01", "swp1", 100);
    access(&lab, "leaf-01", "swp2", 200);
    lab.vsctl("leaf-02", &["set", "port", "swp1", "vlan_mode=trunk", "trunks=200,300"]).unwrap();
    lab.vsctl("leaf-02", &["clear", "port", "swp1", "tag"]).unwrap();
    let native = ["set", "port", "swp2", "vlan_mode=native-untagged", "tag=100", "trunks=100,200"];
    lab.vsctl("leaf-02", &native).unwrap();
    let nobody: [Heard; 0] = [];

    // h1: access 100. h2: trunk 200, 300. h3: access 200. h4: native 100, tagged 200.
    let hears = |nic: &str, tag| probe.who_hears(nic, tag).unwrap();
    assert_eq!(hears("h1/eth0", None), [Heard::untagged("h4/eth0")]);
    assert_eq!(hears("h1/eth0", Some(200)), nobody);
    assert_eq!(hears("h2/eth0", None), nobody);
    assert_eq!(
        hears("h2/eth0", Some(200)),
        [Heard::untagged("h3/eth0"), Heard::tagged("h4/eth0", 200)]
    );
    assert_eq!(
        hears("h3/eth0", None),
        [Heard::tagged("h2/eth0", 200), Heard::tagged("h4/eth0", 200)]
    );
    assert_eq!(hears("h4/eth0", None), [Heard::untagged("h1/eth0")]);
    assert_eq!(hears("h4/eth0", Some(100)), [Heard::untagged("h1/eth0")]);
    assert_eq!(hears("h4/eth0", Some(300)), nobody);
}

#[test]
fn a_flip_is_seen_and_no_frame_of_a_third_vlan_is_heard() {
    let lab = two_leaves().start().unwrap();
    let probe = lab.probe();
    access(&lab, "leaf-01", "swp1", 100);
    access(&lab, "leaf-02", "swp1", 100);
    access(&lab, "leaf-02", "swp2", 200);
    access(&lab, "leaf-01", "swp2", 300);
    let pause = Duration::from_millis(2);
    probe.flood_start("h3/eth0", &[None], pause).unwrap();
    probe.flood_start("h2/eth0", &[None], pause).unwrap();
    probe.flood_start("h4/eth0", &[None], pause).unwrap();
    probe.listen_start("h1/eth0").unwrap();
    for vlan in [200, 100].into_iter().cycle().take(10) {
        access(&lab, "leaf-01", "swp1", vlan);
        let listener = if vlan == 100 { "h2/eth0" } else { "h4/eth0" };
        let arrival = probe.await_heard("h1/eth0", None, &Heard::untagged(listener), LIMIT);
        assert!(arrival.unwrap().elapsed < LIMIT);
    }
    let listened = probe.listen_stop("h1/eth0").unwrap();
    assert_eq!(listened.dropped, 0);
    let from: Vec<_> = listened.counts.iter().map(|row| row.from.as_str()).collect();
    assert_eq!(from, ["h2/eth0", "h4/eth0"]);
    assert!(probe.flood_stop("h3/eth0").unwrap() > 10);

    // The same count does see a third VLAN once the port is on it: the silence above is real.
    probe.flood_start("h3/eth0", &[None], pause).unwrap();
    probe.listen_start("h1/eth0").unwrap();
    access(&lab, "leaf-01", "swp1", 300);
    probe.await_heard("h3/eth0", None, &Heard::untagged("h1/eth0"), LIMIT).unwrap();
    let listened = probe.listen_stop("h1/eth0").unwrap();
    let third = |row: &Counted| row.from == "h3/eth0" && row.sent.is_none() && row.count > 0;
    assert!(listened.counts.iter().any(third), "{listened:?}");
}

#[test]
fn silence_is_decided_quickly_and_rightly() {
    let lab = two_leaves().start().unwrap();
    access(&lab, "leaf-01", "swp2", 200);
    let others = ["h2/eth0", "h4/eth0"].map(Heard::untagged);
    for _ in 0..200 {
        assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), others);
        assert_eq!(lab.probe().who_hears("h3/eth0", None).unwrap(), []);
    }
}

#[test]
fn a_bonded_server_negotiates_and_survives_the_loss_of_a_leg() {
    let lab = two_leaves()
        .bonded_host("srv", [("leaf-01", "lag0"), ("leaf-01", "lag1")])
        .start()
        .unwrap();
    let probe = lab.probe();
    assert!(!lab.lag(LagEnd::Server("srv")).unwrap().negotiated);
    assert_eq!(
        probe.who_hears_at("h1/eth0", None, &["srv/eth0", "srv/eth1"]).unwrap(),
        ["srv/eth0", "srv/eth1"].map(Heard::untagged)
    );

    access(&lab, "leaf-02", "swp1", 100);
    let words = "del-port lag0 -- del-port lag1 -- add-bond br0 lag9 lag0 lag1 lacp=active \
                 bond_mode=balance-slb other_config:lacp-time=fast -- set port lag9 tag=100";
    lab.vsctl("leaf-01", &words.split_whitespace().collect::<Vec<_>>()).unwrap();
    let switch = LagEnd::Switch { switch: "leaf-01", lag: "lag9" };
    let server = LagEnd::Server("srv");
    lab.wait_lag(switch, &["lag0", "lag1"], LIMIT).unwrap();
    lab.wait_lag(server, &["eth0", "eth1"], LIMIT).unwrap();
    let (to, back) = ([Heard::untagged("srv/br0")], [Heard::untagged("h2/eth0")]);
    assert_eq!(probe.who_hears("h2/eth0", None).unwrap(), to);
    assert_eq!(probe.who_hears("srv/br0", None).unwrap(), back);

    for (leg, left, left_port) in [("eth0", "eth1", "lag1"), ("eth1", "eth0", "lag0")] {
        lab.link_down("srv", leg).unwrap();
        lab.wait_lag(switch, &[left_port], LIMIT).unwrap();
        lab.wait_lag(server, &[left], LIMIT).unwrap();
        assert_eq!(probe.who_hears("h2/eth0", None).unwrap(), to);
        assert_eq!(probe.who_hears("srv/br0", None).unwrap(), back);
        lab.link_up("srv", leg).unwrap();
        lab.wait_lag(switch, &["lag0", "lag1"], LIMIT).unwrap();
        lab.wait_lag(server, &["eth0", "eth1"], LIMIT).unwrap();
    }
}

#[test]
fn the_legs_of_a_server_may_be_on_two_switches() {
    let lab = two_leaves()
        .bonded_host("srv", [("leaf-01", "lag0"), ("leaf-02", "lag0")])
        .start()
        .unwrap();
    access(&lab, "leaf-01", "swp1", 100);
    access(&lab, "leaf-02", "lag0", 100);
    let legs = ["srv/eth0", "srv/eth1"];
    let heard = lab.probe().who_hears_at("h1/eth0", None, &legs).unwrap();
    assert_eq!(heard, [Heard::untagged("srv/eth1")]);
}

#[test]
fn the_database_answers_on_tcp_and_a_paused_one_hangs() {
    let lab = two_leaves().start().unwrap();
    let port = lab.instance("leaf-01").unwrap().tcp_port().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut ask = |limit: Duration| {
        stream.set_read_timeout(Some(limit)).unwrap();
        stream.write_all(br#"{"method":"list_dbs","params":[],"id":1}"#).unwrap();
        let mut answer = [0; 200];
        stream.read(&mut answer).map(|read| String::from_utf8_lossy(&answer[..read]).into_owned())
    };
    assert!(ask(LIMIT).unwrap().contains("Open_vSwitch"));
    lab.pause("leaf-01", Daemon::Ovsdb).unwrap();
    assert!(ask(Duration::from_millis(200)).is_err());
    let others = ["h2/eth0", "h3/eth0", "h4/eth0"].map(Heard::untagged);
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), others);
    lab.resume("leaf-01", Daemon::Ovsdb).unwrap();
    assert!(ask(LIMIT).unwrap().contains("Open_vSwitch"));
}

#[test]
fn a_killed_switch_comes_back_on_the_same_ports_with_its_configuration() {
    let lab = two_leaves().start().unwrap();
    access(&lab, "leaf-01", "swp1", 100);
    access(&lab, "leaf-02", "swp1", 100);
    let port = lab.instance("leaf-01").unwrap().tcp_port();
    let h2 = [Heard::untagged("h2/eth0")];
    lab.kill("leaf-01", Daemon::Vswitchd).unwrap();
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), []);
    lab.restart("leaf-01", Daemon::Vswitchd).unwrap();
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), h2);
    lab.kill("leaf-01", Daemon::Ovsdb).unwrap();
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), []);
    lab.restart("leaf-01", Daemon::Ovsdb).unwrap();
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), h2);
    assert_eq!(lab.instance("leaf-01").unwrap().tcp_port(), port);
    access(&lab, "leaf-01", "swp1", 200);
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), []);
}

#[test]
fn tls_asks_for_the_client_certificate_of_the_lab() {
    let lab = two_leaves().tls(true).start().unwrap();
    let files = lab.client_tls().unwrap();
    let mode = std::fs::metadata(&files.key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let port = lab.instance("leaf-02").unwrap().tls_port().unwrap();
    let file = |option: &str, path: &Path| format!("--{option}={}", path.display());
    let db = format!("--db=ssl:127.0.0.1:{port}");
    let ca = file("ca-cert", &files.ca);
    let certificate = file("certificate", &files.certificate);
    let key = file("private-key", &files.key);
    let hostname = ["get", "Open_vSwitch", ".", "external_ids:hostname"];
    let args = [&["--timeout=5", db.as_str(), &ca, &certificate, &key], hostname.as_slice()];
    assert_eq!(lab.exec_here("ovs-vsctl", &args.concat()), Ok("leaf-02\n".to_owned()));
    let foreign = Lab::builder().switch("leaf-02").tls(true).start().unwrap();
    let stranger = foreign.client_tls().unwrap();
    let certificate = file("certificate", &stranger.certificate);
    let key = file("private-key", &stranger.key);
    let args = [&["--timeout=5", db.as_str(), &ca, &certificate, &key], hostname.as_slice()];
    assert!(lab.exec_here("ovs-vsctl", &args.concat()).is_err());
}

/// Runs a tool outside the namespaces, where the databases listen.
trait Here {
    fn exec_here(&self, program: &str, args: &[&str]) -> Result<String, String>;
}

impl Here for Lab {
    fn exec_here(&self, program: &str, args: &[&str]) -> Result<String, String> {
        let output = std::process::Command::new(program).args(args).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

/// Everything of a lab that must be gone with it.
fn traces(lab: &Lab) -> Vec<PathBuf> {
    let mut paths = vec![lab.directory().to_owned()];
    for name in ["leaf-01", "leaf-02", "h1", "srv"] {
        paths.push(Path::new("/run/netns").join(lab.namespace(name).unwrap()));
    }
    for name in ["leaf-01", "leaf-02", "srv"] {
        for daemon in [Daemon::Ovsdb, Daemon::Vswitchd] {
            let pid = lab.instance(name).unwrap().pid(daemon);
            paths.push(Path::new("/proc").join(pid.to_string()));
        }
    }
    paths
}

fn with_server() -> LabBuilder {
    two_leaves().analyser("leaf-01").bonded_host("srv", [("leaf-01", "a"), ("leaf-02", "a")])
}

#[test]
fn tear_down_leaves_nothing() {
    let lab = with_server().start().unwrap();
    let traces = traces(&lab);
    assert!(traces.iter().all(|path| path.exists()), "{traces:?}");
    lab.pause("leaf-01", Daemon::Ovsdb).unwrap();
    lab.down().unwrap();
    let left: Vec<_> = traces.iter().filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_panic_leaves_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let result = std::thread::spawn(move || {
        let lab = with_server().start().unwrap();
        tell.send(traces(&lab)).unwrap();
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    assert!(result.join().is_err());
    let traces = told.recv().unwrap();
    let left: Vec<_> = traces.iter().filter(|path| path.exists()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_labs_do_not_meet() {
    let first = two_leaves().start().unwrap();
    let second = two_leaves().start().unwrap();
    access(&first, "leaf-01", "swp1", 100);
    let second_others = ["h2/eth0", "h3/eth0", "h4/eth0"].map(Heard::untagged);
    assert_eq!(first.probe().who_hears("h1/eth0", None).unwrap(), []);
    assert_eq!(second.probe().who_hears("h1/eth0", None).unwrap(), second_others);
    first.down().unwrap();
    assert_eq!(second.probe().who_hears("h1/eth0", None).unwrap(), second_others);
}

#[test]
fn unknown_names_are_refused_by_name() {
    let lab = Lab::builder().switch("leaf-01").start().unwrap();
    let text = |error: anyhow::Error| error.to_string();
    let error = lab.probe().who_hears("h9/eth0", None).map_err(text).unwrap_err();
    assert!(error.starts_with("frame probe: `who_hears`: no NIC `h9/eth0`"), "{error}");
    assert_eq!(
        lab.vsctl("leaf-09", &[]).map_err(text).unwrap_err(),
        "the lab has no switch `leaf-09`"
    );
}
