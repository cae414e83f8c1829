//! The client's configuration: named profiles, so that an address and its credentials are written
//! down once.
//!
//! No error repeats a value of the file, because some of them are secrets.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use toml::{Table, Value};

use super::Auth;
use crate::cli::{exit::Exit, failure::Told};

/// The keys of a profile.
const KEYS: [&str; 11] = [
    "url",
    "user",
    "password",
    "password_file",
    "token",
    "token_file",
    "auth",
    "cert",
    "key",
    "cacert",
    "retries",
];
/// How large the file may be: a hundred profiles are twenty kilobytes.
const FILE_BYTES: u64 = 1024 * 1024;
/// Who else may read a file that holds secrets: nobody.
const FORBIDDEN_MODE: u32 = 0o044;

/// The file.
#[derive(Debug)]
pub(in crate::cli) struct Profiles {
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) default: Option<String>,
    pub(in crate::cli) profiles: BTreeMap<String, Profile>,
}

/// One profile of it. Relative paths start from the file's folder.
#[derive(Debug, Default)]
pub(in crate::cli) struct Profile {
    pub(in crate::cli) url: Option<String>,
    pub(in crate::cli) user: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) token: Option<SecretString>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) auth: Option<Auth>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) cacert: Option<PathBuf>,
    pub(super) retries: Option<u32>,
}

impl Profiles {
    /// Reads the file that the environment names, or the user's own; nothing when there is none.
    pub(super) fn load(variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, Told> {
        let named = variable("MERCURY_CLIENT_CONFIG").map(PathBuf::from);
        let path = named.clone().or_else(|| {
            let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
            let config =
                config.or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
            config.map(|folder| folder.join("mercury/client.toml"))
        });
        let Some(path) = path else { return Ok(None) };
        let shown = path.display();
        let cannot = |error: std::io::Error| {
            Told::new(
                Exit::Other,
                format!("cannot read the client's configuration `{shown}`\n{error}"),
            )
        };
        let found = match fs::metadata(&path) {
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            found => found.map_err(cannot)?,
        };
        if !found.is_file() || found.len() > FILE_BYTES {
            let problem = format!("`{shown}` is not a configuration of the client");
            return Err(Told::new(Exit::Broken, problem));
        }
        let text = fs::read_to_string(&path).map_err(cannot)?;
        let open = found.permissions().mode() & FORBIDDEN_MODE != 0;
        Self::parse(&text, &path, open).map(Some)
    }

    /// Reads the text of the file; `open` says that others can read it.
    fn parse(text: &str, path: &Path, open: bool) -> Result<Self, Told> {
        let shown = path.display();
        let wrong = |problem: String| Told::new(Exit::Broken, format!("`{shown}`{problem}"));
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
            });
            wrong(format!(", line {line}: {}", error.message()))
        })?;
        let mut default = None;
        let mut profiles = BTreeMap::new();
        for (key, value) in &table {
            match (key.as_str(), value) {
                ("default", Value::String(name)) => default = Some(name.clone()),
                ("profile", Value::Table(tables)) => {
                    for (name, value) in tables {
                        let read = read(value, path.parent(), open).map_err(|(key, problem)| {
                            let hint = if problem.contains("read by others") {
                                format!("chmod 600 {shown}, or use `{key}_file`")
                            } else {
                                format!("a profile has {}", listed(&KEYS))
                            };
                            wrong(format!(": `profile.{name}.{key}` {problem}")).hint(hint)
                        })?;
                        profiles.insert(name.clone(), read);
                    }
                }
                ("default", _) => return Err(wrong(": `default` is not a text".to_owned())),
                ("profile", _) => return Err(wrong(": `profile` is not a table".to_owned())),
                (other, _) => {
                    return Err(wrong(format!(": `{other}` is unknown"))
                        .hint("it has `default` and tables like `[profile.lab]`"));
                }
            }
        }
        let read = Self { path: path.to_owned(), default, profiles };
        if let Some(name) = &read.default {
            read.get(name)?;
        }
        Ok(read)
    }

    /// A profile by its name.
    pub(super) fn get(&self, name: &str) -> Result<&Profile, Told> {
        self.profiles.get(name).ok_or_else(|| {
            let problem = format!("there is no profile `{name}` in `{}`", self.path.display());
            let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "none".to_owned() } else { listed(&names) };
            Told::new(Exit::Usage, problem).hint(format!("there is {there}"))
        })
    }
}

/// Reads one profile; an error is a key and what is wrong with it.
fn read(
    value: &Value,
    folder: Option<&Path>,
    open: bool,
) -> Result<Profile, (String, &'static str)> {
    let Value::Table(table) = value else { return Err((String::new(), "is not a table")) };
    if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err((other.clone(), "is unknown"));
    }
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err((key.to_owned(), "is not a text, or is empty")),
    };
    let path = |key: &str| {
        let path = text(key)?.map(PathBuf::from);
        Ok(path.map(|path| folder.map_or(path.clone(), |folder| folder.join(path))))
    };
    let secret = |key: &str| match text(key)? {
        Some(_) if open => Err((key.to_owned(), "stands in a file that can be read by others")),
        found => Ok(found.map(SecretString::from)),
    };
    let auth = match text("auth")? {
        None => None,
        Some(name) => Some(<Auth as clap::ValueEnum>::from_str(&name, false).map_err(|_| {
            let problem = "is none of `asked`, `basic`, `digest`, `digest-md5`, `token`, `none`";
            ("auth".to_owned(), problem)
        })?),
    };
    let retries = match table.get("retries") {
        None => None,
        Some(Value::Integer(number)) => Some(
            u32::try_from(*number).map_err(|_| ("retries".to_owned(), "is no number from 0"))?,
        ),
        Some(_) => return Err(("retries".to_owned(), "is no number from 0")),
    };
    let both = |one: &str, two: &str| {
        if table.contains_key(one) && table.contains_key(two) {
            Err((one.to_owned(), "stands beside its `_file`; one is enough"))
        } else {
            Ok(())
        }
    };
    both("password", "password_file")?;
    both("token", "token_file")?;
    Ok(Profile {
        url: text("url")?,
        user: text("user")?,
        password: secret("password")?,
        password_file: path("password_file")?,
        token: secret("token")?,
        token_file: path("token_file")?,
        auth,
        cert: path("cert")?,
        key: path("key")?,
        cacert: path("cacert")?,
        retries,
    })
}

fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(text: &str, open: bool) -> Result<Profiles, Told> {
        Profiles::parse(text, Path::new("/home/ada/client.toml"), open)
    }

    #[test]
    fn profiles_are_read_and_paths_start_from_the_files_folder() {
        let text = "default = \"lab\"\n[profile.lab]\nurl = \"https://x\"\nuser = \"ada\"\n\
                    password_file = \"secret/pw\"\ncert = \"/etc/c.pem\"\nauth = \"digest-md5\"\n\
                    retries = 0\n[profile.here]\n";
        let profiles = parse(text, true).unwrap();
        let lab = profiles.get("lab").unwrap();
        assert_eq!(lab.password_file.as_deref(), Some(Path::new("/home/ada/secret/pw")));
        assert_eq!(lab.cert.as_deref(), Some(Path::new("/etc/c.pem")));
        assert_eq!((lab.auth, lab.retries), (Some(Auth::DigestMd5), Some(0)));
        assert_eq!(profiles.default.as_deref(), Some("lab"));
    }

    #[rstest]
    #[case("[profile.lab]\npassword = \"hunter2\n", "`/home/ada/client.toml`, line 2: ")]
    #[case("colour = \"hunter2\"", ": `colour` is unknown")]
    #[case("default = 1", ": `default` is not a text")]
    #[case("profile = 1", ": `profile` is not a table")]
    #[case("default = \"lab\"", "there is no profile `lab` in `/home/ada/client.toml`")]
    #[case("[profile.lab]\nusr = \"hunter2\"", ": `profile.lab.usr` is unknown")]
    #[case("[profile.lab]\npassword = 5", ": `profile.lab.password` is not a text")]
    #[case("[profile.lab]\nauth = \"hunter2\"", ": `profile.lab.auth` is none of `asked`")]
    #[case("[profile.lab]\nretries = -1", ": `profile.lab.retries` is no number from 0")]
    #[case(
        "[profile.lab]\npassword = \"hunter2\"\npassword_file = \"x\"",
        ": `profile.lab.password` stands beside its `_file`; one is enough"
    )]
    fn mistakes_are_named_and_secrets_are_not(#[case] text: &str, #[case] want: &str) {
        let error = parse(text, false).unwrap_err().to_string();
        assert!(error.contains(want) && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_secret_in_a_file_that_others_read_is_refused() {
        for key in ["password", "token"] {
            let text = format!("[profile.lab]\n{key} = \"hunter2\"");
            assert!(parse(&text, false).is_ok());
            let error = parse(&text, true).unwrap_err().to_string();
            let want = format!("`profile.lab.{key}` stands in a file that can be read by others");
            assert!(error.ends_with(&want), "{error}");
        }
    }
}
