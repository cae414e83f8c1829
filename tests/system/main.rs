//! The whole, by real parts: `mercury switchd` as a process, real Open vSwitch, real frames.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that goes wrong panics")]

mod crash;
mod flips;
mod frames;
mod lags;
mod legs;
mod plugins;
mod ssh;
mod two;
