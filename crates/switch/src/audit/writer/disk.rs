//! The current file and what is known of it.

use std::{
    fs::{self, File},
    io::{self, Write},
    mem,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{AuditOptions, Receipt};
use crate::audit::{
    AuditError, Digest, Entry, InDoubt, MAX_LINE,
    open::OpenChanges,
    place,
    record::{Chain, Record, Recovered},
    scan::{Chained, Tail, Walk},
    seal,
};

/// What a record is longer than its payload, at most.
const OVERHEAD: usize = 256;

/// The log's current file, and the end of the chain in it.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    options: AuditOptions,
    file: File,
    /// How long the file is up to the end of the last record that counts.
    length: u64,
    /// Whether something stands behind `length` that could not be removed.
    dirty: bool,
    /// The length at which the file is put aside.
    full_at: u64,
    /// The number of the file's first record.
    first_seq: u64,
    /// The number and hash of the last record.
    last: (u64, Digest),
    open: OpenChanges,
}

/// The entry as a JSON object.
pub(super) fn payload(entry: &Entry) -> Result<Vec<u8>, AuditError> {
    let payload = serde_json::to_vec(entry).unwrap_or_default();
    if payload.is_empty() || payload.len() + OVERHEAD > MAX_LINE {
        return Err(AuditError::TooLarge { bytes: payload.len() });
    }
    Ok(payload)
}

impl Disk {
    pub(super) fn open(path: &Path, options: AuditOptions) -> Result<Self, AuditError> {
        let file = place::open(path)?;
        let input = file.try_clone().map_err(AuditError::io("read", path))?;
        let mut walk = Walk::new(path, input, Chained::default());
        while walk.next()?.is_some() {}
        let (chained, tail) = walk.finish();
        let metadata = file.metadata().map_err(AuditError::io("read", path))?;
        let last = chained.last.map_or((0, Digest::ZERO), |last| (last.seq, last.hash));
        let mut disk = Self {
            path: path.to_owned(),
            options,
            file,
            length: metadata.len(),
            dirty: false,
            full_at: options.max_bytes,
            first_seq: chained.first.map_or(last.0 + 1, |first| first.seq),
            last,
            open: chained.open,
        };
        disk.finish_rotation()?;
        if chained.last.is_none() {
            place::require_no_rotated(path)?;
        }
        disk.mend(tail)?;
        Ok(disk)
    }

    pub(super) fn in_doubt(&self) -> Vec<InDoubt> {
        self.open.list()
    }

    /// Takes away what a crash in the middle of a rotation left behind: the next file that did not
    /// take its place, or the second name of the current one.
    fn finish_rotation(&self) -> Result<(), AuditError> {
        let remove = |path: &Path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(AuditError::io("remove", path)(error))
            }
            _ => Ok(()),
        };
        remove(&place::next_path(&self.path))?;
        let second = place::rotated_path(&self.path, self.first_seq);
        if place::is_still(&second, &self.file).map_err(AuditError::io("open", &second))? {
            remove(&second)?;
        }
        Ok(())
    }

    fn mend(&mut self, tail: Tail) -> Result<(), AuditError> {
        let mut bytes = b"\n".to_vec();
        match tail {
            Tail::Whole => Ok(()),
            Tail::NoLineFeed => self.write(&bytes, true),
            Tail::Torn { bytes: torn_bytes, sha256 } => {
                let entry = Entry::Recovered(Recovered { torn_bytes, sha256 });
                let payload = payload(&entry)?;
                let (seq, prev) = (self.last.0 + 1, self.last.1);
                let hash = seal::seal(&mut bytes, seq, now(), prev, &payload);
                self.write(&bytes, true)?;
                self.last = (seq, hash);
                Ok(())
            }
        }
    }

    /// Appends entries with one write. The answer is one receipt for each, or one error for all.
    pub(super) fn append(
        &mut self,
        entries: Vec<(Entry, Vec<u8>)>,
    ) -> Result<Vec<Result<Receipt, AuditError>>, AuditError> {
        self.undisturbed()?;
        let bytes: usize = entries.iter().map(|(_, text)| text.len() + OVERHEAD).sum();
        self.make_room(bytes as u64);

        let (mut seq, mut hash) = self.last;
        let mut lines = Vec::with_capacity(bytes);
        let mut records = Vec::with_capacity(entries.len());
        let mut receipts = Vec::with_capacity(entries.len());
        let mut open = self.open.len();
        for (entry, payload) in entries {
            if matches!(entry, Entry::Begin(_)) {
                if open >= OpenChanges::MAX {
                    receipts.push(Err(AuditError::TooManyOpen { open }));
                    continue;
                }
                open += 1;
            }
            let (time, prev) = (now(), hash);
            seq += 1;
            hash = seal::seal(&mut lines, seq, time, prev, &payload);
            records.push(Record { seq, time, prev, entry, hash });
            receipts.push(Ok(Receipt { seq }));
        }
        let durable = records.iter().any(|record| record.entry.must_be_durable());
        self.write(&lines, durable)?;
        self.last = (seq, hash);
        for record in &records {
            self.open.apply(record);
        }
        Ok(receipts)
    }

    /// Writes bytes behind the last record that counts, all of them or none. What need not be
    /// durable reaches the disk with the next record that must be.
    fn write(&mut self, bytes: &[u8], durable: bool) -> Result<(), AuditError> {
        let written = self.file.write_all(bytes);
        let result = written.and_then(|()| if durable { self.sync() } else { Ok(()) });
        match result {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.dirty = true;
                // The error that counts is the first; `undisturbed` tries again.
                let _ = self.clean();
                Err(AuditError::writing(&self.path)(error))
            }
        }
    }

    /// Puts on the disk what is not there yet.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.options.fsync { self.file.sync_data() } else { Ok(()) }
    }

    /// Cuts off what a failed write left behind.
    fn clean(&mut self) -> io::Result<()> {
        if self.dirty {
            self.file.set_len(self.length)?;
            self.sync()?;
            self.dirty = false;
        }
        Ok(())
    }

    /// Makes sure that the file is the log still, and ends where this writer left it.
    fn undisturbed(&mut self) -> Result<(), AuditError> {
        let disturbed = |what| AuditError::Disturbed { path: self.path.clone(), what };
        let metadata = self.file.metadata().map_err(AuditError::writing(&self.path))?;
        let named = place::is_still(&self.path, &self.file);
        if !named.map_err(AuditError::writing(&self.path))? || metadata.nlink() == 0 {
            return Err(disturbed("was moved, removed or replaced"));
        }
        if !self.dirty && metadata.len() != self.length || metadata.len() < self.length {
            return Err(disturbed("was written or cut by somebody else"));
        }
        self.clean().map_err(AuditError::writing(&self.path))
    }

    /// Begins a new file when the current one cannot take so many bytes more. When that fails, the
    /// current one goes on, and it is tried again an eighth later: a log that is too long is better
    /// than none.
    fn make_room(&mut self, bytes: u64) {
        let holds_records = self.last.0 > self.first_seq;
        if holds_records
            && self.length + bytes > self.full_at
            && let Err(error) = self.rotate()
        {
            tracing::warn!(
                path = %self.path.display(),
                error = &error as &dyn std::error::Error,
                "the audit log cannot be rotated"
            );
            self.full_at = self.length + bytes + self.options.max_bytes / 8;
        }
    }

    /// The next file is whole and durable before it takes the current one's name, and that name is
    /// never absent, so no other process can begin a log in between.
    fn rotate(&mut self) -> Result<(), AuditError> {
        let rotated = place::rotated_path(&self.path, self.first_seq);
        let next = place::next_path(&self.path);
        let (last_seq, last_hash) = self.last;
        let entry = Entry::Chain(Chain {
            previous: rotated.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            last_seq,
            last_hash,
            open: self.open.list(),
        });
        let (mut line, seq) = (Vec::new(), last_seq + 1);
        let hash = seal::seal(&mut line, seq, now(), last_hash, &payload(&entry)?);

        let mut file = place::create(&next).map_err(AuditError::io("create", &next))?;
        let placed = (|| {
            file.write_all(&line)?;
            file.sync_all()?;
            fs::hard_link(&self.path, &rotated)?;
            fs::rename(&next, &self.path).inspect_err(|_| {
                let _ = fs::remove_file(&rotated);
            })
        })();
        if let Err(source) = placed {
            let _ = fs::remove_file(&next);
            return Err(AuditError::Io {
                doing: "rotate",
                path: self.path.clone(),
                source: Arc::new(source),
            });
        }
        let full = mem::replace(&mut self.file, file);
        let _ = full.unlock();
        self.length = line.len() as u64;
        self.full_at = self.options.max_bytes;
        self.first_seq = seq;
        self.last = (seq, hash);
        place::sync_folder(&self.path).map_err(AuditError::io("rotate", &self.path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Closing lets the lock go too, but not while a child process that was just forked has the
        // file.
        let _ = self.file.unlock();
    }
}

/// The time, with the precision that a record keeps.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
