//! Plugins as processes: real programs, most of which do something wrong.

mod driver;
mod faults;
mod processes;
mod sdk;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use drivers::plugin::{PluginDriver, PluginSettings};
use model::{PortName, Vlan, VlanMode};
use serde_json::Value;
use switch::{Driver as _, Query, Session, Slice, Work, plan};
use tempfile::TempDir;

/// A plugin of this folder, with a state of its own.
struct Plugin {
    folder: TempDir,
    settings: PluginSettings,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().unwrap()
}

impl Plugin {
    fn new(words: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = words.split(' ');
        let program = repository("crates/drivers/tests/plugin").join(words.next().unwrap());
        let mut settings = PluginSettings::new("leaf-01", program);
        settings.arguments = words.map(str::to_owned).collect();
        settings.environment = BTreeMap::from([
            ("PYTHONPATH".to_owned(), repository("python").display().to_string()),
            ("MARK".to_owned(), folder.path().display().to_string()),
        ]);
        let file = folder.path().join("state").display().to_string();
        settings.settings.insert("file".to_owned(), Value::from(file));
        settings.answer_timeout = Duration::from_secs(2);
        settings.stop_grace = Duration::from_millis(500);
        Self { folder, settings }
    }

    async fn driver(&self) -> PluginDriver {
        PluginDriver::start(self.settings.clone()).await.unwrap()
    }

    async fn session(&self) -> Box<dyn Session> {
        self.driver().await.open().await.unwrap()
    }

    /// The processes that carry this plugin's mark, by number and command line.
    fn processes(&self) -> Vec<(u32, String)> {
        let mark = format!("MARK={}", self.folder.path().display());
        let found = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            let marked = environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes());
            let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
            marked.then_some((pid, line))
        });
        found.collect()
    }

    /// Waits until none is left.
    async fn nothing_runs(&self) {
        let by = tokio::time::Instant::now() + Duration::from_secs(5);
        while !self.processes().is_empty() {
            assert!(tokio::time::Instant::now() < by, "{:?}", self.processes());
            tokio::task::yield_now().await;
        }
    }
}

fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

fn access(id: u16) -> VlanMode {
    VlanMode::access(Vlan::new(id).unwrap())
}

fn query() -> Query {
    Query::ports([&port("p1"), &port("p2")])
}

/// The work that puts a port into another mode than it was seen in.
fn work(seen: &Slice, name: &str, mode: VlanMode) -> Work {
    let only = |slice: &Slice| Slice {
        ports: slice
            .ports
            .iter()
            .filter(|(port, _)| port.as_str() == name)
            .map(|(p, s)| (p.clone(), s.clone()))
            .collect(),
        ..Slice::default()
    };
    let before = only(seen);
    let mut after = before.clone();
    after.ports.get_mut(&port(name)).unwrap().config.vlans = Some(mode);
    Work { changes: plan(&before, &after), before }
}
