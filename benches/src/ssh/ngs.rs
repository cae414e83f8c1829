//! The side of networking-generic-switch: its own library in a process of its own.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use system_tests::peer::{python, version_of};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use super::{
    report::Round,
    switches::{Change, Switches, name},
};

/// How long a round may take at most: 200 changes, one after the other, at more than six seconds
/// each.
const ROUND: Duration = Duration::from_secs(1_500);
/// How many of the last lines that it says an error quotes.
const QUOTED: usize = 20;

/// How it is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is by default: a login for each change, which saves the configuration too; as many at
    /// once as there are callers, since nothing counts them.
    Default,
    /// What it can be told to do faster: sessions are kept, one for each caller, and nothing is
    /// saved.
    Fastest,
    /// As by default, with connections counted by the simplest backend that can, a folder of
    /// files: one at a time, for which the others wait a minute.
    Counted,
}

impl Style {
    /// For people and programs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Default => "ngs, default",
            Self::Fastest => "ngs, fastest",
            Self::Counted => "ngs, counted",
        }
    }

    fn options(self, callers: usize) -> Value {
        match self {
            Self::Default | Self::Counted => json!({}),
            Self::Fastest => json!({
                "ngs_ssh_reuse_connection": "true",
                "ngs_save_configuration": "false",
                "ngs_max_connections": callers.to_string(),
            }),
        }
    }
}

/// The library, if it is installed.
pub(super) struct Ngs {
    folder: tempfile::TempDir,
}

impl Ngs {
    /// Finds it.
    pub(super) fn find() -> Result<Self> {
        python()?;
        Ok(Self { folder: tempfile::tempdir()? })
    }

    /// What it is made of.
    pub(super) fn versions() -> Value {
        let packages = ["networking-generic-switch", "netmiko", "paramiko"];
        packages.into_iter().map(|name| (name.to_owned(), json!(version_of(name)))).collect()
    }

    /// Makes the changes on the first `count` switches; also the most memory it had, in MB.
    pub(super) fn play(
        &self,
        style: Style,
        switches: &Switches,
        count: usize,
        changes: &[Change],
        callers: usize,
    ) -> Result<(Round, f64)> {
        let backend =
            (style == Style::Counted).then(|| format!("file://{}", self.folder.path().display()));
        let list = changes
            .iter()
            .map(|change| json!([name(change.switch), switches.port(change.port), change.vlan]));
        let asked = json!({
            "devices": switches.devices(count, &style.options(callers)),
            "backend_url": backend,
            "callers": callers,
            "changes": list.collect::<Value>(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(async { timeout(ROUND, ask(&asked)).await });
        let answer = answer.context("networking-generic-switch did not end in time")??;
        read(&answer).context("the library's answer cannot be read")
    }
}

async fn ask(asked: &Value) -> Result<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/ngs.py");
    let mut child = Command::new(python()?)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("cannot start Python")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    stdin.write_all(asked.to_string().as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(QUOTED)..).unwrap_or_default();
        bail!("networking-generic-switch ended with {}:\n{}", output.status, last.join("\n"));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn read(answer: &Value) -> Option<(Round, f64)> {
    let milliseconds = |value: &Value| Duration::try_from_secs_f64(value.as_f64()? / 1e3).ok();
    let mut round = Round { took: milliseconds(answer.get("took_ms")?)?, ..Round::default() };
    for value in answer.get("latencies_ms")?.as_array()? {
        round.figures.add(milliseconds(value)?);
    }
    for value in answer.get("failures")?.as_array()? {
        round.failures.push(value.as_str()?.to_owned());
    }
    Some((round, answer.get("memory_bytes")?.as_f64()? / 1e6))
}
