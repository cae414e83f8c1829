//! Which address and which credentials are used, out of three places that may name them.
//!
//! Nothing here reads a file or the environment by itself, so that the rules can be tested as
//! they are written.

use std::{fmt, path::PathBuf};

use rpc::client::{Credentials, Settings, TlsSettings};
use secrecy::SecretString;

use super::{
    Auth, Connection,
    profile::{Profile, Profiles},
    secret,
};
use crate::cli::{exit::Exit, failure::Told};

/// The address when nothing names one.
const URL: &str = "http://127.0.0.1:8191";
/// How often to try again when nothing says it.
const RETRIES: u32 = 2;

/// Where something was said. The order is that of precedence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In the environment.
    Variable(&'static str),
    /// In a profile.
    Profile(String),
    /// Nowhere.
    Default,
}

impl Origin {
    const fn level(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Variable(_) => 1,
            Self::Profile(_) => 2,
            Self::Default => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "`{name}`"),
            Self::Variable(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile `{name}`"),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Something with its origin.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Said<T> {
    pub(in crate::cli) value: T,
    pub(in crate::cli) origin: Origin,
}

/// A password or a token that is not read yet.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Secret {
    /// In the environment, or in the profile itself.
    Given(SecretString),
    /// In this file.
    File(PathBuf),
}

/// What would be used.
#[derive(Debug)]
pub(in crate::cli) struct Resolved {
    pub(in crate::cli) url: Said<String>,
    pub(in crate::cli) auth: Auth,
    pub(in crate::cli) user: Option<Said<String>>,
    /// The password, or with [`Auth::Token`] the token.
    pub(in crate::cli) secret: Option<Said<Secret>>,
    pub(in crate::cli) cert: Option<Said<PathBuf>>,
    pub(in crate::cli) key: Option<Said<PathBuf>>,
    pub(in crate::cli) cacert: Option<Said<PathBuf>>,
    pub(in crate::cli) retries: u32,
}

/// The three places.
struct Places<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    profile: Option<(&'a str, &'a Profile)>,
}

impl Places<'_> {
    fn pick<T: Clone>(
        &self,
        flag: (&'static str, Option<&T>),
        name: &'static str,
        read: impl Fn(String) -> T,
        profile: impl Fn(&Profile) -> Option<&T>,
    ) -> Option<Said<T>> {
        if let (name, Some(value)) = flag {
            return Some(Said { value: value.clone(), origin: Origin::Flag(name) });
        }
        if let Some(text) = (self.variable)(name) {
            return Some(Said { value: read(text), origin: Origin::Variable(name) });
        }
        let (name, found) = self.profile?;
        let value = profile(found)?.clone();
        Some(Said { value, origin: Origin::Profile(name.to_owned()) })
    }

    /// A password or token: the flag's file, the variable's file, the variable, the profile.
    fn secret(
        &self,
        flag: (&'static str, Option<&PathBuf>),
        [file, given]: [&'static str; 2],
        profile: impl Fn(&Profile) -> (Option<&PathBuf>, Option<&SecretString>),
    ) -> Option<Said<Secret>> {
        if let (name, Some(path)) = flag {
            return Some(Said { value: Secret::File(path.clone()), origin: Origin::Flag(name) });
        }
        if let Some(path) = (self.variable)(file) {
            let value = Secret::File(path.into());
            return Some(Said { value, origin: Origin::Variable(file) });
        }
        if let Some(text) = (self.variable)(given) {
            let value = Secret::Given(text.into());
            return Some(Said { value, origin: Origin::Variable(given) });
        }
        let (name, found) = self.profile?;
        let value = match profile(found) {
            (Some(path), _) => Secret::File(path.clone()),
            (None, Some(text)) => Secret::Given(text.clone()),
            (None, None) => return None,
        };
        Some(Said { value, origin: Origin::Profile(name.to_owned()) })
    }
}

pub(super) fn resolve(
    flags: &Connection,
    variable: &dyn Fn(&str) -> Option<String>,
    profiles: Option<&Profiles>,
) -> Result<Resolved, Told> {
    let bare = Places { variable, profile: None };
    let said = bare.pick(("--url", flags.url.as_ref()), "MERCURY_URL", |url| url, |_| None);
    let profile = chosen(flags, variable, profiles, said.as_ref())?;
    let places = Places { variable, profile };
    let url = said.or_else(|| {
        let (name, found) = profile?;
        let origin = Origin::Profile(name.to_owned());
        Some(Said { value: found.url.clone()?, origin })
    });
    let url = url.unwrap_or_else(|| Said { value: URL.to_owned(), origin: Origin::Default });
    let path = |flag, value: &Option<PathBuf>, name, of: fn(&Profile) -> Option<&PathBuf>| {
        places.pick((flag, value.as_ref()), name, PathBuf::from, of)
    };
    let user = places.pick(
        ("--user", flags.user.as_ref()),
        "MERCURY_USER",
        |user| user,
        |profile| profile.user.as_ref(),
    );
    let password = places
        .secret(
            ("--password-file", flags.password_file.as_ref()),
            ["MERCURY_PASSWORD_FILE", "MERCURY_PASSWORD"],
            |profile| (profile.password_file.as_ref(), profile.password.as_ref()),
        )
        // A profile's password is that of the profile's user.
        .filter(|password| {
            !matches!(password.origin, Origin::Profile(_))
                || user.as_ref().map(|user| &user.value)
                    == profile.and_then(|(_, profile)| profile.user.as_ref())
        });
    let token = places.secret(
        ("--auth-token-file", flags.auth_token_file.as_ref()),
        ["MERCURY_TOKEN_FILE", "MERCURY_TOKEN"],
        |profile| (profile.token_file.as_ref(), profile.token.as_ref()),
    );
    let auth = match flags.auth {
        Some(auth) => Some(auth),
        None => match variable("MERCURY_AUTH") {
            Some(text) => Some(auth(&text)?),
            None => profile.and_then(|(_, profile)| profile.auth),
        },
    };
    let auth = match auth {
        Some(auth) => auth,
        None => implied(user.as_ref(), token.as_ref())?,
    };
    let secret = match auth {
        Auth::None => None,
        Auth::Token => Some(token.ok_or_else(|| {
            Told::new(Exit::Usage, "there is no token")
                .hint("name a file with `--auth-token-file`, or set MERCURY_TOKEN")
        })?),
        Auth::Asked | Auth::Basic | Auth::Digest | Auth::DigestMd5 => {
            let Some(user) = &user else {
                return Err(Told::new(Exit::Usage, "there is no user to authenticate as")
                    .hint("name one with `--user`, or leave `--auth` out"));
            };
            Some(password.ok_or_else(|| {
                Told::new(Exit::Usage, format!("there is no password for user `{}`", user.value))
                    .hint("set MERCURY_PASSWORD, or name a file with `--password-file`")
            })?)
        }
    };
    let retries = match (flags.retries, variable("MERCURY_RETRIES")) {
        (Some(number), _) => number,
        (None, Some(text)) => text.parse().map_err(|_| {
            Told::new(Exit::Usage, format!("MERCURY_RETRIES is `{text}`, no number from 0"))
        })?,
        (None, None) => profile.and_then(|(_, profile)| profile.retries).unwrap_or(RETRIES),
    };
    Ok(Resolved {
        url,
        auth,
        user,
        secret,
        cert: path("--cert", &flags.cert, "MERCURY_CERT", |profile| profile.cert.as_ref()),
        key: path("--key", &flags.key, "MERCURY_KEY", |profile| profile.key.as_ref()),
        cacert: path("--cacert", &flags.cacert, "MERCURY_CACERT", |profile| {
            profile.cacert.as_ref()
        }),
        retries,
    })
}

/// The profile that counts. One that is named has to fit the address that is named; the default
/// one is for when no address is.
fn chosen<'a>(
    flags: &'a Connection,
    variable: &dyn Fn(&str) -> Option<String>,
    profiles: Option<&'a Profiles>,
    url: Option<&Said<String>>,
) -> Result<Option<(&'a str, &'a Profile)>, Told> {
    let named = flags.profile.clone().or_else(|| variable("MERCURY_PROFILE"));
    let Some(name) = named else {
        let Some(profiles) = profiles.filter(|_| url.is_none()) else { return Ok(None) };
        let Some(name) = &profiles.default else { return Ok(None) };
        return Ok(Some((name, profiles.get(name)?)));
    };
    let Some(profiles) = profiles else {
        let message = format!("there is no profile `{name}`: the client has no configuration");
        return Err(Told::new(Exit::Usage, message)
            .hint("it is `~/.config/mercury/client.toml`, or what MERCURY_CLIENT_CONFIG names"));
    };
    let profile = profiles.get(&name)?;
    if let (Some(said), Some(own)) = (url, &profile.url)
        && said.value != *own
    {
        let message = format!(
            "profile `{name}` is for `{own}`, and {} names `{}`: what the profile knows goes to \
             no other address",
            said.origin, said.value
        );
        return Err(Told::new(Exit::Usage, message).hint("leave one of the two out"));
    }
    Ok(profiles.profiles.get_key_value(&name).map(|(name, profile)| (name.as_str(), profile)))
}

fn auth(text: &str) -> Result<Auth, Told> {
    <Auth as clap::ValueEnum>::from_str(text, false).map_err(|_| {
        let names = "`asked`, `basic`, `digest`, `digest-md5`, `token`, `none`";
        Told::new(Exit::Usage, format!("MERCURY_AUTH is `{text}`, none of {names}"))
    })
}

/// How to authenticate when nothing says it: by what was named in the place that counts more.
fn implied(user: Option<&Said<String>>, token: Option<&Said<Secret>>) -> Result<Auth, Told> {
    match (user, token) {
        (None, None) => Ok(Auth::None),
        (Some(_), None) => Ok(Auth::Asked),
        (None, Some(_)) => Ok(Auth::Token),
        (Some(user), Some(token)) => match user.origin.level().cmp(&token.origin.level()) {
            std::cmp::Ordering::Less => Ok(Auth::Asked),
            std::cmp::Ordering::Greater => Ok(Auth::Token),
            std::cmp::Ordering::Equal => {
                let message = format!(
                    "both a user ({}) and a token ({}) are named",
                    user.origin, token.origin
                );
                Err(Told::new(Exit::Usage, message).hint("say which with `--auth`"))
            }
        },
    }
}

impl Resolved {
    /// What the client is made from. Reads the password or the token.
    pub(super) fn settings(&self) -> Result<Settings, Told> {
        let kind = if self.auth == Auth::Token { "token" } else { "password" };
        let secret = match &self.secret {
            None => SecretString::default(),
            Some(Said { value: Secret::Given(text), .. }) => text.clone(),
            Some(Said { value: Secret::File(path), .. }) => secret::read(path, kind)?,
        };
        let user = self.user.as_ref().map(|user| user.value.clone()).unwrap_or_default();
        let value = |said: &Option<Said<PathBuf>>| said.as_ref().map(|said| said.value.clone());
        Ok(Settings {
            credentials: match self.auth {
                Auth::None => Credentials::None,
                Auth::Token => Credentials::Token(secret),
                Auth::Basic => Credentials::Basic { user, password: secret },
                Auth::Asked => Credentials::AsAsked { user, password: secret },
                Auth::Digest => Credentials::Digest { user, password: secret, md5: false },
                Auth::DigestMd5 => Credentials::Digest { user, password: secret, md5: true },
            },
            credentials_from: self.credentials_from(),
            tls: TlsSettings {
                authorities: value(&self.cacert),
                certificate: value(&self.cert),
                key: value(&self.key),
            },
            retries: self.retries,
            ..Settings::new(self.url.value.clone())
        })
    }

    /// Where the credentials come from, in words.
    pub(in crate::cli) fn credentials_from(&self) -> Option<String> {
        let secret = self.secret.as_ref()?;
        let place = match &secret.value {
            Secret::File(path) => format!("{}: `{}`", secret.origin, path.display()),
            Secret::Given(_) => secret.origin.to_string(),
        };
        Some(match (self.auth, &self.user) {
            (Auth::Token, _) | (_, None) => format!("token from {place}"),
            (_, Some(user)) => format!("user from {}, password from {place}", user.origin),
        })
    }

    /// What is dangerous about it.
    pub(super) fn warning(&self) -> Option<String> {
        let what = match self.auth {
            Auth::Basic => "password",
            Auth::Token => "token",
            Auth::Asked | Auth::Digest | Auth::DigestMd5 | Auth::None => return None,
        };
        travels_readable(&self.url.value)
            .then(|| format!("the {what} travels unencrypted to this address; use https"))
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

#[cfg(test)]
mod tests;
