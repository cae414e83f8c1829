//! References to secrets: the configuration says where a secret is, never what it is.
//!
//! A reference is resolved at its use, so that a rotated secret needs no restart. Files that others
//! may read are refused, because what is in them has to be taken as known. What was read is a
//! [`SecretString`], which prints nothing; errors name the reference and never repeat content, not
//! even what a command wrote to its standard error.

use std::{
    fmt,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use thiserror::Error;
use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

/// How large a secret may be: a chain of certificates with its key fits.
const BYTES: u64 = 64 * 1024;
/// How long a command may take: a vault on the network answers in one.
const COMMAND: Duration = Duration::from_secs(10);
/// What is said of a secret that stands in the file itself.
const NOT_A_REFERENCE: &str = "it is not one of `{ file = \"…\" }`, `{ env = \"…\" }`, \
    `{ command = [\"…\"] }`: a secret does not stand in this file";
/// What others may do with a file: nothing.
const FORBIDDEN_MODE: u32 = 0o077;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRef {
    /// In a file that only its owner may read.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
    /// What a program writes to its standard output; its arguments are given one by one, no shell
    /// reads them.
    Command(Vec<String>),
}

/// A reference as it is written: `{ file = "…" }`, `{ env = "…" }` or `{ command = ["…"] }`.
///
/// Who writes the secret itself instead is told so without its being repeated.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
pub struct RawSecretRef {
    file: Option<PathBuf>,
    env: Option<String>,
    command: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for RawSecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Members {
            file: Option<PathBuf>,
            env: Option<String>,
            command: Option<Vec<String>>,
        }

        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = RawSecretRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reference to a secret")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RawSecretRef, A::Error> {
                let Members { file, env, command } =
                    Members::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawSecretRef { file, env, command })
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<RawSecretRef, E> {
                Err(E::custom(NOT_A_REFERENCE))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<RawSecretRef, E> {
                Err(E::custom(NOT_A_REFERENCE))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<RawSecretRef, E> {
                Err(E::custom(NOT_A_REFERENCE))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<RawSecretRef, E> {
                Err(E::custom(NOT_A_REFERENCE))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A secret that cannot be had.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The file, variable or program cannot be read.
    #[error("cannot read the secret from {from}: {problem}")]
    Unreadable {
        /// The reference.
        from: SecretRef,
        /// What is wrong.
        problem: String,
    },
    /// Others may read the file.
    #[error(
        "the secret's file `{}` has mode {mode:04o}: others than its owner may use it\nhint: chmod 0600 {}",
        path.display(),
        path.display()
    )]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl RawSecretRef {
    /// Exactly one of the three.
    pub fn checked(self) -> Result<SecretRef, String> {
        match (self.file, self.env, self.command) {
            (Some(file), None, None) => Ok(SecretRef::File(file)),
            (None, Some(env), None) if !env.is_empty() => Ok(SecretRef::Env(env)),
            (None, None, Some(command)) if !command.is_empty() => Ok(SecretRef::Command(command)),
            _ => Err("it is not one of `{ file = \"…\" }`, `{ env = \"…\" }`, \
                      `{ command = [\"…\"] }`"
                .to_owned()),
        }
    }
}

impl SecretRef {
    /// The same with its path changed, if it has one.
    #[must_use]
    pub fn with_path(self, change: impl FnOnce(&Path) -> PathBuf) -> Self {
        match self {
            Self::File(path) => Self::File(change(&path)),
            other => other,
        }
    }

    /// Reads the secret, without the line feed at its end.
    pub async fn resolve(&self) -> Result<SecretString, SecretError> {
        let bytes = match self {
            Self::File(path) => self.file(path).await?,
            Self::Env(name) => std::env::var(name)
                .map_err(|error| self.unreadable(error.to_string()))?
                .into_bytes(),
            Self::Command(words) => self.output(words).await?,
        };
        let text =
            String::from_utf8(bytes).map_err(|_| self.unreadable("it is not UTF-8".to_owned()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(self.unreadable("it is empty".to_owned()));
        }
        Ok(text.into())
    }

    async fn file(&self, path: &Path) -> Result<Vec<u8>, SecretError> {
        let failed = |error: std::io::Error| self.unreadable(error.to_string());
        // Asked before it is opened, because opening a named pipe waits for its writer.
        if !tokio::fs::metadata(path).await.map_err(failed)?.is_file() {
            return Err(self.unreadable("it is no regular file".to_owned()));
        }
        let file = tokio::fs::File::open(path).await.map_err(failed)?;
        let mode = file.metadata().await.map_err(failed)?.permissions().mode() & 0o7777;
        if mode & FORBIDDEN_MODE != 0 {
            return Err(SecretError::Mode { path: path.to_owned(), mode });
        }
        self.bounded(file).await
    }

    async fn output(&self, words: &[String]) -> Result<Vec<u8>, SecretError> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| self.unreadable("it names no program".to_owned()))?;
        let run = async {
            let mut child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| self.unreadable(error.to_string()))?;
            let output = child.stdout.take();
            let output =
                output.ok_or_else(|| self.unreadable("it has no standard output".to_owned()))?;
            let bytes = self.bounded(output).await?;
            let status = child.wait().await.map_err(|error| self.unreadable(error.to_string()))?;
            if status.success() { Ok(bytes) } else { Err(self.unreadable(status.to_string())) }
        };
        timeout(COMMAND, run).await.unwrap_or_else(|_| {
            Err(self.unreadable(format!("it did not end within {} s", COMMAND.as_secs())))
        })
    }

    async fn bounded(
        &self,
        source: impl tokio::io::AsyncRead + Unpin,
    ) -> Result<Vec<u8>, SecretError> {
        let mut bytes = Vec::new();
        source
            .take(BYTES + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| self.unreadable(error.to_string()))?;
        if bytes.len() as u64 > BYTES {
            return Err(self.unreadable(format!("it is longer than {BYTES} bytes")));
        }
        Ok(bytes)
    }

    fn unreadable(&self, problem: String) -> SecretError {
        SecretError::Unreadable { from: self.clone(), problem }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file `{}`", path.display()),
            Self::Env(name) => write!(f, "the environment variable `{name}`"),
            // Its arguments are left out: people put secrets there.
            Self::Command(words) => {
                write!(f, "the command `{}`", words.first().map_or("", String::as_str))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn command(words: &[&str]) -> SecretRef {
        SecretRef::Command(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[rstest]
    #[case(&["printf", "hunter2\n"], "hunter2")]
    #[case(&["printf", "hunter2\r\n"], "hunter2")]
    #[case(&["printf", "two\nlines\n\n"], "two\nlines\n")]
    #[tokio::test]
    async fn one_line_feed_is_left_out(#[case] words: &[&str], #[case] secret: &str) {
        assert_eq!(command(words).resolve().await.unwrap().expose_secret(), secret);
    }

    #[rstest]
    #[case(&["false"], "the command `false`: exit status: 1")]
    #[case(&["true"], "the command `true`: it is empty")]
    #[case(&["/nowhere/at-all"], "the command `/nowhere/at-all`: No such file")]
    #[case(&["head", "-c", "65537", "/dev/zero"], "the command `head`: it is longer than 65536 bytes")]
    #[case(&["printf", "\\377"], "the command `printf`: it is not UTF-8")]
    #[case(&["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"], "the command `sh`: exit status: 3")]
    #[tokio::test]
    async fn a_command_that_fails_says_so_without_what_it_wrote(
        #[case] words: &[&str],
        #[case] message: &str,
    ) {
        let error = command(words).resolve().await.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[tokio::test]
    async fn a_missing_variable_is_named() {
        let error = SecretRef::Env("MERCURY_NO_SUCH_VARIABLE".to_owned()).resolve().await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("the environment variable `MERCURY_NO_SUCH_VARIABLE`"), "{error}");
    }

    #[rstest]
    #[case(0o600, Ok("hunter2"))]
    #[case(0o400, Ok("hunter2"))]
    #[case(0o640, Err("has mode 0640"))]
    #[case(0o604, Err("has mode 0604"))]
    #[case(0o620, Err("has mode 0620"))]
    #[tokio::test]
    async fn a_file_is_its_owners_alone(#[case] mode: u32, #[case] expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "hunter2\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match (SecretRef::File(path).resolve().await, expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected),
            (Err(error), Err(expected)) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = SecretRef::File(folder.path().to_owned()).resolve().await.unwrap_err();
        assert!(error.to_string().contains("it is no regular file"), "{error}");
        let error = SecretRef::File(folder.path().join("x")).resolve().await.unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
    }
}
