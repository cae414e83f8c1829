//! The doors that an unmodified conductor can come in by, beside passwords: a secret in
//! `X-Auth-Token` and a client certificate, both over TLS 1.3, with Ironic's own client library.

use std::{fs, path::Path};

use serde_json::{Value, json};
use system_tests::{
    Setup,
    peer::{Door, next_address},
};

use crate::{authority::Authority, library::client, service::Service};

const SECRET: &str = "0f3c5b0e9d7a4a6fb0c1d2e3f4a5b6c7";
/// The name in the client's certificate.
const CONDUCTOR: &str = "conductor-1.example.org";

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn a_secret_and_a_certificate_open_the_door_and_nothing_else_does() {
    let authority = Authority::new();
    let here = next_address().ip().to_string();
    let (certificate, key) = authority.server(&here);
    let setup = Setup::new()
        .switch("tor-a", "driver = \"noop\"\nidle_vlan = 10\n")
        .policy(
            "version = 1\n[[rule]]\nname = \"ironic\"\ncallers = [\"ironic\"]\nverbs = \"*\"\n\
             switches = [\"*\"]\nports = [\"*\"]\nvlans = \"100\"\n",
        )
        .file("certificate.pem", &certificate)
        .file("key.pem", &key)
        .file("clients.pem", &authority.certificate)
        .file("secret", SECRET);
    // A listener each: a conductor that shows a certificate sends a token that means nothing too.
    let tls = "certificate = \"certificate.pem\", key = { file = \"key.pem\" }";
    let by_certificate = next_address();
    let setup = setup.with(&format!(
        "[[listen]]\naddress = \"{by_certificate}\"\nmethods = \"ironic\"\n\
         auth = \"certificate\"\ntls = {{ {tls}, client_ca = \"clients.pem\" }}\n\
         certificate = {{ names = {{ \"{CONDUCTOR}\" = \"ironic\" }} }}\n"
    ));
    let service = Service::start_with(
        setup,
        &format!(
            "auth = \"token\"\ntls = {{ {tls} }}\n\
             token = [{{ name = \"ironic\", secret = {{ file = \"secret\" }} }}]\n"
        ),
    );
    let folder = tempfile::tempdir().unwrap();
    let ca = write(folder.path(), "ca.pem", &authority.certificate);
    let with_certificate = |name: &str, authority: &Authority| {
        let (certificate, key) = authority.client(name);
        let certificate = write(folder.path(), &format!("{name}.pem"), &certificate);
        let key = write(folder.path(), &format!("{name}.key"), &key);
        move |door: Door| door.key("certfile", &certificate).key("keyfile", &key)
    };
    let with_secret = |secret: &str| {
        let secret = secret.to_owned();
        move |door: Door| {
            door.key("auth_type", "admin_token")
                .key("endpoint", "https://unused.example.org")
                .key("token", &secret)
        }
    };
    let trusting = |door: Door, ca: &str| door.key("client_use_ssl", "true").key("cafile", ca);
    let first = |ca: &str| trusting(service.door(), ca);
    let second = || trusting(Door::new(by_certificate), &ca);
    let unauthorized = "keystoneauth1.exceptions.http.Unauthorized";
    let no_tls = "keystoneauth1.exceptions.connection.SSLError";
    let other = Authority::new();
    let other_ca = write(folder.path(), "other.pem", &other.certificate);
    let cases: Vec<(&str, Door, Option<&str>)> = vec![
        ("the secret", with_secret(SECRET)(first(&ca)), None),
        ("another secret", with_secret(&SECRET.to_uppercase())(first(&ca)), Some(unauthorized)),
        ("no secret", first(&ca), Some(unauthorized)),
        ("a service that is not known", with_secret(SECRET)(first(&other_ca)), Some(no_tls)),
        ("the certificate", with_certificate(CONDUCTOR, &authority)(second()), None),
        (
            "a certificate for somebody else",
            with_certificate("other.example.org", &authority)(second()),
            Some("keystoneauth1.exceptions.http.Forbidden"),
        ),
        ("no certificate", second(), Some(no_tls)),
    ];
    let call = json!([["update_port", {
        "switch_id": "tor-a", "port_name": "swp1", "description": "a port", "mode": "access",
        "native_vlan": 100,
    }]]);
    let jobs: Vec<_> = cases.iter().map(|(_, door, _)| (door, &call)).collect();
    let outcomes = client(&jobs);
    for ((what, _, refused), outcomes) in cases.iter().zip(&outcomes) {
        let outcome = &outcomes[0];
        match refused {
            None => assert_eq!(outcome["result"]["status"], "configured", "{what}: {outcome}"),
            Some(class) => assert_eq!(outcome["class"], *class, "{what}: {outcome}"),
        }
    }
    // Who came in by whichever way is one caller.
    let audit = fs::read_to_string(service.daemon.audit_file()).unwrap();
    let begun: Vec<Value> = audit
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["kind"] == "begin")
        .collect();
    assert!(!begun.is_empty() && begun.iter().all(|record| record["who"] == "ironic"), "{audit}");
}
