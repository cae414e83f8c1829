//! Addresses that no other test can have.
//!
//! Ironic has to be told a port before it starts, so the system cannot choose one. A port that was
//! free a moment ago may be taken by then; an address of 127.0.0.0/8 that is made of the process's
//! number can only be taken by the process itself.

use std::{
    net::{Ipv4Addr, SocketAddrV4},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports that the system gives to outgoing connections.
const FIRST_PORT: u16 = 20_000;

static NEXT_PORT: AtomicU16 = AtomicU16::new(FIRST_PORT);

/// The next address for a listener of this process.
pub fn next_address() -> SocketAddrV4 {
    let port = NEXT_PORT.fetch_add(1, Ordering::Relaxed);
    SocketAddrV4::new(address_of(process::id()), port)
}

/// Process numbers have at most 22 bits; 127.0.0.1 and its neighbours are left to others.
fn address_of(pid: u32) -> Ipv4Addr {
    let [_, high, middle, low] = pid.to_be_bytes();
    Ipv4Addr::new(127, 64 | high, middle, low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_has_an_address_and_every_listener_a_port() {
        assert_eq!(address_of(1), Ipv4Addr::new(127, 64, 0, 1));
        assert_eq!(address_of(0x3f_ffff), Ipv4Addr::new(127, 127, 255, 255));
        assert_ne!(next_address(), next_address());
    }
}
