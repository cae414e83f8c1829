//! From the configuration to what the core works with.

pub mod ssh;

use std::{fs, io::Read as _, path::Path, sync::Arc};

use async_trait::async_trait;
use drivers::{
    chaos::ChaosDriver,
    noop::{NoopDriver, NoopPorts, NoopSettings},
    ovsdb::{
        IdentityFiles, Key, KeySource, OvsdbDriver, OvsdbSettings, PeerName as OvsdbPeer, TlsFiles,
    },
    plugin::{PluginDriver, PluginSettings},
    secret::SecretSource,
    ssh_cli::profile::Profiles,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use model::{SwitchName, VlanMode, VlanSet};
use secrecy::SecretString;
use switch::{
    Capabilities, Driver, Inventory, Pair, SafeState, SaveSettings, State, SwitchSettings,
    WorkerSettings, policy::Policy,
};
use tokio_util::task::TaskTracker;

use crate::{
    config::{Config, Detach, DriverConfig, PeerName, PluginConfig, SwitchConfig, TlsConfig},
    error::Error,
    secret::SecretRef,
};

/// How many plugins are started beside each other: enough that a few slow ones do not add up, and
/// not so many that they are slow because of each other.
const STARTS: usize = 8;

/// Policy and inventory, with the switches of `previous` that did not change.
///
/// Plugins are started for it, to say what they can do; a plugin that does not refuses the
/// configuration.
pub(crate) async fn state(
    config: &Config,
    previous: &Inventory,
    tasks: &TaskTracker,
) -> Result<State, Error> {
    let policy = policy(&config.policy)?;
    let profiles = ssh::profiles(config.profiles.as_deref())?;
    let made = |(name, switch)| settings(config, &profiles, name, switch);
    let all: Vec<_> = config.switches.iter().map(made).collect();
    let switches: Vec<SwitchSettings> = stream::iter(all).buffered(STARTS).try_collect().await?;
    for (name, pair) in &config.pairs {
        let members = switches.iter().filter(|switch| pair.switches.contains(&switch.name));
        let mut unable = members.filter(|switch| !switch.driver.capabilities().vxlan);
        if let Some(switch) = unable.next().filter(|_| pair.vxlan_vlans.is_some()) {
            return Err(Error::Switch {
                switch: switch.name.clone(),
                problem: no_vxlan(&format!("pair.{name}.vxlan_vlans"), switch.driver.name()),
            });
        }
    }
    let pairs = config.pairs.iter().map(|(name, pair)| Pair {
        name: name.clone(),
        switches: pair.switches.clone(),
        lag_ids: pair.lag_ids,
        vxlan_vlans: pair.vxlan_vlans.clone(),
    });
    let inventory = Inventory::new(switches, pairs.collect(), previous, tasks)?;
    Ok(State { policy, inventory })
}

/// Reads the policy file.
pub(crate) fn policy(path: &Path) -> Result<Policy, Error> {
    let refused = |problem: String| Error::Policy { path: path.to_owned(), problem };
    let unreadable = |error: std::io::Error| refused(format!("the file cannot be read: {error}"));
    let mut text = String::new();
    // One byte more than is allowed tells too large from just fitting.
    let most = Policy::MAX_BYTES as u64 + 1;
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(most).read_to_string(&mut text).map_err(unreadable)?;
    Policy::parse(&text).map_err(|error| refused(error.to_string()))
}

/// Reads every secret once, so that a missing one is told before it is needed.
pub(crate) async fn check_secrets(config: &Config) -> Result<(), Error> {
    for (name, switch) in &config.switches {
        let driver = match &switch.driver {
            DriverConfig::Chaos { inner, .. } => inner,
            driver => driver,
        };
        let secrets: Vec<&SecretRef> = match driver {
            DriverConfig::Ovsdb {
                tls: Some(TlsConfig { identity: Some((_, key)), .. }), ..
            } => {
                vec![key]
            }
            DriverConfig::Ssh(ssh) => ssh.secrets().collect(),
            _ => Vec::new(),
        };
        for secret in secrets {
            let read = secret.resolve().await;
            read.map_err(|problem| Error::Secret { switch: name.clone(), problem })?;
        }
    }
    Ok(())
}

async fn settings(
    config: &Config,
    profiles: &Profiles,
    name: &SwitchName,
    switch: &SwitchConfig,
) -> Result<SwitchSettings, Error> {
    let refused = |problem: String| Error::Switch { switch: name.clone(), problem };
    let Made { driver, said } =
        driver(profiles, name, switch, &switch.driver).await.map_err(refused)?;
    let safe = safe_state(switch.detach, driver.capabilities(), switch.driver.name());
    if switch.vxlan_vlans.is_some() && !driver.capabilities().vxlan {
        let key = format!("switch.{name}.vxlan_vlans");
        return Err(refused(no_vxlan(&key, switch.driver.name())));
    }
    let worker = WorkerSettings {
        operation_timeout: switch.operation_timeout,
        session_idle: switch.session_idle,
        queue: config.limits.queue_per_switch,
        save: SaveSettings {
            quiet: config.save.quiet,
            max_age: config.save.max_age,
            max_changes: config.save.max_changes,
        },
    };
    Ok(SwitchSettings {
        name: name.clone(),
        switch_ids: switch.switch_ids.clone(),
        driver,
        safe: safe.map_err(refused)?,
        allowed_vlans: switch.allowed_vlans.clone(),
        allowed_ports: switch.allowed_ports.clone(),
        physical_networks: switch.physical_networks.clone(),
        flat_networks: switch.flat_networks.clone(),
        lag_ids: switch.lag_ids,
        create_vlans: switch.create_vlans,
        vxlan_vlans: switch.vxlan_vlans.clone(),
        // The checked section holds references to secrets and never a secret.
        fingerprint: format!("{switch:?} {worker:?} {said}"),
        worker,
    })
}

fn no_vxlan(key: &str, driver: &str) -> String {
    format!("`{key}` means nothing: the driver `{driver}` maps no VLANs to VNIs there")
}

/// A driver, and what a reload compares beside its section.
struct Made {
    driver: Arc<dyn Driver>,
    said: String,
}

fn made(driver: impl Driver + 'static) -> Made {
    Made { driver: Arc::new(driver), said: String::new() }
}

async fn driver(
    profiles: &Profiles,
    name: &SwitchName,
    switch: &SwitchConfig,
    config: &DriverConfig,
) -> Result<Made, String> {
    Ok(match config {
        DriverConfig::Ovsdb { address, bridge, tls } => {
            let defaults = OvsdbSettings::new(address.clone());
            made(OvsdbDriver::new(OvsdbSettings {
                bridge: bridge.clone(),
                tls: tls.as_ref().map(tls_files),
                timeout: defaults.timeout.min(switch.operation_timeout),
                // Shorter than the exchange, so that the driver can still say what was missing.
                apply_timeout: defaults.apply_timeout.min(switch.operation_timeout * 3 / 4),
                ..defaults
            }))
        }
        DriverConfig::Noop { ports, naming, vlans } => made(NoopDriver::new(NoopSettings {
            ports: ports.clone().map_or(NoopPorts::Any, NoopPorts::These),
            naming: *naming,
            vlans: vlans.clone().unwrap_or_else(VlanSet::all),
            initial: match switch.detach {
                Detach::IdleVlan(vlan) | Detach::Shut(Some(vlan)) => VlanMode::access(vlan),
                Detach::Closed | Detach::Shut(None) => VlanMode::Closed,
            },
            ..NoopSettings::default()
        })),
        DriverConfig::Plugin(plugin) => {
            let started = PluginDriver::start(plugin_settings(name, switch, plugin)).await;
            let driver = started.map_err(|error| error.to_string())?;
            // A plugin that says something new of itself after an upgrade is a changed switch.
            let said = format!("{:?}", driver.description());
            Made { said, ..made(driver) }
        }
        DriverConfig::Ssh(config) => ssh::driver(profiles, name, config)?,
        DriverConfig::Chaos { inner, settings } => {
            let Made { driver: inner, said } =
                Box::pin(driver(profiles, name, switch, inner)).await?;
            let chaos = ChaosDriver::new(inner, settings.clone());
            Made { said, ..made(chaos.map_err(|error| error.to_string())?) }
        }
    })
}

fn plugin_settings(
    name: &SwitchName,
    switch: &SwitchConfig,
    config: &PluginConfig,
) -> PluginSettings {
    let PluginConfig {
        program,
        arguments,
        environment,
        directory,
        settings,
        secrets,
        memory_bytes,
        start_timeout,
        stop_grace,
    } = config.clone();
    let secret = |(name, secret)| (name, source(secret));
    PluginSettings {
        arguments,
        environment,
        directory,
        settings,
        secrets: secrets.into_iter().map(secret).collect(),
        memory_bytes,
        start_timeout,
        // Shorter than the exchange, so that the driver can still say what was missing.
        answer_timeout: switch.operation_timeout * 3 / 4,
        stop_grace,
        ..PluginSettings::new(name.to_string(), program)
    }
}

fn source(secret: SecretRef) -> Arc<dyn SecretSource> {
    Arc::new(SecretReference(secret))
}

/// A secret that is resolved when a plugin is started or a login needs it.
#[derive(Debug)]
struct SecretReference(SecretRef);

#[async_trait]
impl SecretSource for SecretReference {
    async fn value(&self) -> Result<SecretString, String> {
        self.0.resolve().await.map_err(|error| error.to_string())
    }
}

fn tls_files(tls: &TlsConfig) -> TlsFiles {
    let identity = match &tls.identity {
        Some((certificate, SecretRef::File(key))) => {
            Some(IdentityFiles { certificate: certificate.clone(), key: Key::File(key.clone()) })
        }
        Some((certificate, other)) => {
            let key = Key::Source(Arc::new(KeyReference(other.clone())));
            Some(IdentityFiles { certificate: certificate.clone(), key })
        }
        None => None,
    };
    TlsFiles {
        ca: tls.ca.clone(),
        identity,
        peer_name: match &tls.peer {
            PeerName::AsAddressed => OvsdbPeer::AsAddressed,
            PeerName::Named(name) => OvsdbPeer::Named(name.clone()),
            PeerName::Any => OvsdbPeer::AnyOfCa,
        },
    }
}

/// A key that is resolved when a connection needs it.
#[derive(Debug)]
struct KeyReference(SecretRef);

#[async_trait]
impl KeySource for KeyReference {
    fn name(&self) -> String {
        format!("`tls.key` ({})", self.0)
    }

    async fn pem(&self) -> Result<SecretString, String> {
        self.0.resolve().await.map_err(|error| error.to_string())
    }
}

/// What a detached port is, if the switch can do that: a port that nobody has must not be left
/// with whatever it had.
fn safe_state(
    detach: Detach,
    capabilities: &Capabilities,
    driver: &str,
) -> Result<SafeState, String> {
    let (safe, possible, what) = match detach {
        Detach::IdleVlan(vlan) => {
            (SafeState::Idle(vlan), capabilities.access, "has no access ports")
        }
        Detach::Closed => (SafeState::Closed, capabilities.closed, "cannot close ports"),
        Detach::Shut(vlan) => (SafeState::Shut(vlan), capabilities.port_shut, "cannot shut ports"),
    };
    if possible {
        Ok(safe)
    } else {
        Err(format!(
            "no safe state for detached ports: the driver `{driver}` {what}\n\
             hint: another `detach`, or an `idle_vlan`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use drivers::noop::NoopSettings;
    use model::{PortName, Vlan};
    use rstest::rstest;
    use switch::policy::{Ask, Verb};

    use super::*;

    const FULL: Capabilities = NoopSettings::full_capabilities();

    fn example(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
    }

    #[rstest]
    #[case("ironic", Verb::Attach, "leaf-01", "swp7", "100", Ok("rack-12"))]
    #[case("ironic", Verb::Attach, "leaf-01", "swp7", "200", Err(Some("rack-12")))]
    #[case("ironic", Verb::Attach, "leaf-01", "swp49", "100", Err(Some("uplinks")))]
    #[case("netops", Verb::Attach, "leaf-01", "swp49", "100", Err(Some("uplinks")))]
    #[case("noc-1", Verb::Read, "spine-01", "swp49", "", Ok("noc-looks"))]
    #[case("noc-1", Verb::Detach, "leaf-01", "swp1", "", Err(Some("noc-looks")))]
    #[case("eve", Verb::Read, "leaf-01", "swp1", "", Err(None))]
    fn the_example_policy_says_what_it_tells(
        #[case] caller: &str,
        #[case] verb: Verb,
        #[case] switch: &str,
        #[case] port: &str,
        #[case] vlans: &str,
        #[case] expected: Result<&str, Option<&str>>,
    ) {
        let policy = policy(&example("policy.toml")).unwrap();
        let port: PortName = port.parse().unwrap();
        let vlans: VlanSet = vlans.parse().unwrap();
        let switch: SwitchName = switch.parse().unwrap();
        let ask =
            Ask { caller, verb, switch: &switch, port: Some(&port), vlans: &vlans, vnis: &[] };
        let decided = match policy.decide(&ask) {
            switch::policy::Decision::Allowed { rule } => Ok(rule),
            switch::policy::Decision::Refused(refusal) => Err(refusal.rule),
        };
        assert_eq!(decided.as_deref().map_err(Option::as_deref), expected);
    }

    #[rstest]
    #[case(Detach::Closed, FULL, Some(SafeState::Closed))]
    #[case(Detach::Shut(None), FULL, Some(SafeState::Shut(None)))]
    #[case(Detach::Shut(None), Capabilities { port_shut: false, ..FULL }, None)]
    #[case(Detach::Closed, Capabilities { closed: false, ..FULL }, None)]
    #[case(Detach::IdleVlan(Vlan::MAX), Capabilities { closed: false, ..FULL }, Some(SafeState::Idle(Vlan::MAX)))]
    #[case(Detach::IdleVlan(Vlan::MAX), Capabilities { access: false, ..FULL }, None)]
    fn a_safe_state_is_one_that_the_switch_can_do(
        #[case] detach: Detach,
        #[case] capabilities: Capabilities,
        #[case] expected: Option<SafeState>,
    ) {
        let safe = safe_state(detach, &capabilities, "x");
        assert_eq!(safe.as_ref().ok(), expected.as_ref(), "{safe:?}");
    }
}
