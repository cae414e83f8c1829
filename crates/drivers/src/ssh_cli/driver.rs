//! The driver: a profile, a switch's options, and a way to get a console.

use std::sync::Arc;

use async_trait::async_trait;
use model::PortNaming;
use switch::{Capabilities, DeviceError, Driver, Session, Work};

use super::{
    console::Console,
    profile::Profile,
    render::blocks_to_lines,
    session::{CliSession, System},
    transport::Ssh,
};

/// Gets to where commands that read are given.
#[async_trait]
pub trait Dial: Send + Sync {
    /// Connects and logs in. The caller bounds the wait.
    async fn dial(&self) -> Result<Box<dyn Console>, DeviceError>;
}

/// Dials by SSH and talks as a profile says.
#[derive(Debug)]
pub struct BySsh {
    ssh: Ssh,
    profile: Arc<Profile>,
}

impl BySsh {
    /// This way to a switch of this kind.
    pub const fn new(ssh: Ssh, profile: Arc<Profile>) -> Self {
        Self { ssh, profile }
    }
}

#[async_trait]
impl Dial for BySsh {
    async fn dial(&self) -> Result<Box<dyn Console>, DeviceError> {
        self.ssh.dial(&self.profile.conversation).await
    }
}

/// Drives one switch with a command line.
#[derive(Debug)]
pub struct SshCliDriver<D> {
    system: Arc<System>,
    dial: D,
}

impl<D: Dial> SshCliDriver<D> {
    /// A driver of this switch, dialled so.
    pub fn new(system: Arc<System>, dial: D) -> Self {
        Self { system, dial }
    }

    /// What the switch is.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Opens a session that can also read tables that no plan depends on.
    pub async fn connect(&self) -> Result<CliSession, DeviceError> {
        let console = self.dial.dial().await?;
        Ok(CliSession::new(Arc::clone(&self.system), console))
    }
}

#[async_trait]
impl<D: Dial> Driver for SshCliDriver<D> {
    fn name(&self) -> &'static str {
        "ssh_cli"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.system.capabilities
    }

    fn naming(&self) -> PortNaming {
        self.system.profile.raw.ports.naming
    }

    /// The lines of the change, without those that lead to the configuration and back, which are
    /// the same each time. What cannot be said is said to be so in their place.
    fn render(&self, work: &Work) -> Vec<String> {
        match self.system.blocks(work) {
            Ok(blocks) => blocks_to_lines(&blocks),
            Err(error) => vec![format!("nothing: the switch cannot do it: {error}")],
        }
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        Ok(Box::new(self.connect().await?))
    }
}
