//! What a call that went well is answered with: mostly what was given, as Ironic's own service does.
//! A conductor writes it into its log and reads nothing in it.

use serde_json::{Value, json};
use switch::SwitchReading;

use super::params::Params;

/// The answer to `update_port`.
pub(super) fn updated(given: Params) -> Value {
    let names = ["switch_id", "port_name", "description", "mode", "native_vlan"];
    let more = ["allowed_vlans", "default_vlan", "lag_name"];
    echo(given, names.into_iter().chain(more), [("status", json!("configured"))])
}

/// The answer to `reset_port`. `native_vlan` is the VLAN that was taken away.
pub(super) fn reset(given: Params) -> Value {
    let names = ["switch_id", "port_name", "native_vlan", "default_vlan"];
    let fixed = [
        ("description", json!("Default port configuration")),
        ("mode", json!("access")),
        ("allowed_vlans", json!([])),
        ("status", json!("reset")),
    ];
    echo(given, names, fixed)
}

/// The answer to `update_lag`, in the manner of `update_port`: Ironic's own service has none.
pub(super) fn lag_updated(given: Params) -> Value {
    let names = ["switch_ids", "lag_name", "description", "mode", "native_vlan"];
    let more = ["aggregation_mode", "allowed_vlans", "default_vlan"];
    echo(given, names.into_iter().chain(more), [("status", json!("configured"))])
}

/// The answer to `delete_lag`, in the manner of `reset_port`.
pub(super) fn lag_deleted(given: Params) -> Value {
    echo(given, ["switch_ids", "lag_name"], [("status", json!("deleted"))])
}

fn echo<const N: usize>(
    mut given: Params,
    names: impl IntoIterator<Item = &'static str>,
    fixed: [(&str, Value); N],
) -> Value {
    let given = names.into_iter().map(|name| match (name, given.take(name)) {
        ("allowed_vlans", Value::Null) => (name, json!([])),
        given => given,
    });
    let answer = given.chain(fixed).map(|(name, value)| (name.to_owned(), value));
    Value::Object(answer.collect())
}

/// The answer to `get_switches`: every switch that the caller may read, by name. `allowed_vlans` is
/// the text that Ironic's own service makes of it: null for all, else every VLAN by itself.
pub(super) fn switches(readings: &[SwitchReading]) -> Value {
    let entries = readings.iter().map(|reading| {
        let settings = reading.switch.settings();
        let name = settings.name.as_str();
        let allowed = settings.allowed_vlans.as_ref().map(|vlans| {
            let ids: Vec<_> = vlans.iter().map(|vlan| vlan.to_string()).collect();
            ids.join(",")
        });
        let entry = json!({
            "switch_id": name,
            "device_name": name,
            "device_type": reading.switch.driver().name(),
            "allowed_vlans": allowed,
        });
        (name.to_owned(), entry)
    });
    Value::Object(entries.collect())
}
