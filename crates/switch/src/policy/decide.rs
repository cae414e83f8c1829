//! The decision, and the reason of a refusal.

use std::fmt::Display;

use model::{Invalid, PortName, SwitchName, Vlan, VlanSet, Vni};

use super::{Ask, Decision, Policy, Protected, Refusal, Rule, Verb};

/// How much of what a rule allows is repeated in a refusal, in characters.
const SHOWN: usize = 200;

/// What a request needs of a rule, in the order in which a refusal tells it; a rule that falls
/// short later in this order came closer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Caller,
    Verb,
    Switch,
    Port,
    Vlans,
    Vnis,
}

const NEEDS: [Need; 6] =
    [Need::Caller, Need::Verb, Need::Switch, Need::Port, Need::Vlans, Need::Vnis];

impl Rule {
    fn meets(&self, need: Need, ask: &Ask<'_>) -> bool {
        match need {
            Need::Caller => self.callers.matches(ask.caller),
            Need::Verb => self.verbs.contains(ask.verb),
            Need::Switch => self.switches.matches(ask.switch.as_str()),
            Need::Port => ask.port.is_none_or(|port| self.ports.matches(port.as_str())),
            Need::Vlans => ask.vlans.is_subset(&self.vlans),
            Need::Vnis => ask.vnis.iter().all(|vni| self.vnis.contains(*vni)),
        }
    }

    /// One bit for each need that is met, the first need highest, so that the larger of two
    /// numbers belongs to the closer rule. Zero when the caller is not the rule's, and as soon as
    /// the number cannot become larger than `beat`.
    fn closeness(&self, ask: &Ask<'_>, beat: u8) -> u8 {
        let mut bits = 0;
        for (left, need) in (0..NEEDS.len()).rev().zip(NEEDS) {
            let met = self.meets(need, ask);
            bits = bits << 1 | u8::from(met);
            let at_best = ((bits + 1) << left) - 1;
            if at_best <= beat || (need == Need::Caller && !met) {
                return 0;
            }
        }
        bits
    }

    /// What falls short first, as a reason.
    fn shortfall(&self, need: Need, ask: &Ask<'_>) -> String {
        let name = &self.name;
        let (what, allowed) = match need {
            Need::Caller => (format!("caller {} is", quoted(ask.caller)), shown(&self.callers)),
            Need::Verb => {
                let verbs: Vec<_> = Verb::ALL
                    .into_iter()
                    .filter(|verb| self.verbs.contains(*verb))
                    .map(Verb::as_str)
                    .collect();
                (format!("verb `{}` is", ask.verb), shown(&verbs.join(", ")))
            }
            Need::Switch => (format!("switch `{}` is", ask.switch), shown(&self.switches)),
            Need::Port => {
                let port = ask.port.map(ToString::to_string).unwrap_or_default();
                (format!("port `{port}` is"), shown(&self.ports))
            }
            Need::Vlans => (vlans(&ask.vlans.difference(&self.vlans)), shown(&self.vlans)),
            Need::Vnis => {
                let outside = ask.vnis.iter().filter(|vni| !self.vnis.contains(**vni));
                (vnis(outside.copied()), shown(&self.vnis))
            }
        };
        format!("{what} not in rule `{name}` (allowed: {allowed})")
    }
}

impl Protected {
    fn forbids(&self, ask: &Ask<'_>) -> bool {
        self.switches.matches(ask.switch.as_str())
            && match ask.port {
                Some(port) => self.ports.matches(port.as_str()),
                None => self.ports.covers_everything(),
            }
    }

    fn refusal(&self, ask: &Ask<'_>) -> Refusal {
        let what = match ask.port {
            Some(port) => format!("port `{port}`"),
            None => format!("switch `{}`", ask.switch),
        };
        let why = match &self.reason {
            Some(reason) => format!(" ({reason})"),
            None => String::new(),
        };
        Refusal {
            rule: Some(self.name.clone()),
            reason: format!("{what} is protected by `{}`{why}", self.name),
        }
    }
}

impl Policy {
    /// Answers one question: see the [module](super).
    pub fn decide(&self, ask: &Ask<'_>) -> Decision {
        match self.ruling(ask) {
            Ok(rule) => Decision::Allowed { rule: rule.name.clone() },
            Err(refusal) => Decision::Refused(refusal),
        }
    }

    /// Whether `caller` may do `verb` somewhere on `switch`: what a list of switches is filtered
    /// by. A `true` here allows nothing yet.
    pub fn permits_any(&self, caller: &str, verb: Verb, switch: &SwitchName) -> bool {
        let ask = Ask { caller, verb, switch, port: None, vlans: &VlanSet::empty(), vnis: &[] };
        let forbidden = verb.changes() && self.protected.iter().any(|entry| entry.forbids(&ask));
        let permits = |rule: &Rule| {
            [Need::Verb, Need::Caller, Need::Switch].into_iter().all(|need| rule.meets(need, &ask))
                && !(verb.needs_port() && rule.ports.is_empty())
        };
        !forbidden && self.rules.iter().any(permits)
    }

    /// Why nobody may change a port, if an entry protects it.
    pub fn protection(&self, switch: &SwitchName, port: &PortName) -> Option<Refusal> {
        let ask = Ask {
            caller: "",
            verb: Verb::Attach,
            switch,
            port: Some(port),
            vlans: &VlanSet::empty(),
            vnis: &[],
        };
        let entry = self.protected.iter().find(|entry| entry.forbids(&ask))?;
        Some(entry.refusal(&ask))
    }

    fn ruling(&self, ask: &Ask<'_>) -> Result<&Rule, Refusal> {
        if ask.verb.needs_port() && ask.port.is_none() {
            return Err(Refusal {
                rule: None,
                reason: format!("verb `{}` is allowed on ports only, and none is named", ask.verb),
            });
        }
        if ask.verb.changes()
            && let Some(entry) = self.protected.iter().find(|entry| entry.forbids(ask))
        {
            return Err(entry.refusal(ask));
        }
        let mut best: Option<(u8, &Rule)> = None;
        for rule in &self.rules {
            let beat = best.map_or(0, |(bits, _)| bits);
            let closeness = rule.closeness(ask, beat);
            if closeness > beat {
                best = Some((closeness, rule));
            }
        }
        let Some((_, rule)) = best else {
            return Err(Refusal {
                rule: None,
                reason: format!("no rule lets {} do anything", quoted(ask.caller)),
            });
        };
        match NEEDS.into_iter().find(|need| !rule.meets(*need, ask)) {
            None => Ok(rule),
            Some(need) => {
                Err(Refusal { rule: Some(rule.name.clone()), reason: rule.shortfall(need, ask) })
            }
        }
    }
}

fn quoted(caller: &str) -> String {
    format!("`{}`", Invalid::new("caller", caller, "").value)
}

/// What a rule allows, cut where it would bury the reason.
fn shown(allowed: &impl Display) -> String {
    let text = allowed.to_string();
    if text.is_empty() {
        return "none".into();
    }
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn vlans(outside: &VlanSet) -> String {
    match (outside.len(), outside.first().map(Vlan::get)) {
        (1, Some(vlan)) => format!("VLAN {vlan} is"),
        _ => format!("VLANs {} are", shown(outside)),
    }
}

fn vnis(outside: impl Iterator<Item = Vni>) -> String {
    let ids: Vec<String> = outside.map(|vni| vni.to_string()).collect();
    match ids.as_slice() {
        [one] => format!("VNI {one} is"),
        many => format!("VNIs {} are", shown(&many.join(","))),
    }
}
