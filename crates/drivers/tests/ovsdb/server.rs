//! A real `ovsdb-server` of its own for each test, with a fresh `Open_vSwitch` database.

use std::path::Path;
use std::process::Stdio;

use drivers::ovsdb::{Address, Connection, Operation, Options, Row};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout_at;

use super::soon;

const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";

pub(super) struct Server {
    pub(super) folder: TempDir,
    pub(super) child: Child,
    port: Option<u16>,
}

impl Server {
    /// Listens on a unix socket, and at `remotes` (at most one with TCP port 0).
    pub(super) async fn start(folder: TempDir, remotes: &[String]) -> Self {
        let path = folder.path();
        let database = path.join("conf.db");
        let made = Command::new("ovsdb-tool")
            .arg("create")
            .args([&database, Path::new(SCHEMA)])
            .status()
            .await
            .expect("ovsdb-tool of the package openvswitch-switch");
        assert!(made.success());
        let mut child = Command::new("ovsdb-server")
            .args(["--no-chdir", "-vconsole:info", "-vsyslog:off"])
            .arg(format!("--unixctl={}", path.join("ctl").display()))
            .arg(format!("--remote=punix:{}", path.join("db.sock").display()))
            .args(remotes)
            .arg(&database)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ovsdb-server of the package openvswitch-switch");
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut port = None;
        loop {
            let line = timeout_at(soon(), lines.next_line()).await.unwrap().unwrap();
            let line = line.expect("ovsdb-server starts");
            if let Some((_, number)) = line.split_once("listening on port ") {
                port = number.parse().ok();
            }
            if line.contains("ovsdb-server (Open vSwitch)") {
                break;
            }
        }
        child.stderr = Some(lines.into_inner().into_inner());
        let server = Self { folder, child, port };
        let connection = server.connect().await;
        let root =
            Operation::Insert { table: "Open_vSwitch".into(), row: Row::new(), uuid_name: None };
        connection.transact(&[root], soon()).await.unwrap();
        server
    }

    pub(super) async fn plain() -> Self {
        let remotes = ["--remote=ptcp:0:127.0.0.1".to_owned()];
        Self::start(TempDir::new().unwrap(), &remotes).await
    }

    pub(super) fn unix(&self) -> Address {
        Address::Unix(self.folder.path().join("db.sock"))
    }

    pub(super) fn network(&self, scheme: &str, host: &str) -> Address {
        format!("{scheme}:{host}:{}", self.port.unwrap()).parse().unwrap()
    }

    pub(super) async fn connect(&self) -> Connection {
        Connection::connect(&self.unix(), None, Options::default(), soon()).await.unwrap()
    }
}
