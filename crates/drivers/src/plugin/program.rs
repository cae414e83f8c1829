//! Whether a program may be started: it is to run with the service's rights, so nobody else may be
//! able to put another in its place.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

/// Refuses a program that is not there, cannot be run, or could be another's.
///
/// Looked at are the file and its folder, behind symbolic links. Folders above are left out: who
/// can change those can do worse. The check is one of configuration; it does not race an attacker
/// who may write there already.
pub(super) fn check(program: &Path) -> Result<(), String> {
    if !program.is_absolute() {
        return Err("its path is not absolute".to_owned());
    }
    let real = program.canonicalize().map_err(|error| error.to_string())?;
    let meta = fs::metadata(&real).map_err(|error| error.to_string())?;
    let mode = meta.permissions().mode();
    if !meta.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if mode & 0o111 == 0 {
        return Err(format!("it is not executable\nhint: chmod +x {}", real.display()));
    }
    if mode & 0o002 != 0 {
        return Err(format!(
            "anybody may write to it (mode {:04o})\nhint: chmod o-w {}",
            mode & 0o7777,
            real.display()
        ));
    }
    let own = rustix::process::geteuid().as_raw();
    if meta.uid() != 0 && meta.uid() != own {
        let owner = meta.uid();
        return Err(format!("it belongs to user {owner}, who is neither root nor the service's"));
    }
    let folder = real.parent().unwrap_or(Path::new("/"));
    let mode = fs::metadata(folder).map_err(|error| error.to_string())?.permissions().mode();
    // In a sticky folder only the owner of a file can put another in its place.
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        return Err(format!(
            "anybody may write to its folder (mode {:04o})\nhint: chmod o-w {}",
            mode & 0o7777,
            folder.display()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_of_our_own_is_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin");
        let problem = || check(&path).unwrap_err();
        assert!(problem().contains("No such file"), "{}", problem());
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(&path, 0o644);
        assert!(problem().contains("is not executable\nhint: chmod +x /"), "{}", problem());
        mode(&path, 0o757);
        assert!(problem().contains("anybody may write to it (mode 0757)"), "{}", problem());
        mode(&path, 0o755);
        assert_eq!(check(&path), Ok(()));
        mode(folder.path(), 0o777);
        assert!(problem().contains("anybody may write to its folder"), "{}", problem());
        mode(folder.path(), 0o1777);
        assert_eq!(check(&path), Ok(()));
        assert_eq!(check(folder.path()), Err("it is no regular file".to_owned()));
        assert_eq!(check(Path::new("bin/x")), Err("its path is not absolute".to_owned()));
    }
}
