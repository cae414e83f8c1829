//! The listener: where Ironic's networking service listened, if that can be kept.
//!
//! What the service refuses (everybody let in on an address that others reach) is never written:
//! the listener is on this machine alone then, and a note says so.

use std::net::{IpAddr, Ipv4Addr};

use super::{
    draft::{At, Listen, Tls},
    ini::Entry,
    options::is_true,
    row::{Fate, Input},
};

/// Ironic's defaults.
const HOST: &str = "::";
const PORT: u16 = 8089;
const HTPASSWD: &str = "/etc/ironic/htpasswd-json-rpc";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A listener for Mercury's own methods.
pub(super) fn own() -> Listen {
    let at = At::Unix("/run/mercury/switchd.sock".to_owned(), None);
    Listen { at, ironic: false, htpasswd: None, tls: None }
}

/// The last value of an option; in Ironic's own configuration the last one counts.
fn last<'a>(inputs: &'a [Input], section: &'a str, option: &str) -> Option<&'a str> {
    let entries = inputs.iter().flat_map(|input| input.document.section(section));
    entries.filter(|entry| entry.option == option).last().map(|entry| entry.value.as_str())
}

/// How callers authenticated.
fn strategy<'a>(inputs: &'a [Input], section: &'a str) -> &'a str {
    last(inputs, section, "auth_strategy")
        .or_else(|| last(inputs, "DEFAULT", "auth_strategy"))
        .unwrap_or("keystone")
}

/// The listener of Ironic's networking service.
pub(super) fn of_ironic(inputs: &[Input], section: &str, notes: &mut Vec<String>) -> Listen {
    let say = |option: &str| last(inputs, section, option);
    let known = inputs
        .iter()
        .any(|input| input.document.sections.iter().any(|found| found.title == section));
    let htpasswd = (known && strategy(inputs, section) == "http_basic")
        .then(|| say("http_basic_auth_user_file").unwrap_or(HTPASSWD).into());
    if !known {
        notes.push(format!(
            "no file has a section `[{section}]`: the listener has Ironic's default port on this \
             machine and lets everybody in; give Ironic's own configuration too"
        ));
    }
    if known && !matches!(strategy(inputs, section), "http_basic" | "noauth") {
        notes.push(
            "the service needs a user of its own at Keystone, so that is not carried over: the \
             listener is on this machine and lets everybody in until you write `auth = \"keystone\"` \
             and `[listen.keystone]`"
                .to_owned(),
        );
    }
    let wanted = say("use_ssl").is_some_and(is_true);
    let tls = match (wanted, say("cert_file"), say("key_file")) {
        (true, Some(certificate), Some(key)) => Some(Tls {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            old: say("server_tls_minimum_version") == Some("1.2"),
        }),
        _ => None,
    };
    if wanted && tls.is_none() {
        notes.push(
            "`use_ssl` is on without `cert_file` and `key_file`: the listener is on this machine \
             alone"
                .to_owned(),
        );
    }
    let at = if let Some(path) = say("unix_socket") {
        notes.push("the conductor cannot call a unix socket; it needs `host_ip` and `port`".into());
        let mode = say("unix_socket_mode").map(|mode| mode.trim_start_matches(['0', 'o']));
        At::Unix(path.to_owned(), (mode == Some("660")).then_some("0660"))
    } else {
        let port = say("port").and_then(|port| port.parse().ok()).unwrap_or(PORT);
        let host = if known { say("host_ip").unwrap_or(HOST) } else { "127.0.0.1" };
        let ip = address(host);
        if ip.is_none() {
            notes.push(format!(
                "`host_ip` is the name `{host}`, and the service listens on addresses: it listens \
                 on this machine alone"
            ));
        }
        let ip = ip.unwrap_or(LOOPBACK);
        if htpasswd.is_none() && !ip.is_loopback() {
            notes.push(format!(
                "everybody who reached `{host}` was let in; the service refuses that and listens \
                 on this machine alone: say how callers authenticate before you open it"
            ));
            At::Tcp(LOOPBACK, port)
        } else if wanted && tls.is_none() {
            At::Tcp(LOOPBACK, port)
        } else {
            At::Tcp(ip, port)
        }
    };
    if tls.is_none() && htpasswd.is_some() && matches!(&at, At::Tcp(ip, _) if !ip.is_loopback()) {
        notes.push("passwords travel readable to the listener, as they did before".to_owned());
    }
    Listen { at, ironic: true, htpasswd, tls }
}

fn address(host: &str) -> Option<IpAddr> {
    if host == "localhost" { Some(LOOPBACK) } else { host.parse().ok() }
}

/// Whether the same option comes again later, in which case that one counts.
pub(super) fn is_superseded(entry: &Entry, inputs: &[Input]) -> bool {
    let entries = inputs.iter().flat_map(|input| input.document.section(&entry.section));
    let same = entries.filter(|other| other.option == entry.option);
    same.last().is_some_and(|last| !std::ptr::eq(last, entry))
}

/// What becomes of an option of the section.
pub(super) fn option(entry: &Entry, inputs: &[Input], section: &str) -> Fate {
    let value = entry.value.as_str();
    let unix = last(inputs, section, "unix_socket").is_some();
    let basic = strategy(inputs, section) == "http_basic";
    let tls = last(inputs, section, "use_ssl").is_some_and(is_true);
    match entry.option.as_str() {
        "auth_strategy"
            if entry.section != section && last(inputs, section, "auth_strategy").is_some() =>
        {
            Fate::nothing("the section of the networking service says otherwise")
        }
        "auth_strategy" => match value {
            "http_basic" => Fate::carried("listen.auth"),
            "noauth" => Fate::changed("listen.auth", "`none`, which is for this machine alone"),
            _ => Fate::nothing("`none` on this machine alone was written in its place"),
        },
        "http_basic_auth_user_file" if basic => Fate::carried("listen.htpasswd"),
        "host_ip" | "port" if unix => Fate::nothing("`unix_socket` is used in its place"),
        "host_ip" if address(value).is_some_and(|ip| basic || ip.is_loopback()) => {
            Fate::carried("listen.address")
        }
        "host_ip" => Fate::changed("listen.address", "this machine alone; see the notes"),
        "port" if value.parse::<u16>().is_ok() => Fate::carried("listen.address"),
        "port" => Fate::unknown("it is no port number; the default was written"),
        "unix_socket" => Fate::carried("listen.address"),
        "unix_socket_mode" => match value.trim_start_matches(['0', 'o']) {
            "600" | "660" => Fate::carried("listen.socket_mode"),
            _ => Fate::changed("listen.socket_mode", "0600: only that and 0660 are allowed"),
        },
        "use_ssl" if tls => Fate::carried("listen.tls"),
        "use_ssl" => Fate::carried("listen").note("no TLS, as before"),
        "cert_file" if tls => Fate::carried("listen.tls.certificate"),
        "key_file" if tls => Fate::carried("listen.tls.key"),
        "server_tls_minimum_version" | "tls_minimum_version" if tls => {
            Fate::carried("listen.tls.minimum")
        }
        "http_basic_auth_user_file"
        | "cert_file"
        | "key_file"
        | "server_tls_minimum_version"
        | "tls_minimum_version" => Fate::nothing("not in use, as before"),
        "server_tls_ciphers" | "tls_ciphers" => {
            Fate::nothing("ciphers are not chosen; all that are spoken are sound")
        }
        "allowed_roles" => Fate::nothing("`roles` of `[listen.keystone]`, which is not written"),
        "debug_log_request_id_only" => Fate::nothing("requests' contents are never logged"),
        "username"
        | "password"
        | "auth_type"
        | "auth_url"
        | "token"
        | "endpoint"
        | "endpoint_override"
        | "user_domain_name"
        | "user_domain_id"
        | "project_name"
        | "project_domain_name"
        | "project_domain_id"
        | "project_id"
        | "system_scope"
        | "timeout"
        | "cafile"
        | "certfile"
        | "keyfile"
        | "insecure"
        | "client_use_ssl"
        | "collect_timing"
        | "split_loggers"
        | "connect_retries"
        | "connect_retry_delay"
        | "status_code_retries"
        | "status_code_retry_delay"
        | "retriable_status_codes"
        | "service_type"
        | "service_name"
        | "valid_interfaces"
        | "region_name"
        | "min_version"
        | "max_version"
        | "version"
        | "auth_section" => Fate::nothing("the conductor's own; leave it there"),
        _ => Fate::unknown(""),
    }
}
