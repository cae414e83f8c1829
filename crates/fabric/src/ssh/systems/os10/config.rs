//! What the commands do.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, LagMode, Mode as Switching, Port};
use super::super::grammar::Values;
use super::commands::{Act, Line};
use super::{Mode, NAMING, Os10, Session, fresh};
use crate::ssh::device::Reply;
use crate::ssh::vlans::VlanSet;

const BOTH: &str = "% Error: Interface cannot be an access and trunk member of the same VLAN. \
One of the vlan in the range provided is already an access vlan.";

/// The port channel of the link between the two halves of a VLT pair.
const VLTI: u32 = 1000;

/// The VLAN that VLT keeps for itself.
const CONTROL_VLAN: u32 = 4094;

impl Os10 {
    pub(super) fn act(&mut self, session: &mut Session, act: Act, values: &Values) -> Reply {
        match act {
            Act::Exit => match session.mode {
                Mode::Exec => return Reply::end(),
                Mode::Global => session.mode = Mode::Exec,
                _ => session.mode = Mode::Global,
            },
            Act::End => session.mode = Mode::Exec,
            Act::Configure => {
                if self.lock.is_some_and(|holder| holder != session.number) {
                    return Reply::text("% Error: Configuration is locked by another session.");
                }
                session.mode = Mode::Global;
            }
            Act::Length => {
                let length = u16::try_from(values.number()).ok();
                session.screen.length = length.filter(|length| *length > 0);
            }
            Act::Quiet | Act::Validate => {}
            Act::Save => self.startup = self.running.clone(),
            Act::Start => {
                self.candidate.get_or_insert_with(|| self.running.clone());
            }
            Act::Commit => {
                if let Some(candidate) = self.candidate.take() {
                    self.running = candidate;
                }
            }
            Act::Discard => self.candidate = None,
            Act::Lock if self.lock.is_none() => self.lock = Some(session.number),
            Act::Lock => {
                return Reply::text("% Error: Configuration is locked by another session.");
            }
            Act::Unlock => self.lock = self.lock.filter(|holder| *holder != session.number),
            Act::Hostname => values.text(0).clone_into(&mut self.config_mut().hostname),
            Act::Keep => {
                self.config_mut().features.insert(values.raw().to_owned());
            }
            Act::Forget => {
                self.config_mut().features.remove(values.negated());
            }
            Act::VltDomain => {
                let number = values.number();
                self.config_mut().pair.get_or_insert_with(|| (number.to_string(), Vec::new()));
                session.mode = Mode::Vlt(number);
            }
            Act::NoVltDomain => self.config_mut().pair = None,
            Act::VltLine => {
                if let Some((_, lines)) = &mut self.config_mut().pair {
                    lines.push(values.raw().to_owned());
                }
            }
            Act::Interface | Act::Range => return self.interfaces(session, values.text(0)),
            Act::NoInterface | Act::NoRange => return self.no_interfaces(values.text(0)),
            Act::Port(line) => return self.port_lines(session, line, values),
            _ => return self.show(act, values),
        }
        Reply::silent()
    }

    fn interfaces(&mut self, session: &mut Session, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text("% Error: Illegal parameter.");
        };
        let has_pair = self.running.pair.is_some();
        let config = self.config_mut();
        let is_valid = |name: &IfName| match name.kind {
            Kind::Port | Kind::Management => config.ports.contains_key(name),
            Kind::Lag => (1..=2000).contains(&name.number()) && name.number() != VLTI,
            Kind::Svi => (1..=4094).contains(&name.number()),
            _ => true,
        };
        if !names.iter().all(is_valid) {
            return Reply::text("% Error: Illegal parameter.");
        }
        let is_control = |name: &IfName| name.kind == Kind::Svi && name.number() == CONTROL_VLAN;
        if has_pair && names.iter().any(is_control) {
            return Reply::text("% Error: VLAN 4094 is reserved.");
        }
        for name in &names {
            match name.kind {
                Kind::Svi => {
                    let id = u16::try_from(name.number()).unwrap_or_default();
                    config.vlans.entry(id).or_default();
                }
                _ => {
                    config.ports.entry(name.clone()).or_insert_with(fresh);
                }
            }
        }
        session.mode = Mode::Ports(names);
        Reply::silent()
    }

    fn no_interfaces(&mut self, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text("% Error: Illegal parameter.");
        };
        let is_fixed = |name: &IfName| match name.kind {
            Kind::Lag | Kind::Loopback => false,
            Kind::Svi => name.number() == 1,
            _ => true,
        };
        if names.iter().any(is_fixed) {
            return Reply::text("% Error: Illegal parameter.");
        }
        let config = self.config_mut();
        for name in names {
            if name.kind == Kind::Svi {
                delete_vlan(config, u16::try_from(name.number()).unwrap_or_default());
            } else if config.ports.remove(&name).is_some() && name.kind == Kind::Lag {
                for member in config.members_of(name.number()) {
                    config.ports.insert(member, fresh());
                }
            }
        }
        Reply::silent()
    }

    fn port_lines(&mut self, session: &Session, line: Line, values: &Values) -> Reply {
        let Mode::Ports(names) = &session.mode else {
            return Reply::silent();
        };
        let config = self.config_mut();
        for name in names {
            let done = match name.kind {
                Kind::Svi => vlan_line(config, name, line, values),
                _ => port_line(config, name, line, values),
            };
            if let Err(text) = done {
                return Reply::text(text);
            }
        }
        Reply::silent()
    }
}

/// Deletes a VLAN, everywhere.
fn delete_vlan(config: &mut Config, vlan: u16) {
    config.vlans.remove(&vlan);
    for port in config.ports.values_mut() {
        if let Some(allowed) = &mut port.allowed {
            allowed.remove(vlan);
        }
        if port.access == Some(vlan) {
            port.access = Some(1);
        }
    }
}

fn vlan_line(
    config: &mut Config,
    name: &IfName,
    line: Line,
    values: &Values,
) -> Result<(), String> {
    let id = u16::try_from(name.number()).unwrap_or_default();
    let vlan = config.vlans.entry(id).or_default();
    match line {
        Line::Description => vlan.name = Some(description(values.text(0))?),
        Line::NoDescription => vlan.name = None,
        Line::Shutdown => vlan.is_down = true,
        Line::NoShutdown => vlan.is_down = false,
        Line::Mtu | Line::NoMtu => {}
        _ => return Err("% Error: Unrecognized command.".to_owned()),
    }
    Ok(())
}

/// One word, or quoted.
fn description(text: &str) -> Result<String, String> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match quoted {
        Some(text) => Ok(text.to_owned()),
        None if text.contains([' ', '"']) => Err("% Error: Illegal parameter.".to_owned()),
        None => Ok(text.to_owned()),
    }
}

fn port_line(
    config: &mut Config,
    name: &IfName,
    line: Line,
    values: &Values,
) -> Result<(), String> {
    if line == Line::Join {
        return join(config, name, values);
    }
    let (vlan, vlans) = (values.vlan(), values.vlans());
    let has_vlan = config.vlans.contains_key(&vlan);
    let port = config.ports.entry(name.clone()).or_insert_with(fresh);
    let switches = matches!(
        line,
        Line::ModeAccess
            | Line::ModeTrunk
            | Line::NoMode
            | Line::Access
            | Line::NoAccess
            | Line::Allowed
            | Line::NoAllowed
    );
    if switches && port.group.is_some() {
        return Err("% Error: Unrecognized command.".to_owned());
    }
    let on_channel = matches!(
        line,
        Line::MinLinks
            | Line::Fallback
            | Line::FallbackTimeout
            | Line::Preemption
            | Line::Vlt
            | Line::MaxBundle
    );
    if on_channel && name.kind != Kind::Lag {
        return Err("% Error: Unrecognized command.".to_owned());
    }
    if switches {
        return l2_line(port, line, vlan, &vlans, has_vlan);
    }
    let (text, number) = (values.text(0), values.number());
    let is_member = port.group.is_some();
    let mut set = |subject, line: String| port.set_line(subject, Some(line));
    match line {
        Line::Description => port.description = Some(description(text)?),
        Line::NoDescription => port.description = None,
        Line::Shutdown => port.is_down = true,
        Line::NoShutdown => port.is_down = false,
        Line::NoSwitchport => port.is_routed = true,
        Line::Mtu => port.mtu = Some(number).filter(|mtu| *mtu != 1532),
        Line::NoMtu => port.mtu = None,
        Line::Edge => port.edge = Some("edge"),
        Line::NoEdge => port.edge = None,
        Line::Guard => port.guard = Some(true),
        Line::NoGuard => port.guard = None,
        Line::Leave if is_member => {
            let old = std::mem::replace(port, fresh());
            *port = Port {
                description: old.description,
                is_down: old.is_down,
                mtu: old.mtu,
                ..fresh()
            };
        }
        Line::Leave => {}
        Line::Rate if text == "fast" => set("rate", "lacp rate fast".to_owned()),
        Line::Rate | Line::NoRate => port.set_line("rate", None),
        Line::Priority => set("priority", format!("lacp port-priority {number}")),
        Line::NoPriority => port.set_line("priority", None),
        Line::MinLinks => set("min-links", format!("minimum-links {number}")),
        Line::NoMinLinks => port.set_line("min-links", None),
        Line::Fallback => set("fallback", "lacp fallback enable".to_owned()),
        Line::NoFallback => port.set_line("fallback", None),
        Line::FallbackTimeout if number != 15 => {
            set("timeout", format!("lacp fallback timeout {number}"));
        }
        Line::FallbackTimeout | Line::NoFallbackTimeout => port.set_line("timeout", None),
        Line::Preemption if text == "disable" => {
            set("preemption", "lacp fallback preemption disable".to_owned());
        }
        Line::Preemption => port.set_line("preemption", None),
        Line::MaxBundle => set("max-bundle", format!("lacp max-bundle {number}")),
        Line::NoMaxBundle => port.set_line("max-bundle", None),
        Line::Vlt => port.pair = Some(number),
        Line::NoVlt => port.pair = None,
        Line::Speed => set("speed", format!("speed {text}")),
        Line::NoSpeed => port.set_line("speed", None),
        _ => {}
    }
    Ok(())
}

/// Lists only grow, and a VLAN is either untagged or tagged.
fn l2_line(
    port: &mut Port,
    line: Line,
    vlan: u16,
    vlans: &VlanSet,
    has_vlan: bool,
) -> Result<(), String> {
    let allowed = port.allowed.clone().unwrap_or_default();
    match line {
        Line::ModeTrunk => port.mode = Some(Switching::Trunk),
        Line::ModeAccess | Line::NoMode => {
            port.mode = None;
            port.access = port.access.or(Some(1));
        }
        Line::Access if !has_vlan => return Err(format!("% Error: vlan {vlan} not found")),
        Line::Access if port.is_trunk() && allowed.contains(vlan) => return Err(BOTH.to_owned()),
        Line::Access => port.access = Some(vlan),
        Line::NoAccess if port.is_trunk() => port.access = None,
        Line::NoAccess => port.access = Some(1),
        Line::Allowed | Line::NoAllowed if !port.is_trunk() => {
            return Err("% Error: Interface is not in trunk mode.".to_owned());
        }
        Line::Allowed if port.access.is_some_and(|access| vlans.contains(access)) => {
            return Err(BOTH.to_owned());
        }
        Line::Allowed => port.allowed = Some(allowed.union(vlans)),
        Line::NoAllowed => {
            port.allowed = Some(allowed.difference(vlans)).filter(|set| !set.is_empty());
        }
        _ => {}
    }
    Ok(())
}

/// A member loses its own switching.
fn join(config: &mut Config, name: &IfName, values: &Values) -> Result<(), String> {
    let (lag, word) = (values.number(), values.text(0));
    let mode = LagMode::new(if word.is_empty() { "on" } else { word });
    if name.kind != Kind::Port {
        return Err("% Error: Unrecognized command.".to_owned());
    }
    if !config.ports.contains_key(&IfName::lag(lag)) {
        return Err(format!("% Error: port-channel{lag} not found"));
    }
    if config.lag_mode(lag).is_some_and(|other| other.is_lacp() != mode.is_lacp()) {
        return Err("% Error: Port-channel mode mismatch.".to_owned());
    }
    let port = config.ports.entry(name.clone()).or_insert_with(fresh);
    if port.group.is_some_and(|(other, _)| other != lag) {
        return Err("% Error: Interface is already a member of another port-channel.".to_owned());
    }
    *port = Port {
        group: Some((lag, mode)),
        is_routed: true,
        mode: None,
        access: None,
        allowed: None,
        ..port.clone()
    };
    Ok(())
}
