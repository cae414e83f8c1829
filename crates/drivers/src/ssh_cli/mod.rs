//! Switches that speak a command line over SSH. What is particular to a system is in its
//! [`profile`]; the code here knows no system.
//!
//! [`transport`] carries bytes, [`shell`] makes a conversation of a terminal and [`exec`] of
//! commands, both as the [`conversation`] of the profile says; [`transcript`] writes down what was
//! said; [`render`] says what a switch is told, [`read`] what its answers mean.

pub mod cases;
pub mod console;
pub mod conversation;
pub mod driver;
pub mod exec;
pub mod profile;
pub mod read;
pub mod render;
pub mod session;
pub mod shell;
pub mod transcript;
pub mod transport;
