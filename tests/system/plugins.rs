//! Plugins: the examples on a real Open vSwitch, seen from the wire; broken ones beside a healthy
//! switch; and one that is killed at random moments.

mod broken;
mod killed;
mod wire;

use std::path::{Path, PathBuf};

use lab::Lab;
use system_tests::{Daemon, Setup};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).canonicalize().unwrap()
}

/// The section of a switch that an example plugin speaks to.
fn section(program: &str, lab: &Lab, switch: &str) -> String {
    let socket = lab.instance(switch).unwrap().socket();
    format!(
        "driver = \"plugin\"\nidle_vlan = 4094\n[switch.{switch}.plugin]\n\
         command = [\"{}\"]\nenvironment = {{ PYTHONPATH = \"{}\" }}\n\
         settings = {{ database = \"unix:{}\" }}\n",
        repository(&format!("examples/plugins/{program}")).display(),
        repository("python").display(),
        socket.display()
    )
}

/// A service that manages `leaf-01` by the example in Python.
fn daemon(lab: &Lab) -> Daemon {
    let section = section("ovs_vsctl.py", lab, "leaf-01");
    Daemon::start(&Setup::new().switch("leaf-01", &section)).unwrap()
}

/// The processes that a process has started, directly.
fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task");
    let tasks = std::fs::read_dir(path).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a process runs; one that has ended and that nobody has waited for does not.
fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, tail)| !tail.starts_with(['Z', 'X']))
}
