//! A native client of the OVSDB management protocol (RFC 7047), for Open vSwitch.
//!
//! It speaks JSON-RPC 1.0 over a unix socket, TCP or TLS, runs transactions, and can wait until
//! `ovs-vswitchd` has taken a committed change into its data path. It depends on no Open vSwitch
//! tool or library.
//!
//! Everything that the peer says is taken as hostile: a message has limits on its size, depth and
//! number of values before it is parsed, a shape that RFC 7047 does not allow ends the connection,
//! and every wait has a deadline. What it refuses to do: reconnect or repeat a call by itself.
//! Only the caller knows whether a transaction that may have been applied can be sent again, so an
//! error says whether it may have been ([`Error::may_be_applied`]) and the caller dials anew.
//!
//! Reading order of the client: [`address`] and [`tls`] say whom to call, [`framing`] cuts the byte
//! stream into messages, [`message`] gives them their JSON-RPC meaning, [`value`], [`operation`]
//! and [`outcome`] are the vocabulary of transactions, [`connection`] is the client, [`error`] says
//! what can go wrong. Of the driver: `fence` keeps out what was given up, `vlans` maps a VLAN mode to columns and back, `observe` reads
//! rows, `parse` understands them, `render` turns changes into steps, `apply` turns steps into one
//! guarded transaction, `driver` carries it out.

mod actor;
pub mod address;
mod applied;
mod apply;
mod capabilities;
pub mod connection;
mod dial;
mod driver;
pub mod error;
mod errors;
mod fence;
pub mod framing;
pub mod fuzz;
pub mod message;
mod observe;
pub mod operation;
pub mod outcome;
mod parse;
mod render;
mod resolve;
pub mod tls;
pub mod value;
mod vlans;

pub use address::Address;
pub use applied::ConfigNumbers;
pub use connection::{Changed, Connection, Options};
pub use driver::{OvsdbDriver, OvsdbSettings};
pub use error::{Error, Violation};
pub use framing::Limits;
pub use operation::{Condition, Function, Mutation, Mutator, Operation, Until};
pub use outcome::Outcome;
pub use tls::{IdentityFiles, Key, KeySource, PeerName, TlsFiles};
pub use value::{Atom, Row, Uuid, Value};

/// The database that describes a switch (`ovs-vswitchd.conf.db(5)`).
pub const DATABASE: &str = "Open_vSwitch";
