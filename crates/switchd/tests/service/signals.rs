//! The service as a process of its own: signals, readiness, and two processes on one switch.
//!
//! The process is this test program itself, told by its environment to be the service.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Stdio},
};

use rpc::{Method, RpcError, client::Client};
use serde_json::{Value, json};
use switchd::RunOptions;

use crate::site::{PATIENCE, Site, call, client, eventually, links};

const ROLE: &str = "SWITCHD_TEST_CONFIGURATION";
const BASIC: &str =
    "[[listen]]\naddress = \"unix:socket\"\nauth = \"basic\"\nhtpasswd = \"htpasswd\"\n";
const NONE: &str = "[[listen]]\naddress = \"unix:socket\"\nauth = \"none\"\n";
const LEAF: &str = "[switch.leaf-01]\ndriver = \"noop\"\n";

/// Not a test of its own: the service, when this program was started to be it.
#[test]
fn be_the_service() {
    let Some(path) = std::env::var_os(ROLE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let options = RunOptions { log: true, ..RunOptions::default() };
    runtime.block_on(switchd::run(path.into(), options)).unwrap();
}

/// A process, ended with its test.
pub(crate) struct Process {
    pub(crate) site: Site,
    child: Child,
}

impl Process {
    pub(crate) fn start(site: Site) -> Self {
        let notify = UnixDatagram::bind(site.path("notify")).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        let process = Self::begin(site);
        let mut word = [0; 64];
        let length = notify.recv(&mut word).unwrap_or_else(|error| {
            panic!("{error}: {}", process.log());
        });
        assert_eq!(&word[..length], b"READY=1");
        process
    }

    /// Starts it, and does not wait until it is ready.
    pub(crate) fn begin(site: Site) -> Self {
        let log = fs::File::create(site.path("log")).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["signals::be_the_service", "--exact", "--nocapture"])
            .env(ROLE, site.path("switchd.toml"))
            .env("NOTIFY_SOCKET", site.path("notify"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { site, child }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.site.path("log")).unwrap_or_default()
    }

    /// Waits until the log says it so often.
    pub(crate) async fn says(&self, text: &str, times: usize) {
        eventually(&format!("the log says {text:?}"), || self.log().matches(text).count() >= times)
            .await;
    }

    fn client(&self, user: Option<(&str, &str)>) -> Client {
        client(&address(&self.site.path("socket")), user)
    }

    fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(socket: &Path) -> String {
    format!("unix:{}", socket.display())
}

fn describe(text: &str) -> Value {
    json!({
        "port_config": { "description": text },
        "binding_profile": links(&[("leaf-01", "swp1")]),
    })
}

async fn names(client: &Client) -> Result<Vec<String>, RpcError> {
    let list = call(client, Method::ListSwitches, json!({})).await?;
    let switches = list["switches"].as_array().unwrap().iter();
    Ok(switches.map(|switch| switch["name"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn sigterm_and_sigint_end_it_in_order() {
    for name in ["-TERM", "-INT"] {
        let mut process = Process::start(Site::with_listeners(NONE, LEAF));
        assert_eq!(names(&process.client(None)).await.unwrap(), ["leaf-01"]);
        process.signal(name);
        assert!(process.ended(), "{}", process.log());
        assert!(!process.site.path("socket").exists());
    }
}

#[tokio::test]
async fn sighup_takes_new_switches_policy_and_passwords() {
    let site = Site::with_listeners(BASIC, LEAF);
    site.htpasswd("ada", "old");
    let process = Process::start(site);
    let (old, new) = (process.client(Some(("ada", "old"))), process.client(Some(("ada", "new"))));
    assert_eq!(names(&old).await.unwrap(), ["leaf-01"]);
    call(&old, Method::UpdatePort, describe("kept")).await.unwrap();

    process.site.htpasswd("ada", "new");
    process.site.configure(BASIC, &format!("{LEAF}[switch.leaf-02]\ndriver = \"noop\"\n"));
    process.signal("-HUP");
    process.says("the new configuration is in force", 1).await;

    assert_eq!(names(&new).await.unwrap(), ["leaf-01", "leaf-02"]);
    let context = serde_json::from_value(json!({})).unwrap();
    let denied = old.call::<Value>(Method::ListSwitches, &context).await.unwrap_err();
    assert!(matches!(denied, rpc::client::CallError::Http { status: 401, .. }), "{denied}");
    // A switch whose section did not change keeps its session, and this one its memory.
    let context = json!({ "binding_profile": links(&[("leaf-01", "swp1")]) });
    let read = call(&new, Method::ReadPort, context).await.unwrap();
    assert_eq!(read["ports"][0]["config"]["description"], "kept");
}

#[tokio::test]
async fn sighup_with_a_mistake_anywhere_keeps_everything() {
    let site = Site::with_listeners(BASIC, LEAF);
    site.htpasswd("ada", "old");
    let process = Process::start(site);
    let client = process.client(Some(("ada", "old")));
    let refused = "the new configuration is refused, and the old one stays in force";
    let read = |name| fs::read_to_string(process.site.path(name)).unwrap();
    let good = [
        ("switchd.toml", read("switchd.toml")),
        ("policy.toml", read("policy.toml")),
        ("htpasswd", read("htpasswd")),
    ];
    let more = format!("{}[switch.leaf-02]\ndriver = \"noop\"\n", good[0].1);

    let mistakes = [
        ("switchd.toml", format!("{more}[limts]\n"), "`limts` is unknown"),
        ("policy.toml", "version = 2\n".to_owned(), "policy.toml"),
        (
            "htpasswd",
            format!("{}eve:plain\n", good[2].1),
            "line 2: the hash of `eve` is not bcrypt",
        ),
    ];
    for (times, (name, text, why)) in (1..).zip(&mistakes) {
        process.site.write("switchd.toml", &more);
        process.site.write(name, text);
        process.signal("-HUP");
        process.says(refused, times).await;
        assert!(process.log().contains(why), "{why} is not in {}", process.log());
        assert_eq!(names(&client).await.unwrap(), ["leaf-01"], "{name}");
        for (name, text) in &good {
            process.site.write(name, text);
        }
    }
    process.signal("-HUP");
    process.says("the new configuration is in force", 1).await;
}

#[tokio::test]
async fn a_key_that_needs_a_restart_is_named() {
    let process = Process::start(Site::with_listeners(NONE, LEAF));
    process.site.configure(NONE, &format!("{LEAF}[limits]\nbatch = 5\n"));
    process.signal("-HUP");
    process.says("this key was changed, and holds only after a restart", 1).await;
    assert!(process.log().contains("limits"), "{}", process.log());
}

#[tokio::test]
async fn a_second_process_on_the_switch_is_named() {
    // The first process hangs in a change, and so holds the switch's lock.
    let slow = "[switch.leaf-01]\ndriver = \"chaos\"\ndetach = \"closed\"\noperation_timeout_ms = 60000\n\
                [switch.leaf-01.chaos]\ndriver = \"noop\"\nfaults = { hang_before = 1.0 }\n";
    let first = Process::start(Site::with_listeners(NONE, slow));
    let other = Site::with_listeners(NONE, LEAF);
    let shared = format!(
        "state_dir = \"{}\"\npolicy = \"policy.toml\"\n{NONE}\n{LEAF}[audit]\nfile = \"audit.jsonl\"\n",
        first.site.path("state").display()
    );
    other.write("switchd.toml", &shared);
    let second = Process::start(other);

    let holder = first.client(None);
    let context = serde_json::from_value(describe("first")).unwrap();
    let held = holder.call::<Value>(Method::UpdatePort, &context);
    let refused = async {
        eventually("the first has begun", || !first.site.audit("begin").is_empty()).await;
        let mut context = describe("second");
        context["timeout_ms"] = json!(300);
        call(&second.client(None), Method::UpdatePort, context).await.unwrap_err()
    };
    let error = tokio::select! {
        held = held => panic!("{held:?}"),
        error = refused => error,
    };
    assert_eq!(error.code, 1011, "{error}");
    let pid = first.child.id();
    assert_eq!(error.message, format!("switch `leaf-01` is in use by process {pid}"));
    assert!(error.data.unwrap().retryable);
    assert!(!fs::read_to_string(second.site.path("audit.jsonl")).unwrap().contains("\"begin\""));
}

#[tokio::test]
async fn a_second_process_on_the_audit_log_does_not_start() {
    let first = Process::start(Site::with_listeners(NONE, LEAF));
    let error = first.site.refusal().await;
    assert!(error.starts_with("the audit log: "), "{error}");
    assert_eq!(names(&first.client(None)).await.unwrap(), ["leaf-01"]);
}
