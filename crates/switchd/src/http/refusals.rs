//! Refused logins, on their way into the audit log.
//!
//! The first of its kind is written at once. What follows of the same kind within a minute is
//! counted, and the count is written when the minute is over, so that whoever tries a million
//! passwords leaves a few lines and does not fill the disk. Nobody waits for the disk here: a caller
//! is refused whether or not that can be written.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use switch::{Service, audit};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// How long refusals of a kind are counted before the count is written.
const WINDOW: Duration = Duration::from_secs(60);
/// How many kinds are told apart within a window; the rest is counted as one. With two lines of 400
/// bytes for each, an attacker fills 35 megabytes a day.
const KINDS: usize = 30;
/// How many users are named in one record.
const USERS: usize = 8;
/// How many refusals may wait to be counted. More are left out, which a metric tells.
const QUEUE: usize = 1024;

/// Where refusals go.
#[derive(Debug, Clone)]
pub struct Refusals(mpsc::Sender<Refusal>);

/// Takes refusals to the log.
#[derive(Debug)]
pub struct Recorder {
    waiting: mpsc::Receiver<Refusal>,
    counts: Counts,
}

/// What refusals have in common that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// Where the service listens.
    pub(super) listener: String,
    /// Where the caller is.
    pub(super) peer: String,
    /// The scheme of its credential, where one was recognised.
    pub(super) scheme: Option<&'static str>,
    /// Why it was refused.
    pub(super) reason: String,
}

/// One refused login.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    /// The user that the caller claimed to be.
    pub(super) claimed: Option<String>,
}

impl Refusals {
    /// A place for refusals, and what takes them on.
    pub fn new() -> (Self, Recorder) {
        let (sender, waiting) = mpsc::channel(QUEUE);
        (Self(sender), Recorder { waiting, counts: Counts::default() })
    }

    pub(super) fn note(&self, refusal: Refusal) {
        let Refusal { kind: Kind { listener, peer, scheme, reason }, claimed } = &refusal;
        let scheme = scheme.unwrap_or_default();
        tracing::debug!(listener, peer, scheme, reason, claimed, "a caller was not let in");
        if self.0.try_send(refusal).is_err() {
            metrics::counter!("mercury_auth_failures_unrecorded_total").increment(1);
        }
    }
}

impl Recorder {
    /// Takes refusals to the log until nobody is left who could refuse.
    pub async fn run(mut self, service: Arc<Service>) {
        loop {
            let next = match self.counts.end {
                None => self.waiting.recv().await,
                Some(end) => match timeout_at(end, self.waiting.recv()).await {
                    Ok(next) => next,
                    Err(_) => {
                        write(&service, self.counts.close()).await;
                        continue;
                    }
                },
            };
            let Some(refusal) = next else { break };
            write(&service, self.counts.add(refusal, Instant::now())).await;
        }
        write(&service, self.counts.close()).await;
    }
}

async fn write(service: &Service, records: impl IntoIterator<Item = audit::Denied>) {
    for record in records {
        if let Err(error) = service.audit().append(record).await {
            metrics::counter!("mercury_auth_failures_unrecorded_total").increment(1);
            tracing::warn!(%error, "a refused login could not be recorded");
        }
    }
}

/// What was counted in the current window.
#[derive(Debug, Default)]
struct Counts {
    /// When the window ends; nothing is counted when absent.
    end: Option<Instant>,
    kinds: HashMap<Kind, Count>,
    /// Of all kinds for which there was no room.
    rest: Count,
}

#[derive(Debug, Default)]
struct Count {
    times: u64,
    users: BTreeSet<String>,
}

impl Counts {
    /// Counts a refusal; the first of a kind is to be written at once.
    fn add(&mut self, refusal: Refusal, now: Instant) -> Option<audit::Denied> {
        let Refusal { kind, claimed } = refusal;
        self.end.get_or_insert(now + WINDOW);
        if let Some(count) = self.kinds.get_mut(&kind) {
            count.add(claimed);
            return None;
        }
        if self.kinds.len() >= KINDS {
            self.rest.add(claimed);
            return None;
        }
        self.kinds.insert(kind.clone(), Count::default());
        let mut first = Count::default();
        first.add(claimed);
        Some(first.record(kind))
    }

    /// Ends the window, and gives what was counted in it.
    fn close(&mut self) -> Vec<audit::Denied> {
        let Self { end: _, kinds, rest } = std::mem::take(self);
        let others = Kind {
            listener: "several".to_owned(),
            peer: "several".to_owned(),
            scheme: None,
            reason: "too many kinds of failures to tell them apart".to_owned(),
        };
        let all = kinds.into_iter().chain([(others, rest)]);
        let counted = all.filter(|(_, count)| count.times > 0);
        let mut records: Vec<_> = counted.map(|(kind, count)| count.record(kind)).collect();
        records.sort_by(|one, other| (&one.peer, &one.reason).cmp(&(&other.peer, &other.reason)));
        records
    }
}

impl Count {
    fn add(&mut self, user: Option<String>) {
        self.times += 1;
        if self.users.len() < USERS {
            self.users.extend(user);
        }
    }

    fn record(self, kind: Kind) -> audit::Denied {
        let Kind { listener, peer, scheme, reason } = kind;
        audit::Denied {
            listener,
            peer,
            scheme: scheme.map(str::to_owned),
            users: self.users.into_iter().collect(),
            reason,
            times: self.times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(peer: &str, user: &str) -> Refusal {
        let kind = Kind {
            listener: "http://127.0.0.1:1".to_owned(),
            peer: peer.to_owned(),
            scheme: Some("basic"),
            reason: "wrong password".to_owned(),
        };
        Refusal { kind, claimed: Some(user.to_owned()) }
    }

    #[test]
    fn the_first_is_written_and_the_others_are_counted() {
        let mut counts = Counts::default();
        let now = Instant::now();
        let first = counts.add(refusal("192.0.2.1", "ada"), now).unwrap();
        assert_eq!((first.times, first.users), (1, vec!["ada".to_owned()]));
        for user in ["ada", "bob", "ada"] {
            assert_eq!(counts.add(refusal("192.0.2.1", user), now), None);
        }
        assert!(counts.add(refusal("192.0.2.2", "ada"), now).is_some());
        assert_eq!(counts.end, Some(now + WINDOW));
        let [counted] = <[_; 1]>::try_from(counts.close()).unwrap();
        assert_eq!((counted.times, counted.users.join(" ")), (3, "ada bob".to_owned()));
        assert_eq!((counts.end, counts.close()), (None, Vec::new()));
        assert!(counts.add(refusal("192.0.2.1", "ada"), now).is_some(), "a new window");
    }

    #[test]
    fn a_million_failures_are_a_few_records() {
        let mut counts = Counts::default();
        let now = Instant::now();
        let attack = (0..1_000_000).map(|n| refusal(&format!("peer {}", n % 1000), &n.to_string()));
        let written = attack.filter_map(|one| counts.add(one, now)).count();
        let counted = counts.close();
        assert_eq!((written, counted.len()), (KINDS, KINDS + 1));
        let all: u64 = counted.iter().map(|record| record.times).sum();
        assert_eq!(all + written as u64, 1_000_000);
        assert!(counted.iter().all(|record| record.users.len() <= USERS));
    }
}
