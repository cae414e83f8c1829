//! `ironic-networking`: the service of Ironic that Mercury stands in for.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddr, SocketAddrV4},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;
use tempfile::TempDir;

use super::{
    http::Connection, ironic::Door, loopback::next_address, process::Process, tools, until,
};

/// How long it may take to start; five seconds are usual, and a loaded machine takes longer.
const READY: Duration = Duration::from_secs(60);

/// A switch as its configuration file has it.
#[derive(Debug, Clone)]
pub struct SwitchSection {
    /// What follows `switch:` in the title.
    pub name: String,
    /// The keys and values.
    pub keys: Vec<(String, String)>,
}

impl SwitchSection {
    /// A switch that takes everything and does nothing.
    pub fn fake(name: &str, mac: &str) -> Self {
        Self::new(name, mac, "netmiko_fake", "127.0.0.1")
            .key("username", "admin")
            .key("password", "not-a-secret")
    }

    /// A switch of a kind that networking-generic-switch knows.
    pub fn new(name: &str, mac: &str, device_type: &str, address: &str) -> Self {
        Self { name: name.to_owned(), keys: Vec::new() }
            .key("driver_type", "generic-switch")
            .key("device_type", device_type)
            .key("address", address)
            .key("mac_address", mac)
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, key: &str, value: &str) -> Self {
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// The running service.
#[derive(Debug)]
pub struct IronicNetworking {
    process: Process,
    address: SocketAddrV4,
    /// How long it took from its start to the first list of switches.
    pub took: Duration,
    folder: TempDir,
}

impl IronicNetworking {
    /// Starts it, without authentication; returns when it serves.
    ///
    /// # Errors
    /// As [`IronicNetworking::start_with`].
    pub fn start(switches: &[SwitchSection]) -> Result<Self> {
        Self::start_with(switches, |door| door, &[])
    }

    /// As [`IronicNetworking::start`], with more keys of its section, and the headers of a caller
    /// that it lets in.
    ///
    /// It opens its port before it knows its switches, and then has an empty list for a moment.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_with(
        switches: &[SwitchSection],
        keys: impl FnOnce(Door) -> Door,
        headers: &[(&str, &str)],
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ironic-networking-").tempdir()?;
        let address = next_address();
        let here = folder.path();
        fs::create_dir(here.join("driver"))?;
        fs::write(here.join("switches.ini"), sections(switches))?;
        let configuration = here.join("networking.conf");
        let text = configure(address, &here.display().to_string());
        fs::write(&configuration, text + &keys(Door::new(address)).section())?;
        let mut command = Command::new(tools::program("ironic-networking")?);
        // What it writes for its driver is read only from a folder of configuration.
        command
            .arg("--config-file")
            .arg(configuration)
            .arg("--config-dir")
            .arg(here.join("driver"));
        let start = Instant::now();
        let mut process = Process::start("ironic-networking", command, here)?;
        let mut connection = Connection::new(address);
        let served = until("the list of switches of `ironic-networking`", READY, || {
            process.alive()?;
            let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "get_switches",
                               "params": { "context": {} } });
            // Nobody listens yet.
            let Ok(answer) = connection.post("/", headers, &list) else { return Ok(None) };
            let known = answer.json().get("result").and_then(|list| Some(list.as_object()?.len()));
            Ok((known == Some(switches.len())).then_some(()))
        });
        served.with_context(|| process.last_words())?;
        Ok(Self { process, address, took: start.elapsed(), folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.into()
    }

    /// Its processes.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its folder, removed with it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

fn sections(switches: &[SwitchSection]) -> String {
    let mut text = String::new();
    for switch in switches {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[switch:{}]", switch.name);
        for (key, value) in &switch.keys {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    text
}

fn configure(address: SocketAddrV4, here: &str) -> String {
    format!(
        "[DEFAULT]\n\
         auth_strategy = noauth\n\
         rpc_transport = json-rpc\n\
         host = {host}\n\
         state_path = {here}\n\
         [oslo_concurrency]\n\
         lock_path = {here}/locks\n\
         [ironic_networking]\n\
         enabled_switch_drivers = generic-switch\n\
         switch_config_file = {here}/switches.ini\n\
         driver_config_dir = {here}/driver\n",
        host = address.ip(),
    )
}
