//! Certificates, and the clients that show them.

use std::{fs, process::Output};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use serde_json::Value;
use tokio::process::Command;

use crate::site::{Running, Site, eventually};

pub(super) const NOOP: &str = "[switch.leaf-01]\ndriver = \"noop\"\n";
/// A call that everybody may make who comes in.
pub(super) const LIST: &str =
    r#"{"jsonrpc":"2.0","method":"list_switches","params":{"context":{}},"id":1}"#;

/// A CA.
pub(super) struct Ca(CertifiedIssuer<'static, KeyPair>);

/// What a certificate is like.
#[derive(Clone, Copy, Default)]
pub(super) enum Time {
    #[default]
    Now,
    Over,
}

impl Ca {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // Of two CAs of one name the wrong one is a bad signature, and not an unknown CA.
        let name = uuid::Uuid::new_v4().to_string();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key for these names, in PEM.
    pub(super) fn issue(&self, names: Vec<SanType>, time: Time) -> (String, String) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        params.distinguished_name.push(rcgen::DnType::CommonName, "admin");
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if let Time::Over = time {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    /// Writes `<file>.pem` and `<file>.key`.
    pub(super) fn give(&self, site: &Site, file: &str, names: &[&str], time: Time) {
        let san = |name: &&str| match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) if name.contains("://") => SanType::URI((*name).try_into().unwrap()),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        };
        let (certificate, key) = self.issue(names.iter().map(san).collect(), time);
        site.write(&format!("{file}.pem"), &certificate);
        site.write(&format!("{file}.key"), &key);
    }
}

/// Gives the site a CA and a certificate for this machine.
pub(super) fn with_certificate(site: &Site) -> Ca {
    let ca = Ca::new();
    site.write("ca.pem", &ca.pem());
    ca.give(site, "server", &["127.0.0.1"], Time::Now);
    ca
}

/// The section of a listener that has the certificate of [`with_certificate`].
pub(super) fn tls(more: &str) -> String {
    format!(
        "[listen.tls]\ncertificate = \"server.pem\"\nkey = {{ file = \"server.key\" }}\n{more}\n"
    )
}

/// Runs curl in the site's folder against the service's method path. Gives the HTTP status, or
/// curl's own exit code below zero.
pub(super) async fn curl(service: &Running, arguments: &[&str]) -> i32 {
    let url = format!("{}/v1/rpc", service.listening[0]);
    let output = Command::new("curl")
        .current_dir(service.site.path(""))
        .args(["--silent", "--show-error", "--max-time", "20", "--noproxy", "*"])
        .args(["--output", "/dev/null", "--write-out", "%{http_code}", "--data", LIST])
        .args(arguments)
        .arg(url)
        .output()
        .await
        .expect("`curl` is installed (Debian: curl)");
    let status: i32 = String::from_utf8_lossy(&output.stdout).parse().unwrap();
    if status == 0 { -output.status.code().unwrap() } else { status }
}

/// Runs a Python program with `requests`, whose `sys.argv[1]` is the method path's URL.
pub(super) async fn python(service: &Running, program: &str) -> Output {
    let url = format!("{}/v1/rpc", service.listening[0]);
    // The system's own Python has the package that the tests install.
    let interpreter = ["/usr/bin/python3", "python3"];
    let interpreter = interpreter.into_iter().find(|path| fs::exists(path).unwrap_or(false));
    let output = Command::new(interpreter.unwrap_or("python3"))
        .current_dir(service.site.path(""))
        .args(["-c", program, &url])
        .env("NO_PROXY", "*")
        .output()
        .await
        .expect("`python3` is installed (Debian: python3-requests)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Waits for a record of refused logins that has this reason, and gives it.
pub(super) async fn denied(service: &Running, reason: &str) -> Value {
    let find = || {
        let records = service.site.audit("denied").into_iter();
        records.rev().find(|record| record["reason"].as_str().unwrap().contains(reason))
    };
    eventually(&format!("a refused login: {reason}"), || find().is_some()).await;
    find().unwrap()
}
