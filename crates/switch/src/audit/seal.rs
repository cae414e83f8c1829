//! The bytes of a record: how a line is put together, sealed and taken apart.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::{Entry, Record};

/// The version of the format.
const VERSION: u8 = 1;

/// A SHA-256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first record of a log has for `prev`.
    pub const ZERO: Self = Self([0; 32]);

    pub(super) fn finish(sha: Sha256) -> Self {
        Self(sha.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut digest = [0; 32];
        let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut digest) {
            Ok(()) if lower => Ok(Self(digest)),
            _ => Err("a digest is 64 lower-case hexadecimal digits".into()),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What every record begins with.
#[derive(Deserialize)]
struct Head {
    v: u8,
    seq: u64,
    time: Timestamp,
    prev: Digest,
}

/// `,"hash":"`, 64 digits, `"}`.
const SEAL: usize = 75;
const SEAL_OPEN: &[u8] = b",\"hash\":\"";
const SEAL_CLOSE: &[u8] = b"\"}";

fn digest(prev: Digest, open: &[u8]) -> Digest {
    let mut sha = Sha256::new();
    sha.update(prev.to_string());
    sha.update(open);
    sha.update(b"}");
    Digest::finish(sha)
}

/// Appends the line of a record to `lines` and returns its hash. `payload` is the entry as a JSON
/// object; its opening brace is replaced by the head.
pub(super) fn seal(
    lines: &mut Vec<u8>,
    seq: u64,
    time: Timestamp,
    prev: Digest,
    payload: &[u8],
) -> Digest {
    let start = lines.len();
    let head = format!(r#"{{"v":{VERSION},"seq":{seq},"time":"{time:.6}","prev":"{prev}","#);
    lines.extend_from_slice(head.as_bytes());
    lines.extend_from_slice(
        payload.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default(),
    );
    let hash = digest(prev, lines.get(start..).unwrap_or_default());
    lines.extend_from_slice(SEAL_OPEN);
    lines.extend_from_slice(hash.to_string().as_bytes());
    lines.extend_from_slice(SEAL_CLOSE);
    lines.push(b'\n');
    hash
}

/// Reads one line without its line feed, and checks that its hash is that of its content. Whether
/// it follows the record before is the caller's to check.
pub(super) fn open(line: &[u8]) -> Result<Record, String> {
    let not = |why: &dyn fmt::Display| format!("is not a record: {why}");
    let cut = line.len().saturating_sub(SEAL);
    let (body, seal) = line.split_at(cut);
    let hash: Digest = seal
        .strip_prefix(SEAL_OPEN)
        .and_then(|rest| rest.strip_suffix(SEAL_CLOSE))
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .ok_or_else(|| not(&"it does not end in a hash"))?;
    let head: Head = serde_json::from_slice(line).map_err(|error| not(&error))?;
    if head.v != VERSION {
        return Err(not(&format!("its version is {}, not {VERSION}", head.v)));
    }
    if digest(head.prev, body) != hash {
        return Err("was changed: its hash is not that of its content".into());
    }
    let entry: Entry = serde_json::from_slice(line).map_err(|error| not(&error))?;
    Ok(Record { seq: head.seq, time: head.time, prev: head.prev, entry, hash })
}
