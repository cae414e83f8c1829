//! The files that an import writes: all of them or, if one is in the way, none.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    draft::Import,
    emit::{SECRETS, configuration, file_name, policy},
};
use crate::cli::{exit::Exit, failure::Told};

/// The texts, and where they go.
pub(super) struct Files {
    configuration: String,
    policy: String,
    target: Option<PathBuf>,
    secrets: Vec<(PathBuf, SecretString)>,
}

impl Files {
    pub(super) fn of(
        import: &Import,
        command: &str,
        target: Option<&Path>,
        secrets: Option<&Path>,
    ) -> Self {
        let all = import.switches.iter().flat_map(|draft| {
            let given = |secret| Some((file_name(draft, secret), secret.value.clone()?));
            draft.secrets.iter().filter_map(given)
        });
        let secrets_in = secrets
            .into_iter()
            .flat_map(|folder| all.clone().map(move |(name, value)| (folder.join(name), value)));
        // A relative path in the configuration starts from the configuration's folder.
        let absolute = secrets.map(|path| std::path::absolute(path).unwrap_or(path.to_owned()));
        Self {
            configuration: configuration(import, command, absolute.as_deref()),
            policy: policy(import),
            target: target.map(Path::to_owned),
            secrets: secrets_in.collect(),
        }
    }

    pub(super) fn configuration(&self) -> &str {
        &self.configuration
    }

    /// The texts without the secrets.
    pub(super) fn texts(&self) -> BTreeMap<&'static str, &str> {
        BTreeMap::from([("switchd.toml", &*self.configuration), ("policy.toml", &*self.policy)])
    }

    /// What is to be said about files.
    pub(super) fn notes(&self, import: &Import) -> Vec<String> {
        let mut notes = Vec::new();
        if self.target.is_none() {
            notes
                .push("the policy is written beside the configuration, with `--output`".to_owned());
        } else if self.policy_path().is_some_and(|path| path.exists()) {
            notes.push("there is a `policy.toml` already, which was left as it is".to_owned());
        }
        if self.secrets.is_empty() {
            notes.extend(left_behind(import));
        }
        notes
    }

    fn policy_path(&self) -> Option<PathBuf> {
        self.target.as_ref().map(|target| target.with_file_name("policy.toml"))
    }

    /// Writes them and says which.
    pub(super) fn write(&self, force: bool) -> Result<Vec<String>, Told> {
        let mut todo: Vec<(PathBuf, &str, u32)> = Vec::new();
        for (path, secret) in &self.secrets {
            todo.push((path.clone(), secret.expose_secret(), 0o600));
        }
        if let Some(path) = self.policy_path().filter(|path| !path.exists()) {
            todo.push((path, &self.policy, 0o640));
        }
        todo.extend(self.target.iter().map(|path| (path.clone(), &*self.configuration, 0o640)));
        if let Some((there, ..)) = todo.iter().find(|(path, ..)| !force && path.exists()) {
            let message = format!("`{}` is there already; nothing was written", there.display());
            return Err(Told::new(Exit::Usage, message).hint("`--force` writes over it"));
        }
        if let Some(folder) = self.secrets.first().and_then(|(path, _)| path.parent()) {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|error| cannot(folder, &error))?;
        }
        for (path, text, mode) in &todo {
            put(path, text, *mode, force).map_err(|error| cannot(path, &error))?;
        }
        Ok(todo.iter().map(|(path, ..)| path.display().to_string()).collect())
    }
}

/// What is to be said about secrets that nobody asked to be kept.
fn left_behind(import: &Import) -> Vec<String> {
    let mut options: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    for draft in &import.switches {
        let managed = draft.device.driver().is_some();
        for secret in draft.secrets.iter().filter(|secret| secret.value.is_some()) {
            let switches = options.entry((!managed, &secret.option)).or_default();
            switches.push(format!("`{}`", draft.name));
        }
    }
    let note = |((unmanaged, option), switches): ((bool, &str), Vec<String>)| {
        let what = format!("`{option}` of {} was not carried over", switches.join(", "));
        if unmanaged {
            return format!("{what}; `--secrets-dir` keeps it in a file");
        }
        format!(
            "{what}: write it to `{SECRETS}/NAME.{option}` beside the configuration, readable by \
             the service's user alone, or let `--secrets-dir` write it"
        )
    };
    options.into_iter().map(note).collect()
}

/// Writes a file beside its place and moves it there, so that nobody sees half of it or, if it is
/// a secret, more than they may.
fn put(path: &Path, text: &str, mode: u32, force: bool) -> std::io::Result<()> {
    if !force {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        return file.write_all(text.as_bytes());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

fn cannot(path: &Path, error: &std::io::Error) -> Told {
    Told::new(Exit::Other, format!("cannot write `{}`\n{error}", path.display()))
}
