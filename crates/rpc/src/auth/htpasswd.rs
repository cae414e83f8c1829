//! The htpasswd file: `user:hash` lines, as Apache's `htpasswd -B` writes them.
//!
//! Only bcrypt is accepted. The other schemes of the format (MD5, SHA-1, crypt, plain) are broken
//! or readable; a line in one of them ends the load, with its number, rather than making a user
//! that silently cannot log in.

use std::{collections::BTreeMap, path::Path};

use super::{
    check_name,
    file::{self, BadLine, FileError},
};

/// The highest bcrypt cost: 2^14 rounds take a second or two, and each step doubles it.
const MAX_COST: u32 = 14;

/// Users and their bcrypt hashes.
pub struct Htpasswd {
    hashes: BTreeMap<String, String>,
    /// A hash of nothing in particular, as costly as the costliest of the file; unknown users are
    /// verified against it.
    dummy: String,
}

impl Htpasswd {
    /// Reads and checks the file.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        file::load("htpasswd", path, Self::parse, |loaded| loaded.hashes.len())
    }

    /// Reads the text of such a file.
    fn parse(text: &str) -> Result<Self, BadLine> {
        let mut hashes = BTreeMap::new();
        let mut highest = bcrypt_cost_floor();
        for (number, line) in file::lines(text) {
            let refused = |problem: String| Err((number, problem));
            let Some((user, hash)) = line.split_once(':') else {
                return refused("is not like `user:hash`".to_owned());
            };
            check_name(user).map_err(|problem| (number, problem))?;
            let cost = match cost(hash) {
                Some(cost) if cost <= MAX_COST => cost,
                Some(cost) => {
                    return refused(format!(
                        "the bcrypt cost of `{user}` is {cost}, {MAX_COST} is allowed"
                    ));
                }
                None => {
                    return refused(format!(
                        "the hash of `{user}` is not bcrypt; make it with `htpasswd -B`"
                    ));
                }
            };
            highest = highest.max(cost);
            if hashes.insert(user.to_owned(), hash.to_owned()).is_some() {
                return refused(format!("names `{user}` a second time"));
            }
        }
        Ok(Self { hashes, dummy: dummy(highest) })
    }

    /// Whether there is such a user.
    pub fn knows(&self, user: &str) -> bool {
        self.hashes.contains_key(user)
    }

    /// Whether this is the user's password. As in every bcrypt, what comes after 72 bytes of it
    /// does not count.
    pub fn verify(&self, user: &str, password: &str) -> bool {
        let known = self.hashes.get(user);
        let hash = known.unwrap_or(&self.dummy);
        let matches = bcrypt::verify(password, hash).unwrap_or(false);
        matches && known.is_some()
    }
}

impl std::fmt::Debug for Htpasswd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Htpasswd({} users)", self.hashes.len())
    }
}

/// The lowest cost that bcrypt has.
const fn bcrypt_cost_floor() -> u32 {
    4
}

/// The cost of a well-formed bcrypt hash of the versions that mean the same algorithm.
fn cost(hash: &str) -> Option<u32> {
    let version = hash.get(..4)?;
    if !matches!(version, "$2y$" | "$2a$" | "$2b$") {
        return None;
    }
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    let cost = parts.get_cost();
    (bcrypt_cost_floor()..=31).contains(&cost).then_some(cost)
}

/// A well-formed hash of that cost which no known password has; making a real one would take as
/// long as a login, and the digest does not matter.
fn dummy(cost: u32) -> String {
    format!("$2y${cost:02}${}", ".".repeat(53))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use rstest::rstest;

    use super::*;

    /// `password` at cost 4, by Apache's htpasswd.
    const HASH: &str = "$2y$04$eTQnKcE0Jc36Q7DpMmyFceuPtCJnD0.1bzSJ2.yuinpm/zOydmuKy";

    #[test]
    fn users_are_verified() {
        let text = format!("# people\n\nada:{HASH}\n  bob:{}  \n", HASH.replace("2y", "2b"));
        let file = Htpasswd::parse(&text).unwrap();
        assert!(file.verify("ada", "password"));
        assert!(file.verify("bob", "password"));
        assert!(!file.verify("ada", "Password"));
        assert!(!file.verify("ada", ""));
        assert!(!file.verify("eve", "password"));
        assert_eq!(format!("{file:?}"), "Htpasswd(2 users)");
    }

    #[test]
    fn an_unknown_user_is_verified_against_a_hash_of_the_highest_cost() {
        let text = format!("ada:{HASH}\nbob:{}", HASH.replace("$04$", "$06$"));
        let file = Htpasswd::parse(&text).unwrap();
        assert_eq!(cost(&file.dummy), Some(6));
        assert!(bcrypt::verify("x", &file.dummy).is_ok());
    }

    #[rstest]
    #[case("ada", 1, "is not like `user:hash`")]
    #[case(
        "\n# x\nada:$apr1$abcdefgh$aaaaaaaaaaaaaaaaaaaaa.",
        3,
        "the hash of `ada` is not bcrypt; make it with `htpasswd -B`"
    )]
    #[case(
        "ada:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        1,
        "the hash of `ada` is not bcrypt; make it with `htpasswd -B`"
    )]
    #[case("ada:password", 1, "the hash of `ada` is not bcrypt; make it with `htpasswd -B`")]
    #[case("ada:$2y$04$short", 1, "the hash of `ada` is not bcrypt; make it with `htpasswd -B`")]
    #[case(":x", 1, "the name is not 1 to 256 printable characters")]
    #[case("a b:x", 1, "the name is not 1 to 256 printable characters")]
    #[case("anonymous:x", 1, "the name `anonymous` means callers without a name")]
    fn other_lines_are_refused(#[case] text: &str, #[case] line: usize, #[case] problem: &str) {
        assert_eq!(Htpasswd::parse(text).unwrap_err(), (line, problem.to_owned()));
    }

    #[test]
    fn a_cost_that_would_stop_the_service_is_refused() {
        let text = format!("ada:{}", HASH.replace("$04$", "$15$"));
        assert_eq!(
            Htpasswd::parse(&text).unwrap_err(),
            (1, "the bcrypt cost of `ada` is 15, 14 is allowed".to_owned())
        );
        let twice = format!("ada:{HASH}\nada:{HASH}");
        assert_eq!(
            Htpasswd::parse(&twice).unwrap_err(),
            (2, "names `ada` a second time".to_owned())
        );
    }

    #[rstest]
    #[case(0o640, true)]
    #[case(0o600, true)]
    #[case(0o644, false)]
    #[case(0o660, false)]
    #[case(0o602, false)]
    fn others_may_not_touch_the_file(#[case] mode: u32, #[case] accepted: bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("htpasswd");
        fs::write(&path, format!("ada:{HASH}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match Htpasswd::load(&path) {
            Ok(_) => assert!(accepted),
            Err(error) => {
                assert!(!accepted, "{error}");
                let text = format!("has mode {mode:04o}");
                assert!(error.to_string().contains(&text), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_file_or_names_nobody_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("htpasswd");
        let check = |message: &str| {
            let error = Htpasswd::load(&path).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        check("cannot read the htpasswd file");
        fs::write(&path, "# nobody\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        check("names no user");
        fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        check("is larger than a mebibyte");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        check("is no regular file");
    }
}
