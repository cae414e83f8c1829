//! Who was verified a moment ago.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

/// How long a verification holds. A changed password is refused at once after a reload, which
/// drops the whole cache; this bounds what an attacker gains from reading the process's memory.
const TTL: Duration = Duration::from_secs(300);
/// How many verified credentials are kept; callers are a handful of services.
const ENTRIES: usize = 256;

/// A digest of user and password under a key that only this process has, so that neither the
/// memory nor the timing of a look-up tells a password.
pub(super) type Key = [u8; 32];

/// Verified credentials by digest, with the instant at which each ends.
pub(super) struct Cache {
    secret: [u8; 32],
    entries: Mutex<HashMap<Key, Instant>>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { secret: rand::random(), entries: Mutex::default() }
    }

    pub(super) fn digest(&self, user: &str, password: &str) -> Key {
        // The length keeps `a`, `b:c` and `a:b`, `c` apart. The digest is never shown, so that
        // the simple keyed form is as good as HMAC.
        Sha256::new()
            .chain_update(self.secret)
            .chain_update(user.len().to_le_bytes())
            .chain_update(user)
            .chain_update(password)
            .finalize()
            .into()
    }

    pub(super) fn holds(&self, key: &Key, now: Instant) -> bool {
        self.entries().get(key).is_some_and(|end| now < *end)
    }

    pub(super) fn remember(&self, key: Key, now: Instant) {
        let mut entries = self.entries();
        if entries.len() >= ENTRIES {
            entries.retain(|_, end| now < *end);
        }
        if entries.len() >= ENTRIES {
            let oldest = entries.iter().min_by_key(|(_, end)| **end);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key, now + TTL);
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Instant>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cache({} entries)", self.entries().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_and_the_oldest_makes_room() {
        let cache = Cache::new();
        let start = Instant::now();
        let key = |n: usize| cache.digest("user", &n.to_string());
        for n in 0..ENTRIES {
            cache.remember(key(n), start + Duration::from_millis(n as u64));
        }
        assert!(cache.holds(&key(0), start));
        assert!(!cache.holds(&key(0), start + TTL));
        assert!(cache.holds(&key(1), start + TTL));

        cache.remember(key(ENTRIES), start + Duration::from_secs(1));
        assert!(!cache.holds(&key(0), start));
        assert!(cache.holds(&key(1), start));
        assert_eq!(cache.entries().len(), ENTRIES);
    }

    #[test]
    fn digests_tell_users_passwords_and_processes_apart() {
        let cache = Cache::new();
        assert_ne!(cache.digest("a", "b:c"), cache.digest("a:b", "c"));
        assert_ne!(cache.digest("a", "bc"), cache.digest("ab", "c"));
        assert_ne!(cache.digest("a", "b"), Cache::new().digest("a", "b"));
        assert_eq!(format!("{cache:?}"), "Cache(0 entries)");
    }
}
