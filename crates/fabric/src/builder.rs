//! Declares a fabric and starts it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::fabric::{Fabric, Running};
use crate::faults::Faults;
use crate::ovsdb::database::Database;
use crate::ovsdb::error::OvsdbError;
use crate::ovsdb::schema::Schema;
use crate::ovsdb::server::{Listener, serve};
use crate::ovsdb::store::Store;
use crate::ovsdb::transact::{Outcome, execute};
use crate::vswitchd;
use crate::wiring::{NicRef, PortRef, Wiring};
use crate::world::{Switch, World};

/// The VLAN on which ports start unless told otherwise: the last one, that nobody else uses.
const IDLE_VLAN: u16 = 4094;

/// Name of the one bridge of every switch.
const BRIDGE: &str = "br0";

/// A fabric in the making.
#[derive(Debug, Clone)]
pub struct Builder {
    idle_vlan: u16,
    switches: Vec<(String, Vec<String>)>,
    cables: Vec<(NicRef, PortRef)>,
    trunks: Vec<(PortRef, PortRef)>,
    sockets: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            idle_vlan: IDLE_VLAN,
            switches: Vec::new(),
            cables: Vec::new(),
            trunks: Vec::new(),
            sockets: None,
        }
    }
}

impl Builder {
    /// The VLAN whose access ports all ports for servers are at first; 4094 unless set.
    #[must_use]
    pub fn idle_vlan(mut self, vlan: u16) -> Self {
        self.idle_vlan = vlan;
        self
    }

    /// A switch with one bridge `br0` and these physical ports for servers.
    #[must_use]
    pub fn switch<P: Into<String>>(
        mut self,
        name: impl Into<String>,
        ports: impl IntoIterator<Item = P>,
    ) -> Self {
        self.switches.push((name.into(), ports.into_iter().map(Into::into).collect()));
        self
    }

    /// A server, each of its interfaces cabled as (interface, switch, port).
    #[must_use]
    pub fn host<'a>(
        mut self,
        name: &str,
        cables: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
    ) -> Self {
        let cables = cables.into_iter();
        self.cables.extend(
            cables.map(|(nic, switch, port)| (NicRef::new(name, nic), PortRef::new(switch, port))),
        );
        self
    }

    /// A trunk for all VLANs between two switches, on ports of its own.
    #[must_use]
    pub fn trunk(mut self, switch: &str, port: &str, other_switch: &str, other_port: &str) -> Self {
        let ends = (PortRef::new(switch, port), PortRef::new(other_switch, other_port));
        self.trunks.push(ends);
        self
    }

    /// Makes every switch listen on the unix socket `<folder>/<switch>.sock` too.
    #[must_use]
    pub fn unix_sockets(mut self, folder: impl Into<PathBuf>) -> Self {
        self.sockets = Some(folder.into());
        self
    }

    /// Starts the switches. They answer when this returns.
    ///
    /// # Errors
    /// A declaration that contradicts itself, or a socket that could not be made.
    pub async fn start(self) -> Result<Fabric, Error> {
        if !(1..=4094).contains(&self.idle_vlan) {
            return Err(Error::IdleVlan(self.idle_vlan));
        }
        let wiring = self.wiring()?;
        let mut switches = BTreeMap::new();
        for (number, (name, ports)) in self.switches.iter().enumerate() {
            let store = self
                .store(name, ports)
                .map_err(|source| Error::FirstConfiguration { switch: name.clone(), source })?;
            let hardware = ports.iter().cloned().chain(self.trunk_ports(name)).collect();
            let switch = Switch { number, hardware, store: Arc::new(store) };
            if switches.insert(name.clone(), switch).is_some() {
                return Err(Error::DuplicateSwitch(name.clone()));
            }
        }
        let world = Arc::new(World::new(switches, wiring));
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut running = BTreeMap::new();
        for (name, switch) in world.switches() {
            let refused = |endpoint: String| {
                move |source| Error::Listen { switch: name.clone(), endpoint, source }
            };
            let tcp = Listener::tcp().await.map_err(refused("127.0.0.1".to_owned()))?;
            let address = tcp.address().map_err(refused("127.0.0.1".to_owned()))?;
            tasks.spawn(serve(tcp, Arc::clone(&switch.store), stop.clone()));
            let unix_address = match &self.sockets {
                None => None,
                Some(folder) => {
                    let path = folder.join(format!("{name}.sock"));
                    let unix =
                        Listener::unix(&path).map_err(refused(path.display().to_string()))?;
                    tasks.spawn(serve(unix, Arc::clone(&switch.store), stop.clone()));
                    Some(format!("unix:{}", path.display()))
                }
            };
            let (guard, world, switch) = (stop.clone(), Arc::clone(&world), name.clone());
            tasks.spawn(async move {
                guard.run_until_cancelled(vswitchd::run(world, switch)).await;
            });
            running.insert(name.clone(), Running { address, unix_address });
        }
        Ok(Fabric::new(world, running, tasks, stop))
    }

    fn wiring(&self) -> Result<Wiring, Error> {
        let mut wiring = Wiring::default();
        let known = |end: &PortRef| {
            let Some((_, ports)) = self.switches.iter().find(|(name, _)| *name == end.switch)
            else {
                return Err(Error::UnknownSwitch(end.switch.clone()));
            };
            Ok(ports.contains(&end.port))
        };
        let port_name = |end: &PortRef| format!("`{}` of `{}`", end.port, end.switch);
        for (nic, port) in &self.cables {
            if !known(port)? {
                let (switch, port) = (port.switch.clone(), port.port.clone());
                return Err(Error::UnknownPort { switch, port });
            }
            if !wiring.cable(nic.clone(), port.clone()) {
                let from = format!("`{}` of `{}`", nic.nic, nic.host);
                return Err(Error::Taken { from, to: port_name(port) });
            }
        }
        for (one, other) in &self.trunks {
            if known(one)? || known(other)? || !wiring.trunk(one.clone(), other.clone()) {
                return Err(Error::Taken { from: port_name(one), to: port_name(other) });
            }
        }
        Ok(wiring)
    }

    fn trunk_ports<'a>(&'a self, switch: &'a str) -> impl Iterator<Item = String> + 'a {
        let ends = self.trunks.iter().flat_map(|(one, other)| [one, other]);
        ends.filter(move |end| end.switch == switch).map(|end| end.port.clone())
    }

    fn store(&self, switch: &str, ports: &[String]) -> Result<Store, OvsdbError> {
        let empty = Database::new(Arc::new(Schema::vswitch()?));
        let idle = json!({ "vlan_mode": "access", "tag": self.idle_vlan });
        let mut operations = Vec::new();
        let own = (BRIDGE.to_owned(), json!({}), "internal");
        let servers = ports.iter().map(|port| (port.clone(), idle.clone(), ""));
        let trunks = self.trunk_ports(switch).map(|port| (port, json!({}), ""));
        let all = std::iter::once(own).chain(servers).chain(trunks);
        let mut names = Vec::new();
        for (index, (name, mut row, kind)) in all.enumerate() {
            operations.push(json!({"op": "insert", "table": "Interface",
                "uuid-name": format!("interface{index}"), "row": {"name": name, "type": kind}}));
            if let Some(row) = row.as_object_mut() {
                row.insert("name".into(), json!(name));
                row.insert("interfaces".into(), json!(["named-uuid", format!("interface{index}")]));
            }
            operations.push(json!({"op": "insert", "table": "Port",
                "uuid-name": format!("port{index}"), "row": row}));
            names.push(json!(["named-uuid", format!("port{index}")]));
        }
        operations.push(json!({"op": "insert", "table": "Bridge", "uuid-name": "bridge",
            "row": {"name": BRIDGE, "ports": ["set", names]}}));
        operations.push(root(switch));
        match execute(&empty, &operations, &|_| false, Duration::ZERO) {
            Outcome::Commit { database, .. } => Ok(Store::new(database, Faults::default())),
            Outcome::Failed { results } => {
                let found = results.iter().find(|result| result.get("error").is_some());
                let text = found.map(Value::to_string).unwrap_or_default();
                Err(OvsdbError::constraint(text))
            }
            Outcome::Blocked { .. } => Err(OvsdbError::new("timed out", "nothing waits here")),
        }
    }
}

fn root(switch: &str) -> Value {
    json!({"op": "insert", "table": "Open_vSwitch", "row": {
        "bridges": ["named-uuid", "bridge"],
        "ovs_version": "3.1.0",
        "db_version": "8.3.1",
        "system_type": "mercury-fabric",
        "datapath_types": "system",
        "iface_types": ["set", ["internal", "system"]],
        "external_ids": ["map", [["hostname", switch], ["system-id", switch]]],
    }})
}
