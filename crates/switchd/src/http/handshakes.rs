//! How many handshakes go on at a time from one place.
//!
//! A handshake costs nothing until the client has said something, and its time is bounded; but each
//! holds a place among all connections, and one silent machine must not hold them all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rpc::auth::Source;

/// How many at a time. A service opens a few connections; behind an address may be several.
const AT_A_TIME: usize = 64;

/// Handshakes that go on, by where they come from.
#[derive(Debug, Default)]
pub(super) struct Handshakes(Mutex<HashMap<Source, usize>>);

/// One of them.
#[derive(Debug)]
pub(super) struct Handshake {
    all: Arc<Handshakes>,
    source: Source,
}

impl Handshakes {
    /// Begins one, if there is room.
    pub(super) fn begin(self: &Arc<Self>, source: Source) -> Option<Handshake> {
        let mut counts = self.counts();
        let count = counts.entry(source).or_default();
        if *count >= AT_A_TIME {
            return None;
        }
        *count += 1;
        Some(Handshake { all: Arc::clone(self), source })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Source, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        let mut counts = self.all.counts();
        if let Some(count) = counts.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_so_many_and_others_have_theirs() {
        let all = Arc::new(Handshakes::default());
        let mut held: Vec<_> = (0..AT_A_TIME).map(|_| all.begin(Source::Local(1))).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(all.begin(Source::Local(1)).is_none());
        assert!(all.begin(Source::Local(2)).is_some());
        held.pop();
        assert!(all.begin(Source::Local(1)).is_some());
        drop(held);
        assert!(all.counts().is_empty());
    }
}
