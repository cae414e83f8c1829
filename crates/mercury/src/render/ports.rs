//! Ports as they are, and which port a text means.

use std::fmt::Write as _;

use model::PortConfig;
use rpc::wire::{LacpState, LagRead, MatchedBy, PortStatus, ReadAnswer, ResolveAnswer, Vxlan};

use super::{Look, Shown, Tone, maybe};

/// A port's configuration in a few words: `access 100, shut, MTU 9000`.
pub(crate) fn config_line(config: &PortConfig) -> String {
    let PortConfig { vlans, admin, description: _, mtu, stp_edge, bpdu_guard } = config;
    let mut words = Vec::new();
    words.extend(vlans.as_ref().map(ToString::to_string));
    if *admin == Some(model::AdminState::Down) {
        words.push("shut".to_owned());
    }
    words.extend(mtu.map(|mtu| format!("MTU {mtu}")));
    if *stp_edge == Some(true) {
        words.push("STP edge".to_owned());
    }
    if *bpdu_guard == Some(true) {
        words.push("BPDU guard".to_owned());
    }
    words.join(", ")
}

/// Whether the link is up, and what is wrong with it.
pub(crate) fn link(status: &PortStatus) -> Shown {
    match (&status.error, status.link) {
        (Some(error), _) => Shown::toned(Tone::Bad, error),
        (None, Some(model::AdminState::Up)) => Shown::toned(Tone::Good, "up"),
        (None, Some(model::AdminState::Down)) => Shown::toned(Tone::Odd, "down"),
        (None, None) => Shown::default(),
    }
}

/// Where LACP stands.
pub(crate) fn lacp(status: &PortStatus) -> Shown {
    match status.lacp {
        Some(LacpState::Current) => Shown::toned(Tone::Good, "current"),
        Some(LacpState::NoPartner) => Shown::toned(Tone::Odd, "no partner"),
        None => Shown::default(),
    }
}

/// The VXLANs on a switch, and their VLANs there: `VNI 5001 = VLAN 1000`.
pub(crate) fn vxlans<'a>(vxlans: impl IntoIterator<Item = &'a Vxlan>) -> String {
    let shown = vxlans.into_iter().map(|Vxlan { vni, vlan }| format!("VNI {vni} = VLAN {vlan}"));
    shown.collect::<Vec<_>>().join(", ")
}

/// The answer of `read_port`.
pub(crate) fn read(look: Look, answer: &ReadAnswer) -> String {
    let mut rows = look.table([
        "SWITCH",
        "PORT",
        "LAG",
        "CARRIES",
        "VXLAN",
        "LINK",
        "LACP",
        "MTU",
        "DESCRIPTION",
    ]);
    for port in &answer.ports {
        let carries = port.lag.as_ref().map_or(&port.config, |lag| &lag.config);
        rows.add([
            Shown::from(&port.switch),
            Shown::from(&port.port),
            maybe(port.lag.as_ref().map(|lag| &lag.name)),
            config_line(&PortConfig {
                mtu: None,
                admin: port.config.admin.or(carries.admin),
                ..carries.clone()
            })
            .into(),
            vxlans(&port.vxlans).into(),
            link(&port.status),
            lacp(&port.status),
            maybe(port.status.mtu.or(port.config.mtu.map(|mtu| mtu.get().into())).as_ref()),
            maybe(port.config.description.as_ref().filter(|text| !text.is_empty())),
        ]);
    }
    let mut out = rows.to_string();
    let mut seen: Vec<(&model::SwitchName, &LagRead)> = Vec::new();
    for port in &answer.ports {
        if let Some(lag) = &port.lag
            && !seen.iter().any(|(switch, other)| *switch == &port.switch && other.name == lag.name)
        {
            seen.push((&port.switch, lag));
        }
    }
    if !seen.is_empty() {
        let mut rows = look.table(["SWITCH", "LAG", "MODE", "MEMBERS", "CARRIES"]);
        for (switch, lag) in seen {
            let members: Vec<_> = lag.members.iter().map(ToString::to_string).collect();
            rows.add([
                Shown::from(switch),
                Shown::from(&lag.name),
                Shown::from(&lag.settings),
                members.join(", ").into(),
                config_line(&lag.config).into(),
            ]);
        }
        let _ = write!(out, "\n{rows}");
    }
    out
}

/// The answer of `resolve_port`.
pub(crate) fn resolve(look: Look, answer: &ResolveAnswer) -> String {
    let mut rows = look.table(["GIVEN", "SWITCH", "PORT", "MATCHED BY"]);
    for link in &answer.links {
        let given = link.given.port_id.as_ref();
        match (&link.port, link.matched) {
            (Some(port), by) => {
                let by = by.map(matched).unwrap_or_default();
                rows.add([maybe(given), Shown::from(&link.switch), port.into(), by.into()]);
            }
            (None, _) if link.candidates.is_empty() => rows.add([
                maybe(given),
                Shown::from(&link.switch),
                Shown::toned(Tone::Bad, "none"),
                Shown::default(),
            ]),
            (None, _) => {
                for candidate in &link.candidates {
                    rows.add([
                        maybe(given),
                        Shown::from(&link.switch),
                        Shown::toned(Tone::Odd, format!("{}?", candidate.port)),
                        matched(candidate.matched).into(),
                    ]);
                }
            }
        }
    }
    rows.to_string()
}

const fn matched(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::Name => "name",
        MatchedBy::Alias => "alias",
        MatchedBy::Index => "index",
        MatchedBy::Mac => "MAC address",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_and_their_lag() {
        let lag = json!({
            "name": "bond-h1", "settings": {"mode": "active", "rate": "fast", "fallback": true},
            "members": ["swp1", "swp2"],
            "config": {"vlans": {"mode": "trunk", "native": 100, "allowed": "200-210"}},
        });
        let answer = serde_json::from_value(json!({"ports": [
            {"switch": "leaf-01", "port": "swp1", "config": {"mtu": 9000}, "lag": lag,
             "status": {"link": "up", "lacp": "current", "mtu": 9000}},
            {"switch": "leaf-01", "port": "swp2", "config": {"admin": "down"}, "lag": lag,
             "status": {"link": "down", "lacp": "no_partner"}},
            {"switch": "leaf-02", "port": "swp9",
             "config": {"vlans": {"mode": "access", "vlan": 4000}, "description": "spare\u{7}"},
             "status": {"error": "err-disabled: bpdu guard"}},
        ]}))
        .unwrap();
        insta::assert_snapshot!(read(Look::default(), &answer), @r"
         SWITCH    PORT   LAG       CARRIES                                  LINK                       LACP         MTU    DESCRIPTION
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         leaf-01   swp1   bond-h1   trunk native 100 allowed 200-210         up                         current      9000
         leaf-01   swp2   bond-h1   trunk native 100 allowed 200-210, shut   down                       no partner
         leaf-02   swp9             access 4000                              err-disabled: bpdu guard                       spare\u{7}

         SWITCH    LAG       MODE                               MEMBERS      CARRIES
        ──────────────────────────────────────────────────────────────────────────────────────────────────────
         leaf-01   bond-h1   LACP active, fast, with fallback   swp1, swp2   trunk native 100 allowed 200-210
        ");
    }

    #[test]
    fn vxlans_are_told_with_their_vlans() {
        let answer = serde_json::from_value(json!({"ports": [
            {"switch": "leaf-01", "port": "swp1", "config": {"vlans": {"mode": "access", "vlan": 1000}},
             "vxlans": [{"vni": 5001, "vlan": 1000}], "status": {"link": "up"}},
            {"switch": "leaf-01", "port": "swp2", "config": {"vlans": {"mode": "closed"}}, "status": {}},
        ]}))
        .unwrap();
        insta::assert_snapshot!(read(Look::default(), &answer), @r"
         SWITCH    PORT   CARRIES       VXLAN                  LINK
        ────────────────────────────────────────────────────────────
         leaf-01   swp1   access 1000   VNI 5001 = VLAN 1000   up
         leaf-01   swp2   closed
        ");
    }

    #[test]
    fn which_port_a_text_means() {
        let answer = serde_json::from_value(json!({"links": [
            {"given": {"switch_id": "leaf-01", "port_id": "Eth1/7"}, "switch": "leaf-01",
             "port": "Ethernet1/7", "matched": "alias",
             "candidates": [{"port": "Ethernet1/7", "matched": "alias"}]},
            {"given": {"switch_id": "leaf-01", "port_id": "7"}, "switch": "leaf-01",
             "candidates": [{"port": "swp7", "matched": "index"}, {"port": "7", "matched": "name"}]},
            {"given": {"switch_id": "leaf-01", "port_id": "nope"}, "switch": "leaf-01",
             "candidates": []},
        ]}))
        .unwrap();
        insta::assert_snapshot!(resolve(Look::default(), &answer), @r"
         GIVEN    SWITCH    PORT          MATCHED BY
        ─────────────────────────────────────────────
         Eth1/7   leaf-01   Ethernet1/7   alias
         7        leaf-01   swp7?         index
         7        leaf-01   7?            name
         nope     leaf-01   none
        ");
    }
}
