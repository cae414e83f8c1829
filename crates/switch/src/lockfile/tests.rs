use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::*;

/// Another process that has a lock file: `flock` runs a shell that says so and waits for the end of
/// its input.
struct Other {
    child: Child,
    input: Option<ChildStdin>,
}

impl Other {
    fn holding(path: &Path) -> Self {
        let mut child = Command::new("flock")
            .arg(path)
            .args(["sh", "-c", "echo locked; read line; true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        let input = child.stdin.take();
        Self { child, input }
    }

    fn release(&mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn locks() -> (TempDir, LockDir, SwitchName, PathBuf) {
    let folder = TempDir::new().unwrap();
    let locks = LockDir::new(folder.path().join("locks")).unwrap();
    let path = folder.path().join("locks/leaf-01.lock");
    (folder, locks, "leaf-01".parse().unwrap(), path)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}

fn late() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Whether another process can have the lock now.
fn free(path: &Path) -> bool {
    Command::new("flock").arg("--nonblock").arg(path).arg("true").status().unwrap().success()
}

#[tokio::test]
async fn a_lock_is_shared_here_and_released_by_the_last() {
    let (_folder, locks, switch, path) = locks();
    let first = locks.lock(&switch, soon()).await.unwrap();
    let second = locks.clone().lock(&switch, soon()).await.unwrap();
    assert!(!free(&path));
    assert_eq!(pid_in(&path), Some(std::process::id()));
    drop(first);
    assert!(!free(&path));
    drop(second);
    assert!(free(&path));
    assert_eq!(pid_in(&path), None);
    let _again = locks.lock(&switch, soon()).await.unwrap();
    assert!(!free(&path));
}

#[tokio::test]
async fn another_process_is_named_at_the_deadline() {
    let (_folder, locks, switch, path) = locks();
    let _other = Other::holding(&path);
    fs::write(&path, "4711\n").unwrap();
    let error = locks.lock(&switch, soon()).await.unwrap_err();
    assert_eq!(error.to_string(), "switch `leaf-01` is in use by process 4711");
    fs::write(&path, "").unwrap();
    let error = locks.lock(&switch, soon()).await.unwrap_err();
    assert_eq!(error.to_string(), "switch `leaf-01` is in use by another process");
}

#[tokio::test]
async fn all_waiters_get_the_lock_when_it_is_released() {
    let (_folder, locks, switch, path) = locks();
    let mut other = Other::holding(&path);
    let mut waiters = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (locks, switch) = (locks.clone(), switch.clone());
        waiters.spawn(async move { locks.lock(&switch, late()).await });
    }
    locks.lock(&switch, soon()).await.unwrap_err();
    other.release();
    let guards = waiters.join_all().await;
    assert!(guards.iter().all(Result::is_ok));
    assert!(!free(&path));
    drop(guards);
    assert!(free(&path));
}

#[tokio::test]
async fn a_lock_that_nobody_waits_for_any_more_is_let_go() {
    let (_folder, locks, switch, path) = locks();
    let mut other = Other::holding(&path);
    locks.lock(&switch, soon()).await.unwrap_err();
    assert!(matches!(locks.slot(&switch).state().lock, Lock::Awaited));

    let slot = locks.slot(&switch);
    let let_go = slot.changed.notified();
    tokio::pin!(let_go);
    let_go.as_mut().enable();
    other.release();
    timeout_at(late(), let_go).await.unwrap();
    assert!(matches!(slot.state().lock, Lock::Free));
    assert!(free(&path));
    locks.lock(&switch, soon()).await.unwrap();
}

#[tokio::test]
async fn switches_do_not_wait_for_each_other() {
    let (_folder, locks, switch, path) = locks();
    let _other = Other::holding(&path);
    locks.lock(&"leaf-02".parse().unwrap(), soon()).await.unwrap();
    locks.lock(&switch, soon()).await.unwrap_err();
}

#[test]
fn a_runtime_stops_while_another_process_has_the_lock() {
    let (_folder, locks, switch, path) = locks();
    let _other = Other::holding(&path);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { locks.lock(&switch, soon()).await.unwrap_err() });
    drop(runtime);
    assert!(!free(&path));
}

#[tokio::test]
async fn the_folder_and_names_that_are_refused() {
    let (folder, locks, _, _) = locks();
    let mode = fs::metadata(folder.path().join("locks")).unwrap().mode();
    assert_eq!(mode & 0o777, 0o700);
    for name in [".", ".."] {
        let error = locks.lock(&name.parse().unwrap(), soon()).await.unwrap_err();
        assert!(matches!(error, LockError::Name { .. }), "{error}");
    }
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let error = LockDir::new(&open).unwrap_err();
    assert!(error.to_string().ends_with("is refused: it can be written by others"));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(LockDir::new(folder.path().join("file")), Err(LockError::Io { .. })));
}
