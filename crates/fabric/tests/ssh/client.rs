//! OpenSSH's `ssh`, driven through pipes.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use fabric::ssh::{Settings, SshSwitch, User};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A key pair and a `known_hosts` file.
pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) public: String,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let key = folder.path().join("id");
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
            .arg(&key)
            .status()
            .unwrap();
        assert!(made.success());
        let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
        Self { folder, public }
    }

    /// Settings with the user `admin`, who has this desk's key and the password `secret`.
    pub(crate) fn settings(&self) -> Settings {
        let admin = User::new("admin").password("secret").key(&self.public).unwrap();
        Settings::new("leaf-01").user(admin)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `ssh` with the switch's key pinned and nothing of the user's own.
    pub(crate) fn ssh(&self, switch: &SshSwitch) -> Command {
        let known = self.path("known_hosts");
        std::fs::write(&known, format!("{}\n", switch.known_hosts_line())).unwrap();
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "LogLevel=ERROR"])
            .args(["-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-l", "admin"])
            .arg("-o")
            .arg(option("UserKnownHostsFile", &known))
            .arg("-i")
            .arg(self.path("id"))
            .args(["-p", &switch.address().port().to_string()])
            .kill_on_drop(true);
        ssh
    }

    /// A shell with a terminal.
    pub(crate) fn shell(&self, switch: &SshSwitch) -> Shell {
        let mut ssh = self.ssh(switch);
        Shell::new(ssh.args(["-tt", "127.0.0.1"]))
    }

    /// A shell with a terminal, up to its first prompt.
    pub(crate) async fn login(&self, switch: &SshSwitch, prompt: &str) -> Shell {
        let mut shell = self.shell(switch);
        shell.until(prompt).await;
        shell
    }

    /// One command on an exec channel.
    pub(crate) async fn exec(&self, switch: &SshSwitch, command: &str) -> Output {
        let mut ssh = self.ssh(switch);
        ssh.arg("127.0.0.1").arg(command).stdin(Stdio::null());
        timeout(PATIENCE, ssh.output()).await.unwrap().unwrap()
    }
}

pub(crate) fn option(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

/// A terminal session.
pub(crate) struct Shell {
    child: Child,
    unread: String,
}

impl Shell {
    pub(crate) fn new(ssh: &mut Command) -> Self {
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { child: ssh.spawn().unwrap(), unread: String::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(text.as_bytes()).await.unwrap();
        stdin.flush().await.unwrap();
    }

    /// Everything up to this text, and the text.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let found = timeout(PATIENCE, async {
            loop {
                if let Some(at) = self.unread.find(text) {
                    let rest = self.unread.split_off(at + text.len());
                    return std::mem::replace(&mut self.unread, rest);
                }
                let mut piece = [0; 4096];
                let stdout = self.child.stdout.as_mut().unwrap();
                let count = stdout.read(&mut piece).await.unwrap();
                assert!(count > 0, "no {text:?} in {:?}", self.unread);
                self.unread.push_str(&String::from_utf8_lossy(&piece[..count]));
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain for {text:?}: {:?}", self.unread),
        }
    }

    /// Enters a line and returns what is printed between its echo and the prompt, with `\n`.
    pub(crate) async fn run(&mut self, line: &str, prompt: &str) -> String {
        self.send(&format!("{line}\r")).await;
        self.until(&format!("{line}\r\n")).await;
        let answer = self.until(prompt).await;
        answer.strip_suffix(prompt).unwrap().replace("\r\n", "\n").replace('\r', "")
    }

    /// Enters a line; the answer with `\n`, and the prompt that follows. Prompts begin with the
    /// switch's name, `leaf-01`.
    pub(crate) async fn ask(&mut self, line: &str) -> (String, String) {
        self.send(&format!("{line}\r")).await;
        self.until("\r\n").await;
        let mut answer = String::new();
        loop {
            let clean = answer.replace("\r\n", "\n").replace('\r', "");
            let (text, last) = clean.rsplit_once('\n').unwrap_or(("", &clean));
            let prompt = last.trim_start_matches('\u{7}');
            if prompt.starts_with("leaf-01") && prompt.ends_with(['#', '>', ' ']) {
                let end = if text.is_empty() && !clean.contains('\n') { "" } else { "\n" };
                return (format!("{text}{end}"), prompt.trim_end().to_owned());
            }
            answer.push_str(&self.more().await);
        }
    }

    /// Enters a line that has to be taken without a word.
    pub(crate) async fn quiet(&mut self, line: &str) {
        let (answer, _) = self.ask(line).await;
        assert_eq!(answer, "", "{line}");
    }

    /// Enters lines that have to be taken without a word.
    pub(crate) async fn all_quiet(&mut self, lines: &[&str]) {
        for line in lines {
            self.quiet(line).await;
        }
    }

    async fn more(&mut self) -> String {
        if !self.unread.is_empty() {
            return std::mem::take(&mut self.unread);
        }
        let mut piece = [0; 4096];
        let stdout = self.child.stdout.as_mut().unwrap();
        let count = timeout(PATIENCE, stdout.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "the connection has ended");
        String::from_utf8_lossy(&piece[..count]).into_owned()
    }

    /// Everything until the connection ends.
    pub(crate) async fn rest(mut self) -> (String, Option<i32>) {
        let mut bytes = Vec::new();
        let stdout = self.child.stdout.as_mut().unwrap();
        timeout(PATIENCE, stdout.read_to_end(&mut bytes)).await.unwrap().unwrap();
        self.unread.push_str(&String::from_utf8_lossy(&bytes));
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        (self.unread, status.code())
    }
}
