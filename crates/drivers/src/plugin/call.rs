//! One call: a line to the plugin, a line back, within a time.

use std::{io::ErrorKind, time::Duration};

use serde::Serialize;
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout_at},
};

use super::{
    error::{Fault, Violation, excerpt},
    line::Early,
    message::{self, Answer},
    process::Process,
};

/// A conversation with a process. After any fault but [`Fault::Refused`] it is over.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) process: Process,
    next_id: u64,
}

impl Conversation {
    pub(super) const fn new(process: Process) -> Self {
        Self { process, next_id: 1 }
    }

    /// Asks a method and returns its result. Whoever drops the future ends the conversation.
    pub(super) async fn call(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
        within: Duration,
    ) -> Result<Value, Fault> {
        let by = Instant::now() + within;
        self.ready().await?;
        let id = self.next_id;
        self.next_id += 1;
        let line = message::request(id, method, params)
            .map_err(|problem| Fault::System { problem: format!("`{method}`: {problem}") })?;
        self.send(method, &line, within, by).await?;
        let line = self.hear(method, within, by).await?;
        match message::answer(&line, id) {
            Ok(Answer::Result(result)) => Ok(result),
            Ok(Answer::Error { code, message }) => {
                Err(Fault::Refused { method, code, message: excerpt(&message) })
            }
            Err(violation) => Err(Fault::violated(violation, true)),
        }
    }

    /// Whether the plugin waits for a question: it runs, and has said nothing unasked.
    pub(super) async fn ready(&mut self) -> Result<(), Fault> {
        match self.process.lines.early() {
            None => Ok(()),
            Some(Early::Bytes(text)) => {
                let violation = Violation::Unasked { near: excerpt(text.trim_end()) };
                Err(Fault::violated(violation, false))
            }
            Some(Early::End) => {
                let (how, said) = self.process.post_mortem().await;
                Err(Fault::Gone { how, said })
            }
        }
    }

    /// Writes a line.
    pub(super) async fn send(
        &mut self,
        method: &'static str,
        line: &[u8],
        within: Duration,
        by: Instant,
    ) -> Result<(), Fault> {
        let Some(stdin) = &mut self.process.stdin else {
            return Err(Fault::System { problem: "its standard input is closed".to_owned() });
        };
        let written = timeout_at(by, async {
            stdin.write_all(line).await?;
            stdin.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => {
                let (how, said) = self.process.post_mortem().await;
                // It was not there to read it.
                Err(Fault::Gone { how, said })
            }
            Ok(Err(error)) => Err(Fault::System { problem: error.to_string() }),
            Err(_) => Err(Fault::Deaf { method, after: within }),
        }
    }

    /// Reads a line.
    pub(super) async fn hear(
        &mut self,
        method: &'static str,
        within: Duration,
        by: Instant,
    ) -> Result<Vec<u8>, Fault> {
        match timeout_at(by, self.process.lines.next()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => {
                let (how, said) = self.process.post_mortem().await;
                Err(Fault::Ended { method, how, said })
            }
            Ok(Err(violation)) => Err(Fault::violated(violation, true)),
            Err(_) => {
                let said = self.process.last_words();
                Err(Fault::Silent { method, after: within, said })
            }
        }
    }
}
