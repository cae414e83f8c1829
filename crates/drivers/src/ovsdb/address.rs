//! Where an OVSDB server listens: `unix:/path`, `tcp:host:port` or `ssl:host:port`.
//!
//! The words are those of `ovsdb(7)`, but stricter: a port is always given, an IPv6 address always
//! stands in brackets, a socket path is always absolute. Guessing would turn a typing error in the
//! configuration into a connection to another place.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::{Error, excerpt};

/// Longest path that fits a Linux `sockaddr_un` with its closing NUL (`unix(7)`).
const UNIX_PATH_BYTES: usize = 107;

/// Longest host name (RFC 1035, section 2.3.4, without the root dot).
const HOST_NAME_BYTES: usize = 253;

const EXPECTED: &str = "expected `unix:/path`, `tcp:host:port` or `ssl:host:port`";

/// The address of an OVSDB server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A unix socket on this machine.
    Unix(PathBuf),
    /// TCP without protection: anybody on the path can read and change what is said.
    Tcp(Endpoint),
    /// TLS over TCP.
    Ssl(Endpoint),
}

/// A host and a TCP port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// The host.
    pub host: Host,
    /// The TCP port, never 0. The registered port of OVSDB is 6640.
    pub port: u16,
}

/// A host, by name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A host name, resolved by the operating system at each connection.
    Name(String),
    /// An IP address.
    Ip(IpAddr),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = match text.split_once(':') {
            Some(("unix", path)) => unix(path).map(Self::Unix),
            Some(("tcp", rest)) => endpoint(rest).map(Self::Tcp),
            Some(("ssl", rest)) => endpoint(rest).map(Self::Ssl),
            Some(("ptcp" | "pssl" | "punix", _)) => {
                Err(format!("a listening address cannot be connected to; {EXPECTED}"))
            }
            _ => Err(EXPECTED.to_owned()),
        };
        parsed.map_err(|reason| Error::Address { text: excerpt(text), reason })
    }
}

fn unix(path: &str) -> Result<PathBuf, String> {
    if !Path::new(path).is_absolute() {
        return Err("the path of a unix socket must be absolute".to_owned());
    }
    if path.contains('\0') {
        return Err("the path of a unix socket cannot hold a NUL byte".to_owned());
    }
    if path.len() > UNIX_PATH_BYTES {
        return Err(format!(
            "the path of a unix socket is {} bytes long, at most {UNIX_PATH_BYTES} are possible",
            path.len()
        ));
    }
    Ok(PathBuf::from(path))
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) =
            rest.split_once(']').ok_or_else(|| "`[` without its `]`".to_owned())?;
        let ip: Ipv6Addr =
            inside.parse().map_err(|_| format!("`{}` is not an IPv6 address", excerpt(inside)))?;
        let port = after.strip_prefix(':').ok_or_else(|| "the port is missing".to_owned())?;
        (Host::Ip(ip.into()), port)
    } else {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| "the port is missing".to_owned())?;
        if host.contains(':') {
            return Err("write an IPv6 address in brackets, such as `tcp:[::1]:6640`".to_owned());
        }
        (host_without_brackets(host)?, port)
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(port) if digits && port != 0 => Ok(Endpoint { host, port }),
        _ => Err(format!("port `{}` is not a number from 1 to 65535", excerpt(port))),
    }
}

fn host_without_brackets(text: &str) -> Result<Host, String> {
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(ip.into()));
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if text.len() > HOST_NAME_BYTES || numeric || !text.split('.').all(label) {
        return Err(format!("`{}` is neither a host name nor an IP address", excerpt(text)));
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(endpoint) => write!(f, "tcp:{endpoint}"),
            Self::Ssl(endpoint) => write!(f, "ssl:{endpoint}"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            host => write!(f, "{host}:{}", self.port),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let got = match text.parse::<Address>() {
            Ok(address) => format!("{address:?}"),
            Err(Error::Address { reason, .. }) => reason,
            Err(other) => other.to_string(),
        };
        assert!(got.contains(expected), "`{text}` gave {got}, expected {expected}");
    }

    #[test]
    fn good_addresses() {
        check("unix:/var/run/openvswitch/db.sock", r#"Unix("/var/run/openvswitch/db.sock")"#);
        check("tcp:127.0.0.1:6640", "Tcp(Endpoint { host: Ip(127.0.0.1), port: 6640 })");
        check("tcp:[::1]:6640", "Tcp(Endpoint { host: Ip(::1), port: 6640 })");
        check("ssl:Leaf-01.example:6640", r#"Ssl(Endpoint { host: Name("leaf-01.example")"#);
    }

    #[test]
    fn bad_addresses_say_why() {
        check("", "expected `unix:/path`");
        check("leaf-01:6640", "expected `unix:/path`");
        check("ptcp:6640", "a listening address cannot be connected to");
        check("unix:db.sock", "must be absolute");
        check("unix:/a\0b", "NUL");
        check(&format!("unix:/{}", "x".repeat(200)), "is 201 bytes long");
        check("tcp:leaf-01", "the port is missing");
        check("tcp:[::1]", "the port is missing");
        check("tcp:[::1:6640", "`[` without its `]`");
        check("tcp:[10.0.0.1]:6640", "`10.0.0.1` is not an IPv6 address");
        check("tcp:::1:6640", "in brackets");
        check("tcp:leaf:0", "port `0` is not a number from 1 to 65535");
        check("tcp:leaf:65536", "port `65536` is not");
        check("tcp:leaf:+80", "port `+80` is not");
        check("tcp::6640", "is neither a host name nor an IP address");
        check("tcp:10.0.0.300:6640", "is neither a host name nor an IP address");
        check("tcp:a b:6640", "is neither a host name nor an IP address");
    }

    proptest! {
        #[test]
        fn what_parses_is_shown_as_it_parses(text in "(unix|tcp|ssl):(/?[a-z0-9.\\[\\]:/-]{0,20}):?[0-9]{0,5}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
            }
        }
    }
}
