//! Standard output, which may be a file, a terminal, or a pipe whose reader has gone.
//!
//! A reader that has gone (`| head`) is no error: what is written after that is dropped, and the
//! command ends with the exit code that it would have had.

use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, StdoutLock, Write as _};

use anyhow::Context as _;
use serde::Serialize;

use crate::render::Look;

/// Standard output.
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    gone: bool,
    look: Look,
}

impl Output {
    /// Standard output, with what its terminal can do.
    pub(crate) fn new() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let look = Look {
            colour: terminal && colour_allowed(),
            width: if terminal { comfy_table::Table::new().width() } else { None },
        };
        Self { out: BufWriter::new(stdout.lock()), gone: false, look }
    }

    /// What its terminal can do.
    pub(crate) const fn look(&self) -> Look {
        self.look
    }

    /// Whether the reader has gone, so that further work for it is in vain.
    pub(crate) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        if self.gone {
            return Ok(());
        }
        let written = self.out.write_all(text.as_bytes());
        self.settle(written)
    }

    /// Writes a JSON document: indented for a terminal, one line for everything else.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = if self.look.width.is_some() {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string(value)
        };
        self.text(&text.context("cannot write the answer as JSON")?)?;
        self.text("\n")
    }

    /// Writes what is held back.
    pub(crate) fn flush(&mut self) -> anyhow::Result<()> {
        if self.gone {
            return Ok(());
        }
        let flushed = self.out.flush();
        self.settle(flushed)
    }

    fn settle(&mut self, result: io::Result<()>) -> anyhow::Result<()> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            other => other.context("cannot write to standard output"),
        }
    }
}

/// What the terminal of standard error can do; its lines are broken by the terminal.
pub(crate) fn look_of_stderr() -> Look {
    Look { colour: io::stderr().is_terminal() && colour_allowed(), width: None }
}

/// <https://no-color.org>: any value but the empty one means no colour.
fn colour_allowed() -> bool {
    let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    given("NO_COLOR").is_none() && given("TERM").is_none_or(|term| term != "dumb")
}

/// Writes to standard error; a reader that has gone is nobody to tell.
pub(crate) fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
