//! The service as its doors call it, on switches that exist in memory.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that goes wrong panics")]

mod changes;
mod chaos;
mod chaos_networks;
mod failures;
mod members;
mod networks;
mod pairs;
mod reads;
mod rig;
mod worker;
