//! All switches, servers and cables of a fabric, behind one lock.
//!
//! One lock for the whole fabric is enough: it is held for microseconds, never over an await,
//! and a bond's state depends on what is at the other end of its cables. It is taken before a
//! store's lock, and no store's lock is held while it is taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ovsdb::store::Store;
use crate::plane::{Plane, Planes};
use crate::reach::{Heard, flood};
use crate::vswitchd::report;
use crate::wiring::{NicRef, Wiring};

#[derive(Debug)]
pub(crate) struct Switch {
    /// Position in the fabric, of which its addresses are made.
    pub(crate) number: usize,
    /// Physical ports, in the order in which they were declared.
    pub(crate) hardware: Vec<String>,
    pub(crate) store: Arc<Store>,
}

#[derive(Debug)]
struct State {
    wiring: Wiring,
    planes: Planes,
}

#[derive(Debug)]
pub(crate) struct World {
    switches: BTreeMap<String, Switch>,
    state: Mutex<State>,
}

impl World {
    /// A world in which every switch has applied its first database.
    pub(crate) fn new(switches: BTreeMap<String, Switch>, wiring: Wiring) -> Self {
        let planes = switches
            .iter()
            .map(|(name, switch)| {
                (name.clone(), Plane::apply(&switch.store.read(), &switch.hardware))
            })
            .collect();
        let world = Self { switches, state: Mutex::new(State { wiring, planes }) };
        world.report(&world.lock(), |_| true);
        world
    }

    pub(crate) fn switches(&self) -> &BTreeMap<String, Switch> {
        &self.switches
    }

    pub(crate) fn store(&self, switch: &str) -> Option<Arc<Store>> {
        self.switches.get(switch).map(|switch| Arc::clone(&switch.store))
    }

    /// Applies a switch's database as it is now.
    pub(crate) fn reconfigure(&self, name: &str) {
        let Some(switch) = self.switches.get(name) else {
            return;
        };
        let mut state = self.lock();
        let plane = Plane::apply(&switch.store.read(), &switch.hardware);
        state.planes.insert(name.to_owned(), plane);
        let neighbours = state.wiring.neighbours(name);
        self.report(&state, |other| other == name || neighbours.contains(other));
    }

    /// Changes cables or servers, and lets every switch notice.
    pub(crate) fn rewire(&self, change: impl FnOnce(&mut Wiring)) {
        let mut state = self.lock();
        change(&mut state.wiring);
        self.report(&state, |_| true);
    }

    /// Looks at the cables.
    pub(crate) fn wiring<T>(&self, look: impl FnOnce(&Wiring) -> T) -> T {
        look(&self.lock().wiring)
    }

    pub(crate) fn reach(&self, from: &NicRef, tag: Option<u16>) -> Vec<Heard> {
        let state = self.lock();
        flood(from, tag, &state.planes, &state.wiring)
    }

    fn report(&self, state: &State, is_meant: impl Fn(&str) -> bool) {
        for (name, switch) in self.switches.iter().filter(|(name, _)| is_meant(name)) {
            switch.store.modify(|database| {
                report(database, name, switch.number, &state.planes, &state.wiring)
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
