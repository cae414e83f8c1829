//! What the tests need of the system, and putting it there.
//!
//! A test that lacks its tool would have to skip, and a skipped test looks like a passed one. So
//! the tools come first, and their absence is an error that says what to type.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{program, read, run, show};

/// A Debian package, by a program of it that shows whether it is installed, or by another file with
/// its whole path.
struct Need {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        program: "ovs-vswitchd",
        package: "openvswitch-switch",
        purpose: "the real switch under test",
    },
    Need {
        program: "ip",
        package: "iproute2",
        purpose: "network namespaces, which play the servers",
    },
    Need { program: "ping", package: "iputils-ping", purpose: "frames between them" },
    Need { program: "sshd", package: "openssh-server", purpose: "a real SSH peer" },
    Need {
        program: "/usr/lib/python3/dist-packages/asyncssh/__init__.py",
        package: "python3-asyncssh",
        purpose: "an SSH server with old algorithms and odd logins",
    },
    Need {
        program: "ssh-agent",
        package: "openssh-client",
        purpose: "an SSH client and agent that share no code with ours",
    },
    Need {
        program: "python3",
        package: "python3",
        purpose: "clients that share no code with ours",
    },
    Need {
        program: "curl",
        package: "curl",
        purpose: "a caller with every scheme of authentication",
    },
    Need {
        program: "openssl",
        package: "openssl",
        purpose: "a TLS client that shares no code with ours",
    },
    Need {
        program: "/usr/lib/python3/dist-packages/requests/__init__.py",
        package: "python3-requests",
        purpose: "a Digest client that many scripts use",
    },
    Need {
        program: "htpasswd",
        package: "apache2-utils",
        purpose: "password files as operators make them",
    },
    Need { program: "jq", package: "jq", purpose: "the example of a plugin in shell" },
    Need {
        program: "systemd-analyze",
        package: "systemd",
        purpose: "the judge of the service's unit",
    },
    Need {
        program: "lighttpd",
        package: "lighttpd",
        purpose: "a web server that checks HTTP Digest",
    },
];

/// Where programs are, beside `PATH`: a user's path often lacks the folders of daemons.
const FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Whether to install what is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Missing {
    /// Through apt, as root.
    Install,
    /// Fail and say what to type.
    Refuse,
}

/// Makes sure that all is there, and says what it installs.
pub(crate) fn ensure(missing: Missing) -> Result<()> {
    let needs = absent(is_installed);
    if needs.is_empty() {
        println!("packages: all {} that the tests need are installed", NEEDS.len());
        return Ok(());
    }
    for Need { program, package, purpose } in &needs {
        println!("packages: `{package}` is missing (no `{program}`): {purpose}");
    }
    let packages: Vec<&str> = needs.iter().map(|need| need.package).collect();
    let by_hand = format!("sudo apt-get update && sudo apt-get install {}", packages.join(" "));
    if missing == Missing::Refuse {
        bail!("packages are missing, and --no-install was given\nhint: {by_hand}");
    }
    if !is_root() {
        bail!("packages are missing, and only root can install them\nhint: {by_hand}");
    }
    let [mut update, mut install] = apt(&packages);
    for command in [&mut update, &mut install] {
        println!("packages: {}", show(command));
        if let Err(error) = run(command) {
            bail!("{error:#}\nhint: install them by hand: {by_hand}");
        }
    }
    // A package may have moved its program elsewhere: then this table is wrong, and a test would
    // fail with less to say.
    if let Some(Need { program, package, .. }) = absent(is_installed).first() {
        bail!("`{package}` was installed, but there is still no `{program}`");
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(FOLDERS).any(|folder| Path::new(folder).join(program).is_file())
}

fn absent(is_installed: impl Fn(&str) -> bool) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !is_installed(need.program)).collect()
}

/// The update of the lists, and the installation. Five minutes for the lock: another installation
/// may be under way on a machine that has just started.
fn apt(packages: &[&str]) -> [Command; 2] {
    let command = |arguments: &[&str]| {
        let mut command = program("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
            .args(arguments);
        command
    };
    let mut install = command(&["install", "--yes", "--no-install-recommends"]);
    install.args(packages);
    [command(&["update"]), install]
}

fn is_root() -> bool {
    read(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_named() {
        let packages: Vec<_> = absent(|program| !matches!(program, "ip" | "htpasswd"))
            .iter()
            .map(|need| need.package)
            .collect();
        assert_eq!(packages, ["iproute2", "apache2-utils"]);
    }

    #[test]
    fn apt_waits_for_its_lock_and_asks_no_questions() {
        let [update, install] = apt(&["iproute2"]);
        assert_eq!(show(&update), "apt-get -qq -o DPkg::Lock::Timeout=300 update");
        assert_eq!(
            show(&install),
            "apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends iproute2"
        );
        assert!(install.get_envs().any(|(key, _)| key == "DEBIAN_FRONTEND"));
    }
}
