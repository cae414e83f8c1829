//! The client against servers: scripted ones that misbehave, TLS ones with certificates made for
//! the occasion, and one that shares no code with it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says why by panicking"
)]

mod digest;
mod retries;
mod script;
mod tls;
mod wire;
