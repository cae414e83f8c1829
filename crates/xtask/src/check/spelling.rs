//! Spelling, by `typos`: it knows misspellings rather than words, so it is quiet on code.
//!
//! The program comes as a Python wheel, which is quicker than compiling it, into a virtual
//! environment under `target/tools`; nothing is installed into the system.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::cargo::{program, run};

/// Pinned: a new version knows new misspellings, and would turn an old commit red.
const VERSION: &str = "1.52.0";

/// What the step says of itself.
pub(super) const RUNS: &str = "typos --config typos.toml";

/// Checks every file, after installing the program where it is missing.
pub(super) fn check(root: &Path) -> Result<String> {
    let typos = ensure(root)?;
    run(program(typos).args(["--config", "typos.toml", "--format", "brief"]))?;
    Ok(String::new())
}

fn ensure(root: &Path) -> Result<PathBuf> {
    if is_wanted_version(Path::new("typos")) {
        return Ok("typos".into());
    }
    let environment = root.join("target/tools").join(format!("typos-{VERSION}"));
    let typos = environment.join("bin/typos");
    if is_wanted_version(&typos) {
        return Ok(typos);
    }
    println!("    installing typos {VERSION} with pip into {}", environment.display());
    run(program("python3").args(["-m", "venv", "--clear"]).arg(&environment).stdout(Stdio::null()))
        .context("hint: on Debian, `apt-get install python3-venv`")?;
    run(program(environment.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .arg(format!("typos=={VERSION}")))?;
    Ok(typos)
}

fn is_wanted_version(typos: &Path) -> bool {
    program(typos).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim().ends_with(&format!(" {VERSION}"))
    })
}
