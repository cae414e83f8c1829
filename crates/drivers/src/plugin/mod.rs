//! Plugins: drivers in any language, as a process that reads and writes lines of JSON.
//!
//! The protocol is in the book (`docs/src/plugin-protocol.md`): JSON-RPC 2.0, one request and one
//! answer a line, `describe`, `observe`, `apply`, `save`, `resolve`, `close`. The core plans,
//! verifies, undoes, asks the policy, records and keeps the time; a plugin only speaks to its
//! switch.
//!
//! Everything that a plugin does is taken as possibly wrong: what it writes is bounded in length,
//! read strictly and held against the question; each wait has an end; a process that is in doubt is
//! killed with all of its group, and the next one is not started before it is gone. What it refuses
//! to do: believe a plugin that describes itself otherwise than when the configuration was read,
//! pass a secret by argument or environment, or keep a plugin from lying about what it did. That
//! the core finds out, by reading the ports again.
//!
//! Reading order: [`wire`] and [`message`] are the words, [`json`] and [`mod@line`] cut and parse,
//! [`validate`] holds answers against questions, [`process`] starts and ends, [`stderr`] and
//! [`redact`] are the log, [`backoff`] the pauses, [`call`] one exchange, [`driver`] the core's
//! traits, [`check`] the conformance runner.

mod call;
pub mod check;
#[cfg(test)]
mod document;
mod driver;
mod error;
pub mod fuzz;
mod json;
mod line;
mod message;
mod process;
mod program;
mod stderr;
mod validate;
mod wire;

pub use driver::{PluginDriver, PluginSettings};
pub use error::{Error, Fault, Violation};
pub use wire::{Description, PROTOCOL};

pub use crate::secret::SecretSource;
use crate::{backoff, redact};
