//! The switch service's doors: configuration, listeners, and the table that maps methods to the
//! core.
//!
//! Only this crate knows both HTTP and the core. It decides nothing about switches: what is allowed
//! and how a change is made is `switch`'s, what travels is `rpc`'s.

pub mod config;
pub mod http;
pub mod methods;
pub mod secret;
