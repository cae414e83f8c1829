//! Says, before anything is started, what this machine lacks for a lab.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::command::find;

/// Every program that the lab runs and the Debian package that brings it.
const TOOLS: [(&str, &str); 8] = [
    ("ip", "iproute2"),
    ("kill", "procps"),
    ("nsenter", "util-linux"),
    ("ovs-appctl", "openvswitch-switch"),
    ("ovs-vsctl", "openvswitch-switch"),
    ("ovs-vswitchd", "openvswitch-switch"),
    ("ovsdb-tool", "openvswitch-switch"),
    ("python3", "python3"),
];

/// Open vSwitch's schema, where Debian's `openvswitch-switch` puts it.
pub(crate) const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";

/// Checks for root, for the tools and for the kernel features of a lab.
///
/// # Errors
/// One error that lists everything missing, with the packages to install.
pub fn require() -> Result<()> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let missing = missing(
        effective_uid(&status),
        |tool| find(tool).is_some(),
        |path| Path::new(path).exists(),
    );
    if missing.is_empty() { Ok(()) } else { bail!("{}", missing.join("\n")) }
}

fn effective_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn missing(
    uid: Option<u32>,
    installed: impl Fn(&str) -> bool,
    exists: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    if uid != Some(0) {
        lines.push("the lab needs root: it makes network namespaces and sends raw frames".into());
        lines.push("hint: run the same command as root, for example with `sudo -E`".into());
    }
    let mut absent: Vec<_> = TOOLS.iter().filter(|(tool, _)| !installed(tool)).collect();
    if !installed("ovsdb-server") || !exists(SCHEMA) {
        absent.push(&("ovsdb-server", "openvswitch-switch"));
    }
    if !absent.is_empty() {
        let tools: Vec<_> = absent.iter().map(|(tool, _)| format!("`{tool}`")).collect();
        let mut packages: Vec<_> = absent.iter().map(|(_, package)| *package).collect();
        packages.sort_unstable();
        packages.dedup();
        lines.push(format!("the lab lacks {}", tools.join(", ")));
        lines.push(format!("hint: `apt-get install {}`", packages.join(" ")));
    }
    for (path, purpose) in [
        ("/dev/net/tun", "the bridge's own port is a tap device"),
        ("/proc/self/ns/net", "switches and hosts are network namespaces"),
    ] {
        if !exists(path) {
            lines.push(format!("the kernel does not offer `{path}`: {purpose}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_machine_lacks_nothing() {
        assert_eq!(missing(Some(0), |_| true, |_| true), Vec::<String>::new());
    }

    #[test]
    fn the_effective_user_is_the_second_number() {
        assert_eq!(effective_uid("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(0));
        assert_eq!(effective_uid("Name:\tx\n"), None);
    }

    #[test]
    fn everything_missing_is_named_at_once_with_its_packages() {
        let lines = missing(Some(1000), |tool| !tool.starts_with("ov"), |_| true);
        assert_eq!(
            lines,
            [
                "the lab needs root: it makes network namespaces and sends raw frames",
                "hint: run the same command as root, for example with `sudo -E`",
                "the lab lacks `ovs-appctl`, `ovs-vsctl`, `ovs-vswitchd`, `ovsdb-tool`, \
                 `ovsdb-server`",
                "hint: `apt-get install openvswitch-switch`",
            ]
        );
    }

    #[test]
    fn a_kernel_without_tap_devices_is_named() {
        let lines = missing(Some(0), |_| true, |path| path != "/dev/net/tun");
        assert_eq!(
            lines,
            ["the kernel does not offer `/dev/net/tun`: the bridge's own port is a tap device"]
        );
    }
}
