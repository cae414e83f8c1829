//! Whether links lead somewhere.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::files::File;

use super::markdown::{self, Document};

/// The contents of the book.
const SUMMARY: &str = "docs/src/SUMMARY.md";

/// What was found.
pub(super) struct Checked {
    /// Relative links, and anchors in the own document.
    pub(super) links: usize,
    /// One line each: where it is written, and what is wrong.
    pub(super) broken: Vec<String>,
}

/// Checks the links of `files`, whose paths are relative to `root`.
pub(super) fn check(root: &Path, files: &[File]) -> Checked {
    let documents: BTreeMap<&Path, Document> =
        files.iter().map(|file| (file.path.as_path(), markdown::read(&file.text))).collect();
    let mut checked = Checked { links: 0, broken: Vec::new() };
    for (path, document) in &documents {
        for link in document.links.iter().filter(|link| !is_elsewhere(&link.destination)) {
            checked.links += 1;
            if let Err(reason) = follow(root, &documents, path, &link.destination) {
                checked.broken.push(format!(
                    "{}:{}: `{}` {reason}",
                    path.display(),
                    link.line,
                    link.destination
                ));
            }
        }
    }
    checked.broken.extend(unlisted(&documents));
    checked
}

/// Whether the link has a scheme (`https:`, `mailto:`): not ours to check.
fn is_elsewhere(destination: &str) -> bool {
    destination.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+')
    })
}

fn follow(
    root: &Path,
    documents: &BTreeMap<&Path, Document>,
    from: &Path,
    destination: &str,
) -> Result<(), String> {
    let (path, anchor) = match destination.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (destination, None),
    };
    let path = decode(path);
    let to = if path.is_empty() && anchor.is_some() {
        from.to_path_buf()
    } else if path.is_empty() {
        return Err("leads nowhere: the link is empty".to_owned());
    } else if path.starts_with('/') {
        return Err("starts at the root of some file system; write it relative to this file".into());
    } else {
        join(from, &path).ok_or("leads out of the repository")?
    };
    if !root.join(&to).exists() {
        return Err(format!("leads nowhere: there is no `{}`", to.display()));
    }
    // Only in Markdown is an anchor ours to judge; `x.rs#L10` belongs to a viewer.
    if let (Some(anchor), Some(document)) = (anchor, documents.get(to.as_path()))
        && !document.anchors.contains(&decode(anchor))
    {
        return Err(format!("leads nowhere: `{}` has no heading `#{anchor}`", to.display()));
    }
    Ok(())
}

/// The path from the root that `path` means in the file `from`; none if it leaves the root.
fn join(from: &Path, path: &str) -> Option<PathBuf> {
    let mut to = from.parent()?.to_path_buf();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => to.push(name),
            Component::ParentDir => {
                if !to.pop() {
                    return None;
                }
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(to)
}

/// Undoes percent encoding; what is no encoding stays as it is.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let encoded = (first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(encoded.unwrap_or(first));
        rest = if encoded.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Pages of the book that its contents do not name: mdBook leaves them out without a word.
fn unlisted(documents: &BTreeMap<&Path, Document>) -> Vec<String> {
    let summary = Path::new(SUMMARY);
    let Some(contents) = documents.get(summary) else {
        return Vec::new();
    };
    let listed: Vec<PathBuf> = contents
        .links
        .iter()
        .filter_map(|link| join(summary, &decode(&link.destination)))
        .collect();
    documents
        .keys()
        .filter(|path| path.starts_with("docs/src") && **path != summary)
        .filter(|path| !listed.iter().any(|listed| listed == *path))
        .map(|path| format!("{}: is not in {SUMMARY}, so the book leaves it out", path.display()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the files to a folder and checks them there.
    fn broken(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = crate::files::with_extensions(root.path(), &["md"]).unwrap();
        check(root.path(), &found).broken
    }

    #[test]
    fn good_links_are_quiet() {
        assert_eq!(
            broken(&[
                (
                    "README.md",
                    "# Top\n[a](docs/a%20b.md#two-words) [t](#top) [c](src/x.rs#L3) [d](docs) \
                     [w](https://example.org/x#y) [m](mailto:a@b)"
                ),
                ("docs/a b.md", "# Two words\n[up](../README.md#top)"),
                ("src/x.rs", ""),
            ]),
            [""; 0]
        );
    }

    #[test]
    fn each_way_to_be_broken_is_named_with_its_place() {
        assert_eq!(
            broken(&[(
                "README.md",
                "# Top\n\n[a](gone.md) [b](#gone)\n[c](../x.md) [d](/etc/x.md) [e]()"
            )]),
            [
                "README.md:3: `gone.md` leads nowhere: there is no `gone.md`",
                "README.md:3: `#gone` leads nowhere: `README.md` has no heading `#gone`",
                "README.md:4: `../x.md` leads out of the repository",
                "README.md:4: `/etc/x.md` starts at the root of some file system; write it relative to this file",
                "README.md:4: `` leads nowhere: the link is empty",
            ]
        );
    }

    #[test]
    fn a_page_that_the_contents_do_not_name_is_found() {
        assert_eq!(
            broken(&[
                ("docs/src/SUMMARY.md", "- [A](a.md)\n- [B](sub/b.md)"),
                ("docs/src/a.md", ""),
                ("docs/src/sub/b.md", ""),
                ("docs/src/sub/c.md", ""),
            ]),
            ["docs/src/sub/c.md: is not in docs/src/SUMMARY.md, so the book leaves it out"]
        );
    }
}
