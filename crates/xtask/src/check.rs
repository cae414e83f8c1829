//! `cargo xtask check`: all that can be said of the code without running it.
//!
//! The cheap steps come first, so that a wrong link is known before clippy has compiled.

mod floors;
mod lengths;
mod notes;
mod spelling;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cargo::{cargo, read, root, run as run_command};
use crate::files::with_extensions;
use crate::steps::{About, Steps, findings};
use crate::{deny, docs};

const FORMAT: About = About {
    name: "format",
    runs: "cargo fmt --all --check (and fuzz/)",
    fix: "`cargo fmt --all`, and `cargo fmt --manifest-path fuzz/Cargo.toml`",
};
const LENGTHS: About = About {
    name: "lengths",
    runs: "no Rust file over 800 lines; those over 600 are named",
    fix: "split the file by idea, not by size: one room, one purpose",
};
const NOTES: About = About {
    name: "notes",
    runs: "every note of work to be done names an issue",
    fix: "do the work, or open an issue and write its number: (#12)",
};
const LINKS: About = About {
    name: "links",
    runs: "every relative link and anchor in *.md leads somewhere",
    fix: "correct the link, or add the page to docs/src/SUMMARY.md",
};
const SPELLING: About = About {
    name: "spelling",
    runs: spelling::RUNS,
    fix: "correct the word, or add it with a reason to typos.toml",
};
const FLOORS: About = About {
    name: "floors",
    runs: "each crate imports only from floors below it",
    fix: "move the code to the floor where it belongs; the table is in crates/xtask/src/check/floors.rs and in ARCHITECTURE.md",
};
const DENY: About = About {
    name: "deny",
    runs: "dependencies keep to deny.toml: bans, licences, sources",
    fix: "`cargo tree -i CRATE` shows who brings it in; choose its features, or another crate",
};
const CLIPPY: About = About {
    name: "clippy",
    runs: "cargo clippy --workspace --all-targets -- -D warnings",
    fix: "follow the hint; `cargo clippy --fix --workspace --all-targets` does many",
};
const DOC: About = About {
    name: "doc",
    runs: "cargo doc --workspace --no-deps --document-private-items, warnings are errors",
    fix: "correct the link or the markup; private rooms are documented for the next developer",
};

/// Runs every step, and fails at the end if one did.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`check` takes no arguments, but got `{argument}`");
    }
    let root = root();
    let mut steps = Steps::default();

    steps.step(&FORMAT, || {
        run_command(cargo().args(["fmt", "--all", "--check"]))?;
        run_command(cargo().args(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;
        Ok(String::new())
    });
    steps.step(&LENGTHS, || lengths::check(&with_extensions(&root, &["rs"])?));
    steps.step(&NOTES, || {
        let files = with_extensions(&root, &["rs", "toml", "md", "py", "sh", "yaml", "yml"])?;
        findings(&notes::check(&files))?;
        Ok(format!("{} files", files.len()))
    });
    steps.step(&LINKS, || docs::check_links(&root));
    steps.step(&SPELLING, || spelling::check(&root));

    let metadata = deny::Graph::read(&root).and_then(|graph| metadata(&graph));
    steps.step(&FLOORS, || {
        let metadata = metadata.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        floors::check(metadata)
    });
    steps.step(&DENY, || {
        let metadata = metadata.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        deny::check(&root, metadata)
    });
    steps.step(&CLIPPY, || {
        run_command(cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))?;
        Ok(String::new())
    });
    steps.step(&DOC, || {
        run_command(
            cargo()
                .args(["doc", "--workspace", "--no-deps", "--document-private-items"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )?;
        Ok(String::new())
    });
    steps.finish()
}

/// What cargo knows of the workspace and all that it depends on, for the targets of `deny.toml`.
fn metadata(graph: &deny::Graph) -> Result<Value> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1"]).args(graph.cargo_arguments());
    let text = read(&mut command)?;
    serde_json::from_str(&text).context("cannot read what `cargo metadata` printed")
}
