//! Who plays: two leaves, three servers, and how they are cabled. Stages differ in how their
//! switches name ports and in what words they refuse; the servers and the cables are the same.

use rpc::LegOutcome::{self, Undone, Untouched};

/// The switches.
pub(super) const LEAVES: [&str; 2] = ["leaf-01", "leaf-02"];

/// The names of the servers.
pub(super) const NAMES: [&str; 3] = ["server-1", "server-2", "server-3"];

/// A server and its cables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Server {
    /// Its name.
    pub(super) name: &'static str,
    /// Its interfaces: (interface, switch, switch port).
    pub(super) cables: &'static [(&'static str, &'static str, &'static str)],
}

/// How a leaf refuses a change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    /// What has happened to `leaf-02`, for the reader.
    pub(super) told: &'static str,
    /// The switch's own words.
    pub(super) words: &'static str,
    /// What has then become of the port on each leaf, when the other one has taken the change.
    pub(super) legs: [LegOutcome; 2],
}

/// Everybody.
#[derive(Debug)]
pub(super) struct Cast {
    /// One interface on `leaf-01`.
    pub(super) one: Server,
    /// One interface on `leaf-02`.
    pub(super) two: Server,
    /// Two interfaces on `leaf-01`, which form a bond: Open vSwitch has no LAG over two switches.
    pub(super) three: Server,
    /// The port of each leaf that leads to the other.
    pub(super) uplinks: [&'static str; 2],
    /// The ports that are lent, as the policy names them.
    pub(super) lent: &'static [&'static str],
    /// The same for the reader.
    pub(super) lent_words: &'static str,
    /// What the LAG of the bond is called.
    pub(super) lag: &'static str,
    /// The VLAN in which the ports lie before Mercury is told about them, all together, as ports
    /// often do.
    pub(super) found_in: u16,
    /// How `leaf-02` refuses.
    pub(super) refusal: Refusal,
    /// The picture for the reader.
    pub(super) picture: &'static str,
}

impl Cast {
    /// All servers.
    pub(super) const fn servers(&self) -> [Server; 3] {
        [self.one, self.two, self.three]
    }

    /// The ports of the bonded server.
    pub(super) fn legs(&self) -> Vec<&'static str> {
        self.three.cables.iter().map(|(.., port)| *port).collect()
    }

    /// The port of a server with one cable.
    pub(super) fn port(server: Server) -> &'static str {
        server.cables.first().map_or("", |(.., port)| port)
    }
}

/// On switches that speak OVSDB, simulated or real.
pub(super) static OVSDB: Cast = Cast {
    one: Server { name: "server-1", cables: &[("eth0", "leaf-01", "swp1")] },
    two: Server { name: "server-2", cables: &[("eth0", "leaf-02", "swp2")] },
    three: Server {
        name: "server-3",
        cables: &[("eth0", "leaf-01", "swp3"), ("eth1", "leaf-01", "swp4")],
    },
    uplinks: ["isl0", "isl0"],
    lent: &["swp[1-4]"],
    lent_words: "swp1 to swp4",
    lag: "bond-3",
    found_in: 4094,
    refusal: Refusal {
        told: "leaf-02 becomes read-only: it answers questions and refuses changes.",
        words: READ_ONLY,
        legs: [Undone, Untouched],
    },
    picture: "\
server-1 --- swp1 +---------+      +---------+ swp2 --- server-2
server-3 === swp3 | leaf-01 |======| leaf-02 |
         === swp4 +---------+ isl0 +---------+
",
};

/// On switches of two vendors: `leaf-01` with Arista EOS, `leaf-02` with Cisco NX-OS.
pub(super) static VENDORS: Cast = Cast {
    one: Server { name: "server-1", cables: &[("eth0", "leaf-01", "Ethernet1")] },
    two: Server { name: "server-2", cables: &[("eth0", "leaf-02", "Ethernet1/2")] },
    three: Server {
        name: "server-3",
        cables: &[("eth0", "leaf-01", "Ethernet3"), ("eth1", "leaf-01", "Ethernet4")],
    },
    uplinks: ["Ethernet48", "Ethernet1/48"],
    lent: &["Ethernet[1-4]", "Ethernet1/[1-4]"],
    lent_words: "1 to 4 of each switch",
    lag: "Port-Channel10",
    // Where both systems have every port out of the box.
    found_in: 1,
    refusal: Refusal {
        told: "leaf-02 takes back the right of Mercury's user to change the VLAN of a port.",
        words: NOT_PERMITTED,
        legs: [Undone, Undone],
    },
    // No backslash at the first line: it would take the blanks that follow.
    picture: "                      Arista EOS     Cisco NX-OS
server-1 -- Ethernet1 +---------+    +---------+ Ethernet1/2 -- server-2
server-3 == Ethernet3 | leaf-01 |====| leaf-02 |
         == Ethernet4 +---------+    +---------+
                       Ethernet48    Ethernet1/48
",
};

/// How a switch that is read-only refuses, in `ovsdb-server`'s words.
pub(super) const READ_ONLY: &str = "when database server is in read only mode";

/// How NX-OS refuses what the user's role does not allow.
pub(super) const NOT_PERMITTED: &str = "% Permission denied for the role";
