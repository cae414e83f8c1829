//! A terminal that is listened to, with limits.

use std::time::Duration;

use futures_util::FutureExt as _;
use secrecy::SecretString;
use switch::DeviceError;

use super::screen::Screen;
use crate::{redact::Redactor, ssh_cli::console::Terminal};

/// How much a switch may say in answer to one line. The configuration of a large chassis has a few
/// megabytes; more than this is a switch that does not stop.
pub(super) const ANSWER_BYTES: usize = 8 << 20;

/// How much it may say at login: a banner is a page.
pub(super) const GREETING_BYTES: usize = 1 << 20;

/// How many bytes of an answer may be no text. A description in an old encoding has a few; what has
/// more is no command line.
const ODD_BYTES: usize = 256;

/// How long a switch may be silent while an answer is not complete. Callers have deadlines of their
/// own; this one ends a session of which nobody waits any more, and names what did not come. Long
/// enough for a commit on a large configuration.
const SILENCE: Duration = Duration::from_secs(180);

/// How long it may be silent at login. Some wait for their directory service for half a minute.
const GREETING_SILENCE: Duration = Duration::from_secs(45);

/// How much of a line an error repeats.
const QUOTED_CHARS: usize = 160;

/// The ear on a terminal.
pub(super) struct Ear<T> {
    terminal: T,
    pub(super) screen: Screen,
    redactor: Redactor,
    /// How much came since the last line was typed, and how much may.
    came: usize,
    limit: usize,
    silence: Duration,
    odd: usize,
}

impl<T: Terminal> Ear<T> {
    pub(super) fn new<'s>(
        terminal: T,
        width: u32,
        secrets: impl IntoIterator<Item = &'s SecretString>,
    ) -> Self {
        Self {
            terminal,
            screen: Screen::new(width),
            redactor: Redactor::new(secrets),
            came: 0,
            limit: GREETING_BYTES,
            silence: GREETING_SILENCE,
            odd: 0,
        }
    }

    /// From now on, the limits are those of answers.
    pub(super) const fn logged_in(&mut self) {
        self.limit = ANSWER_BYTES;
        self.silence = SILENCE;
    }

    /// Begins to count anew.
    pub(super) const fn listen_anew(&mut self) {
        self.came = 0;
        self.odd = 0;
    }

    /// Types.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        let sending = tokio::time::timeout(self.silence, self.terminal.send(bytes));
        sending.await.unwrap_or_else(|_| {
            Err(DeviceError::timed_out(false, "the switch to take what is typed"))
        })
    }

    /// Waits for what comes next; `what` is waited for.
    pub(super) async fn hear(&mut self, what: impl Fn() -> String) -> Result<(), DeviceError> {
        let waited = tokio::time::timeout(self.silence, self.terminal.receive()).await;
        match waited {
            Ok(Ok(Some(bytes))) => self.take(&bytes),
            Ok(Ok(None)) => {
                let reason = format!("it hung up before {} had come{}", what(), self.last_words());
                Err(DeviceError::Disconnected { sent: false, reason })
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let seconds = self.silence.as_secs();
                let (what, words) = (what(), self.last_words());
                let waiting = format!("{what}: nothing came for {seconds} s{words}");
                Err(DeviceError::timed_out(false, waiting))
            }
        }
    }

    /// Takes what has already come; whether there was anything.
    pub(super) fn glance(&mut self) -> Result<bool, DeviceError> {
        match self.terminal.receive().now_or_never() {
            Some(Ok(Some(bytes))) => self.take(&bytes).map(|()| true),
            // The end is noticed by whoever waits for more.
            Some(Ok(None)) | None => Ok(false),
            Some(Err(error)) => Err(error),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        let before = self.screen.waiting();
        self.screen.feed(bytes);
        // A few bytes can stand for a row of blanks.
        let grown = self.screen.waiting().saturating_sub(before);
        self.came = self.came.saturating_add(bytes.len().max(grown));
        self.odd = self.odd.saturating_add(self.screen.take_odd());
        let unknown = |answer: String| DeviceError::Unrecognised { sent: false, answer };
        if self.odd > ODD_BYTES {
            return Err(unknown(format!(
                "more than {ODD_BYTES} bytes that are no text\nhint: is this the address of a \
                 switch's command line?"
            )));
        }
        if self.came > self.limit {
            let (limit, words) = (self.limit >> 20, self.last_words());
            return Err(unknown(format!("more than {limit} MiB without an end{words}")));
        }
        Ok(())
    }

    /// A text of the switch for an error.
    pub(super) fn quoted(&self, text: &str) -> String {
        let clean = self.redactor.clean(text.trim().to_owned());
        let mut shown: String = clean.chars().take(QUOTED_CHARS).collect();
        if shown.len() < clean.len() {
            shown.push('…');
        }
        format!("`{}`", shown.replace(|c: char| c.is_control(), " "))
    }

    fn last_words(&self) -> String {
        let last = self.screen.last();
        if last.trim().is_empty() {
            return String::new();
        }
        format!("; its last words were {}", self.quoted(&last))
    }

    pub(super) async fn close(self) {
        Box::new(self.terminal).close().await;
    }
}
