//! Locks (RFC 7047 sections 4.1.8 to 4.1.10): one owner at a time, and a queue behind it.
//!
//! The order of the queue is that of `ovsdb-server` 3.1.0 as observed on the wire. Who asks with
//! `lock` goes to its end. Whom `steal` robs stays at its head, to be given the lock back when the
//! thief lets go of it; but a thief that is robbed in turn is out, and stays out until it asks
//! again. What a session holds or waits for goes with it.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::error::OvsdbError;

/// Most locks that one session asks for; `ovs-vsctl` uses none and Mercury one.
const MAX_LOCKS: usize = 64;

/// Who holds each lock, and who waits for it. The first of a queue is the owner.
#[derive(Debug, Default)]
struct Table {
    queues: BTreeMap<String, VecDeque<Place>>,
    sessions: u64,
}

/// A session's place in a queue.
#[derive(Debug, Clone, Copy)]
struct Place {
    session: u64,
    is_stolen: bool,
}

impl Table {
    fn owns(&self, session: u64, lock: &str) -> bool {
        let owner = self.queues.get(lock).and_then(VecDeque::front);
        owner.is_some_and(|owner| owner.session == session)
    }

    fn leave(&mut self, session: u64, lock: &str) {
        if let Some(queue) = self.queues.get_mut(lock) {
            queue.retain(|place| place.session != session);
            if queue.is_empty() {
                self.queues.remove(lock);
            }
        }
    }
}

/// The locks of a server, which all of its sessions share.
#[derive(Debug, Default)]
pub struct Locks {
    table: watch::Sender<Table>,
}

impl Locks {
    /// The share of a session that has just begun.
    #[must_use]
    pub fn holder(&self) -> Holder {
        let mut session = 0;
        self.table.send_if_modified(|table| {
            table.sessions += 1;
            session = table.sessions;
            false
        });
        let changes = self.table.subscribe();
        Holder { table: self.table.clone(), changes, session, told: BTreeMap::new() }
    }
}

/// One session's share: what it holds, waits for, and has been told. Dropping it lets go of all.
#[derive(Debug)]
pub struct Holder {
    table: watch::Sender<Table>,
    changes: watch::Receiver<Table>,
    session: u64,
    /// The locks that were asked for, and whether the client believes that it owns them.
    told: BTreeMap<String, bool>,
}

impl Holder {
    /// Whether the session owns this lock now, whatever its client has been told.
    #[must_use]
    pub fn owns(&self, lock: &str) -> bool {
        self.table.borrow().owns(self.session, lock)
    }

    /// `lock` and `steal`: whether the session owns the lock at once.
    ///
    /// # Errors
    /// The parameters are not one name, or the session has already asked for that lock.
    pub fn ask(&mut self, method: &str, params: &[Value]) -> Result<Value, OvsdbError> {
        let lock = name(method, params)?;
        if self.told.contains_key(lock) {
            let text = format!("must issue \"unlock\" before new \"{method}\"");
            return Err(OvsdbError::syntax(text, &json!(params)));
        }
        if self.told.len() >= MAX_LOCKS {
            let text = format!("more than {MAX_LOCKS} locks on one connection");
            return Err(OvsdbError::new("resources exhausted", text));
        }
        self.table.send_modify(|table| {
            let queue = table.queues.entry(lock.to_owned()).or_default();
            let place = Place { session: self.session, is_stolen: method == "steal" };
            if place.is_stolen {
                if queue.front().is_some_and(|owner| owner.is_stolen) {
                    queue.pop_front();
                }
                queue.push_front(place);
            } else {
                queue.push_back(place);
            }
        });
        let locked = self.owns(lock);
        self.told.insert(lock.to_owned(), locked);
        Ok(json!({ "locked": locked }))
    }

    /// `unlock`: lets go of a lock, or no longer waits for it.
    ///
    /// # Errors
    /// The parameters are not one name, or the session has not asked for that lock.
    pub fn unlock(&mut self, params: &[Value]) -> Result<Value, OvsdbError> {
        let lock = name("unlock", params)?;
        if self.told.remove(lock).is_none() {
            let text = "unlock: \"unlock\" without \"lock\" or \"steal\"";
            return Err(OvsdbError::syntax(text, &json!(params)));
        }
        self.table.send_modify(|table| table.leave(self.session, lock));
        Ok(json!({}))
    }

    /// Returns when some lock has changed hands since [`news`](Self::news).
    pub async fn changed(&mut self) {
        // The session holds a sender itself, so the channel is never closed.
        let _ = self.changes.changed().await;
    }

    /// The notifications that the client is owed: `locked` and `stolen`.
    pub fn news(&mut self) -> Vec<Value> {
        let table = self.changes.borrow_and_update();
        let mut news = Vec::new();
        for (lock, told) in &mut self.told {
            let owns = table.owns(self.session, lock);
            if owns != *told {
                *told = owns;
                let method = if owns { "locked" } else { "stolen" };
                news.push(json!({ "id": null, "method": method, "params": [lock] }));
            }
        }
        news
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if !self.told.is_empty() {
            self.table.send_modify(|table| {
                for lock in self.told.keys() {
                    table.leave(self.session, lock);
                }
            });
        }
    }
}

/// Whether a text is an `<id>` (RFC 7047 section 3.1), which names of locks are.
#[must_use]
pub(super) fn is_id(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.bytes().all(is_word) && text.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

fn name<'a>(method: &str, params: &'a [Value]) -> Result<&'a str, OvsdbError> {
    match params {
        [Value::String(lock)] if is_id(lock) => Ok(lock),
        _ => {
            let text = format!("{method} request params must be <id>");
            Err(OvsdbError::syntax(text, &json!(params)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_stolen_and_given_back() {
        let locks = Locks::default();
        let (mut first, mut second, mut third) = (locks.holder(), locks.holder(), locks.holder());
        let lock = [json!("l")];
        let told = |method: &str| vec![json!({ "id": null, "method": method, "params": ["l"] })];
        assert_eq!(first.ask("lock", &lock), Ok(json!({ "locked": true })));
        assert_eq!(second.ask("lock", &lock), Ok(json!({ "locked": false })));
        assert_eq!(third.ask("steal", &lock), Ok(json!({ "locked": true })));
        assert_eq!((first.owns("l"), third.owns("l"), third.owns("m")), (false, true, false));
        assert_eq!((first.news(), second.news(), third.news()), (told("stolen"), vec![], vec![]));
        let mut fourth = locks.holder();
        assert_eq!(fourth.ask("steal", &lock), Ok(json!({ "locked": true })));
        assert_eq!(third.news(), told("stolen"));
        drop(fourth);
        assert_eq!(
            (third.owns("l"), third.news()),
            (false, vec![]),
            "a thief is not given it back"
        );
        assert_eq!((first.news(), second.news()), (told("locked"), vec![]));
        assert_eq!(first.unlock(&lock), Ok(json!({})));
        assert_eq!((first.news(), second.news()), (vec![], told("locked")));
    }

    #[test]
    fn names_of_locks_are_ids() {
        for (text, expected) in
            [("l", true), ("_9", true), ("", false), ("9l", false), ("a:b", false), ("a-b", false)]
        {
            assert_eq!(is_id(text), expected, "{text:?}");
        }
    }
}
