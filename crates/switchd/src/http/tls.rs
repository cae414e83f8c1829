//! TLS of a listener: rustls with ring, certificates that are read again at a reload, and why a
//! handshake failed.
//!
//! A reload changes what the next handshake uses; connections that are open stay. There is no
//! session resumption: a resumed session would not verify the client's certificate again, and
//! callers keep their connections. A client that speaks no TLS is told nothing, because nothing that
//! it could read can be said in TLS; the log says it.

use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rpc::auth::PeerCertificate;
use rustls::{
    CertificateError, Error as TlsError, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::{ListenTls, TlsMinimum};

/// From when on a certificate that ends soon is worth a warning.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Whether clients show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    /// They are not asked.
    Unasked,
    /// They may.
    May,
    /// They must.
    Must,
}

/// What a listener's handshakes use, read from its files.
#[derive(Debug)]
pub(crate) struct Loaded {
    config: Arc<ServerConfig>,
    /// When the certificate ends, in seconds since 1970.
    not_after: i64,
}

/// The TLS of one listener.
#[derive(Debug)]
pub struct Tls {
    current: RwLock<Arc<ServerConfig>>,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// As a label of a metric.
    pub(super) label: &'static str,
    /// For people.
    pub(super) reason: String,
    /// Whether somebody tried to come in, other than by connecting and going away.
    pub(super) is_try: bool,
}

impl Tls {
    pub(crate) fn new(listener: &str, loaded: Loaded) -> Self {
        let tls = Self { current: RwLock::new(Arc::clone(&loaded.config)) };
        tls.replace(listener, loaded);
        tls
    }

    /// Uses other certificates from the next handshake on.
    pub(crate) fn replace(&self, listener: &str, loaded: Loaded) {
        tell_end(listener, loaded.not_after);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded.config;
    }

    /// Shakes hands, and reads the certificate that the client showed.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        within: Duration,
    ) -> Result<(TlsStream<S>, Option<PeerCertificate>), Failed> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let shake = TlsAcceptor::from(config).accept(stream);
        let stream = match tokio::time::timeout(within, shake).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failed::new(&error)),
            Err(_) => return Err(Failed::quiet("timeout", "the handshake took too long")),
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        match shown.map(|shown| PeerCertificate::read(shown)) {
            None => Ok((stream, None)),
            Some(Some(certificate)) => Ok((stream, Some(certificate))),
            Some(None) => Err(Failed {
                label: "bad_certificate",
                reason: "a client certificate that cannot be read".to_owned(),
                is_try: true,
            }),
        }
    }
}

impl Failed {
    fn quiet(label: &'static str, reason: impl Into<String>) -> Self {
        Self { label, reason: reason.into(), is_try: false }
    }

    fn new(error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
        let (label, reason) = match inner {
            None => return Self::quiet("broken", error.to_string()),
            Some(TlsError::NoCertificatesPresented) => {
                ("no_certificate", "no client certificate".to_owned())
            }
            Some(TlsError::InvalidCertificate(error)) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    ("expired_certificate", "an expired client certificate".to_owned())
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    ("early_certificate", "a client certificate that is not valid yet".to_owned())
                }
                CertificateError::UnknownIssuer => {
                    ("unknown_ca", "a client certificate of an unknown CA".to_owned())
                }
                other => ("bad_certificate", format!("a client certificate that is bad: {other}")),
            },
            Some(TlsError::PeerIncompatible(why)) => {
                ("incompatible", format!("a client that speaks no common TLS: {why:?}"))
            }
            Some(TlsError::InvalidMessage(_)) => {
                ("not_tls", "a client that speaks no TLS".to_owned())
            }
            // Whoever does not like our certificate says so and goes; it is no try of ours to judge.
            Some(TlsError::AlertReceived(alert)) => {
                return Self::quiet("alert", format!("the client refused: {alert:?}"));
            }
            Some(other) => ("other", other.to_string()),
        };
        Self { label, reason, is_try: true }
    }
}

/// Reads the files of a listener. The error names the file.
pub(crate) async fn load(tls: &ListenTls, clients: Clients) -> Result<Loaded, String> {
    let ListenTls { certificate, key, minimum, client_ca } = tls;
    let chain = certificates(certificate)?;
    let secret = key.resolve().await.map_err(|error| error.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(secret.expose_secret().as_bytes())
        .map_err(|_| format!("no private key in PEM is in {key}"))?;
    let not_after = chain.first().and_then(|leaf| PeerCertificate::read(leaf));
    let not_after = not_after
        .ok_or_else(|| format!("the certificate in `{}` cannot be read", certificate.display()))?
        .not_after;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[_] = match minimum {
        TlsMinimum::V12 => &[&TLS13, &TLS12],
        TlsMinimum::V13 => &[&TLS13],
    };
    let refused = |error: TlsError| {
        let file = certificate.display();
        match error {
            TlsError::InconsistentKeys(_) => {
                format!("the key is not that of the certificate in `{file}`")
            }
            other => format!("the certificate in `{file}` or its key cannot be used: {other}"),
        }
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(refused)?;
    let builder = match (clients, client_ca) {
        (Clients::Unasked, _) | (_, None) => builder.with_no_client_auth(),
        (clients, Some(ca)) => {
            let verifier = verifier(ca, clients == Clients::Must, provider)?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(refused)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Loaded { config: Arc::new(config), not_after })
}

fn verifier(
    ca: &Path,
    must: bool,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let refused = |error: &dyn std::fmt::Display| {
        format!("the CA certificates in `{}` cannot be used: {error}", ca.display())
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| refused(&error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if must { builder } else { builder.allow_unauthenticated() };
    builder.build().map_err(|error| refused(&error))
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let refused = |problem: String| format!("the certificates in `{}`: {problem}", path.display());
    let all = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| match error {
            rustls::pki_types::pem::Error::Io(error) => {
                format!("cannot read the certificates in `{}`: {error}", path.display())
            }
            other => refused(other.to_string()),
        })?;
    if all.is_empty() { Err(refused("there is none in PEM".to_owned())) } else { Ok(all) }
}

/// Tells monitoring when the certificate ends, and people when that is soon.
fn tell_end(listener: &str, not_after: i64) {
    #[expect(clippy::cast_precision_loss, reason = "seconds until the year 285 million fit")]
    metrics::gauge!(
        "mercury_tls_certificate_not_after_seconds", "listener" => listener.to_owned()
    )
    .set(not_after as f64);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = i128::from(not_after) - i128::from(now.as_secs());
    if left < i128::from(SOON.as_secs()) {
        let days = left / (24 * 60 * 60);
        tracing::warn!(listener, days, "the listener's certificate ends soon, or has ended");
    }
}
