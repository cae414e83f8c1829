//! Simulated switches that are configured through SSH, against OpenSSH's client.

mod client;
mod framework;
mod nvue;
mod sonic;
