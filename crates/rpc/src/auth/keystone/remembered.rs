//! What Keystone said, for a while.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use sha2::{Digest as _, Sha256};

use super::Outcome;

/// How many answers are kept; an Ironic has a handful of tokens.
const ENTRIES: usize = 1024;

/// A digest of a token under a key that only this process has.
pub(super) type Key = [u8; 32];

/// Answers by token, with the instant at which each ends.
pub(super) struct Remembered {
    secret: [u8; 32],
    entries: Mutex<HashMap<Key, (Outcome, Instant)>>,
}

impl Remembered {
    pub(super) fn new() -> Self {
        Self { secret: rand::random(), entries: Mutex::default() }
    }

    pub(super) fn key(&self, token: &str) -> Key {
        Sha256::new().chain_update(self.secret).chain_update(token).finalize().into()
    }

    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<Outcome> {
        let entries = self.entries();
        let (outcome, _) = entries.get(key).filter(|(_, end)| now < *end)?;
        Some(outcome.clone())
    }

    pub(super) fn put(&self, key: Key, outcome: Outcome, end: Instant) {
        let mut entries = self.entries();
        if entries.len() >= ENTRIES {
            let now = Instant::now();
            entries.retain(|_, (_, end)| now < *end);
        }
        if entries.len() >= ENTRIES {
            // Refusals go first, so that wrong tokens do not drive out right ones.
            let worst = entries.iter().min_by_key(|(_, (outcome, end))| (outcome.is_ok(), *end));
            if let Some(worst) = worst.map(|(key, _)| *key) {
                entries.remove(&worst);
            }
        }
        entries.insert(key, (outcome, end));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, (Outcome, Instant)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::auth::{Caller, Reason, Scheme};

    fn yes() -> Outcome {
        Ok(Caller { name: "ironic".to_owned(), scheme: Scheme::Keystone })
    }

    fn no() -> Outcome {
        Err((Reason::WrongToken, None))
    }

    #[test]
    fn an_answer_ends() {
        let all = Remembered::new();
        let now = Instant::now();
        let end = now + Duration::from_secs(1);
        all.put(all.key("t"), yes(), end);
        assert_eq!(all.get(&all.key("t"), now), Some(yes()));
        assert_eq!(all.get(&all.key("t"), end), None);
        assert_eq!(all.get(&all.key("u"), now), None);
        assert_ne!(all.key("t"), Remembered::new().key("t"));
    }

    #[test]
    fn wrong_tokens_do_not_drive_out_right_ones() {
        let all = Remembered::new();
        let now = Instant::now();
        let end = now + Duration::from_secs(60);
        all.put(all.key("right"), yes(), end);
        for n in 0..2 * ENTRIES {
            all.put(all.key(&n.to_string()), no(), end + Duration::from_secs(60));
        }
        assert_eq!(all.get(&all.key("right"), now), Some(yes()));
        assert_eq!(all.entries().len(), ENTRIES);
    }
}
