//! Simulated switches of two vendors behind real SSH: no root, nothing installed. `leaf-01` is an
//! Arista EOS, `leaf-02` a Cisco NX-OS.
//!
//! Mercury gets a login, a host key that it has to find, and nothing else. Who hears whom is worked
//! out from what the switches let through, never from what was asked for.

mod flood;

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use fabric::ssh::{Fault, Settings, SshSwitch, System, Trigger, User};
use serde_json::json;

use super::{Reach, Section, Stage};
use crate::demo::cast::{Cast, LEAVES, NOT_PERMITTED, VENDORS};

/// The user that the service logs in as.
const SERVICE: &str = "mercury";

/// The user that the reader may log in as.
const READER: &str = "admin";

/// What NX-OS refuses when it is told to.
const CHANGE: &str = "^ *switchport access vlan";

/// What the console of NX-OS shows before what is typed.
const CONSOLE: [&str; 3] = ["#", "(config)#", "(config-if)#"];

/// The switches.
pub(in crate::demo) struct Shells {
    leaves: [SshSwitch; 2],
    password: String,
}

impl Shells {
    /// Starts the switches, as their administrators have set them up: the port between them is a
    /// trunk, and NX-OS, which has that off, knows LACP.
    pub(in crate::demo) async fn start() -> Result<Self> {
        let password = uuid::Uuid::new_v4().simple().to_string();
        let [one, other] = VENDORS.uplinks;
        let eos = start(System::Eos, 0, &password, &trunk(one)).await?;
        let features = ["feature lacp".to_owned(), "feature lldp".to_owned()];
        let lines = [features.as_slice(), &trunk(other)].concat();
        let nxos = start(System::NxOs, 1, &password, &lines).await?;
        Ok(Self { leaves: [eos, nxos], password })
    }

    /// One of the switches.
    pub(in crate::demo) fn leaf(&self, name: &str) -> Result<&SshSwitch> {
        let leaf = self.leaves.iter().find(|leaf| leaf.name() == name);
        leaf.with_context(|| format!("there is no switch `{name}`"))
    }

    /// All of them.
    pub(in crate::demo) const fn leaves(&self) -> &[SshSwitch; 2] {
        &self.leaves
    }

    /// The switch answers to the next command of this form with this text, and does not do it.
    pub(in crate::demo) fn babble(&self, switch: &str, command: &str, text: &str) -> Result<()> {
        let fault = Fault::Reject(format!("{text}\n"));
        self.leaf(switch)?.faults().next(1, Trigger::matching(command)?, fault);
        Ok(())
    }

    fn cable(&self, server: &str, nic: &str) -> Result<(&SshSwitch, &'static str)> {
        let cables = VENDORS.servers().into_iter().filter(|known| known.name == server);
        let mut cables = cables.flat_map(|server| server.cables);
        let cable = cables.find(|(name, ..)| *name == nic);
        let (_, switch, port) = cable.with_context(|| format!("no cable in {server} {nic}"))?;
        Ok((self.leaf(switch)?, port))
    }

    fn link(&self, server: &str, nic: &str, link: bool) -> Result<()> {
        let (leaf, port) = self.cable(server, nic)?;
        leaf.plug(|world| world.cable_mut(port).link = link);
        Ok(())
    }
}

fn trunk(port: &str) -> Vec<String> {
    let lines = [format!("interface {port}"), "switchport mode trunk".to_owned()];
    lines.into_iter().chain(["no shutdown".to_owned(), "exit".to_owned()]).collect()
}

async fn start(
    system: System,
    number: usize,
    password: &str,
    lines: &[String],
) -> Result<SshSwitch> {
    let name = LEAVES.get(number).copied().unwrap_or_default();
    let mut settings = Settings::new(name).configuration(lines.iter().cloned());
    for user in [SERVICE, READER] {
        settings = settings.user(User::new(user).password(password.to_owned()));
    }
    Ok(SshSwitch::start(system, &settings).await?)
}

#[async_trait]
impl Stage for Shells {
    fn made_of(&self) -> &'static str {
        "two simulated switches of two vendors, each configured on its own command line over SSH"
    }

    fn cast(&self) -> &'static Cast {
        &VENDORS
    }

    fn section(&self, switch: &str) -> Result<Section> {
        let leaf = self.leaf(switch)?;
        let [eos, _] = LEAVES;
        let profile = if switch == eos { "arista-eos" } else { "cisco-nxos" };
        let (password, hosts) = (format!("{switch}.password"), format!("{switch}.known_hosts"));
        let keys = json!({
            "driver": "ssh",
            "profile": profile,
            "address": leaf.address().to_string(),
            "detach": "closed",
            "create_vlans": true,
            "lag_ids": "10-19",
            "ssh": {
                "user": SERVICE,
                "password": { "file": password },
                "known_hosts": hosts,
            },
        });
        let known = format!("{}\n", leaf.known_hosts_line());
        Ok(Section { keys, files: vec![(password, self.password.clone()), (hosts, known)] })
    }

    fn look_behind(&self, switch: &str, files: &Path) -> Result<String> {
        let port = self.leaf(switch)?.address().port();
        let hosts = files.join(format!("{switch}.known_hosts"));
        Ok(format!(
            "ssh -p {port} -o UserKnownHostsFile={} {READER}@127.0.0.1  # password: {}",
            hosts.display(),
            self.password
        ))
    }

    async fn reach(&self) -> Result<Reach> {
        Ok(flood::reach(&self.leaves))
    }

    async fn close_for_writing(&self, switch: &str) -> Result<()> {
        let refusal = Fault::Reject(format!("{NOT_PERMITTED}\n"));
        self.leaf(switch)?.faults().always(Trigger::matching(CHANGE)?, refusal);
        Ok(())
    }

    async fn open_for_writing(&self, switch: &str) -> Result<()> {
        self.leaf(switch)?.faults().clear();
        Ok(())
    }

    async fn bond(&self, _server: &str) -> Result<()> {
        // What is plugged in speaks LACP from the start.
        Ok(())
    }

    async fn lose_leg(&self, server: &str, nic: &str) -> Result<()> {
        self.link(server, nic, false)
    }

    async fn mend_leg(&self, server: &str, nic: &str) -> Result<()> {
        self.link(server, nic, true)
    }

    async fn lag_carries(&self, switch: &str, lag: &str, members: &[&str]) -> Result<()> {
        let leaf = self.leaf(switch)?;
        let view = leaf.port(lag).with_context(|| format!("`{switch}` has no LAG `{lag}`"))?;
        let mut working = Vec::new();
        leaf.plug(|world| {
            let members = view.members.iter().filter(|port| view.up && world.lacp(port));
            working = members.cloned().collect();
        });
        if working != members {
            bail!("LAG `{lag}` carries {working:?}, not {members:?}");
        }
        Ok(())
    }

    async fn meddle(&self, switch: &str, port: &str, vlan: u16) -> Result<Vec<String>> {
        let interface = format!("interface {port}");
        let access = format!("switchport access vlan {vlan}");
        let lines = ["configure terminal", &interface, &access];
        let printed = self.leaf(switch)?.console(lines);
        ensure!(!printed.contains('%'), "the switch answered {printed:?}");
        let typed = CONSOLE.iter().zip(lines);
        Ok(typed.map(|(prompt, line)| format!("{switch}{prompt} {line}")).collect())
    }

    fn shells(&self) -> Option<&Shells> {
        Some(self)
    }

    async fn end(self: Box<Self>) -> Result<()> {
        for leaf in self.leaves {
            leaf.shutdown().await;
        }
        Ok(())
    }
}
