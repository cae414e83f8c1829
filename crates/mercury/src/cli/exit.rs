//! The exit codes: one table, which the help prints and scripts rely on.
//!
//! A code says what to do next and not what went wrong inside, so several error classes of the
//! service share one. Codes are never renumbered or used again.

use std::process::ExitCode;

use rpc::{Class, client::CallError};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    /// Done, or so already; valid; allowed; in sync.
    Ok,
    /// A defect, or something on this machine such as an unreadable file.
    Other,
    /// The command line makes no sense.
    Usage,
    /// The policy or the service's authentication says no.
    Refused,
    /// The request makes no sense to the service or the switch.
    Invalid,
    /// The switch, or its state, says no; everything is as it was.
    Rejected,
    /// Nobody answered in time.
    Unavailable,
    /// A change failed and could not be taken back everywhere.
    UndoFailed,
    /// A port is not as believed.
    Differs,
    /// A port cannot be compared.
    Unknown,
    /// A file is not what it must be.
    Broken,
}

impl Exit {
    /// Every code, in order.
    pub(crate) const ALL: [Self; 11] = [
        Self::Ok,
        Self::Other,
        Self::Usage,
        Self::Refused,
        Self::Invalid,
        Self::Rejected,
        Self::Unavailable,
        Self::UndoFailed,
        Self::Differs,
        Self::Unknown,
        Self::Broken,
    ];

    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Other => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Invalid => 4,
            Self::Rejected => 5,
            Self::Unavailable => 6,
            Self::UndoFailed => 7,
            Self::Differs => 8,
            Self::Unknown => 9,
            Self::Broken => 10,
        }
    }

    /// What it means, for the help.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done, or so already; valid; allowed; in sync",
            Self::Other => "a defect, or something on this machine, such as an unreadable file",
            Self::Usage => "the command line makes no sense",
            Self::Refused => "refused by the policy, or by the authentication of either side",
            Self::Invalid => "the request is invalid, not supported, or names what is not there",
            Self::Rejected => "the switch or its state says no; everything is as it was",
            Self::Unavailable => "nobody answered in time, or all are busy; try again",
            Self::UndoFailed => {
                "a change failed and was not taken back everywhere: look at the ports"
            }
            Self::Differs => "verify: a port is not as believed",
            Self::Unknown => "verify: a port cannot be compared",
            Self::Broken => "a policy or configuration is invalid, or an audit log is not intact",
        }
    }

    /// The table for the help of the program.
    pub(crate) fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>2}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.join("\n"))
    }

    /// What to do about an error of the service.
    pub(crate) const fn of_class(class: Class) -> Self {
        match class {
            Class::Internal => Self::Other,
            Class::RefusedByPolicy => Self::Refused,
            Class::InvalidRequest | Class::NotSupported | Class::NotFound => Self::Invalid,
            Class::Conflict | Class::RejectedByDevice | Class::VerifyFailed => Self::Rejected,
            Class::Unreachable | Class::TimedOut | Class::Busy | Class::AuditUnavailable => {
                Self::Unavailable
            }
            Class::UndoFailed => Self::UndoFailed,
        }
    }

    /// What to do about a call that gave no answer.
    pub(crate) fn of_call(error: &CallError) -> Self {
        match error {
            CallError::Address { .. } | CallError::Credentials { .. } => Self::Usage,
            CallError::Rpc(error) => error.class().map_or(Self::Other, Self::of_class),
            CallError::Http { status: 401 | 403, .. } | CallError::Certificate { .. } => {
                Self::Refused
            }
            CallError::Http { status: 429 | 502..=504, .. }
            | CallError::TimedOut { .. }
            | CallError::Transport { .. } => Self::Unavailable,
            CallError::Http { .. } | CallError::Malformed { .. } => Self::Other,
        }
    }

    /// The one of two that matters more: what left ports behind before what left none.
    pub(crate) fn worse(self, other: Self) -> Self {
        let weight = |exit: Self| match exit {
            Self::UndoFailed => 10,
            Self::Other => 9,
            Self::Unavailable => 8,
            Self::Rejected => 7,
            Self::Broken => 6,
            Self::Refused => 5,
            Self::Invalid => 4,
            Self::Usage => 3,
            Self::Differs => 2,
            Self::Unknown => 1,
            Self::Ok => 0,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_places_in_the_table() {
        for (index, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), index);
        }
    }

    #[test]
    fn the_worse_wins_from_both_sides() {
        for (a, b, worse) in [
            (Exit::Ok, Exit::Differs, Exit::Differs),
            (Exit::Differs, Exit::Unknown, Exit::Differs),
            (Exit::Unavailable, Exit::UndoFailed, Exit::UndoFailed),
            (Exit::Refused, Exit::Rejected, Exit::Rejected),
        ] {
            assert_eq!(a.worse(b), worse);
            assert_eq!(b.worse(a), worse);
        }
    }

    #[test]
    fn every_class_has_its_code() {
        let codes: Vec<_> = Class::ALL.into_iter().map(|c| Exit::of_class(c).code()).collect();
        assert_eq!(codes, [4, 3, 4, 4, 5, 5, 6, 6, 7, 5, 6, 6, 1]);
    }
}
