//! Files with credentials: read whole, small, and used by nobody else.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// How large a file may be: a thousand users are 80 kilobytes.
const FILE_BYTES: u64 = 1024 * 1024;
/// What others may do with it: nothing, and the group may read at most.
const FORBIDDEN_MODE: u32 = 0o027;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read the {what} file `{}`", path.display())]
    Read {
        /// What kind of file it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others may read or write it.
    #[error(
        "the {what} file `{}` has mode {mode:04o}: others may read it or its group may write it\nhint: chmod 0640 {}",
        path.display(),
        path.display()
    )]
    Mode {
        /// What kind of file it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is no file, is too large, or names nobody.
    #[error("the {what} file `{}` {problem}", path.display())]
    File {
        /// What kind of file it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A line of it cannot be used.
    #[error("the {what} file `{}`, line {line}: {problem}", path.display())]
    Line {
        /// What kind of file it is.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, without the hash.
        problem: String,
    },
}

/// What is wrong with a line: its number, from 1, and the problem without the hash.
pub(super) type BadLine = (usize, String);

/// Reads a file of users and has it parsed. `named` is how many users the result has.
pub(super) fn load<T>(
    what: &'static str,
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, BadLine>,
    named: impl FnOnce(&T) -> usize,
) -> Result<T, FileError> {
    let read = |source| FileError::Read { what, path: path.to_owned(), source };
    let unusable = |problem: &str| FileError::File {
        what,
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    // Asked before it is opened, because opening a named pipe waits for its writer.
    if !fs::metadata(path).map_err(read)?.is_file() {
        return Err(unusable("is no regular file"));
    }
    let file = fs::File::open(path).map_err(read)?;
    let mode = file.metadata().map_err(read)?.permissions().mode() & 0o7777;
    if mode & FORBIDDEN_MODE != 0 {
        return Err(FileError::Mode { what, path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(read)?;
    if text.len() as u64 > FILE_BYTES {
        return Err(unusable("is larger than a mebibyte"));
    }
    // A file that is being written ends in the middle of a line, which may well look like one.
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(unusable("does not end with a line feed: it is only half written"));
    }
    let loaded = parse(&text).map_err(|(line, problem)| FileError::Line {
        what,
        path: path.to_owned(),
        line,
        problem,
    })?;
    if named(&loaded) == 0 {
        return Err(unusable("names no user"));
    }
    Ok(loaded)
}

/// The lines that mean something, with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
