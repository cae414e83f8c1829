//! Keeping out what was given up.
//!
//! A transaction whose answer did not come in time may still lie in a socket's buffer when the
//! session that sent it is gone, and be carried out after its ports were looked at again. So every
//! session takes a lock of the server away from the one before (`steal`, RFC 7047, section 4.1.8),
//! before it reads anything, and every transaction that changes something first asserts that lock
//! (section 5.2.11). Once a session is open, whatever an older one sent has either been carried out
//! already or never will be: whom `steal` robs of a stolen lock does not get it back.
//!
//! The price: of two processes that change the same switch in turns, each opens a session anew
//! whenever the other has. Reading needs no lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use switch::DeviceError;

use super::error::{Error, Violation, excerpt_json};
use super::operation::Operation;

/// The error word of an `assert` that fails (RFC 7047, section 5.2.11).
const NOT_OWNER: &str = "not owner";

/// The one lock of a connection, shared with the task that hears of it.
#[derive(Debug, Default)]
pub(super) struct Lock {
    name: OnceLock<String>,
    lost: AtomicBool,
}

impl Lock {
    /// Gives it its name, which it keeps.
    pub(super) fn named(&self, name: &str) -> Result<(), Error> {
        self.name.set(name.to_owned()).map_err(|_| Error::Rejected {
            operation: None,
            error: "lock".to_owned(),
            details: "a connection has one lock only".to_owned(),
        })
    }

    /// Notes that the server gave it to somebody else; a lock that was not asked for is none.
    pub(super) fn stolen(&self, name: &serde_json::Value) -> Result<(), Violation> {
        let is_ours = self.name.get().is_some_and(|ours| name.as_str() == Some(ours));
        if !is_ours {
            return Err(Violation::UnexpectedMethod {
                method: format!("stolen {}", excerpt_json(name)),
            });
        }
        self.lost.store(true, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }
}

/// The lock of a bridge. A lock's name is an `<id>` (RFC 7047, section 3.1), so every other byte
/// than a letter or digit becomes `_` and two hexadecimal digits: no two bridges share a lock.
pub(super) fn lock_name(bridge: &str) -> String {
    bridge.bytes().fold("mercury_".to_owned(), |mut name, byte| {
        if byte.is_ascii_alphanumeric() {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("_{byte:02x}"));
        }
        name
    })
}

/// What a session that has lost its lock says. Nothing of the change took effect, and a new session
/// can make it.
pub(super) fn taken_over() -> DeviceError {
    DeviceError::Disconnected {
        sent: false,
        reason: "another session has taken over the switch".to_owned(),
    }
}

/// Whether a transaction failed because the lock that it asserts is another's.
pub(super) fn is_lost(culprit: Option<&Operation>, error: &Error) -> bool {
    let not_owner = matches!(error, Error::Rejected { error, .. } if error == NOT_OWNER);
    not_owner && matches!(culprit, Some(Operation::Assert(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lock_names_are_ids_and_differ() {
        for (bridge, expected) in [
            ("br0", "mercury_br0"),
            ("br-int", "mercury_br_2dint"),
            ("br_2dint", "mercury_br_5f2dint"),
            ("brü", "mercury_br_c3_bc"),
        ] {
            assert_eq!(lock_name(bridge), expected);
        }
    }

    #[test]
    fn only_the_own_lock_can_be_lost() {
        let lock = Lock::default();
        for name in [json!(null), json!("mine"), json!(5)] {
            assert!(lock.stolen(&name).is_err(), "{name} before any was asked for");
        }
        lock.named("mine").unwrap();
        lock.named("another").unwrap_err();
        for name in [json!(null), json!("another"), json!(5)] {
            assert!(lock.stolen(&name).is_err(), "{name}");
        }
        assert!(!lock.is_lost());
        lock.stolen(&json!("mine")).unwrap();
        assert!(lock.is_lost());
    }
}
