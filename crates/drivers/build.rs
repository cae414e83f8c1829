//! Puts the profiles of the workspace into the crate: a table of file names and texts.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let folder = Path::new(&here).join("../../profiles").canonicalize()?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let path = file.to_string_lossy();
        table.push_str(&format!("    ({stem:?}, include_str!({path:?})),\n"));
    }
    table.push_str("]\n");
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("profiles.rs"), table)?;
    write_line(&format!("cargo::rerun-if-changed={}", folder.display()))?;
    write_line("cargo::rerun-if-changed=build.rs")
}

/// Tells Cargo something.
fn write_line(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}
