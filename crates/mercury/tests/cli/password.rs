//! `mercury password`: its lines serve the readers that the service has.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use rpc::auth::{Htdigest, Htpasswd};
use rstest::rstest;

use super::{mercury, run};

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_line_for_basic_holds_the_password_as_bcrypt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    let (code, out, err) = run(mercury("password basic --user ada").write_stdin("correct horse\n"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("ada:$2y$10$") && out.ends_with('\n'), "{out}");
    write(&path, &out);
    let file = Htpasswd::load(&path).unwrap();
    assert!(file.verify("ada", "correct horse") && !file.verify("ada", "correct"));
}

/// The hashes are those of `printf ada:mercury:secret | sha256sum`, and of `md5sum`.
#[rstest]
#[case("", "71a4c651884baf3bfa4d21b619910f744806373e874d87c02eb905e1ccda5a13", false)]
#[case(" --md5", "ab9c248669c826614eda211869130419", true)]
fn a_line_for_digest_is_read_by_the_service(
    #[case] option: &str,
    #[case] hash: &str,
    #[case] md5: bool,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htdigest");
    let command = format!("password digest --user ada{option}");
    let (code, out, err) = run(mercury(&command).write_stdin("secret"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("ada:mercury:{hash}\n"));
    write(&path, &out);
    Htdigest::load(&path, "mercury", md5).unwrap();
}

#[rstest]
#[case("password basic --user ada", "", "the password is empty")]
#[case("password basic --user ada", "a\nb\n", "the password is more than one line")]
#[case("password digest --user a:b", "x", "a name in these files has no colon")]
#[case("password digest --user anonymous", "x", "means callers without a name")]
fn what_the_files_cannot_hold_is_refused(
    #[case] command: &str,
    #[case] input: &str,
    #[case] want: &str,
) {
    let (code, out, err) = run(mercury(command).write_stdin(input));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains(want), "{err}");
}
