//! What can go wrong with the audit log.

use std::{io, path::PathBuf, sync::Arc};

use thiserror::Error;

/// The place where a log stops being a chain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{}` line {line}: {what}", file.display())]
pub struct VerifyError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Why the audit log could not be opened, written or read.
#[derive(Debug, Clone, Error)]
pub enum AuditError {
    /// An operation on a file failed.
    #[error("cannot {doing} `{}`", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// The file cannot be trusted to be the log, or to stay it.
    #[error("audit log `{}` is refused: it {what}", path.display())]
    Unsafe {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another process has the log open.
    #[error("audit log `{}` is in use by another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// Rotated files are there and the current one is not, or is empty.
    #[error(
        "audit log `{}` is gone while `{}` is there\nhint: put it back, or move the old files away to begin a new chain",
        path.display(), rotated.display()
    )]
    Missing {
        /// The file that is gone.
        path: PathBuf,
        /// A rotated file.
        rotated: PathBuf,
    },
    /// The chain is broken; nothing is appended to it.
    #[error("the audit log is not intact: {0}")]
    Broken(VerifyError),
    /// There is no room for the entry. Nothing of it is in the log; a later append tries again.
    #[error("audit log `{}` cannot be written: the file system is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Writing failed. Nothing of the entry counts; a later append tries again.
    #[error("audit log `{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// Somebody else moved, replaced, cut or wrote the file while it was open.
    #[error("audit log `{}` {what} while it was open", path.display())]
    Disturbed {
        /// The file.
        path: PathBuf,
        /// What happened to it.
        what: &'static str,
    },
    /// The entry is too large even with its texts cut.
    #[error("an audit record of {bytes} bytes is too long")]
    TooLarge {
        /// The record's length.
        bytes: usize,
    },
    /// So many changes are in doubt that no further one may begin.
    #[error(
        "{open} changes are in doubt; no further one may begin\nhint: verify the ports in doubt"
    )]
    TooManyOpen {
        /// How many.
        open: usize,
    },
    /// The log writes this kind of entry itself.
    #[error("only the audit log itself writes `{kind}` records")]
    Reserved {
        /// The kind.
        kind: super::Kind,
    },
    /// The log's writer has stopped.
    #[error("the audit log is closed")]
    Closed,
}

impl AuditError {
    pub(super) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source: Arc::new(source) }
    }

    pub(super) fn writing(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { path },
            _ => Self::Write { path, source: Arc::new(source) },
        }
    }
}
