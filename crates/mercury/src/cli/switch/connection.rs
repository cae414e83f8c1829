//! Where the service is, as whom to speak to it, and what every request says.
//!
//! A password is never taken from the command line, where every process of the machine can read
//! it, and never asked for, so that a script cannot hang on a question.

use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::SignedDuration;
use rpc::{
    client::{Client, Settings},
    wire::Context,
};
use secrecy::SecretString;

use crate::cli::{exit::Exit, failure::Told, warn};

/// How long a password file may be; a longer one is the wrong file.
const PASSWORD_BYTES: u64 = 4096;

#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub(super) struct Connection {
    /// The service: http://host:port, https://host:port, or unix:/path/to/socket
    #[arg(long, global = true, env = "MERCURY_URL", default_value = "http://127.0.0.1:8191")]
    url: String,
    /// The user to authenticate as; the password comes from MERCURY_PASSWORD or --password-file
    #[arg(long, global = true, env = "MERCURY_USER")]
    user: Option<String>,
    /// A file whose first line is the password; it must not be readable by everybody
    #[arg(long, global = true, env = "MERCURY_PASSWORD_FILE", value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// How long the service may work, such as 500ms, 30s or 2m; at most 10m [default: 30s]
    #[arg(long, global = true, value_parser = timeout)]
    timeout: Option<u32>,
    /// A name for the request, to be found in the log and the audit record; it need not be unique
    #[arg(long, global = true, value_name = "ID")]
    request_id: Option<String>,
    /// Why, for the audit record
    #[arg(long, global = true)]
    reason: Option<String>,
    /// On whose behalf, for the audit record; it never decides what is allowed
    #[arg(long, global = true, value_name = "NAME")]
    on_behalf_of: Option<String>,
    /// The server whose ports these are
    #[arg(long, global = true, value_name = "ID")]
    host_id: Option<String>,
    /// Print the answer as one JSON document
    #[arg(long, global = true)]
    pub(super) json: bool,
}

impl Connection {
    /// A client of the service.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let credentials = match &self.user {
            Some(user) => Some((user.clone(), self.password(user)?)),
            None => None,
        };
        if credentials.is_some() && travels_readable(&self.url) {
            warn("the password travels unencrypted to this address; use https");
        }
        Ok(Client::new(Settings { address: self.url.clone(), credentials })?)
    }

    /// What every request of this run says.
    pub(super) fn context(&self) -> Context {
        Context {
            request_id: Some(
                self.request_id.clone().unwrap_or_else(|| format!("cli-{}", uuid::Uuid::new_v4())),
            ),
            user: self.on_behalf_of.clone(),
            reason: self.reason.clone(),
            host_id: self.host_id.clone(),
            timeout_ms: self.timeout,
            ..Context::default()
        }
    }

    fn password(&self, user: &str) -> anyhow::Result<SecretString> {
        if let Some(file) = &self.password_file {
            return read_password(file);
        }
        match std::env::var("MERCURY_PASSWORD") {
            Ok(password) if !password.is_empty() => Ok(password.into()),
            _ => Err(Told::new(Exit::Usage, format!("there is no password for user `{user}`"))
                .hint("set MERCURY_PASSWORD, or name a file with `--password-file`")
                .into()),
        }
    }
}

/// Whether a password for this address can be read on its way.
fn travels_readable(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
        let ip = host.parse::<std::net::IpAddr>();
        host != "localhost" && !ip.is_ok_and(|ip| ip.is_loopback())
    })
}

fn read_password(path: &Path) -> anyhow::Result<SecretString> {
    let shown = path.display();
    let cannot = || format!("cannot read the password file `{shown}`");
    let file = File::open(path).with_context(cannot)?;
    let found = file.metadata().with_context(cannot)?;
    if found.is_file() && found.mode() & 0o004 != 0 {
        let message = format!("the password file `{shown}` can be read by everybody");
        return Err(Told::new(Exit::Usage, message).hint(format!("chmod 600 {shown}")).into());
    }
    let mut text = String::new();
    file.take(PASSWORD_BYTES + 1).read_to_string(&mut text).with_context(cannot)?;
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() || text.len() as u64 > PASSWORD_BYTES {
        let message = format!("the password file `{shown}` does not begin with a password");
        return Err(Told::new(Exit::Usage, message).into());
    }
    Ok(first.to_owned().into())
}

/// Milliseconds from `500ms`, `30s`, `2m`, or from seconds without a unit.
fn timeout(text: &str) -> Result<u32, String> {
    let with_unit = match text.parse::<u32>() {
        Ok(_) => format!("{text}s"),
        Err(_) => text.to_owned(),
    };
    let span: Option<SignedDuration> = with_unit.parse().ok();
    span.and_then(|span| u32::try_from(span.as_millis()).ok())
        .filter(|ms| (1..=600_000).contains(ms))
        .ok_or_else(|| "it is not a span from 1ms to 10m, such as `30s`".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[rstest]
    #[case("500ms", Some(500))]
    #[case("30s", Some(30_000))]
    #[case("30", Some(30_000))]
    #[case("10m", Some(600_000))]
    #[case("11m", None)]
    #[case("0", None)]
    #[case("-3s", None)]
    #[case("soon", None)]
    fn timeouts(#[case] text: &str, #[case] want: Option<u32>) {
        assert_eq!(timeout(text).ok(), want);
    }

    #[rstest]
    #[case("http://127.0.0.1:8191", false)]
    #[case("http://[::1]:8191", false)]
    #[case("http://localhost", false)]
    #[case("https://switchd.example", false)]
    #[case("unix:/run/switchd.sock", false)]
    #[case("http://switchd.example:8191", true)]
    #[case("http://192.0.2.1", true)]
    fn passwords_that_can_be_read_on_their_way(#[case] url: &str, #[case] want: bool) {
        assert_eq!(travels_readable(url), want);
    }

    #[rstest]
    #[case("s3cret\nrest\n", 0o600, Ok("s3cret"))]
    #[case("s3cret", 0o640, Ok("s3cret"))]
    #[case("s3cret", 0o644, Err("can be read by everybody"))]
    #[case("", 0o600, Err("does not begin with a password"))]
    fn password_files(#[case] text: &str, #[case] mode: u32, #[case] want: Result<&str, &str>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).unwrap();
        match (read_password(file.path()), want) {
            (Ok(got), Ok(want)) => assert_eq!(got.expose_secret(), want),
            (Err(got), Err(want)) => {
                let got = got.to_string();
                assert!(got.contains(want) && !got.contains("s3cret"), "{got}");
            }
            (got, want) => panic!("{:?} and not {want:?}", got.map(|_| "a password")),
        }
    }
}
