//! Switches: the list, and one of them in detail.

use std::fmt::Write as _;

use rpc::wire::{NetworkTypesAnswer, SwitchInfo, SwitchesAnswer};
use serde_json::Value;

use super::{Look, Shown, Tone, count, duration_ms, indented, maybe, safe};

/// The answer of `list_switches`.
pub(crate) fn list(look: Look, answer: &SwitchesAnswer) -> String {
    if answer.switches.is_empty() {
        return "no switch that this caller may see\n".to_owned();
    }
    let mut rows = look.table([
        "SWITCH",
        "DRIVER",
        "SESSION",
        "PHYSICAL NETWORKS",
        "IDLE",
        "ALLOWED VLANS",
        "UNSAVED",
        "IN DOUBT",
    ]);
    for switch in &answer.switches {
        rows.add([
            Shown::toned(Tone::Strong, &switch.name),
            Shown::from(&switch.driver),
            session(switch),
            joined(&switch.physical_networks).into(),
            Shown::from(&switch.idle),
            maybe(switch.allowed_vlans.as_ref()),
            unsaved(switch),
            in_doubt(switch),
        ]);
    }
    rows.to_string()
}

/// One switch of the answer of `list_switches`.
pub(crate) fn show(look: Look, switch: &SwitchInfo) -> String {
    let mut out = format!("{}\n", look.paint(Tone::Strong, &switch.name));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "  {name:<18} {}", indented(value, 21));
        }
    };
    line("driver", &switch.driver);
    line("session", if switch.connected { "open" } else { "none" });
    line("switch ids", &switch.switch_ids.join(", "));
    line("physical networks", &joined(&switch.physical_networks));
    let flat = switch.flat_networks.iter().map(|(name, vlan)| format!("{name} = VLAN {vlan}"));
    line("flat networks", &flat.collect::<Vec<_>>().join("\n"));
    line("a detached port is", &switch.idle);
    let allowed = switch.allowed_vlans.as_ref().map(ToString::to_string);
    line("allowed VLANs", allowed.as_deref().unwrap_or("what the policy allows"));
    let vxlan = switch.vxlan_vlans.as_ref().map(ToString::to_string);
    line("VLANs for VXLANs", &vxlan.unwrap_or_default());
    line("missing VLANs are", if switch.create_vlans { "defined" } else { "" });
    line("unsaved", &unsaved(switch).text);
    let doubts = switch.in_doubt.iter().map(|doubt| {
        format!(
            "{} since {}, request {}, change {}",
            doubt.port,
            doubt.since.strftime("%Y-%m-%d %H:%M:%SZ"),
            doubt.request_id,
            doubt.change_id
        )
    });
    line("in doubt", &doubts.collect::<Vec<_>>().join("\n"));
    let mut can = Vec::new();
    flatten("", &switch.capabilities, &mut can);
    line("can do", &can.join("\n"));
    out
}

/// The answer of `get_allowed_network_types`.
pub(crate) fn types(answer: &NetworkTypesAnswer) -> String {
    answer.network_types.iter().fold(String::new(), |out, kind| out + &format!("{kind}\n"))
}

fn joined<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn session(switch: &SwitchInfo) -> Shown {
    match switch.connected {
        true => Shown::toned(Tone::Good, "open"),
        false => "none".into(),
    }
}

fn unsaved(switch: &SwitchInfo) -> Shown {
    switch.pending_save.as_ref().map_or_else(Shown::default, |pending| {
        let changes = usize::try_from(pending.changes).unwrap_or(usize::MAX);
        let changes = count(changes, "change", "changes");
        let since = duration_ms(pending.since_ms);
        match &pending.failed {
            None => Shown::toned(Tone::Odd, format!("{changes} for {since}")),
            Some(why) => Shown::toned(Tone::Bad, format!("{changes} for {since}: {why}")),
        }
    })
}

fn in_doubt(switch: &SwitchInfo) -> Shown {
    if switch.in_doubt.is_empty() {
        return Shown::default();
    }
    let mut ports: Vec<_> = switch.in_doubt.iter().map(|doubt| &doubt.port).collect();
    ports.dedup();
    Shown::toned(Tone::Bad, joined(&ports))
}

/// Capabilities as lines `lag.fallback: yes`; what a switch cannot do is a line too.
fn flatten(path: &str, value: &Value, lines: &mut Vec<String>) {
    let text = match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('_', " ");
                let path = if path.is_empty() { name } else { format!("{path}: {name}") };
                flatten(&path, value, lines);
            }
            return;
        }
        Value::Null | Value::Bool(false) => "no".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::String(text) => text.replace('_', " "),
        Value::Array(items) => {
            let items =
                items.iter().map(|item| item.as_str().map_or(item.to_string(), str::to_owned));
            items.collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number.to_string(),
    };
    lines.push(safe(&format!("{path}: {text}")));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn switches() -> SwitchesAnswer {
        serde_json::from_value(json!({"switches": [
            {"name": "leaf-01", "driver": "ovsdb", "switch_ids": ["52:54:00:00:00:01"],
             "physical_networks": ["physnet1"], "idle": "VLAN 4000",
             "capabilities": {"access": true, "lag": {"lacp": true, "mlag": false}, "atomicity": "transaction"},
             "connected": true, "pending_save": {"changes": 3, "since_ms": 40_000},
             "in_doubt": [{"port": "swp4", "since": "2026-11-21T20:00:00Z", "request_id": "req-9", "change_id": "c1"}],
             "allowed_vlans": "100-199", "flat_networks": {"physnet1": 10},
             "create_vlans": true, "vxlan_vlans": "1000-1999"},
            {"name": "leaf-02", "driver": "noop", "switch_ids": [], "physical_networks": [],
             "idle": "shut", "capabilities": {}, "connected": false, "in_doubt": []},
        ]}))
        .unwrap()
    }

    #[test]
    fn the_list() {
        insta::assert_snapshot!(list(Look::default(), &switches()), @r"
         SWITCH    DRIVER   SESSION   PHYSICAL NETWORKS   IDLE        ALLOWED VLANS   UNSAVED                IN DOUBT
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
         leaf-01   ovsdb    open      physnet1            VLAN 4000   100-199         3 changes for 40.0 s   swp4
         leaf-02   noop     none                          shut
        ");
    }

    #[test]
    fn one_in_detail() {
        insta::assert_snapshot!(show(Look::default(), &switches().switches[0]), @r"
        leaf-01
          driver             ovsdb
          session            open
          switch ids         52:54:00:00:00:01
          physical networks  physnet1
          flat networks      physnet1 = VLAN 10
          a detached port is VLAN 4000
          allowed VLANs      100-199
          VLANs for VXLANs   1000-1999
          missing VLANs are  defined
          unsaved            3 changes for 40.0 s
          in doubt           swp4 since 2026-11-21 20:00:00Z, request req-9, change c1
          can do             access: yes
                             atomicity: transaction
                             lag: lacp: yes
                             lag: mlag: no
        ");
    }

    #[test]
    fn nothing_to_see() {
        let none = SwitchesAnswer { switches: Vec::new() };
        assert_eq!(list(Look::default(), &none), "no switch that this caller may see\n");
    }
}
