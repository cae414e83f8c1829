//! One session channel: a shell with its prompts, or one command.

mod exec;
mod shell;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use russh::server::Msg;
use russh::{Channel, ChannelMsg};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::faults::Faults;
use super::machine::{Machine, SessionId};
use wire::Wire;

/// The channel is over, for whatever reason.
#[derive(Debug)]
pub(crate) struct Over;

/// What a channel needs to know of its connection.
pub(crate) struct Context {
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) faults: Faults,
    pub(crate) user: String,
    /// Ends the connection as a cut cable does.
    pub(crate) cut: CancellationToken,
    /// How many bytes have gone out to the client.
    pub(crate) carried: watch::Receiver<u64>,
}

/// Between the last byte of a connection that is lost and the loss, so that a client has a chance
/// to look at what came before.
const LAST_MOMENT: Duration = Duration::from_millis(25);

impl Context {
    /// Sends this and loses the connection when it has gone out.
    async fn send_and_cut(&self, wire: &mut Wire, text: String) -> Over {
        let mut carried = self.carried.clone();
        let due = *carried.borrow_and_update() + text.len() as u64;
        let sent = wire.send(text).await;
        if sent.is_ok() && carried.wait_for(|count| *count >= due).await.is_ok() {
            let _ = wire.pass(Instant::now() + LAST_MOMENT, None).await;
        }
        self.cut.cancel();
        Over
    }
}

/// A login, given back when the channel ends in whatever way.
struct Session {
    machine: Arc<dyn Machine>,
    id: SessionId,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.machine.close(self.id);
    }
}

/// Serves a channel to its end.
pub(crate) async fn serve(channel: Channel<Msg>, context: Context) {
    let mut wire = Wire::new(channel);
    let mut terminal = None;
    loop {
        match wire.message().await {
            Some(ChannelMsg::RequestPty { col_width, row_height, .. }) => {
                let size = |cells: u32| u16::try_from(cells).unwrap_or(u16::MAX);
                terminal = Some((size(col_width), size(row_height)));
            }
            Some(ChannelMsg::RequestShell { .. }) => {
                let _ = shell::serve(&mut wire, &context, terminal).await;
                break;
            }
            Some(ChannelMsg::Exec { command, .. }) => {
                let command = String::from_utf8_lossy(&command).into_owned();
                let _ = exec::serve(&mut wire, &context, terminal, &command).await;
                break;
            }
            Some(ChannelMsg::Close) | None => break,
            Some(_) => {}
        }
    }
    wire.close().await;
}
