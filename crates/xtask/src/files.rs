//! The files of the repository that people write.
//!
//! A plain walk that leaves out what is built or fetched. Asking git would be more exact, but git
//! refuses a work tree that belongs to another user, and a release archive has none.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Folders that hold nothing written by a person.
const SKIPPED: [&str; 7] =
    [".git", "target", "__pycache__", "node_modules", "book", "corpus", "artifacts"];

/// A file: its path from the root, and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// All files under `root` whose extension is one of `extensions`, sorted by path. A file that is
/// not UTF-8 is left out: these checks concern text.
pub(crate) fn with_extensions(root: &Path, extensions: &[&str]) -> Result<Vec<File>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list `{}`", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list `{}`", folder.display()))?;
            let kind = entry.file_type().context("cannot tell a file's type")?;
            let path = entry.path();
            if kind.is_dir() && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                folders.push(path);
            } else if kind.is_file() && has_extension(&path, extensions) {
                let bytes = std::fs::read(&path)
                    .with_context(|| format!("cannot read `{}`", path.display()))?;
                if let Ok(text) = String::from_utf8(bytes) {
                    let path = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
                    found.push(File { path, text });
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_finds_nested_files_and_leaves_out_what_is_built() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("b/c.md", "c"),
            ("a.md", "a"),
            ("a.rs", "no"),
            ("target/x.md", "no"),
            ("d.md", "\u{e9}"),
        ] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::write(root.path().join("latin1.md"), [0xe9]).unwrap();
        let found: Vec<_> = with_extensions(root.path(), &["md"])
            .unwrap()
            .into_iter()
            .map(|file| (file.path.display().to_string(), file.text))
            .collect();
        assert_eq!(
            found,
            [("a.md", "a"), ("b/c.md", "c"), ("d.md", "\u{e9}")]
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
        );
    }
}
