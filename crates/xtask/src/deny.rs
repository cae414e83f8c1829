//! What may enter the dependency tree: `deny.toml`, held by cargo-deny or, where that is not
//! installed, by ourselves.
//!
//! Compiling cargo-deny takes longer than compiling the product, so CI does without. There is one
//! set of rules all the same: what `deny.toml` says and this code does not understand is an error,
//! never a rule that quietly holds in one place only.

mod rules;
mod spdx;
mod tree;

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::cargo::{cargo, has_subcommand, run};
use crate::steps::findings;

use rules::Rules;
use tree::Tree;

/// The part of `deny.toml` that says which dependency graph is meant.
pub(crate) struct Graph {
    targets: Vec<String>,
    all_features: bool,
}

impl Graph {
    /// Reads it from the `deny.toml` in `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let rules = read_rules(root)?;
        Ok(Self { targets: rules.targets, all_features: rules.all_features })
    }

    /// The arguments that make `cargo metadata` print this graph.
    pub(crate) fn cargo_arguments(&self) -> Vec<&str> {
        let targets = self.targets.iter().flat_map(|target| ["--filter-platform", target]);
        targets.chain(self.all_features.then_some("--all-features")).collect()
    }
}

/// Holds the rules against the dependency tree that `cargo metadata` printed.
pub(crate) fn check(root: &Path, metadata: &Value) -> Result<String> {
    // Read in any case: the two must agree on what the file may say.
    let rules = read_rules(root)?;
    if has_subcommand("deny") {
        run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
        return Ok("by cargo-deny".to_owned());
    }
    let tree = Tree::read(metadata)?;
    findings(&tree.breaches(&rules))?;
    let mut remark = format!("{} packages, by xtask (cargo-deny is not installed)", tree.len());
    let twice = tree.several_versions();
    if !twice.is_empty() {
        remark.push_str(&format!("; warning: in several versions: {}", twice.join(", ")));
    }
    Ok(remark)
}

fn read_rules(root: &Path) -> Result<Rules> {
    let path = root.join("deny.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Rules::parse(&text).context("in `deny.toml`")
}
