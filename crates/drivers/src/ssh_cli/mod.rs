//! Switches that speak a command line over SSH. What is particular to a system is in its
//! [`profile`]; the code here knows no system.
//!
//! [`shell`] makes a conversation of a terminal and [`exec`] of commands, both as the
//! [`conversation`] of the profile says; [`render`] says what a switch is told, [`read`] what its
//! answers mean.

pub mod console;
pub mod conversation;
pub mod exec;
pub mod profile;
pub mod read;
pub mod render;
pub mod shell;
