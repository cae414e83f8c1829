//! What the tests share: a fabric, Open vSwitch's own tools, and a raw JSON-RPC client.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use fabric::Fabric;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Time after which something that should happen at once counts as not happening.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// The schema that Open vSwitch installs.
pub(crate) const INSTALLED_SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";

/// Two switches with a trunk, `server-1` on swp1 of both, `server-2` on swp2 of both.
pub(crate) async fn fabric() -> Fabric {
    Fabric::builder()
        .switch("leaf-01", ["swp1", "swp2", "swp3", "swp4"])
        .switch("leaf-02", ["swp1", "swp2"])
        .host("server-1", [("eth0", "leaf-01", "swp1"), ("eth1", "leaf-02", "swp1")])
        .host("server-2", [("eth0", "leaf-01", "swp2"), ("eth1", "leaf-02", "swp2")])
        .host("server-3", [("eth0", "leaf-01", "swp3"), ("eth1", "leaf-01", "swp4")])
        .trunk("leaf-01", "isl0", "leaf-02", "isl0")
        .start()
        .await
        .unwrap()
}

/// A command of the package `openvswitch-switch`; its absence is a failure, not a skip.
pub(crate) fn tool(name: &str) -> Command {
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];
    let found = folders.iter().map(|folder| format!("{folder}/{name}"));
    let path = found.into_iter().find(|path| Path::new(path).exists());
    let mut command = Command::new(path.unwrap_or_else(|| {
        panic!(
            "`{name}` is not installed, and this test means nothing without it\n\
             hint: install the package `openvswitch-switch`"
        )
    }));
    command.kill_on_drop(true);
    command
}

/// Runs a tool to its end.
pub(crate) async fn run(name: &str, arguments: &[&str]) -> Output {
    let running = tool(name).args(arguments).output();
    timeout(DEADLINE, running).await.unwrap_or_else(|_| panic!("`{name}` hangs")).unwrap()
}

/// A real server on a unix socket in this folder, empty; it ends with the value.
pub(crate) async fn real_server(folder: &Path) -> (Child, String) {
    let path = |name: &str| folder.join(name).display().to_string();
    let made = run("ovsdb-tool", &["create", &path("conf.db"), INSTALLED_SCHEMA]).await;
    assert!(made.status.success(), "{made:?}");
    let mut child = tool("ovsdb-server")
        .args([format!("--remote=punix:{}", path("db.sock")), "--no-chdir".to_owned()])
        .args([format!("--unixctl={}", path("ctl")), "-vconsole:info".to_owned(), path("conf.db")])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let starting = async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains("ovsdb-server (Open vSwitch)") {
                return;
            }
        }
        panic!("ovsdb-server ends at once");
    };
    timeout(DEADLINE, starting).await.expect("ovsdb-server does not start");
    (child, format!("unix:{}", path("db.sock")))
}

/// Runs `ovs-vsctl` against a switch and returns what it printed; it must succeed in silence.
pub(crate) async fn vsctl(fabric: &Fabric, switch: &str, arguments: &[&str]) -> String {
    let database = format!("--db={}", fabric.address(switch).unwrap());
    let mut all = vec![database.as_str(), "--timeout=8"];
    all.extend(arguments);
    let output = run("ovs-vsctl", &all).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && stderr.is_empty(), "ovs-vsctl {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Who hears a frame, as `host.nic` or `host.nic/tag`.
pub(crate) fn heard(fabric: &Fabric, host: &str, nic: &str, tag: Option<u16>) -> Vec<String> {
    let heard = fabric.reach(host, nic, tag).unwrap();
    let text = |heard: fabric::Heard| match heard.tag {
        Some(tag) => format!("{}.{}/{tag}", heard.host, heard.nic),
        None => format!("{}.{}", heard.host, heard.nic),
    };
    heard.into_iter().map(text).collect()
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A JSON-RPC client that knows nothing but to send and to read.
pub(crate) struct Raw {
    stream: Stream,
    buffer: Vec<u8>,
    id: u64,
}

impl Raw {
    /// Connects to `tcp:ADDRESS` or `unix:PATH`.
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = match address.split_once(':').unwrap() {
            ("tcp", address) => Stream::Tcp(TcpStream::connect(address).await.unwrap()),
            (_, path) => Stream::Unix(UnixStream::connect(path).await.unwrap()),
        };
        Self { stream, buffer: Vec::new(), id: 0 }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes).await.unwrap(),
            Stream::Unix(stream) => stream.write_all(bytes).await.unwrap(),
        }
    }

    /// The next message, or `None` when the connection has ended.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            let mut messages = serde_json::Deserializer::from_slice(&self.buffer).into_iter();
            if let Some(Ok(message)) = messages.next() {
                let used = messages.byte_offset();
                self.buffer.drain(..used);
                return Some(message);
            }
            if self.read().await == 0 {
                return None;
            }
        }
    }

    /// Everything up to the end of the connection, as bytes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.read().await > 0 {}
        std::mem::take(&mut self.buffer)
    }

    /// At least this many bytes.
    pub(crate) async fn at_least(&mut self, count: usize) -> &[u8] {
        while self.buffer.len() < count && self.read().await > 0 {}
        &self.buffer
    }

    async fn read(&mut self) -> usize {
        let mut piece = vec![0; 65536];
        let reading = async {
            match &mut self.stream {
                Stream::Tcp(stream) => stream.read(&mut piece).await,
                Stream::Unix(stream) => stream.read(&mut piece).await,
            }
        };
        let count = timeout(DEADLINE, reading).await.expect("nothing arrives").unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..count]);
        count
    }

    /// Sends a request without waiting for its answer.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        let request = json!({"method": method, "params": params, "id": self.id});
        self.send(request.to_string().as_bytes()).await;
        self.id
    }

    /// Sends a request and returns its answer; notifications before it are passed over.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params).await;
        loop {
            let message = self.receive().await.expect("the connection has ended");
            if message["id"] == json!(id) {
                return message;
            }
        }
    }

    /// Runs a transaction and returns the answer.
    pub(crate) async fn transact(&mut self, operations: &[Value]) -> Value {
        self.call("transact", transaction(operations)).await
    }
}

/// The parameters of `transact`.
pub(crate) fn transaction(operations: &[Value]) -> Value {
    let mut params = vec![json!("Open_vSwitch")];
    params.extend_from_slice(operations);
    json!(params)
}

/// An operation that puts a port on a VLAN.
pub(crate) fn set_tag(port: &str, tag: u16) -> Value {
    json!({"op": "update", "table": "Port", "where": [["name", "==", port]], "row": {"tag": tag}})
}
