//! The switch service's doors: configuration, listeners, and the table that maps methods to the
//! core.
//!
//! Only this crate knows both HTTP and the core. It decides nothing about switches: what is allowed
//! and how a change is made is `switch`'s, what travels is `rpc`'s.

mod access;
mod build;
pub mod config;
mod error;
pub mod http;
pub mod ironic;
mod methods;
mod notify;
mod reload;
mod run;
pub mod secret;
mod telemetry;

pub use build::ssh;
pub use error::Error;
pub use http::Listening;
pub use run::{RunOptions, check, run};
