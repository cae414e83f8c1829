//! The file as it is written, before it is checked. Every key of it is documented in
//! `examples/switchd.toml`; the defaults are here.

use std::{collections::BTreeMap, path::PathBuf};

use model::{PhysicalNetwork, PortNaming, Vlan, VlanSet};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::{
    LogFormat, MethodTable, UnknownSwitch,
    auth::{RawCertificate, RawDigest, RawListenTls, RawToken},
    keystone::RawKeystone,
    ssh::RawSsh,
};
use crate::secret::RawSecretRef;

/// The whole file; only its schema is used, the sections are read one by one.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "its schema says which keys there are")]
pub(super) struct Raw {
    listen: Vec<RawListen>,
    state_dir: PathBuf,
    policy: PathBuf,
    profiles: PathBuf,
    audit: RawAudit,
    limits: RawLimits,
    save: RawSave,
    log: RawLog,
    ironic: RawIronic,
    switch: BTreeMap<String, RawSwitch>,
    pair: BTreeMap<String, RawPair>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawListen {
    pub(super) address: String,
    #[serde(default)]
    pub(super) methods: MethodTable,
    pub(super) path: Option<String>,
    pub(super) auth: Texts,
    pub(super) htpasswd: Option<PathBuf>,
    pub(super) digest: Option<RawDigest>,
    #[serde(default)]
    pub(super) token: Vec<RawToken>,
    pub(super) certificate: Option<RawCertificate>,
    pub(super) keystone: Option<RawKeystone>,
    pub(super) tls: Option<RawListenTls>,
    #[serde(default)]
    pub(super) plaintext: bool,
    pub(super) socket_mode: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawAudit {
    pub(super) file: Option<PathBuf>,
    pub(super) fsync: bool,
    pub(super) max_bytes: u64,
}

impl Default for RawAudit {
    fn default() -> Self {
        let switch::audit::AuditOptions { fsync, max_bytes } = Default::default();
        Self { file: None, fsync, max_bytes }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawLimits {
    pub(super) body_bytes: usize,
    pub(super) batch: usize,
    pub(super) connections: usize,
    pub(super) concurrent_requests: usize,
    pub(super) failed_logins_per_minute: u32,
    pub(super) receive_timeout_ms: u64,
    pub(super) idle_timeout_ms: u64,
    pub(super) request_timeout_ms: u64,
    pub(super) queue_per_switch: usize,
    pub(super) shutdown_ms: u64,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            batch: 100,
            connections: 1024,
            concurrent_requests: 1024,
            failed_logins_per_minute: 30,
            receive_timeout_ms: 10_000,
            idle_timeout_ms: 600_000,
            request_timeout_ms: 600_000,
            queue_per_switch: 1024,
            shutdown_ms: 30_000,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawSave {
    pub(super) quiet_ms: u64,
    pub(super) max_age_ms: u64,
    pub(super) max_changes: u32,
}

impl Default for RawSave {
    fn default() -> Self {
        Self { quiet_ms: 10_000, max_age_ms: 120_000, max_changes: 100 }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawLog {
    pub(super) filter: String,
    pub(super) format: LogFormat,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RawIronic {
    pub(super) unknown_switch: UnknownSwitch,
    pub(super) timeout_ms: u64,
}

impl Default for RawIronic {
    fn default() -> Self {
        // A conductor waits 120 s for an answer.
        Self { unknown_switch: UnknownSwitch::default(), timeout_ms: 100_000 }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawSwitch {
    pub(super) driver: RawDriver,
    pub(super) address: Option<String>,
    pub(super) bridge: Option<String>,
    pub(super) tls: Option<RawTls>,
    pub(super) ports: Option<Texts>,
    pub(super) naming: Option<PortNaming>,
    pub(super) vlans: Option<VlanSet>,
    pub(super) chaos: Option<RawChaos>,
    pub(super) plugin: Option<RawPlugin>,
    pub(super) profile: Option<String>,
    pub(super) ssh: Option<RawSsh>,
    #[serde(default)]
    pub(super) switch_ids: Texts,
    pub(super) allowed_vlans: Option<VlanSet>,
    pub(super) allowed_ports: Option<Texts>,
    pub(super) idle_vlan: Option<Vlan>,
    pub(super) detach: Option<RawDetach>,
    #[serde(default)]
    pub(super) physical_networks: Texts,
    #[serde(default)]
    pub(super) flat_networks: BTreeMap<PhysicalNetwork, Vlan>,
    pub(super) lag_ids: Option<String>,
    #[serde(default)]
    pub(super) create_vlans: bool,
    pub(super) vxlan_vlans: Option<VlanSet>,
    #[serde(default = "operation_timeout_ms")]
    pub(super) operation_timeout_ms: u64,
    #[serde(default = "session_idle_ms")]
    pub(super) session_idle_ms: u64,
}

const fn operation_timeout_ms() -> u64 {
    10_000
}

const fn session_idle_ms() -> u64 {
    300_000
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawDriver {
    Ovsdb,
    Noop,
    Plugin,
    Ssh,
    Chaos,
}

impl RawDriver {
    /// Its name in the file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ovsdb => "ovsdb",
            Self::Noop => "noop",
            Self::Plugin => "plugin",
            Self::Ssh => "ssh",
            Self::Chaos => "chaos",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawDetach {
    IdleVlan,
    Closed,
    Shut,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawTls {
    pub(super) ca: PathBuf,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<RawSecretRef>,
    pub(super) server_name: Option<String>,
    #[serde(default)]
    pub(super) any_name: bool,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawChaos {
    pub(super) driver: RawDriver,
    #[serde(default)]
    pub(super) seed: u64,
    #[serde(default)]
    pub(super) faults: BTreeMap<String, f64>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawPlugin {
    pub(super) command: Vec<String>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default = "root")]
    pub(super) directory: PathBuf,
    /// Whatever the plugin understands.
    #[serde(default)]
    pub(super) settings: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, RawSecretRef>,
    #[serde(default = "memory_mb")]
    pub(super) memory_mb: u64,
    #[serde(default = "start_timeout_ms")]
    pub(super) start_timeout_ms: u64,
    #[serde(default = "stop_grace_ms")]
    pub(super) stop_grace_ms: u64,
}

fn root() -> PathBuf {
    PathBuf::from("/")
}

const fn memory_mb() -> u64 {
    512
}

const fn start_timeout_ms() -> u64 {
    10_000
}

const fn stop_grace_ms() -> u64 {
    2_000
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawPair {
    pub(super) switches: Texts,
    pub(super) lag_ids: Option<String>,
    pub(super) vxlan_vlans: Option<VlanSet>,
}

/// A list of texts; also one text with commas in it, so that the environment can say it.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                Ok(Texts(parts.map(str::to_owned).collect()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Texts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Texts".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<String>::json_schema(generator)
    }
}
