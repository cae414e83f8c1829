//! Simulated switches that are configured through SSH, against OpenSSH's client.

mod client;
mod eos;
mod framework;
mod ios;
mod junos;
mod nvue;
mod nxos;
mod os10;
mod sonic;
