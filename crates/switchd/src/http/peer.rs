//! Who is at the other end of a connection, before anything was said.

use std::net::SocketAddr;

use rpc::auth::{PeerCertificate, Source};
use tokio::net::UnixStream;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    /// Where failed logins from there are counted.
    pub(super) source: Source,
    /// Where it is, for people: an address without its port, or a user of this machine.
    pub(super) place: String,
    /// The certificate that it showed.
    pub(super) certificate: Option<PeerCertificate>,
}

impl Peer {
    pub(super) fn tcp(address: SocketAddr) -> Self {
        let address = address.ip().to_canonical();
        Self { source: address.into(), place: address.to_string(), certificate: None }
    }

    pub(super) fn unix(stream: &UnixStream) -> Self {
        // The system knows who connected; should it not say, nobody is a user like any other.
        let user = stream.peer_cred().map_or(u32::MAX, |peer| peer.uid());
        Self { source: Source::Local(user), place: format!("user {user}"), certificate: None }
    }
}
