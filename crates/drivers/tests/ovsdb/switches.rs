//! A real Open vSwitch for each test: `ovsdb-server` and `ovs-vswitchd` with dummy network devices.
//!
//! The dummies need no privileges and no kernel; everything above them is what runs in production,
//! and `ofproto/trace` tells what the data path does with a frame.

use std::process::Stdio;
use std::time::Duration;

use drivers::ovsdb::{OvsdbDriver, OvsdbSettings};
use model::{PortName, Vlan, VlanMode, VlanSet};
use switch::{Applied, BatchOutcome, Change, DeviceError, Driver, Query, Session, Target, Work};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::server::Server;

pub(super) struct Switch {
    pub(super) server: Server,
    pub(super) vswitchd: Child,
}

impl Switch {
    /// A switch with the bridge `br0` and access ports `swp1` and on, in VLAN 4000.
    pub(super) async fn start(ports: usize) -> Self {
        let server = Server::start(TempDir::new().unwrap(), &[]).await;
        let folder = server.folder.path();
        let vswitchd = Command::new("ovs-vswitchd")
            .arg(server.unix().to_string())
            .args(["--enable-dummy=override", "--disable-system", "--disable-system-route"])
            .args(["--no-chdir", "-vconsole:off", "-vsyslog:off"])
            .arg(format!("--unixctl={}", folder.join("vswitchd.ctl").display()))
            .env("OVS_RUNDIR", folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("ovs-vswitchd of the package openvswitch-switch");
        let switch = Self { server, vswitchd };
        let mut command = "add-br br0 -- set bridge br0 datapath_type=dummy".to_owned();
        for number in 1..=ports {
            command.push_str(&format!(
                " -- add-port br0 swp{number} vlan_mode=access tag=4000 \
                 -- set interface swp{number} type=dummy"
            ));
        }
        switch.vsctl(&command).await;
        switch
    }

    /// Runs `ovs-vsctl`, which waits for `ovs-vswitchd`.
    pub(super) async fn vsctl(&self, command: &str) -> String {
        let database = format!("--db={}", self.server.unix());
        run("ovs-vsctl", &["--timeout=20", &database], command).await
    }

    pub(super) fn driver(&self) -> OvsdbDriver {
        OvsdbDriver::new(OvsdbSettings::new(self.server.unix()))
    }

    pub(super) async fn session(&self) -> Box<dyn Session> {
        self.driver().open().await.unwrap()
    }

    /// Every `Port` row but the bridge's own, by name, in the columns that are configuration.
    pub(super) async fn rows(&self) -> Vec<String> {
        let columns = "name,interfaces,vlan_mode,tag,trunks,cvlans,protected,lacp,bond_mode,\
                       other_config,external_ids,qos,mac,bond_updelay,bond_downdelay,fake_bridge";
        let text = self.vsctl(&format!("--format=json --columns={columns} list Port")).await;
        let table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut rows: Vec<String> = table["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .filter(|row| !row.starts_with(r#"["br0","#))
            .collect();
        rows.sort();
        rows
    }

    pub(super) async fn column(&self, table: &str, row: &str, column: &str) -> String {
        self.vsctl(&format!("get {table} {row} {column}")).await.trim().to_owned()
    }

    /// What the data path does with a broadcast frame that comes in at a port, with an 802.1Q tag
    /// or without.
    pub(super) async fn fate(&self, port: &str, tag: Option<u16>) -> String {
        let control = self.server.folder.path().join("vswitchd.ctl");
        let target = format!("--target={}", control.display());
        let mut flow = format!("in_port={port},dl_src=52:54:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff");
        if let Some(tag) = tag {
            flow.push_str(&format!(",dl_vlan={tag}"));
        }
        let text = run("ovs-appctl", &[&target], &format!("ofproto/trace br0 {flow}")).await;
        let (_, actions) = text.rsplit_once("Datapath actions: ").unwrap();
        actions.trim().to_owned()
    }
}

async fn run(program: &str, options: &[&str], command: &str) -> String {
    let output = Command::new(program)
        .args(options)
        .args(command.split_whitespace())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {command}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

pub(super) fn access(id: u16) -> VlanMode {
    VlanMode::access(Vlan::new(id).unwrap())
}

pub(super) fn trunk(native: Option<u16>, allowed: &str) -> VlanMode {
    let set = if allowed.is_empty() { VlanSet::empty() } else { allowed.parse().unwrap() };
    VlanMode::trunk(native.map(|id| Vlan::new(id).unwrap()), &set)
}

pub(super) fn query(ports: &[&str], lags: &[&str]) -> Query {
    Query {
        ports: ports.iter().map(|name| port(name)).collect(),
        lags: lags.iter().map(|name| name.parse().unwrap()).collect(),
        ..Query::default()
    }
}

/// A work that starts from what the switch holds now.
pub(super) async fn work(session: &mut dyn Session, about: &Query, changes: &[Change]) -> Work {
    let before = session.observe(about).await.unwrap().slice;
    Work { before, changes: changes.to_vec() }
}

/// The same work backwards.
pub(super) fn undo(work: &Work) -> Work {
    let changes = work.changes.iter().rev().map(Change::inverse).collect();
    Work { before: work.after().unwrap(), changes }
}

pub(super) async fn apply(session: &mut dyn Session, work: &Work) -> Result<Applied, DeviceError> {
    match session.apply(std::slice::from_ref(work)).await {
        BatchOutcome::Each(mut results) => {
            assert_eq!(results.len(), 1);
            results.remove(0)
        }
        BatchOutcome::RefusedWhole(error) => Err(error),
    }
}

pub(super) fn set_vlans(name: &str, from: &VlanMode, to: &VlanMode) -> Change {
    Change::SetVlans { target: Target::Port(port(name)), from: from.clone(), to: to.clone() }
}

/// Settings whose waits are short.
pub(super) fn hasty(switch: &Switch) -> OvsdbSettings {
    let timeout = Duration::from_millis(300);
    OvsdbSettings { apply_timeout: timeout, ..OvsdbSettings::new(switch.server.unix()) }
}
