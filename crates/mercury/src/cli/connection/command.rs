//! `mercury connection`: which services the client knows, and what it would use.

use clap::Subcommand;
use serde_json::json;

use super::{
    super::{exit::Exit, output::Output},
    Connection, Profile, Said, profiles,
};
use crate::render::Shown;

const ABOUT: &str = "\
Profiles are in ~/.config/mercury/client.toml ($XDG_CONFIG_HOME), or in the file that
MERCURY_CLIENT_CONFIG names:

  default = \"lab\"

  [profile.lab]
  url = \"https://switchd.lab.example:8191\"
  user = \"ada\"
  password_file = \"lab.password\"
  cacert = \"lab-ca.pem\"

A profile has `url`, `user`, `password` or `password_file`, `token` or `token_file`, `auth`, `cert`,
`key`, `cacert` and `retries`. Relative paths start from the file's folder. The command line counts
more than the environment, and that more than a profile; what a profile knows goes to no other
address than its own.";

const SHOW: &str = "\
Examples:
  mercury connection show
  mercury connection show --profile lab --user bob";

/// Look at how the client connects to services.
#[derive(Debug, clap::Args)]
#[command(after_long_help = ABOUT)]
pub(in crate::cli) struct Args {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the profiles
    List,
    /// Show what a command would use, and where each part comes from; no secret is shown
    #[command(after_help = SHOW)]
    Show {
        #[command(flatten)]
        connection: Box<Connection>,
    },
}

impl Args {
    pub(in crate::cli) const fn json(&self) -> bool {
        self.json
    }
}

pub(in crate::cli) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List => list(args.json, output),
        Command::Show { connection } => show(connection, args.json, output),
    }
}

fn list(json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let found = profiles()?;
    if json {
        let profiles = found.as_ref().map_or_else(Vec::new, |found| {
            let one = |(name, profile): (&String, &Profile)| {
                let default = found.default.as_ref() == Some(name);
                json!({ "name": name, "default": default, "url": profile.url, "user": profile.user })
            };
            found.profiles.iter().map(one).collect()
        });
        output.json(&profiles)?;
        return Ok(Exit::Ok);
    }
    let mut rows = output.look().table(["PROFILE", "ADDRESS", "USER", ""]);
    for (name, profile) in found.iter().flat_map(|found| &found.profiles) {
        let is_default = found.as_ref().is_some_and(|found| found.default.as_ref() == Some(name));
        rows.add([
            Shown::from(name),
            Shown::from(profile.url.as_deref().unwrap_or("any")),
            Shown::from(profile.user.as_deref().unwrap_or_default()),
            Shown::from(if is_default { "default" } else { "" }),
        ]);
    }
    match &found {
        Some(found) if !found.profiles.is_empty() => output.text(&rows.to_string())?,
        Some(found) => output.text(&format!("no profiles in {}\n", found.path.display()))?,
        None => {
            output.text("the client has no configuration; see `mercury connection --help`\n")?;
        }
    }
    Ok(Exit::Ok)
}

fn show(connection: &Connection, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let used = connection.resolve()?;
    let auth = clap::ValueEnum::to_possible_value(&used.auth);
    let auth = auth.map(|value| value.get_name().to_owned()).unwrap_or_default();
    let path = |said: &Option<Said<std::path::PathBuf>>| {
        said.as_ref().map(|said| (said.value.display().to_string(), said.origin.to_string()))
    };
    let mut rows = vec![
        ("url", used.url.value.clone(), used.url.origin.to_string()),
        ("auth", auth, used.credentials_from().unwrap_or_default()),
    ];
    rows.extend(used.user.iter().map(|user| ("user", user.value.clone(), user.origin.to_string())));
    for (name, said) in [("cert", &used.cert), ("key", &used.key), ("cacert", &used.cacert)] {
        rows.extend(path(said).map(|(value, origin)| (name, value, origin)));
    }
    rows.push(("retries", used.retries.to_string(), String::new()));
    if json {
        let document: serde_json::Map<_, _> = rows
            .into_iter()
            .map(|(name, value, from)| (name.to_owned(), json!({ "value": value, "from": from })))
            .collect();
        output.json(&document)?;
        return Ok(Exit::Ok);
    }
    let mut table = output.look().table(["", "VALUE", "FROM"]);
    for (name, value, origin) in &rows {
        table.add([Shown::from(name), Shown::from(value), Shown::from(origin)]);
    }
    output.text(&table.to_string())?;
    Ok(Exit::Ok)
}
