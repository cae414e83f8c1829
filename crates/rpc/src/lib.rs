//! JSON-RPC 2.0 as the switch service speaks it: the envelope, the typed requests and answers, the
//! OpenRPC document made from them, the client, HTTP Digest for both ends, and the server's half of
//! authentication.
//!
//! The envelope is our own few files on `serde_json` and not a framework, because the caller's
//! identity comes from HTTP and has to reach the method, and because depth, size and duplicate
//! members have to be refused before anything is interpreted. Nothing here knows HTTP routing,
//! switches or policy; only [`client`] and [`auth`] do I/O.

pub mod auth;
pub mod client;
pub mod digest;
pub mod envelope;
pub mod error;
pub mod method;
pub mod openrpc;
pub mod wire;

pub use error::{Class, ErrorData, LegOutcome, LegReport, RpcError};
pub use method::Method;
