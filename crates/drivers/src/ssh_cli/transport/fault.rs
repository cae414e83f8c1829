//! What goes wrong on the way to a switch.

use std::fmt;

use switch::DeviceError;

use super::settings::Method;

/// A failure of a connection, in words that say what to do. None of them repeats a secret.
#[derive(Debug)]
pub(super) enum Fault {
    /// The network, or a file that is needed to trust the host.
    Way(String),
    /// The host is not who it should be.
    Host(String),
    /// There is nothing to log in with.
    Credentials(String),
    /// The host does not let in.
    Refused {
        /// Who asked.
        username: String,
        /// Where.
        address: String,
        /// What was tried, in this order.
        tried: Vec<Method>,
        /// What the host would take.
        takes: Vec<&'static str>,
        /// What it said.
        said: Option<String>,
    },
    /// The host asks what is not answered.
    Asked {
        /// Who is asked.
        username: String,
        /// Where.
        address: String,
        /// The questions.
        questions: String,
        /// What can be done.
        hint: &'static str,
    },
    /// SSH itself.
    Ssh(russh::Error),
}

impl Fault {
    /// Whether the credentials were refused, so that trying again soon may lock an account.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Asked { .. })
    }

    pub(super) fn unreachable(&self, address: &str) -> DeviceError {
        DeviceError::Unreachable { address: address.to_owned(), reason: self.to_string() }
    }
}

impl From<russh::Error> for Fault {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Way(reason) | Self::Host(reason) | Self::Credentials(reason) => {
                f.write_str(reason)
            }
            Self::Refused { username, address, tried, takes, said } => {
                let tried: Vec<&str> = tried.iter().map(|method| method.name()).collect();
                write!(f, "the login of `{username}` at `{address}` was refused")?;
                match tried.as_slice() {
                    [] => f.write_str(": nothing that is configured could be tried")?,
                    tried => write!(f, " (tried: {})", tried.join(", "))?,
                }
                if let Some(said) = said {
                    write!(f, "; it said `{said}`")?;
                }
                if takes.is_empty() {
                    f.write_str("\nhint: check the user and the credentials")
                } else {
                    write!(f, "\nhint: check the user and the credentials; it takes ")?;
                    f.write_str(&takes.join(", "))
                }
            }
            Self::Asked { username, address, questions, hint } => {
                write!(f, "`{address}` asks `{username}` {questions} at the login\nhint: {hint}")
            }
            Self::Ssh(error) => f.write_str(&in_words(error)),
        }
    }
}

/// What an error of SSH means to somebody who has to do something about it.
pub(super) fn in_words(error: &russh::Error) -> String {
    match error {
        russh::Error::Disconnect | russh::Error::HUP => {
            "it closed the connection\nhint: it may have too many sessions, or an access list"
                .to_owned()
        }
        russh::Error::Version => "it does not speak SSH 2".to_owned(),
        russh::Error::KeepaliveTimeout => "it does not answer any more".to_owned(),
        russh::Error::WrongServerSig => {
            "it does not hold the key that it shows: somebody is in between".to_owned()
        }
        russh::Error::IO(error) => error.to_string(),
        russh::Error::SendError | russh::Error::RecvError => "the connection has ended".to_owned(),
        other => format!("SSH failed: {other}"),
    }
}
