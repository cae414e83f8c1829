//! The systems that are simulated.

use super::settings::Settings;
use super::switch::SshSwitch;
use crate::error::Error;

/// A switch operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {}

#[expect(clippy::unused_async, reason = "starting a switch of the first system waits")]
pub(super) async fn start(system: System, _settings: Settings) -> Result<SshSwitch, Error> {
    match system {}
}
