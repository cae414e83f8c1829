//! The members that a LAG has already, which a request means without naming them.
//!
//! They are read before the policy is asked, so that it is asked about every port that a change
//! concerns; and read again when the ports are held, because in between others can come and go. A
//! LAG whose members are not the same then is looked at anew: a port that left it may by now be
//! somebody else's.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use model::{LagConfig, LagName, SwitchName};
use tokio::time::Instant;

use super::{Service, State, prepare, prepare::Part};
use crate::{
    error::SwitchError,
    intent::{LagWish, Members},
    policy::Verb,
    request::{ChangeRequest, Operation, Origin},
    slice::{Observation, Query},
};

/// How often a LAG whose members change is looked at anew before the request is given up.
pub(super) const LOOKS: usize = 3;

/// The wish for a LAG whose members are not all named.
fn open_wish(request: &ChangeRequest) -> Option<(&LagWish, &LagName)> {
    let wish = request.lag.as_ref().filter(|wish| wish.members != Members::Named)?;
    wish.name.as_ref().map(|name| (wish, name))
}

/// The LAG that a request means by its name.
pub(super) fn lag_named(request: &ChangeRequest) -> Option<&LagName> {
    open_wish(request).map(|(_, name)| name)
}

impl Service {
    /// What the request means on each switch, with every port that it concerns, if the caller may
    /// do that.
    pub(super) async fn allowed_parts(
        &self,
        state: &State,
        request: &ChangeRequest,
        origin: &Origin,
    ) -> Result<Vec<Part>, SwitchError> {
        let parts = prepare::parts(state, request)?;
        let verb = request.operation.verb();
        // Before anything is read for a caller: may it do this to what it names?
        self.authorise(state, &parts, verb, origin).await?;
        if open_wish(request).is_none() {
            return Ok(parts);
        }
        let parts = completed(state, request, parts, origin.deadline).await?;
        self.authorise(state, &parts, verb, origin).await?;
        Ok(parts)
    }
}

/// The parts with the members that the request does not name. A switch on which the LAG has none
/// is left out where the request is about those only.
pub(super) async fn completed(
    state: &State,
    request: &ChangeRequest,
    mut parts: Vec<Part>,
    deadline: Instant,
) -> Result<Vec<Part>, SwitchError> {
    let Some((wish, name)) = open_wish(request) else { return Ok(parts) };
    prepare::pair_of(state, &parts)?;
    let query = Query { lags: [name.clone()].into(), ..Query::default() };
    let reads = parts.iter().map(|part| prepare::read(&part.switch, query.clone(), deadline));
    let observed = try_join_all(reads).await?;
    for (part, observed) in parts.iter_mut().zip(&observed) {
        part.present = present(part, observed, name);
        part.ports.extend(part.present.iter().cloned());
    }
    if wish.members == Members::Present {
        let asked: BTreeSet<SwitchName> =
            parts.iter().map(|part| part.switch.name().clone()).collect();
        parts.retain(|part| !part.ports.is_empty());
        if parts.is_empty() && request.operation != Operation::DetachPort {
            return Err(no_member(name, &asked));
        }
    }
    if request.operation != Operation::DetachPort {
        let all = prepare::switch_ports(&parts);
        LagConfig::new(Some(name.clone()), wish.settings.clone(), all)
            .map_err(|error| SwitchError::invalid("LAG", &error))?;
    }
    Ok(parts)
}

fn present(part: &Part, observed: &Observation, name: &LagName) -> BTreeSet<model::PortName> {
    let members = observed.slice.lags.get(name).map(|lag| &lag.members);
    members.map(|members| members.difference(&part.named).cloned().collect()).unwrap_or_default()
}

fn no_member(lag: &LagName, switches: &BTreeSet<SwitchName>) -> SwitchError {
    let switches: Vec<_> = switches.iter().map(|name| format!("`{name}`")).collect();
    SwitchError::NotFound {
        what: format!("LAG `{lag}` has no member on {}", switches.join(" and ")),
        hint: Some("a LAG begins with its first port: configure a port with its name".to_owned()),
    }
}

/// Refuses a LAG that has other members than when the policy was asked about them.
pub(super) fn unchanged(
    part: &Part,
    observed: &Observation,
    lag: Option<&LagName>,
) -> Result<(), SwitchError> {
    let Some(lag) = lag else { return Ok(()) };
    if present(part, observed, lag) == part.present {
        return Ok(());
    }
    Err(SwitchError::MembersChanged { lag: lag.clone(), switch: part.switch.name().clone() })
}

/// Whether the caller may do this to any port of the switch: what is asked when the request names
/// none, before its ports are known.
pub(super) fn refusal_of_all(
    state: &State,
    part: &Part,
    verb: Verb,
    caller: &str,
) -> Option<SwitchError> {
    let switch = part.switch.name();
    let refused = !state.policy.permits_any(caller, verb, switch);
    refused.then(|| SwitchError::Refused {
        what: format!("`{switch}`"),
        rule: None,
        reason: format!("no rule lets this caller {verb} a port there"),
    })
}
