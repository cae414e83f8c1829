//! What a record says.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use model::{Invalid, LagName, PortName, SwitchName, SwitchPort};
use serde::{Deserialize, Serialize};

use super::{Digest, InDoubt};
use crate::policy::Verb;

/// One record of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// Its number, from 1, without gaps over all files.
    pub seq: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The hash of the record before.
    pub prev: Digest,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
    /// Its own hash.
    pub hash: Digest,
}

impl Record {
    /// The record's place in the chain.
    pub const fn mark(&self) -> Mark {
        Mark { seq: self.seq, time: self.time, hash: self.hash }
    }
}

/// A place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// The record's number.
    pub seq: u64,
    /// When it was written.
    pub time: Timestamp,
    /// Its hash.
    pub hash: Digest,
}

/// What a record says, by its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A change is about to be sent.
    Begin(Box<Begin>),
    /// A change came to its end.
    End(End),
    /// A request was refused by the policy.
    Refused(Refused),
    /// Callers were not let in.
    Denied(Denied),
    /// A change in doubt is so no longer.
    Settled(Settled),
    /// A switch was told to save its configuration.
    Saved(Saved),
    /// The service started.
    Start(Start),
    /// The file follows another one. Only the log writes it.
    Chain(Chain),
    /// What a crash left behind stands before this record. Only the log writes it.
    Recovered(Recovered),
}

/// A change is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begin {
    /// The change's identifier, a UUID.
    pub change: String,
    /// The caller, by the name under which it authenticated.
    pub who: String,
    /// The caller's identifier of the request.
    pub request_id: String,
    /// The user for whom the caller acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Why, in the caller's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The server whose ports these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What the caller asked for.
    pub verb: Verb,
    /// Every port that the change touches.
    pub ports: Vec<SwitchPort>,
    /// The LAG, where one is concerned and its name known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// The state that is wanted.
    pub what: serde_json::Value,
    /// What is going to be sent, in order.
    pub operations: Vec<SentOperation>,
}

/// One operation, in the words of its switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentOperation {
    /// The switch.
    pub switch: SwitchName,
    /// The operation.
    pub text: String,
}

/// A change came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The change's identifier, that of its `begin`.
    pub change: String,
    /// How it ended; never better than the worst of its legs.
    pub outcome: Outcome,
    /// Each switch's part.
    pub legs: Vec<Leg>,
    /// The error that the caller was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// The part that one switch had in a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The switch.
    pub switch: SwitchName,
    /// The ports that were touched there.
    pub ports: Vec<PortName>,
    /// How it ended there.
    pub outcome: Outcome,
    /// What the switch answered, in order.
    pub answers: Vec<String>,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Applied and verified.
    Done,
    /// It was so already.
    Unchanged,
    /// Failed and taken back; the ports are as before.
    Undone,
    /// Failed, and could not be taken back; the record says what is where.
    UndoFailed,
    /// Failed before anything changed.
    Failed,
    /// Not known. The change stays open until it is settled.
    Unknown,
}

/// A request was refused by the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The caller.
    pub who: String,
    /// The caller's identifier of the request.
    pub request_id: String,
    /// What it asked for.
    pub verb: Verb,
    /// The ports that it asked for.
    pub ports: Vec<SwitchPort>,
    /// The rule or protected entry that the refusal names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The reason that the caller was given.
    pub reason: String,
}

/// Callers were not let in. What is alike within a minute is counted in one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denied {
    /// Where they tried, as [`Start::listeners`] names it.
    pub listener: String,
    /// Where they are: an IP address, or `user` and a number on a unix socket.
    pub peer: String,
    /// The scheme of their credentials, where one was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The users that they claimed to be, which nobody verified; the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// Why they were not let in.
    pub reason: String,
    /// How many times; those that an earlier record told are not counted again.
    pub times: u64,
}

/// A change in doubt is so no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The change's identifier.
    pub change: String,
    /// What settled it: the identifier of a later change, or `verify`.
    pub by: String,
}

/// A switch was told to save its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The switch.
    pub switch: SwitchName,
    /// How it ended.
    pub outcome: Outcome,
    /// The error, if it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The service started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The service's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub listeners: Vec<String>,
}

/// The file follows another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    /// The name of the file before, without its folder.
    pub previous: String,
    /// The number of its last record.
    pub last_seq: u64,
    /// The hash of its last record; also this record's `prev`.
    pub last_hash: Digest,
    /// The changes that were open at its end, so that this file can be read without it.
    pub open: Vec<InDoubt>,
}

/// What a crash left behind stands before this record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// How many bytes it is, without the line feed that was put behind it.
    pub torn_bytes: u64,
    /// Their SHA-256.
    pub sha256: Digest,
}

/// The kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// See [`Begin`].
    Begin,
    /// See [`End`].
    End,
    /// See [`Refused`].
    Refused,
    /// See [`Denied`].
    Denied,
    /// See [`Settled`].
    Settled,
    /// See [`Saved`].
    Saved,
    /// See [`Start`].
    Start,
    /// See [`Chain`].
    Chain,
    /// See [`Recovered`].
    Recovered,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Begin,
        Self::End,
        Self::Refused,
        Self::Denied,
        Self::Settled,
        Self::Saved,
        Self::Start,
        Self::Chain,
        Self::Recovered,
    ];

    /// The kind as the log writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::End => "end",
            Self::Refused => "refused",
            Self::Denied => "denied",
            Self::Settled => "settled",
            Self::Saved => "saved",
            Self::Start => "start",
            Self::Chain => "chain",
            Self::Recovered => "recovered",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new("kind of record", text, format!("is none of {names}"))
        })
    }
}

impl Entry {
    /// Whether the entry must be on the disk before anybody acts on it. An `end` or `settled` that
    /// a power failure takes away leaves its change in doubt, which is safe, and so costs no wait;
    /// nobody acts on a `denied`, and strangers shall not keep the disk busy.
    pub(super) const fn must_be_durable(&self) -> bool {
        !matches!(self, Self::End(_) | Self::Settled(_) | Self::Denied(_))
    }

    /// The entry's kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Begin(_) => Kind::Begin,
            Self::End(_) => Kind::End,
            Self::Refused(_) => Kind::Refused,
            Self::Denied(_) => Kind::Denied,
            Self::Settled(_) => Kind::Settled,
            Self::Saved(_) => Kind::Saved,
            Self::Start(_) => Kind::Start,
            Self::Chain(_) => Kind::Chain,
            Self::Recovered(_) => Kind::Recovered,
        }
    }
}

macro_rules! entry_from {
    ($($type:ident),*) => {$(
        impl From<$type> for Entry {
            fn from(entry: $type) -> Self {
                Self::$type(entry)
            }
        }
    )*};
}

entry_from!(End, Refused, Denied, Settled, Saved, Start);

impl From<Begin> for Entry {
    fn from(begin: Begin) -> Self {
        Self::Begin(Box::new(begin))
    }
}
