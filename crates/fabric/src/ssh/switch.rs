//! One simulated switch that runs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use russh::keys::Algorithm;
use russh::keys::ssh_key::{HashAlg, PrivateKey, PublicKey};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::device::{Device, Login};
use super::faults::Faults;
use super::machine::{Machine, Shelf};
use super::record::{Command, Past};
use super::server::{Shared, serve};
use super::settings::Settings;
use super::systems::System;
use super::view::PortView;
use super::world::World;
use crate::error::Error;

/// Bits of the RSA host key of a switch with old algorithms.
const RSA_BITS: usize = 2048;

/// A simulated switch behind a real SSH server on loopback. Dropping it ends every connection;
/// [`shutdown`](Self::shutdown) also waits.
pub struct SshSwitch {
    name: String,
    address: SocketAddr,
    host_key: PublicKey,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl std::fmt::Debug for SshSwitch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshSwitch")
            .field("name", &self.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl SshSwitch {
    /// Starts a switch of this system. It answers when this returns.
    ///
    /// # Errors
    /// The socket or the host key could not be made, or the first configuration was refused.
    pub async fn start(system: System, settings: &Settings) -> Result<Self, Error> {
        super::systems::start(system, settings).await
    }

    /// Starts a switch of any system: what [`start`](Self::start) does when it has the device.
    ///
    /// # Errors
    /// The socket or the host key could not be made.
    pub async fn serve<D: Device>(device: D, settings: &Settings) -> Result<Self, Error> {
        let name = settings.name.clone();
        let key = match &settings.host_key {
            Some(key) => key.clone(),
            None => make_key(settings.is_legacy)
                .map_err(|source| Error::HostKey { switch: name.clone(), source })?,
        };
        let host_key = key.public_key().clone();
        let endpoint = (Ipv4Addr::LOCALHOST, settings.port);
        let refused = |source| Error::Listen {
            switch: name.clone(),
            endpoint: format!("127.0.0.1:{}", settings.port),
            source,
        };
        let listener = TcpListener::bind(endpoint).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let machine: Arc<dyn Machine> = Arc::new(Shelf::new(device));
        let faults = Faults::default();
        faults.weather(|weather| *weather = settings.weather);
        let shared = Arc::new(Shared::new(machine, faults, settings, key));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&shared), stop.clone()));
        Ok(Self { name, address, host_key, shared, tasks, stop })
    }

    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its host key.
    #[must_use]
    pub const fn host_key(&self) -> &PublicKey {
        &self.host_key
    }

    /// The fingerprint of its host key: `SHA256:...`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.host_key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The line for a `known_hosts` file: `[127.0.0.1]:PORT ssh-ed25519 ...`.
    #[must_use]
    pub fn known_hosts_line(&self) -> String {
        let mut key = self.host_key.clone();
        key.set_comment("");
        let key = key.to_openssh().unwrap_or_default();
        format!("[{}]:{} {}", self.address.ip(), self.address.port(), key.trim_end())
    }

    /// The handle that makes the switch misbehave.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What a port or LAG lets through now, by any name that the system accepts.
    #[must_use]
    pub fn port(&self, name: &str) -> Option<PortView> {
        let name = self.shared.machine.canonical(name)?;
        self.ports().into_iter().find(|view| view.name == name)
    }

    /// Every port and LAG.
    #[must_use]
    pub fn ports(&self) -> Vec<PortView> {
        self.shared.machine.ports()
    }

    /// What every command since the start has made of the ports: first the ports as they were,
    /// then each change with the command that brought it about, in order.
    #[must_use]
    pub fn history(&self) -> Vec<Past> {
        self.shared.machine.changes()
    }

    /// The history of one port or LAG: everything that it has ever let through.
    #[must_use]
    pub fn history_of(&self, name: &str) -> Vec<Past> {
        let Some(name) = self.shared.machine.canonical(name) else {
            return Vec::new();
        };
        let mut past = self.history();
        past.retain(|past| past.port == name);
        past
    }

    /// Every command that was entered, by whichever session.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        self.shared.machine.commands()
    }

    /// Enters lines as somebody at the serial console does, and gives back what was printed. They
    /// are in the records, and no fault strikes them.
    pub fn console<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> String {
        let machine = &self.shared.machine;
        let user = "console".to_owned();
        let login = Login { user, number: 0, terminal: None, is_exec: false };
        let (session, mut printed) = machine.open(login);
        for line in lines {
            let reply = machine.line(session, line);
            printed.push_str(&reply.text);
            if reply.ends {
                break;
            }
        }
        machine.close(session);
        printed
    }

    /// Forgets commands and history; the ports as they are now become the start.
    pub fn forget(&self) {
        self.shared.machine.forget();
    }

    /// The running configuration, as an administrator would see it.
    #[must_use]
    pub fn running_config(&self) -> String {
        self.shared.machine.running()
    }

    /// Whether the configuration of the next start equals the running one.
    #[must_use]
    pub fn is_saved(&self) -> bool {
        self.shared.machine.is_saved()
    }

    /// Changes what is plugged in: links, partners, neighbours, addresses.
    pub fn plug(&self, mut change: impl FnMut(&mut World)) {
        self.shared.machine.world(&mut change);
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Ends every connection and waits until that is done.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Drop for SshSwitch {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn make_key(is_legacy: bool) -> Result<PrivateKey, russh::keys::ssh_key::Error> {
    let mut random = rand::rng();
    if is_legacy {
        let pair = russh::keys::ssh_key::private::RsaKeypair::random(&mut random, RSA_BITS)?;
        return Ok(PrivateKey::from(pair));
    }
    PrivateKey::random(&mut random, Algorithm::Ed25519)
}
