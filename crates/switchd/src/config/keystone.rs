//! A listener that takes Keystone's tokens: where Keystone is, who we are there, and whom it may
//! name.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{check::Check, problem::Problem, raw::Texts};
use crate::secret::{RawSecretRef, SecretRef};

/// Keystone, for a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeystoneAuth {
    /// Its address, with or without `/v3`.
    pub url: String,
    /// What its certificate has to lead to; the system's certificates when absent.
    pub ca: Option<PathBuf>,
    /// Our own user.
    pub username: String,
    /// Its password.
    pub password: SecretRef,
    /// The domain of that user.
    pub user_domain: String,
    /// The project that our own token is for.
    pub project: String,
    /// Its domain.
    pub project_domain: String,
    /// The domain of callers, by name or id.
    pub callers_domain: String,
    /// Of these roles a caller has to have one.
    pub roles: Vec<String>,
    /// How long what Keystone said is remembered.
    pub cache: Duration,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawKeystone {
    url: String,
    ca: Option<PathBuf>,
    username: String,
    password: RawSecretRef,
    #[serde(default = "domain")]
    user_domain: String,
    #[serde(default = "project")]
    project: String,
    #[serde(default = "domain")]
    project_domain: String,
    #[serde(default = "domain")]
    callers_domain: String,
    #[serde(default = "roles")]
    roles: Texts,
    #[serde(default = "cache_ms")]
    cache_ms: u64,
}

fn domain() -> String {
    "Default".to_owned()
}

fn project() -> String {
    "service".to_owned()
}

fn roles() -> Texts {
    Texts(vec!["admin".to_owned()])
}

const fn cache_ms() -> u64 {
    60_000
}

pub(super) fn keystone(
    check: &mut Check<'_>,
    key: &str,
    raw: &RawKeystone,
) -> Option<KeystoneAuth> {
    let at = |member: &str| format!("{key}.{member}");
    let url = url(check, &at("url"), &raw.url, raw.ca.is_some())?;
    let password = check.take(&at("password"), raw.password.clone().checked())?;
    if raw.roles.0.is_empty() {
        check.refuse(Problem::at(at("roles"), "is empty, so that nobody could come in"));
    }
    Some(KeystoneAuth {
        url,
        ca: raw.ca.as_ref().map(|path| check.path(path)),
        username: raw.username.clone(),
        password: password.with_path(|path| check.path(path)),
        user_domain: raw.user_domain.clone(),
        project: raw.project.clone(),
        project_domain: raw.project_domain.clone(),
        callers_domain: raw.callers_domain.clone(),
        roles: raw.roles.0.clone(),
        cache: check.time(&at("cache_ms"), raw.cache_ms, 0),
    })
}

/// Our password and everybody's tokens go there, so it is TLS, or this machine.
fn url(check: &mut Check<'_>, key: &str, text: &str, has_ca: bool) -> Option<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"@?#\"".contains(&byte));
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| plain && !rest.is_empty()) else {
        let what = "is not like `https://keystone.example:5000`";
        check.refuse(Problem::at(key, what));
        return None;
    };
    if text.starts_with("http://") {
        let host = rest.split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        if host != "localhost" && !address.is_ok_and(|address| address.is_loopback()) {
            let what = "is `http://`, so that everybody on the way reads our password";
            check.refuse(Problem::at(key, what).hint("`https://`, with `ca` where it is needed"));
            return None;
        }
        if has_ca {
            let what = "is `http://`, where `ca` means nothing";
            check.refuse(Problem::at(key, what));
            return None;
        }
    }
    Some(text.to_owned())
}
