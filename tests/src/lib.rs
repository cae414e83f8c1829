//! Tests that cross crates, against real parts.
