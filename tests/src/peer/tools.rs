//! Where the Python environment is, and whether it is the right one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};

/// The list that the environment has to be made of.
const REQUIREMENTS: &str = include_str!("../../peers/ironic/requirements.txt");

fn environment() -> Result<PathBuf> {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/ironic");
    let made = fs::read_to_string(environment.join("requirements.txt")).unwrap_or_default();
    ensure!(
        made == REQUIREMENTS,
        "no Ironic as in `tests/peers/ironic/requirements.txt` under `target/tools/ironic`\n\
         hint: `cargo xtask test` puts it there"
    );
    Ok(environment.canonicalize()?)
}

/// The version of one of its packages; empty when it is none of them.
pub fn version_of(package: &str) -> &'static str {
    let versions = REQUIREMENTS.lines().filter_map(|line| line.split_once("=="));
    versions.into_iter().find(|(name, _)| *name == package).map_or("", |(_, version)| version)
}

/// A program of the environment.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    Ok(environment()?.join("bin").join(name))
}

/// The environment's Python.
pub fn python() -> Result<PathBuf> {
    program("python")
}

/// A script of `tests/peers/ironic`.
pub fn helper(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/ironic").join(name)
}

/// A database of this Ironic with nothing in it.
pub(crate) fn empty_database() -> Result<PathBuf> {
    Ok(environment()?.join("empty.sqlite"))
}
