//! Whose turn it is on a connection, and so how long it may be silent.
//!
//! A caller that was let in may keep its connection and say nothing for long: a client that finds
//! its connection closed just as it sends fails what it was about to do. Anybody else has as long
//! as the head of a request takes.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The turn of one connection; a clone is the same. The number counts turns, and its lowest bits
/// say which kind this one is.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn(Arc<AtomicU64>);

/// A kind of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Ours: a handshake or a request is at work, under limits of its own.
    Ours,
    /// The caller's, which owes the head of a request.
    Owed,
    /// Nobody's: a caller that was let in may be silent.
    Rest,
}

const KINDS: u64 = 3;

impl Turn {
    /// A request has arrived.
    pub(super) fn ours(&self) {
        self.next(Kind::Ours);
    }

    /// The head of a request is due.
    pub(super) fn owed(&self) {
        self.next(Kind::Owed);
    }

    /// A caller that was let in has its answer.
    pub(super) fn rest(&self) {
        self.next(Kind::Rest);
    }

    /// Something came: whoever begins a request owes the rest of its head.
    pub(super) fn heard(&self) {
        if self.now().1 == Kind::Rest {
            self.owed();
        }
    }

    /// The turn's number and kind.
    pub(super) fn now(&self) -> (u64, Kind) {
        let number = self.0.load(Ordering::Relaxed);
        let kind = match number % KINDS {
            0 => Kind::Ours,
            1 => Kind::Owed,
            _ => Kind::Rest,
        };
        (number, kind)
    }

    fn next(&self, kind: Kind) {
        let number = self.0.load(Ordering::Relaxed);
        self.0.store((number / KINDS + 1) * KINDS + kind as u64, Ordering::Relaxed);
    }
}
