//! Mutual TLS with a real server: who is let in, and whom we believe.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drivers::ovsdb::{
    Connection, Error, IdentityFiles, Key, KeySource, Options, PeerName, TlsFiles,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::server::Server;
use super::soon;

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A CA with its certificate at `<name>.pem`.
fn authority(folder: &Path, name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    write(&folder.join(format!("{name}.pem")), &ca.pem(), 0o644);
    ca
}

/// A certificate for `san` with its key.
fn issue(
    folder: &Path,
    name: &str,
    san: &str,
    ca: &CertifiedIssuer<'static, KeyPair>,
) -> IdentityFiles {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![san.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    let path = folder.join(format!("{name}-key.pem"));
    write(&path, &key.serialize_pem(), 0o600);
    let files = IdentityFiles {
        certificate: folder.join(format!("{name}-cert.pem")),
        key: Key::File(path),
    };
    write(&files.certificate, &certificate.pem(), 0o644);
    files
}

/// The path of a key that is in a file.
fn key_file(identity: &IdentityFiles) -> &Path {
    match &identity.key {
        Key::File(path) => path,
        Key::Source(source) => panic!("not a file: {}", source.name()),
    }
}

/// A key that is somewhere else.
#[derive(Debug)]
struct Vault(Result<String, String>);

#[async_trait::async_trait]
impl KeySource for Vault {
    fn name(&self) -> String {
        "the vault".to_owned()
    }

    async fn pem(&self) -> Result<secrecy::SecretString, String> {
        self.0.clone().map(Into::into)
    }
}

#[tokio::test]
async fn a_key_need_not_be_in_a_file() {
    let lab = lab().await;
    let identity = lab.tls.identity.clone().unwrap();
    let pem = fs::read_to_string(key_file(&identity)).unwrap();
    let with = |vault: Vault| TlsFiles {
        identity: Some(IdentityFiles { key: Key::Source(Arc::new(vault)), ..identity.clone() }),
        ..lab.tls.clone()
    };
    let address = lab.server.network("ssl", "127.0.0.1");
    let tls = with(Vault(Ok(pem)));
    Connection::connect(&address, Some(&tls), Options::default(), soon()).await.unwrap();
    let (error, _) = lab.refusal(&with(Vault(Err("it is sealed".to_owned())))).await;
    assert!(error.to_string().contains("the vault"), "{error}");
    assert!(error.to_string().contains("it is sealed"), "{error}");
}

struct Lab {
    server: Server,
    tls: TlsFiles,
    stranger: PathBuf,
    foreign: IdentityFiles,
}

/// A server whose certificate is for `leaf-01.example`, and files that it accepts.
async fn lab() -> Lab {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let ca = authority(path, "ca");
    let other = authority(path, "stranger");
    let switch = issue(path, "switch", "leaf-01.example", &ca);
    let tls = TlsFiles {
        ca: path.join("ca.pem"),
        identity: Some(issue(path, "mercury", "mercury.example", &ca)),
        peer_name: PeerName::Named("leaf-01.example".to_owned()),
    };
    let foreign = issue(path, "foreign", "mercury.example", &other);
    let stranger = path.join("stranger.pem");
    let remotes = [
        "--remote=pssl:0:127.0.0.1".to_owned(),
        format!("--private-key={}", key_file(&switch).display()),
        format!("--certificate={}", switch.certificate.display()),
        format!("--ca-cert={}", tls.ca.display()),
    ];
    Lab { server: Server::start(folder, &remotes).await, tls, stranger, foreign }
}

impl Lab {
    async fn try_with(&self, tls: &TlsFiles, host: &str) -> Result<Connection, Error> {
        let address = self.server.network("ssl", host);
        Connection::connect(&address, Some(tls), Options::default(), soon()).await
    }

    async fn refusal(&self, tls: &TlsFiles) -> (Error, String) {
        let error = self.try_with(tls, "127.0.0.1").await.unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        (error, source.unwrap_or_default())
    }
}

#[tokio::test]
async fn the_right_certificates_are_let_in() {
    let lab = lab().await;
    let connection = lab.try_with(&lab.tls, "127.0.0.1").await.unwrap();
    connection.echo(soon()).await.unwrap();
    let any = TlsFiles { peer_name: PeerName::AnyOfCa, ..lab.tls.clone() };
    lab.try_with(&any, "localhost").await.unwrap().echo(soon()).await.unwrap();
}

#[tokio::test]
async fn wrong_certificates_and_names_are_refused() {
    let lab = lab().await;

    for peer_name in [lab.tls.peer_name.clone(), PeerName::AnyOfCa] {
        let tls = TlsFiles { ca: lab.stranger.clone(), peer_name, ..lab.tls.clone() };
        let (error, source) = lab.refusal(&tls).await;
        assert!(matches!(error, Error::Tls { sent: false, .. }), "{error:?}");
        assert!(source.contains("UnknownIssuer"), "{source}");
    }

    for peer_name in [PeerName::AsAddressed, PeerName::Named("leaf-02.example".to_owned())] {
        let (error, source) = lab.refusal(&TlsFiles { peer_name, ..lab.tls.clone() }).await;
        assert!(matches!(error, Error::Tls { sent: false, .. }), "{error:?}");
        assert!(source.contains("not valid for name"), "{source}");
    }

    for identity in [None, Some(lab.foreign.clone())] {
        let (error, source) = lab.refusal(&TlsFiles { identity, ..lab.tls.clone() }).await;
        assert!(matches!(error, Error::Tls { .. }), "{error:?}");
        assert!(source.contains("alert"), "{source}");
    }

    let address = lab.server.network("ssl", "127.0.0.1");
    let error = Connection::connect(&address, None, Options::default(), soon()).await.unwrap_err();
    assert!(matches!(error, Error::TlsMissing { .. }), "{error}");
}

#[tokio::test]
async fn unfit_files_are_refused_before_dialling() {
    let lab = lab().await;
    let folder = lab.server.folder.path();
    let check = |tls: TlsFiles, expected: &'static str| {
        let lab = &lab;
        async move {
            let (error, _) = lab.refusal(&tls).await;
            assert!(matches!(error, Error::TlsFile { .. }), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    };
    let identity = lab.tls.identity.clone().unwrap();
    let with_key = |key: PathBuf| TlsFiles {
        identity: Some(IdentityFiles { key: Key::File(key), ..identity.clone() }),
        ..lab.tls.clone()
    };

    let key = fs::read_to_string(key_file(&identity)).unwrap();
    for mode in [0o640, 0o604] {
        let shared = folder.join(format!("shared-{mode:o}.pem"));
        write(&shared, &key, mode);
        check(with_key(shared), "a key must be readable by its owner only, its mode is 6").await;
    }
    check(with_key(folder.join("none.pem")), "No such file").await;
    check(with_key(folder.to_owned()), "it is not a regular file").await;
    let empty = folder.join("empty.pem");
    write(&empty, "", 0o600);
    check(with_key(empty.clone()), "no items found").await;
    check(TlsFiles { ca: empty, ..lab.tls.clone() }, "it holds no certificate").await;
    let large = folder.join("large.pem");
    write(&large, &"x".repeat(2 << 20), 0o600);
    check(TlsFiles { ca: large, ..lab.tls.clone() }, "it is larger than").await;
    check(with_key(key_file(&lab.foreign).to_owned()), "").await;
}

/// Open vSwitch's own tool makes certificates whose only name holds a space and a UUID.
#[tokio::test]
async fn certificates_of_ovs_pki_need_the_chain_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_owned();
    let pki = path.join("pki");
    for arguments in [&["init"][..], &["req+sign", "switch"], &["req+sign", "mercury"]] {
        let done = tokio::process::Command::new("ovs-pki")
            .arg(format!("--dir={}", pki.display()))
            .arg(format!("--log={}", path.join("pki.log").display()))
            .args(arguments)
            .current_dir(&path)
            .output()
            .await
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let ca = pki.join("switchca/cacert.pem");
    let remotes = [
        "--remote=pssl:0:127.0.0.1".to_owned(),
        format!("--private-key={}", path.join("switch-privkey.pem").display()),
        format!("--certificate={}", path.join("switch-cert.pem").display()),
        format!("--ca-cert={}", ca.display()),
    ];
    let identity = IdentityFiles {
        certificate: path.join("mercury-cert.pem"),
        key: Key::File(path.join("mercury-privkey.pem")),
    };
    let server = Server::start(folder, &remotes).await;
    let address = server.network("ssl", "127.0.0.1");
    let try_as = |peer_name| {
        let tls = TlsFiles { ca: ca.clone(), identity: Some(identity.clone()), peer_name };
        let address = &address;
        async move { Connection::connect(address, Some(&tls), Options::default(), soon()).await }
    };
    let error = try_as(PeerName::AsAddressed).await.unwrap_err();
    assert!(matches!(error, Error::Tls { sent: false, .. }), "{error:?}");
    try_as(PeerName::AnyOfCa).await.unwrap().echo(soon()).await.unwrap();
}
