//! What a plugin writes to its standard error: into the log, without secrets, and not too much.
//!
//! It is always read, so that a plugin that talks cannot block; what is beyond the limits is read
//! and dropped. The last lines are kept, because they usually say why a plugin ended.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    time::Instant,
};
use tracing::{info, warn};

use super::redact::Redactor;

/// How much of a line is logged; a traceback's lines are shorter.
const SHOWN_BYTES: usize = 1024;

/// How many lines a second are logged: a traceback now and then, and not a debug log.
const LINES_A_WINDOW: u32 = 50;
const WINDOW: Duration = Duration::from_secs(1);

/// How many of the last lines an error repeats.
const LAST_WORDS: usize = 3;

/// Whose standard error it is, for the log.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    pub(super) switch: String,
    pub(super) plugin: String,
    /// Whether the lines go into the log at all; a conformance run tells them itself.
    pub(super) log: bool,
}

/// What is known of a plugin's standard error.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    last: VecDeque<String>,
    leaked: bool,
}

impl Said {
    /// The last lines.
    pub(super) fn last_words(&self) -> Vec<String> {
        self.kept().last.iter().cloned().collect()
    }

    /// Whether a secret was among what it wrote.
    pub(super) fn leaked(&self) -> bool {
        self.kept().leaked
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads until the stream ends.
pub(super) async fn listen(
    mut source: impl AsyncRead + Unpin,
    whose: Whose,
    redactor: Arc<Redactor>,
    said: Said,
) {
    let mut teller = Teller { whose, redactor, said, since: Instant::now(), told: 0, dropped: 0 };
    // A secret that begins within what is shown is seen whole.
    let most = SHOWN_BYTES + teller.redactor.longest();
    let mut chunk = vec![0; 4096];
    let mut line = Vec::new();
    loop {
        let count = match source.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(count) => count,
        };
        for byte in chunk.get(..count).unwrap_or_default() {
            if *byte == b'\n' {
                teller.tell(&line);
                line.clear();
            } else if line.len() < most {
                line.push(*byte);
            }
        }
    }
    if !line.is_empty() {
        teller.tell(&line);
    }
    teller.account();
}

struct Teller {
    whose: Whose,
    redactor: Arc<Redactor>,
    said: Said,
    since: Instant,
    told: u32,
    dropped: u64,
}

impl Teller {
    fn tell(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line).into_owned();
        let leaked = self.redactor.finds(&text);
        let text = printable(&self.redactor.clean(text));
        if text.is_empty() {
            return;
        }
        {
            let mut kept = self.said.kept();
            kept.leaked |= leaked;
            if kept.last.len() == LAST_WORDS {
                kept.last.pop_front();
            }
            kept.last.push_back(text.clone());
        }
        if !self.whose.log {
            return;
        }
        if self.since.elapsed() >= WINDOW {
            self.account();
            self.since = Instant::now();
            self.told = 0;
        }
        if self.told < LINES_A_WINDOW {
            self.told += 1;
            let Whose { switch, plugin, .. } = &self.whose;
            info!(target: "mercury::plugin", switch, plugin, "{text}");
        } else {
            self.dropped += 1;
        }
    }

    /// Says how much was left out.
    fn account(&mut self) {
        if self.dropped > 0 {
            let Whose { switch, plugin, .. } = &self.whose;
            let lines = self.dropped;
            warn!(target: "mercury::plugin", switch, plugin, lines, "lines left out of the log");
            self.dropped = 0;
        }
    }
}

fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(SHOWN_BYTES));
    for character in text.trim_end().chars() {
        if shown.len() >= SHOWN_BYTES {
            shown.push('…');
            break;
        }
        match character {
            '\t' => shown.push(' '),
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(secret: &str, text: &[u8]) -> Said {
        let redactor = Redactor::new(&[secret.to_owned().into()]);
        let whose = Whose { switch: "leaf-01".into(), plugin: "x".into(), log: true };
        let said = Said::default();
        listen(text, whose, Arc::new(redactor), said.clone()).await;
        said
    }

    #[tokio::test]
    async fn the_last_lines_are_kept_without_secrets_and_controls() {
        let heard = said("hunter2", b"one\ntwo\nlogin hunter2\x1b[31m\nfour\n\xff").await;
        assert_eq!(heard.last_words(), ["login [redacted]\\u{1b}[31m", "four", "\u{fffd}"]);
        assert!(heard.leaked());
        assert!(!said("hunter2", b"fine\n").await.leaked());
    }

    #[tokio::test]
    async fn a_secret_across_the_end_of_what_is_shown_is_not_shown_in_part() {
        let text = format!("{}hunter2 and more", "x".repeat(SHOWN_BYTES - 3));
        let heard = said("hunter2", text.as_bytes()).await;
        let words = heard.last_words();
        assert!(!words[0].contains("hun"), "{words:?}");
        assert!(heard.leaked());
    }
}
