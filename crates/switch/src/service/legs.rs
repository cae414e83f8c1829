//! Reading the switches of a request and planning its legs: what is chosen from what is there, what
//! that leads to on each switch, and what the change has to hold while it runs.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::try_join_all;
use model::{LagName, SwitchName, Vlan, VlanSet, Vni};
use tokio::time::{Instant, timeout_at};

use super::{
    Service, State, members,
    prepare::{self, Part},
};
use crate::{
    capability::VlanDatabase,
    change::{Change, Target},
    claims::{BySwitch, Claim, Held, Take, Taken},
    define::{Definitions, define, without_unchanged},
    error::SwitchError,
    intent::{Intent, wanted},
    inventory::Switch,
    lag_name::{self, LagSide},
    lag_pair,
    leg::Leg,
    request::{ChangeRequest, Operation},
    slice::{Observation, Query, VlanState},
    vxlan::{self, Vxlan, VxlanSide, VxlanWish},
};

/// What was read for a request.
struct Seen {
    /// Each part's switch, in the order of the parts.
    observed: Vec<Observation>,
    /// The VLANs of switches that the request does not name, because they are pairs of such.
    peers: BTreeMap<SwitchName, BTreeMap<Vlan, VlanState>>,
}

impl Service {
    /// Plans the legs of a request and holds what it needs to be carried out.
    pub(super) async fn claimed_legs(
        &self,
        state: &State,
        request: &ChangeRequest,
        parts: &[Part],
        deadline: Instant,
    ) -> Result<(Vec<Leg>, Held), SwitchError> {
        loop {
            let look = self.claims.look();
            let seen = read(state, request, parts, deadline).await?;
            let mut freed =
                match self.claims.take(&look, |taken| plan(state, request, parts, seen, taken))? {
                    Take::Held(legs, held) => return Ok((legs, held)),
                    Take::Again => continue,
                    Take::Wait(freed) => freed,
                };
            drop(look);
            if timeout_at(deadline, freed.changed()).await.is_err() {
                return Err(SwitchError::Busy(
                    "another request is changing a VLAN or LAG that this one needs".to_owned(),
                ));
            }
        }
    }
}

/// Plans the legs of a request as if nothing else were going on.
pub(super) async fn plan_legs(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    deadline: Instant,
) -> Result<Vec<Leg>, SwitchError> {
    let seen = read(state, request, parts, deadline).await?;
    plan(state, request, parts, seen, &Taken::nothing()).map(|(legs, _)| legs)
}

async fn read(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    deadline: Instant,
) -> Result<Seen, SwitchError> {
    let first = parts.first().and_then(|part| part.ports.first());
    let proposed = match prepare::lag_wish(request) {
        Some(wish) => Some(lag_name::proposed(wish, first)?),
        None => members::lag_named(request).cloned(),
    };
    let over_pair = parts.len() > 1 && prepare::lag_wish(request).is_some();
    let reads = parts.iter().map(|part| {
        let query = part.query(request, proposed.as_ref(), over_pair);
        prepare::read(&part.switch, query, deadline)
    });
    let observed = try_join_all(reads).await?;
    let peers = parts
        .iter()
        .zip(&observed)
        .filter_map(|(part, observed)| unread_peer(state, request, parts, part, observed));
    let query = Query { all_vlans: true, ..Query::default() };
    let reads = peers.map(|peer| async {
        let observed = prepare::read(peer, query.clone(), deadline).await?;
        Ok((peer.name().clone(), observed.all_vlans))
    });
    let peers = try_join_all(reads).await?.into_iter().collect();
    Ok(Seen { observed, peers })
}

/// The other switch of a pair, where a VLAN may have to be chosen that is free on both.
fn unread_peer<'a>(
    state: &'a State,
    request: &ChangeRequest,
    parts: &[Part],
    part: &Part,
    observed: &Observation,
) -> Option<&'a Arc<Switch>> {
    let vni = part.vni.filter(|_| request.operation != Operation::DeleteNetwork)?;
    if observed.all_vlans.values().any(|state| state.vni == Some(vni)) {
        return None;
    }
    let peer = state.inventory.peer(part.switch.name())?;
    let named = parts.iter().any(|part| part.switch.name() == peer.name());
    (!named && peer.driver().capabilities().vxlan).then_some(peer)
}

/// The legs, and what they need to hold.
fn plan(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    seen: Seen,
    taken: &Taken<'_>,
) -> Result<(Vec<Leg>, BySwitch), SwitchError> {
    for (part, observed) in parts.iter().zip(&seen.observed) {
        members::unchanged(part, observed, members::lag_named(request))?;
    }
    let awaited = awaited(parts, taken);
    if !awaited.is_empty() {
        return Ok((Vec::new(), awaited));
    }
    let (lag, number) = choose_lag(state, request, parts, &seen.observed, taken)?;
    let mut request = request.clone();
    if let Some(wish) = &mut request.lag {
        wish.settings.pair = number;
    }
    let mut vxlans = Vec::with_capacity(parts.len());
    for part in parts {
        vxlans.push(match part.vni {
            Some(vni) => vxlan_of(state, &request, parts, part, vni, &seen, taken)?,
            None => None,
        });
    }
    let mut legs = Vec::with_capacity(parts.len());
    let mut claims = BySwitch::new();
    for ((part, observed), vxlan) in parts.iter().zip(seen.observed).zip(vxlans) {
        let (leg, needed) = leg(&request, part, observed, vxlan, lag.as_ref())?;
        let claim = claim(&leg, &needed);
        if let Some(peer) = state.inventory.peer(part.switch.name()) {
            // What a VXLAN is on one switch of a pair it is to be on the other.
            let Claim { defines, vnis, .. } = claim.clone();
            let shared = match vnis.is_empty() {
                true => Claim::default(),
                false => Claim { defines, vnis, ..Claim::default() },
            };
            claims.entry(peer.name().clone()).or_default().merge(&shared);
        }
        claims.entry(part.switch.name().clone()).or_default().merge(&claim);
        legs.push(leg);
    }
    Ok((legs, claims))
}

/// The VXLANs that others are mapping at this moment: which VLAN they get is known afterwards. As a
/// claim it cannot be had, which is what makes the request wait.
fn awaited(parts: &[Part], taken: &Taken<'_>) -> BySwitch {
    let awaited = |part: &Part| {
        let vni = part.vni.filter(|vni| taken.on(part.switch.name()).vnis.contains(vni))?;
        let claim = Claim { vnis: [vni].into(), ..Claim::default() };
        Some((part.switch.name().clone(), claim))
    };
    parts.iter().filter_map(awaited).collect()
}

/// One leg, and the VLANs that have to stay defined for it.
fn leg(
    request: &ChangeRequest,
    part: &Part,
    mut observed: Observation,
    vxlan: Option<Vxlan>,
    lag: Option<&LagName>,
) -> Result<(Leg, VlanSet), SwitchError> {
    let facts = part.switch.facts();
    if let Some(Vxlan { vlan, .. }) = vxlan
        && let Some(state) = observed.all_vlans.get(&vlan)
    {
        observed.slice.vlans.insert(vlan, state.clone());
    }
    let stands = vxlan.map(|vxlan| vxlan.vlan);
    // A VXLAN that is to be deleted and that the switch does not have.
    let absent = part.vni.is_some() && stands.is_none();
    let (mut wanted, needed) = match absent {
        true => (observed.slice.clone(), VlanSet::empty()),
        false => {
            let intent = prepare::intent(request, &part.switch, stands)?;
            only_a_vlan(part, &observed, &intent)?;
            let wanted = wanted(&observed.slice, &part.ports, &intent, lag, &facts)?;
            let needed = match &intent {
                Intent::AddNetwork { .. } | Intent::DeleteNetwork { .. } => VlanSet::empty(),
                _ => part.needed(request).union(&prepare::carried(&intent)),
            };
            (wanted, needed)
        }
    };
    let attaches = matches!(request.operation, Operation::AttachPort | Operation::UpdatePort);
    let network = match request.network.segment()? {
        Some(model::Segment::Vlan { vlan, .. }) => Some(vlan),
        _ => stands,
    };
    let definitions = Definitions {
        create: part.switch.settings().create_vlans,
        named: network.zip(request.network.name.as_deref()),
        vxlan: vxlan.filter(|_| attaches),
    };
    define(&mut wanted, &needed, &definitions, &facts)?;
    without_unchanged(&mut observed.slice, &mut wanted);
    let mut leg = Leg::plan(Arc::clone(&part.switch), part.ports.clone(), observed, &wanted)?;
    leg.vxlan = vxlan;
    Ok((leg, needed))
}

/// Refuses to delete a VLAN that stands for a VXLAN unless the VXLAN is named, about which the
/// policy is asked.
fn only_a_vlan(part: &Part, observed: &Observation, intent: &Intent) -> Result<(), SwitchError> {
    let Intent::DeleteNetwork { vlan } = intent else { return Ok(()) };
    match observed.slice.vlans.get(vlan).and_then(|state| state.vni) {
        Some(vni) if part.vni.is_none() => Err(SwitchError::Conflict {
            what: format!("VLAN {vlan} on `{}` is mapped to VNI {vni}", part.switch.name()),
            hint: Some(format!("delete the `vxlan` network {vni}")),
        }),
        _ => Ok(()),
    }
}

/// What a leg has to hold on its switch.
fn claim(leg: &Leg, needed: &VlanSet) -> Claim {
    let mut claim = Claim::default();
    if leg.is_so_already() {
        return claim;
    }
    for change in &leg.work.changes {
        match change {
            Change::CreateVlan { vlan, .. } | Change::DeleteVlan { vlan, .. } => {
                claim.defines = claim.defines.with(*vlan);
            }
            Change::MapVni { vlan, vni } | Change::UnmapVni { vlan, vni } => {
                claim.defines = claim.defines.with(*vlan);
                claim.vnis.insert(*vni);
            }
            // What is given up is not free before it is certain that it will not be taken back.
            Change::CreateLag { settings, .. } | Change::DeleteLag { settings, .. } => {
                claim.pairs.extend(settings.pair);
            }
            Change::SetLag { from, to, .. } => {
                claim.pairs.extend(from.pair.into_iter().chain(to.pair))
            }
            _ => {}
        }
        claim.lags.extend(change.targets().into_iter().filter_map(|target| match target {
            Target::Lag(lag) => Some(lag),
            Target::Port(_) => None,
        }));
    }
    if leg.switch.driver().capabilities().vlan_database == VlanDatabase::Explicit {
        claim.uses = needed.difference(&claim.defines);
    }
    claim
}

/// The name of the LAG that the request is about, the same on all its switches, and its number
/// where these are a pair.
fn choose_lag(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    observed: &[Observation],
    taken: &Taken<'_>,
) -> Result<(Option<LagName>, Option<u16>), SwitchError> {
    let Some(wish) = prepare::lag_wish(request) else { return Ok((None, None)) };
    let mut ids = parts.first().and_then(|part| part.switch.settings().lag_ids);
    if let Some(pair) = prepare::pair_of(state, parts)? {
        ids = pair.lag_ids.or(ids);
    }
    let mut sides = Vec::with_capacity(parts.len());
    for (part, observed) in parts.iter().zip(observed) {
        let switch = part.switch.name();
        let cannot =
            |what: &str| SwitchError::Unsupported { switch: switch.clone(), what: what.to_owned() };
        let lag = part.switch.driver().capabilities().lag.as_ref().ok_or_else(|| cannot("LAGs"))?;
        if parts.len() > 1 && !lag.across_pair {
            return Err(cannot("LAGs over two switches"));
        }
        let (ports, naming, taken) = (&part.ports, &lag.naming, taken.on(switch));
        sides.push(LagSide { switch, ports, observed, naming, taken });
    }
    let name = lag_name::choose(&sides, wish, ids)?;
    let number = lag_pair::choose(&sides, &name, ids)?;
    Ok((Some(name), number))
}

/// The VXLAN and the VLAN that stands for it on a part's switch; none when it is to be deleted and
/// is not there.
fn vxlan_of(
    state: &State,
    request: &ChangeRequest,
    parts: &[Part],
    part: &Part,
    vni: Vni,
    seen: &Seen,
    taken: &Taken<'_>,
) -> Result<Option<Vxlan>, SwitchError> {
    let given = request.network.native;
    let peer = state.inventory.peer(part.switch.name()).map(|peer| peer.name());
    let of_parts = parts.iter().zip(&seen.observed).map(|(part, observed)| VxlanSide {
        switch: part.switch.name(),
        vlans: &observed.all_vlans,
    });
    let of_peers = seen.peers.iter().map(|(switch, vlans)| VxlanSide { switch, vlans });
    let own = part.switch.name();
    let sides: Vec<_> = of_parts
        .chain(of_peers)
        .filter(|side| side.switch == own || Some(side.switch) == peer)
        .collect();
    if request.operation == Operation::DeleteNetwork {
        let side = sides.iter().find(|side| side.switch == own);
        let vlan = side.map(|side| vxlan::mapped(side, vni, given)).transpose()?.flatten();
        return Ok(vlan.map(|vlan| Vxlan { vni, vlan }));
    }
    let range = state.inventory.vxlan_vlans(&part.switch);
    let taken = sides
        .iter()
        .fold(VlanSet::empty(), |vlans, side| vlans.union(&taken.on(side.switch).defines));
    let wish = VxlanWish {
        vni,
        given,
        range: range.as_ref(),
        taken: &taken,
        by_request: request.operation == Operation::AddNetwork,
    };
    let vlan = vxlan::choose(&sides, &wish)?;
    let in_range = range.is_some_and(|range| range.contains(vlan));
    let allowed = part.switch.settings().allowed_vlans.as_ref();
    if let Some(allowed) = allowed.filter(|allowed| !in_range && !allowed.contains(vlan)) {
        return Err(prepare::outside(part.switch.name(), &VlanSet::from(vlan), allowed));
    }
    Ok(Some(Vxlan { vni, vlan }))
}
