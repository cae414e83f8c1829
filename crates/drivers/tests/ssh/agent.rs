//! Keys that an agent holds.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use drivers::ssh_cli::transport::{Agent, Ssh};

use super::{Site, openssh::Sshd, refusal, run, settings, version};

/// OpenSSH's agent.
struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    fn new(site: &Site) -> Self {
        let socket = site.path("agent");
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It says where it listens once it does.
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("SSH_AUTH_SOCK"), "{line}");
        Self { child, socket }
    }

    fn add(&self, key: &std::path::Path) {
        let mut command = Command::new("ssh-add");
        run(command.arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ssh(sshd: &Sshd, socket: PathBuf, attempts: usize) -> Ssh {
    let mut endpoint = sshd.endpoint();
    endpoint.key = None;
    endpoint.agent = Some(Agent::Socket(socket));
    endpoint.attempts = attempts;
    Ssh::new(settings(endpoint))
}

#[tokio::test]
async fn the_agents_keys_are_tried_up_to_the_limit() {
    let (sshd, site) = (Sshd::new(""), Site::new());
    let agent = Daemon::new(&site);
    for name in ["one", "two"] {
        agent.add(&site.key(name, &["-t", "ed25519"]));
    }
    agent.add(&sshd.user_key);
    let told = refusal(&ssh(&sshd, agent.socket.clone(), 2)).await;
    assert!(told.contains("(tried: agent)"), "{told}");
    assert_eq!(version(&ssh(&sshd, agent.socket.clone(), 3)).await.unwrap(), "Version 1\n");
}

#[tokio::test]
async fn an_rsa_key_of_an_agent_signs_with_what_the_server_takes() {
    let (sshd, site) = (Sshd::new(""), Site::new());
    let agent = Daemon::new(&site);
    let key = site.key("rsa", &["-t", "rsa", "-b", "2048"]);
    std::fs::copy(key.with_extension("pub"), sshd.site.path("authorized_keys")).unwrap();
    agent.add(&key);
    assert!(version(&ssh(&sshd, agent.socket.clone(), 1)).await.is_ok(), "{}", sshd.log());
}

#[tokio::test]
async fn an_agent_that_is_not_there_is_named() {
    let (sshd, site) = (Sshd::new(""), Site::new());
    let told = refusal(&ssh(&sshd, site.path("nobody"), 3)).await;
    assert!(told.contains("/nobody` cannot be reached: "), "{told}");
}
