//! By which number the two switches of a pair know a LAG as one: the one that it has, its own where
//! LAGs are numbered, or the lowest that is free on both.

use model::{LagName, SwitchName};

use crate::{
    error::SwitchError,
    lag_name::{LagIds, LagSide, number_of, numbered},
};

/// The number of a LAG with members on these switches; none for a LAG on one switch, which keeps
/// what it has.
///
/// A LAG that has a number on either switch keeps it. One that has different numbers, or whose
/// number another LAG has, is refused with what was found where.
pub(crate) fn choose(
    sides: &[LagSide<'_>],
    lag: &LagName,
    ids: Option<LagIds>,
) -> Result<Option<u16>, SwitchError> {
    if sides.len() < 2 {
        return Ok(None);
    }
    let mut found: Option<(&SwitchName, u16)> = None;
    for side in sides {
        let Some(number) = side.observed.slice.lags.get(lag).and_then(|lag| lag.settings.pair)
        else {
            continue;
        };
        match found {
            Some((other, first)) if first != number => {
                return Err(SwitchError::Conflict {
                    what: format!(
                        "the switches of the pair know LAG `{lag}` by different numbers: {first} on \
                         `{other}`, {number} on `{}`",
                        side.switch
                    ),
                    hint: Some("detach the ports of one of them first".to_owned()),
                });
            }
            _ => found = found.or(Some((side.switch, number))),
        }
    }
    let own = || sides.iter().find_map(|side| number_of(lag, side.naming));
    if let Some(number) = found.map(|(_, number)| number).or_else(own) {
        return match numbered(sides, lag, number) {
            None => Ok(Some(number)),
            Some((switch, other)) => Err(SwitchError::Conflict {
                what: format!(
                    "LAG `{lag}` is to be number {number} of the pair, which on `{switch}` is LAG \
                     `{other}`"
                ),
                hint: Some(format!("remove LAG `{other}`, or give it another number")),
            }),
        };
    }
    let Some(LagIds { first, last }) = ids else {
        return Err(SwitchError::Invalid(
            "a LAG over two switches needs a number, but no `lag_ids` are configured for the pair"
                .to_owned(),
        ));
    };
    let free = (first..=last).find(|number| {
        numbered(sides, lag, *number).is_none()
            && sides.iter().all(|side| !side.taken.pairs.contains(number))
    });
    free.map(Some).ok_or_else(|| SwitchError::Conflict {
        what: format!("every number of the pair from {first} to {last} is taken"),
        hint: Some("widen `lag_ids` in the configuration, or remove unused LAGs".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::{LagMode, LagSettings, PortConfig};
    use rstest::rstest;

    use super::*;
    use crate::{
        LagNaming, LagState,
        claims::Claim,
        slice::{Observation, Slice},
    };

    /// A switch on which the LAG `bond1` has this number, if any, and other LAGs these.
    fn seen(bond: Option<u16>, others: &[u16]) -> Observation {
        let mut observed = Observation::default();
        let name: LagName = "bond1".parse().unwrap();
        if let Some(number) = bond {
            let settings = LagSettings { pair: Some(number), ..LagSettings::new(LagMode::Active) };
            let (members, config) = (BTreeSet::new(), PortConfig::default());
            let state = LagState { settings, members, config, extra: None };
            observed.slice = Slice { lags: [(name.clone(), state)].into(), ..Slice::default() };
            observed.pair_ids.insert(name, number);
        }
        for number in others {
            observed.pair_ids.insert(format!("other{number}").parse().unwrap(), *number);
        }
        observed
    }

    #[rstest]
    #[case(seen(None, &[]), seen(None, &[]), Ok(20))]
    #[case(seen(None, &[20]), seen(None, &[]), Ok(22))]
    #[case(seen(None, &[22]), seen(None, &[20]), Err("every number of the pair from 20 to 22 is taken"))]
    #[case(seen(Some(7), &[]), seen(Some(7), &[20]), Ok(7))]
    #[case(seen(None, &[20]), seen(Some(22), &[]), Ok(22))]
    #[case(
        seen(Some(20), &[]), seen(Some(22), &[]),
        Err("the switches of the pair know LAG `bond1` by different numbers: 20 on `leaf-01`, 22 on `leaf-02`")
    )]
    #[case(
        seen(Some(7), &[]), seen(None, &[7]),
        Err("LAG `bond1` is to be number 7 of the pair, which on `leaf-02` is LAG `other7`")
    )]
    fn the_number_of_the_pair(
        #[case] one: Observation,
        #[case] other: Observation,
        #[case] want: Result<u16, &str>,
    ) {
        let switches: [SwitchName; 2] = ["leaf-01", "leaf-02"].map(|name| name.parse().unwrap());
        let ports = BTreeSet::new();
        // Another change is about to take 21.
        let claim = Claim { pairs: [21].into(), ..Claim::default() };
        let naming = LagNaming::Free;
        let sides: Vec<_> = switches
            .iter()
            .zip([&one, &other])
            .map(|(switch, observed)| LagSide {
                switch,
                ports: &ports,
                observed,
                naming: &naming,
                taken: claim.clone(),
            })
            .collect();
        let name = "bond1".parse().unwrap();
        let got = choose(&sides, &name, Some(LagIds { first: 20, last: 22 }));
        let got = got.map_err(|error| error.to_string());
        assert_eq!(got, want.map(Some).map_err(str::to_owned));
        assert_eq!(choose(&sides[..1], &name, None).unwrap(), None);
    }

    #[rstest]
    #[case("Port-Channel30", &[], Ok(30))]
    #[case("Port-Channel30", &[30], Err("LAG `Port-Channel30` is to be number 30 of the pair, which on `leaf-01` is LAG `other30`"))]
    fn a_numbered_lag_brings_its_number(
        #[case] name: &str,
        #[case] others: &[u16],
        #[case] want: Result<u16, &str>,
    ) {
        let switch: SwitchName = "leaf-01".parse().unwrap();
        let (ports, observed) = (BTreeSet::new(), seen(None, others));
        let naming = LagNaming::Numbered { prefix: "Port-Channel".to_owned() };
        let side = || LagSide {
            switch: &switch,
            ports: &ports,
            observed: &observed,
            naming: &naming,
            taken: Claim::default(),
        };
        let got = choose(&[side(), side()], &name.parse().unwrap(), None);
        assert_eq!(got.map_err(|e| e.to_string()), want.map(Some).map_err(str::to_owned));
    }
}
