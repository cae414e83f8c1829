//! The listeners: where they are, and who may come in.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    check::Check,
    problem::Problem,
    raw::{RawAuth, RawListen},
    read::{section, typed},
};

/// The path of the native table, unless the listener names another.
const PATH: &str = "/v1/rpc";
/// The path of Ironic's table, unless the listener names another: the only one that a conductor
/// can call.
const IRONIC_PATH: &str = "/";
/// Paths that every listener serves.
const MONITORING: &[&str] = &["/metrics", "/healthz", "/readyz"];

/// One listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Where.
    pub address: Address,
    /// Which methods are served.
    pub methods: MethodTable,
    /// The path on which calls come.
    pub path: String,
    /// Who may come in.
    pub auth: Auth,
    /// The mode of a unix socket.
    pub socket_mode: u32,
}

/// The methods of a listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodTable {
    /// Mercury's own.
    #[default]
    Native,
    /// Those that Ironic calls on its networking service.
    Ironic,
}

impl MethodTable {
    const fn path(self) -> &'static str {
        match self {
            Self::Native => PATH,
            Self::Ironic => IRONIC_PATH,
        }
    }
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Everybody who reaches the listener, as [`rpc::auth::Caller::ANONYMOUS`].
    None,
    /// The users of an htpasswd file.
    Basic {
        /// The file.
        htpasswd: PathBuf,
    },
}

pub(super) fn listeners(check: &mut Check<'_>) -> Vec<Listen> {
    let listeners: Vec<::config::Value> = section(check.root, "listen", check.problems);
    if listeners.is_empty() {
        let hint = "`[[listen]]` with `address = \"unix:/run/mercury/switchd.sock\"`";
        check.refuse(Problem::at("listen", "names no listener").hint(hint));
    }
    let mut checked = Vec::new();
    for (index, value) in listeners.iter().enumerate() {
        let key = format!("listen[{index}]");
        let raw: Option<RawListen> = typed(value, &key, check.problems);
        checked.extend(raw.and_then(|raw| listener(check, &key, &raw)));
    }
    checked
}

fn listener(check: &mut Check<'_>, key: &str, raw: &RawListen) -> Option<Listen> {
    let at = |member: &str| format!("{key}.{member}");
    let RawListen { address, methods, path, auth, htpasswd, plaintext, socket_mode } = raw;
    let path = path_of(check, &at("path"), path.as_deref().unwrap_or(methods.path()))?;
    let address = address_of(check, &at("address"), address)?;
    let local = match &address {
        Address::Tcp(address) => address.ip().is_loopback(),
        Address::Unix(_) => true,
    };
    let auth = match (auth, htpasswd) {
        (RawAuth::None, Some(_)) => {
            check.refuse(Problem::at(at("htpasswd"), "means nothing when `auth` is `none`"));
            return None;
        }
        (RawAuth::None, None) if !local => {
            let what = "is `none` on an address that other machines reach";
            let hint = "`auth = \"basic\"` with `htpasswd`, or listen on 127.0.0.1 or `unix:`";
            check.refuse(Problem::at(at("auth"), what).hint(hint));
            return None;
        }
        (RawAuth::None, None) => Auth::None,
        (RawAuth::Basic, None) => {
            check.refuse(Problem::at(at("htpasswd"), "is missing: `auth` is `basic`"));
            return None;
        }
        (RawAuth::Basic, Some(file)) => Auth::Basic { htpasswd: check.path(file) },
    };
    if !local && !plaintext {
        let what = "is not `true`, but without TLS everybody on the way reads the passwords";
        let hint = "put a TLS proxy in front and listen on 127.0.0.1, or accept it with \
                    `plaintext = true` on a network that is trusted";
        check.refuse(Problem::at(at("plaintext"), what).hint(hint));
    }
    let socket_mode = match (socket_mode.as_deref(), &address) {
        (None, _) => 0o600,
        (Some(_), Address::Tcp(_)) => {
            check.refuse(Problem::at(at("socket_mode"), "means nothing on a TCP address"));
            return None;
        }
        (Some("0600" | "600"), _) => 0o600,
        (Some("0660" | "660"), _) => 0o660,
        (Some(other), _) => {
            let what = format!("is `{other}`; `0600` and `0660` are allowed");
            check.refuse(Problem::at(at("socket_mode"), what));
            return None;
        }
    };
    Some(Listen { address, methods: *methods, path, auth, socket_mode })
}

fn address_of(check: &mut Check<'_>, key: &str, text: &str) -> Option<Address> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Some(Address::Unix(check.path(Path::new(path))));
    }
    match text.parse::<SocketAddr>() {
        Ok(address) => Some(Address::Tcp(address)),
        Err(_) => {
            let what =
                format!("is `{text}`, which is neither like `127.0.0.1:8191` nor `unix:/path`");
            check.refuse(Problem::at(key, what));
            None
        }
    }
}

/// The path on which calls come, which must not hide what is there for monitoring.
fn path_of(check: &mut Check<'_>, key: &str, text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let problem = if !text.starts_with('/') || !text.bytes().all(plain) {
        "which is no plain path like `/v1/rpc`"
    } else if MONITORING.contains(&text) {
        "which is there for monitoring"
    } else {
        return Some(text.to_owned());
    };
    check.refuse(Problem::at(key, format!("is `{text}`, {problem}")));
    None
}
