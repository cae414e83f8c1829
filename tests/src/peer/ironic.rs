//! A standalone Ironic: conductor and API as two processes that speak JSON-RPC, with a database in
//! a file, hardware that is pretended, and `ironic-networking` as the nodes' network interface.

use std::{
    fmt::Write as _,
    fs,
    net::{SocketAddrV4, TcpStream},
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    agent::Agent, http::Connection, loopback::next_address, process::Process, tools, until,
};

/// How long it may take to start; six seconds are usual, and a loaded machine takes longer.
const READY: Duration = Duration::from_secs(90);

/// The version of its API: the newest of Ironic 39.
const VERSION: (&str, &str) = ("X-OpenStack-Ironic-API-Version", "1.99");

/// The VLANs on which the servers' ports are while Ironic works on them.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "named as Ironic names them")]
pub struct Networks {
    pub idle: u16,
    pub inspection: u16,
    pub cleaning: u16,
    pub provisioning: u16,
    pub rescuing: u16,
    pub servicing: u16,
}

/// How the conductor reaches its networking service.
#[derive(Debug, Clone)]
pub struct Door {
    address: SocketAddrV4,
    keys: Vec<(String, String)>,
}

impl Door {
    /// An address; without a key nothing is proved to it.
    pub fn new(address: SocketAddrV4) -> Self {
        Self { address, keys: Vec::new() }
    }

    /// Adds a key of Ironic's section `ironic_networking_json_rpc`.
    #[must_use]
    pub fn key(mut self, key: &str, value: &str) -> Self {
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    /// That section. `auth_strategy` is left out where a key says something else.
    pub fn section(&self) -> String {
        let mut text = format!(
            "[ironic_networking_json_rpc]\nhost_ip = {}\nport = {}\n",
            self.address.ip(),
            self.address.port()
        );
        if !self.keys.iter().any(|(key, _)| key == "auth_strategy") {
            text.push_str("auth_strategy = noauth\n");
        }
        for (key, value) in &self.keys {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{key} = {value}");
        }
        text
    }
}

/// A running Ironic.
#[derive(Debug)]
pub struct Ironic {
    api: Mutex<Connection>,
    agent: Agent,
    conductor: Process,
    api_process: Process,
    _folder: TempDir,
}

impl Ironic {
    /// Starts it; returns when its API answers and its conductor is known there.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(door: &Door, networks: &Networks) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ironic-").tempdir()?;
        let here = folder.path();
        let (api, rpc) = (next_address(), next_address());
        let agent = Agent::start()?;
        for name in ["http", "tftp/masters", "images/masters", "locks"] {
            fs::create_dir_all(here.join(name))?;
        }
        fs::copy(tools::empty_database()?, here.join("ironic.sqlite"))?;
        let text = configure(here, api, rpc, &agent.url(), networks) + &door.section();
        fs::write(here.join("ironic.conf"), text)?;
        let start = |name: &str| {
            let mut command = Command::new(tools::program(name)?);
            command.arg("--config-file").arg(here.join("ironic.conf"));
            Process::start(name, command, here)
        };
        let mut conductor = start("ironic-conductor")?;
        let mut api_process = start("ironic-api")?;
        let mut connection = Connection::new(api);
        let ready = until("Ironic's start", READY, || {
            conductor.alive()?;
            api_process.alive()?;
            // Nobody listens yet.
            let Ok(answer) = connection.send("GET", "/v1/drivers", &[VERSION], b"") else {
                return Ok(None);
            };
            let json = answer.json();
            let drivers = json.get("drivers").and_then(Value::as_array);
            let known = drivers.is_some_and(|drivers| !drivers.is_empty());
            Ok((known && TcpStream::connect(rpc).is_ok()).then_some(()))
        });
        ready
            .with_context(|| format!("{}\n{}", conductor.last_words(), api_process.last_words()))?;
        Ok(Self { api: Mutex::new(connection), agent, conductor, api_process, _folder: folder })
    }

    /// The deploy agent of its servers.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Calls the API; the answer, and the identifier that Ironic gave to the request.
    ///
    /// # Errors
    /// When Ironic refuses; the message holds its words.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(Value, String)> {
        let mut api = self.api.lock().unwrap_or_else(PoisonError::into_inner);
        let headers =
            [VERSION, ("Accept", "application/json"), ("Content-Type", "application/json")];
        let text = body.map(ToString::to_string).unwrap_or_default();
        let answer = api.send(method, path, &headers, text.as_bytes())?;
        if answer.status >= 300 {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            bail!("{method} {path}: {} {said}", answer.status);
        }
        let id = answer.header("openstack-request-id").unwrap_or_default().to_owned();
        Ok((answer.json(), id))
    }

    /// The processes of both services.
    pub fn processes(&self) -> Vec<u32> {
        [&self.conductor, &self.api_process].into_iter().flat_map(Process::family).collect()
    }

    /// What the conductor has said.
    pub fn log(&self) -> String {
        self.conductor.log()
    }
}

/// Everything that Ironic can wait for is turned off or made short, and nothing but loopback is
/// spoken to. The boot interface `pxe` is there for what needs a network boot.
fn configure(
    here: &Path,
    api: SocketAddrV4,
    rpc: SocketAddrV4,
    agent: &str,
    networks: &Networks,
) -> String {
    let (host, here) = (api.ip(), here.display());
    let (api, rpc) = (api.port(), rpc.port());
    let Networks { idle, inspection, cleaning, provisioning, rescuing, servicing } = networks;
    format!(
        "[DEFAULT]
auth_strategy = noauth
rpc_transport = json-rpc
host = {host}
my_ip = {host}
state_path = {here}
enabled_hardware_types = fake-hardware
enabled_bios_interfaces = no-bios
enabled_boot_interfaces = fake,pxe
enabled_console_interfaces = no-console
enabled_deploy_interfaces = custom-agent
enabled_firmware_interfaces = no-firmware
enabled_inspect_interfaces = agent
enabled_management_interfaces = fake
enabled_network_interfaces = ironic-networking
enabled_power_interfaces = fake
enabled_raid_interfaces = no-raid
enabled_rescue_interfaces = agent
enabled_storage_interfaces = noop
enabled_vendor_interfaces = no-vendor
[api]
host_ip = {host}
port = {api}
api_workers = 1
[json_rpc]
auth_strategy = noauth
host_ip = {host}
port = {rpc}
[database]
connection = sqlite:///{here}/ironic.sqlite
[oslo_concurrency]
lock_path = {here}/locks
[service_catalog]
auth_type = none
endpoint_override = http://{host}:{api}
[conductor]
api_url = http://{host}:{api}
bootstrap = false
sync_power_state_interval = -1
deploy_kernel = {agent}/kernel
deploy_ramdisk = {agent}/ramdisk
rescue_kernel = {agent}/kernel
rescue_ramdisk = {agent}/ramdisk
[agent]
require_tls = false
post_deploy_get_power_state_retries = 1
post_deploy_get_power_state_retry_interval = 0
[deploy]
http_root = {here}/http
http_url = {agent}
fast_track = false
[dhcp]
dhcp_provider = none
[pxe]
tftp_root = {here}/tftp
tftp_master_path = {here}/tftp/masters
images_path = {here}/images
instance_master_path = {here}/images/masters
[ironic_networking]
rpc_transport = json-rpc
idle_network = access/native_vlan={idle}
inspection_network = access/native_vlan={inspection}
cleaning_network = access/native_vlan={cleaning}
provisioning_network = access/native_vlan={provisioning}
rescuing_network = access/native_vlan={rescuing}
servicing_network = access/native_vlan={servicing}
"
    )
}
