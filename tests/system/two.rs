//! Two real switches with four servers, and a service that manages them.

use lab::{Heard, Lab, Sshd};
use system_tests::{Daemon, Setup};

pub(crate) const IDLE: u16 = 4094;

/// By which way a service speaks to the switches of a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The database, by its own protocol.
    Ovsdb,
    /// A login by SSH, and the switch's command line.
    Ssh,
}

pub(crate) struct Two {
    pub(crate) lab: Lab,
    pub(crate) daemon: Daemon,
}

/// `h1` and `h3` on `leaf-01`, `h2` and `h4` on `leaf-02`, one NIC each, all idle.
pub(crate) fn two(over: Over) -> Two {
    let lab = Lab::builder()
        .switch("leaf-01")
        .switch("leaf-02")
        .trunk("leaf-01", "leaf-02")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-02", "swp2")])
        .host("h3", [("eth0", "leaf-01", "swp3")])
        .host("h4", [("eth0", "leaf-02", "swp4")])
        .idle_vlan(IDLE)
        .ssh(over == Over::Ssh)
        .start()
        .unwrap();
    let daemon = daemon(&lab, over, &["leaf-01", "leaf-02"]);
    Two { lab, daemon }
}

/// A service that manages these switches of a lab.
pub(crate) fn daemon(lab: &Lab, over: Over, switches: &[&str]) -> Daemon {
    let setup = switches
        .iter()
        .fold(Setup::new(), |setup, name| setup.switch(name, &section(lab, over, name, name, "")));
    Daemon::start(&setup).unwrap()
}

/// The section of a switch that the service calls `name`, with more of its keys.
pub(crate) fn section(lab: &Lab, over: Over, name: &str, switch: &str, keys: &str) -> String {
    let instance = lab.instance(switch).unwrap();
    match over {
        Over::Ovsdb => {
            let port = instance.tcp_port().unwrap();
            format!(
                "driver = \"ovsdb\"\naddress = \"tcp:127.0.0.1:{port}\"\nidle_vlan = {IDLE}\n{keys}"
            )
        }
        Over::Ssh => {
            let ssh = instance.ssh().unwrap();
            let key = format!("key = {{ file = \"{}\" }}", ssh.key().display());
            ssh_section(ssh, name, &key, keys)
        }
    }
}

/// The section of a switch behind this server, with these credentials.
pub(crate) fn ssh_section(ssh: &Sshd, name: &str, credentials: &str, keys: &str) -> String {
    format!(
        "driver = \"ssh\"\nprofile = \"ovs-linux\"\naddress = \"{}\"\nidle_vlan = {IDLE}\n{keys}\n\
         [switch.{name}.ssh]\nuser = \"{}\"\nhost_keys = [\"{}\"]\noptions.prefix = \"\"\n\
         {credentials}\n",
        ssh.address(),
        ssh.user(),
        ssh.fingerprint().unwrap()
    )
}

/// Who hears a frame, as text: `h2/eth0` untagged, `h2/eth0.200` tagged.
pub(crate) fn hears(lab: &Lab, nic: &str, tag: Option<u16>) -> Vec<String> {
    let text = |heard: Heard| match heard.tag {
        Some(tag) => format!("{}.{tag}", heard.nic),
        None => heard.nic,
    };
    lab.probe().who_hears(nic, tag).unwrap().into_iter().map(text).collect()
}
