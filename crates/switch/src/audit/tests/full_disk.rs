//! A full disk, on a small file system of its own. Mounting it needs root, as this project's tests
//! on a real switch do.

use std::process::Command;

use super::*;

/// A file system of 64 KiB, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "small"])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(mounted.success(), "mounting a tmpfs needs root");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Takes all room but that for so many pages of 4 KiB.
    fn fill(&self, pages: usize) {
        let mut filler = vec![0; 64 * 1024];
        while fs::write(self.path("filler"), &filler).is_err() {
            filler.truncate(filler.len() - 4096);
        }
        filler.truncate(filler.len() - pages * 4096);
        fs::write(self.path("filler"), &filler).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_entries_until_there_is_room() {
    let disk = SmallDisk::mount();
    let path = disk.path("audit.jsonl");
    let (log, _) = AuditLog::open(&path, AuditOptions::default()).unwrap();
    log.append(begin("a")).await.unwrap();
    disk.fill(1);

    let long = |change: &str| Begin { reason: Some("x".repeat(3000)), ..begin(change) };
    let mut written = 1;
    let error = loop {
        match log.append(long(&written.to_string())).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!((2..10).contains(&written), "{written}");
    assert_eq!(
        error.to_string(),
        format!("audit log `{}` cannot be written: the file system is full", path.display())
    );
    assert!(matches!(log.degraded(), Some(AuditError::Full { .. })));
    let summary = check(&path).unwrap();
    assert_eq!((summary.records, summary.torn_bytes), (written, 0));
    assert!(log.append(long("again")).await.is_err());

    fs::remove_file(disk.path("filler")).unwrap();
    assert_eq!(log.append(long("room")).await.unwrap().seq, written + 1);
    assert!(log.degraded().is_none());
    drop(log);
    assert_eq!(check(&path).unwrap().records, written + 1);
    let (_log, open) = open(&path);
    assert_eq!(open.len() as u64, written + 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_put_aside_goes_on() {
    let disk = SmallDisk::mount();
    let path = disk.path("audit.jsonl");
    let options = AuditOptions { fsync: true, max_bytes: 1000 };
    let (log, _) = AuditLog::open(&path, options).unwrap();
    log.append(begin("a")).await.unwrap();
    disk.fill(0);
    log.append(end("a", Outcome::Done)).await.unwrap();
    log.append(begin("b")).await.unwrap();
    assert_eq!(files(&path).unwrap(), std::slice::from_ref(&path));
    fs::remove_file(disk.path("filler")).unwrap();
    for n in 0..3 {
        log.append(begin(&n.to_string())).await.unwrap();
    }
    assert!(files(&path).unwrap().len() > 1);
    assert_eq!(check(&path).unwrap().open.len(), 4);
}
