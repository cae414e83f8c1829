//! The network's side: listeners, HTTP, JSON-RPC dispatch.
//!
//! It bounds everything that a caller can send (connections, head, body, time to send them, calls
//! at work) before anything is interpreted, and says who the caller is. What a body means is a
//! [`Table`]'s business; the native one's methods are a [`Handler`]'s. There is no TLS and no HTTP/2 here: a proxy or a unix socket stands in
//! front, and HTTP/1.1 with keep-alive is enough for callers that are a handful of services.

mod calls;
mod dispatch;
mod listener;
mod patience;
mod router;
mod server;
mod table;

pub use calls::{Calls, NotRun};
pub use dispatch::{Dispatcher, Handler};
pub use listener::{Bound, Listening};
pub use router::{Doors, Watched};
pub use server::{Serving, serve};
pub use table::{Refusal, Reply, Table};
