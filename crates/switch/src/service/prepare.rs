//! Everything before the first command: whose ports, allowed or not, held, read and planned.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    FailedLeg, LagName, LegOutcome, LinkInformation, PortName, SwitchName, SwitchPort, Vlan,
    VlanMode, VlanSet, Vni,
};
use tokio::time::Instant;

use super::{Service, State, members};
use crate::{
    audit,
    capability::{LagCapabilities, LagNaming, VlanDatabase},
    driver::DeviceError,
    error::SwitchError,
    intent::{Intent, LagWish, Members, Wish},
    inventory::{Pair, Switch},
    lag_name,
    policy::{Ask, Decision, Verb},
    request::{ChangeRequest, Operation, Origin},
    slice::{Observation, Query},
};

/// The request's part on one switch, before anything was read.
pub(super) struct Part {
    pub(super) switch: Arc<Switch>,
    /// The ports that it is about.
    pub(super) ports: BTreeSet<PortName>,
    /// Those of them that the request names.
    pub(super) named: BTreeSet<PortName>,
    /// The others: members of the LAG that the request means by its name.
    pub(super) present: BTreeSet<PortName>,
    /// The VXLAN that it is about. Which VLAN stands for it is known when the switch was read.
    pub(super) vni: Option<Vni>,
    /// The VLANs that the request names, or that follow from it: what the policy is asked about.
    vlans: VlanSet,
    /// Whether it is about a VLAN's definition, which no port has.
    is_about_vlan: bool,
}

impl Part {
    /// A part of a request that makes sense on its switch.
    fn new(
        request: &ChangeRequest,
        switch: Arc<Switch>,
        named: BTreeSet<PortName>,
    ) -> Result<Self, SwitchError> {
        let network = &request.network;
        let vni = match request.operation {
            Operation::DetachPort => None,
            _ => network.vni()?,
        };
        // Whether the rest of the request makes sense does not depend on the VLAN that will stand
        // for a VXLAN.
        let intent = intent(request, &switch, vni.and(network.native.or(Some(Vlan::MIN))))?;
        let vlans = match vni {
            Some(_) => network.native.map_or_else(VlanSet::empty, VlanSet::from),
            None => carried(&intent),
        };
        Ok(Self {
            switch,
            ports: named.clone(),
            named,
            present: BTreeSet::new(),
            vni,
            vlans: vlans.union(&network.tagged()),
            is_about_vlan: matches!(
                intent,
                Intent::AddNetwork { .. } | Intent::DeleteNetwork { .. }
            ),
        })
    }

    /// The VLANs that have to be defined before the part can be carried out, as far as they are
    /// known before the switch is read.
    pub(super) fn needed(&self, request: &ChangeRequest) -> VlanSet {
        match request.operation {
            Operation::AddNetwork | Operation::DeleteNetwork => VlanSet::empty(),
            Operation::AttachPort | Operation::UpdatePort => self.vlans.clone(),
            Operation::DetachPort => {
                let idle = request.network.native.or(self.switch.settings().safe.vlan());
                idle.map_or_else(VlanSet::empty, VlanSet::from)
            }
        }
    }

    /// What is read of the switch; with all that is needed to choose a LAG's name, its number in
    /// a pair, and the VLAN of a VXLAN.
    pub(super) fn query(
        &self,
        request: &ChangeRequest,
        lag: Option<&LagName>,
        over_pair: bool,
    ) -> Query {
        let capabilities = self.switch.driver().capabilities();
        let can_be = |name: &&LagName| match &capabilities.lag {
            Some(LagCapabilities { naming: naming @ LagNaming::Numbered { .. }, .. }) => {
                lag_name::number_of(name, naming).is_some()
            }
            _ => true,
        };
        let vlans = match capabilities.vlan_database {
            VlanDatabase::Explicit => self.needed(request).union(&self.vlans).iter().collect(),
            VlanDatabase::Implicit => BTreeSet::new(),
        };
        Query {
            ports: self.ports.clone(),
            lags: lag.into_iter().filter(can_be).cloned().collect(),
            vlans,
            lag_names: lag.is_some(),
            pair_ids: lag.is_some() && over_pair,
            all_vlans: self.vni.is_some(),
        }
    }

    fn switch_ports(&self) -> impl Iterator<Item = SwitchPort> + '_ {
        let switch = self.switch.name();
        self.ports.iter().map(|port| SwitchPort { switch: switch.clone(), port: port.clone() })
    }
}

/// All ports of some parts.
pub(super) fn switch_ports(parts: &[Part]) -> BTreeSet<SwitchPort> {
    parts.iter().flat_map(Part::switch_ports).collect()
}

/// What the request means on each switch.
pub(super) fn parts(state: &State, request: &ChangeRequest) -> Result<Vec<Part>, SwitchError> {
    match request.operation {
        Operation::AddNetwork | Operation::DeleteNetwork => network_parts(state, request),
        Operation::AttachPort | Operation::DetachPort | Operation::UpdatePort => {
            port_parts(state, request)
        }
    }
}

fn port_parts(state: &State, request: &ChangeRequest) -> Result<Vec<Part>, SwitchError> {
    let members = request.lag.as_ref().map(|lag| lag.members).unwrap_or_default();
    let places = match members {
        Members::Present => switches(state, request)?,
        Members::Named | Members::Joining if request.links.is_empty() => {
            return Err(SwitchError::Invalid(
                "binding_profile: `local_link_information` names no port".to_owned(),
            ));
        }
        Members::Named | Members::Joining => places(state, &request.links)?,
    };
    if let Some(lag) = request.lag.as_ref().filter(|_| members != Members::Present) {
        let all = places.iter().flat_map(|(switch, ports)| {
            let switch = switch.name();
            ports.iter().map(|port| SwitchPort { switch: switch.clone(), port: port.clone() })
        });
        model::LagConfig::new(lag.name.clone(), lag.settings.clone(), all.collect())
            .map_err(|error| SwitchError::invalid("local_group_information", &error))?;
    }
    places.into_iter().map(|(switch, ports)| Part::new(request, switch, ports)).collect()
}

/// The request's switches, for what is there on them already.
fn switches(state: &State, request: &ChangeRequest) -> Result<Vec<Place>, SwitchError> {
    let named = request.lag.as_ref().is_some_and(|lag| lag.name.is_some());
    if request.switches.is_empty() || !request.links.is_empty() || !named {
        return Err(SwitchError::Invalid(
            "LAG: the members that are there are meant by the LAG's name and its switches"
                .to_owned(),
        ));
    }
    let names: BTreeSet<_> = request.switches.iter().collect();
    let place = |name| Ok((Arc::clone(state.inventory.switch(name)?), BTreeSet::new()));
    names.into_iter().map(place).collect()
}

/// What the request wants of one switch. `stands` is the VLAN that stands for its VXLAN there.
pub(super) fn intent(
    request: &ChangeRequest,
    switch: &Switch,
    stands: Option<Vlan>,
) -> Result<Intent, SwitchError> {
    match request.operation {
        Operation::AddNetwork | Operation::DeleteNetwork => network_intent(request, switch, stands),
        Operation::AttachPort | Operation::DetachPort | Operation::UpdatePort => {
            port_intent(request, switch, stands)
        }
    }
}

/// The VLANs that an intent puts ports into, or is about.
pub(super) fn carried(intent: &Intent) -> VlanSet {
    match intent {
        Intent::Attach(wish) | Intent::Update(wish) => {
            wish.config.vlans.as_ref().map_or_else(VlanSet::empty, VlanMode::carried)
        }
        Intent::Detach { idle } => idle.map_or_else(VlanSet::empty, VlanSet::from),
        Intent::AddNetwork { vlan, .. } | Intent::DeleteNetwork { vlan } => VlanSet::from(*vlan),
    }
}

fn port_intent(
    request: &ChangeRequest,
    switch: &Switch,
    stands: Option<Vlan>,
) -> Result<Intent, SwitchError> {
    if request.operation == Operation::DetachPort {
        // What the network team declared needs no leave.
        let declared = switch.settings().safe.vlan();
        let idle = request.network.native.filter(|vlan| declared != Some(*vlan));
        return Ok(Intent::Detach { idle });
    }
    let network = &request.network;
    on_physical_network(request, switch)?;
    let local = match network.vni()? {
        Some(_) => can_vxlan(switch).map(|()| stands)?,
        None => switch.flat(network.physical_network.as_ref()),
    };
    let vlans = network.vlans(local)?;
    if let Some(description) = &request.settings.description {
        model::PortConfig::check_description(description)
            .map_err(|error| SwitchError::invalid("port_config", &error))?;
    }
    let config = model::PortConfig { vlans, ..request.settings.clone() };
    let wish = Wish { config, lag: request.lag.clone() };
    match request.operation {
        Operation::UpdatePort => Ok(Intent::Update(wish)),
        _ if wish.config.vlans.is_none() => Err(SwitchError::Invalid(
            "network: names no VLAN; give `network.segmentation_id` or `native_vlan`".to_owned(),
        )),
        _ => Ok(Intent::Attach(wish)),
    }
}

fn can_vxlan(switch: &Switch) -> Result<(), SwitchError> {
    if switch.driver().capabilities().vxlan {
        return Ok(());
    }
    let what = "VXLAN networks".to_owned();
    Err(SwitchError::Unsupported { switch: switch.name().clone(), what })
}

fn on_physical_network(request: &ChangeRequest, switch: &Switch) -> Result<(), SwitchError> {
    let settings = switch.settings();
    let Some(wanted) = &request.network.physical_network else { return Ok(()) };
    if settings.physical_networks.is_empty() || settings.physical_networks.contains(wanted) {
        return Ok(());
    }
    let there: Vec<_> = settings.physical_networks.iter().map(ToString::to_string).collect();
    Err(SwitchError::Invalid(format!(
        "physical_network: `{}` is not on `{wanted}` (it is on: {})",
        switch.name(),
        there.join(", ")
    )))
}

fn network_parts(state: &State, request: &ChangeRequest) -> Result<Vec<Part>, SwitchError> {
    if request.switches.is_empty() {
        return Err(SwitchError::Invalid(
            "switches: name the switches on which the network is meant".to_owned(),
        ));
    }
    let names: BTreeSet<_> = request.switches.iter().collect();
    names
        .into_iter()
        .map(|name| {
            let switch = Arc::clone(state.inventory.switch(name)?);
            Part::new(request, switch, BTreeSet::new())
        })
        .collect()
}

fn network_intent(
    request: &ChangeRequest,
    switch: &Switch,
    stands: Option<Vlan>,
) -> Result<Intent, SwitchError> {
    on_physical_network(request, switch)?;
    let network = &request.network;
    let (vlan, vni) = match network.segment()? {
        Some(model::Segment::Vlan { .. }) if network.native.is_some() => {
            return Err(SwitchError::Invalid(
                "native_vlan: is the VLAN of a `vxlan` network; a `vlan` network has its own"
                    .to_owned(),
            ));
        }
        Some(model::Segment::Vlan { vlan, .. }) => (Some(vlan), None),
        Some(model::Segment::Vxlan { vni }) => {
            can_vxlan(switch)?;
            (stands, Some(vni))
        }
        Some(model::Segment::Flat { .. }) | None => (None, None),
    };
    let Some(vlan) = vlan else {
        return Err(SwitchError::Invalid(
            "network: give a `vlan` or `vxlan` network with its `segmentation_id`".to_owned(),
        ));
    };
    Ok(match request.operation {
        Operation::AddNetwork => Intent::AddNetwork { vlan, name: network.name.clone(), vni },
        _ => Intent::DeleteNetwork { vlan },
    })
}

/// A switch with the request's ports there.
pub(super) type Place = (Arc<Switch>, BTreeSet<PortName>);

/// The ports that links mean, switch by switch.
pub(super) fn places(state: &State, links: &[LinkInformation]) -> Result<Vec<Place>, SwitchError> {
    let mut by_switch: BTreeMap<SwitchName, Place> = BTreeMap::new();
    for (switch, port) in state.inventory.resolve_all(links)? {
        let entry = by_switch.entry(switch.name().clone());
        entry.or_insert_with(|| (switch, BTreeSet::new())).1.insert(port);
    }
    Ok(by_switch.into_values().collect())
}

impl Service {
    /// Asks the switch's own section of the configuration, then the policy, about every port. A
    /// refusal is recorded.
    pub(super) async fn authorise(
        &self,
        state: &State,
        parts: &[Part],
        verb: Verb,
        origin: &Origin,
    ) -> Result<(), SwitchError> {
        for part in parts {
            let error = match part.ports.is_empty() && !part.is_about_vlan {
                true => members::refusal_of_all(state, part, verb, &origin.caller),
                false => refusals(state, part, verb, &origin.caller).next(),
            };
            if let Some(error) = error {
                self.record_refusal(&error, parts, verb, origin).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Records that a request was refused.
    pub(super) async fn record_refusal(
        &self,
        error: &SwitchError,
        parts: &[Part],
        verb: Verb,
        origin: &Origin,
    ) {
        let refused = audit::Refused {
            who: origin.caller.clone(),
            request_id: origin.request_id.clone(),
            verb,
            ports: switch_ports(parts).into_iter().collect(),
            rule: error.rule().map(str::to_owned),
            reason: error.to_string(),
        };
        if let Err(error) = self.audit.append(refused).await {
            tracing::error!(%error, "a refusal could not be recorded");
        }
    }
}

/// What the switch's section of the configuration and the policy refuse of a part, port by port.
pub(super) fn refusals<'a>(
    state: &'a State,
    part: &'a Part,
    verb: Verb,
    caller: &'a str,
) -> impl Iterator<Item = SwitchError> + 'a {
    let ports: Vec<Option<&PortName>> = match part.ports.is_empty() {
        true => vec![None],
        false => part.ports.iter().map(Some).collect(),
    };
    ports.into_iter().filter_map(move |port| {
        let switch = part.switch.name();
        let (vlans, vnis) = (&part.vlans, part.vni.as_slice());
        let ask = Ask { caller, verb, switch, port, vlans, vnis };
        allowed(state, &part.switch, &ask).err()
    })
}

/// One decision: first what the switch's section of the configuration says, then the policy.
pub(super) fn allowed(state: &State, switch: &Switch, ask: &Ask<'_>) -> Result<(), SwitchError> {
    let what = match ask.port {
        Some(port) => format!("port `{port}` on `{}`", ask.switch),
        None => format!("`{}`", ask.switch),
    };
    let settings = switch.settings();
    let rule = |member: &str| Some(format!("switch.{}.{member}", ask.switch));
    if let Some(vlans) = &settings.allowed_vlans {
        let outside = ask.vlans.difference(vlans);
        if !outside.is_empty() {
            let reason = outside_reason(&outside, vlans);
            return Err(SwitchError::Refused { what, rule: rule("allowed_vlans"), reason });
        }
    }
    if let (Some(ports), Some(port)) = (&settings.allowed_ports, ask.port)
        && ask.verb.changes()
        && !ports.matches(port.as_str())
    {
        let reason = format!("the port is not in `allowed_ports` of the switch ({ports})");
        return Err(SwitchError::Refused { what, rule: rule("allowed_ports"), reason });
    }
    match state.policy.decide(ask) {
        Decision::Allowed { .. } => Ok(()),
        Decision::Refused(refusal) => {
            Err(SwitchError::Refused { what, rule: refusal.rule.clone(), reason: refusal.reason })
        }
    }
}

/// What the switch's section of the configuration says to a VLAN that stands for a VXLAN.
pub(super) fn outside(switch: &SwitchName, vlans: &VlanSet, allowed: &VlanSet) -> SwitchError {
    SwitchError::Refused {
        what: format!("`{switch}`"),
        rule: Some(format!("switch.{switch}.allowed_vlans")),
        reason: outside_reason(vlans, allowed),
    }
}

fn outside_reason(outside: &VlanSet, allowed: &VlanSet) -> String {
    format!("VLAN {outside} is not in `allowed_vlans` of the switch (allowed: {allowed})")
}

/// Reads a switch before anything is changed. One that does not follow its configuration is not
/// believed.
pub(super) async fn read(
    switch: &Arc<Switch>,
    query: Query,
    deadline: Instant,
) -> Result<Observation, SwitchError> {
    let ports = query.ports.clone();
    let outcome = switch.worker().observe(query, deadline).await;
    let cause = match outcome {
        Ok(Observation { pending: Some(why), .. }) => DeviceError::timed_out(false, why),
        Ok(observed) => return Ok(observed),
        Err(cause) => cause,
    };
    Err(untouched(switch, ports, cause))
}

/// A switch that failed before anything was changed.
pub(super) fn untouched(
    switch: &Switch,
    ports: impl IntoIterator<Item = PortName>,
    cause: DeviceError,
) -> SwitchError {
    let legs = ports.into_iter().map(|port| FailedLeg {
        switch: switch.name().clone(),
        port: Some(port),
        outcome: LegOutcome::Untouched,
        observed: None,
        lag: None,
        last_known: None,
        error: None,
    });
    SwitchError::Device { switch: switch.name().clone(), cause, legs: legs.collect(), change: None }
}

/// The LAG that the ports shall form; a detach takes ports out of whatever LAG they are in.
pub(super) fn lag_wish(request: &ChangeRequest) -> Option<&LagWish> {
    request.lag.as_ref().filter(|_| request.operation != Operation::DetachPort)
}

/// The pair of the parts' switches, without which they have no LAG together; none for one switch.
pub(super) fn pair_of<'a>(
    state: &'a State,
    parts: &[Part],
) -> Result<Option<&'a Pair>, SwitchError> {
    if parts.len() < 2 {
        return Ok(None);
    }
    let names: BTreeSet<SwitchName> = parts.iter().map(|part| part.switch.name().clone()).collect();
    let pair = state.inventory.pair(&names).ok_or_else(|| SwitchError::Conflict {
        what: "a LAG over switches that are not declared as a pair".to_owned(),
        hint: Some("declare them as a `pair` in the configuration if they are one".to_owned()),
    })?;
    Ok(Some(pair))
}
