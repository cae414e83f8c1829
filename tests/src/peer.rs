//! Peers of Mercury that others wrote: a real Ironic with its conductor and its API, and the
//! service that Mercury stands in for.
//!
//! They come from a Python environment that `cargo xtask test` makes (`tests/peers/ironic`). Each
//! is a child of the test that starts it, listens on a loopback address of that process alone, and
//! ends with its handle. Nothing here knows what a right answer is: that is for the tests.

mod agent;
mod http;
mod ironic;
mod loopback;
mod networking;
mod process;
mod shell;
mod tools;
mod until;

pub use agent::Agent;
pub use http::{Answer, Connection, Headers};
pub use ironic::{Door, Ironic, Networks};
pub use loopback::next_address;
pub use networking::{IronicNetworking, SwitchSection};
pub use process::Process;
pub use shell::OvsShell;
pub use tools::{helper, python, version_of};
pub use until::until;
