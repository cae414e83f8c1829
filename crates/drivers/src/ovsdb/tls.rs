//! TLS towards an OVSDB server: rustls with ring, mutual authentication.
//!
//! The peer's certificate must always chain to the configured CA; the system's roots are never
//! used. Its name is checked too, by default against the host of the address. Certificates made by
//! `ovs-pki` carry no host name that could be checked (their only name holds a space and a UUID),
//! and Open vSwitch's own tools check none; [`PeerName::AnyOfCa`] does as they do, and must be
//! asked for: with it, whoever holds *any* key of that CA can pose as this switch.
//!
//! Files are read anew for each connection, so that a renewed certificate needs no restart. A key
//! that others than its owner may read is refused: it must be taken as known to them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncReadExt;

use super::error::Error;

/// Largest certificate or key file: a CA bundle of hundreds of certificates fits.
const FILE_BYTES: u64 = 1 << 20;

/// The files and the name by which a switch and we know each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM file with the CA certificates that the switch's certificate must chain to.
    pub ca: PathBuf,
    /// Our certificate and key. `ovsdb-server` demands them unless told otherwise.
    pub identity: Option<IdentityFiles>,
    /// The name that the switch's certificate must carry.
    pub peer_name: PeerName,
}

/// Our side of mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityFiles {
    /// PEM file with our certificate, followed by intermediate ones.
    pub certificate: PathBuf,
    /// Our key.
    pub key: Key,
}

/// Where our key comes from. It is asked for anew at each connection, so a rotated key needs no
/// restart.
#[derive(Debug, Clone)]
pub enum Key {
    /// A PEM file, readable by its owner only.
    File(PathBuf),
    /// Whatever else keeps secrets.
    Source(Arc<dyn KeySource>),
}

/// Keeps a key outside of files.
#[async_trait]
pub trait KeySource: std::fmt::Debug + Send + Sync {
    /// What errors call it; without anything secret.
    fn name(&self) -> String;

    /// The key as PEM, or why there is none.
    async fn pem(&self) -> Result<SecretString, String>;
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Source(one), Self::Source(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Key {}

impl Key {
    /// What errors call it.
    fn place(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Source(source) => source.name().into(),
        }
    }

    async fn read(&self) -> Result<PrivateKeyDer<'static>, Error> {
        let refused = |reason: String| Error::TlsFile { path: self.place(), reason };
        let parse = |pem: &[u8]| {
            PrivateKeyDer::from_pem_slice(pem).map_err(|error| refused(error.to_string()))
        };
        match self {
            Self::File(path) => parse(&read(path, Secrecy::Secret).await?),
            Self::Source(source) => {
                parse(source.pem().await.map_err(refused)?.expose_secret().as_bytes())
            }
        }
    }
}

/// The name that the switch's certificate must carry, beyond its chain to the CA.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PeerName {
    /// The host of the address.
    #[default]
    AsAddressed,
    /// This host name or IP address (`server_name` in the configuration).
    Named(String),
    /// Any name: the chain alone counts.
    AnyOfCa,
}

/// Reads the files.
pub(super) async fn client_config(files: &TlsFiles) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(roots(&files.ca).await?);
    let unusable = |path: &Path, error: &dyn std::fmt::Display| Error::TlsFile {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&files.ca, &error))?;
    let builder = match files.peer_name {
        PeerName::AsAddressed | PeerName::Named(_) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| unusable(&files.ca, &error))?;
            builder.with_webpki_verifier(verifier)
        }
        PeerName::AnyOfCa => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(ChainOnly { roots, provider })),
    };
    let Some(identity) = &files.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(&identity.certificate).await?;
    let key = identity.key.read().await?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| unusable(&identity.key.place(), &error))
}

async fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path).await? {
        roots
            .add(certificate)
            .map_err(|error| Error::TlsFile { path: path.to_owned(), reason: error.to_string() })?;
    }
    Ok(roots)
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(path, Secrecy::Public).await?;
    let refused = |reason: String| Error::TlsFile { path: path.to_owned(), reason };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused(error.to_string()))?;
    if certificates.is_empty() {
        return Err(refused("it holds no certificate".to_owned()));
    }
    Ok(certificates)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Public,
    Secret,
}

async fn read(path: &Path, secrecy: Secrecy) -> Result<Vec<u8>, Error> {
    let refused = |reason: String| Error::TlsFile { path: path.to_owned(), reason };
    let io = |error: std::io::Error| refused(error.to_string());
    // Before opening it: to open a FIFO waits for its writer.
    if !tokio::fs::metadata(path).await.map_err(io)?.is_file() {
        return Err(refused("it is not a regular file".to_owned()));
    }
    let file = tokio::fs::File::open(path).await.map_err(io)?;
    let mode = file.metadata().await.map_err(io)?.mode() & 0o777;
    if secrecy == Secrecy::Secret && mode & 0o077 != 0 {
        return Err(refused(format!(
            "a key must be readable by its owner only, its mode is {mode:03o}\n\
             hint: chmod 600 {}",
            path.display()
        )));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).await.map_err(io)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(refused(format!("it is larger than {FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Verifies all but the name: chain, validity in time, usage, and that the peer holds the key.
#[derive(Debug)]
struct ChainOnly {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.roots,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
