//! The systems that are simulated.

mod nvue;
mod shell;
mod sonic;

use super::settings::Settings;
use super::switch::SshSwitch;
use crate::error::Error;

/// A switch operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// Cumulus Linux with NVUE, release 5.9.
    Nvue,
    /// SONiC, the community's, branch 202405.
    Sonic,
}

pub(super) async fn start(system: System, settings: Settings) -> Result<SshSwitch, Error> {
    match system {
        System::Nvue => SshSwitch::serve(nvue::Nvue::new(&settings)?, &settings).await,
        System::Sonic => SshSwitch::serve(sonic::Sonic::new(&settings)?, &settings).await,
    }
}
