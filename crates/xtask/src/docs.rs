//! The book and its links.
//!
//! `docs/` is an mdBook source tree that reads well as plain Markdown, so links must work in both.
//! No link is followed over the network: a build may not depend on somebody's web server.

mod links;
mod markdown;

use std::path::Path;

use anyhow::{Result, bail};

use crate::cargo::{program, root, run as run_command};
use crate::files::with_extensions;
use crate::steps::findings;

/// `cargo xtask docs`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some(argument) = arguments.first() {
        bail!("`docs` takes no arguments, but got `{argument}`");
    }
    let root = root();
    println!("links: {}", check_links(&root)?);
    if !root.join("docs/book.toml").is_file() {
        println!("book: there is no docs/book.toml yet");
    } else if program("mdbook").arg("--version").output().is_ok() {
        run_command(program("mdbook").args(["build", "docs"]))?;
    } else {
        println!(
            "book: not built, since mdbook is not installed (`cargo install mdbook`); \
             docs/src reads as plain Markdown, from SUMMARY.md on"
        );
    }
    Ok(())
}

/// Checks every relative link and anchor in every `*.md` of the repository, and that the book's
/// contents list all of its pages.
pub(crate) fn check_links(root: &Path) -> Result<String> {
    let files = with_extensions(root, &["md"])?;
    let checked = links::check(root, &files);
    findings(&checked.broken)?;
    Ok(format!("{} links in {} files", checked.links, files.len()))
}
