//! `mercury import`: other services' configurations, read as those services read them.
//!
//! Nothing is guessed and nothing dropped: every option of the input is in exactly one row of the
//! table, and what cannot be managed yet is kept as a comment with its facts. A restriction that
//! cannot be read ends the import rather than being left out.

mod common;
mod device;
mod draft;
mod emit;
mod files;
mod ini;
mod ironic;
mod listen;
mod login;
mod ngs;
mod options;
mod row;
#[cfg(test)]
mod tests;
mod vlans;
mod vni;

use std::{
    fs::File,
    io::{Read as _, stdin},
    path::{Path, PathBuf},
};

use clap::Subcommand;
use serde_json::json;

pub(crate) use self::row::{Outcome, Row};
use self::{draft::Import, files::Files, ini::Document, row::Input};
use super::{
    exit::Exit,
    failure::Told,
    output::{Output, complain, look_of_stderr},
};
use crate::render::import as render;

const IRONIC: &str = "\
Examples:
  mercury import ironic-networking /etc/ironic/switches.ini
  mercury import ironic-networking /etc/ironic/switches.ini /etc/ironic/ironic.conf \\
      --output /etc/mercury/switchd.toml --secrets-dir /etc/mercury/secrets

The files are Ironic's switch configuration file and, if you like, its own configuration, which says
where the service listens, who may come in and which VLANs are allowed everywhere.";

const NGS: &str = "\
Examples:
  mercury import ngs /etc/neutron/plugins/ml2/ml2_conf_genericswitch.ini
  mercury import ngs switches.ini --output switchd.toml --json";

/// Make a configuration from that of another service.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From Ironic's networking service
    #[command(after_help = IRONIC)]
    IronicNetworking(What),
    /// From networking-generic-switch
    #[command(after_help = NGS)]
    Ngs(What),
}

#[derive(Debug, clap::Args)]
struct What {
    /// The files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where to write the configuration; `policy.toml` is written beside it, unless there is one.
    /// `-`, or nothing, is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A folder for the switches' passwords, a file each that only you can read; without it they
    /// are not carried over, and the configuration names the files that you have to write
    #[arg(long, value_name = "DIR", requires = "output")]
    secrets_dir: Option<PathBuf>,
    /// Write over files that are there; never over a policy
    #[arg(long)]
    force: bool,
    /// Print what became of each option as one JSON document, with the files' texts when they are
    /// not written
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        match &self.command {
            Command::IronicNetworking(what) | Command::Ngs(what) => what.json,
        }
    }
}

/// A place in the input that ends the import.
#[derive(Debug)]
struct Problem(String);

impl Problem {
    const VLANS: &'static str = "it is no list of VLANs like `100,200-210`";
    const VLAN: &'static str = "it is no VLAN from 1 to 4094";

    fn at(input: &Input, line: usize, what: impl AsRef<str>) -> Self {
        Self(format!("`{}`, line {line}: {}", input.name, what.as_ref()))
    }
}

/// How large a file may be: ten thousand switches are three mebibytes.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

type Importer = fn(&[Input]) -> Result<Import, Problem>;

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    let (name, what, import): (_, _, Importer) = match &args.command {
        Command::IronicNetworking(what) => ("ironic-networking", what, ironic::import),
        Command::Ngs(what) => ("ngs", what, ngs::import),
    };
    let inputs: Vec<Input> = what.files.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    let import = import(&inputs).map_err(|Problem(text)| Told::new(Exit::Broken, text))?;
    let target = what.output.as_deref().filter(|path| *path != Path::new("-"));
    let files = Files::of(&import, name, target, what.secrets_dir.as_deref());
    let notes = [import.notes.clone(), files.notes(&import)].concat();
    let Some(_) = target else {
        if what.json {
            output.json(&json!({
                "options": import.rows, "notes": notes, "files": files.texts(),
            }))?;
        } else {
            complain(&render::report(look_of_stderr(), &import.rows, &notes));
            output.text(files.configuration())?;
        }
        return Ok(Exit::Ok);
    };
    let written = files.write(what.force)?;
    if what.json {
        output.json(&json!({ "options": import.rows, "notes": notes, "written": written }))?;
    } else {
        output.text(&render::report(output.look(), &import.rows, &notes))?;
        output.text(&render::written(output.look(), &written))?;
    }
    Ok(Exit::Ok)
}

fn read(path: &Path) -> Result<Input, Told> {
    let name = path.display().to_string();
    let cannot =
        |error: std::io::Error| Told::new(Exit::Other, format!("cannot read `{name}`\n{error}"));
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        stdin().lock().take(FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).map_err(cannot)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)
    };
    let wrong = |problem: String| Told::new(Exit::Broken, format!("`{name}`{problem}"));
    if read.map_err(cannot)? as u64 > FILE_BYTES {
        return Err(wrong(format!(" is larger than {FILE_BYTES} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong(" is not UTF-8".to_owned()))?;
    let document = Document::parse(&text)
        .map_err(|(line, problem)| wrong(format!(", line {line}: {problem}")))?;
    Ok(Input { name, document })
}
