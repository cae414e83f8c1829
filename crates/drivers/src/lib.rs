//! How switches are spoken to, one module per management protocol.

mod backoff;
pub mod chaos;
pub mod noop;
pub mod ovsdb;
pub mod plugin;
pub mod redact;
pub mod secret;
pub mod ssh_cli;
