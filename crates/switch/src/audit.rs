//! The audit log: what was changed, when, by whom, why, how, and how it ended.
//!
//! A file of JSON lines, appended to and never rewritten. A `begin` record is on the disk before
//! the first command goes to a switch, and an `end` record follows verification or undo, so a
//! crash between the two shows at the next start as a change [in doubt](InDoubt). The log is the
//! service's only memory between runs.
//!
//! # Format, version 1
//!
//! A record is one line: a JSON object whose members begin with `v` (1), `seq` (from 1, without
//! gaps over all files), `time` (RFC 3339, UTC, microseconds), `prev` and `kind`, then those of its
//! kind (see [`Entry`]), and end with `hash`; then a line feed. `hash` is the last thing before the
//! closing brace, written `,"hash":"<64 lower-case hexadecimal digits>"`. It is the SHA-256 of the
//! 64 digits of `prev` followed by the exact bytes of the line without that member, closing brace
//! included, line feed excluded. `prev` is the `hash` of the record before, over all files, and 64
//! zeros in the very first. JSON is never parsed and written again to be hashed, so there is no
//! canonical form to agree on.
//!
//! When a crash leaves the beginning of a record at the end of the file, the next start ends that
//! line and writes a `recovered` record with the number and the SHA-256 of the bytes left behind
//! (without the line feed that ends them). Anything else that is not a record breaks the chain.
//!
//! Whoever does not want to trust this crate verifies a whole log with:
//!
//! ```python
#![doc = include_str!("audit/verify.py")]
//! ```
//!
//! # What it does not do
//!
//! - It proves order and integrity to whoever kept a hash from an earlier day; there is no key, so
//!   somebody who may write the file can write a new chain from the place of the change on. Keep
//!   [`Summary::last`] elsewhere. A cut tail shows only if it leaves a change open.
//! - It removes nothing. A full file is renamed to `<file>.<seq of its first record>` and a new one
//!   begins with a `chain` record; moving old files away is the operator's. Another program must not
//!   rotate the current file: the log then refuses to be written, because its place is not known.
//! - It removes no secrets: who appends an entry has taken them out.

mod bound;
mod error;
mod filter;
mod open;
mod place;
mod read;
mod record;
mod scan;
mod seal;
mod writer;

#[cfg(test)]
mod tests;

pub use error::{AuditError, VerifyError};
pub use filter::Filter;
pub use open::InDoubt;
pub use place::files;
pub use read::{Records, Summary, read, verify};
pub use record::{
    Begin, Chain, Denied, End, Entry, Kind, Leg, Mark, Outcome, Record, Recovered, Refused, Saved,
    SentOperation, Settled, Start,
};
pub use seal::Digest;
pub use writer::{AuditLog, AuditOptions, Receipt};

/// How long a line may be, in bytes. What an entry may hold is bounded far below; this bounds what
/// a reader takes into memory from a file that is not what it should be.
const MAX_LINE: usize = 8 * 1024 * 1024;
