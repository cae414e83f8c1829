//! The loop that accepts connections, and its end.

use std::{future::Future, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{listener::Bound, patience::Patient};

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
    /// How long the head of a request may take to arrive, a connection may be idle, and an answer
    /// may wait for the peer to read on.
    pub receive_timeout: Duration,
    /// Ends accepting; connections finish the request that they are at.
    pub stop: CancellationToken,
    /// How long they may take for that; then they are cut.
    pub grace: Duration,
}

/// Serves a listener until it is told to stop, and then until its connections are done.
pub async fn serve(bound: Bound, router: Router, serving: Serving) {
    let Serving { places, receive_timeout, stop, grace } = serving;
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let ended = Arc::new(Notify::new());
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(receive_timeout)
        .max_header_size(HEAD)
        .max_buf_size(BUFFER);

    while let Some(Ok(place)) = until(&stop, Arc::clone(&places).acquire_owned()).await {
        let stream = match until(&stop, bound.accept()).await {
            None => break,
            Some(Ok(stream)) => stream,
            Some(Err(error)) => {
                tracing::warn!(%error, listener = %bound.listening(), "cannot accept");
                // Out of descriptors, most likely: the next one comes free with a connection.
                let _ = timeout(PAUSE, until(&stop, ended.notified())).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let stream = TokioIo::new(Patient::new(stream, receive_timeout));
        let connection = graceful.watch(http.serve_connection(stream, service));
        let (cut, ended) = (cut.clone(), Arc::clone(&ended));
        connections.spawn(async move {
            if let Some(Err(error)) = until(&cut, connection).await {
                tracing::debug!(%error, "a connection ended badly");
            }
            drop(place);
            ended.notify_one();
        });
    }

    drop(bound);
    connections.close();
    if timeout(grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still busy when their time was up, and are cut");
    }
    cut.cancel();
    connections.wait().await;
}

/// The future's value, or nothing when the token is cancelled first.
async fn until<T>(token: &CancellationToken, future: impl Future<Output = T>) -> Option<T> {
    token.run_until_cancelled(future).await
}
