//! The two directions of a channel: reading never waits for writing.

use std::collections::VecDeque;

use bytes::Bytes;
use russh::server::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::time::{Instant, sleep_until};

use super::Over;

/// Most input that waits for the switch; a client that sends more is cut off.
const MAX_INPUT: usize = 4 * 1024 * 1024;

/// A channel.
pub(crate) struct Wire {
    read: ChannelReadHalf,
    write: ChannelWriteHalf<Msg>,
    input: VecDeque<u8>,
    /// How many bytes at the front of `input` are on the terminal already.
    echoed: usize,
    has_ended: bool,
    is_gone: bool,
}

impl Wire {
    pub(crate) fn new(channel: Channel<Msg>) -> Self {
        let (read, write) = channel.split();
        let input = VecDeque::new();
        Self { read, write, input, echoed: 0, has_ended: false, is_gone: false }
    }

    /// The next message, before a shell or a command has begun.
    pub(crate) async fn message(&mut self) -> Option<ChannelMsg> {
        let message = self.read.wait().await;
        if let Some(ChannelMsg::Data { data }) = &message {
            self.input.extend(data);
        }
        message
    }

    fn take(&mut self, message: Option<ChannelMsg>) {
        match message {
            Some(ChannelMsg::Data { data }) if self.input.len() + data.len() <= MAX_INPUT => {
                self.input.extend(data);
            }
            Some(ChannelMsg::Eof) => self.has_ended = true,
            Some(ChannelMsg::Data { .. } | ChannelMsg::Close) | None => self.is_gone = true,
            Some(_) => {}
        }
    }

    /// The next byte that the client has sent, and whether it is to be echoed.
    pub(crate) async fn key(&mut self) -> Result<(u8, bool), Over> {
        loop {
            if let Some(byte) = self.input.pop_front() {
                let is_echoed = self.echoed > 0;
                self.echoed = self.echoed.saturating_sub(1);
                return Ok((byte, !is_echoed));
            }
            if self.has_ended || self.is_gone {
                return Err(Over);
            }
            let message = self.read.wait().await;
            self.take(message);
        }
    }

    /// Everything until the client says that it has no more.
    pub(crate) async fn rest(&mut self) -> Result<Vec<u8>, Over> {
        while !self.has_ended {
            if self.is_gone {
                return Err(Over);
            }
            let message = self.read.wait().await;
            self.take(message);
        }
        Ok(self.input.drain(..).collect())
    }

    /// Writes; what comes in meanwhile is kept.
    pub(crate) async fn send(&mut self, bytes: impl Into<Bytes>) -> Result<(), Over> {
        self.put(None, bytes.into()).await
    }

    /// Writes to standard error.
    pub(crate) async fn send_error(&mut self, bytes: impl Into<Bytes>) -> Result<(), Over> {
        self.put(Some(1), bytes.into()).await
    }

    async fn put(&mut self, stream: Option<u32>, bytes: Bytes) -> Result<(), Over> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.is_gone {
            return Err(Over);
        }
        let mut kept = Vec::new();
        let result = {
            let Self { read, write, .. } = self;
            let sending = async {
                match stream {
                    None => write.data_bytes(bytes).await,
                    Some(stream) => write.extended_data_bytes(stream, bytes).await,
                }
            };
            tokio::pin!(sending);
            loop {
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent.map_err(|_| Over),
                    message = read.wait() => match message {
                        Some(ChannelMsg::Close) | None => break Err(Over),
                        message => kept.push(message),
                    },
                }
            }
        };
        self.is_gone |= result.is_err();
        for message in kept {
            self.take(message);
        }
        result
    }

    /// Lets time pass. What is typed meanwhile is kept, and shown at once if `echo` says so:
    /// with true, it is not shown again.
    pub(crate) async fn pass(&mut self, until: Instant, echo: Option<bool>) -> Result<(), Over> {
        loop {
            let before = self.input.len();
            tokio::select! {
                () = sleep_until(until) => return Ok(()),
                message = self.read.wait() => self.take(message),
            }
            if self.is_gone {
                return Err(Over);
            }
            let Some(is_final) = echo else {
                continue;
            };
            let new: Vec<u8> = self.input.iter().skip(before).copied().collect();
            let mut shown = Vec::with_capacity(new.len());
            for byte in new {
                match byte {
                    b'\r' | b'\n' => shown.extend_from_slice(b"\r\n"),
                    _ => shown.push(byte),
                }
            }
            if is_final {
                self.echoed = self.input.len();
            }
            self.send(shown).await?;
        }
    }

    /// Never answers again: reads until the client gives up.
    pub(crate) async fn silence(&mut self) -> Over {
        while !self.is_gone {
            let message = self.read.wait().await;
            self.take(message);
            self.input.clear();
        }
        Over
    }

    /// Says how the command or the shell has ended.
    pub(crate) async fn status(&self, status: u32) {
        let _ = self.write.exit_status(status).await;
    }

    /// Ends the channel.
    pub(crate) async fn close(&self) {
        let _ = self.write.eof().await;
        let _ = self.write.close().await;
    }
}
