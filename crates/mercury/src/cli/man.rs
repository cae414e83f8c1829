//! `mercury man`: the manual pages, from the same texts as `--help`.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::{Cli, exit::Exit, output::Output};

const EXAMPLES: &str = "\
Examples:
  mercury man /usr/local/share/man/man1     one page a command: mercury(1), mercury-switchd(1), …
  mercury man . && man ./mercury-switch-attach.1";

/// Write the manual pages.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder to write them into; made if it is not there
    folder: PathBuf,
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    let Args { folder } = args;
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let mut mercury = Cli::command().disable_help_subcommand(true);
    mercury.build();
    let mut pages = Vec::new();
    collect(&mercury, &mut pages)?;
    for Page { file, text } in &pages {
        let path = folder.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    output.text(&format!("{} pages in `{}`\n", pages.len(), folder.display()))?;
    Ok(Exit::Ok)
}

struct Page {
    file: String,
    text: String,
}

/// The page of a command, and those of the commands below it.
fn collect(command: &Command, pages: &mut Vec<Page>) -> anyhow::Result<()> {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render(&mut text)?;
    let text = examples_as_written(&String::from_utf8(text)?);
    pages.push(Page { file: man.get_filename(), text });
    command.get_subcommands().try_for_each(|below| collect(below, pages))
}

/// Keeps the lines of the last section as they are: they are commands to be copied.
fn examples_as_written(page: &str) -> String {
    let Some((before, extra)) = page.split_once("\n.SH EXTRA\n") else { return page.to_owned() };
    let (extra, after) = extra.split_once("\n.SH ").unwrap_or((extra, ""));
    let after = if after.is_empty() { String::new() } else { format!(".SH {after}") };
    format!("{before}\n.SH \"EXAMPLES AND NOTES\"\n.nf\n{extra}\n.fi\n{after}")
}
