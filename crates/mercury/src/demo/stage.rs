//! Where the story plays: what it needs of switches and servers besides the switch service.
//!
//! There are three stages, simulated switches that speak OVSDB, real Open vSwitch, and simulated
//! switches of two vendors behind SSH, and one story. It tells them apart only where switches with
//! a command line can show more.

mod real;
mod shells;
mod simulated;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use serde_json::Value;

pub(super) use self::{real::Real, shells::Shells, simulated::Simulated};
use super::{cast::Cast, reach::Reach};

/// How long LACP may take to come to the state that is waited for. It is a matter of seconds with
/// frames every second; a loaded machine takes longer.
pub(super) const LACP_LIMIT: Duration = Duration::from_secs(30);

/// How the service is told of a switch.
#[derive(Debug)]
pub(super) struct Section {
    /// What stands in the switch's section of the configuration.
    pub(super) keys: Value,
    /// Files beside the configuration that these keys name: (name, text).
    pub(super) files: Vec<(String, String)>,
}

/// Switches and servers.
#[async_trait]
pub(super) trait Stage: Send + Sync {
    /// What it is made of, for the first line.
    fn made_of(&self) -> &'static str;

    /// Who plays, by the names that ports have here.
    fn cast(&self) -> &'static Cast;

    /// How the service is told of a switch.
    fn section(&self, switch: &str) -> anyhow::Result<Section>;

    /// How a person looks at a switch without Mercury, given the folder of the service's files.
    fn look_behind(&self, switch: &str, files: &Path) -> anyhow::Result<String>;

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

    /// Somebody puts an access port into another VLAN, and tells nobody. Says what was typed,
    /// prompt and all.
    async fn meddle(&self, switch: &str, port: &str, vlan: u16) -> anyhow::Result<Vec<String>>;

    /// The switches with a command line that this stage is made of, if it is.
    fn shells(&self) -> Option<&Shells> {
        None
    }

    /// Takes everything down.
    async fn end(self: Box<Self>) -> anyhow::Result<()>;
}

/// The section of a switch that speaks OVSDB.
pub(super) fn ovsdb(address: &str) -> Section {
    let keys = serde_json::json!({ "driver": "ovsdb", "address": address, "detach": "closed" });
    Section { keys, files: Vec::new() }
}
