//! Everything before the first command: whose ports, allowed or not, held, read and planned.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::future::try_join_all;
use model::{
    FailedLeg, LagName, LegOutcome, LinkInformation, PortName, SwitchName, SwitchPort, Vlan,
    VlanMode, VlanSet,
};
use tokio::time::Instant;

use super::{Service, State, members};
use crate::{
    audit,
    capability::LagNaming,
    driver::DeviceError,
    error::SwitchError,
    intent::{Intent, LagWish, Members, Wish, wanted},
    inventory::{Pair, Switch},
    lag_name::{self, LagSide},
    leg::Leg,
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
    pub(super) intent: Intent,
}

impl Part {
    fn new(switch: Arc<Switch>, named: BTreeSet<PortName>, intent: Intent) -> Self {
        Self { switch, ports: named.clone(), named, present: BTreeSet::new(), intent }
    }

    /// Whether it is about a VLAN's definition, which no port has.
    const fn is_about_vlan(&self) -> bool {
        matches!(self.intent, Intent::AddNetwork { .. } | Intent::DeleteNetwork { .. })
    }

    fn vlans(&self) -> VlanSet {
        match &self.intent {
            Intent::Attach(wish) | Intent::Update(wish) => {
                wish.config.vlans.as_ref().map_or_else(VlanSet::empty, VlanMode::carried)
            }
            Intent::Detach { idle } => idle.map_or_else(VlanSet::empty, VlanSet::from),
            Intent::AddNetwork { vlan, .. } | Intent::DeleteNetwork { vlan } => {
                VlanSet::from(*vlan)
            }
        }
    }

    fn query(&self, lag: Option<&LagName>) -> Query {
        let vlans: BTreeSet<Vlan> = match &self.intent {
            Intent::AddNetwork { vlan, .. } | Intent::DeleteNetwork { vlan } => [*vlan].into(),
            _ => BTreeSet::new(),
        };
        Query {
            ports: self.ports.clone(),
            lags: lag.into_iter().cloned().collect(),
            vlans,
            lag_names: lag.is_some(),
            ..Query::default()
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
    places
        .into_iter()
        .map(|(switch, ports)| {
            let intent = port_intent(request, &switch)?;
            Ok(Part::new(switch, ports, intent))
        })
        .collect()
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

fn port_intent(request: &ChangeRequest, switch: &Switch) -> Result<Intent, SwitchError> {
    if request.operation == Operation::DetachPort {
        // What the network team declared needs no leave.
        let declared = switch.settings().safe.vlan();
        let idle = request.network.native.filter(|vlan| declared != Some(*vlan));
        return Ok(Intent::Detach { idle });
    }
    let network = &request.network;
    on_physical_network(request, switch)?;
    if network.vni()?.is_some() && !switch.driver().capabilities().vxlan {
        return Err(SwitchError::Unsupported {
            switch: switch.name().clone(),
            what: "VXLAN networks".to_owned(),
        });
    }
    let vlans = network.vlans(switch.flat(network.physical_network.as_ref()))?;
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
    let Some(model::Segment::Vlan { vlan, .. }) = request.network.segment()? else {
        return Err(SwitchError::Invalid(
            "network: give a `vlan` network with its `segmentation_id`".to_owned(),
        ));
    };
    if request.switches.is_empty() {
        return Err(SwitchError::Invalid(
            "switches: name the switches on which the VLAN is meant".to_owned(),
        ));
    }
    let names: BTreeSet<_> = request.switches.iter().collect();
    names
        .into_iter()
        .map(|name| {
            let switch = Arc::clone(state.inventory.switch(name)?);
            on_physical_network(request, &switch)?;
            let intent = match request.operation {
                Operation::AddNetwork => {
                    Intent::AddNetwork { vlan, name: request.network.name.clone(), vni: None }
                }
                _ => Intent::DeleteNetwork { vlan },
            };
            Ok(Part::new(switch, BTreeSet::new(), intent))
        })
        .collect()
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
            let error = match part.ports.is_empty() && !part.is_about_vlan() {
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

    async fn record_refusal(
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

    /// Reads every switch of the request and plans its leg.
    pub(super) async fn plan_legs(
        &self,
        state: &State,
        request: &ChangeRequest,
        parts: Vec<Part>,
        deadline: Instant,
    ) -> Result<Vec<Leg>, SwitchError> {
        let first = parts.first().and_then(|part| part.ports.first());
        let proposed = match lag_wish(request) {
            Some(wish) => Some(lag_name::proposed(wish, first)?),
            None => members::lag_named(request).cloned(),
        };
        let reads =
            parts.iter().map(|part| read(&part.switch, part.query(proposed.as_ref()), deadline));
        let observed = try_join_all(reads).await?;
        for (part, observed) in parts.iter().zip(&observed) {
            members::unchanged(part, observed, members::lag_named(request))?;
        }
        let lag = choose_lag(state, request, &parts, &observed)?;
        let mut legs = Vec::with_capacity(parts.len());
        for (part, observed) in parts.into_iter().zip(observed) {
            let facts = part.switch.facts();
            let wanted = wanted(&observed.slice, &part.ports, &part.intent, lag.as_ref(), &facts)?;
            legs.push(Leg::plan(Arc::clone(&part.switch), part.ports, observed, &wanted)?);
        }
        Ok(legs)
    }
}

/// What the switch's section of the configuration and the policy refuse of a part, port by port.
pub(super) fn refusals<'a>(
    state: &'a State,
    part: &'a Part,
    verb: Verb,
    caller: &'a str,
) -> impl Iterator<Item = SwitchError> + 'a {
    let vlans = part.vlans();
    let ports: Vec<Option<&PortName>> = match part.ports.is_empty() {
        true => vec![None],
        false => part.ports.iter().map(Some).collect(),
    };
    ports.into_iter().filter_map(move |port| {
        let switch = part.switch.name();
        let ask = Ask { caller, verb, switch, port, vlans: &vlans, vnis: &[] };
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
            let reason = format!(
                "VLAN {outside} is not in `allowed_vlans` of the switch (allowed: {vlans})"
            );
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
fn lag_wish(request: &ChangeRequest) -> Option<&LagWish> {
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

/// The name of the LAG that the request is about, the same on all its switches.
fn choose_lag(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    observed: &[Observation],
) -> Result<Option<LagName>, SwitchError> {
    let Some(wish) = lag_wish(request) else { return Ok(None) };
    let mut ids = parts.first().and_then(|part| part.switch.settings().lag_ids);
    if let Some(pair) = pair_of(state, parts)? {
        ids = pair.lag_ids.or(ids);
    }
    let mut sides = Vec::with_capacity(parts.len());
    for (part, observed) in parts.iter().zip(observed) {
        let cannot = |what: &str| SwitchError::Unsupported {
            switch: part.switch.name().clone(),
            what: what.to_owned(),
        };
        let lag = part.switch.driver().capabilities().lag.as_ref().ok_or_else(|| cannot("LAGs"))?;
        if parts.len() > 1 && !lag.across_pair {
            return Err(cannot("LAGs over two switches"));
        }
        let naming: &LagNaming = &lag.naming;
        sides.push(LagSide { switch: part.switch.name(), ports: &part.ports, observed, naming });
    }
    lag_name::choose(&sides, wish, ids).map(Some)
}
