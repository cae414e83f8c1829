//! Removes what a crashed earlier run left behind.
//!
//! Only what bears the name of a lab whose process is gone: namespaces, state directories, and the
//! daemons of those directories (their command line must name the directory). A process killed
//! without a chance to clean up is the only way to such leftovers.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::signal;
use crate::namespaces::{PREFIX, ip_batch};

/// State directories begin with this, then `<pid>-<number>-`.
pub(crate) const DIRECTORY_PREFIX: &str = "mercury-lab-";

/// Sweeps quietly: two labs may sweep the same leftover at once, and the slower one finds nothing.
pub(crate) fn sweep(state_root: &Path) {
    for directory in orphans(state_root, DIRECTORY_PREFIX) {
        for pid in daemons(&directory) {
            let _ = signal(pid, "KILL");
        }
        let _ = fs::remove_dir_all(&directory);
    }
    for namespace in orphans(Path::new("/run/netns"), PREFIX) {
        if let Some(name) = namespace.file_name().and_then(|name| name.to_str()) {
            let _ = ip_batch(&[], &format!("netns del {name}\n"));
        }
    }
}

fn orphans(directory: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| owner(name, prefix)).is_some_and(|pid| !alive(pid))
        })
        .collect()
}

fn owner(name: &str, prefix: &str) -> Option<u32> {
    let (pid, _) = name.strip_prefix(prefix)?.split_once('-')?;
    pid.parse().ok()
}

fn alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Processes that the pid files in `directory` name and whose command line still names it.
fn daemons(directory: &Path) -> Vec<u32> {
    let Ok(instances) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut pids = Vec::new();
    for instance in instances.filter_map(Result::ok) {
        for file in ["ovsdb-server.pid", "ovs-vswitchd.pid", "sshd.pid"] {
            let text = fs::read_to_string(instance.path().join(file)).unwrap_or_default();
            let Ok(pid) = text.trim().parse::<u32>() else {
                continue;
            };
            let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let command_line = String::from_utf8_lossy(&command_line).into_owned();
            if command_line.contains(&*directory.to_string_lossy()) {
                pids.push(pid);
            }
        }
    }
    pids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_read_from_the_name() {
        assert_eq!(owner("mlab123-0-leaf-01", PREFIX), Some(123));
        assert_eq!(owner("mercury-lab-7-2-AbC", DIRECTORY_PREFIX), Some(7));
        assert_eq!(owner("mlabel-x", PREFIX), None);
        assert_eq!(owner("other123-0", PREFIX), None);
    }

    #[test]
    fn a_directory_of_a_living_process_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let mine = root.path().join(format!("{DIRECTORY_PREFIX}{}-0-x", std::process::id()));
        // Above the kernel's largest process id (2^22), so it can never live.
        let dead = root.path().join(format!("{DIRECTORY_PREFIX}4194305-0-x"));
        fs::create_dir(&mine).unwrap();
        fs::create_dir(&dead).unwrap();
        assert_eq!(orphans(root.path(), DIRECTORY_PREFIX), [dead]);
    }
}
