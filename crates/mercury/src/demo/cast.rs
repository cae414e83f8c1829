//! Who plays: two leaves, three servers, and how they are cabled. Both stages build the same.

/// The switches.
pub(super) const LEAVES: [&str; 2] = ["leaf-01", "leaf-02"];

/// The port of each leaf that leads to the other.
pub(super) const UPLINK: &str = "isl0";

/// The VLAN in which the ports lie before Mercury is told about them, all together, as ports often
/// do.
pub(super) const FOUND_IN: u16 = 4094;

/// A server and its cables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    /// Its name.
    pub(super) name: &'static str,
    /// Its interfaces: (interface, switch, switch port).
    pub(super) cables: &'static [(&'static str, &'static str, &'static str)],
}

/// One interface on `leaf-01`.
pub(super) const ONE: Server = Server { name: "server-1", cables: &[("eth0", "leaf-01", "swp1")] };
/// One interface on `leaf-02`.
pub(super) const TWO: Server = Server { name: "server-2", cables: &[("eth0", "leaf-02", "swp2")] };
/// Two interfaces on `leaf-01`, which form a bond: Open vSwitch has no LAG over two switches.
pub(super) const THREE: Server = Server {
    name: "server-3",
    cables: &[("eth0", "leaf-01", "swp3"), ("eth1", "leaf-01", "swp4")],
};

/// All of them.
pub(super) const SERVERS: [Server; 3] = [ONE, TWO, THREE];

/// The picture for the reader.
pub(super) const PICTURE: &str = "\
server-1 --- swp1 +---------+      +---------+ swp2 --- server-2
server-3 === swp3 | leaf-01 |======| leaf-02 |
         === swp4 +---------+ isl0 +---------+
";
