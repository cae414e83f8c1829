//! Where a service is, taken apart.

use std::path::PathBuf;

use super::CallError;

/// Where calls go when an address names no path.
const PATH: &str = "/v1/rpc";

/// An address, taken apart.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: reqwest::Url,
    pub(super) socket: Option<PathBuf>,
    /// On this machine, where no proxy belongs in between.
    pub(super) local: bool,
}

impl Target {
    pub(super) fn parse(address: &str) -> Result<Self, CallError> {
        let refused = |problem: &str| CallError::address(address, problem);
        let (base, socket) = match address.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => ("http://localhost", Some(path.into())),
            Some(_) => return Err(refused("the path of a socket begins with `/`")),
            None => (address, None),
        };
        let mut url = reqwest::Url::parse(base)
            .map_err(|error| refused(&format!("{error}; it is like `http://127.0.0.1:8191`")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refused(
                "it is none of `http://host:port`, `https://host:port`, `unix:/path`",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Not repeated: it holds a password.
            return Err(CallError::address("…", "credentials do not belong into an address"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it has a query or a fragment; leave that out"));
        }
        if matches!(url.path(), "" | "/") {
            url.set_path(PATH);
        }
        let host = url.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let local = socket.is_some() || host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
        Ok(Self { url, socket, local })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether what is sent can be read by others on its way.
    pub(super) fn is_readable(&self) -> bool {
        !self.local && !self.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://127.0.0.1:8191", "http://127.0.0.1:8191/v1/rpc", true, false)]
    #[case("http://[::1]:8191/", "http://[::1]:8191/v1/rpc", true, false)]
    #[case("http://localhost/x/rpc", "http://localhost/x/rpc", true, false)]
    #[case("https://switchd.example:443", "https://switchd.example/v1/rpc", false, false)]
    #[case("http://192.0.2.1:8191", "http://192.0.2.1:8191/v1/rpc", false, true)]
    #[case("http://localhost.example", "http://localhost.example/v1/rpc", false, true)]
    #[case("unix:/run/mercury/switchd.sock", "http://localhost/v1/rpc", true, false)]
    fn an_address_becomes_a_url(
        #[case] address: &str,
        #[case] url: &str,
        #[case] local: bool,
        #[case] readable: bool,
    ) {
        let target = Target::parse(address).unwrap();
        assert_eq!((target.url.as_str(), target.local), (url, local));
        assert_eq!(target.is_readable(), readable);
    }

    #[rstest]
    #[case("127.0.0.1:8191", "it is like `http://127.0.0.1:8191`")]
    #[case("ftp://host", "it is none of")]
    #[case("unix:relative", "begins with `/`")]
    #[case("http://host/v1/rpc?x=1", "it has a query")]
    #[case("http://user:hunter2@host", "credentials do not belong into an address")]
    fn other_addresses_are_refused(#[case] address: &str, #[case] message: &str) {
        let error = Target::parse(address).err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
