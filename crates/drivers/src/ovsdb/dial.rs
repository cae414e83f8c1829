//! From an address to a byte stream.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::address::{Address, Endpoint, Host};
use super::error::{Error, excerpt};
use super::tls::{PeerName, TlsFiles, client_config};

/// Any of the three transports.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Connects. The caller bounds it in time.
pub(super) async fn dial(
    address: &Address,
    tls: Option<&TlsFiles>,
) -> Result<Box<dyn Duplex>, Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::ConnectionRefused => Error::Refused { address: address.to_string() },
        _ => Error::Unreachable { address: address.to_string(), source: Arc::new(source) },
    };
    match address {
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(failed)?)),
        Address::Tcp(endpoint) => Ok(Box::new(tcp(endpoint).await.map_err(failed)?)),
        Address::Ssl(endpoint) => {
            let files = tls.ok_or_else(|| Error::TlsMissing { address: address.to_string() })?;
            let config = client_config(files).await?;
            let name = peer_name(&files.peer_name, &endpoint.host)?;
            let stream = tcp(endpoint).await.map_err(failed)?;
            let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
            Ok(Box::new(handshake.map_err(|source| Error::Tls {
                address: address.to_string(),
                sent: false,
                source: Arc::new(source),
            })?))
        }
    }
}

async fn tcp(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let stream = match &endpoint.host {
        Host::Ip(ip) => TcpStream::connect((*ip, endpoint.port)).await?,
        Host::Name(name) => TcpStream::connect((name.as_str(), endpoint.port)).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn peer_name(wanted: &PeerName, host: &Host) -> Result<ServerName<'static>, Error> {
    let text = match (wanted, host) {
        (PeerName::Named(name), _) => name.clone(),
        (PeerName::AsAddressed | PeerName::AnyOfCa, Host::Name(name)) => name.clone(),
        (PeerName::AsAddressed | PeerName::AnyOfCa, Host::Ip(ip)) => {
            return Ok(ServerName::from(*ip));
        }
    };
    ServerName::try_from(text.clone()).map_err(|_| Error::Address {
        text: excerpt(&text),
        reason: "a certificate cannot carry this as a host name or IP address".to_owned(),
    })
}
