//! Telling the service manager: `sd_notify(3)`, one datagram to the socket in `NOTIFY_SOCKET`.

use std::{
    env,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
};

/// Sends a state such as `READY=1`, where somebody waits for it. A manager that is gone is no
/// reason to stop.
pub(crate) fn tell(state: &str) {
    let Some(socket) = env::var_os("NOTIFY_SOCKET") else { return };
    let Some(socket) = socket.to_str() else { return };
    let sent = UnixDatagram::unbound().and_then(|datagram| match socket.strip_prefix('@') {
        // The abstract namespace, unix(7).
        Some(name) => {
            datagram.send_to_addr(state.as_bytes(), &SocketAddr::from_abstract_name(name)?)
        }
        None => datagram.send_to(state.as_bytes(), socket),
    });
    if let Err(error) = sent {
        tracing::warn!(%error, socket, "the service manager cannot be told");
    }
}
