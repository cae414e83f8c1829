//! A real Open vSwitch fabric on one machine, in network namespaces.
//!
//! Every switch is its own `ovsdb-server` and `ovs-vswitchd` (userspace datapath, so no kernel
//! module is needed) with its own state directory; its ports live in its own network namespace and
//! its database answers on a Unix socket, on loopback TCP and, when asked, on TLS; when asked, a real
//! OpenSSH server leads to its command line. Hosts are namespaces joined to switch ports by veth pairs; a bonded server is one more Open vSwitch that
//! speaks LACP. Frames are real: the [`Probe`] sends and hears raw Ethernet with 802.1Q tags.
//!
//! ```no_run
//! use lab::{Heard, Lab};
//!
//! # fn main() -> anyhow::Result<()> {
//! let lab = Lab::builder()
//!     .switch("leaf-01")
//!     .host("h1", [("eth0", "leaf-01", "swp1")])
//!     .host("h2", [("eth0", "leaf-01", "swp2")])
//!     .start()?;
//! lab.vsctl("leaf-01", &["set", "port", "swp1", "tag=100", "--", "set", "port", "swp2", "tag=100"])?;
//! assert_eq!(lab.probe().who_hears("h1/eth0", None)?, [Heard::untagged("h2/eth0")]);
//! # Ok(())
//! # }
//! ```
//!
//! The whole API is synchronous: tear-down must work in `Drop`, also while a test panics. In async
//! code keep the [`Lab`] in an `Arc` and call it inside `spawn_blocking`; it is `Send + Sync`.
//!
//! It refuses to run without root or without its tools (see [`require()`]), never touches a process
//! or a namespace that no lab made, and waits only for events with a deadline. It does not carry
//! spanning tree, MLAG or routing.

mod builder;
mod command;
mod daemon;
mod instance;
mod lab;
mod lag;
mod namespaces;
mod pki;
mod probe;
mod require;
mod sshd;
mod sweep;
mod tail;

pub use builder::LabBuilder;
pub use daemon::Daemon;
pub use instance::Instance;
pub use lab::Lab;
pub use lag::{Lag, LagEnd, Member};
pub use pki::TlsFiles;
pub use probe::{Arrival, Counted, Heard, Listened, Probe, Reached};
pub use require::require;
pub use sshd::Sshd;
