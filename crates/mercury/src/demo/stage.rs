//! Where the story plays: what it needs of switches and servers besides the switch service.
//!
//! There are two stages, simulated switches and real Open vSwitch, and one story. The story tells
//! them apart nowhere.

mod real;
mod simulated;

use std::time::Duration;

use async_trait::async_trait;

pub(super) use self::{real::Real, simulated::Simulated};
use super::reach::Reach;

/// How long LACP may take to come to the state that is waited for. It is a matter of seconds with
/// frames every second; a loaded machine takes longer.
pub(super) const LACP_LIMIT: Duration = Duration::from_secs(30);

/// How a switch that is read-only refuses, in `ovsdb-server`'s words.
pub(super) const READ_ONLY: &str = "when database server is in read only mode";

/// Switches and servers.
#[async_trait]
pub(super) trait Stage: Send + Sync {
    /// What it is made of, for the first line.
    fn made_of(&self) -> &'static str;

    /// The OVSDB address of a switch.
    fn address(&self, switch: &str) -> anyhow::Result<String>;

    /// How a person looks at a switch without Mercury.
    fn look_behind(&self, switch: &str) -> anyhow::Result<String>;

    /// Every server sends a frame, and all listen.
    async fn reach(&self) -> anyhow::Result<Reach>;

    /// The switch answers questions and refuses changes from now on.
    async fn close_for_writing(&self, switch: &str) -> anyhow::Result<()>;

    /// The switch takes changes again.
    async fn open_for_writing(&self, switch: &str) -> anyhow::Result<()>;

    /// The server's operating system has come up, and its bond speaks LACP.
    async fn bond(&self, server: &str) -> anyhow::Result<()>;

    /// A server's interface loses its link.
    async fn lose_leg(&self, server: &str, nic: &str) -> anyhow::Result<()>;

    /// It has its link again.
    async fn mend_leg(&self, server: &str, nic: &str) -> anyhow::Result<()>;

    /// Waits until exactly these members of a LAG carry traffic.
    async fn lag_carries(&self, switch: &str, lag: &str, members: &[&str]) -> anyhow::Result<()>;

    /// Somebody puts an access port into another VLAN, and tells nobody. Says what was typed.
    async fn meddle(&self, switch: &str, port: &str, vlan: u16) -> anyhow::Result<String>;

    /// Takes everything down.
    async fn end(self: Box<Self>) -> anyhow::Result<()>;
}
