//! The section of a plugin: which program, and what it is given.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::{Map, Value};

use super::{check::Check, problem::Problem, raw::RawPlugin};
use crate::secret::SecretRef;

/// A program that speaks to a switch.
#[derive(Debug, Clone)]
pub struct PluginConfig {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// All of its environment.
    pub environment: BTreeMap<String, String>,
    /// Its working directory.
    pub directory: PathBuf,
    /// What it is told, in its own words.
    pub settings: Map<String, Value>,
    /// Its credentials.
    pub secrets: BTreeMap<String, SecretRef>,
    /// How much memory each of its processes may write to, in bytes.
    pub memory_bytes: u64,
    /// How long it may take to start and describe itself.
    pub start_timeout: Duration,
    /// How long it may take to end, once asked and once again.
    pub stop_grace: Duration,
}

pub(super) fn plugin(
    check: &mut Check<'_>,
    key: &str,
    raw: Option<&RawPlugin>,
) -> Option<PluginConfig> {
    let Some(raw) = raw else {
        check.refuse(Problem::at(key, "is missing: `driver` is `plugin`"));
        return None;
    };
    let at = |member: &str| format!("{key}.{member}");
    let program = raw.command.first().map(PathBuf::from);
    let Some(program) = program.filter(|program| program.is_absolute()) else {
        let what = "does not begin with the absolute path of a program";
        let hint = "`command = [\"/usr/lib/mercury/plugins/my-plugin\"]`; no shell reads it";
        check.refuse(Problem::at(at("command"), what).hint(hint));
        return None;
    };
    for (name, value) in &raw.environment {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            let what = "is no variable: a name is not empty and holds no `=`";
            check.refuse(Problem::at(format!("{key}.environment.{name}"), what));
        }
    }
    if !raw.directory.is_absolute() {
        check.refuse(Problem::at(at("directory"), "is not an absolute path"));
    }
    let secrets = raw.secrets.iter().filter_map(|(name, secret)| {
        let secret = check.take(&format!("{key}.secrets.{name}"), secret.clone().checked())?;
        Some((name.clone(), secret.with_path(|path| check.path(path))))
    });
    let secrets = secrets.collect();
    check.within(&at("memory_mb"), raw.memory_mb, 16, 1 << 20);
    Some(PluginConfig {
        program,
        arguments: raw.command.iter().skip(1).cloned().collect(),
        environment: raw.environment.clone(),
        directory: raw.directory.clone(),
        settings: raw.settings.clone(),
        secrets,
        memory_bytes: raw.memory_mb.min(1 << 20) << 20,
        start_timeout: check.time(&at("start_timeout_ms"), raw.start_timeout_ms, 10),
        stop_grace: check.time(&at("stop_grace_ms"), raw.stop_grace_ms, 0),
    })
}
