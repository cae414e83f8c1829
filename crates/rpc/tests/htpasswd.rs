//! Authentication against files that Apache's own `htpasswd` (Debian: `apache2-utils`) writes.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says why by panicking"
)]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rpc::auth::{
    Attempt, Authenticator, Caller, Denied, FileError, Htpasswd, Limiter, Material, Reason, Scheme,
    Settings, Source,
};

/// A folder with a password file, written by `htpasswd`.
struct Passwords {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Passwords {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("htpasswd");
        std::fs::write(&path, "").unwrap();
        let private = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        Self { _folder: folder, path }
    }

    fn set(&self, options: &[&str], user: &str, password: &str) -> &Self {
        htpasswd(&self.path, options, &[user, password]);
        self
    }

    fn remove(&self, user: &str) -> &Self {
        htpasswd(&self.path, &["-D"], &[user]);
        self
    }
}

fn htpasswd(path: &Path, options: &[&str], rest: &[&str]) {
    let output = Command::new("htpasswd")
        .args(options)
        .arg(path)
        .args(rest)
        .output()
        .expect("`htpasswd` is installed (Debian: apache2-utils)");
    assert!(output.status.success(), "{output:?}");
}

fn basic(user: &str, password: &str) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))).into_bytes()
}

fn load(path: &Path) -> Result<Material, FileError> {
    Ok(Material { basic: Some(Htpasswd::load(path)?), ..Material::default() })
}

fn authenticator(path: &Path) -> Authenticator {
    let settings = Settings {
        realm: "mercury".to_owned(),
        limiter: Limiter::new(1000),
        nonce_lifetime: Duration::from_secs(300),
    };
    Authenticator::new(load(path).unwrap(), settings)
}

async fn check(
    authenticator: &Authenticator,
    user: &str,
    password: &str,
) -> Result<Caller, Reason> {
    let header = basic(user, password);
    let attempt = Attempt {
        method: "POST",
        target: "/v1/rpc",
        authorization: vec![&header],
        tokens: Vec::new(),
        certificate: None,
        source: Source::Local(0),
    };
    authenticator.authenticate(&attempt).await.map_err(|denied: Denied| denied.reason)
}

fn ada() -> Result<Caller, Reason> {
    Ok(Caller { name: "ada".to_owned(), scheme: Scheme::Basic })
}

#[tokio::test]
async fn the_right_password_lets_in_and_no_other() {
    let file = Passwords::new();
    file.set(&["-bB"], "ada", "correct horse");
    file.set(&["-bB", "-C", "4"], "bob", "päss:wörd");
    let authenticator = authenticator(&file.path);

    assert_eq!(check(&authenticator, "ada", "correct horse").await, ada());
    assert!(check(&authenticator, "bob", "päss:wörd").await.is_ok());
    for (user, password, reason) in [
        ("ada", "päss:wörd", Reason::WrongPassword),
        ("ada", "", Reason::WrongPassword),
        ("eve", "correct horse", Reason::UnknownUser),
        ("", "", Reason::Malformed),
    ] {
        assert_eq!(check(&authenticator, user, password).await, Err(reason), "{user}");
    }
}

#[tokio::test]
async fn a_reload_forgets_old_passwords_and_removed_users_at_once() {
    let file = Passwords::new();
    file.set(&["-bB", "-C", "4"], "ada", "old");
    file.set(&["-bB", "-C", "4"], "bob", "b");
    let authenticator = authenticator(&file.path);
    assert_eq!(check(&authenticator, "ada", "old").await, ada());
    assert!(check(&authenticator, "bob", "b").await.is_ok());

    file.set(&["-bB", "-C", "4"], "ada", "new").remove("bob");
    authenticator.replace(load(&file.path).unwrap());
    assert_eq!(check(&authenticator, "ada", "old").await, Err(Reason::WrongPassword));
    assert_eq!(check(&authenticator, "ada", "new").await, ada());
    assert_eq!(check(&authenticator, "bob", "b").await, Err(Reason::UnknownUser));
}

#[tokio::test]
async fn a_file_that_went_bad_leaves_the_old_one_in_force() {
    let file = Passwords::new();
    file.set(&["-bB", "-C", "4"], "ada", "old");
    let authenticator = authenticator(&file.path);

    file.set(&["-bm"], "eve", "md5");
    let error = load(&file.path).unwrap_err().to_string();
    assert!(
        error.ends_with("line 2: the hash of `eve` is not bcrypt; make it with `htpasswd -B`"),
        "{error}"
    );
    assert_eq!(check(&authenticator, "ada", "old").await, ada());
    assert_eq!(check(&authenticator, "eve", "md5").await, Err(Reason::UnknownUser));
}

/// bcrypt at cost 11 takes tenths of a second; a hundred answers within two seconds mean that it
/// did not run for each.
#[tokio::test]
async fn a_verified_caller_is_remembered() {
    let file = Passwords::new();
    file.set(&["-bB", "-C", "11"], "ada", "slow");
    let authenticator = authenticator(&file.path);
    let begun = Instant::now();
    assert_eq!(check(&authenticator, "ada", "slow").await, ada());
    let once = begun.elapsed();

    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(check(&authenticator, "ada", "slow").await, ada());
    }
    assert!(begun.elapsed() < once * 10, "{once:?} {:?}", begun.elapsed());
}

/// Unknown and known users are verified by the same work: their times differ by noise only. The
/// bound is wide, because the alternative (no work at all) is four orders of magnitude away.
#[tokio::test]
async fn an_unknown_user_costs_as_much_as_a_known_one() {
    let file = Passwords::new();
    file.set(&["-bB", "-C", "10"], "ada", "slow");
    let authenticator = authenticator(&file.path);
    let mut times = Vec::new();
    for user in ["ada", "eve"] {
        let begun = Instant::now();
        assert!(check(&authenticator, user, "wrong").await.is_err());
        times.push(begun.elapsed());
    }
    assert!(times[1] * 10 > times[0] && times[0] * 10 > times[1], "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_are_all_answered() {
    let file = Passwords::new();
    file.set(&["-bB", "-C", "4"], "ada", "right");
    let authenticator = Arc::new(authenticator(&file.path));
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..50 {
        let authenticator = Arc::clone(&authenticator);
        callers.spawn(async move {
            let password = if n % 2 == 0 { "right" } else { "wrong" };
            (n % 2 == 0, check(&authenticator, "ada", password).await.is_ok())
        });
    }
    let all = tokio::time::timeout(Duration::from_secs(30), callers.join_all());
    for (expected, got) in all.await.unwrap() {
        assert_eq!(expected, got);
    }
}
