//! Simulated switches: no root, nothing installed, real OVSDB on loopback.

use std::{
    io::Write as _,
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use fabric::{Fabric, Fault, NicRef, Trigger};
use serde_json::{Value, json};

use super::{LACP_LIMIT, Reach, Section, Stage, ovsdb};
use crate::demo::cast::{Cast, LEAVES, OVSDB, READ_ONLY};

/// How long the one who meddles waits for a switch on loopback.
const MEDDLE: Duration = Duration::from_secs(5);

/// The simulated fabric.
pub(in crate::demo) struct Simulated {
    fabric: Fabric,
}

impl Simulated {
    /// Starts the switches.
    pub(in crate::demo) async fn start() -> Result<Self> {
        let mut builder = Fabric::builder().idle_vlan(OVSDB.found_in);
        for leaf in LEAVES {
            let cables = OVSDB.servers().into_iter().flat_map(|server| server.cables);
            let ports = cables.filter(|(_, switch, _)| *switch == leaf).map(|(.., port)| *port);
            builder = builder.switch(leaf, ports);
        }
        for server in OVSDB.servers() {
            builder = builder.host(server.name, server.cables.iter().copied());
        }
        let ([one, other], [near, far]) = (LEAVES, OVSDB.uplinks);
        let fabric = builder.trunk(one, near, other, far).start().await?;
        Ok(Self { fabric })
    }
}

#[async_trait]
impl Stage for Simulated {
    fn made_of(&self) -> &'static str {
        "two simulated switches that speak OVSDB on loopback"
    }

    fn cast(&self) -> &'static Cast {
        &OVSDB
    }

    fn section(&self, switch: &str) -> Result<Section> {
        Ok(ovsdb(self.fabric.address(switch)?))
    }

    fn look_behind(&self, switch: &str, _: &Path) -> Result<String> {
        Ok(format!("ovs-vsctl --db={} list port", self.fabric.address(switch)?))
    }

    async fn reach(&self) -> Result<Reach> {
        let mut reach = Reach::nobody();
        for server in OVSDB.servers() {
            for (nic, ..) in server.cables {
                for heard in self.fabric.reach(server.name, nic, None)? {
                    reach.add(server.name, &heard.host);
                }
            }
        }
        Ok(reach)
    }

    async fn close_for_writing(&self, switch: &str) -> Result<()> {
        let details = format!("update operation not allowed {READ_ONLY}");
        let refusal = Fault::refuse("not allowed", details);
        self.fabric.faults(switch)?.always(Trigger::Write, refusal);
        Ok(())
    }

    async fn open_for_writing(&self, switch: &str) -> Result<()> {
        self.fabric.faults(switch)?.clear();
        Ok(())
    }

    async fn bond(&self, server: &str) -> Result<()> {
        Ok(self.fabric.speak_lacp(server)?)
    }

    async fn lose_leg(&self, server: &str, nic: &str) -> Result<()> {
        let end = self.fabric.port_of(&NicRef::new(server, nic))?;
        Ok(self.fabric.unplug(&end.switch, &end.port)?)
    }

    async fn mend_leg(&self, server: &str, nic: &str) -> Result<()> {
        let end = self.fabric.port_of(&NicRef::new(server, nic))?;
        Ok(self.fabric.plug(&end.switch, &end.port)?)
    }

    async fn lag_carries(&self, switch: &str, lag: &str, members: &[&str]) -> Result<()> {
        let deadline = Instant::now() + LACP_LIMIT;
        loop {
            let view = self.fabric.port(switch, lag)?;
            let view = view.with_context(|| format!("`{switch}` has no LAG `{lag}`"))?;
            let current = view.lacp_current.iter().filter(|(_, current)| **current);
            let current: Vec<&str> = current.map(|(name, _)| name.as_str()).collect();
            if current == members {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("LAG `{lag}` carries {current:?}, not {members:?}");
            }
            // The switch is a task of this runtime: it gets its turn.
            tokio::task::yield_now().await;
        }
    }

    async fn meddle(&self, switch: &str, port: &str, vlan: u16) -> Result<Vec<String>> {
        let address = self.fabric.address(switch)?.to_owned();
        let named = port.to_owned();
        tokio::task::spawn_blocking(move || set_tag(&address, &named, vlan)).await??;
        Ok(vec![format!("$ ovs-vsctl set port {port} tag={vlan}")])
    }

    async fn end(self: Box<Self>) -> Result<()> {
        self.fabric.shutdown().await;
        Ok(())
    }
}

/// What `ovs-vsctl set port PORT tag=VLAN` sends (RFC 7047, section 4.1.3), without installing it.
fn set_tag(address: &str, port: &str, vlan: u16) -> Result<()> {
    let address = address.strip_prefix("tcp:").context("the address is not `tcp:`")?;
    let mut stream = TcpStream::connect(address).context("cannot reach the simulated switch")?;
    stream.set_read_timeout(Some(MEDDLE))?;
    let update = json!({
        "op": "update", "table": "Port", "where": [["name", "==", port]], "row": {"tag": vlan},
    });
    let request = json!({"id": 1, "method": "transact", "params": ["Open_vSwitch", update]});
    stream.write_all(request.to_string().as_bytes())?;
    let mut answers = serde_json::Deserializer::from_reader(stream).into_iter::<Value>();
    let answer = answers.next().context("the simulated switch hung up")??;
    let changed = answer.pointer("/result/0/count").and_then(Value::as_u64);
    ensure!(changed == Some(1), "the simulated switch answered {answer}");
    Ok(())
}
