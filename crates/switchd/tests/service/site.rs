//! A service in this process, with its files in a folder of its own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rpc::{
    Method, RpcError,
    client::{CallError, Client, Settings},
};
use serde_json::{Value, json};
use switchd::{Listening, RunOptions};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, short enough to notice.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Ports 1 to 8 of every leaf with VLANs 100 to 199; port 8 is protected.
pub(crate) const POLICY: &str = r#"
version = 1
[[protected]]
name = "uplinks"
switches = ["*"]
ports = ["swp8"]
[[rule]]
name = "rack-12"
callers = ["*"]
verbs = "*"
switches = ["leaf-*"]
ports = ["swp[1-8]"]
vlans = "100-199,4000"
vnis = "5000-5999"
"#;

/// A folder with configuration and policy.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    /// One listener on a port of the system's choice, without authentication, and `more` of the
    /// configuration.
    pub(crate) fn new(more: &str) -> Self {
        Self::with_listeners("[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"none\"\n", more)
    }

    pub(crate) fn with_listeners(listeners: &str, more: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        site.write("policy.toml", POLICY);
        site.configure(listeners, more);
        site
    }

    pub(crate) fn configure(&self, listeners: &str, more: &str) {
        let fixed = "state_dir = \"state\"\npolicy = \"policy.toml\"\n";
        self.write("switchd.toml", &format!("{fixed}\n{listeners}\n{more}\n"));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        self.mode(name, 0o600);
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Adds a user, as an operator does.
    pub(crate) fn htpasswd(&self, user: &str, password: &str) {
        let path = self.path("htpasswd");
        if !path.exists() {
            self.write("htpasswd", "");
        }
        let made = Command::new("htpasswd")
            .args(["-bB", "-C", "4"])
            .arg(path)
            .args([user, password])
            .output()
            .expect("`htpasswd` is installed (Debian: apache2-utils)");
        assert!(made.status.success(), "{made:?}");
    }

    /// The records of the audit log, by kind.
    pub(crate) fn audit(&self, kind: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.path("state/audit.jsonl")).unwrap_or_default();
        // The last line may be on its way.
        let records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.filter(|record| record["kind"] == kind).collect()
    }

    /// Starts the service.
    pub(crate) async fn start(self) -> Running {
        let (ready, listening) = oneshot::channel();
        let stop = CancellationToken::new();
        let options = RunOptions { ready: Some(ready), stop: Some(stop.clone()), log: false };
        let mut service = JoinSet::new();
        service.spawn(switchd::run(self.path("switchd.toml"), options));
        let listening = tokio::select! {
            listening = listening => listening,
            ended = service.join_next() => panic!("the service ended: {ended:?}"),
        };
        Running { site: self, listening: listening.unwrap(), stop, service }
    }

    /// Why the service does not start.
    pub(crate) async fn refusal(&self) -> String {
        let options = RunOptions { stop: Some(CancellationToken::new()), ..RunOptions::default() };
        let run = switchd::run(self.path("switchd.toml"), options);
        let ended = tokio::time::timeout(PATIENCE, run).await.expect("it does not start");
        ended.unwrap_err().to_string()
    }
}

/// A service that is up.
pub(crate) struct Running {
    pub(crate) site: Site,
    pub(crate) listening: Vec<Listening>,
    pub(crate) stop: CancellationToken,
    service: JoinSet<Result<(), switchd::Error>>,
}

impl Running {
    pub(crate) fn client(&self) -> Client {
        client(&self.listening[0].to_string(), None)
    }

    /// The address of the first listener.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        match &self.listening[0] {
            Listening::Tcp(address) | Listening::Tls(address) => *address,
            Listening::Unix(path) => panic!("{} is no TCP address", path.display()),
        }
    }

    pub(crate) async fn call(&self, method: Method, context: Value) -> Result<Value, RpcError> {
        call(&self.client(), method, context).await
    }

    /// How a port is configured.
    pub(crate) async fn port(&self, switch: &str, port: &str) -> Value {
        let context = json!({ "binding_profile": links(&[(switch, port)]) });
        let read = self.call(Method::ReadPort, context).await.unwrap();
        read["ports"][0]["config"].clone()
    }

    /// Waits for the service's end after [`Running::stop`].
    pub(crate) async fn ended(&mut self) -> Result<(), switchd::Error> {
        let ended = tokio::time::timeout(PATIENCE, self.service.join_next());
        ended.await.expect("the service ends").unwrap().unwrap()
    }
}

pub(crate) fn client(address: &str, user: Option<(&str, &str)>) -> Client {
    let credentials = user.map(|(name, password)| (name.to_owned(), password.into()));
    Client::new(Settings { credentials: credentials.into(), ..Settings::new(address) }).unwrap()
}

/// Calls a method; anything but an answer or an RPC error is a failure of the test.
pub(crate) async fn call(
    client: &Client,
    method: Method,
    context: Value,
) -> Result<Value, RpcError> {
    let context = serde_json::from_value(context).expect("a context");
    client.call(method, &context).await.map_err(|error| match error {
        CallError::Rpc(error) => error,
        other => panic!("{method}: {other}"),
    })
}

/// A binding profile of these links.
pub(crate) fn links(places: &[(&str, &str)]) -> Value {
    let link = |(switch, port): &(&str, &str)| json!({ "switch_info": switch, "port_id": port });
    json!({ "local_link_information": places.iter().map(link).collect::<Vec<_>>() })
}

/// A LACP LAG over these links.
pub(crate) fn lag(places: &[(&str, &str)]) -> Value {
    let mut profile = links(places);
    profile["local_group_information"] = json!({ "bond_mode": "802.3ad" });
    profile
}

/// An attachment to a VLAN.
#[expect(clippy::needless_pass_by_value, reason = "callers make the profile in place")]
pub(crate) fn on_vlan(vlan: u16, profile: Value) -> Value {
    json!({
        "network": { "network_type": "vlan", "segmentation_id": vlan },
        "binding_profile": profile,
    })
}

/// Waits until the condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !condition() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        ticks.tick().await;
    }
}
