//! How switches are spoken to, one module per management protocol.

pub mod chaos;
pub mod noop;
pub mod ovsdb;
pub mod plugin;
pub mod ssh_cli;
