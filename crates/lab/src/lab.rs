//! The running lab: starts everything, hands it out, and takes it down.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::builder::{Host, LabBuilder};
use crate::command::{TOOL_LIMIT, run, tool_in};
use crate::daemon::Daemon;
use crate::instance::{Endpoint, Instance};
use crate::namespaces::{Cable, Namespaces, ip_batch};
use crate::pki::{Pki, TlsFiles};
use crate::probe::{Nic, Probe};
use crate::require::require;
use crate::sshd::Sshd;
use crate::sweep::{DIRECTORY_PREFIX, sweep};

/// Counts the labs of this process, so that tests in one binary do not collide.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The bridge of every switch and of every bonded server.
const BRIDGE: &str = "br0";

/// A running fabric. Dropping it removes every process, namespace and file that it made.
///
/// The fields are dropped in this order: daemons first, then the namespaces that they used, then
/// the files.
#[derive(Debug)]
pub struct Lab {
    probe: Probe,
    instances: BTreeMap<String, Instance>,
    nics: Vec<Nic>,
    namespaces: Namespaces,
    client_tls: Option<TlsFiles>,
    directory: TempDir,
}

/// One Open vSwitch to be started.
struct Start<'a> {
    name: &'a str,
    endpoint: Endpoint,
    ssh: bool,
    setup: Vec<String>,
}

impl Lab {
    /// Describes a lab; see [`LabBuilder`].
    #[must_use]
    pub fn builder() -> LabBuilder {
        LabBuilder::default()
    }

    pub(crate) fn start(plan: &LabBuilder) -> Result<Self> {
        require()?;
        sweep(&env::temp_dir());
        let pid = process::id();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{DIRECTORY_PREFIX}{pid}-{number}-");
        let directory = TempDir::with_prefix(prefix).context("cannot make a state directory")?;
        let probe = Probe::start(directory.path())?;
        let namespaces = Namespaces::make(&namespace_names(plan), pid, number)?;
        namespaces.lay(&cables(plan))?;
        let (client_tls, starts) = starts(plan, directory.path())?;
        let instances = start_all(&starts, &namespaces, directory.path())?;
        for host in plan.hosts.iter().filter(|host| host.bonded) {
            bridge_up(&namespaces, &host.name)?;
        }
        let nics = nics(plan, &namespaces)?;
        let lab = Self { probe, instances, nics, namespaces, client_tls, directory };
        lab.open_nics(&lab.nics)?;
        Ok(lab)
    }

    /// The switch or bonded server `name`.
    ///
    /// # Errors
    /// When the lab has none of that name.
    pub fn instance(&self, name: &str) -> Result<&Instance> {
        self.instances.get(name).ok_or_else(|| anyhow!("the lab has no switch `{name}`"))
    }

    /// The SSH server of the switch `name`.
    ///
    /// # Errors
    /// When the lab has no such switch, or no SSH.
    pub fn ssh(&self, name: &str) -> Result<&Sshd> {
        let ssh = self.instance(name)?.ssh();
        ssh.ok_or_else(|| anyhow!("the lab has no SSH server for `{name}`"))
    }

    /// The files of a client that every switch accepts over TLS; `None` without TLS.
    #[must_use]
    pub fn client_tls(&self) -> Option<&TlsFiles> {
        self.client_tls.as_ref()
    }

    /// The frame probe with every NIC of the lab.
    #[must_use]
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The lab's own directory, removed with it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The network namespace of a host or switch.
    ///
    /// # Errors
    /// When the lab has none of that name.
    pub fn namespace(&self, name: &str) -> Result<&str> {
        self.namespaces.get(name)
    }

    /// Runs `ovs-vsctl` on a switch or bonded server; see [`Instance::vsctl`].
    ///
    /// # Errors
    /// When it fails.
    pub fn vsctl(&self, name: &str, args: &[&str]) -> Result<String> {
        self.instance(name)?.vsctl(args)
    }

    /// Runs `ovs-appctl` on a switch or bonded server; see [`Instance::appctl`].
    ///
    /// # Errors
    /// When it fails.
    pub fn appctl(&self, name: &str, args: &[&str]) -> Result<String> {
        self.instance(name)?.appctl(args)
    }

    /// Runs a program inside the namespace of a host or switch, for at most 20 s.
    ///
    /// # Errors
    /// When it fails; the message holds what it said.
    pub fn exec(&self, name: &str, program: &str, args: &[&str]) -> Result<String> {
        let mut command = tool_in(self.namespaces.get(name)?, program)?;
        command.args(args);
        run(command, "", TOOL_LIMIT)
    }

    /// Takes a NIC's link down; the switch port loses its carrier too.
    ///
    /// # Errors
    /// When the host or NIC is unknown.
    pub fn link_down(&self, host: &str, nic: &str) -> Result<()> {
        ip_batch(&["-n", self.namespaces.get(host)?], &format!("link set dev {nic} down\n"))
    }

    /// Brings a NIC's link up again.
    ///
    /// # Errors
    /// When the host or NIC is unknown.
    pub fn link_up(&self, host: &str, nic: &str) -> Result<()> {
        ip_batch(&["-n", self.namespaces.get(host)?], &format!("link set dev {nic} up\n"))
    }

    /// Stops a daemon in its tracks (SIGSTOP): it holds its connections and answers nothing.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self, name: &str, daemon: Daemon) -> Result<()> {
        self.instance(name)?.signal(daemon, "STOP")
    }

    /// Lets a paused daemon go on (SIGCONT).
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self, name: &str, daemon: Daemon) -> Result<()> {
        self.instance(name)?.signal(daemon, "CONT")
    }

    /// Kills a daemon (SIGKILL) and reaps it.
    ///
    /// # Errors
    /// When the lab has no such switch.
    pub fn kill(&self, name: &str, daemon: Daemon) -> Result<()> {
        self.instance(name)?.kill(daemon)
    }

    /// Starts a daemon again on the same addresses, with the configuration as last committed;
    /// returns when the switch works.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&self, name: &str, daemon: Daemon) -> Result<()> {
        self.instance(name)?.restart(daemon)?;
        let own = format!("{name}/{BRIDGE}");
        if daemon == Daemon::Vswitchd
            && let Some(nic) = self.nics.iter().find(|nic| nic.name == own)
        {
            bridge_up(&self.namespaces, name)?;
            self.open_nics(std::slice::from_ref(nic))?;
        }
        Ok(())
    }

    /// Takes everything down and says what could not be; dropping the lab does the same silently.
    ///
    /// # Errors
    /// The first thing that could not be removed; the rest is still tried.
    pub fn down(mut self) -> Result<()> {
        let mut results = vec![self.probe.stop()];
        for instance in self.instances.values() {
            results.extend(instance.ssh().map(Sshd::kill));
            results.push(instance.kill(Daemon::Vswitchd));
            results.push(instance.kill(Daemon::Ovsdb));
        }
        results.push(self.namespaces.delete());
        let Self { directory, .. } = self;
        results.push(directory.close().context("cannot remove the state directory"));
        results.into_iter().collect()
    }

    fn open_nics(&self, nics: &[Nic]) -> Result<()> {
        let controls: Vec<_> = self.instances.values().map(Instance::control).collect();
        self.probe.open(nics, &controls)
    }
}

fn namespace_names(plan: &LabBuilder) -> Vec<String> {
    let hosts = plan.hosts.iter().map(|host| host.name.clone());
    let analysers = plan.analysers.iter().map(|switch| analyser(switch));
    plan.switches.iter().cloned().chain(hosts).chain(analysers).collect()
}

/// The name of a switch's analyser: a dot cannot be part of any other name.
fn analyser(switch: &str) -> String {
    format!("{switch}.mon")
}

fn cables(plan: &LabBuilder) -> Vec<Cable> {
    let mut cables = Vec::new();
    for host in &plan.hosts {
        for nic in &host.nics {
            cables.push(Cable {
                left: (host.name.clone(), nic.nic.clone()),
                right: (nic.switch.clone(), nic.port.clone()),
            });
        }
    }
    for (index, (left, right)) in plan.trunks.iter().enumerate() {
        let interface = format!("isl{index}");
        cables.push(Cable {
            left: (left.clone(), interface.clone()),
            right: (right.clone(), interface),
        });
    }
    for switch in &plan.analysers {
        cables.push(Cable {
            left: (analyser(switch), "eth0".to_owned()),
            right: (switch.clone(), "mon0".to_owned()),
        });
    }
    cables
}

fn starts<'a>(
    plan: &'a LabBuilder,
    directory: &Path,
) -> Result<(Option<TlsFiles>, Vec<Start<'a>>)> {
    let pki = plan.tls.then(|| Pki::new(directory)).transpose()?;
    let mut starts = Vec::new();
    for name in &plan.switches {
        let endpoint = match &pki {
            Some(pki) => Endpoint::TcpAndTls(pki.server(name)?),
            None => Endpoint::Tcp,
        };
        starts.push(Start { name, endpoint, ssh: plan.ssh, setup: switch_setup(plan, name) });
    }
    for host in plan.hosts.iter().filter(|host| host.bonded) {
        let (name, setup) = (&host.name, bond_setup(host));
        starts.push(Start { name, endpoint: Endpoint::Local, ssh: false, setup });
    }
    let client = pki.map(|pki| pki.client()).transpose()?;
    Ok((client, starts))
}

/// The `ovs-vsctl` command line that makes the bridge of `name`.
fn bridge_setup(name: &str) -> Vec<String> {
    let mut setup: Vec<String> = ["add-br", BRIDGE, "--", "set", "bridge", BRIDGE]
        .into_iter()
        .chain(["datapath_type=netdev", "fail_mode=standalone", "--", "set", "Open_vSwitch", "."])
        .map(str::to_owned)
        .collect();
    setup.push(format!("external_ids:system-id={name}"));
    setup.push(format!("external_ids:hostname={name}"));
    setup
}

fn switch_setup(plan: &LabBuilder, switch: &str) -> Vec<String> {
    let mut setup = bridge_setup(switch);
    let mut port = |name: &str, settings: &[&str]| {
        let words = ["--", "add-port", BRIDGE, name, "--", "set", "port", name];
        setup.extend(words.iter().chain(settings).map(|word| (*word).to_owned()));
    };
    let idle = format!("tag={}", plan.idle_vlan);
    for nic in plan.hosts.iter().flat_map(|host| &host.nics).filter(|nic| nic.switch == switch) {
        port(&nic.port, &["vlan_mode=access", &idle]);
    }
    for (index, (left, right)) in plan.trunks.iter().enumerate() {
        if left == switch || right == switch {
            port(&format!("isl{index}"), &["vlan_mode=trunk"]);
        }
    }
    if plan.analysers.iter().any(|name| name == switch) {
        port("mon0", &["vlan_mode=trunk"]);
    }
    setup
}

fn bond_setup(host: &Host) -> Vec<String> {
    let mut setup = bridge_setup(&host.name);
    setup.extend(["--", "add-bond", BRIDGE, "bond0"].map(str::to_owned));
    setup.extend(host.nics.iter().map(|nic| nic.nic.clone()));
    let settings = ["lacp=active", "bond_mode=balance-slb", "other_config:lacp-time=fast"];
    setup.extend(settings.map(str::to_owned));
    setup
}

/// Starts every Open vSwitch at the same time: most of the time is spent waiting.
fn start_all(
    starts: &[Start<'_>],
    namespaces: &Namespaces,
    directory: &Path,
) -> Result<BTreeMap<String, Instance>> {
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for start in starts {
            let namespace = namespaces.get(start.name)?;
            let directory = directory.join(start.name);
            threads.push(scope.spawn(move || {
                let Start { name, endpoint, ssh, setup } = start;
                let instance =
                    Instance::start(name, namespace, &directory, endpoint.clone(), setup)?;
                if *ssh { instance.with_ssh() } else { Ok(instance) }
            }));
        }
        let mut instances = BTreeMap::new();
        for thread in threads {
            let instance =
                thread.join().map_err(|_| anyhow!("the start of a switch panicked"))??;
            instances.insert(instance.name().to_owned(), instance);
        }
        Ok(instances)
    })
}

fn bridge_up(namespaces: &Namespaces, server: &str) -> Result<()> {
    ip_batch(&["-n", namespaces.get(server)?], &format!("link set dev {BRIDGE} up\n"))
}

fn nics(plan: &LabBuilder, namespaces: &Namespaces) -> Result<Vec<Nic>> {
    let mut nics = Vec::new();
    for host in &plan.hosts {
        let namespace = namespaces.get(&host.name)?;
        let mut add = |interface: &str, edge: bool| {
            nics.push(Nic {
                name: format!("{}/{interface}", host.name),
                namespace: namespace.to_owned(),
                interface: interface.to_owned(),
                edge,
            });
        };
        for nic in &host.nics {
            add(&nic.nic, !host.bonded);
        }
        if host.bonded {
            add(BRIDGE, true);
        }
    }
    for switch in &plan.analysers {
        nics.push(Nic {
            name: format!("{switch}/mon0"),
            namespace: namespaces.get(&analyser(switch))?.to_owned(),
            interface: "eth0".to_owned(),
            edge: false,
        });
    }
    Ok(nics)
}
