//! One command without a prompt.

use std::sync::Arc;

use tokio::time::Instant;

use super::shell::to_terminal;
use super::{Context, Over, Session, Wire};
use crate::ssh::device::{Exit, Login};
use crate::ssh::faults::{Fault, Moment};

/// Status of a command that a fault has refused.
const REFUSED: u32 = 1;

/// Carries out a command and closes.
pub(crate) async fn serve(
    wire: &mut Wire,
    context: &Context,
    terminal: Option<(u16, u16)>,
    command: &str,
) -> Result<(), Over> {
    let weather = context.faults.forecast();
    let machine = &context.machine;
    let login = Login { user: context.user.clone(), number: 0, terminal, is_exec: true };
    let (id, _) = machine.open(login);
    let session = Session { machine: Arc::clone(machine), id };
    let input = if machine.reads_input(command) { wire.rest().await? } else { Vec::new() };
    let mut fault = context.faults.take(None);
    if fault.is_none() {
        fault = context.faults.take(Some(command.trim()));
    }
    let mut delay = weather.login_delay + weather.command_delay;
    if let Some(Fault::Slow(more)) = fault {
        delay += more;
    }
    if !delay.is_zero() {
        wire.pass(Instant::now() + delay, None).await?;
    }
    let refused = |text: &str, status| {
        machine.refused(id, command, text);
        Exit { output: text.to_owned(), errors: String::new(), status }
    };
    let mut exit = match &fault {
        Some(Fault::Drop(Moment::Before)) => {
            context.cut.cancel();
            return Err(Over);
        }
        Some(Fault::Hang(Moment::Before) | Fault::StuckPager | Fault::Question(_)) => {
            return Err(wire.silence().await);
        }
        Some(Fault::Reject(text)) => refused(text, REFUSED),
        Some(Fault::Lie) => refused("", 0),
        Some(Fault::Endless) => loop {
            wire.send("not the last line of this output\n".repeat(64)).await?;
        },
        _ => machine.exec(session.id, command, &input),
    };
    match &fault {
        Some(Fault::Garbage) => exit.output = "\0\u{fffd}\u{1b}[2J\u{7}\n".to_owned(),
        Some(Fault::Truncate | Fault::Drop(Moment::During) | Fault::Hang(Moment::During)) => {
            let kept = exit.output.chars().count() / 2;
            exit.output = exit.output.chars().take(kept).collect();
        }
        _ => {}
    }
    let shown = |text: &str| if terminal.is_some() { to_terminal(text) } else { text.to_owned() };
    if let Some(Fault::Drop(_)) = fault {
        return Err(context.send_and_cut(wire, shown(&exit.output)).await);
    }
    wire.send(shown(&exit.output)).await?;
    if let Some(Fault::Hang(_)) = fault {
        return Err(wire.silence().await);
    }
    if terminal.is_some() {
        wire.send(shown(&exit.errors)).await?;
    } else {
        wire.send_error(exit.errors.clone()).await?;
    }
    wire.status(exit.status).await;
    Ok(())
}
