//! A connection that does not wait for ever for a peer that sends or reads nothing, and that ends so
//! that its last answer arrives.
//!
//! Else a request that never comes, or an answer that nobody reads, would keep a connection, and its
//! place among all connections, for as long as the peer likes. How long a peer may be silent depends
//! on whose [`Turn`] it is, which hyper's own limit on a request's head does not tell apart.
//!
//! A peer that is refused while it is still sending would lose the answer: the system resets a
//! connection that is closed before all of it was read, and a reset overtakes what was sent. So what
//! still comes after the end is read and thrown away, for a moment.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::turn::{Kind, Turn};

/// How long, and how much, is read after the end.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// How much of it at a time.
const CHUNK: usize = 16 * 1024;

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the head of a request, and until the peer reads on.
    pub(super) short: Duration,
    /// For the next request of a caller that was let in.
    pub(super) long: Duration,
}

/// A connection that ends when its peer has been silent for too long, and whose writes fail when
/// they have got nowhere for a while.
pub(super) struct Patient<S> {
    inner: S,
    patience: Patience,
    turn: Turn,
    /// Runs while a read waits, for the turn of this number.
    silent: Option<(u64, Pin<Box<Sleep>>)>,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs after the end, with how much may still come.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Patient<S> {
    pub(super) const fn new(inner: S, patience: Patience, turn: Turn) -> Self {
        Self { inner, patience, turn, silent: None, stalled: None, lingering: None }
    }

    /// Ready when the peer has been silent for too long.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (number, kind) = self.turn.now();
        let patience = match kind {
            Kind::Ours => return Poll::Pending,
            Kind::Owed => self.patience.short,
            Kind::Rest => self.patience.long,
        };
        let running = self.silent.take_if(|(of, _)| *of == number);
        let (_, end) = self.silent.insert(
            running.unwrap_or_else(|| (number, Box::pin(sleep_until(Instant::now() + patience)))),
        );
        end.as_mut().poll(context)
    }

    /// What a write came to, or its end when it has waited too long.
    fn bounded<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience.short;
        let deadline =
            self.stalled.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer reads nothing")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                self.turn.heard();
            }
            return read;
        }
        // As though the peer had closed: there is nothing to answer.
        self.poll_silence(context).map(Ok)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.bounded(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.bounded(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        let flushed = self.bounded(context, flushed);
        if flushed.is_ready() {
            // An answer ends here, and hyper may not read again before it is woken: by the end of
            // the silence, if by nothing else. The next read acts on it.
            let _ = self.poll_silence(context);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let shut = Pin::new(&mut self.inner).poll_shutdown(context);
            ready!(self.bounded(context, shut))?;
            let end = Box::pin(sleep_until(Instant::now() + LINGER));
            self.lingering = Some((end, LINGER_BYTES));
        }
        let Self { inner, lingering, .. } = &mut *self;
        let mut chunk = [0; CHUNK];
        while let Some((end, left)) = lingering {
            if end.as_mut().poll(context).is_ready() {
                break;
            }
            let mut buffer = ReadBuf::new(&mut chunk);
            let read = ready!(Pin::new(&mut *inner).poll_read(context, &mut buffer));
            let more = buffer.filled().len();
            if read.is_err() || more == 0 || more > *left {
                break;
            }
            *left -= more;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn patient<S>(inner: S, short: Duration) -> Patient<S> {
        Patient::new(inner, Patience { short, long: LONG }, Turn::default())
    }

    #[tokio::test(start_paused = true)]
    async fn silence_lasts_as_long_as_the_turn_allows() {
        const SHORT: Duration = Duration::from_secs(10);
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = patient(here, SHORT);
        let turn = here.turn.clone();
        let mut buffer = [0; 10];

        // Ours: its end is somebody else's business.
        assert!(tokio::time::timeout(LONG * 2, here.read(&mut buffer)).await.is_err());

        turn.rest();
        let begun = Instant::now();
        assert!(tokio::time::timeout(LONG / 2, here.read(&mut buffer)).await.is_err());
        there.write_all(b"GET").await.unwrap();
        assert_eq!(here.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(here.read(&mut buffer).await.unwrap(), 0, "the rest of the head is owed");
        assert_eq!(begun.elapsed(), LONG / 2 + SHORT);

        // The same kind of turn again begins anew.
        turn.ours();
        turn.owed();
        let begun = Instant::now();
        assert_eq!(here.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(begun.elapsed(), SHORT);

        turn.rest();
        let begun = Instant::now();
        assert_eq!(here.read(&mut buffer).await.unwrap(), 0);
        assert_eq!(begun.elapsed(), LONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_drop_by_drop_is_not_waited_for_longer() {
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = patient(here, Duration::from_secs(10));
        here.turn.owed();
        let begun = Instant::now();
        let drops = async {
            while there.write_all(b"x").await.is_ok() {
                tokio::time::advance(Duration::from_secs(3)).await;
            }
        };
        let mut all = Vec::new();
        let read = async {
            here.read_to_end(&mut all).await.unwrap();
            drop(here);
        };
        tokio::join!(read, drops);
        assert!(begun.elapsed() < Duration::from_secs(16), "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_the_end_is_thrown_away_for_a_moment() {
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = patient(here, Duration::from_secs(10));
        let sent = async {
            there.write_all(&[0; 1000]).await.unwrap();
            there
        };
        let begun = Instant::now();
        let (shut, _there) = tokio::join!(here.shutdown(), sent);
        shut.unwrap();
        assert_eq!(begun.elapsed().as_secs(), LINGER.as_secs());
    }

    #[tokio::test]
    async fn a_peer_that_has_gone_is_not_waited_for() {
        let (here, there) = tokio::io::duplex(10);
        drop(there);
        let mut here = patient(here, Duration::from_secs(10));
        let begun = Instant::now();
        here.shutdown().await.unwrap();
        assert!(begun.elapsed() < LINGER);
    }

    #[tokio::test]
    async fn a_write_that_gets_nowhere_ends_and_one_that_does_goes_on() {
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = patient(here, Duration::from_millis(50));
        here.write_all(b"0123456789").await.unwrap();
        let mut read = [0; 5];
        let (written, taken) = tokio::join!(here.write_all(b"abcde"), there.read_exact(&mut read));
        written.unwrap();
        taken.unwrap();
        assert_eq!(&read, b"01234");
        let error = here.write_all(b"more").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
