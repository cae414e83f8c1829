//! How many requests are merged into one exchange: as many as a switch answers well within the time
//! that an exchange may take.
//!
//! Some switches take a transaction for two hundred ports in a millisecond; on others every line
//! costs a tenth of a second, and an exchange for all who wait would end in a time-out for all. What
//! a switch is like is learned from it, from few to many.

use std::time::Duration;

/// The first exchange, before anything is known.
const FIRST: usize = 8;
/// How many at most, so that one exchange stays of a size that switches take.
const MOST: usize = 256;
/// An exchange that was full and took less than this share of its time may be doubled.
const QUICK: u32 = 8;
/// One that took more than this share is halved.
const LONG: u32 = 2;

/// How many of those who wait have their turn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share(usize);

impl Share {
    /// Of a switch of which nothing is known.
    pub(super) const fn new() -> Self {
        Self(FIRST)
    }

    /// How many.
    pub(super) const fn most(self) -> usize {
        self.0
    }

    /// An exchange of so many requests took so long of the time that it may take.
    pub(super) fn learn(&mut self, requests: usize, took: Duration, limit: Duration) {
        if took > limit / LONG {
            self.0 = (requests / 2).clamp(1, self.0);
        } else if requests >= self.0 && took < limit / QUICK {
            self.0 = (self.0 * 2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::quick_and_full(8, 1_249, 16)]
    #[case::quick_but_not_full(7, 1, 8)]
    #[case::neither(8, 1_250, 8)]
    #[case::long(8, 5_001, 4)]
    #[case::long_with_few(2, 5_001, 1)]
    #[case::long_alone(1, 60_000, 1)]
    fn an_exchange_teaches(#[case] requests: usize, #[case] ms: u64, #[case] most: usize) {
        let mut share = Share::new();
        share.learn(requests, Duration::from_millis(ms), Duration::from_secs(10));
        assert_eq!(share.most(), most);
    }

    #[test]
    fn it_ends_somewhere() {
        let mut share = Share::new();
        for _ in 0..20 {
            share.learn(share.most(), Duration::ZERO, Duration::from_secs(10));
        }
        assert_eq!(share.most(), 256);
    }
}
