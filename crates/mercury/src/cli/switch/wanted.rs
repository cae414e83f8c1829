//! What a port shall be: from options to the request's context.
//!
//! Pure translation. Whether a VLAN is allowed or a mode makes sense is for the service to say, so
//! that there is one place that says it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use model::{
    AdminState, BondMode, BondParameters, LagName, LinkInformation, Mtu, NetworkType,
    PhysicalNetwork, SwitchName, Vlan, VlanSet, Vni,
};
use rpc::wire::{BindingProfile, Context, Network, PortMode, PortSettings};
use serde_json::Value;

use super::endpoint::Endpoint;
use crate::cli::{exit::Exit, failure::Told};

pub(super) const ATTACH: &str = "\
Examples:
  mercury switch attach leaf-01:swp1 --vlan 100
  mercury switch attach leaf-01:swp1 --mode trunk --native 100 --allowed 200-210
  mercury switch attach leaf-01:swp1 leaf-02:swp1 --lag lacp --lacp-rate fast --vlan 100
  mercury switch attach leaf-01:swp1 leaf-01:swp2 --vlan 100     two single ports, both or none
  mercury switch attach --from-file ports.jsonl                  one operation a line";

pub(super) const DETACH: &str = "\
Examples:
  mercury switch detach leaf-01:swp1
  mercury switch detach leaf-01:swp1 leaf-02:swp1 --reason 'node 42 is being cleaned'";

pub(super) const UPDATE: &str = "\
Examples:
  mercury switch update leaf-01:swp1 --mtu 9000 --description 'node 42, eth0'
  mercury switch update leaf-01:swp1 --vlan 120
  mercury switch update leaf-01:swp1 --admin down";

/// How the port carries its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// One VLAN, untagged
    Access,
    /// Tagged VLANs, with or without an untagged one
    Trunk,
    /// Tagged VLANs and an untagged one, on systems that tell this from a trunk
    Hybrid,
}

/// How the members of a LAG find each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lag {
    /// By LACP
    Lacp,
    /// Without a protocol
    Static,
}

/// Who starts talking LACP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Activity {
    /// The switch speaks first
    Active,
    /// The switch answers only
    Passive,
}

/// How often LACP frames are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Rate {
    /// Every 30 s
    Slow,
    /// Every second
    Fast,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Switched {
    /// Yes
    On,
    /// No
    Off,
}

/// Up or shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Admin {
    /// The port may carry frames
    Up,
    /// The port is shut
    Down,
}

/// The kind of network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Told apart by VLAN ID
    Vlan,
    /// Told apart by VNI
    Vxlan,
    /// One network a physical network
    Flat,
}

/// What a port shall be.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Wish {
    /// The network's VLAN
    #[arg(long, conflicts_with = "vni", help_heading = "Network")]
    vlan: Option<Vlan>,
    /// The network's VNI
    #[arg(long, help_heading = "Network")]
    vni: Option<Vni>,
    /// The kind of network, where neither a VLAN nor a VNI says it
    #[arg(long, help_heading = "Network")]
    network_type: Option<Kind>,
    /// The physical network that the switches must be part of
    #[arg(long, help_heading = "Network", value_name = "NAME")]
    physical_network: Option<PhysicalNetwork>,
    /// How the ports carry the network [default: access]
    #[arg(long, help_heading = "Network")]
    mode: Option<Mode>,
    /// The VLAN of untagged frames on a trunk or hybrid port; with a VNI the VLAN that is to stand
    /// for it
    #[arg(long, help_heading = "Network", value_name = "VLAN")]
    native: Option<Vlan>,
    /// The VLANs of tagged frames on a trunk or hybrid port, such as 100,200-210
    #[arg(long, help_heading = "Network", value_name = "VLANS")]
    allowed: Option<VlanSet>,

    /// The ports are the members of a LAG; without it they are single ports
    #[arg(long, help_heading = "LAG", value_name = "HOW")]
    lag: Option<Lag>,
    /// The LAG's name on the switches, where they take names
    #[arg(long, help_heading = "LAG", value_name = "NAME", requires = "lag")]
    lag_name: Option<LagName>,
    /// Who starts talking LACP [default: active]
    #[arg(long, help_heading = "LAG", value_name = "WHO", requires = "lag")]
    lacp: Option<Activity>,
    /// How often LACP frames are asked for
    #[arg(long, help_heading = "LAG", value_name = "RATE", requires = "lag")]
    lacp_rate: Option<Rate>,
    /// How many members must be up for the LAG to be up
    #[arg(long, help_heading = "LAG", value_name = "NUMBER", requires = "lag")]
    min_links: Option<u8>,
    /// One member carries traffic while the server speaks no LACP, so that it can boot
    #[arg(
        long,
        help_heading = "LAG",
        value_name = "on|off",
        requires = "lag",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        hide_possible_values = true
    )]
    fallback: Option<Switched>,

    /// Text that the switch keeps with the port; empty removes it
    #[arg(long, help_heading = "Port", value_name = "TEXT")]
    description: Option<String>,
    /// The largest payload in bytes
    #[arg(long, help_heading = "Port", value_name = "BYTES")]
    mtu: Option<Mtu>,
    /// Switched on or shut
    #[arg(long, help_heading = "Port")]
    admin: Option<Admin>,
    /// Spanning tree treats the port as an edge
    #[arg(
        long,
        help_heading = "Port",
        value_name = "on|off",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        hide_possible_values = true
    )]
    stp_edge: Option<Switched>,
    /// The port is shut when a bridge announces itself behind it
    #[arg(
        long,
        help_heading = "Port",
        value_name = "on|off",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on",
        hide_possible_values = true
    )]
    bpdu_guard: Option<Switched>,
}

impl Wish {
    /// The context of a request for these links.
    pub(super) fn fill(
        self,
        links: Vec<LinkInformation>,
        context: Context,
    ) -> anyhow::Result<Context> {
        let network = self.network()?;
        let elsewhere = network.is_none().then(|| self.physical_network.clone()).flatten();
        let bond = self.bond();
        let settings = self.settings();
        Ok(Context {
            network,
            mode: self.mode.map(|mode| match mode {
                Mode::Access => PortMode::Access,
                Mode::Trunk => PortMode::Trunk,
                Mode::Hybrid => PortMode::Hybrid,
            }),
            native_vlan: self.native,
            allowed_vlans: self.allowed,
            port_config: (settings != PortSettings::default()).then_some(settings),
            binding_profile: Some(BindingProfile {
                local_link_information: links,
                local_group_information: bond,
                physical_network: elsewhere,
            }),
            ..context
        })
    }

    fn network(&self) -> anyhow::Result<Option<Network>> {
        let (implied, segmentation_id) = match (self.vlan, self.vni) {
            (Some(vlan), _) => (Some(NetworkType::Vlan), Some(u32::from(vlan.get()))),
            (None, Some(vni)) => (Some(NetworkType::Vxlan), Some(vni.get())),
            (None, None) => (None, None),
        };
        let given = self.network_type.map(|kind| match kind {
            Kind::Vlan => NetworkType::Vlan,
            Kind::Vxlan => NetworkType::Vxlan,
            Kind::Flat => NetworkType::Flat,
        });
        if let (Some(given), Some(implied)) = (given, implied)
            && given != implied
        {
            let message = format!("`--network-type {given}` does not go with a {implied} network");
            return Err(Told::new(Exit::Usage, message).into());
        }
        Ok(given.or(implied).map(|network_type| Network {
            id: None,
            name: None,
            network_type,
            segmentation_id,
            physical_network: self.physical_network.clone(),
            mtu: None,
        }))
    }

    fn bond(&self) -> Option<BondParameters> {
        let mut properties = BTreeMap::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                properties.insert(name.to_owned(), value);
            }
        };
        set(
            "lacp_activity",
            self.lacp.map(|who| match who {
                Activity::Active => "active".into(),
                Activity::Passive => "passive".into(),
            }),
        );
        set(
            "lacp_rate",
            self.lacp_rate.map(|rate| match rate {
                Rate::Slow => "slow".into(),
                Rate::Fast => "fast".into(),
            }),
        );
        set("min_links", self.min_links.map(Value::from));
        set("lacp_fallback", self.fallback.map(|on| Value::from(on == Switched::On)));
        self.lag.map(|lag| BondParameters {
            id: None,
            name: self.lag_name.as_ref().map(ToString::to_string),
            bond_mode: Some(match lag {
                Lag::Lacp => BondMode::Lacp,
                Lag::Static => BondMode::BalanceXor,
            }),
            bond_properties: properties,
        })
    }

    fn settings(&self) -> PortSettings {
        let on = |switched: Option<Switched>| switched.map(|switched| switched == Switched::On);
        PortSettings {
            description: self.description.clone(),
            mtu: self.mtu,
            admin: self.admin.map(|admin| match admin {
                Admin::Up => AdminState::Up,
                Admin::Down => AdminState::Down,
            }),
            stp_edge: on(self.stp_edge),
            bpdu_guard: on(self.bpdu_guard),
        }
    }
}

/// The ports as the service takes them; at least one.
pub(super) fn ports(ports: &[Endpoint]) -> anyhow::Result<Vec<LinkInformation>> {
    if ports.is_empty() {
        return Err(Told::new(Exit::Usage, "no port is named")
            .hint("write SWITCH:PORT, such as `leaf-01:swp1`")
            .into());
    }
    Ok(ports.iter().map(Endpoint::link).collect())
}

/// A network's definition on switches.
#[derive(Debug, Args)]
pub(super) struct Definition {
    /// The VLAN; of a VXLAN the one that is to stand for it
    #[arg(long, required_unless_present = "vni")]
    vlan: Option<Vlan>,
    /// The VXLAN's VNI, which is mapped to a VLAN; without `--vlan` the service chooses one
    #[arg(long)]
    vni: Option<Vni>,
    /// The VLAN's name on the switches
    #[arg(long)]
    name: Option<String>,
    /// The switches
    #[arg(required = true)]
    switches: Vec<SwitchName>,
}

impl Definition {
    /// The context of a request for this definition.
    pub(super) fn fill(self, context: Context) -> Context {
        let Self { vlan, vni, name, switches } = self;
        let (network_type, segmentation_id) = match vni {
            Some(vni) => (NetworkType::Vxlan, Some(vni.get())),
            None => (NetworkType::Vlan, vlan.map(|vlan| vlan.get().into())),
        };
        Context {
            network: Some(Network {
                id: None,
                name,
                network_type,
                segmentation_id,
                physical_network: None,
                mtu: None,
            }),
            native_vlan: vlan.filter(|_| vni.is_some()),
            switches,
            ..context
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rpc::Method;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        ports: Vec<Endpoint>,
        #[command(flatten)]
        wish: Wish,
    }

    /// What the service reads of a command line.
    fn check(line: &str) -> Result<Value, String> {
        let words = std::iter::once("attach").chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        let links = ports(&line.ports).map_err(|error| error.to_string())?;
        let context =
            line.wish.fill(links, Context::default()).map_err(|error| error.to_string())?;
        let context = serde_json::to_value(&context).unwrap();
        let params = json!({ "context": context });
        Method::AttachPort
            .read_params(params.as_object().unwrap().clone())
            .map_err(|error| error.message)?;
        Ok(context)
    }

    #[rstest]
    #[case(
        "leaf-01:swp1 --vlan 100",
        json!({
            "network": {"network_type": "vlan", "segmentation_id": 100},
            "binding_profile": {"local_link_information": [{"switch_id": "leaf-01", "port_id": "swp1"}]},
        })
    )]
    #[case(
        "leaf-01:swp1 --mode trunk --native 100 --allowed 200-210 --physical-network p1",
        json!({
            "mode": "trunk", "native_vlan": 100, "allowed_vlans": "200-210",
            "binding_profile": {
                "local_link_information": [{"switch_id": "leaf-01", "port_id": "swp1"}],
                "physical_network": "p1",
            },
        })
    )]
    #[case(
        "a:1 b:1 --vni 10100 --lag lacp --lag-name bond-h1 --lacp passive --lacp-rate fast --min-links 1 --fallback",
        json!({
            "network": {"network_type": "vxlan", "segmentation_id": 10100},
            "binding_profile": {
                "local_link_information": [
                    {"switch_id": "a", "port_id": "1"}, {"switch_id": "b", "port_id": "1"},
                ],
                "local_group_information": {
                    "name": "bond-h1", "bond_mode": "802.3ad",
                    "bond_properties": {
                        "lacp_activity": "passive", "lacp_rate": "fast", "min_links": 1,
                        "lacp_fallback": true,
                    },
                },
            },
        })
    )]
    #[case(
        "--stp-edge --bpdu-guard=off --mtu 9000 --admin down --description spare a:1 --lag static",
        json!({
            "port_config": {
                "description": "spare", "mtu": 9000, "admin": "down", "stp_edge": true,
                "bpdu_guard": false,
            },
            "binding_profile": {
                "local_link_information": [{"switch_id": "a", "port_id": "1"}],
                "local_group_information": {"bond_mode": "balance-xor"},
            },
        })
    )]
    #[case(
        "a:1 --network-type flat --physical-network p1",
        json!({
            "network": {"network_type": "flat", "physical_network": "p1"},
            "binding_profile": {"local_link_information": [{"switch_id": "a", "port_id": "1"}]},
        })
    )]
    fn options_become_a_context(#[case] line: &str, #[case] want: Value) {
        assert_eq!(check(line).unwrap(), want);
    }

    #[derive(Parser)]
    struct Defined {
        #[command(flatten)]
        definition: Definition,
    }

    #[rstest]
    #[case(
        "leaf-01 --vlan 100 --name blue",
        json!({
            "network": {"name": "blue", "network_type": "vlan", "segmentation_id": 100},
            "switches": ["leaf-01"],
        })
    )]
    #[case(
        "leaf-01 leaf-02 --vni 5001",
        json!({
            "network": {"network_type": "vxlan", "segmentation_id": 5001},
            "switches": ["leaf-01", "leaf-02"],
        })
    )]
    #[case(
        "leaf-01 --vni 5001 --vlan 100",
        json!({
            "network": {"network_type": "vxlan", "segmentation_id": 5001}, "native_vlan": 100,
            "switches": ["leaf-01"],
        })
    )]
    fn a_network_is_defined_by_vlan_or_vni(#[case] line: &str, #[case] want: Value) {
        let words = std::iter::once("add").chain(line.split_whitespace());
        let context = Defined::try_parse_from(words).unwrap().definition.fill(Context::default());
        let context = serde_json::to_value(&context).unwrap();
        assert_eq!(context, want);
        let params = json!({ "context": context });
        Method::AddNetwork.read_params(params.as_object().unwrap().clone()).unwrap();
    }

    #[rstest]
    #[case("--vlan 100", "no port is named")]
    #[case("a:1 --vlan 4095", "VLAN ID `4095` is not an integer from 1 to 4094")]
    #[case("a:1 --vlan ten", "VLAN ID `ten` is not an integer from 1 to 4094")]
    #[case("a:1 --allowed 10-5", "10-5")]
    #[case("a:1 --vlan 100 --vni 5", "cannot be used with")]
    #[case(
        "a:1 --vlan 100 --network-type flat",
        "`--network-type flat` does not go with a vlan network"
    )]
    #[case("a:1 --vlan 100 --lacp-rate fast", "--lag")]
    #[case("a:1 --mtu 12", "MTU `12` is not an integer from 68 to 9216")]
    #[case("leaf-01/swp1 --vlan 100", "a port is written SWITCH:PORT, such as `leaf-01:swp1`")]
    fn bad_options_are_refused(#[case] line: &str, #[case] message: &str) {
        let error = check(line).unwrap_err();
        assert!(error.contains(message), "{error}");
    }
}
