//! Passwords and tokens, from files that not everybody can read.

use std::{fs::File, io::Read as _, os::unix::fs::MetadataExt as _, path::Path};

use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::{exit::Exit, failure::Told};

/// How long such a file may be: a Keystone token in the long form has some kilobytes, and a file
/// that is larger is the wrong one.
const FILE_BYTES: u64 = 16 * 1024;

/// The first line of a file.
pub(super) fn read(path: &Path, what: &str) -> Result<SecretString, Told> {
    let shown = path.display();
    let wrong = |problem: String| Told::new(Exit::Usage, problem);
    let cannot = |error: std::io::Error| {
        Told::new(Exit::Other, format!("cannot read the {what} file `{shown}`\n{error}"))
    };
    let file = File::open(path).map_err(cannot)?;
    let found = file.metadata().map_err(cannot)?;
    if found.is_file() && found.mode() & 0o004 != 0 {
        let problem = format!("the {what} file `{shown}` can be read by everybody");
        return Err(wrong(problem).hint(format!("chmod 600 {shown}")));
    }
    let mut text = String::new();
    file.take(FILE_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    let text = SecretString::from(text);
    let first = text.expose_secret().lines().next().unwrap_or_default();
    if first.is_empty() || text.expose_secret().len() as u64 > FILE_BYTES {
        return Err(wrong(format!("the {what} file `{shown}` does not begin with a {what}")));
    }
    Ok(first.into())
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("s3cret\nrest\n", 0o600, Ok("s3cret"))]
    #[case("s3cret", 0o640, Ok("s3cret"))]
    #[case("s3cret", 0o644, Err("the password file `FILE` can be read by everybody"))]
    #[case("", 0o600, Err("the password file `FILE` does not begin with a password"))]
    #[case("\ns3cret", 0o600, Err("the password file `FILE` does not begin with a password"))]
    fn password_files(#[case] text: &str, #[case] mode: u32, #[case] want: Result<&str, &str>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        let got = read(file.path(), "password")
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"));
        let got = got.as_ref().map(|secret| secret.expose_secret()).map_err(String::as_str);
        assert_eq!(got, want);
    }
}
