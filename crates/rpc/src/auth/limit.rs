//! How often logins may fail, from one place and altogether.
//!
//! A bucket for each place and one for all: a failed login takes a token, and tokens come back with
//! time. A try reserves its token before anything is computed and gets it back when it succeeds, so
//! that many tries at the same moment cannot outrun the count. Whoever was verified a moment ago is
//! not asked for one: an attacker behind the same address locks out new logins from there, and
//! nobody who is at work.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How many places are remembered; the one that was quiet for the longest time is forgotten first.
const PLACES: usize = 4096;
/// How many times as many failures there may be altogether as from one place.
const ALTOGETHER: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);

/// Where a caller is, as far as failures are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// An IPv4 address.
    V4([u8; 4]),
    /// The first 64 bits of an IPv6 address: whoever has one of these has all.
    V6([u8; 8]),
    /// A user of this machine, on a unix socket.
    Local(u32),
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Self::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// Counts failed logins.
#[derive(Debug)]
pub struct Limiter {
    per_minute: u32,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    places: HashMap<Source, Bucket>,
    all: Bucket,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// One try that has not ended. It counts as failed unless it is given back.
#[must_use = "a try counts as failed when this is dropped"]
pub(super) struct Try<'a> {
    limiter: &'a Limiter,
    source: Source,
}

impl Limiter {
    /// A limiter for this many failures a minute from one place, and ten times as many altogether.
    pub fn new(per_minute: u32) -> Self {
        let all = Bucket { tokens: most(per_minute, true), at: Instant::now() };
        Self { per_minute, buckets: Mutex::new(Buckets { places: HashMap::new(), all }) }
    }

    /// Begins a try, or says after how long one may begin.
    pub(super) fn begin(&self, source: Source, now: Instant) -> Result<Try<'_>, Duration> {
        let mut buckets = self.buckets();
        let Buckets { places, all } = &mut *buckets;
        if !places.contains_key(&source) && places.len() >= PLACES {
            let quiet = places.iter().min_by_key(|(_, bucket)| bucket.at).map(|(place, _)| *place);
            quiet.map(|quiet| places.remove(&quiet));
        }
        let fresh = Bucket { tokens: most(self.per_minute, false), at: now };
        let place = places.entry(source).or_insert(fresh);
        let wait =
            place.wait(self.per_minute, false, now).max(all.wait(self.per_minute, true, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        place.tokens -= 1.0;
        all.tokens -= 1.0;
        Ok(Try { limiter: self, source })
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try<'_> {
    /// It did not fail.
    pub(super) fn give_back(self) {
        let mut buckets = self.limiter.buckets();
        buckets.all.tokens += 1.0;
        if let Some(place) = buckets.places.get_mut(&self.source) {
            place.tokens += 1.0;
        }
    }
}

impl Bucket {
    /// Fills up what time gave back, and says how long until there is a token.
    fn wait(&mut self, per_minute: u32, all: bool, now: Instant) -> Duration {
        let most = most(per_minute, all);
        let each = MINUTE.as_secs_f64() / most;
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed / each).min(most);
        self.at = now;
        Duration::from_secs_f64(((1.0 - self.tokens) * each).max(0.0))
    }
}

fn most(per_minute: u32, all: bool) -> f64 {
    f64::from(per_minute.saturating_mul(if all { ALTOGETHER } else { 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n: u8) -> Source {
        Source::V4([192, 0, 2, n])
    }

    /// Fails once, if that is allowed.
    fn fail(limiter: &Limiter, source: Source, now: Instant) -> Result<(), Duration> {
        limiter.begin(source, now).map(drop)
    }

    #[test]
    fn failures_from_one_place_end_and_come_back_with_time() {
        let limiter = Limiter::new(6);
        let start = Instant::now();
        for _ in 0..6 {
            fail(&limiter, place(1), start).unwrap();
        }
        let wait = fail(&limiter, place(1), start).unwrap_err();
        assert_eq!(wait.as_secs(), 10);
        fail(&limiter, place(2), start).unwrap();
        fail(&limiter, place(1), start + wait).unwrap();
        assert!(fail(&limiter, place(1), start + wait).is_err());
    }

    #[test]
    fn a_success_costs_nothing_and_tries_at_once_cannot_outrun_the_count() {
        let limiter = Limiter::new(2);
        let now = Instant::now();
        for _ in 0..10 {
            limiter.begin(place(1), now).unwrap().give_back();
        }
        let both = [limiter.begin(place(1), now).unwrap(), limiter.begin(place(1), now).unwrap()];
        assert!(limiter.begin(place(1), now).is_err());
        for one in both {
            one.give_back();
        }
        assert!(limiter.begin(place(1), now).is_ok());
    }

    #[test]
    fn many_places_together_are_bounded_in_number_and_in_memory() {
        let limiter = Limiter::new(1);
        let now = Instant::now();
        let failed = (0..20).filter(|n| fail(&limiter, place(*n), now).is_ok()).count();
        assert_eq!(failed, 10);
        for n in 0..u32::try_from(2 * PLACES).unwrap() {
            let _ = fail(&limiter, Source::Local(n), now);
        }
        assert_eq!(limiter.buckets().places.len(), PLACES);
    }

    #[test]
    fn addresses_that_one_party_has_count_together() {
        let source = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:1"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }
}
