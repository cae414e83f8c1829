//! Certificates, right and wrong, on both sides.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rpc::{
    Method,
    client::{CallError, Client, Settings, TlsSettings},
    wire::Context,
};
use rstest::rstest;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use crate::script::{Say, Script};

/// An authority, and what it signed.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        write(&folder.path().join("ca.pem"), &params.self_signed(&key).unwrap().pem());
        write(&folder.path().join("ca.key"), &key.serialize_pem());
        Self { issuer: Issuer::new(params, key), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `NAME.pem` and `NAME.key`, valid for that name and until that year.
    fn issue(&self, name: &str, until: i32) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(&self.path(&format!("{name}.pem")), &certificate.pem());
        write(&self.path(&format!("{name}.key")), &key.serialize_pem());
    }

    /// A server with that name's certificate; it asks clients for one of `clients`.
    async fn serve(&self, name: &str, clients: Option<&Self>) -> Script {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                let ca = CertificateDer::from_pem_file(authority.path("ca.pem")).unwrap();
                roots.add(ca).unwrap();
                let provider = Arc::new(ring::default_provider());
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = vec![CertificateDer::from_pem_file(self.path(&format!("{name}.pem"))).unwrap()];
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
        let config = builder.with_single_cert(chain, key).unwrap();
        Script::https([Say::Result, Say::Result], TlsAcceptor::from(Arc::new(config))).await
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

async fn call(server: &Script, tls: TlsSettings) -> Result<Value, CallError> {
    let client = Client::new(Settings { tls, ..server.settings() })?;
    client.call(Method::ListSwitches, &Context::default()).await
}

fn trusting(authority: &Authority) -> TlsSettings {
    TlsSettings { authorities: Some(authority.path("ca.pem")), ..TlsSettings::default() }
}

fn with(tls: TlsSettings, owner: &Authority, name: &str) -> TlsSettings {
    TlsSettings {
        certificate: Some(owner.path(&format!("{name}.pem"))),
        key: Some(owner.path(&format!("{name}.key"))),
        ..tls
    }
}

fn check(outcome: &Result<Value, CallError>, want: &str) {
    let Err(error @ CallError::Certificate { .. }) = outcome else { panic!("{outcome:?}") };
    assert!(error.to_string().ends_with(want), "{error}");
}

#[tokio::test]
async fn a_service_is_trusted_by_its_authority_alone() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    ours.issue("127.0.0.1", 2090);
    let server = ours.serve("127.0.0.1", None).await;
    call(&server, trusting(&ours)).await.unwrap();
    let unknown =
        "the service's certificate is refused: it is signed by no authority that is trusted here";
    check(&call(&server, trusting(&other)).await, unknown);
    check(&call(&server, TlsSettings::default()).await, unknown);
    let impostor = Authority::new("ours");
    let other_key = "an authority of that name is trusted here, but its key is another";
    check(&call(&server, trusting(&impostor)).await, other_key);
    assert_eq!(server.seen().len(), 1, "nothing was sent to a stranger");
}

#[rstest]
#[case("127.0.0.1", 2021, "the service's certificate is refused: it has expired")]
#[case("switchd.example", 2090, "it is for another name than that of the address")]
#[tokio::test]
async fn a_certificate_that_is_not_right_says_why(
    #[case] name: &str,
    #[case] until: i32,
    #[case] want: &str,
) {
    let ours = Authority::new("ours");
    ours.issue(name, until);
    let server = ours.serve(name, None).await;
    check(&call(&server, trusting(&ours)).await, want);
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let (ours, people, other) =
        (Authority::new("ours"), Authority::new("people"), Authority::new("other"));
    ours.issue("127.0.0.1", 2090);
    people.issue("ada", 2090);
    people.issue("old", 2021);
    other.issue("eve", 2090);
    let server = ours.serve("127.0.0.1", Some(&people)).await;
    call(&server, with(trusting(&ours), &people, "ada")).await.unwrap();
    // One file with both.
    let both = people.path("both.pem");
    let parts = ["ada.key", "ada.pem"].map(|part| fs::read_to_string(people.path(part)).unwrap());
    write(&both, &parts.concat());
    let tls = TlsSettings { certificate: Some(both), ..trusting(&ours) };
    call(&server, tls).await.unwrap();
    // Whoever is refused may learn it from the alert or from a connection that is gone: the
    // request was on its way when the server looked at the certificate.
    for tls in [
        trusting(&ours),
        with(trusting(&ours), &people, "old"),
        with(trusting(&ours), &other, "eve"),
    ] {
        let outcome = call(&server, tls).await;
        match outcome {
            Err(CallError::Certificate { problem, .. }) => {
                assert!(problem.starts_with("the client's certificate is refused: "), "{problem}");
            }
            Err(CallError::Transport { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let ours = Authority::new("ours");
    ours.issue("127.0.0.1", 2090);
    ours.issue("ada", 2090);
    write(&ours.path("empty.pem"), "nothing here\n");
    write(&ours.path("open.key"), &fs::read_to_string(ours.path("ada.key")).unwrap());
    fs::set_permissions(ours.path("open.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let pair = |certificate: &str, key: &str| TlsSettings {
        certificate: Some(ours.path(certificate)),
        key: Some(ours.path(key)),
        ..trusting(&ours)
    };
    let authorities =
        |name: &str| TlsSettings { authorities: Some(ours.path(name)), ..TlsSettings::default() };
    let check = |address: &str, tls: TlsSettings, want: &str| {
        let settings = Settings { tls, ..Settings::new(address) };
        let error = Client::new(settings).unwrap_err();
        assert!(matches!(error, CallError::Credentials { .. }), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(want) && !error.contains("PRIVATE"), "{error}");
    };
    let https = "https://127.0.0.1:1";
    check(https, authorities("nowhere.pem"), "nowhere.pem`: No such file");
    check(https, authorities("empty.pem"), "empty.pem` holds no certificate in PEM");
    check(https, pair("ada.key", "ada.key"), "ada.key` holds no certificate in PEM");
    check(https, pair("ada.pem", "ada.pem"), "ada.pem` holds no private key that can be used");
    check(https, pair("ada.pem", "open.key"), "open.key` can be read by everybody\nhint: chmod");
    check(https, pair("ada.pem", "127.0.0.1.key"), "is not that of the certificate");
    check("http://127.0.0.1:1", pair("ada.pem", "ada.key"), "begins `https://`");
    check("unix:/x", pair("ada.pem", "ada.key"), "begins `https://`");
    let key_alone = TlsSettings { key: Some(ours.path("ada.key")), ..TlsSettings::default() };
    check(https, key_alone, "a private key is named, and no certificate");
}

#[tokio::test]
async fn a_service_without_tls_is_no_certificate_problem() {
    let server = Script::http([]).await;
    let address = server.address.replace("http:", "https:");
    let client = Client::new(Settings::new(address)).unwrap();
    let outcome: Result<Value, _> = client.call(Method::ListSwitches, &Context::default()).await;
    assert!(matches!(outcome, Err(CallError::Transport { sent: false, .. })), "{outcome:?}");
}

#[tokio::test]
async fn an_authoritys_own_certificate_is_no_services() {
    let authority = Authority::new("self-signed");
    let server = authority.serve("ca", None).await;
    let outcome = call(&server, trusting(&authority)).await;
    check(&outcome, "or one made with `basicConstraints=CA:FALSE`");
}
