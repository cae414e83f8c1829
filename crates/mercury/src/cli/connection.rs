//! Where the service is, as whom to speak to it, and what to trust: from the command line, from
//! the environment, from a profile, in this order.
//!
//! A password is never taken from the command line, where every process of the machine can read
//! it, and never asked for, so that a script cannot hang on a question. What a profile knows goes
//! to the profile's own address and to no other.

pub(super) mod command;
mod profile;
mod resolve;
mod secret;

use std::path::PathBuf;

use rpc::client::Client;

pub(super) use self::{
    profile::{Profile, Profiles},
    resolve::{Resolved, Said},
};
use super::{failure::Told, warn};

/// Options of every command that speaks to the service.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Service")]
pub(super) struct Connection {
    /// The service: http://host:port, https://host:port, or unix:/path/to/socket [env: MERCURY_URL]
    /// [default: http://127.0.0.1:8191]
    #[arg(long, global = true)]
    url: Option<String>,
    /// The user to authenticate as; the password comes from MERCURY_PASSWORD or --password-file
    /// [env: MERCURY_USER]
    #[arg(long, global = true)]
    user: Option<String>,
    /// A file whose first line is the password; it must not be readable by everybody
    /// [env: MERCURY_PASSWORD_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file whose first line is a shared secret or a Keystone token [env: MERCURY_TOKEN_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// How to authenticate [env: MERCURY_AUTH] [default: the token, or the user as asked]
    #[arg(long, global = true)]
    auth: Option<Auth>,
    /// The client's certificate in PEM, for services that ask for one [env: MERCURY_CERT]
    #[arg(long, global = true, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its private key [env: MERCURY_KEY] [default: in the file of the certificate]
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The authorities that may have signed the service's certificate, in place of the system's
    /// [env: MERCURY_CACERT]
    #[arg(long, global = true, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// How often to try again where nothing can have been changed [env: MERCURY_RETRIES]
    /// [default: 2]
    #[arg(long, global = true, value_name = "NUMBER")]
    retries: Option<u32>,
    /// The profile of the client's configuration to use [env: MERCURY_PROFILE] [default: the one
    /// that the file names]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
}

/// How to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Auth {
    /// Digest with SHA-256 if the service asks for it; else Basic, over TLS or on this machine only
    Asked,
    /// HTTP Basic: the password goes along with every request
    Basic,
    /// HTTP Digest with SHA-256; the password is never sent
    Digest,
    /// HTTP Digest with SHA-256, or with MD5 where the service offers nothing better
    DigestMd5,
    /// A shared secret or a Keystone token in X-Auth-Token
    Token,
    /// Nothing is sent
    None,
}

impl Connection {
    /// A client of the service.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let resolved = self.resolve()?;
        if let Some(warning) = resolved.warning() {
            warn(&warning);
        }
        Ok(Client::new(resolved.settings()?)?)
    }

    /// What would be used, and where it comes from.
    pub(super) fn resolve(&self) -> Result<Resolved, Told> {
        resolve::resolve(self, &variable, profiles()?.as_ref())
    }
}

/// The client's configuration, if there is one.
pub(super) fn profiles() -> Result<Option<Profiles>, Told> {
    Profiles::load(&variable)
}

/// A variable of the environment; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
