//! The SSH login of a switch: OpenSSH's own server, whose commands reach that switch's database.
//!
//! It listens on a loopback address that belongs to this process, so that it comes back on the same
//! port however long it was away; it has keys of its own and reads nothing of the system's or the
//! user's SSH. Root logs in with the key; a password is asked for and always wrong.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow};

use crate::command::{TOOL_LIMIT, find, run, signal, tool};
use crate::daemon::Running;

/// Below the ports that the system gives to outgoing connections.
const FIRST_PORT: u16 = 22_000;

static NEXT_PORT: AtomicU16 = AtomicU16::new(FIRST_PORT);

/// How many connections may be logging in at once; the default drops some from ten on.
const LOGINS: u16 = 200;

/// The file whose presence makes a login one that may only read.
const READ_ONLY: &str = "read_only";

/// An SSH server through which one switch of the lab is configured.
#[derive(Debug)]
pub struct Sshd {
    address: SocketAddrV4,
    directory: PathBuf,
    running: Mutex<Running>,
}

impl Sshd {
    /// Starts it for the Open vSwitch whose state directory this is.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddrV4::new(address_of(process::id()), port);
        for (program, package) in [("sshd", "openssh-server"), ("ssh-keygen", "openssh-client")] {
            find(program).ok_or_else(|| {
                anyhow!("the lab lacks `{program}`\nhint: `apt-get install {package}`")
            })?;
        }
        make_key(&directory.join("ssh_key"))?;
        make_key(&directory.join("ssh_host_key"))?;
        fs::copy(directory.join("ssh_key.pub"), directory.join("authorized_keys"))?;
        fs::write(directory.join("sshd_config"), configuration(address, directory))?;
        fs::write(directory.join("command"), command(directory))?;
        // Where the unprivileged half of the server lives; the system's service makes it, too.
        fs::create_dir_all("/run/sshd").context("cannot make `/run/sshd`")?;
        let running = Mutex::new(start(directory)?);
        Ok(Self { address, directory: directory.to_owned(), running })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Who may log in.
    #[must_use]
    pub const fn user(&self) -> &'static str {
        "root"
    }

    /// The file with the private key of who may log in; nobody else may read it.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.directory.join("ssh_key")
    }

    /// The SHA-256 fingerprint of the key that it shows, as `ssh-keygen` writes it.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn fingerprint(&self) -> Result<String> {
        let mut command = tool("ssh-keygen")?;
        command.arg("-lf").arg(self.directory.join("ssh_host_key.pub"));
        let shown = run(command, "", TOOL_LIMIT)?;
        let word = shown.split_whitespace().nth(1);
        Ok(word.ok_or_else(|| anyhow!("`ssh-keygen` shows no fingerprint: {shown}"))?.to_owned())
    }

    /// Gives it another host key, with which it shows itself once it is started again.
    ///
    /// # Errors
    /// When `ssh-keygen` fails.
    pub fn change_host_key(&self) -> Result<()> {
        let key = self.directory.join("ssh_host_key");
        fs::remove_file(&key)?;
        fs::remove_file(key.with_extension("pub"))?;
        make_key(&key)
    }

    /// Whether who logs in may only read: each `ovs-vsctl` that changes something is refused before
    /// it is started, in the words that `sudo` has for it.
    ///
    /// # Errors
    /// When the server's directory cannot be written to.
    pub fn read_only(&self, yes: bool) -> Result<()> {
        let mark = self.directory.join(READ_ONLY);
        if yes {
            fs::write(mark, "").context("cannot mark the login as one that may only read")
        } else {
            fs::remove_file(mark).context("the login may change things already")
        }
    }

    /// How many are logged in or logging in.
    #[must_use]
    pub fn sessions(&self) -> usize {
        sessions(self.running().pid()).len()
    }

    /// Ends all sessions (SIGKILL), and takes new ones. A command that runs goes on: the switch does
    /// not know that nobody hears it.
    ///
    /// # Errors
    /// When it is not running.
    pub fn cut(&self) -> Result<()> {
        let mut running = self.running();
        // Whoever logs in at this moment waits, and is not missed.
        running.signal("STOP")?;
        end(&sessions(running.pid()));
        running.signal("CONT")
    }

    /// Kills the server and all sessions (SIGKILL); commands that run go on.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&self) -> Result<()> {
        kill(&mut self.running())
    }

    /// Starts it again on the same address, after killing it if it runs.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&self) -> Result<()> {
        let mut running = self.running();
        kill(&mut running)?;
        *running = start(&self.directory)?;
        Ok(())
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Nobody is left to tell; the next lab sweeps what stays.
        let _ = self.kill();
    }
}

fn kill(running: &mut Running) -> Result<()> {
    let sessions = sessions(running.pid());
    running.kill()?;
    end(&sessions);
    Ok(())
}

fn end(sessions: &[u32]) {
    for pid in sessions {
        // One that has logged out in the meantime is gone.
        let _ = signal(*pid, "KILL");
    }
}

/// Process numbers have at most 22 bits; the lower half of 127.0.0.0/8 is left to others.
fn address_of(pid: u32) -> Ipv4Addr {
    let [_, high, middle, low] = pid.to_be_bytes();
    Ipv4Addr::new(127, 128 | high, middle, low)
}

fn make_key(path: &Path) -> Result<()> {
    let mut command = tool("ssh-keygen")?;
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"]).arg(path);
    run(command, "", TOOL_LIMIT).map(drop)
}

/// `OVS_RUNDIR` makes the switch's database the one that `ovs-vsctl` finds by itself, as on a switch
/// of its own; `HOME` keeps the start-up files of the user's shell out.
fn configuration(address: SocketAddrV4, directory: &Path) -> String {
    let here = directory.display();
    format!(
        "ListenAddress {address}\n\
         HostKey {here}/ssh_host_key\n\
         PidFile {here}/sshd.pid\n\
         AuthorizedKeysFile {here}/authorized_keys\n\
         PermitRootLogin prohibit-password\n\
         PasswordAuthentication yes\n\
         KbdInteractiveAuthentication no\n\
         UsePAM no\n\
         StrictModes no\n\
         MaxStartups {LOGINS}\n\
         SetEnv OVS_RUNDIR={here} HOME={here}\n\
         ForceCommand . {here}/command\n"
    )
}

/// What runs in place of each command, in the user's shell: the command, if it may.
fn command(directory: &Path) -> String {
    format!(
        "if [ -e {}/{READ_ONLY} ]; then case $SSH_ORIGINAL_COMMAND in\n\
         *'ovs-vsctl '*' set '*|*'ovs-vsctl '*' create '*|*'ovs-vsctl '*' remove '*)\n\
         echo \"Sorry, user root is not allowed to execute '$SSH_ORIGINAL_COMMAND' as root on \
         switch.\" >&2; exit 1;; esac; fi\n\
         eval \"$SSH_ORIGINAL_COMMAND\"\n",
        directory.display()
    )
}

fn start(directory: &Path) -> Result<Running> {
    let mut command = tool("sshd")?;
    command.args(["-D", "-e", "-f"]).arg(directory.join("sshd_config"));
    Running::start("sshd", command, |line| line.starts_with("Server listening on "))
}

/// The processes of a server's sessions, without the commands that they run.
fn sessions(server: u32) -> Vec<u32> {
    let mut family = vec![server];
    let mut next = 0;
    while let Some(&pid) = family.get(next) {
        next += 1;
        let children = children(pid).unwrap_or_default();
        family.extend(children.into_iter().filter(|pid| is_sshd(*pid)));
    }
    family.split_off(1)
}

/// The server has one thread, as has each session.
fn children(pid: u32) -> io::Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
}

/// `sshd`, and from OpenSSH 9.8 on `sshd-session` and `sshd-auth`.
fn is_sshd(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("sshd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_an_address_of_its_own() {
        assert_eq!(address_of(1), Ipv4Addr::new(127, 128, 0, 1));
        assert_eq!(address_of(0x3f_ffff), Ipv4Addr::new(127, 191, 255, 255));
    }
}
