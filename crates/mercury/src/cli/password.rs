//! `mercury password`: lines for the files of users that the switch service reads.
//!
//! It writes a line and never a file, so that nothing is overwritten and the file's owner and mode
//! stay what they are. A password is read from the terminal, unseen and twice, or from standard
//! input; it is no argument, because arguments are everybody's to read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::Context as _;
use clap::Subcommand;
use rpc::{
    auth::check_name,
    digest::{Algorithm, ha1},
};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    exit::Exit,
    failure::Told,
    output::{Output, complain},
};

/// How long a password may be.
const LONGEST: usize = 1024;
/// How much of a password bcrypt looks at.
const BCRYPT_BYTES: usize = 72;
/// The cost of bcrypt: some 50 to 100 ms for each login that is not remembered.
const COST: u32 = 10;

const EXAMPLES: &str = "\
Examples:
  mercury password digest --user ada >> /etc/mercury/htdigest
  mercury password basic --user ada < password.txt >> /etc/mercury/htpasswd

The file must not be readable by others (mode 0640 or 0600), and the service reads it again at
SIGHUP. A user that is there already has to be taken out first.";

/// Make lines for files of users.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A line `user:realm:hash` for HTTP Digest
    #[command(after_help = EXAMPLES)]
    Digest {
        /// The user's name, as the policy knows it
        #[arg(long, value_parser = user)]
        user: String,
        /// The realm of the listener
        #[arg(long, default_value = "mercury")]
        realm: String,
        /// For a client that cannot do SHA-256; the listener has to allow it with `md5 = true`
        #[arg(long)]
        md5: bool,
    },
    /// A line `user:hash` for HTTP Basic
    #[command(after_help = EXAMPLES)]
    Basic {
        /// The user's name, as the policy knows it
        #[arg(long, value_parser = user)]
        user: String,
    },
}

pub(super) fn run(args: Args, output: &mut Output) -> anyhow::Result<Exit> {
    let password = read()?;
    let line = match args.command {
        Command::Digest { user, realm, md5 } => {
            let algorithm = if md5 { Algorithm::Md5 } else { Algorithm::Sha256 };
            let hash = ha1(algorithm, &user, &realm, password.expose_secret());
            format!("{user}:{realm}:{}\n", hash.expose_secret())
        }
        Command::Basic { user } => {
            let password = password.expose_secret();
            if password.len() > BCRYPT_BYTES {
                let message = format!("bcrypt looks at {BCRYPT_BYTES} bytes of a password alone");
                return Err(Told::new(Exit::Usage, message).into());
            }
            let hash = bcrypt::hash_with_result(password, COST).context("no hash")?;
            format!("{user}:{}\n", hash.format_for_version(bcrypt::Version::TwoY))
        }
    };
    output.text(&line)?;
    Ok(Exit::Ok)
}

/// A name that the files can hold.
fn user(text: &str) -> Result<String, String> {
    check_name(text)?;
    if text.contains(':') || text.starts_with('#') {
        return Err("a name in these files has no colon, and does not begin with `#`".to_owned());
    }
    Ok(text.to_owned())
}

fn read() -> anyhow::Result<SecretString> {
    let input = io::stdin();
    if !input.is_terminal() {
        let mut text = String::new();
        let most = u64::try_from(LONGEST).unwrap_or(u64::MAX) + 2;
        input.lock().take(most).read_to_string(&mut text).context("cannot read the password")?;
        return checked(&text);
    }
    let unseen = Unseen::begin()?;
    let first = asked("password: ")?;
    let second = asked("the same again: ")?;
    drop(unseen);
    if first.expose_secret() != second.expose_secret() {
        return Err(Told::new(Exit::Usage, "these are two different passwords").into());
    }
    Ok(first)
}

/// A password that is typed at the terminal, unseen and once.
pub(super) fn ask_unseen(prompt: &str) -> anyhow::Result<SecretString> {
    let _unseen = Unseen::begin()?;
    asked(prompt)
}

fn asked(prompt: &str) -> anyhow::Result<SecretString> {
    complain(prompt);
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    complain("\n");
    read.context("cannot read the password")?;
    checked(&line)
}

/// One line that is a password.
fn checked(text: &str) -> anyhow::Result<SecretString> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let problem = if line.is_empty() {
        "the password is empty"
    } else if line.len() > LONGEST {
        "the password is too long"
    } else if line.chars().any(char::is_control) {
        "the password is more than one line, or holds what no header carries"
    } else {
        return Ok(line.into());
    };
    Err(Told::new(Exit::Usage, problem).into())
}

/// A terminal that does not show what is typed, until this is dropped.
struct Unseen(Termios);

impl Unseen {
    fn begin() -> anyhow::Result<Self> {
        let before = tcgetattr(io::stdin()).context("cannot ask the terminal")?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)
            .context("cannot ask the terminal")?;
        Ok(Self(before))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passwords_that_files_and_headers_cannot_hold_are_refused() {
        for name in ["", "a b", "a:b", "#ada", "anonymous"] {
            assert!(user(name).is_err(), "{name}");
        }
        for text in ["", "\n", "a\nb\n", "tab\there"] {
            assert!(checked(text).is_err(), "{text:?}");
        }
        assert_eq!(checked("pässword \r\n").unwrap().expose_secret(), "pässword ");
    }
}
