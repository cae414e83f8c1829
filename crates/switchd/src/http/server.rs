//! The loop that accepts connections, and its end.
//!
//! Everything that waits for a client, its handshake too, is in the connection's own task: a client
//! that connects and says nothing delays nobody.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use super::{
    handshakes::Handshakes,
    listener::{Bound, Stream},
    patience::{Patience, Patient},
    peer::Peer,
    refusals::{Kind, Refusal, Refusals},
    router::LetIn,
    tls::Tls,
    turn::Turn,
};

/// How large a request's head may be in bytes; callers send a few hundred. It has a hundred headers
/// at most, which is hyper's own limit.
const HEAD: usize = 16 * 1024;
/// How much of a connection is buffered at a time.
const BUFFER: usize = 64 * 1024;
/// How long to wait after the system had no file descriptor left, unless a connection ends first.
const PAUSE: Duration = Duration::from_secs(1);

/// How connections are served.
#[derive(Clone)]
pub struct Serving {
    /// A place for each connection, over all listeners.
    pub places: Arc<Semaphore>,
    /// How long the head of a request may take to arrive, and an answer may wait for the peer to
    /// read on.
    pub receive_timeout: Duration,
    /// How long a caller that was let in may keep its connection without a request.
    pub idle_timeout: Duration,
    /// Ends accepting; connections finish the request that they are at.
    pub stop: CancellationToken,
    /// How long they may take for that; then they are cut.
    pub grace: Duration,
}

/// A listener with what is behind it.
pub struct Door {
    /// The socket.
    pub bound: Bound,
    /// Its TLS; plain HTTP when absent.
    pub tls: Option<Arc<Tls>>,
    /// The routes.
    pub router: Router,
    /// Where handshakes that failed are told.
    pub refusals: Refusals,
}

/// Serves a listener until it is told to stop, and then until its connections are done.
pub async fn serve(door: Door, serving: Serving) {
    let Serving { places, receive_timeout, idle_timeout, stop, grace } = serving;
    let Door { bound, tls, router, refusals } = door;
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let ended = Arc::new(Notify::new());
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_header_size(HEAD)
        .max_buf_size(BUFFER);
    let connection = Connection {
        http,
        router,
        tls,
        listener: bound.listening().to_string(),
        handshakes: Arc::default(),
        refusals,
        patience: Patience { short: receive_timeout, long: idle_timeout },
        stop: stop.clone(),
    };

    while let Some(Ok(place)) = until(&stop, Arc::clone(&places).acquire_owned()).await {
        let (stream, peer) = match until(&stop, bound.accept()).await {
            None => break,
            Some(Ok(accepted)) => accepted,
            Some(Err(error)) => {
                tracing::warn!(%error, listener = %bound.listening(), "cannot accept");
                // Out of descriptors, most likely: the next one comes free with a connection.
                let _ = timeout(PAUSE, until(&stop, ended.notified())).await;
                continue;
            }
        };
        let serving = Box::pin(connection.clone().serve(stream, peer, graceful.watcher()));
        let (cut, ended) = (cut.clone(), Arc::clone(&ended));
        connections.spawn(async move {
            until(&cut, serving).await;
            drop(place);
            ended.notify_one();
        });
    }

    drop((bound, connection));
    connections.close();
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still busy when their time was up, and are cut");
    }
    cut.cancel();
    connections.wait().await;
}

/// What every connection of a listener needs.
#[derive(Clone)]
struct Connection {
    http: http1::Builder,
    router: Router,
    tls: Option<Arc<Tls>>,
    listener: String,
    handshakes: Arc<Handshakes>,
    refusals: Refusals,
    patience: Patience,
    stop: CancellationToken,
}

impl Connection {
    async fn serve(mut self, stream: Stream, mut peer: Peer, watcher: Watcher) {
        let turn = Turn::default();
        let stream = Patient::new(stream, self.patience, turn.clone());
        let Some(tls) = self.tls.take() else {
            return self.talk(stream, turn, peer, watcher).await;
        };
        let Some(handshake) = self.handshakes.begin(peer.source) else {
            metrics::counter!("mercury_tls_handshakes_failed_total", "reason" => "too_many")
                .increment(1);
            return;
        };
        // Nothing is lost when a handshake ends with the service.
        let accepted = tls.accept(stream, self.patience.short);
        let Some(shaken) = until(&self.stop, accepted).await else { return };
        drop(handshake);
        match shaken {
            Ok((stream, certificate)) => {
                peer.certificate = certificate;
                self.talk(stream, turn, peer, watcher).await;
            }
            Err(failed) => {
                metrics::counter!("mercury_tls_handshakes_failed_total", "reason" => failed.label)
                    .increment(1);
                if failed.is_try {
                    let kind = Kind {
                        listener: self.listener,
                        peer: peer.place,
                        scheme: None,
                        reason: failed.reason,
                    };
                    self.refusals.note(Refusal { kind, claimed: None });
                } else {
                    let (peer, reason) = (peer.place, failed.reason);
                    tracing::debug!(listener = self.listener, peer, reason, "no handshake");
                }
            }
        }
    }

    /// Answers the requests of a connection.
    async fn talk<S>(self, stream: S, turn: Turn, peer: Peer, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { http, router, .. } = self;
        let peer = Arc::new(peer);
        turn.owed();
        let service = service_fn(move |mut request: Request<Incoming>| {
            turn.ours();
            request.extensions_mut().insert(Arc::clone(&peer));
            let (answer, turn) = (router.clone().oneshot(request), turn.clone());
            async move {
                let answer = answer.await?;
                match answer.extensions().get::<LetIn>() {
                    Some(LetIn) => turn.rest(),
                    None => turn.owed(),
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

/// The future's value, or nothing when the token is cancelled first.
async fn until<T>(token: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    token.run_until_cancelled(future).await
}
