//! The last lines that a child process wrote to its standard error.
//!
//! They go into error messages, so that a failing test says what the daemon said.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Lines kept: enough for the cause of a failed start, small enough to read in an error.
const KEPT_LINES: usize = 40;

#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    /// Follows `source` until it ends. The receiver gets every line; it may be dropped at any time.
    pub(crate) fn follow(source: impl Read + Send + 'static) -> (Self, Receiver<String>) {
        let tail = Self::default();
        let (lines, receiver) = channel();
        let kept = tail.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                kept.push(line.clone());
                // A gone receiver only means that nobody waits for readiness any more.
                let _ = lines.send(line);
            }
        });
        (tail, receiver)
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The kept lines, oldest first.
    pub(crate) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}
