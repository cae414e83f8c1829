//! One exchange of each method, for the document.

use serde_json::{Value, json};

use crate::method::Method;

/// An OpenRPC example pairing object; none for `rpc.discover`, whose answer is the document.
pub(super) fn of(method: Method) -> Option<Value> {
    let (context, answer) = match method {
        Method::Discover => return None,
        Method::GetAllowedNetworkTypes => {
            (json!({ "binding_profile": one_link() }), json!({ "network_types": ["flat", "vlan"] }))
        }
        Method::IsLinkValid => {
            (attachment(), json!({ "valid": false, "problems": ["there is no switch `leaf-09`"] }))
        }
        Method::IsPortSupported => (
            json!({ "vnic_type": "normal", "binding_profile": one_link() }),
            json!({ "supported": false, "problems": ["vnic type `normal` is not `baremetal`"] }),
        ),
        Method::AttachPort | Method::UpdatePort => (attachment(), changed()),
        Method::DetachPort => {
            (json!({ "request_id": "req-2", "binding_profile": one_link() }), changed())
        }
        Method::AddNetwork | Method::DeleteNetwork => (
            json!({
                "network": { "name": "blue", "network_type": "vxlan", "segmentation_id": 5001 },
                "native_vlan": 1000,
                "switches": ["leaf-01"],
            }),
            defined(),
        ),
        Method::Plan => (with_operation(), planned()),
        Method::Apply => (json!({ "plan_token": "v1.eyJv.5f2d" }), changed()),
        Method::Verify => (with_operation(), verified()),
        Method::ReadPort => (json!({ "binding_profile": one_link() }), read()),
        Method::ResolvePort => (json!({ "binding_profile": one_link() }), resolved()),
        Method::ListSwitches => (json!({ "user": "noc" }), listed()),
        Method::Flush => (
            json!({ "switches": ["leaf-01"] }),
            json!({ "switches": [{ "switch": "leaf-01", "saved": true }] }),
        ),
    };
    Some(json!({
        "name": method.name(),
        "params": [{ "name": "context", "value": context }],
        "result": { "name": "answer", "value": answer },
    }))
}

fn one_link() -> Value {
    json!({
        "local_link_information": [
            { "switch_id": "52:54:00:12:34:56", "switch_info": "leaf-01", "port_id": "swp7" }
        ]
    })
}

fn attachment() -> Value {
    json!({
        "request_id": "req-1",
        "user": "ironic",
        "reason": "deploy node 7f3c",
        "host_id": "7f3c",
        "portgroup_id": "bond0",
        "network": {
            "id": "b1ce",
            "name": "blue",
            "network_type": "vlan",
            "segmentation_id": 120,
            "physical_network": "physnet1",
            "mtu": 9000,
        },
        "mode": "trunk",
        "native_vlan": 120,
        "allowed_vlans": "200-210",
        "port_config": { "description": "node 7f3c", "admin": "up" },
        "binding_profile": {
            "local_link_information": [
                { "switch_info": "leaf-01", "port_id": "swp7" },
                { "switch_info": "leaf-02", "port_id": "swp7" },
            ],
            "local_group_information": {
                "bond_mode": "802.3ad",
                "bond_properties": { "lacp_rate": "fast", "miimon": 100 },
            },
        },
        "timeout_ms": 20_000,
        "deadline": "2030-01-01T00:00:00Z",
    })
}

fn with_operation() -> Value {
    json!({
        "operation": "attach_port",
        "network": { "network_type": "vlan", "segmentation_id": 120 },
        "binding_profile": one_link(),
    })
}

fn on_blue() -> Value {
    json!({ "vlans": { "mode": "access", "vlan": 120 }, "admin": "up" })
}

fn changed() -> Value {
    json!({
        "request_id": "req-1",
        "change_id": "5f2d2a52-7e4c-4a4e-9a50-3a0d2f1c9b10",
        "outcome": "applied",
        "links": [{
            "switch": "leaf-01",
            "port": "swp7",
            "outcome": "applied",
            "changes": ["port swp7: access 4000 → access 120"],
            "operations": ["update Port swp7: tag=120"],
            "verified": true,
            "observed": on_blue(),
            "status": { "link": "up" },
        }],
        "save": "implicit",
        "duration_ms": 4,
    })
}

fn defined() -> Value {
    json!({
        "request_id": "req-3",
        "outcome": "unchanged",
        "links": [{
            "switch": "leaf-01",
            "vxlan": { "vni": 5001, "vlan": 1000 },
            "outcome": "already_so",
            "changes": [],
            "operations": [],
            "verified": true,
        }],
        "save": "implicit",
        "duration_ms": 2,
    })
}

fn planned() -> Value {
    json!({
        "request_id": "req-4",
        "plan_token": "v1.eyJv.5f2d",
        "empty": false,
        "links": [{
            "switch": "leaf-01",
            "ports": ["swp7"],
            "changes": ["port swp7: access 4000 → access 120"],
            "inverse": ["port swp7: access 120 → access 4000"],
            "operations": ["update Port swp7: tag=120"],
            "diff": [{
                "target": "port swp7",
                "member": "vlans",
                "from": "access 4000",
                "to": "access 120",
            }],
        }],
    })
}

fn verified() -> Value {
    json!({
        "state": "differs",
        "ports": [{
            "switch": "leaf-01",
            "port": "swp7",
            "state": "differs",
            "differences": [{
                "member": "vlans",
                "wanted": "access 120",
                "observed": "access 130",
            }],
        }],
    })
}

fn read() -> Value {
    json!({
        "ports": [{
            "switch": "leaf-01",
            "port": "swp7",
            "config": { "admin": "up" },
            "lag": {
                "name": "bond-7f3c",
                "settings": { "mode": "active", "rate": "fast" },
                "members": ["swp7", "swp8"],
                "config": on_blue(),
            },
            "status": { "link": "up", "lacp": "current" },
        }],
    })
}

fn resolved() -> Value {
    json!({
        "links": [{
            "given": { "switch_info": "leaf-01", "port_id": "Eth7" },
            "switch": "leaf-01",
            "port": "swp7",
            "matched": "alias",
            "candidates": [{ "port": "swp7", "matched": "alias" }],
        }],
    })
}

fn listed() -> Value {
    json!({
        "switches": [{
            "name": "leaf-01",
            "driver": "ovsdb",
            "switch_ids": ["52:54:00:12:34:56"],
            "physical_networks": ["physnet1"],
            "idle": "VLAN 4000",
            "capabilities": { "access": true, "trunk": true },
            "connected": true,
            "pending_save": { "changes": 2, "since_ms": 1200 },
            "in_doubt": [{
                "port": "swp7",
                "since": "2030-01-01T00:00:00Z",
                "request_id": "req-1",
                "change_id": "5f2d2a52-7e4c-4a4e-9a50-3a0d2f1c9b10",
            }],
            "allowed_vlans": "100-199",
            "create_vlans": false,
            "vxlan_vlans": "1000-1999",
        }],
    })
}
