//! Mercury's service with a door for Ironic.

use std::net::SocketAddrV4;

use system_tests::{
    Daemon, Setup,
    peer::{Door, next_address},
};

/// The service, and where an Ironic reaches it.
pub(crate) struct Service {
    pub(crate) daemon: Daemon,
    pub(crate) address: SocketAddrV4,
}

impl Service {
    /// Starts it with a listener for Ironic that asks for nothing.
    pub(crate) fn start(setup: Setup) -> Self {
        Self::start_with(setup, "auth = \"none\"\n")
    }

    /// As [`Service::start`], with more of the listener's configuration.
    ///
    /// The port is not left to the system: Ironic has to be told it before, and finds the service
    /// there again after a restart.
    pub(crate) fn start_with(setup: Setup, listener: &str) -> Self {
        let address = next_address();
        let listen =
            format!("[[listen]]\naddress = \"{address}\"\nmethods = \"ironic\"\n{listener}");
        Self { daemon: Daemon::start(&setup.with(&listen)).unwrap(), address }
    }

    /// How Ironic is told of it.
    pub(crate) fn door(&self) -> Door {
        Door::new(self.address)
    }
}
