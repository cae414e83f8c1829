//! What can go wrong when a fabric is built or asked.

use crate::ovsdb::error::OvsdbError;

/// The errors of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two switches of one name.
    #[error("switch `{0}` is declared twice")]
    DuplicateSwitch(String),
    /// A name that no switch has.
    #[error("there is no switch `{0}` in the fabric")]
    UnknownSwitch(String),
    /// A physical port that the switch does not have.
    #[error("switch `{switch}` has no port `{port}`")]
    UnknownPort {
        /// The switch.
        switch: String,
        /// The port.
        port: String,
    },
    /// A name that no server has.
    #[error("there is no host `{0}` in the fabric")]
    UnknownHost(String),
    /// An interface that the server does not have.
    #[error("host `{host}` has no interface `{nic}`")]
    UnknownNic {
        /// The server.
        host: String,
        /// The interface.
        nic: String,
    },
    /// A port or an interface with two cables, or a port cabled to itself.
    #[error("the cable from {from} to {to} needs an end that is taken")]
    Taken {
        /// One end.
        from: String,
        /// The other.
        to: String,
    },
    /// The idle VLAN is not one.
    #[error("VLAN {0} cannot be the idle VLAN (allowed: 1-4094)")]
    IdleVlan(u16),
    /// A listening socket could not be made.
    #[error("switch `{switch}` cannot listen on {endpoint}")]
    Listen {
        /// The switch.
        switch: String,
        /// Where.
        endpoint: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The first contents of a switch's database were refused.
    #[error("the first configuration of switch `{switch}` was refused")]
    FirstConfiguration {
        /// The switch.
        switch: String,
        /// Why.
        #[source]
        source: OvsdbError,
    },
    /// A host key could not be made.
    #[error("switch `{switch}` has no host key")]
    HostKey {
        /// The switch.
        switch: String,
        /// Why.
        #[source]
        source: russh::keys::ssh_key::Error,
    },
    /// A word that no simulated system has.
    #[error("there is no simulated system `{0}`")]
    UnknownSystem(String),
    /// Text that should be a key is none.
    #[error("{what} cannot be read")]
    Key {
        /// Whose key.
        what: String,
        /// Why.
        #[source]
        source: russh::keys::ssh_key::Error,
    },
    /// A line of the first configuration of a switch that is reached through SSH was refused.
    #[error("switch `{switch}` refused `{line}` of its first configuration: {answer}")]
    FirstLine {
        /// The switch.
        switch: String,
        /// The line.
        line: String,
        /// What the switch said.
        answer: String,
    },
}
