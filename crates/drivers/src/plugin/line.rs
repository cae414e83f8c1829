//! Lines of bounded length from a stream.

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::error::Violation;

/// How long a line of a plugin may be in bytes: ten thousand ports at some 400 bytes each. It is
/// the only part of an answer whose size a plugin chooses, and it is held in memory.
pub(super) const LINE_BYTES: usize = 4 << 20;

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// How much of the buffer has no line feed for certain.
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, buffer: Vec::new(), searched: 0 }
    }

    /// The next line without its end; `None` when the stream has ended, or broke. What follows the
    /// last line feed is no line. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Violation> {
        loop {
            if let Some(line) = self.take()? {
                return Ok(Some(line));
            }
            match self.source.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    /// What has arrived although nobody asked, without waiting: bytes, or the end of the stream.
    pub(super) fn early(&mut self) -> Option<Early> {
        if self.buffer.is_empty() {
            match self.source.read_buf(&mut self.buffer).now_or_never() {
                None => return None,
                Some(Ok(0) | Err(_)) => return Some(Early::End),
                Some(Ok(_)) => {}
            }
        }
        Some(Early::Bytes(String::from_utf8_lossy(&self.buffer).into_owned()))
    }

    fn take(&mut self) -> Result<Option<Vec<u8>>, Violation> {
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        let found = rest.iter().position(|byte| *byte == b'\n').map(|at| at + self.searched);
        if found.unwrap_or(self.buffer.len()) > LINE_BYTES {
            return Err(Violation::TooLong { limit: LINE_BYTES });
        }
        let Some(end) = found else {
            self.searched = self.buffer.len();
            return Ok(None);
        };
        let rest = self.buffer.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        line.truncate(end);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// What arrived unasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Early {
    /// Text.
    Bytes(String),
    /// The end of the stream.
    End,
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    #[tokio::test]
    async fn lines_end_with_a_line_feed() {
        assert_eq!(all(b"one\r\n\ntwo\nthree").await, [&b"one"[..], b"", b"two"]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_refused_before_it_ends() {
        let long = vec![b'x'; LINE_BYTES + 1];
        let mut lines = Lines::new(long.as_slice());
        assert_eq!(lines.next().await, Err(Violation::TooLong { limit: LINE_BYTES }));
        let mut fits = vec![b'x'; LINE_BYTES];
        fits.push(b'\n');
        assert_eq!(all(&fits).await.len(), 1);
    }

    #[tokio::test]
    async fn what_comes_early_is_seen() {
        let mut lines = Lines::new(&b"{}\n{}"[..]);
        lines.next().await.unwrap();
        assert_eq!(lines.early(), Some(Early::Bytes("{}".to_owned())));
        assert_eq!(Lines::new(&b""[..]).early(), Some(Early::End));
    }
}
