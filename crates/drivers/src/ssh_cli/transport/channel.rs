//! A terminal, and commands, over a connection.

use async_trait::async_trait;
use russh::{Channel, ChannelMsg, Pty, client::Msg};
use switch::DeviceError;

use super::connection::Connection;
use crate::ssh_cli::console::{Commands, Output, Terminal};

/// How many rows a terminal has. Many, so that a pager that cannot be switched off before the first
/// page has little to stop at.
const ROWS: u32 = 500;

/// How much a command may say, as [`crate::ssh_cli::shell`] bounds an answer.
const OUTPUT_BYTES: usize = 8 << 20;

/// What counts as the status of a command that a signal ended.
const BY_SIGNAL: u32 = 255;

/// A shell with a terminal.
pub(super) struct SshTerminal {
    channel: Channel<Msg>,
    connection: Connection,
}

impl SshTerminal {
    pub(super) async fn open(
        connection: Connection,
        terminal: &str,
        width: u32,
    ) -> Result<Self, String> {
        let mut channel = connection.channel().await?;
        // Without an echo by the line discipline of a host in between, which none is asked for.
        let modes = [(Pty::ECHO, 1), (Pty::TTY_OP_ISPEED, 38_400), (Pty::TTY_OP_OSPEED, 38_400)];
        let requested = channel.request_pty(true, terminal, width, ROWS, 0, 0, &modes).await;
        granted(&connection, &mut channel, requested, "a terminal").await?;
        let requested = channel.request_shell(true).await;
        granted(&connection, &mut channel, requested, "a shell").await?;
        Ok(Self { channel, connection })
    }

    fn lost(&self) -> DeviceError {
        let reason = self.connection.ending().unwrap_or_else(|| "it has ended".to_owned());
        DeviceError::Disconnected { sent: false, reason }
    }
}

/// Waits for the answer to a request.
async fn granted(
    connection: &Connection,
    channel: &mut Channel<Msg>,
    requested: Result<(), russh::Error>,
    what: &str,
) -> Result<(), String> {
    let lost = || connection.ending().unwrap_or_else(|| "the connection has ended".to_owned());
    requested.map_err(|_| lost())?;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(()),
            Some(ChannelMsg::Failure | ChannelMsg::Close) => {
                return Err(format!("it refuses {what}\nhint: check what the account may do"));
            }
            Some(_) => {}
            None => return Err(lost()),
        }
    }
}

#[async_trait]
impl Terminal for SshTerminal {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        self.channel.data(bytes).await.map_err(|_| self.lost())
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        loop {
            match self.channel.wait().await {
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    return Ok(Some(data.to_vec()));
                }
                Some(ChannelMsg::Close | ChannelMsg::Eof) => return Ok(None),
                Some(_) => {}
                None => return Err(self.lost()),
            }
        }
    }

    async fn close(self: Box<Self>) {
        let Self { channel, connection } = *self;
        // It may be closed already.
        let _ = channel.close().await;
        connection.close().await;
    }
}

/// Commands, each on a channel of its own.
pub(super) struct SshCommands {
    connection: Connection,
}

impl SshCommands {
    pub(super) const fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

#[async_trait]
impl Commands for SshCommands {
    async fn run(&mut self, command: &str, changes: bool) -> Result<Output, DeviceError> {
        let lost = |sent: bool, reason: Option<String>| DeviceError::Disconnected {
            sent,
            reason: reason
                .or_else(|| self.connection.ending())
                .unwrap_or_else(|| "it has ended".to_owned()),
        };
        let channel = self.connection.channel().await;
        let mut channel = channel.map_err(|reason| lost(false, Some(reason)))?;
        let requested = channel.exec(true, command).await;
        requested.map_err(|_| lost(changes, None))?;
        // Nothing will be typed: what reads its input comes to an end.
        channel.eof().await.map_err(|_| lost(changes, None))?;
        let mut output = Output::default();
        let mut status = None;
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                    output.bytes.extend_from_slice(&data);
                    if output.bytes.len() > OUTPUT_BYTES {
                        let answer = format!(
                            "more than {} MiB in answer to `{command}`",
                            OUTPUT_BYTES >> 20
                        );
                        return Err(DeviceError::Unrecognised { sent: changes, answer });
                    }
                }
                Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(exit_status),
                Some(ChannelMsg::ExitSignal { .. }) => status = Some(BY_SIGNAL),
                Some(ChannelMsg::Failure) => {
                    let what = "it refuses to run commands".to_owned();
                    return Err(DeviceError::Unsupported { what });
                }
                Some(ChannelMsg::Close) => break,
                Some(_) => {}
                None => return Err(lost(changes, None)),
            }
        }
        output.status = status.ok_or_else(|| DeviceError::Unrecognised {
            sent: changes,
            answer: format!("`{command}` ended without an exit status"),
        })?;
        Ok(output)
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}
