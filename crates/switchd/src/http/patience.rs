//! A connection that does not wait for ever for a peer that reads nothing, and that ends so that its
//! last answer arrives.
//!
//! hyper bounds how long a request may take to arrive; an answer that nobody reads would keep its
//! connection, and its place among all connections, for as long as the peer likes.
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

/// How long, and how much, is read after the end.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 16 * 1024 * 1024;
/// How much of it at a time.
const CHUNK: usize = 16 * 1024;

/// A connection whose writes fail when they have got nowhere for a while.
pub(super) struct Patient<S> {
    inner: S,
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs after the end, with how much may still come.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Patient<S> {
    pub(super) const fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, stalled: None, lingering: None }
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
        let patience = self.patience;
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
        Pin::new(&mut self.inner).poll_read(context, buffer)
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
        self.bounded(context, flushed)
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

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_the_end_is_thrown_away_for_a_moment() {
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = Patient::new(here, Duration::from_secs(10));
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
        let mut here = Patient::new(here, Duration::from_secs(10));
        let begun = Instant::now();
        here.shutdown().await.unwrap();
        assert!(begun.elapsed() < LINGER);
    }

    #[tokio::test]
    async fn a_write_that_gets_nowhere_ends_and_one_that_does_goes_on() {
        let (here, mut there) = tokio::io::duplex(10);
        let mut here = Patient::new(here, Duration::from_millis(50));
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
