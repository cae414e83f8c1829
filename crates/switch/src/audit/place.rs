//! The log's files: how the current one is opened and trusted, and where the older ones are.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::AuditError;

/// The files of the log at `path`, the oldest first: the rotated ones by number, then the current
/// one if it is there.
///
/// # Errors
/// [`AuditError::Io`] when the folder cannot be listed.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let mut files: Vec<PathBuf> = rotated(path)?.into_iter().map(|(_, file)| file).collect();
    if path.exists() {
        files.push(path.to_owned());
    }
    Ok(files)
}

/// The rotated files with the numbers of their first records, in order.
pub(super) fn rotated(path: &Path) -> Result<Vec<(u64, PathBuf)>, AuditError> {
    let folder = folder(path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(AuditError::io("list", &folder))? {
        let entry = entry.map_err(AuditError::io("list", &folder))?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|file| file.strip_prefix(&*name)?.strip_prefix('.')?.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Where the file at `path` goes when it is full and its first record has this number.
pub(super) fn rotated_path(path: &Path, first_seq: u64) -> PathBuf {
    beside(path, &format!(".{first_seq}"))
}

/// Where the next file is made before it takes the place of the full one.
pub(super) fn next_path(path: &Path) -> PathBuf {
    beside(path, ".new")
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes the names in the log's folder as durable as its content.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    options
}

/// Makes a new file, which must not be there yet, and locks it.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let file = options().create_new(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Opens the current file, or makes it, and locks it against other processes.
pub(super) fn open(path: &Path) -> Result<File, AuditError> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            require_no_rotated(path)?;
            let file = create(path).map_err(AuditError::io("create", path))?;
            sync_folder(path).map_err(AuditError::io("create", path))?;
            return Ok(file);
        }
        Err(error) => return Err(AuditError::io("open", path)(error)),
    };
    let refuse = |what| AuditError::Unsafe { path: path.to_owned(), what };
    if found.is_symlink() {
        return Err(refuse("is a symbolic link"));
    }
    if !found.is_file() {
        return Err(refuse("is not a regular file"));
    }
    if found.mode() & 0o002 != 0 {
        return Err(refuse("can be written by everybody"));
    }
    let file = options().open(path).map_err(AuditError::io("open", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(AuditError::Locked { path: path.to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(AuditError::io("lock", path)(error)),
    }
    match is_still(path, &file) {
        Ok(true) => Ok(file),
        Ok(false) => Err(refuse("was replaced while it was being opened")),
        Err(error) => Err(AuditError::io("open", path)(error)),
    }
}

/// Refuses to begin a new log beside the older files of another one.
pub(super) fn require_no_rotated(path: &Path) -> Result<(), AuditError> {
    match rotated(path)?.pop() {
        None => Ok(()),
        Some((_, rotated)) => Err(AuditError::Missing { path: path.to_owned(), rotated }),
    }
}

/// Whether `path` still names the open `file`.
pub(super) fn is_still(path: &Path, file: &File) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
