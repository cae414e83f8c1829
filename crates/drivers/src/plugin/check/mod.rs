//! The conformance runner: is this program a plugin?
//!
//! It starts the program exactly as the driver does and holds it against the protocol, rule by rule.
//! Each rule has a name, and a rule that is broken is told with what was sent, what came, and what
//! to do. Every capability that the plugin claims is exercised on the ports that are given: set,
//! read, taken back, read again. What was changed is put back, also after a failure, as far as the
//! plugin does what it is told.
//!
//! It refuses to guess ports: without any, nothing is changed, and the report says what was not
//! checked. It cannot see frames: whether the switch does what its configuration says is for tests
//! on the switch itself.

mod asks;
mod cases;
mod changes;
mod compare;
mod endings;
mod report;
mod rules;
mod runner;
mod words;

pub use report::{Check, Failure, Report, Verdict};
pub use runner::{CheckOptions, check, describe};
