//! Real Open vSwitch with network namespaces as servers and real frames. Needs root.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use lab::{Lab, LagEnd};
use tokio::task::spawn_blocking;

use super::{LACP_LIMIT, Reach, Section, Stage, ovsdb};
use crate::demo::cast::{Cast, LEAVES, OVSDB};

/// The fabric of real switches. The lab waits for processes and frames, so all that is asked of it
/// is asked on threads for waiting.
pub(in crate::demo) struct Real {
    lab: Arc<Lab>,
}

impl Real {
    /// Starts the switches and makes the servers.
    pub(in crate::demo) async fn start() -> Result<Self> {
        lab::require()?;
        let lab = spawn_blocking(|| {
            let mut builder = Lab::builder().idle_vlan(OVSDB.found_in);
            for leaf in LEAVES {
                builder = builder.switch(leaf);
            }
            for server in OVSDB.servers() {
                builder = match server.cables {
                    [_] => builder.host(server.name, server.cables.iter().copied()),
                    legs => {
                        let ports = legs.iter().map(|(_, switch, port)| (*switch, *port));
                        builder.bonded_host(server.name, ports)
                    }
                };
            }
            // The lab names the ports of its first trunk as the story does.
            let [one, other] = LEAVES;
            builder.trunk(one, other).start()
        });
        Ok(Self { lab: Arc::new(lab.await??) })
    }

    fn address(&self, switch: &str) -> Result<String> {
        let port = self.lab.instance(switch)?.tcp_port();
        let port = port.with_context(|| format!("`{switch}` has no TCP listener"))?;
        Ok(format!("tcp:127.0.0.1:{port}"))
    }

    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Lab) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let lab = Arc::clone(&self.lab);
        spawn_blocking(move || ask(&lab)).await?
    }

    /// Makes `ovsdb-server` a standby, which is read-only, or the active one again. Its active
    /// peer does not exist, so nothing is ever copied over its database.
    async fn standby(&self, switch: &str, standby: bool) -> Result<()> {
        let switch = switch.to_owned();
        self.ask(move |lab| {
            let directory = lab.instance(&switch)?.socket();
            let control = directory.with_file_name("ovsdb-server.ctl");
            let control = control.to_str().context("the lab's directory is not UTF-8")?;
            let peer = format!("unix:{}", directory.with_file_name("nobody.sock").display());
            let tell = |words: &[&str]| {
                let words: Vec<&str> = ["-t", control].iter().chain(words).copied().collect();
                lab.exec(&switch, "ovs-appctl", &words).map(drop)
            };
            if !standby {
                return tell(&["ovsdb-server/disconnect-active-ovsdb-server"]);
            }
            tell(&["ovsdb-server/set-active-ovsdb-server", &peer])?;
            tell(&["ovsdb-server/connect-active-ovsdb-server"])
        })
        .await
    }
}

#[async_trait]
impl Stage for Real {
    fn made_of(&self) -> &'static str {
        "two real Open vSwitch, network namespaces as servers, real frames"
    }

    fn cast(&self) -> &'static Cast {
        &OVSDB
    }

    fn section(&self, switch: &str) -> Result<Section> {
        Ok(ovsdb(&self.address(switch)?))
    }

    fn look_behind(&self, switch: &str, _: &Path) -> Result<String> {
        Ok(format!("ovs-vsctl --db={} list port", self.address(switch)?))
    }

    async fn reach(&self) -> Result<Reach> {
        let ways = self.ask(|lab| lab.probe().matrix(&[None])).await?;
        let mut reach = Reach::nobody();
        for way in ways {
            let server = |nic: &str| nic.split('/').next().unwrap_or_default().to_owned();
            reach.add(&server(&way.from), &server(&way.nic));
        }
        Ok(reach)
    }

    async fn close_for_writing(&self, switch: &str) -> Result<()> {
        self.standby(switch, true).await
    }

    async fn open_for_writing(&self, switch: &str) -> Result<()> {
        self.standby(switch, false).await
    }

    async fn bond(&self, _server: &str) -> Result<()> {
        // The lab's server speaks LACP from the start.
        Ok(())
    }

    async fn lose_leg(&self, server: &str, nic: &str) -> Result<()> {
        let (server, nic) = (server.to_owned(), nic.to_owned());
        self.ask(move |lab| lab.link_down(&server, &nic)).await
    }

    async fn mend_leg(&self, server: &str, nic: &str) -> Result<()> {
        let (server, nic) = (server.to_owned(), nic.to_owned());
        self.ask(move |lab| lab.link_up(&server, &nic)).await
    }

    async fn lag_carries(&self, switch: &str, lag: &str, members: &[&str]) -> Result<()> {
        let (switch, name) = (switch.to_owned(), lag.to_owned());
        let ports: Vec<String> = members.iter().map(|member| (*member).to_owned()).collect();
        let server = OVSDB.servers().into_iter().find(|server| {
            server.cables.iter().any(|(.., port)| ports.iter().any(|member| member == port))
        });
        let server = server.context("no server has these ports")?;
        let legs = server.cables.iter().filter(|(.., port)| ports.iter().any(|own| own == port));
        let legs: Vec<&str> = legs.map(|(nic, ..)| *nic).collect();
        self.ask(move |lab| {
            let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
            let end = LagEnd::Switch { switch: &switch, lag: &name };
            lab.wait_lag(end, &ports, LACP_LIMIT)?;
            lab.wait_lag(LagEnd::Server(server.name), &legs, LACP_LIMIT)
        })
        .await
    }

    async fn meddle(&self, switch: &str, port: &str, vlan: u16) -> Result<Vec<String>> {
        let (name, named) = (switch.to_owned(), port.to_owned());
        let tag = format!("tag={vlan}");
        self.ask(move |lab| lab.vsctl(&name, &["set", "port", &named, &tag]).map(drop)).await?;
        Ok(vec![format!("$ ovs-vsctl set port {port} tag={vlan}")])
    }

    async fn end(self: Box<Self>) -> Result<()> {
        let Ok(lab) = Arc::try_unwrap(self.lab) else {
            bail!("the lab is still in use");
        };
        spawn_blocking(move || lab.down()).await?
    }
}
