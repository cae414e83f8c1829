//! The htdigest file: `user:realm:hash` lines.
//!
//! A hash is that of `user:realm:password`: 64 hexadecimal digits for SHA-256, 32 for MD5. Apache's
//! `htdigest` writes MD5 alone; `mercury password digest` writes SHA-256. A user may have a line of
//! each. A line of another realm, or in MD5 where that is not allowed, ends the load rather than
//! making a user that silently cannot log in. The hashes are as good as passwords, and the file has
//! to be kept like one.

use std::{collections::BTreeMap, fmt, path::Path};

use secrecy::SecretString;

use super::{
    check_name,
    file::{self, BadLine, FileError},
};
use crate::digest::Algorithm;

/// The users of one realm.
pub struct Htdigest {
    realm: String,
    md5: bool,
    hashes: BTreeMap<(String, bool), SecretString>,
}

impl Htdigest {
    /// Reads and checks the file. `md5` says whether lines and answers in MD5 are allowed.
    pub fn load(path: &Path, realm: &str, md5: bool) -> Result<Self, FileError> {
        let parse = |text: &str| Self::parse(text, realm, md5);
        file::load("htdigest", path, parse, |loaded| loaded.hashes.len())
    }

    fn parse(text: &str, realm: &str, md5: bool) -> Result<Self, BadLine> {
        let mut hashes = BTreeMap::new();
        for (number, line) in file::lines(text) {
            let refused = |problem: String| Err((number, problem));
            let mut parts = line.splitn(3, ':');
            let (Some(user), Some(of), Some(hash)) = (parts.next(), parts.next(), parts.next())
            else {
                return refused("is not like `user:realm:hash`".to_owned());
            };
            check_name(user).map_err(|problem| (number, problem))?;
            if of != realm {
                return refused(format!(
                    "`{user}` is of another realm than `{realm}`, which the listener has"
                ));
            }
            let hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            let algorithm = [Algorithm::Sha256, Algorithm::Md5]
                .into_iter()
                .find(|algorithm| hex && hash.len() == algorithm.hex_digits());
            let Some(algorithm) = algorithm else {
                return refused(format!(
                    "the hash of `{user}` is neither SHA-256 nor MD5; make it with `mercury \
                     password digest`"
                ));
            };
            if algorithm == Algorithm::Md5 && !md5 {
                return refused(format!(
                    "the hash of `{user}` is MD5, which needs `md5 = true`; make it with `mercury \
                     password digest`"
                ));
            }
            let key = (user.to_owned(), algorithm == Algorithm::Md5);
            if hashes.insert(key, hash.to_ascii_lowercase().into()).is_some() {
                return refused(format!("names `{user}` with {algorithm} a second time"));
            }
        }
        Ok(Self { realm: realm.to_owned(), md5, hashes })
    }

    /// The realm of all users.
    pub(super) fn realm(&self) -> &str {
        &self.realm
    }

    /// The algorithms that are offered, the strongest first.
    pub(super) fn algorithms(&self) -> &'static [Algorithm] {
        if self.md5 { &[Algorithm::Sha256, Algorithm::Md5] } else { &[Algorithm::Sha256] }
    }

    /// What stands for the user's password.
    pub(super) fn ha1(&self, user: &str, algorithm: Algorithm) -> Option<&SecretString> {
        self.hashes.get(&(user.to_owned(), algorithm == Algorithm::Md5))
    }

    /// Whether there is such a user.
    pub(super) fn knows(&self, user: &str) -> bool {
        [false, true].iter().any(|md5| self.hashes.contains_key(&(user.to_owned(), *md5)))
    }
}

impl fmt::Debug for Htdigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Htdigest({} hashes)", self.hashes.len())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    const SHA: &str = "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232";
    const MD5: &str = "3d78807defe7de2157e2b0b6573a855f";

    #[test]
    fn a_user_may_have_a_hash_of_each_algorithm() {
        let text = format!("# people\n\nada:r:{}\nada:r:{MD5}\nbob:r:{MD5}\n", SHA.to_uppercase());
        let file = Htdigest::parse(&text, "r", true).unwrap();
        assert_eq!(file.ha1("ada", Algorithm::Sha256).unwrap().expose_secret(), SHA);
        assert_eq!(file.ha1("ada", Algorithm::Md5).unwrap().expose_secret(), MD5);
        assert!(file.ha1("bob", Algorithm::Sha256).is_none() && file.knows("bob"));
        assert!(!file.knows("eve"));
        assert_eq!(file.algorithms(), [Algorithm::Sha256, Algorithm::Md5]);
        assert_eq!(format!("{file:?}"), "Htdigest(3 hashes)");
    }

    #[rstest]
    #[case("ada:r", 1, "is not like `user:realm:hash`")]
    #[case("\nada:r:abc", 2, "the hash of `ada` is neither SHA-256 nor MD5")]
    #[case("ada:x:7987c64c", 1, "`ada` is of another realm than `r`")]
    #[case("anonymous:r:x", 1, "the name `anonymous` means callers without a name")]
    #[case(
        "ada:r:3d78807defe7de2157e2b0b6573a855f",
        1,
        "the hash of `ada` is MD5, which needs `md5 = true`"
    )]
    fn other_lines_are_refused(#[case] text: &str, #[case] line: usize, #[case] problem: &str) {
        let (at, what) = Htdigest::parse(text, "r", false).unwrap_err();
        assert_eq!(at, line);
        assert!(what.starts_with(problem), "{what}");
    }

    #[test]
    fn a_user_is_named_once() {
        let twice = format!("ada:r:{SHA}\nada:r:{SHA}");
        let error = Htdigest::parse(&twice, "r", false).unwrap_err();
        assert_eq!(error, (2, "names `ada` with SHA-256 a second time".to_owned()));
    }
}
