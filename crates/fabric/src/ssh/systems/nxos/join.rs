//! `channel-group`: who may join a port channel.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, LagMode, Port};
use super::super::grammar::Values;
use crate::ssh::device::Reply;

const HINT: &str = "** You can use force option to override the port's parameters
** (e.g. \"channel-group X force\")
** Use \"show port-channel compatibility-parameters\" to get more information on failure
";

/// Puts a port into a port channel. A channel that is not there is made, with the port's lines.
pub(super) fn join(config: &mut Config, name: &IfName, values: &Values, is_forced: bool) -> Reply {
    if name.kind != Kind::Port {
        return Reply::text(" ^\n% Invalid command at '^' marker.");
    }
    let (lag, word) = (values.number(), values.text(0));
    let mode = LagMode::new(if word.is_empty() { "on" } else { word });
    let own = config.ports.get(name).cloned().unwrap_or_default();
    if own.group == Some((lag, mode)) {
        return Reply::silent();
    }
    let is_other = |other: &LagMode| other.is_lacp() != mode.is_lacp();
    if config.lag_mode(lag).as_ref().is_some_and(is_other) {
        return Reply::text(
            "Port-channel mode cannot be changed in a non-empty port-channel, and port mode must \
             match with port-channel mode",
        );
    }
    if let Some((other, _)) = own.group.filter(|(other, _)| *other != lag) {
        return Reply::text(format!(
            "command failed: port already in a port-channel [port-channel{other}]"
        ));
    }
    let channel =
        config.ports.entry(IfName::lag(lag)).or_insert_with(|| copy(&own, Port::default())).clone();
    if let Some(what) = difference(&own, &channel)
        && !is_forced
    {
        return Reply::text(format!("command failed: port not compatible [{what}]\n{HINT}"));
    }
    let joined = Port { group: Some((lag, mode)), ..copy(&channel, own) };
    config.ports.insert(name.clone(), joined);
    Reply::silent()
}

/// The second with the parameters of the first that a channel and its members share.
fn copy(from: &Port, mut to: Port) -> Port {
    to.set_line("speed", from.line("speed").map(str::to_owned));
    Port {
        is_routed: from.is_routed,
        mode: from.mode,
        access: from.access,
        native: from.native,
        allowed: from.allowed.clone(),
        mtu: from.mtu,
        ..to
    }
}

/// The first parameter in which a port and a channel differ, as NX-OS names it.
fn difference(port: &Port, channel: &Port) -> Option<&'static str> {
    let is_l2 = !channel.is_routed;
    let checks = [
        (port.is_routed != channel.is_routed, "switching port"),
        (is_l2 && port.mode != channel.mode, "port mode"),
        (is_l2 && port.access != channel.access, "access VLAN"),
        (is_l2 && port.native != channel.native, "port native VLAN"),
        (is_l2 && port.allowed != channel.allowed, "port allowed VLAN list"),
        (port.line("speed") != channel.line("speed"), "speed"),
        (port.mtu != channel.mtu, "MTU"),
    ];
    checks.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
}
