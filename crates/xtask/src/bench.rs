//! `cargo xtask bench`: measures what ships, which is the release build.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cargo::{cargo, program, read, run as run_command};
use crate::ironic;

/// The argument that asks for a comparison with Ironic's own service.
const VS_UPSTREAM: &str = "--vs-upstream";

/// The argument that asks for a comparison with the library that drives switches over SSH, which
/// comes with that service.
const SSH: &str = "--ssh";

/// Builds the whole workspace, then runs the program of the crate `benches` with `arguments`.
///
/// It is started directly: `cargo run -p benches` would choose features for that crate alone, and
/// compile half of the dependencies a second time.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if arguments.iter().any(|argument| argument == VS_UPSTREAM) {
        ironic::ensure()?;
    } else if arguments.iter().any(|argument| argument == SSH)
        && let Err(error) = ironic::ensure()
    {
        // The benchmark measures Mercury without it, and says so.
        println!("ironic: {error:#}");
    }
    run_command(cargo().args(["build", "--release", "--workspace", "--bins"]))?;
    let benches = target_directory()?.join("release/benches");
    if !benches.is_file() {
        bail!("the crate `benches` built no program `{}`", benches.display());
    }
    run_command(program(benches).args(arguments))
}

fn target_directory() -> Result<PathBuf> {
    let text = read(cargo().args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value =
        serde_json::from_str(&text).context("cannot read what `cargo metadata` printed")?;
    let directory = metadata.get("target_directory").and_then(Value::as_str);
    Ok(directory.context("cargo metadata has no `target_directory`")?.into())
}
