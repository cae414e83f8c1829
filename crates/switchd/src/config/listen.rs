//! The listeners: where they are. Who may come in is in [`auth`](super::auth).

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    auth::{Auth, ListenTls, auth},
    check::Check,
    problem::Problem,
    raw::RawListen,
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
    /// How it speaks TLS; plain HTTP when absent.
    pub tls: Option<ListenTls>,
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
    let path = path_of(check, &at("path"), raw.path.as_deref().unwrap_or(raw.methods.path()))?;
    let address = address_of(check, &at("address"), &raw.address)?;
    let local = match &address {
        Address::Tcp(address) => address.ip().is_loopback(),
        Address::Unix(_) => true,
    };
    if raw.tls.is_some() && matches!(address, Address::Unix(_)) {
        check.refuse(Problem::at(at("tls"), "means nothing on a unix socket"));
        return None;
    }
    let (auth, tls) = auth(check, key, raw, local)?;
    let socket_mode = match (raw.socket_mode.as_deref(), &address) {
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
    Some(Listen { address, methods: raw.methods, path, auth, tls, socket_mode })
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
