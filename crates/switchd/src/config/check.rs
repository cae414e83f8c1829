//! From the file as written to the configuration as used.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use model::SwitchName;
use tracing_subscriber::EnvFilter;

use super::{
    Audit, Config, Ironic, Limits, Log, PairConfig, Save, SwitchConfig, known, listen,
    problem::Problem,
    raw::{RawAudit, RawIronic, RawLimits, RawLog, RawPair, RawSave, RawSwitch},
    read::{Table, section, typed},
    switch,
};

/// The longest time that can be configured, a day: more is a mistake with units.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Checks everything; what is wrong is added to `problems`, and then the result means nothing.
pub(super) fn config(
    path: &Path,
    root: &Table,
    problems: &mut Vec<Problem>,
) -> Result<Config, Problem> {
    problems.extend(known::unknown(root));
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut check = Check { folder, root, problems };
    let switches = check.switches();
    let pairs = check.pairs(&switches);
    let state_dir = check.required_path("state_dir");
    Ok(Config {
        path: path.to_owned(),
        listen: listen::listeners(&mut check),
        policy: check.required_path("policy"),
        profiles: check.optional_path("profiles"),
        audit: check.audit(&state_dir),
        limits: check.limits(),
        save: check.save(),
        log: check.log(),
        ironic: check.ironic(),
        state_dir,
        switches,
        pairs,
    })
}

/// The sections that are checked, and what was found.
pub(super) struct Check<'a> {
    /// The file's folder, from which relative paths start.
    folder: PathBuf,
    pub(super) root: &'a Table,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    pub(super) fn refuse(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The value, or its problem at this key.
    pub(super) fn take<T, E: ToString>(&mut self, key: &str, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                let what = format!("is refused: {}", error.to_string());
                self.refuse(Problem::at(key, what));
                None
            }
        }
    }

    /// A path, from the file's folder if it is relative.
    pub(super) fn path(&self, given: &Path) -> PathBuf {
        self.folder.join(given)
    }

    fn optional_path(&mut self, key: &str) -> Option<PathBuf> {
        let value = self.root.get(key)?;
        typed::<PathBuf>(value, key, self.problems).map(|path| self.path(&path))
    }

    fn required_path(&mut self, key: &str) -> PathBuf {
        match self.root.get(key) {
            Some(value) => typed::<PathBuf>(value, key, self.problems)
                .map(|path| self.path(&path))
                .unwrap_or_default(),
            None => {
                self.refuse(Problem::at(key, "is missing"));
                PathBuf::new()
            }
        }
    }

    /// A number within its bounds.
    pub(super) fn within<T: PartialOrd + ToString + Copy>(
        &mut self,
        key: &str,
        value: T,
        least: T,
        most: T,
    ) {
        if value < least || value > most {
            let what = format!(
                "is {}; {} to {} are allowed",
                value.to_string(),
                least.to_string(),
                most.to_string()
            );
            self.refuse(Problem::at(key, what));
        }
    }

    /// A time within its bounds.
    pub(super) fn time(&mut self, key: &str, ms: u64, least: u64) -> Duration {
        self.within(key, ms, least, DAY_MS);
        Duration::from_millis(ms)
    }

    fn audit(&mut self, state_dir: &Path) -> Audit {
        let raw: RawAudit = section(self.root, "audit", self.problems);
        self.within("audit.max_bytes", raw.max_bytes, 64 * 1024, 1 << 40);
        let file = raw.file.map(|file| self.path(&file));
        Audit {
            file: file.unwrap_or_else(|| state_dir.join("audit.jsonl")),
            fsync: raw.fsync,
            max_bytes: raw.max_bytes,
        }
    }

    fn limits(&mut self) -> Limits {
        let raw: RawLimits = section(self.root, "limits", self.problems);
        self.within("limits.body_bytes", raw.body_bytes, 1024, 64 * 1024 * 1024);
        self.within("limits.batch", raw.batch, 1, 10_000);
        self.within("limits.connections", raw.connections, 1, 100_000);
        self.within("limits.concurrent_requests", raw.concurrent_requests, 1, 100_000);
        let failed = raw.failed_logins_per_minute;
        self.within("limits.failed_logins_per_minute", failed, 1, 100_000);
        self.within("limits.queue_per_switch", raw.queue_per_switch, 1, 100_000);
        Limits {
            body_bytes: raw.body_bytes,
            batch: raw.batch,
            connections: raw.connections,
            concurrent_requests: raw.concurrent_requests,
            failed_logins_per_minute: failed,
            receive_timeout: self.time("limits.receive_timeout_ms", raw.receive_timeout_ms, 100),
            idle_timeout: self.time("limits.idle_timeout_ms", raw.idle_timeout_ms, 100),
            request_timeout: self.time("limits.request_timeout_ms", raw.request_timeout_ms, 1),
            queue_per_switch: raw.queue_per_switch,
            shutdown: self.time("limits.shutdown_ms", raw.shutdown_ms, 0),
        }
    }

    fn save(&mut self) -> Save {
        let raw: RawSave = section(self.root, "save", self.problems);
        self.within("save.max_changes", raw.max_changes, 1, 1_000_000);
        Save {
            quiet: self.time("save.quiet_ms", raw.quiet_ms, 0),
            max_age: self.time("save.max_age_ms", raw.max_age_ms, 0),
            max_changes: raw.max_changes,
        }
    }

    fn log(&mut self) -> Log {
        let RawLog { filter, format } = section(self.root, "log", self.problems);
        self.take("log.filter", EnvFilter::try_new(&filter).map(drop));
        Log { filter, format }
    }

    fn ironic(&mut self) -> Ironic {
        let raw: RawIronic = section(self.root, "ironic", self.problems);
        let RawIronic { unknown_switch, timeout_ms } = raw;
        Ironic { unknown_switch, timeout: self.time("ironic.timeout_ms", timeout_ms, 1) }
    }

    fn switches(&mut self) -> BTreeMap<SwitchName, SwitchConfig> {
        let mut checked = BTreeMap::new();
        for (name, value) in self.named("switch") {
            let key = format!("switch.{name}");
            let Some(name) = self.take(&key, name.parse::<SwitchName>()) else { continue };
            if name.is_dots() {
                self.refuse(Problem::at(key, "is refused: a name of dots means a folder"));
                continue;
            }
            let raw: Option<RawSwitch> = typed(&value, &key, self.problems);
            if let Some(config) = raw.and_then(|raw| switch::switch(self, &key, raw)) {
                checked.insert(name, config);
            }
        }
        checked
    }

    fn pairs(
        &mut self,
        switches: &BTreeMap<SwitchName, SwitchConfig>,
    ) -> BTreeMap<String, PairConfig> {
        let mut checked = BTreeMap::new();
        for (name, value) in self.named("pair") {
            let key = format!("pair.{name}");
            let raw: Option<RawPair> = typed(&value, &key, self.problems);
            if let Some(pair) = raw.and_then(|raw| switch::pair(self, &key, &raw, switches)) {
                checked.insert(name, pair);
            }
        }
        switch::check_pairs(self, &checked);
        checked
    }

    /// The tables of a section, by name, in order.
    fn named(&mut self, key: &str) -> BTreeMap<String, ::config::Value> {
        section(self.root, key, self.problems)
    }
}
