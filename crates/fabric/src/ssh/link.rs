//! The wire between a client and the switch: it takes time, and can be cut.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf,
};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Most pieces on the way in one direction; a sender beyond that waits, as on a full pipe.
const MAX_ON_THE_WAY: usize = 1024;

/// Most bytes of a piece, and between the wire and the SSH server.
pub(crate) const PIECE: usize = 64 * 1024;

/// Carries bytes until the switch has said everything, or until `cut`, at which the connection is
/// simply gone. `carried` counts what has gone out to the client.
pub(crate) async fn carry(
    outside: TcpStream,
    inside: DuplexStream,
    round_trip: Duration,
    cut: CancellationToken,
    carried: watch::Sender<u64>,
) {
    let one_way = round_trip / 2;
    let (outside_read, outside_write) = outside.into_split();
    let (inside_read, inside_write) = tokio::io::split(inside);
    let up = async {
        pump(outside_read, inside_write, one_way, None).await;
        std::future::pending::<()>().await;
    };
    let down =
        pump::<ReadHalf<DuplexStream>, _>(inside_read, outside_write, one_way, Some(carried));
    tokio::select! {
        () = cut.cancelled() => {}
        () = up => {}
        () = down => {}
    }
}

async fn pump<R, W>(mut from: R, mut to: W, delay: Duration, carried: Option<watch::Sender<u64>>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (sender, mut receiver) = mpsc::channel(MAX_ON_THE_WAY);
    let read = async move {
        let mut piece = BytesMut::with_capacity(PIECE);
        while matches!(from.read_buf(&mut piece).await, Ok(1..)) {
            let sent = (Instant::now() + delay, piece.split().freeze());
            if sender.send(sent).await.is_err() {
                break;
            }
            piece.reserve(PIECE);
        }
    };
    let write = async move {
        while let Some((due, piece)) = receiver.recv().await {
            if !delay.is_zero() {
                sleep_until(due).await;
            }
            if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
                return;
            }
            if let Some(carried) = &carried {
                carried.send_modify(|count| *count += piece.len() as u64);
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
