//! Listens and gives each client a session.

use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::session::Session;
use super::store::Store;

/// Most clients of one switch at a time; a real `ovsdb-server` has its file descriptors as limit.
/// The next client waits to be accepted.
const MAX_SESSIONS: usize = 256;

/// Where a simulated switch listens.
#[derive(Debug)]
pub enum Listener {
    /// TCP on loopback.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

impl Listener {
    /// TCP on 127.0.0.1, on a port that the kernel chooses.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn tcp() -> std::io::Result<Self> {
        Ok(Self::Tcp(TcpListener::bind(("127.0.0.1", 0)).await?))
    }

    /// A unix socket at this path, which must not exist.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn unix(path: &Path) -> std::io::Result<Self> {
        Ok(Self::Unix(UnixListener::bind(path)?))
    }

    /// The address as Open vSwitch tools write it: `tcp:127.0.0.1:PORT` or `unix:PATH`.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn address(&self) -> std::io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(format!("tcp:{}", listener.local_addr()?)),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                Ok(format!("unix:{}", address.as_pathname().unwrap_or(Path::new("")).display()))
            }
        }
    }

    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Serves clients until `stop`, and ends every session before it returns.
pub async fn serve(listener: Listener, store: Arc<Store>, stop: CancellationToken) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept(), if sessions.len() < MAX_SESSIONS => match accepted {
                Ok(stream) => {
                    let session = Session::new(stream, Arc::clone(&store));
                    sessions.spawn(async move {
                        let end = session.run().await;
                        tracing::debug!(reason = %end, "session ended");
                    });
                }
                Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
            },
            Some(_) = sessions.join_next() => {}
        }
    }
    sessions.shutdown().await;
}
