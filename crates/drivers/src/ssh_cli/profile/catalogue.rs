//! The profiles that there are: those that are built in, and those of a folder, which add to them
//! or take the place of one.
//!
//! A profile is checked when it is used. Those of a folder are checked when the folder is read: an
//! operator should not learn of a mistake from a switch that cannot be used.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use serde::Deserialize;
use thiserror::Error;

use super::{Profile, ProfileError, shape::suggestion};

/// How many files a folder may have: many times the systems that there are.
const MAX_FILES: usize = 200;

/// The built-in profiles: file names without `.toml`, and texts.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/profiles.rs"));

/// Why there is no such profile, or why a folder is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogueError {
    /// No profile is called so.
    #[error("there is no profile `{name}`{hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        hint: String,
    },
    /// A profile has mistakes.
    #[error("the profile `{name}` is refused:\n{error}")]
    Refused {
        /// Its name, or the file.
        name: String,
        /// The mistakes.
        error: ProfileError,
    },
    /// A folder or a file cannot be read.
    #[error("cannot read `{}`: {problem}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// Files of a folder do not go together.
    #[error("`{}` {problem}", path.display())]
    Clash {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
}

/// Where a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is built in.
    BuiltIn,
    /// It is in a file.
    File {
        /// Where.
        path: PathBuf,
        /// Whether it takes the place of a built-in one.
        overrides: bool,
    },
}

/// A profile that may not have been read yet.
#[derive(Debug)]
pub struct Entry {
    name: String,
    source: Source,
    text: Cow<'static, str>,
    parsed: OnceLock<Result<Arc<Profile>, ProfileError>>,
}

/// The part of a profile by which it is found.
#[derive(Debug, Default, Deserialize)]
struct Header {
    #[serde(default)]
    aliases: Vec<String>,
}

impl Entry {
    const fn new(name: String, source: Source, text: Cow<'static, str>) -> Self {
        Self { name, source, text, parsed: OnceLock::new() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it comes from.
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// The file as it is.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The profile, checked.
    pub fn profile(&self) -> Result<Arc<Profile>, CatalogueError> {
        let parsed = self.parsed.get_or_init(|| Profile::parse(&self.text).map(Arc::new));
        parsed.clone().map_err(|error| CatalogueError::Refused { name: self.name.clone(), error })
    }

    fn aliases(&self) -> Vec<String> {
        toml::from_str::<Header>(&self.text).unwrap_or_default().aliases
    }
}

/// Profiles by name.
#[derive(Debug)]
pub struct Profiles {
    entries: BTreeMap<String, Entry>,
}

impl Profiles {
    /// The built-in profiles.
    pub fn embedded() -> Self {
        let entry = |(name, text): &(&str, &'static str)| {
            let entry = Entry::new((*name).to_owned(), Source::BuiltIn, Cow::Borrowed(*text));
            ((*name).to_owned(), entry)
        };
        Self { entries: BUILT_IN.iter().map(entry).collect() }
    }

    /// The built-in profiles and those of a folder: its files `NAME.toml`, not those of folders in
    /// it. One that is called like a built-in profile takes its place.
    pub fn with_dir(folder: &Path) -> Result<Self, CatalogueError> {
        let unreadable = |path: &Path, error: &io::Error| CatalogueError::Unreadable {
            path: path.to_owned(),
            problem: error.to_string(),
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
            if files.len() > MAX_FILES {
                return Err(CatalogueError::Clash {
                    path: folder.to_owned(),
                    problem: format!("has more than {MAX_FILES} profiles"),
                });
            }
        }
        files.sort();
        let mut profiles = Self::embedded();
        for path in files {
            let text = read(&path).map_err(|error| unreadable(&path, &error))?;
            profiles.add(path, text)?;
        }
        profiles.unambiguous()?;
        Ok(profiles)
    }

    fn add(&mut self, path: PathBuf, text: String) -> Result<(), CatalogueError> {
        let shown = path.display().to_string();
        let profile = Profile::parse(&text)
            .map_err(|error| CatalogueError::Refused { name: shown, error })?;
        let name = profile.raw.name.clone();
        if path.file_stem().is_none_or(|stem| stem != name.as_str()) {
            let problem = format!("holds the profile `{name}`: it has to be called `{name}.toml`");
            return Err(CatalogueError::Clash { path, problem });
        }
        let overrides = self.entries.contains_key(&name);
        let entry = Entry::new(name.clone(), Source::File { path, overrides }, Cow::Owned(text));
        let _ = entry.parsed.set(Ok(Arc::new(profile)));
        self.entries.insert(name, entry);
        Ok(())
    }

    /// An alias belongs to one profile.
    fn unambiguous(&self) -> Result<(), CatalogueError> {
        let mut owners: BTreeMap<String, &Entry> = BTreeMap::new();
        for entry in self.entries.values() {
            for alias in entry.aliases() {
                let taken = self.entries.get(&alias).or_else(|| owners.get(&alias).copied());
                let Some(other) = taken else {
                    owners.insert(alias, entry);
                    continue;
                };
                // The one that was added is to blame.
                let (path, of) = match (&entry.source, &other.source) {
                    (Source::File { path, .. }, _) => (path, &other.name),
                    (Source::BuiltIn, Source::File { path, .. }) => (path, &entry.name),
                    (Source::BuiltIn, Source::BuiltIn) => continue,
                };
                let problem = format!("has the alias `{alias}`, which `{of}` has");
                return Err(CatalogueError::Clash { path: path.clone(), problem });
            }
        }
        Ok(())
    }

    /// The profile of this name or alias.
    pub fn get(&self, name: &str) -> Result<&Entry, CatalogueError> {
        if let Some(entry) = self.entries.get(name) {
            return Ok(entry);
        }
        let mut entries = self.entries.values();
        if let Some(entry) = entries.find(|entry| entry.aliases().iter().any(|a| a == name)) {
            return Ok(entry);
        }
        let known: Vec<&str> = self.entries.keys().map(String::as_str).collect();
        let hint = suggestion(name, &known);
        Err(CatalogueError::Unknown { name: name.escape_debug().to_string(), hint })
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

/// The text of a file that is no longer than a profile may be.
fn read(path: &Path) -> io::Result<String> {
    let file = fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let most = u64::try_from(Profile::MAX_BYTES).unwrap_or(u64::MAX);
    let mut text = String::new();
    // One more byte than there may be, so that the check of the length sees it.
    file.take(most + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The built-in profiles, checked once for all tests.
#[cfg(test)]
pub(super) fn built_in() -> &'static Profiles {
    static PROFILES: std::sync::LazyLock<Profiles> = std::sync::LazyLock::new(Profiles::embedded);
    &PROFILES
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = include_str!("tests/minimal.toml");

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn built_in_profiles_are_called_like_their_files_and_share_no_alias() {
        let profiles = built_in();
        let mut names: Vec<String> = Vec::new();
        for entry in profiles.iter() {
            let profile = entry.profile().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(profile.raw.name, entry.name());
            names.push(entry.name().to_owned());
            names.extend(entry.aliases());
        }
        for name in &names {
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
            assert!(profiles.get(name).is_ok());
        }
    }

    #[test]
    fn a_folder_adds_profiles_and_says_so() {
        let folder = folder(&[("example.toml", OTHER), ("notes.txt", "anything")]);
        let profiles = Profiles::with_dir(folder.path()).unwrap();
        let added = profiles.get("example").unwrap();
        let path = folder.path().join("example.toml");
        assert_eq!(*added.source(), Source::File { path, overrides: false });
        assert_eq!(profiles.iter().count(), Profiles::embedded().iter().count() + 1);
        let error = profiles.get("exampel").unwrap_err().to_string();
        assert_eq!(error, "there is no profile `exampel`; did you mean `example`?");
    }

    #[test]
    fn a_file_of_another_name_is_refused() {
        let folder = folder(&[("exmple.toml", OTHER)]);
        let error = Profiles::with_dir(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("holds the profile `example`: it has to be called `example.toml`"),
            "{error}"
        );
    }

    #[test]
    fn an_alias_of_two_profiles_is_refused() {
        let one = OTHER.replace("title", "aliases = [\"other\"]\ntitle");
        let two = one.replace("\"example\"", "\"second\"");
        let folder = folder(&[("example.toml", &one), ("second.toml", &two)]);
        let error = Profiles::with_dir(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("has the alias `other`, which `example` has"), "{error}");
    }

    #[test]
    fn a_file_that_is_too_long_or_no_file_is_refused() {
        let long = format!("{OTHER}{}", "#".repeat(Profile::MAX_BYTES));
        let long = folder(&[("example.toml", &long)]);
        let error = Profiles::with_dir(long.path()).unwrap_err().to_string();
        assert!(error.contains("longer than 262144 bytes"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("example.toml")).unwrap();
        let error = Profiles::with_dir(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("it is no file"), "{error}");
        let error = Profiles::with_dir(Path::new("/nonexistent")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read `/nonexistent`: "), "{error}");
    }
}
