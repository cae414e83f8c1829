//! The rules about changes: each capability there and back, and how works are carried out.

use model::PortConfig;
use switch::{
    Atomicity, BatchOutcome, Change, Observation, Query, Saving, Slice, Target, VlanDatabase, Work,
    plan,
};

use super::{
    asks::shown_works,
    cases::{Case, Ground, cases},
    compare::same,
    report::{Failure, Verdict},
    rules::{self, Rule},
    runner::{Judged, Runner, fail, passed, skipped},
    words::GHOST,
};
use crate::plugin::wire::{self, Nothing, method};

impl Runner {
    pub(super) async fn changes(&mut self) {
        let query = self.whole();
        let seen = self.observe(&query).await;
        let ground = match (&self.first, seen) {
            (None, _) => Err("no port could be read".to_owned()),
            (_, Err(failure)) => Err(format!("the ports cannot be read: {}", failure.came)),
            (_, Ok(seen)) => match seen.slice.ports.iter().find(|(_, port)| port.lag.is_some()) {
                Some((port, _)) => Err(format!("port `{port}` is in a LAG; give one that is not")),
                None => Ok(seen),
            },
        };
        let why = ground.as_ref().err().cloned();
        let (before, lag_names, pair_ids) =
            ground.map(|seen| (seen.slice, seen.lag_names, seen.pair_ids)).unwrap_or_default();
        let ground = Ground {
            before: &before,
            ports: &self.options.ports.clone(),
            vlans: self.options.vlans,
            capabilities: &self.capabilities(),
            lag_names: &lag_names,
            pair_ids: &pair_ids,
        };
        let all = cases(&ground);
        for case in all {
            match (case, &why) {
                (Ok(Case { rule, .. }) | Err(rule), Some(why)) => {
                    self.record(rule, Ok(skipped(why)));
                }
                (Err(rule), None) => {
                    self.record(rule, Ok(skipped("it does not claim this")));
                }
                (Ok(case), None) => self.there_and_back(case, &before).await,
            }
        }
        self.ways(&before, why.as_deref()).await;
        let judged = self.saves().await;
        self.record(rules::SAVE, judged);
        let judged = match why {
            Some(why) => Ok(skipped(why)),
            None => self.restored(&before).await,
        };
        self.record(rules::RESTORED, judged);
    }

    /// Everything that a case may touch.
    fn whole(&self) -> Query {
        let capabilities = self.capabilities();
        let explicit = capabilities.vlan_database == VlanDatabase::Explicit;
        let vlans = if explicit { self.options.vlans.into() } else { Default::default() };
        Query {
            vlans,
            lag_names: capabilities.lag.is_some(),
            pair_ids: capabilities.lag.is_some_and(|lag| lag.across_pair),
            all_vlans: capabilities.vxlan,
            ..self.ports()
        }
    }

    /// Goes through the states of a case and back by the inverses, reading after each.
    async fn there_and_back(&mut self, case: Case, before: &Slice) {
        let Case { rule, states } = case;
        let judged = self.walk(states, before).await;
        let good = self.record(rule, judged);
        if !good {
            // What can be put back is put back; what cannot is told by a rule of its own.
            let _ = self.put_back(before).await;
        }
    }

    async fn walk(&mut self, states: Vec<Slice>, before: &Slice) -> Judged {
        let mut works: Vec<Work> = Vec::new();
        let mut now = before.clone();
        for state in states {
            let work = Work { changes: plan(&now, &state), before: now };
            self.apply_and_read(&work).await?;
            works.push(work);
            now = state;
        }
        let sent: Vec<Work> = works.into_iter().rev().map(|work| backwards(&work)).collect();
        let mut note = None;
        for work in sent {
            let applied = self.apply_and_read(&work).await?;
            note = applied.operations.into_iter().next().map(|one| format!("sends `{one}`"));
        }
        Ok(Verdict::Passed { note })
    }

    async fn apply_and_read(&mut self, work: &Work) -> Result<switch::Applied, Failure> {
        let applied = self.apply(work).await?;
        self.expect(work).await?;
        Ok(applied)
    }

    /// Reads, and compares with what the work leads to.
    async fn expect(&mut self, work: &Work) -> Result<(), Failure> {
        let sent = format!("{}, then `observe`", shown_works(std::slice::from_ref(work)));
        let after = work.after().map_err(|misfit| fail(&sent, misfit.to_string()))?;
        let mut query = self.whole();
        query.lags = work.before.lags.keys().chain(after.lags.keys()).cloned().collect();
        let seen = self.observe(&query).await?;
        if let Some(why) = seen.pending {
            return Err(fail(sent, format!("`pending`: {why}")));
        }
        let wrong = same(&after, &seen.slice).or_else(|| not_listed(&after, &seen, &query));
        match wrong {
            None => Ok(()),
            Some(difference) => Err(fail(sent, difference)),
        }
    }

    async fn put_back(&mut self, before: &Slice) -> Result<(), Failure> {
        let mut query = self.whole();
        let named = self.observe(&query).await?;
        query.lags =
            named.lag_names.into_iter().filter(|lag| lag.as_str().contains("check")).collect();
        let now = self.observe(&query).await?.slice;
        let work = Work { changes: plan(&now, before), before: now };
        if work.changes.is_empty() {
            return Ok(());
        }
        self.apply(&work).await.map(drop)
    }

    async fn restored(&mut self, before: &Slice) -> Judged {
        // It gets another chance, however often it failed: ports may be left as they should not.
        self.losses = 0;
        self.put_back(before).await?;
        let query = self.whole();
        let seen = self.observe(&query).await?;
        match same(before, &seen.slice) {
            None => Ok(passed()),
            Some(difference) => Err(fail("`observe` at the end", difference)),
        }
    }

    /// How works are carried out, whatever is in them.
    async fn ways(&mut self, before: &Slice, why: Option<&str>) {
        let work = match (why, self.some_work(before)) {
            (None, Some(work)) => Ok(work),
            (why, _) => Err(why.unwrap_or("it claims no VLAN mode").to_owned()),
        };
        let rules = [rules::EMPTY_WORK, rules::AGAIN, rules::BATCH, rules::ATOMICITY];
        for rule in rules {
            let judged = match &work {
                Err(why) => Ok(skipped(why)),
                Ok(work) => self.way(rule, work, before).await,
            };
            if !self.record(rule, judged) {
                let _ = self.put_back(before).await;
            }
        }
    }

    async fn way(&mut self, rule: Rule, work: &Work, before: &Slice) -> Judged {
        match rule {
            rules::EMPTY_WORK => {
                let nothing = Work { before: before.clone(), changes: Vec::new() };
                self.apply_and_read(&nothing).await?;
                Ok(passed())
            }
            rules::AGAIN => self.again(work).await,
            rules::BATCH => self.batch(work, before).await,
            _ => self.atomicity(work, before).await,
        }
    }

    /// Another VLAN on the first port.
    fn some_work(&self, before: &Slice) -> Option<Work> {
        let ground = Ground {
            before,
            ports: &self.options.ports,
            vlans: self.options.vlans,
            capabilities: &self.capabilities(),
            lag_names: &Default::default(),
            pair_ids: &Default::default(),
        };
        let modes = [rules::ACCESS, rules::TRUNK];
        let case = cases(&ground)
            .into_iter()
            .find_map(|case| case.ok().filter(|case| modes.contains(&case.rule)))?;
        let wanted = case.states.into_iter().find(|state| state != before)?;
        Some(Work { changes: plan(before, &wanted), before: before.clone() })
    }

    async fn again(&mut self, work: &Work) -> Judged {
        self.apply_and_read(work).await?;
        let second = self.apply_all(std::slice::from_ref(work)).await?;
        let refused =
            !matches!(&second, BatchOutcome::Each(each) if each.iter().all(Result::is_ok));
        self.expect(work).await?;
        self.apply_and_read(&backwards(work)).await?;
        let note = refused.then(|| "it refuses a work that starts from what is not so".to_owned());
        Ok(Verdict::Passed { note })
    }

    async fn batch(&mut self, work: &Work, before: &Slice) -> Judged {
        let (Some(one), Some(other)) = (self.options.ports.first(), self.options.ports.get(1))
        else {
            return Ok(skipped("only one port was given"));
        };
        let (one, other) = (one.clone(), other.clone());
        let after = work.after().map_err(|misfit| fail("", misfit.to_string()))?;
        // VLANs come first and by themselves: works of a batch share nothing.
        let vlans = Slice { vlans: after.vlans.clone(), ..before.clone() };
        let define = Work { changes: plan(before, &vlans), before: before.clone() };
        self.apply_and_read(&define).await?;
        let of = |port: &model::PortName| {
            let only = |slice: &Slice| Slice {
                ports: slice
                    .ports
                    .get(port)
                    .map(|p| (port.clone(), p.clone()))
                    .into_iter()
                    .collect(),
                ..Slice::default()
            };
            let before = only(before);
            let mut wanted = before.clone();
            if let (Some(port), Some(model)) = (wanted.ports.get_mut(port), after.ports.get(&one)) {
                port.config.vlans.clone_from(&model.config.vlans);
            }
            Work { changes: plan(&before, &wanted), before }
        };
        let works = [of(&one), of(&other)];
        let back: Vec<Work> = works.iter().map(backwards).collect();
        for works in [works.to_vec(), back] {
            let sent = shown_works(&works);
            match self.apply_all(&works).await? {
                BatchOutcome::RefusedWhole(error) => return Err(fail(sent, error.to_string())),
                BatchOutcome::Each(each) => {
                    if let Some(error) = each.into_iter().find_map(Result::err) {
                        return Err(fail(sent, error.to_string()));
                    }
                }
            }
            let seen = self.observe(&Query::ports([&one, &other])).await?;
            for work in &works {
                let wanted = work.after().map_err(|misfit| fail(&sent, misfit.to_string()))?;
                let mut part = seen.slice.clone();
                part.ports.retain(|port, _| wanted.ports.contains_key(port));
                if let Some(difference) = same(&wanted, &part) {
                    return Err(fail(format!("{sent}, then `observe`"), difference));
                }
            }
        }
        self.apply_and_read(&backwards(&define)).await?;
        Ok(passed())
    }

    /// A work whose last change is about a port that is not there.
    async fn atomicity(&mut self, work: &Work, before: &Slice) -> Judged {
        if self.capabilities().atomicity == Atomicity::PerCommand {
            return Ok(skipped("it claims `per_command`"));
        }
        let (Some(port), Ok(ghost)) = (self.options.ports.first(), GHOST.parse()) else {
            return Ok(skipped("no port was given"));
        };
        let mut broken = work.clone();
        let Some(state) = broken.before.ports.get(port).cloned() else {
            return Ok(skipped("no port was given"));
        };
        let PortConfig { vlans: Some(from), .. } = &state.config else {
            return Ok(skipped("its port has no VLANs"));
        };
        let after = work.after().map_err(|misfit| fail("", misfit.to_string()))?;
        let to = after.ports.get(port).and_then(|port| port.config.vlans.clone());
        let Some(to) = to else { return Ok(skipped("its port has no VLANs")) };
        broken.changes.push(Change::SetVlans {
            target: Target::Port(ghost),
            from: from.clone(),
            to,
        });
        if let Ok(ghost) = GHOST.parse() {
            broken.before.ports.insert(ghost, state);
        }
        let sent = shown_works(std::slice::from_ref(&broken));
        let outcome = self.apply_all(std::slice::from_ref(&broken)).await?;
        if matches!(&outcome, BatchOutcome::Each(each) if each.iter().all(Result::is_ok)) {
            return Err(fail(sent, "`done`, although there is no such port"));
        }
        let query = self.whole();
        let seen = self.observe(&query).await?;
        match same(before, &seen.slice) {
            None => Ok(passed()),
            Some(difference) => {
                Err(fail(format!("{sent}, then `observe`"), format!("a refusal, but {difference}")))
            }
        }
    }

    async fn saves(&mut self) -> Judged {
        if self.capabilities().saving == Saving::Implicit {
            return Ok(skipped("it claims that nothing needs saving"));
        }
        let value = self.ask(method::SAVE, &Nothing {}).await?;
        let read: Result<wire::Saved, _> = wire::result(method::SAVE, value);
        match read {
            Ok(_) => Ok(passed()),
            Err(violation) => Err(self.violated("`save` {}".to_owned(), &violation)),
        }
    }
}

/// What of the wanted state is missing in the lists of the whole switch, or wrong there.
fn not_listed(wanted: &Slice, seen: &Observation, query: &Query) -> Option<String> {
    let mut lags = wanted.lags.iter().filter(|_| query.pair_ids);
    let lag = lags.find(|(name, lag)| seen.pair_ids.get(*name).copied() != lag.settings.pair);
    if let Some((name, lag)) = lag {
        let (got, want) = (seen.pair_ids.get(name), lag.settings.pair);
        return Some(format!("`pair_ids` has {got:?} instead of {want:?} for LAG `{name}`"));
    }
    let mut vlans = wanted.vlans.iter().filter(|_| query.all_vlans);
    let vlan = vlans
        .find(|(vlan, state)| seen.all_vlans.get(*vlan).is_none_or(|seen| seen.vni != state.vni));
    vlan.map(|(vlan, _)| format!("`all_vlans` has not VLAN {vlan} as it is"))
}

/// The same work taken back by its inverses.
fn backwards(work: &Work) -> Work {
    let changes = work.changes.iter().rev().map(Change::inverse).collect();
    // A work that was applied fits.
    Work { before: work.after().unwrap_or_default(), changes }
}
