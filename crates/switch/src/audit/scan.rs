//! Walking along the chain, one line in memory at a time.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    AuditError, Digest, InDoubt, MAX_LINE, VerifyError,
    open::OpenChanges,
    record::{Entry, Mark, Record},
    seal,
};

/// What is known of the chain at a place of it.
#[derive(Debug, Default)]
pub(super) struct Chained {
    pub(super) records: u64,
    pub(super) first: Option<Mark>,
    pub(super) last: Option<Mark>,
    pub(super) open: OpenChanges,
}

impl Chained {
    /// Takes in the next record, and returns the change that it is about.
    pub(super) fn follow(&mut self, record: &Record) -> Result<Option<InDoubt>, String> {
        match (&self.last, &record.entry) {
            (Some(last), _) if record.seq != last.seq + 1 => {
                return Err(format!(
                    "has the number {} where {} was expected",
                    record.seq,
                    last.seq + 1
                ));
            }
            (Some(last), _) if record.prev != last.hash => {
                return Err("does not follow the record before it: `prev` differs".into());
            }
            (Some(_), _) => {}
            (None, Entry::Chain(chain))
                if chain.last_hash == record.prev && chain.last_seq + 1 == record.seq =>
            {
                self.open.carry_over(&chain.open);
            }
            (None, _) if record.seq == 1 && record.prev == Digest::ZERO => {}
            (None, _) => {
                return Err(
                    "is neither the first record of a log nor the `chain` record of a file".into(),
                );
            }
        }
        self.records += 1;
        self.first.get_or_insert(record.mark());
        self.last = Some(record.mark());
        Ok(self.open.apply(record))
    }
}

/// Bytes that are no record, and may turn out to be what a crash left behind.
struct Suspect {
    line: u64,
    what: String,
    lines: u64,
    bytes: u64,
    sha: Sha256,
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// With a whole record.
    Whole,
    /// With a whole record, but for its line feed.
    NoLineFeed,
    /// With what a crash left behind.
    Torn { bytes: u64, sha256: Digest },
}

/// How many lines a crash can leave behind that are no records: the torn one, and the `recovered`
/// record that a second crash tore.
const MAX_TORN_LINES: u64 = 2;

/// A record, and the change that it is about.
pub(super) struct Seen {
    pub(super) record: Record,
    pub(super) about: Option<InDoubt>,
}

/// One file, read along the chain.
pub(super) struct Walk<R> {
    path: PathBuf,
    input: BufReader<R>,
    buffer: Vec<u8>,
    line: u64,
    suspect: Option<Suspect>,
    tail: Tail,
    pub(super) chained: Chained,
}

impl<R: Read> Walk<R> {
    pub(super) fn new(path: &Path, input: R, chained: Chained) -> Self {
        Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(64 * 1024, input),
            buffer: Vec::new(),
            line: 0,
            suspect: None,
            tail: Tail::Whole,
            chained,
        }
    }

    /// The next record; `None` at the end of a file that is in order.
    pub(super) fn next(&mut self) -> Result<Option<Seen>, AuditError> {
        loop {
            self.buffer.clear();
            let most = MAX_LINE as u64 + 1;
            (&mut self.input)
                .take(most)
                .read_until(b'\n', &mut self.buffer)
                .map_err(AuditError::io("read", &self.path))?;
            if self.buffer.is_empty() {
                return self.end().map(|()| None);
            }
            self.line += 1;
            let ended = self.buffer.last() == Some(&b'\n');
            if ended {
                self.buffer.pop();
            } else if self.buffer.len() > MAX_LINE {
                let what = format!("is longer than {MAX_LINE} bytes");
                return Err(self.broken(self.line, what));
            }
            if let Some(seen) = self.take() {
                self.tail = if ended { Tail::Whole } else { Tail::NoLineFeed };
                return Ok(Some(seen));
            }
            if !ended {
                return self.end_torn().map(|()| None);
            }
        }
    }

    /// Takes the line in the buffer as the next record, or as a part of what is suspect.
    fn take(&mut self) -> Option<Seen> {
        let (what, record) = match seal::open(&self.buffer) {
            Ok(record) => (String::new(), Some(record)),
            Err(what) => (what, None),
        };
        let mended = |record: &Record| match (&self.suspect, &record.entry) {
            (None, Entry::Recovered(_)) => {
                Err("says that a crash was recovered from, where none was".to_owned())
            }
            (None, _) => Ok(()),
            (Some(suspect), Entry::Recovered(recovered))
                if recovered.torn_bytes == suspect.bytes
                    && recovered.sha256 == Digest::finish(suspect.sha.clone()) =>
            {
                Ok(())
            }
            (Some(_), _) => Err("follows what is no record".to_owned()),
        };
        let followed = match record {
            Some(record) => mended(&record)
                .and_then(|()| self.chained.follow(&record))
                .map(|about| Seen { record, about }),
            None => Err(what),
        };
        match followed {
            Ok(seen) => {
                self.suspect = None;
                Some(seen)
            }
            Err(what) => {
                self.suspect(what);
                None
            }
        }
    }

    fn suspect(&mut self, what: String) {
        let line = self.line;
        let length = self.buffer.len() as u64;
        match &mut self.suspect {
            Some(suspect) => {
                suspect.lines += 1;
                suspect.bytes += 1 + length;
                suspect.sha.update(b"\n");
                suspect.sha.update(&self.buffer);
            }
            None => {
                self.suspect = Some(Suspect {
                    line,
                    what,
                    lines: 1,
                    bytes: length,
                    sha: Sha256::new_with_prefix(&self.buffer),
                });
            }
        }
    }

    fn end(&mut self) -> Result<(), AuditError> {
        match self.suspect.take() {
            None => Ok(()),
            Some(suspect) => Err(self.broken(suspect.line, suspect.what)),
        }
    }

    /// The end of a file whose last line is not ended and no record.
    fn end_torn(&mut self) -> Result<(), AuditError> {
        match self.suspect.take() {
            Some(suspect) if suspect.lines <= MAX_TORN_LINES => {
                self.tail =
                    Tail::Torn { bytes: suspect.bytes, sha256: Digest::finish(suspect.sha) };
                Ok(())
            }
            Some(suspect) => Err(self.broken(suspect.line, suspect.what)),
            None => Ok(()),
        }
    }

    fn broken(&self, line: u64, what: String) -> AuditError {
        AuditError::Broken(VerifyError { file: self.path.clone(), line, what })
    }

    /// What the file says about the chain, and how it ends; call it after the last record.
    pub(super) fn finish(self) -> (Chained, Tail) {
        (self.chained, self.tail)
    }

    /// The error that a file is not whole though others follow it.
    pub(super) fn not_last(&self) -> AuditError {
        self.broken(self.line, "is not whole, and another file follows".into())
    }

    pub(super) fn tail(&self) -> Tail {
        self.tail
    }
}
