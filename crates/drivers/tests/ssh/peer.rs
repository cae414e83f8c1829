//! A server in Python, which is told what to be and tells which logins it saw.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use drivers::ssh_cli::transport::{Endpoint, Settings};
use serde_json::{Value, json};

use super::{PASSWORD, Site, endpoint, run, secret, settings};

pub(super) struct Peer {
    pub(super) site: Site,
    pub(super) port: u16,
    pub(super) host_key: PathBuf,
    child: Child,
    said: Receiver<Value>,
}

impl Peer {
    pub(super) fn new(wanted: Value) -> Self {
        Self::with_key(wanted, &["-t", "ed25519"])
    }

    pub(super) fn with_key(mut wanted: Value, key: &[&str]) -> Self {
        let site = Site::new();
        let host_key = site.key("host_key", key);
        wanted["host_key"] = json!(host_key);
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ssh/peer.py");
        // The system's Python has the system's library.
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-W", "ignore"]).arg(program).arg(wanted.to_string()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (teller, said) = mpsc::channel::<Value>();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Ok(()) = teller.send(serde_json::from_str(&line).unwrap()) else { return };
            }
        });
        let first = said.recv_timeout(Duration::from_secs(30));
        let first = first.expect("no Python with asyncssh (`apt-get install python3-asyncssh`)");
        let port = first["port"].as_u64().unwrap().try_into().unwrap();
        Self { site, port, host_key, child, said }
    }

    /// A user with the password.
    pub(super) fn endpoint(&self) -> Endpoint {
        let mut endpoint = endpoint(self.port, &self.host_key);
        endpoint.password = Some(secret(PASSWORD));
        endpoint
    }

    pub(super) fn settings(&self) -> Settings {
        settings(self.endpoint())
    }

    /// Stops it without ending it.
    pub(super) fn freeze(&self) {
        run(Command::new("kill").args(["-STOP", &self.child.id().to_string()]));
    }

    /// The logins that it has judged since the last time, as `method right`: so many, and no more.
    pub(super) fn logins(&self, count: usize) -> Vec<String> {
        let limit = Duration::from_secs(10);
        let first = (0..count).map_while(|_| self.said.recv_timeout(limit).ok());
        let told: Vec<Value> = first.collect();
        let told = told.into_iter().chain(self.said.try_iter());
        told.map(|login| {
            let right = if login["right"] == json!(true) { "right" } else { "wrong" };
            format!("{} {right}", login["method"].as_str().unwrap())
        })
        .collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
