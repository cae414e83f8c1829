//! Claims: what a running change takes hold of on a switch beside its ports.
//!
//! Names and numbers of LAGs and the VLANs of VXLANs are chosen by reading a switch and taking what
//! is free there. Two changes that read at the same time would choose the same, and most switches
//! would then merge two LAGs, or two networks, without a word. So a change claims what it chose, and
//! every VLAN that it creates, deletes or maps, until it has ended. A VLAN that a change only uses
//! it shares with others who use it, and with nobody who may delete it or take its creation back.
//!
//! Choosing and claiming are one step, under one lock, so that a row of changes that begin together
//! choose different things without reading again. What was given back since a change read the
//! switch it has not seen: then it looks anew. A change that needs what another holds waits for it,
//! while it holds its ports; it claims all at once and holds no claim while it waits, so no two can
//! wait for each other.
//!
//! Claims end with the process. Between processes the switches' lock files keep changes apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use model::{LagName, SwitchName, VlanSet, Vni};
use tokio::sync::watch;

/// What a change takes hold of on one switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// VLANs that it creates, deletes or maps.
    pub defines: VlanSet,
    /// VLANs that have to stay as they are while it runs.
    pub uses: VlanSet,
    /// VNIs that it maps.
    pub vnis: BTreeSet<Vni>,
    /// LAGs that it makes or changes.
    pub lags: BTreeSet<LagName>,
    /// Numbers of the pair that it gives to LAGs or takes from them.
    pub pairs: BTreeSet<u16>,
}

impl Claim {
    fn collides(&self, other: &Self) -> bool {
        let overlap = |one: &VlanSet, other: &VlanSet| !one.intersection(other).is_empty();
        overlap(&self.defines, &other.defines)
            || overlap(&self.defines, &other.uses)
            || overlap(&self.uses, &other.defines)
            || !self.vnis.is_disjoint(&other.vnis)
            || !self.lags.is_disjoint(&other.lags)
            || !self.pairs.is_disjoint(&other.pairs)
    }

    /// Whether it keeps anybody but other users of its VLANs away.
    fn is_exclusive(&self) -> bool {
        let Self { defines, uses: _, vnis, lags, pairs } = self;
        !(defines.is_empty() && vnis.is_empty() && lags.is_empty() && pairs.is_empty())
    }

    /// Adds what `other` has.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.defines = self.defines.union(&other.defines);
        self.uses = self.uses.union(&other.uses);
        self.vnis.extend(&other.vnis);
        self.lags.extend(other.lags.iter().cloned());
        self.pairs.extend(&other.pairs);
    }
}

/// The claims of one change, switch by switch.
pub(crate) type BySwitch = BTreeMap<SwitchName, Claim>;

fn collide(one: &BySwitch, other: &BySwitch) -> bool {
    one.iter().any(|(switch, claim)| other.get(switch).is_some_and(|held| claim.collides(held)))
}

/// The claims of all changes that run.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    table: Arc<Mutex<Table>>,
    /// Counts what was given back.
    freed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Table {
    /// Names what is held.
    next: u64,
    held: BTreeMap<u64, BySwitch>,
    /// How often something was given back.
    now: u64,
    /// What was given back and when, as far as somebody looked before that.
    freed: Vec<(u64, BySwitch)>,
    /// Who looks since when.
    looks: BTreeMap<u64, usize>,
}

impl Default for Claims {
    fn default() -> Self {
        Self { table: Arc::default(), freed: watch::Sender::new(0) }
    }
}

/// The time from before a switch is read until what was read is claimed.
#[derive(Debug)]
pub(crate) struct Look {
    claims: Claims,
    since: u64,
}

/// Claims that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    claims: Claims,
    id: u64,
}

/// What came of an attempt to claim.
#[derive(Debug)]
pub(crate) enum Take<T> {
    /// It is claimed.
    Held(T, Held),
    /// What was read may be out of date: read again.
    Again,
    /// Another change holds it: wait for a change of this, then read again.
    Wait(watch::Receiver<u64>),
}

/// What others hold, or held when the switches were read.
pub(crate) struct Taken<'a>(Vec<&'a BySwitch>);

impl Taken<'_> {
    /// Nothing: for a change that is only planned.
    pub(crate) const fn nothing() -> Self {
        Self(Vec::new())
    }

    /// What is not free on a switch, whatever it looked like when it was read.
    pub(crate) fn on(&self, switch: &SwitchName) -> Claim {
        let mut all = Claim::default();
        self.0.iter().filter_map(|held| held.get(switch)).for_each(|claim| all.merge(claim));
        all
    }
}

impl Claims {
    /// To be called before the switches are read.
    pub(crate) fn look(&self) -> Look {
        let mut table = self.table();
        let since = table.now;
        *table.looks.entry(since).or_default() += 1;
        Look { claims: self.clone(), since }
    }

    /// Plans with what was read since `look`, and claims what the plan names if it can be had.
    pub(crate) fn take<T, E>(
        &self,
        look: &Look,
        plan: impl FnOnce(&Taken<'_>) -> Result<(T, BySwitch), E>,
    ) -> Result<Take<T>, E> {
        let mut table = self.table();
        let newer = || table.freed.iter().filter(|(when, _)| *when > look.since);
        let taken = Taken(table.held.values().chain(newer().map(|(_, freed)| freed)).collect());
        let (planned, wanted) = plan(&taken)?;
        if table.held.values().any(|held| collide(&wanted, held)) {
            return Ok(Take::Wait(self.freed.subscribe()));
        }
        if newer().any(|(_, freed)| collide(&wanted, freed)) {
            return Ok(Take::Again);
        }
        let id = table.next;
        table.next += 1;
        table.held.insert(id, wanted);
        Ok(Take::Held(planned, Held { claims: self.clone(), id }))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        let mut table = self.claims.table();
        if let Some(count) = table.looks.get_mut(&self.since) {
            *count -= 1;
        }
        table.looks.retain(|_, count| *count > 0);
        let oldest = table.looks.keys().next().copied();
        table.freed.retain(|(when, _)| oldest.is_some_and(|since| since < *when));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.claims.table();
        let Some(held) = table.held.remove(&self.id) else { return };
        table.now += 1;
        let now = table.now;
        if !table.looks.is_empty() && held.values().any(Claim::is_exclusive) {
            table.freed.push((now, held));
        }
        // Under the lock, so that nobody who found it held misses this.
        self.claims.freed.send_replace(now);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rstest::rstest;

    use super::*;

    fn vlans(defines: &str, uses: &str) -> Claim {
        let (defines, uses) = (defines.parse().unwrap(), uses.parse().unwrap());
        Claim { defines, uses, ..Claim::default() }
    }

    fn lag(name: &str) -> Claim {
        Claim { lags: [name.parse().unwrap()].into(), ..Claim::default() }
    }

    fn pair(number: u16) -> Claim {
        Claim { pairs: [number].into(), ..Claim::default() }
    }

    fn on(switch: &str, claim: Claim) -> BySwitch {
        [(switch.parse().unwrap(), claim)].into()
    }

    fn take(claims: &Claims, look: &Look, wanted: BySwitch) -> Take<()> {
        let planned = claims.take(look, |_| Ok::<_, Infallible>(((), wanted)));
        planned.unwrap_or_else(|never| match never {})
    }

    #[rstest]
    #[case(vlans("100", ""), vlans("100", ""), true)]
    #[case(vlans("100", ""), vlans("", "100"), true)]
    #[case(vlans("", "100-200"), vlans("150", ""), true)]
    #[case(vlans("", "100"), vlans("", "100"), false)]
    #[case(vlans("100", ""), vlans("101", "102"), false)]
    #[case(lag("bond1"), lag("bond1"), true)]
    #[case(lag("bond1"), lag("bond2"), false)]
    #[case(pair(20), pair(20), true)]
    #[case(pair(20), pair(21), false)]
    fn who_is_in_whose_way(#[case] one: Claim, #[case] other: Claim, #[case] waits: bool) {
        let claims = Claims::default();
        let look = claims.look();
        let changes = one.is_exclusive();
        let Take::Held((), held) = take(&claims, &look, on("leaf-01", one)) else { panic!() };
        let elsewhere = take(&claims, &look, on("leaf-02", other.clone()));
        assert!(matches!(elsewhere, Take::Held(..)));
        drop(elsewhere);
        let second = take(&claims, &look, on("leaf-01", other.clone()));
        assert_eq!(matches!(second, Take::Wait(_)), waits);
        if let Take::Wait(freed) = second {
            assert!(!freed.has_changed().unwrap());
            drop(held);
            assert!(freed.has_changed().unwrap());
            // What the first one did came after this reading, unless it only used what was there.
            let third = take(&claims, &look, on("leaf-01", other.clone()));
            assert_eq!(matches!(third, Take::Again), changes);
            drop(third);
            let anew = claims.look();
            assert!(matches!(take(&claims, &anew, on("leaf-01", other)), Take::Held(..)));
        }
    }

    #[test]
    fn what_others_hold_or_held_is_not_chosen() {
        let claims = Claims::default();
        let leaf: SwitchName = "leaf-01".parse().unwrap();
        let choose = |look: &Look| {
            let taken = claims.take(look, |taken| {
                let number = (20..).find(|id| !taken.on(&leaf).pairs.contains(id)).unwrap();
                Ok::<_, Infallible>((number, on("leaf-01", pair(number))))
            });
            match taken {
                Ok(Take::Held(number, held)) => (number, held),
                _ => panic!("not held"),
            }
        };
        let (early, late) = (claims.look(), claims.look());
        let (first, held) = choose(&early);
        let (second, _held) = choose(&late);
        assert_eq!((first, second), (20, 21));
        drop(held);
        // 20 is given back, but whoever looked before cannot know what became of it.
        assert_eq!(choose(&late).0, 22);
        assert_eq!(choose(&claims.look()).0, 20);
    }

    #[test]
    fn nothing_is_remembered_for_nobody() {
        let claims = Claims::default();
        for _ in 0..100 {
            let look = claims.look();
            let held = take(&claims, &look, on("leaf-01", lag("bond1")));
            drop(look);
            drop(held);
        }
        let look = claims.look();
        drop(take(&claims, &look, on("leaf-01", lag("bond1"))));
        assert_eq!(claims.table().freed.len(), 1);
        drop(look);
        let table = claims.table();
        assert!(table.freed.is_empty() && table.looks.is_empty() && table.held.is_empty());
    }
}
