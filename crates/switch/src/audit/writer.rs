//! The one writer of the log.
//!
//! Entries that wait while the disk is busy are written together: one write and one `fdatasync`
//! for all of them, so a slow disk costs latency and not throughput. The disk belongs to a thread of
//! its own, because a write to a hanging disk would stop every request on an async worker.

use std::{
    mem,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::{mpsc, oneshot};

use super::{AuditError, Entry, InDoubt, bound::bounded, record::Kind};

mod disk;

use disk::Disk;

/// How many entries may wait for the disk. Each is a request that waits too; more of them than
/// this wait before the queue, and their deadlines run.
const QUEUE: usize = 1024;
/// How many entries are written at once, so that the first of them is not kept waiting for the last.
const MAX_GROUP: usize = 256;
/// How many bytes are written at once, but for one entry that is larger alone.
const MAX_GROUP_BYTES: usize = 1024 * 1024;

/// How the log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditOptions {
    /// Whether an append waits until the disk has the record. Without it, a power failure loses
    /// records, and with them the knowledge of what was in doubt.
    pub fsync: bool,
    /// The size, in bytes, at which a file is put aside and a new one begun.
    pub max_bytes: u64,
}

impl Default for AuditOptions {
    /// With `fsync`, and files of 256 MiB.
    fn default() -> Self {
        Self { fsync: true, max_bytes: 256 * 1024 * 1024 }
    }
}

/// Where an entry went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The number of its record.
    pub seq: u64,
}

/// An entry on its way to the disk.
struct Job {
    entry: Entry,
    payload: Vec<u8>,
    answer: oneshot::Sender<Result<Receipt, AuditError>>,
}

/// An open log, locked against other processes until it is dropped.
///
/// Dropping it waits until what was queued is written.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    queue: Option<mpsc::Sender<Job>>,
    writer: Option<thread::JoinHandle<()>>,
    degraded: Arc<Mutex<Option<AuditError>>>,
}

impl AuditLog {
    /// Opens the log at `path`, or begins it with mode 0600; verifies the current file, mends what
    /// a crash left behind, and returns the changes in doubt, the oldest first.
    ///
    /// Reads the whole current file and blocks meanwhile: call it before serving.
    ///
    /// # Errors
    /// [`AuditError::Locked`] when another process has it open, [`AuditError::Broken`] when it is
    /// not intact, [`AuditError::Unsafe`] for a symbolic link or a file that everybody may write,
    /// [`AuditError::Missing`] when only older files are there.
    pub fn open(
        path: impl Into<PathBuf>,
        options: AuditOptions,
    ) -> Result<(Self, Vec<InDoubt>), AuditError> {
        let path = path.into();
        let disk = Disk::open(&path, options)?;
        let open = disk.in_doubt();
        let degraded = Arc::new(Mutex::new(None));
        let (queue, jobs) = mpsc::channel(QUEUE);
        let seen = Arc::clone(&degraded);
        let writer = thread::Builder::new()
            .name("audit".into())
            .spawn(move || write_all(disk, jobs, &seen))
            .map_err(AuditError::io("start the writer of", &path))?;
        let log = Self { path, queue: Some(queue), writer: Some(writer), degraded };
        Ok((log, open))
    }

    /// Appends an entry, and returns when it is on the disk (with [`AuditOptions::fsync`]; an `end`
    /// or `settled` gets there with the next record that must be). Texts
    /// beyond the log's limits are cut with a mark.
    ///
    /// Whoever stops waiting does not take the entry back.
    ///
    /// # Errors
    /// [`AuditError::Full`] and [`AuditError::Write`] when it could not be written: then nothing of
    /// it is in the log, [`AuditLog::degraded`] says so, and the next append tries again.
    /// [`AuditError::TooManyOpen`] for a `begin` with too many changes in doubt.
    pub async fn append(&self, entry: impl Into<Entry>) -> Result<Receipt, AuditError> {
        let entry = bounded(entry.into());
        if let kind @ (Kind::Chain | Kind::Recovered) = entry.kind() {
            return Err(AuditError::Reserved { kind });
        }
        let payload = disk::payload(&entry)?;
        let (answer, answered) = oneshot::channel();
        let job = Job { entry, payload, answer };
        let queue = self.queue.as_ref().ok_or(AuditError::Closed)?;
        queue.send(job).await.map_err(|_| AuditError::Closed)?;
        answered.await.unwrap_or(Err(AuditError::Closed))
    }

    /// Why the last append failed, while appends fail: nothing may change on a switch then.
    pub fn degraded(&self) -> Option<AuditError> {
        self.degraded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The current file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the audit log's writer panicked");
        }
    }
}

fn write_all(mut disk: Disk, mut jobs: mpsc::Receiver<Job>, degraded: &Mutex<Option<AuditError>>) {
    while let Some(job) = jobs.blocking_recv() {
        let mut bytes = job.payload.len();
        let mut group = vec![job];
        while group.len() < MAX_GROUP && bytes < MAX_GROUP_BYTES {
            let Ok(job) = jobs.try_recv() else { break };
            bytes += job.payload.len();
            group.push(job);
        }
        let (answers, entries): (Vec<_>, Vec<_>) =
            group.into_iter().map(|job| (job.answer, (job.entry, job.payload))).unzip();
        let written = disk.append(entries);
        note(degraded, written.as_ref().err());
        let receipts = match written {
            Ok(receipts) => receipts,
            Err(error) => vec![Err(error); answers.len()],
        };
        for (answer, receipt) in answers.into_iter().zip(receipts) {
            // Whoever asked may have stopped waiting; the record stands.
            let _ = answer.send(receipt);
        }
    }
    if let Err(error) = disk.sync() {
        tracing::error!(%error, "the audit log's last records may not be on the disk");
    }
}

/// Keeps why the log cannot be written, and tells when that changes.
fn note(degraded: &Mutex<Option<AuditError>>, error: Option<&AuditError>) {
    let before =
        mem::replace(&mut *degraded.lock().unwrap_or_else(PoisonError::into_inner), error.cloned());
    match (before, error) {
        (None, Some(error)) => tracing::error!(
            error = error as &dyn std::error::Error,
            "the audit log cannot be written"
        ),
        (Some(_), None) => tracing::info!("the audit log can be written again"),
        (None, None) | (Some(_), Some(_)) => {}
    }
}
