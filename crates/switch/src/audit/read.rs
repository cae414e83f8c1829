//! Reading and verifying a log that somebody else may be writing.
//!
//! Both walk the chain, so a search shows nothing that stands behind a broken place; memory holds
//! one line and the open changes, whatever the size of the log.

use std::{fs::File, path::PathBuf, vec};

use super::{
    AuditError, Filter, InDoubt,
    record::{Mark, Record},
    scan::{Chained, Seen, Tail, Walk},
};

/// What a verified log holds.
#[derive(Debug, Clone)]
pub struct Summary {
    /// How many records.
    pub records: u64,
    /// The first record.
    pub first: Option<Mark>,
    /// The last record. Kept elsewhere, its hash proves the log of that day later on.
    pub last: Option<Mark>,
    /// The changes that are open at the end.
    pub open: Vec<InDoubt>,
    /// How many bytes of a torn record stand at the end: a crash, or a writer at work.
    pub torn_bytes: u64,
}

/// Verifies a log: its files, the oldest first, as [`super::files`] lists them. The first may be a
/// rotated file whose predecessors are elsewhere.
///
/// # Errors
/// [`AuditError::Broken`] with the place of the first line that was changed, removed, moved or put
/// in; [`AuditError::Io`] when a file cannot be read. A tail that was cut off shows only as an open
/// change.
pub fn verify(paths: impl IntoIterator<Item = PathBuf>) -> Result<Summary, AuditError> {
    let mut records = read(paths, Filter::default());
    while let Some(record) = records.advance()? {
        drop(record);
    }
    let Records { chained, tail, .. } = records;
    Ok(Summary {
        records: chained.records,
        first: chained.first,
        last: chained.last,
        open: chained.open.list(),
        torn_bytes: match tail {
            Tail::Torn { bytes, .. } => bytes,
            Tail::Whole | Tail::NoLineFeed => 0,
        },
    })
}

/// The records of a log that `filter` is after, in order: its files, the oldest first. After an
/// error, which is that of [`verify`], there is nothing more.
pub fn read(paths: impl IntoIterator<Item = PathBuf>, filter: Filter) -> Records {
    Records {
        paths: paths.into_iter().collect::<Vec<_>>().into_iter(),
        filter,
        walk: None,
        chained: Chained::default(),
        tail: Tail::Whole,
        done: false,
    }
}

/// See [`read`].
pub struct Records {
    paths: vec::IntoIter<PathBuf>,
    filter: Filter,
    walk: Option<Walk<File>>,
    chained: Chained,
    tail: Tail,
    done: bool,
}

impl Records {
    fn advance(&mut self) -> Result<Option<Seen>, AuditError> {
        loop {
            let Some(walk) = &mut self.walk else {
                let Some(path) = self.paths.next() else {
                    return Ok(None);
                };
                let file = File::open(&path).map_err(AuditError::io("open", &path))?;
                let chained = std::mem::take(&mut self.chained);
                self.walk = Some(Walk::new(&path, file, chained));
                continue;
            };
            if let Some(seen) = walk.next()? {
                return Ok(Some(seen));
            }
            if walk.tail() != Tail::Whole && self.paths.len() > 0 {
                return Err(walk.not_last());
            }
            if let Some(walk) = self.walk.take() {
                (self.chained, self.tail) = walk.finish();
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<Record, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match self.advance() {
                Ok(Some(seen)) if self.filter.wants(&seen.record, seen.about.as_ref()) => {
                    return Some(Ok(seen.record));
                }
                Ok(Some(_)) => {}
                Ok(None) => self.done = true,
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
