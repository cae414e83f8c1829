//! A fabric that runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::builder::Builder;
use crate::error::Error;
use crate::faults::Faults;
use crate::ovsdb::database::Database;
use crate::reach::Heard;
use crate::view::PortView;
use crate::wiring::{NicRef, PortRef};
use crate::world::{Switch, World};

#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) unix_address: Option<String>,
}

/// Simulated switches, servers and cables. Dropping it ends every task; [`shutdown`] also waits.
///
/// [`shutdown`]: Self::shutdown
#[derive(Debug)]
pub struct Fabric {
    world: Arc<World>,
    running: BTreeMap<String, Running>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Fabric {
    /// Declares a fabric.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(
        world: Arc<World>,
        running: BTreeMap<String, Running>,
        tasks: JoinSet<()>,
        stop: CancellationToken,
    ) -> Self {
        Self { world, running, tasks, stop }
    }

    /// Names of the switches, sorted.
    pub fn switches(&self) -> impl Iterator<Item = &str> {
        self.running.keys().map(String::as_str)
    }

    /// Where a switch listens: `tcp:127.0.0.1:PORT`.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn address(&self, switch: &str) -> Result<&str, Error> {
        let running = self.running.get(switch).ok_or_else(|| unknown(switch))?;
        Ok(&running.address)
    }

    /// Where a switch listens on a unix socket: `unix:PATH`, if it was told to.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn unix_address(&self, switch: &str) -> Result<Option<&str>, Error> {
        let running = self.running.get(switch).ok_or_else(|| unknown(switch))?;
        Ok(running.unix_address.as_deref())
    }

    /// The handle that makes a switch misbehave.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn faults(&self, switch: &str) -> Result<&Faults, Error> {
        Ok(self.switch(switch)?.store.faults())
    }

    /// A port of a switch as its database has it now; a bond is found by its own name and by
    /// each of its interfaces'.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn port(&self, switch: &str, port: &str) -> Result<Option<PortView>, Error> {
        let database = self.database(switch)?;
        Ok(PortView::find(&database, port))
    }

    /// All ports of a switch by name, without the bridge's own.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn ports(&self, switch: &str) -> Result<Vec<PortView>, Error> {
        let database = self.database(switch)?;
        Ok(PortView::all(&database))
    }

    /// The rows of a table in wire form, all columns; none for a table that does not exist.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn rows(&self, switch: &str, table: &str) -> Result<Vec<Value>, Error> {
        let database = self.database(switch)?;
        let columns = |row: &crate::ovsdb::database::Row| {
            let names = ["_uuid", "_version"].into_iter();
            Value::Object(row.to_json(names.chain(row.columns.keys().map(String::as_str))))
        };
        Ok(database.rows(table).map(|row| columns(row)).collect())
    }

    /// How many clients' transactions have changed a switch, up to 4095.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn commits(&self, switch: &str) -> Result<usize, Error> {
        Ok(self.switch(switch)?.store.history().len().saturating_sub(1))
    }

    /// Every state in which clients' transactions have left a port, oldest first, equal
    /// neighbours once. `None` is a state without the port. The states are those of the
    /// configuration at the instant of the commit; what the switch writes back comes later.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`].
    pub fn history(&self, switch: &str, port: &str) -> Result<Vec<Option<PortView>>, Error> {
        let states = self.switch(switch)?.store.history();
        let mut views: Vec<_> =
            states.iter().map(|database| PortView::find(database, port)).collect();
        views.dedup();
        Ok(views)
    }

    /// Who hears a broadcast frame that a server sends from an interface, with an 802.1Q tag or
    /// without. What has been committed but not yet applied does not count.
    ///
    /// # Errors
    /// [`Error::UnknownNic`].
    pub fn reach(&self, host: &str, nic: &str, tag: Option<u16>) -> Result<Vec<Heard>, Error> {
        let from = NicRef::new(host, nic);
        self.port_of(&from)?;
        Ok(self.world.reach(&from, tag))
    }

    /// The switch port that a server's interface is plugged into.
    ///
    /// # Errors
    /// [`Error::UnknownNic`].
    pub fn port_of(&self, nic: &NicRef) -> Result<PortRef, Error> {
        let found = self.world.wiring(|wiring| wiring.port_of(nic).cloned());
        found.ok_or_else(|| Error::UnknownNic { host: nic.host.clone(), nic: nic.nic.clone() })
    }

    /// Pulls the cable out of a port; the other end loses its link too.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`] or [`Error::UnknownPort`].
    pub fn unplug(&self, switch: &str, port: &str) -> Result<(), Error> {
        let end = self.end(switch, port)?;
        self.world.rewire(|wiring| wiring.unplug(&end));
        Ok(())
    }

    /// Puts the cable back.
    ///
    /// # Errors
    /// [`Error::UnknownSwitch`] or [`Error::UnknownPort`].
    pub fn plug(&self, switch: &str, port: &str) -> Result<(), Error> {
        let end = self.end(switch, port)?;
        self.world.rewire(|wiring| wiring.plug(&end));
        Ok(())
    }

    /// Makes a server speak LACP, actively, on all its interfaces. Servers start silent, as when
    /// they boot from the network.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn speak_lacp(&self, host: &str) -> Result<(), Error> {
        self.known_host(host)?;
        self.world.rewire(|wiring| wiring.speak_lacp(host));
        Ok(())
    }

    /// Makes a server silent again.
    ///
    /// # Errors
    /// [`Error::UnknownHost`].
    pub fn silence_lacp(&self, host: &str) -> Result<(), Error> {
        self.known_host(host)?;
        self.world.rewire(|wiring| wiring.silence_lacp(host));
        Ok(())
    }

    /// Closes every connection and waits until every task has ended.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    fn switch(&self, name: &str) -> Result<&Switch, Error> {
        self.world.switches().get(name).ok_or_else(|| unknown(name))
    }

    fn database(&self, switch: &str) -> Result<Arc<Database>, Error> {
        Ok(self.switch(switch)?.store.read())
    }

    fn end(&self, switch: &str, port: &str) -> Result<PortRef, Error> {
        if self.switch(switch)?.hardware.iter().any(|known| known == port) {
            return Ok(PortRef::new(switch, port));
        }
        Err(Error::UnknownPort { switch: switch.to_owned(), port: port.to_owned() })
    }

    fn known_host(&self, host: &str) -> Result<(), Error> {
        if self.world.wiring(|wiring| wiring.has_host(host)) {
            return Ok(());
        }
        Err(Error::UnknownHost(host.to_owned()))
    }
}

fn unknown(switch: &str) -> Error {
    Error::UnknownSwitch(switch.to_owned())
}
