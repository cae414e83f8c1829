//! Switches that speak a command line over SSH. What is particular to a system is in its
//! [`profile`]; the code here knows no system.

pub mod console;
pub mod profile;
pub mod read;
pub mod render;
