//! The network's side: listeners, TLS, HTTP, JSON-RPC dispatch.
//!
//! It bounds everything that a caller can send (connections, handshake, head, body, time to send
//! them, calls at work) before anything is interpreted, and says who the caller is. What a body means
//! is a [`Table`]'s business; the native one's methods are a [`Handler`]'s. There is no HTTP/2 here:
//! HTTP/1.1 with keep-alive is enough for callers that are a handful of services.

mod calls;
mod dispatch;
mod handshakes;
mod listener;
mod patience;
mod peer;
mod refusals;
mod router;
mod server;
mod table;
mod tls;
mod turn;

pub use calls::{Calls, NotRun};
pub use dispatch::{Dispatcher, Handler};
pub use listener::{Bound, Listening};
pub use refusals::{Recorder, Refusals};
pub use router::{Doors, Watched};
pub use server::{Door, Serving, serve};
pub use table::{Refusal, Reply, Table};
pub use tls::Tls;
pub(crate) use tls::{Clients, Loaded, load as load_tls};
