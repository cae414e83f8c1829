//! A simulated OVSDB server, written from RFC 7047, ovsdb-server(7) and ovs-vswitchd.conf.db(5).
//!
//! It exists so that the demonstration needs nothing installed and so that tests can make a
//! switch misbehave. It knows nothing of Mercury's driver; `ovs-vsctl` and `ovsdb-client` are
//! what it is tested with.
//!
//! Where it deviates from a real `ovsdb-server` 3.1:
//!
//! - One database, `Open_vSwitch`, with the tables and columns of `vswitch.json`; no `_Server`
//!   database, so clients take the path that they take for servers older than 2.9.
//! - Nothing is kept on disk; `commit` with `durable` is a word.
//! - No column is `real`, no reference is weak, and there is no `monitor_cond_change`.
//! - Changes that come faster than a session writes are told as one notification; a lock that
//!   is stolen and given back in that time is not told of.
//! - The echo that a real server sends when a client is silent is not sent.
//! - JSON objects with a repeated member are read with the last one, without complaint.

pub mod condition;
pub mod database;
pub mod error;
pub mod frames;
pub mod locks;
pub mod monitor;
pub mod mutation;
pub mod schema;
pub mod server;
mod session;
pub mod store;
pub mod transact;
pub mod value;
