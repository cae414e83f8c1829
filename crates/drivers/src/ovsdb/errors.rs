//! From the client's errors to the classes that the core acts on.

use switch::DeviceError;

use super::error::{Error, Violation};

/// What a switch does not do whose `ovs-vswitchd` has died or hangs.
pub(super) const NOT_APPLIED: &str =
    "`ovs-vswitchd` to carry out what the database holds; is it running?";

/// What an error means for a session that `changes` something, or only reads.
///
/// A read never has an effect, so for reads `sent` is always false.
pub(super) fn device_error(error: Error, changes: bool) -> DeviceError {
    let sent = changes && error.may_be_applied();
    match error {
        Error::Refused { ref address }
        | Error::TlsMissing { ref address }
        | Error::Unreachable { ref address, .. }
        | Error::Tls { ref address, sent: false, .. } => {
            DeviceError::Unreachable { address: address.clone(), reason: chain(&error) }
        }
        Error::Address { ref text, .. } => {
            DeviceError::Unreachable { address: text.clone(), reason: chain(&error) }
        }
        Error::TlsFile { ref path, .. } => {
            DeviceError::Unreachable { address: path.display().to_string(), reason: chain(&error) }
        }
        Error::Tls { .. } | Error::Disconnected { .. } => {
            DeviceError::Disconnected { sent, reason: chain(&error) }
        }
        Error::TimedOut { waiting_for, .. } => DeviceError::TimedOut { sent, waiting_for },
        Error::NotApplied { .. } => DeviceError::timed_out(sent, NOT_APPLIED),
        Error::TooLarge { what: "the request", .. } => {
            DeviceError::Unsupported { what: error.to_string() }
        }
        Error::Protocol { .. } | Error::TooLarge { .. } => {
            DeviceError::Unrecognised { sent, answer: error.to_string() }
        }
        Error::Rejected { operation: _, error, details } => DeviceError::Rejected {
            operation: None,
            answer: if details.is_empty() { error } else { format!("{error}: {details}") },
        },
    }
}

/// A row that RFC 7047 allows and the switch's own schema does not.
pub(super) fn unrecognised(violation: &Violation) -> DeviceError {
    DeviceError::Unrecognised { sent: false, answer: violation.to_string() }
}

pub(super) fn unsupported(what: impl Into<String>) -> DeviceError {
    DeviceError::Unsupported { what: what.into() }
}

/// An error with its sources.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_never_may_have_applied() {
        let late = || Error::TimedOut { waiting_for: "x".into(), sent: true };
        assert_eq!(device_error(late(), true), DeviceError::timed_out(true, "x"));
        assert_eq!(device_error(late(), false), DeviceError::timed_out(false, "x"));
        let refused = Error::Refused { address: "tcp:10.0.0.1:6640".into() };
        assert_eq!(
            device_error(refused, true).to_string(),
            "cannot reach the switch at tcp:10.0.0.1:6640: `tcp:10.0.0.1:6640` refused the connection"
        );
    }
}
