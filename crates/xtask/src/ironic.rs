//! A real Ironic, which the tests and the comparison put beside Mercury.
//!
//! It comes as Python packages, every one pinned by `tests/peers/ironic/requirements.txt`, into a
//! virtual environment under `target/tools`; nothing is installed into the system. It is made once:
//! a copy of that file, put there last, says that it is complete and of which versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::cargo::{program, root, run};

/// What is wanted.
const REQUIREMENTS: &str = "tests/peers/ironic/requirements.txt";

/// The environment, from the root. The tests know it too.
const ENVIRONMENT: &str = "target/tools/ironic";

/// An empty database: making one takes seconds, copying one does not.
const DATABASE: &str = "empty.sqlite";

/// Puts a database into the mode in which a reader does not stop a writer, as Ironic advises.
const WRITE_AHEAD: &str =
    "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma journal_mode = wal')";

/// Makes sure that it is there; says what it does when it is not.
pub(crate) fn ensure() -> Result<()> {
    let wanted = root().join(REQUIREMENTS);
    let environment = root().join(ENVIRONMENT);
    if is_complete(&environment, &wanted)? {
        println!("ironic: as in {REQUIREMENTS}");
        return Ok(());
    }
    let text = fs::read_to_string(&wanted)?;
    println!(
        "ironic: installing {} Python packages into {ENVIRONMENT}; about a minute, once",
        packages(&text)
    );
    install(&environment, &wanted).with_context(|| {
        format!(
            "cannot make the Python environment of {REQUIREMENTS}\n\
             hint: it needs Python 3.11 with `venv` (on Debian: python3-venv) and a package index \
             that pip reaches"
        )
    })?;
    fs::copy(&wanted, environment.join("requirements.txt"))?;
    Ok(())
}

fn is_complete(environment: &Path, wanted: &Path) -> Result<bool> {
    let wanted = fs::read(wanted).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    Ok(fs::read(environment.join("requirements.txt")).is_ok_and(|made| made == wanted))
}

fn packages(requirements: &str) -> usize {
    requirements.lines().filter(|line| line.contains("==")).count()
}

/// `--no-deps`, since the list is complete: pip has nothing to work out.
fn install(environment: &Path, wanted: &Path) -> Result<()> {
    run(program("python3").args(["-m", "venv", "--clear"]).arg(environment).stdout(Stdio::null()))?;
    run(program(tool(environment, "pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"])
        .arg(wanted))?;
    let database = environment.join(DATABASE);
    let configuration = environment.join("dbsync.conf");
    fs::write(&configuration, dbsync(&database))?;
    run(program(tool(environment, "ironic-dbsync"))
        .arg("--config-file")
        .arg(&configuration)
        .arg("create_schema")
        .stderr(Stdio::null()))?;
    run(program(tool(environment, "python")).args(["-c", WRITE_AHEAD]).arg(&database))
}

fn tool(environment: &Path, name: &str) -> PathBuf {
    environment.join("bin").join(name)
}

fn dbsync(database: &Path) -> String {
    format!("[database]\nconnection = sqlite:///{}\n", database.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_complete_only_with_the_very_list() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("wanted.txt");
        fs::write(&wanted, "ironic==39.0.0\n").unwrap();
        assert!(!is_complete(folder.path(), &wanted).unwrap());
        fs::write(folder.path().join("requirements.txt"), "ironic==38.0.0\n").unwrap();
        assert!(!is_complete(folder.path(), &wanted).unwrap());
        fs::copy(&wanted, folder.path().join("requirements.txt")).unwrap();
        assert!(is_complete(folder.path(), &wanted).unwrap());
        assert!(is_complete(folder.path(), Path::new("/nonexistent")).is_err());
    }

    #[test]
    fn every_package_of_the_list_is_pinned() {
        let text = fs::read_to_string(root().join(REQUIREMENTS)).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        assert_eq!(lines.count(), packages(&text));
    }
}
