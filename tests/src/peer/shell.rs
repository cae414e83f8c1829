//! The shell of an Open vSwitch behind a real SSH server, as networking-generic-switch wants it.
//!
//! A private `sshd` on a loopback address of this process, with keys made for it, lets root in and
//! runs an interactive bash, in which `ovs-vsctl` speaks to one switch of a lab. Nothing of the
//! system's own SSH is read or written.

use std::{
    fs,
    net::{SocketAddrV4, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{loopback::next_address, networking::SwitchSection, process::Process, until};

/// How long it may take to listen; it takes milliseconds.
const READY: Duration = Duration::from_secs(20);

/// A running SSH server.
#[derive(Debug)]
pub struct OvsShell {
    address: SocketAddrV4,
    key: PathBuf,
    _process: Process,
    _folder: TempDir,
}

impl OvsShell {
    /// Starts it for the switch whose database is behind a unix socket.
    ///
    /// # Errors
    /// When `sshd` or `ssh-keygen` is missing or does not start.
    pub fn start(database: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ovs-shell-").tempdir()?;
        let here = folder.path();
        let address = next_address();
        let (key, host_key) = (key(here, "key")?, key(here, "host_key")?);
        fs::copy(key.with_extension("pub"), here.join("authorized_keys"))?;
        fs::create_dir(here.join("bin"))?;
        let tool = here.join("bin/ovs-vsctl");
        fs::write(
            &tool,
            format!("#!/bin/sh\nexec /usr/bin/ovs-vsctl --db=unix:{} \"$@\"\n", database.display()),
        )?;
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755))?;
        fs::write(
            here.join("bashrc"),
            format!("PS1='root@switch:~# '\nPATH={}/bin:$PATH\n", here.display()),
        )?;
        let configuration = here.join("sshd_config");
        fs::write(&configuration, configure(address, here, &host_key))?;
        // Debian's package makes it when the system's own sshd starts.
        fs::create_dir_all("/run/sshd").context("cannot make `/run/sshd`")?;
        let mut command = Command::new("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(&configuration);
        let mut process = Process::start("sshd", command, here)?;
        until("sshd", READY, || {
            process.alive()?;
            Ok(TcpStream::connect(address).is_ok().then_some(()))
        })?;
        Ok(Self { address, key, _process: process, _folder: folder })
    }

    /// The switch as `ironic-networking` is told of it.
    pub fn section(&self, name: &str, mac: &str) -> SwitchSection {
        SwitchSection::new(name, mac, "netmiko_ovs_linux", &self.address.ip().to_string())
            .key("port", &self.address.port().to_string())
            .key("username", "root")
            .key("key_file", &self.key.display().to_string())
    }
}

fn key(folder: &Path, name: &str) -> Result<PathBuf> {
    let key = folder.join(name);
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .output()
        .context("cannot start `ssh-keygen`")?;
    ensure!(made.status.success(), "`ssh-keygen`: {}", String::from_utf8_lossy(&made.stderr));
    Ok(key)
}

/// Enough sessions for many callers at once; the default refuses some from ten on.
fn configure(address: SocketAddrV4, here: &Path, host_key: &Path) -> String {
    let (host_key, here) = (host_key.display(), here.display());
    format!(
        "ListenAddress {address}\n\
         HostKey {host_key}\n\
         PidFile none\n\
         AuthorizedKeysFile {here}/authorized_keys\n\
         PermitRootLogin prohibit-password\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         UsePAM no\n\
         StrictModes no\n\
         MaxStartups 200\n\
         ForceCommand /bin/bash --noprofile --rcfile {here}/bashrc -i\n"
    )
}
