//! Nonces of HTTP Digest: signed, so that none is kept until somebody has proved a password with it,
//! and each of its counts used once.
//!
//! A nonce is the time, eight random bytes and an HMAC over both under a key of this process. A
//! restart therefore makes all nonces foreign, and clients take a new one without asking their user.
//! Of nonces in use, a window of counts is kept: requests that a client sends side by side may
//! overtake each other, and none passes twice. What is kept is bounded; when a nonce has to be
//! forgotten, all that are as old count as expired from then on, because otherwise their counts could
//! be used again.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// How many nonces in use are kept: one for each connection or run of a client within a lifetime.
const KEPT: usize = 8192;
/// How far a request may be overtaken: by so many others of the same client.
const WINDOW: u32 = 128;
/// How many bytes of the HMAC are sent.
const MAC: usize = 16;

/// When a nonce was made, in milliseconds since 1970, and what tells it from others of that moment.
type Id = (u64, [u8; 8]);

/// Makes nonces, and knows them again.
pub(super) struct Nonces {
    key: [u8; 32],
    lifetime: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    used: HashMap<Id, Used>,
    /// Nonces from then and before count as expired.
    forgotten: u64,
}

/// A nonce with which somebody proved a password.
struct Used {
    user: String,
    /// The highest count that was used; 0 for none yet.
    highest: u32,
    /// Of it and those below it, the lowest bit for the highest, which were used.
    seen: u128,
}

/// What a nonce is worth, apart from its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Worth {
    /// It is ours, and in time.
    Good(Id),
    /// It is ours, and too old.
    Old,
    /// It is not ours.
    Foreign,
}

impl Nonces {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { key: rand::random(), lifetime, kept: Mutex::default() }
    }

    /// A new nonce.
    pub(super) fn make(&self, now: SystemTime) -> String {
        self.text((millis(now), rand::random()))
    }

    /// A new nonce for a user that has just proved its password with an old one: it counts as
    /// proved from the start.
    pub(super) fn make_for(&self, user: &str, now: SystemTime) -> String {
        let id = (millis(now), rand::random());
        self.kept().entry(id, user);
        self.text(id)
    }

    /// What a nonce is worth.
    pub(super) fn judge(&self, nonce: &str, now: SystemTime) -> Worth {
        let Some((id, mac)) = read(nonce) else { return Worth::Foreign };
        if !bool::from(self.mac(id).ct_eq(&mac)) {
            return Worth::Foreign;
        }
        let age = Duration::from_millis(millis(now).saturating_sub(id.0));
        if age > self.lifetime || id.0 <= self.kept().forgotten {
            return Worth::Old;
        }
        Worth::Good(id)
    }

    /// Whether this user has proved its password with this nonce before.
    pub(super) fn is_proved(&self, id: Id, user: &str) -> bool {
        self.kept().used.get(&id).is_some_and(|used| used.user == user)
    }

    /// Uses a count, which must not have been used; only for a nonce whose request was proved.
    pub(super) fn take(&self, id: Id, user: &str, count: u32, now: SystemTime) -> bool {
        let mut kept = self.kept();
        let oldest = millis(now).saturating_sub(millis_of(self.lifetime));
        if kept.used.len() >= KEPT && !kept.used.contains_key(&id) {
            kept.used.retain(|(made, _), _| *made >= oldest);
        }
        kept.entry(id, user).take(count)
    }

    fn text(&self, id: Id) -> String {
        format!("{:016x}{}{}", id.0, hex::encode(id.1), hex::encode(self.mac(id)))
    }

    fn mac(&self, (made, random): Id) -> [u8; MAC] {
        let mut mac = [0; MAC];
        // A key of any length will do, so this does not fail; a nonce of zeros would not be proved.
        if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            hmac.update(&made.to_be_bytes());
            hmac.update(&random);
            let whole = hmac.finalize().into_bytes();
            mac.iter_mut().zip(whole).for_each(|(byte, of)| *byte = of);
        } else {
            mac = rand::random();
        }
        mac
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn entry(&mut self, id: Id, user: &str) -> &mut Used {
        if !self.used.contains_key(&id) && self.used.len() >= KEPT {
            // An eighth at once, so that it is seldom gone through.
            let mut made: Vec<u64> = self.used.keys().map(|(made, _)| *made).collect();
            made.sort_unstable();
            let until = made.get(KEPT / 8).copied().unwrap_or_default();
            self.used.retain(|(made, _), _| *made > until);
            self.forgotten = self.forgotten.max(until);
        }
        let fresh = || Used { user: user.to_owned(), highest: 0, seen: 0 };
        self.used.entry(id).or_insert_with(fresh)
    }
}

impl Used {
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        if behind >= WINDOW || self.seen >> behind & 1 == 1 {
            return false;
        }
        self.seen |= 1 << behind;
        true
    }
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nonces({} in use)", self.kept().used.len())
    }
}

fn read(nonce: &str) -> Option<(Id, [u8; MAC])> {
    let (made, rest) = nonce.split_at_checked(16)?;
    let (random, mac) = rest.split_at_checked(16)?;
    let lower = nonce.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !lower {
        return None;
    }
    let random = hex::decode(random).ok()?.try_into().ok()?;
    let mac = hex::decode(mac).ok()?.try_into().ok()?;
    Some(((u64::from_str_radix(made, 16).ok()?, random), mac))
}

fn millis(time: SystemTime) -> u64 {
    millis_of(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis_of(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn good(nonces: &Nonces, nonce: &str, now: SystemTime) -> Id {
        match nonces.judge(nonce, now) {
            Worth::Good(id) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_nonce_is_ours_for_its_lifetime_and_no_other_is() {
        let nonces = Nonces::new(LIFETIME);
        let now = SystemTime::now();
        let nonce = nonces.make(now);
        good(&nonces, &nonce, now + LIFETIME);
        assert_eq!(nonces.judge(&nonce, now + LIFETIME + Duration::from_millis(2)), Worth::Old);
        assert_eq!(Nonces::new(LIFETIME).judge(&nonce, now), Worth::Foreign);
        for forged in ["", "x", &nonce[1..], &format!("{nonce}0"), &nonce.to_uppercase()] {
            assert_eq!(nonces.judge(forged, now), Worth::Foreign, "{forged}");
        }
        for place in [0, 20, 40] {
            let mut forged = nonce.clone();
            let other = if &nonce[place..=place] == "0" { "1" } else { "0" };
            forged.replace_range(place..=place, other);
            assert_eq!(nonces.judge(&forged, now), Worth::Foreign, "{forged}");
        }
    }

    #[test]
    fn a_count_is_used_once_and_requests_may_overtake_each_other() {
        let nonces = Nonces::new(LIFETIME);
        let now = SystemTime::now();
        let id = good(&nonces, &nonces.make(now), now);
        let take = |count| nonces.take(id, "ada", count, now);
        assert!(!nonces.is_proved(id, "ada"));
        assert!(take(1) && !take(1));
        assert!(nonces.is_proved(id, "ada") && !nonces.is_proved(id, "eve"));
        assert!(take(5) && take(3) && take(4) && !take(3) && !take(5));
        assert!(take(1000) && !take(1000 - WINDOW) && take(1001 - WINDOW) && !take(2));
        assert!(take(u32::MAX) && !take(u32::MAX));
    }

    proptest! {
        #[test]
        fn no_count_passes_twice(counts in prop::collection::vec(1_u32..400, 1..400)) {
            let mut used = Used { user: String::new(), highest: 0, seen: 0 };
            let mut passed = std::collections::BTreeSet::new();
            for count in counts {
                let highest = used.highest;
                if used.take(count) {
                    prop_assert!(passed.insert(count));
                } else {
                    prop_assert!(passed.contains(&count) || highest - count >= WINDOW);
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_forgotten_cannot_be_used_again() {
        let nonces = Nonces::new(LIFETIME);
        let start = SystemTime::now();
        let first = nonces.make(start);
        let id = good(&nonces, &first, start);
        assert!(nonces.take(id, "ada", 1, start));
        for n in 0..KEPT as u64 {
            let now = start + Duration::from_millis(n + 1);
            let id = good(&nonces, &nonces.make(now), now);
            assert!(nonces.take(id, "ada", 1, now));
        }
        assert!(nonces.kept().used.len() <= KEPT);
        assert_eq!(nonces.judge(&first, start), Worth::Old);
    }

    #[test]
    fn a_renewed_nonce_counts_as_proved() {
        let nonces = Nonces::new(LIFETIME);
        let now = SystemTime::now();
        let id = good(&nonces, &nonces.make_for("ada", now), now);
        assert!(nonces.is_proved(id, "ada"));
        assert!(nonces.take(id, "ada", 1, now) && !nonces.take(id, "ada", 1, now));
    }
}
