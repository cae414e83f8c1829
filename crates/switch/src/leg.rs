//! A leg: what a request does on one switch, and what became of it.

use std::{collections::BTreeSet, sync::Arc};

use model::{FailedLeg, LagName, LegOutcome, PortConfig, PortName};

use crate::{
    change::{Change, Target},
    driver::{DeviceError, Work},
    error::SwitchError,
    inventory::Switch,
    plan::plan,
    slice::{Observation, Query, Slice},
    verify::{Difference, differences},
};

/// What a request does on one switch: what is there, and the changes that lead to what is wanted.
#[derive(Debug)]
pub(crate) struct Leg {
    /// The switch.
    pub switch: Arc<Switch>,
    /// The request's ports there; none when it is about a VLAN's definition.
    pub ports: BTreeSet<PortName>,
    /// What is read before, after, and to take back.
    pub query: Query,
    /// What was there.
    pub observed: Observation,
    /// The changes, and the slice that they start from.
    pub work: Work,
    /// What will be there.
    pub after: Slice,
}

impl Leg {
    /// Plans a leg from what was observed to what is wanted.
    pub(crate) fn plan(
        switch: Arc<Switch>,
        ports: BTreeSet<PortName>,
        observed: Observation,
        wanted: &Slice,
    ) -> Result<Self, SwitchError> {
        let changes = plan(&observed.slice, wanted);
        let work = Work { before: observed.slice.clone(), changes };
        let after = work.after().map_err(|misfit| SwitchError::Internal(misfit.to_string()))?;
        let query = Query {
            ports: ports.clone(),
            lags: observed.slice.lags.keys().chain(after.lags.keys()).cloned().collect(),
            vlans: observed.slice.vlans.keys().chain(after.vlans.keys()).copied().collect(),
            ..Query::default()
        };
        Ok(Self { switch, ports, query, observed, work, after })
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_so_already(&self) -> bool {
        self.work.changes.is_empty()
    }

    /// What an observation has that this leg did not want.
    pub(crate) fn differences(&self, observed: &Slice) -> Vec<Difference> {
        differences(&self.after, observed)
    }

    /// The LAG in which a port will be, or from which it goes.
    pub(crate) fn lag_of(&self, port: &PortName) -> Option<&LagName> {
        let lag = |slice: &'_ Slice| slice.ports.get(port).and_then(|state| state.lag.clone());
        let name = lag(&self.after).or_else(|| lag(&self.observed.slice))?;
        self.after
            .lags
            .get_key_value(&name)
            .or_else(|| self.observed.slice.lags.get_key_value(&name))
            .map(|(name, _)| name)
    }

    /// The changes that concern a port or its LAG.
    pub(crate) fn changes_of(&self, port: &PortName) -> Vec<&Change> {
        let lag = self.lag_of(port);
        let concerns = |change: &&Change| match change.targets().first() {
            Some(Target::Port(name)) => name == port,
            Some(Target::Lag(name)) => Some(name) == lag,
            None => false,
        };
        self.work.changes.iter().filter(concerns).collect()
    }

    /// The leg as one that failed, port by port.
    pub(crate) fn failed(
        &self,
        outcome: LegOutcome,
        found: Option<&Slice>,
        error: Option<&DeviceError>,
    ) -> Vec<FailedLeg> {
        let ports: Vec<Option<&PortName>> = match self.ports.is_empty() {
            true => vec![None],
            false => self.ports.iter().map(Some).collect(),
        };
        let unknown = outcome == LegOutcome::Unknown;
        let known = found.unwrap_or(&self.observed.slice);
        let remains = found.map(|found| differences(&self.observed.slice, found));
        // What remains of a LAG or a VLAN is every port's business.
        let left = |port: Option<&PortName>| -> Vec<String> {
            let others = |difference: &&Difference| match (&difference.target, port) {
                (Some(Target::Port(name)), Some(port)) => name == port,
                _ => true,
            };
            remains.iter().flatten().filter(others).map(ToString::to_string).collect()
        };
        ports
            .into_iter()
            .map(|port| {
                let config = port.and_then(|port| effective(known, port));
                FailedLeg {
                    switch: self.switch.name().clone(),
                    port: port.cloned(),
                    outcome: match outcome {
                        LegOutcome::NotUndone if left(port).is_empty() => LegOutcome::Undone,
                        outcome => outcome,
                    },
                    observed: config.clone().filter(|_| !unknown),
                    lag: port.and_then(|port| known.ports.get(port)?.lag.clone()),
                    last_known: config.filter(|_| unknown),
                    error: match left(port) {
                        left if left.is_empty() => error.map(ToString::to_string),
                        left => Some(left.join("; ")),
                    },
                }
            })
            .collect()
    }
}

/// A port's configuration with the VLANs that hold for it, which are its LAG's in a LAG.
pub(crate) fn effective(slice: &Slice, port: &PortName) -> Option<PortConfig> {
    let state = slice.ports.get(port)?;
    Some(PortConfig { vlans: slice.vlans_of(port).cloned(), ..state.config.clone() })
}
