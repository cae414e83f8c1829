//! The method table: which methods there are, and which members of the context each takes.
//!
//! The dispatcher, the check of a request's members and the OpenRPC document all read this table,
//! so they cannot disagree.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    error::RpcError,
    wire::{Context, Operation},
};

/// A method of the switch service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// `get_allowed_network_types`.
    GetAllowedNetworkTypes,
    /// `is_link_valid`.
    IsLinkValid,
    /// `is_port_supported`.
    IsPortSupported,
    /// `attach_port`.
    AttachPort,
    /// `detach_port`.
    DetachPort,
    /// `update_port`.
    UpdatePort,
    /// `add_network`.
    AddNetwork,
    /// `delete_network`.
    DeleteNetwork,
    /// `plan`.
    Plan,
    /// `apply`.
    Apply,
    /// `verify`.
    Verify,
    /// `read_port`.
    ReadPort,
    /// `resolve_port`.
    ResolvePort,
    /// `list_switches`.
    ListSwitches,
    /// `flush`.
    Flush,
    /// `rpc.discover`, the only one that takes no context.
    Discover,
}

/// Members that every method with a context takes: who, why, and for how long.
const COMMON: &[&str] = &["request_id", "user", "reason", "timeout_ms", "deadline"];
/// Which server.
const SERVER: &[&str] = &["host_id", "port_id", "portgroup_id"];
/// What its port shall be.
const WANTED: &[&str] = &[
    "vnic_type",
    "network",
    "mode",
    "native_vlan",
    "allowed_vlans",
    "port_config",
    "binding_profile",
];
const PLUGGED: &[&str] = &["binding_profile"];
const DETACHED: &[&str] = &["vnic_type", "binding_profile"];
const DEFINED: &[&str] = &["network", "native_vlan", "switches"];
const SWITCHES: &[&str] = &["switches"];

impl Method {
    /// All methods, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::GetAllowedNetworkTypes,
        Self::IsLinkValid,
        Self::IsPortSupported,
        Self::AttachPort,
        Self::DetachPort,
        Self::UpdatePort,
        Self::AddNetwork,
        Self::DeleteNetwork,
        Self::Plan,
        Self::Apply,
        Self::Verify,
        Self::ReadPort,
        Self::ResolvePort,
        Self::ListSwitches,
        Self::Flush,
        Self::Discover,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GetAllowedNetworkTypes => "get_allowed_network_types",
            Self::IsLinkValid => "is_link_valid",
            Self::IsPortSupported => "is_port_supported",
            Self::AttachPort => "attach_port",
            Self::DetachPort => "detach_port",
            Self::UpdatePort => "update_port",
            Self::AddNetwork => "add_network",
            Self::DeleteNetwork => "delete_network",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::ReadPort => "read_port",
            Self::ResolvePort => "resolve_port",
            Self::ListSwitches => "list_switches",
            Self::Flush => "flush",
            Self::Discover => "rpc.discover",
        }
    }

    /// What the method does, in one line.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::GetAllowedNetworkTypes => "The network types that the switches meant can carry",
            Self::IsLinkValid => {
                "Whether a request says enough, and the right things, to be acted upon"
            }
            Self::IsPortSupported => "Whether the port is of a kind that can be worked on",
            Self::AttachPort => "Puts a port or a LAG on a network, on all links or on none",
            Self::DetachPort => {
                "Takes a port or a LAG off its network and leaves it in the idle state"
            }
            Self::UpdatePort => "Brings an attached port or LAG to what the request says",
            Self::AddNetwork => "Defines a network on switches where VLANs have to exist",
            Self::DeleteNetwork => "Removes the definition of a network from switches",
            Self::Plan => {
                "Shows what would be sent and what would be different, and touches nothing"
            }
            Self::Apply => "Carries out a plan, if nothing has changed since it was made",
            Self::Verify => "Compares what the caller believes with what is there",
            Self::ReadPort => "Reads ports and their LAGs as they are",
            Self::ResolvePort => {
                "Finds the port that a link means, by name, alias, index or MAC address"
            }
            Self::ListSwitches => "The switches, what they can do and what is pending",
            Self::Flush => "Saves the running configuration of switches now",
            Self::Discover => "This document",
        }
    }

    /// Whether the method can change a switch.
    pub const fn changes(self) -> bool {
        matches!(
            self,
            Self::AttachPort
                | Self::DetachPort
                | Self::UpdatePort
                | Self::AddNetwork
                | Self::DeleteNetwork
                | Self::Apply
                | Self::Flush
        )
    }

    /// The members of the context that mean something to the method.
    pub fn members(self) -> Vec<&'static str> {
        let parts: &[&[&str]] = match self {
            Self::GetAllowedNetworkTypes => &[COMMON, SERVER, DETACHED],
            Self::IsLinkValid | Self::IsPortSupported | Self::AttachPort | Self::UpdatePort => {
                &[COMMON, SERVER, WANTED]
            }
            Self::DetachPort => &[COMMON, SERVER, DETACHED],
            Self::AddNetwork | Self::DeleteNetwork => &[COMMON, DEFINED],
            Self::Plan | Self::Verify => &[COMMON, &["operation"], SERVER, WANTED, SWITCHES],
            Self::Apply => &[COMMON, &["plan_token"]],
            Self::ReadPort | Self::ResolvePort => &[COMMON, SERVER, PLUGGED],
            Self::ListSwitches | Self::Flush => &[COMMON, SWITCHES],
            Self::Discover => &[],
        };
        parts.concat()
    }

    /// The members without which the method cannot do anything.
    pub const fn required(self) -> &'static [&'static str] {
        match self {
            Self::AttachPort
            | Self::DetachPort
            | Self::UpdatePort
            | Self::ReadPort
            | Self::ResolvePort => PLUGGED,
            Self::AddNetwork | Self::DeleteNetwork => &["network"],
            Self::Plan | Self::Verify => &["operation"],
            Self::Apply => &["plan_token"],
            Self::GetAllowedNetworkTypes
            | Self::IsLinkValid
            | Self::IsPortSupported
            | Self::ListSwitches
            | Self::Flush
            | Self::Discover => &[],
        }
    }

    /// Reads the parameters of a call: exactly one member, `context`, whose members mean something
    /// to this method.
    ///
    /// Errors are `-32602` and name the member by its path.
    pub fn read_params(self, mut params: Map<String, Value>) -> Result<Context, RpcError> {
        let context = params.remove("context");
        if let Some(other) = params.keys().next() {
            let takes =
                if self == Self::Discover { "no parameters" } else { "one parameter, `context`" };
            return Err(refused(format!(
                "`{self}` has no parameter `{}`: it takes {takes}",
                shown(other)
            )));
        }
        let members = match (self, context) {
            (Self::Discover, None) => return Ok(Context::default()),
            (Self::Discover, Some(_)) => {
                return Err(refused(format!("`{self}` takes no parameters")));
            }
            (_, Some(Value::Object(members))) => members,
            (_, Some(_)) => return Err(refused(format!("`{self}`: `context` is not an object"))),
            (_, None) => return Err(refused(format!("`{self}` needs the parameter `context`"))),
        };
        self.check_members(&self.to_string(), &members)?;
        let context = read_context(members)?;
        if let Some(operation) = context.operation {
            // Exhaustive by construction: what was given serialises to what was read.
            let given = serde_json::to_value(&context).unwrap_or_default();
            if let Value::Object(mut given) = given {
                given.remove("operation");
                let wanted = Self::from(operation);
                wanted.check_members(&format!("{self} of {wanted}"), &given)?;
            }
        }
        Ok(context)
    }

    fn check_members(self, whom: &str, given: &Map<String, Value>) -> Result<(), RpcError> {
        let takes = self.members();
        if let Some(other) = given.keys().find(|name| !takes.contains(&name.as_str())) {
            let problem = if known(other) {
                format!("`context.{other}` means nothing to `{whom}`")
            } else {
                format!("`context.{}` is unknown", shown(other))
            };
            let takes = takes.iter().map(|name| format!("`{name}`"));
            let takes: Vec<_> = takes.collect();
            return Err(refused(format!("{problem}; `{whom}` takes {}", takes.join(", "))));
        }
        let absent = |name: &&&str| given.get(**name).is_none_or(Value::is_null);
        match self.required().iter().find(absent) {
            Some(missing) => Err(refused(format!("`{whom}` needs `context.{missing}`"))),
            None => Ok(()),
        }
    }
}

fn known(member: &str) -> bool {
    member == "operation" || member == "plan_token" || {
        [COMMON, SERVER, WANTED, SWITCHES].iter().any(|part| part.contains(&member))
    }
}

fn refused(message: String) -> RpcError {
    RpcError::invalid_params(message)
}

/// A caller's text in an error: short, and without control characters.
fn shown(text: &str) -> String {
    model::Invalid::new("", text, "").value
}

fn read_context(members: Map<String, Value>) -> Result<Context, RpcError> {
    let context: Context =
        serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| {
            let path = error.path().to_string();
            let cause = error.into_inner();
            if path == "." {
                refused(format!("`context`: {cause}"))
            } else {
                refused(format!("`context.{path}`: {cause}"))
            }
        })?;
    if let Some(network) = &context.network {
        network.segment().map_err(|problem| refused(format!("`context.network`: {problem}")))?;
    }
    Ok(context)
}

impl From<Operation> for Method {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::AttachPort => Self::AttachPort,
            Operation::DetachPort => Self::DetachPort,
            Operation::UpdatePort => Self::UpdatePort,
            Operation::AddNetwork => Self::AddNetwork,
            Operation::DeleteNetwork => Self::DeleteNetwork,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = RpcError;

    fn from_str(text: &str) -> Result<Self, RpcError> {
        Self::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(|method| format!("`{method}`"));
            RpcError::method_not_found(format!(
                "there is no method `{}`; there are {}",
                shown(text),
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn check(method: &str, params: Value) -> Result<Context, String> {
        let Value::Object(params) = params else { panic!("parameters are an object") };
        let method: Method = method.parse().map_err(|e: RpcError| e.message)?;
        method.read_params(params).map_err(|error| {
            assert_eq!(error.code, crate::error::INVALID_PARAMS);
            error.message
        })
    }

    #[test]
    fn the_table_names_every_member_of_the_context_and_no_other() {
        let schema = schemars::schema_for!(Context);
        let known: std::collections::BTreeSet<_> =
            schema.as_value()["properties"].as_object().unwrap().keys().cloned().collect();
        let table: std::collections::BTreeSet<_> =
            Method::ALL.into_iter().flat_map(Method::members).map(str::to_owned).collect();
        assert_eq!(table, known);
        for method in Method::ALL {
            let members = method.members();
            assert!(method.required().iter().all(|m| members.contains(m)), "{method}");
        }
        assert!(table.iter().all(|member| super::known(member)));
    }

    #[test]
    fn an_attachment_is_read() {
        let context = check(
            "attach_port",
            json!({"context": {
                "request_id": "r1",
                "network": {"network_type": "vlan", "segmentation_id": 100},
                "mode": "trunk",
                "allowed_vlans": "200-210",
                "deadline": "2030-01-01T00:00:00Z",
                "binding_profile": {"local_link_information": [
                    {"switch_id": "52:54:00:00:00:01", "port_id": "swp1", "switch_info": "leaf-01"}
                ]},
            }}),
        )
        .unwrap();
        assert_eq!(context.request_id.as_deref(), Some("r1"));
        assert_eq!(context.mode, Some(crate::wire::PortMode::Trunk));
        assert_eq!(context.allowed_vlans.unwrap().to_string(), "200-210");
        assert_eq!(context.binding_profile.unwrap().local_link_information.len(), 1);
    }

    #[rstest]
    #[case("atach_port", json!({}), "there is no method `atach_port`; there are `get_allowed")]
    #[case("flush", json!({}), "`flush` needs the parameter `context`")]
    #[case("flush", json!({"context": 1}), "`flush`: `context` is not an object")]
    #[case("flush", json!({"context": {}, "x": 1}), "`flush` has no parameter `x`: it takes one parameter, `context`")]
    #[case("rpc.discover", json!({"context": {}}), "`rpc.discover` takes no parameters")]
    #[case("flush", json!({"context": {"switchs": []}}), "`context.switchs` is unknown; `flush` takes `request_id`, `user`, `reason`, `timeout_ms`, `deadline`, `switches`")]
    #[case("flush", json!({"context": {"network": {}}}), "`context.network` means nothing to `flush`; `flush` takes")]
    #[case("flush", json!({"context": {"switches": ["a/b"]}}), "`context.switches[0]`: switch name `a/b` holds `/`")]
    #[case("flush", json!({"context": {"switches": []}}), "`context.switches`: has 0 switches; 1 to 1024 are allowed")]
    #[case("apply", json!({"context": {}}), "`apply` needs `context.plan_token`")]
    #[case("attach_port", json!({"context": {}}), "`attach_port` needs `context.binding_profile`")]
    #[case("plan", json!({"context": {"operation": "detach_port", "mode": "access", "binding_profile": {"local_link_information": [{}]}}}), "`context.mode` means nothing to `plan of detach_port`")]
    #[case("plan", json!({"context": {"operation": "attach_port"}}), "`plan of attach_port` needs `context.binding_profile`")]
    #[case("add_network", json!({"context": {"network": {"network_type": "vlan", "segmentation_id": 0}}}), "`context.network`: VLAN ID `0` is not an integer from 1 to 4094")]
    #[case("add_network", json!({"context": {"network": {"network_type": "vlan", "segmentation_id": 4095}}}), "`context.network`: VLAN ID `4095` is not an integer from 1 to 4094")]
    #[case("add_network", json!({"context": {"network": {"network_type": "vlan", "segmentation_id": "ten"}}}), "`context.network.segmentation_id`: invalid type: string \"ten\"")]
    #[case("add_network", json!({"context": {"network": {"network_type": "vlan", "vlan": 1}}}), "`context.network.vlan`: unknown field `vlan`, expected one of `id`, `name`")]
    #[case("is_link_valid", json!({"context": {"native_vlan": 4095}}), "`context.native_vlan`: VLAN ID `4095` is not an integer from 1 to 4094")]
    #[case("is_link_valid", json!({"context": {"allowed_vlans": "10,x"}}), "`context.allowed_vlans`: VLAN set `10,x` is not like")]
    #[case("is_link_valid", json!({"context": {"port_config": {"description": "a\"b"}}}), "`context.port_config.description`: description `a\\\"b` holds `\\\"`")]
    #[case("is_link_valid", json!({"context": {"timeout_ms": 0}}), "`context.timeout_ms`: `0` is not a number of milliseconds from 1 to 600000")]
    #[case("is_link_valid", json!({"context": {"timeout_ms": 600_001}}), "`context.timeout_ms`: `600001` is not")]
    #[case("is_link_valid", json!({"context": {"deadline": "tomorrow"}}), "`context.deadline`: ")]
    #[case("is_link_valid", json!({"context": {"request_id": ""}}), "`context.request_id`: is empty; leave it out instead")]
    #[case("is_link_valid", json!({"context": {"request_id": "a\nb"}}), "`context.request_id`: holds the control character `\\n`")]
    #[case("is_link_valid", json!({"context": {"reason": "x".repeat(1025)}}), "`context.reason`: is 1025 characters long, 1024 are allowed")]
    #[case("is_link_valid", json!({"context": {"binding_profile": {"local_link_information": []}}}), "`context.binding_profile.local_link_information`: has 0 links; 1 to 16 are allowed")]
    #[case("is_link_valid", json!({"context": {"binding_profile": {"local_link_information": [{"port": "swp1"}]}}}), "`context.binding_profile.local_link_information[0].port`: unknown field `port`, expected one of `switch_id`")]
    fn bad_parameters_are_refused_with_their_place(
        #[case] method: &str,
        #[case] params: Value,
        #[case] message: &str,
    ) {
        let error = check(method, params).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }

    #[test]
    fn what_a_client_writes_is_what_the_server_reads() {
        let context = Context {
            user: Some("ops".to_owned()),
            switches: vec!["leaf-01".parse().unwrap()],
            timeout_ms: Some(5),
            ..Context::default()
        };
        let params = json!({ "context": context });
        assert_eq!(check("flush", params).unwrap(), context);
    }
}
