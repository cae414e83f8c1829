//! Passwords as a conductor sends them, and as others do: Mercury's door lets in and keeps out as
//! Ironic's own service does.

use std::{fs, process::Command};

use serde_json::json;
use system_tests::{
    Setup,
    peer::{Connection, IronicNetworking, SwitchSection},
};

use crate::{cases::OPEN, service::Service};

/// The user's name and password, and the same as a header.
pub(crate) const USER: &str = "ironic";
pub(crate) const PASSWORD: &str = "a-password-for-the-test";
const RIGHT: &str = "Basic aXJvbmljOmEtcGFzc3dvcmQtZm9yLXRoZS10ZXN0";

/// A password file with the one user.
pub(crate) fn htpasswd() -> String {
    let made = Command::new("htpasswd")
        .args(["-nbB", "-C", "4", USER, PASSWORD])
        .output()
        .unwrap_or_else(|error| panic!("`htpasswd` (Debian: apache2-utils): {error}"));
    String::from_utf8(made.stdout).unwrap()
}

#[test]
fn passwords_open_and_close_the_door_as_they_do_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("htpasswd");
    fs::write(&file, htpasswd()).unwrap();
    let upstream = IronicNetworking::start_with(
        &[SwitchSection::fake("tor-a", OPEN)],
        |door| {
            door.key("auth_strategy", "http_basic")
                .key("http_basic_auth_user_file", &file.display().to_string())
        },
        &[("Authorization", RIGHT)],
    )
    .unwrap();
    let setup = Setup::new().switch("tor-a", "driver = \"noop\"\n").file("htpasswd", &htpasswd());
    let service = Service::start_with(setup, "auth = \"basic\"\nhtpasswd = \"htpasswd\"\n");
    let call =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "get_switches", "params": { "context": {} } });
    let ask = |address, authorization: Option<&str>| {
        let headers: Vec<_> =
            authorization.map(|value| ("Authorization", value)).into_iter().collect();
        let answer = Connection::new(address).post("/", &headers, &call).unwrap();
        let offered = answer.header("www-authenticate").map(str::to_owned);
        (answer.status, offered.is_some_and(|text| text.starts_with("Basic realm=")))
    };
    // The status, and whether the way in is told.
    for (authorization, expected) in [
        (Some(RIGHT), (200, false)),
        (None, (401, true)),
        (Some("Basic aXJvbmljOndyb25n"), (401, true)),
        (Some("Basic bm9ib2R5Ong="), (401, true)),
    ] {
        assert_eq!(ask(upstream.address(), authorization), expected, "upstream: {authorization:?}");
        assert_eq!(ask(service.address.into(), authorization), expected, "{authorization:?}");
    }
    // What is no Basic at all is 400 upstream; Mercury says how to come in instead, as HTTP asks.
    for authorization in ["Bearer abc", "Digest username=\"ironic\"", "Basic !!!", "Basic"] {
        assert_eq!(ask(upstream.address(), Some(authorization)).0, 400, "{authorization}");
        assert_eq!(
            ask(service.address.into(), Some(authorization)),
            (401, true),
            "{authorization}"
        );
    }
}
