//! Which name a LAG gets: the one that is there, the one that was asked for, or the lowest free
//! number, the same on every switch of the request.

use std::collections::{BTreeMap, BTreeSet};

use model::{LagName, PortName, SwitchName};

use crate::{
    capability::LagNaming,
    claims::Claim,
    error::SwitchError,
    intent::{LagWish, Members},
    slice::{Observation, Slice},
};

/// One switch of a LAG: its ports, what was observed, how it names LAGs.
#[derive(Debug, Clone)]
pub(crate) struct LagSide<'a> {
    /// The switch.
    pub switch: &'a SwitchName,
    /// The request's ports there.
    pub ports: &'a BTreeSet<PortName>,
    /// What was read, with the names of all LAGs.
    pub observed: &'a Observation,
    /// How the switch names LAGs.
    pub naming: &'a LagNaming,
    /// What other changes hold there.
    pub taken: Claim,
}

/// Numbers from which a LAG's is taken, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LagIds {
    /// The first number.
    pub first: u16,
    /// The last number.
    pub last: u16,
}

/// The name of the LAG that these ports form or shall form.
///
/// A LAG of exactly these ports, or of some of them and no other, is adopted. Where the ports are
/// in several LAGs the request is refused with what was found where.
pub(crate) fn choose(
    sides: &[LagSide<'_>],
    wish: &LagWish,
    ids: Option<LagIds>,
) -> Result<LagName, SwitchError> {
    if wish.members != Members::Named {
        return called(sides, wish);
    }
    let mut found: BTreeMap<LagName, Vec<String>> = BTreeMap::new();
    for side in sides {
        for (port, lag) in memberships(&side.observed.slice, side.ports) {
            found.entry(lag).or_default().push(format!("`{port}` on `{}`", side.switch));
        }
    }
    let mut names = found.keys();
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(name.clone()),
        (Some(_), Some(_)) => {
            let places: Vec<String> = found
                .iter()
                .map(|(lag, ports)| format!("{} in LAG `{lag}`", ports.join(", ")))
                .collect();
            Err(SwitchError::Conflict {
                what: format!("the ports are in different LAGs: {}", places.join("; ")),
                hint: Some("detach them first".to_owned()),
            })
        }
        (None, _) => fresh(sides, wish, ids),
    }
}

/// The name that was asked for and no other, if the ports and the switches allow it.
fn called(sides: &[LagSide<'_>], wish: &LagWish) -> Result<LagName, SwitchError> {
    let Some(name) = &wish.name else {
        return Err(SwitchError::Invalid("LAG: has no name".to_owned()));
    };
    for side in sides {
        let mut elsewhere = memberships(&side.observed.slice, side.ports);
        if let Some((port, lag)) = elsewhere.find(|(_, lag)| lag != name) {
            return Err(SwitchError::Conflict {
                what: format!("port `{port}` on `{}` is a member of LAG `{lag}`", side.switch),
                hint: Some("detach it first".to_owned()),
            });
        }
        let LagNaming::Numbered { prefix } = side.naming else { continue };
        if number_of(name, side.naming).is_none() {
            return Err(SwitchError::Invalid(format!(
                "LAG name `{name}`: LAGs on `{}` are called `{prefix}` and a number",
                side.switch
            )));
        }
    }
    Ok(name.clone())
}

fn memberships<'a>(
    slice: &'a Slice,
    ports: &'a BTreeSet<PortName>,
) -> impl Iterator<Item = (&'a PortName, LagName)> {
    ports.iter().filter_map(|port| Some((port, slice.ports.get(port)?.lag.clone()?)))
}

fn fresh(
    sides: &[LagSide<'_>],
    wish: &LagWish,
    ids: Option<LagIds>,
) -> Result<LagName, SwitchError> {
    let taken = |name: &LagName| sides.iter().find(|side| side.observed.lag_names.contains(name));
    let prefix = sides.iter().find_map(|side| match side.naming {
        LagNaming::Numbered { prefix } => Some(prefix),
        LagNaming::Free => None,
    });
    if let Some(prefix) = prefix {
        let Some(LagIds { first, last }) = ids else {
            return Err(SwitchError::Invalid(
                "the switch numbers its LAGs, but no `lag_ids` are configured for it".to_owned(),
            ));
        };
        let free = (first..=last)
            .filter_map(|id| format!("{prefix}{id}").parse::<LagName>().ok())
            .find(|name| free(sides, name));
        return free.ok_or_else(|| SwitchError::Conflict {
            what: format!("every LAG number from {first} to {last} is taken"),
            hint: Some("widen `lag_ids` in the configuration, or remove unused LAGs".to_owned()),
        });
    }
    let first = sides.iter().find_map(|side| side.ports.first());
    let name = proposed(wish, first)?;
    // One without members is what a change left behind that was cut off: it is taken up again.
    let empty = |side: &LagSide<'_>| {
        side.observed.slice.lags.get(&name).is_some_and(|lag| lag.members.is_empty())
    };
    match taken(&name) {
        Some(side) if !empty(side) => Err(SwitchError::Conflict {
            what: format!("LAG `{name}` on `{}` exists with other members", side.switch),
            hint: Some("give the LAG another name in `local_group_information`".to_owned()),
        }),
        _ => Ok(name),
    }
}

/// Whether nobody has the name, nor over a pair the number that goes with it.
fn free(sides: &[LagSide<'_>], name: &LagName) -> bool {
    let number = sides.iter().find_map(|side| number_of(name, side.naming));
    let number = number.filter(|_| sides.len() > 1);
    let taken = |side: &LagSide<'_>| {
        side.observed.lag_names.contains(name)
            || side.taken.lags.contains(name)
            || number.is_some_and(|number| side.taken.pairs.contains(&number))
    };
    let of_another = number.is_some_and(|number| numbered(sides, name, number).is_some());
    !of_another && !sides.iter().any(taken)
}

/// The other LAG that has this number of the pair, and where.
pub(crate) fn numbered<'a>(
    sides: &[LagSide<'a>],
    lag: &LagName,
    number: u16,
) -> Option<(&'a SwitchName, &'a LagName)> {
    sides.iter().find_map(|side| {
        let mut others = side.observed.pair_ids.iter().filter(|(name, _)| *name != lag);
        let (other, _) = others.find(|(_, id)| **id == number)?;
        Some((side.switch, other))
    })
}

/// The number in a LAG's name, on a switch that numbers them.
pub(crate) fn number_of(name: &LagName, naming: &LagNaming) -> Option<u16> {
    match naming {
        LagNaming::Numbered { prefix } => name.as_str().strip_prefix(prefix.as_str())?.parse().ok(),
        LagNaming::Free => None,
    }
}

/// The name that a new LAG gets where LAGs are named freely: the one that was asked for, or one
/// that the same ports get again, so that a repeated request finds its own LAG.
pub(crate) fn proposed(wish: &LagWish, first: Option<&PortName>) -> Result<LagName, SwitchError> {
    if let Some(name) = &wish.name {
        return Ok(name.clone());
    }
    let port = first.map_or("", PortName::as_str);
    format!("lag-{port}").parse().map_err(|error| SwitchError::invalid("LAG", &error))
}
