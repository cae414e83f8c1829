//! One Open vSwitch: database, daemons and addresses. A switch, or the bond of a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow, bail};

use crate::command::{TOOL_LIMIT, run, tool, tool_in};
use crate::daemon::{Daemon, Running};
use crate::pki::TlsFiles;
use crate::require::SCHEMA;
use crate::sshd::Sshd;

/// Linux allows 107 bytes in the path of a Unix socket; the bridge's own sockets need some.
const DIRECTORY_LIMIT: usize = 85;

/// An Open vSwitch of the lab and how to reach its database.
#[derive(Debug)]
pub struct Instance {
    name: String,
    namespace: String,
    directory: PathBuf,
    endpoint: Endpoint,
    ports: Mutex<Ports>,
    ssh: Option<Sshd>,
    ovsdb: Mutex<Running>,
    vswitchd: Mutex<Running>,
}

/// Which addresses the database listens on, besides its Unix socket.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Local,
    Tcp,
    TcpAndTls(TlsFiles),
}

#[derive(Clone, Copy, Debug, Default)]
struct Ports {
    tcp: Option<u16>,
    tls: Option<u16>,
}

impl Instance {
    /// Starts both daemons and applies `setup` (an `ovs-vsctl` command line) in one call, which
    /// returns when `ovs-vswitchd` has taken it up.
    pub(crate) fn start(
        name: &str,
        namespace: &str,
        directory: &Path,
        endpoint: Endpoint,
        setup: &[String],
    ) -> Result<Self> {
        if directory.as_os_str().len() > DIRECTORY_LIMIT {
            bail!(
                "`{}` is too long for the path of a socket\nhint: set `TMPDIR` to a shorter path",
                directory.display()
            );
        }
        fs::create_dir(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let mut create = tool("ovsdb-tool")?;
        create.arg("create").arg(directory.join("conf.db")).arg(SCHEMA);
        run(create, "", TOOL_LIMIT)?;
        let mut ports = Ports::default();
        let ovsdb = start_ovsdb(directory, &endpoint, &mut ports)?;
        let vswitchd = start_vswitchd(directory, namespace)?;
        let instance = Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            directory: directory.to_owned(),
            endpoint,
            ports: Mutex::new(ports),
            ssh: None,
            ovsdb: Mutex::new(ovsdb),
            vswitchd: Mutex::new(vswitchd),
        };
        let setup: Vec<&str> = setup.iter().map(String::as_str).collect();
        instance.vsctl(&setup).with_context(|| format!("cannot set up `{name}`"))?;
        Ok(instance)
    }

    /// The same with an SSH server that leads to it.
    pub(crate) fn with_ssh(self) -> Result<Self> {
        let ssh = Sshd::of(&self.directory)
            .with_context(|| format!("no SSH server for `{}`", self.name))?;
        Ok(Self { ssh: Some(ssh), ..self })
    }

    /// Its name in the lab.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The network namespace that holds its ports.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The database's Unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join("db.sock")
    }

    /// The loopback TCP port of the database; `None` on a bonded server. It stays the same when
    /// `ovsdb-server` is started again.
    #[must_use]
    pub fn tcp_port(&self) -> Option<u16> {
        locked(&self.ports).tcp
    }

    /// The loopback TLS port of the database; `None` without TLS.
    #[must_use]
    pub fn tls_port(&self) -> Option<u16> {
        locked(&self.ports).tls
    }

    /// The SSH server that leads to it; `None` without SSH, and on a bonded server.
    #[must_use]
    pub const fn ssh(&self) -> Option<&Sshd> {
        self.ssh.as_ref()
    }

    /// The process id of a daemon.
    #[must_use]
    pub fn pid(&self, daemon: Daemon) -> u32 {
        self.running(daemon).pid()
    }

    /// The control socket of `ovs-vswitchd`.
    pub(crate) fn control(&self) -> PathBuf {
        control(&self.directory)
    }

    /// Runs `ovs-vsctl` on this database; waits until `ovs-vswitchd` has taken a change up.
    ///
    /// # Errors
    /// When the tool fails or does not end within 20 s; the message holds what it said.
    pub fn vsctl(&self, args: &[&str]) -> Result<String> {
        let mut command = tool("ovs-vsctl")?;
        command.arg(format!("--db=unix:{}", self.socket().display()));
        command.arg("--timeout=15").arg("--retry").args(args);
        run(command, "", TOOL_LIMIT).with_context(|| {
            format!("`ovs-vswitchd` of `{}` said\n{}", self.name, locked(&self.vswitchd).said())
        })
    }

    /// Runs `ovs-appctl` on the control socket of `ovs-vswitchd`.
    ///
    /// # Errors
    /// When the tool fails or does not end within 15 s; the message holds what it said.
    pub fn appctl(&self, args: &[&str]) -> Result<String> {
        let mut command = tool("ovs-appctl")?;
        command.arg("--timeout=15").arg("--target").arg(self.control()).args(args);
        run(command, "", TOOL_LIMIT)
    }

    pub(crate) fn signal(&self, daemon: Daemon, signal: &str) -> Result<()> {
        self.running(daemon).signal(signal)
    }

    pub(crate) fn kill(&self, daemon: Daemon) -> Result<()> {
        self.running(daemon).kill()
    }

    /// Starts a daemon again, after killing it if it runs; returns when the switch works.
    pub(crate) fn restart(&self, daemon: Daemon) -> Result<()> {
        let mut running = self.running(daemon);
        running.kill()?;
        *running = match daemon {
            Daemon::Ovsdb => {
                start_ovsdb(&self.directory, &self.endpoint, &mut locked(&self.ports))?
            }
            Daemon::Vswitchd => start_vswitchd(&self.directory, &self.namespace)?,
        };
        let mark = format!("external_ids:restarted={}", running.pid());
        drop(running);
        // Only a real change makes `ovs-vsctl` wait until `ovs-vswitchd` has taken it up.
        self.vsctl(&["set", "Open_vSwitch", ".", &mark]).map(drop)
    }

    fn running(&self, daemon: Daemon) -> MutexGuard<'_, Running> {
        locked(match daemon {
            Daemon::Ovsdb => &self.ovsdb,
            Daemon::Vswitchd => &self.vswitchd,
        })
    }
}

fn control(directory: &Path) -> PathBuf {
    directory.join("ovs-vswitchd.ctl")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prepared(mut command: Command, name: &str, directory: &Path) -> Command {
    command.env("OVS_RUNDIR", directory).env("OVS_LOGDIR", directory);
    command.env("OVS_DBDIR", directory).env("OVS_SYSCONFDIR", directory);
    command.arg(format!("--unixctl={}/{name}.ctl", directory.display()));
    command.arg(format!("--pidfile={}/{name}.pid", directory.display()));
    command.args(["--no-chdir", "-vconsole:info", "-vsyslog:off"]);
    command
}

/// Starts `ovsdb-server` in the namespace of the caller, so that loopback reaches it.
///
/// A fresh one listens on ports that the kernel picks and tells them in its log. The log repeats
/// the port as it was asked for, so `0` and `00` tell the plain from the TLS listener.
fn start_ovsdb(directory: &Path, endpoint: &Endpoint, ports: &mut Ports) -> Result<Running> {
    let mut command = prepared(tool("ovsdb-server")?, "ovsdb-server", directory);
    command.arg(directory.join("conf.db"));
    command.arg(format!("--remote=punix:{}/db.sock", directory.display()));
    let asked = |port: Option<u16>, any: &str| port.map_or(any.to_owned(), |p| p.to_string());
    let (tcp, tls) = (asked(ports.tcp, "0"), asked(ports.tls, "00"));
    if !matches!(endpoint, Endpoint::Local) {
        command.arg(format!("--remote=ptcp:{tcp}:127.0.0.1"));
    }
    if let Endpoint::TcpAndTls(files) = endpoint {
        command.arg(format!("--remote=pssl:{tls}:127.0.0.1"));
        command.arg(format!("--ca-cert={}", files.ca.display()));
        command.arg(format!("--certificate={}", files.certificate.display()));
        command.arg(format!("--private-key={}", files.key.display()));
    }
    let mut heard = *ports;
    let running = Running::start("ovsdb-server", command, |line| {
        if let Some(port) = listening(line, "0") {
            heard.tcp = Some(port);
        }
        if let Some(port) = listening(line, "00") {
            heard.tls = Some(port);
        }
        line.contains("|ovsdb_server|INFO|ovsdb-server (Open vSwitch)")
    })?;
    let complete = match endpoint {
        Endpoint::Local => true,
        Endpoint::Tcp => heard.tcp.is_some(),
        Endpoint::TcpAndTls(_) => heard.tcp.is_some() && heard.tls.is_some(),
    };
    if !complete {
        return Err(anyhow!("`ovsdb-server` did not listen on loopback\n{}", running.said()));
    }
    *ports = heard;
    Ok(running)
}

/// The port in a log line that says that the listener asked for as `asked` was opened.
fn listening(line: &str, asked: &str) -> Option<u16> {
    let (_, text) = line.split_once("|socket_util|INFO|")?;
    text.strip_prefix(asked)?.strip_prefix(":127.0.0.1: listening on port ")?.trim().parse().ok()
}

/// Starts `ovs-vswitchd` in `namespace`, where its ports are.
fn start_vswitchd(directory: &Path, namespace: &str) -> Result<Running> {
    let mut command = prepared(tool_in(namespace, "ovs-vswitchd")?, "ovs-vswitchd", directory);
    command.arg(format!("unix:{}/db.sock", directory.display()));
    // Its first line is enough: whoever changes the database waits for it to be taken up.
    Running::start("ovs-vswitchd", command, |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_the_log() {
        let tcp =
            "2026-01-01T00:00:00Z|00002|socket_util|INFO|0:127.0.0.1: listening on port 40327";
        let tls = "2026-01-01T00:00:00Z|00003|socket_util|INFO|00:127.0.0.1: listening on port 351";
        assert_eq!((listening(tcp, "0"), listening(tcp, "00")), (Some(40327), None));
        assert_eq!((listening(tls, "0"), listening(tls, "00")), (None, Some(351)));
        assert_eq!(listening("2026|00001|vlog|INFO|opened log file", "0"), None);
    }
}
