//! Port locks: a transaction holds its ports, not its switches, so that a switch stays free to
//! serve others' ports.
//!
//! Ports are taken one by one in the order of switch and name, which every transaction shares, so
//! no two can wait for each other. A port that nobody holds or waits for costs nothing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use model::SwitchPort;
use tokio::{
    sync::{Mutex as AsyncMutex, OwnedMutexGuard},
    time::{Instant, timeout_at},
};

/// The locks of all ports.
#[derive(Debug, Default)]
pub(crate) struct PortLocks {
    locks: Mutex<HashMap<SwitchPort, Weak<AsyncMutex<()>>>>,
}

/// Ports that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldPorts {
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl PortLocks {
    /// How many entries are kept before those that nobody uses are swept out.
    const SWEEP_AT: usize = 4096;

    /// Takes the ports, or names the one that was not free before the deadline.
    pub(crate) async fn hold(
        &self,
        ports: &BTreeSet<SwitchPort>,
        deadline: Instant,
    ) -> Result<HeldPorts, SwitchPort> {
        let mut guards = Vec::with_capacity(ports.len());
        for port in ports {
            let lock = self.lock_of(port);
            let guard = timeout_at(deadline, lock.lock_owned()).await.map_err(|_| port.clone())?;
            guards.push(guard);
        }
        Ok(HeldPorts { _guards: guards })
    }

    fn lock_of(&self, port: &SwitchPort) -> Arc<AsyncMutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(port).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= Self::SWEEP_AT {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(port.clone(), Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ports(names: &[&str]) -> BTreeSet<SwitchPort> {
        let port = |name: &&str| SwitchPort {
            switch: "leaf-01".parse().unwrap(),
            port: name.parse().unwrap(),
        };
        names.iter().map(port).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_port_is_named_when_the_deadline_passes() {
        let locks = PortLocks::default();
        let soon = || Instant::now() + Duration::from_secs(1);
        let held = locks.hold(&ports(&["b", "c"]), soon()).await.unwrap();
        let others = locks.hold(&ports(&["a", "d"]), soon()).await;
        assert!(others.is_ok());
        drop(others);
        let refused = locks.hold(&ports(&["a", "b"]), soon()).await.unwrap_err();
        assert_eq!(refused.port.as_str(), "b");
        drop(held);
        assert!(locks.hold(&ports(&["a", "b", "c"]), soon()).await.is_ok());
    }

    #[tokio::test]
    async fn opposite_orders_do_not_deadlock() {
        let locks = Arc::new(PortLocks::default());
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..16 {
            let locks = Arc::clone(&locks);
            tasks.spawn(async move {
                for round in 0..50 {
                    let names = if (task + round) % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                    locks.hold(&ports(&names), deadline).await.unwrap();
                    tokio::task::yield_now().await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    }
}
