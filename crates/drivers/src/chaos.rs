//! A switch that misbehaves as often as it is told to, for rehearsals.
//!
//! It stands before the driver of any switch and, drawing from a seeded generator, refuses, breaks
//! the connection, hangs or lies; everything else it hands through. Operators put it into the
//! configuration (`driver = "chaos"` with a seed, the probabilities and the inner driver) to see
//! what their tooling does when a switch fails, before one does. The promise to check is "before or
//! after, never between": except for the faults that say otherwise, a switch behind it holds either
//! all of a batch or nothing of it.
//!
//! The same seed and the same calls give the same faults. Each session draws from a generator of
//! its own, seeded in the order in which sessions are opened, so that sessions side by side do not
//! disturb each other; and every call draws for each fault that could befall it, so that changing
//! one probability leaves the draws of the others alone.
//!
//! It does not delay, garble or reorder what is on the wire: that is for a proxy, which sees bytes.
//! It does not belong on a switch that carries anybody's traffic. What it injects is counted and
//! logged as a warning, and says in its text that it was injected.

mod fault;
mod handle;
mod session;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::PortNaming;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use switch::{Capabilities, DeviceError, Driver, Session, Work};

pub use fault::{ChaosSettings, Error, Fault, Probability, Stage};
pub use handle::ChaosHandle;

use handle::Draw;
use session::ChaosSession;

/// What an injected error says of its origin.
const INJECTED: &str = "injected by the chaos driver";

/// A driver that makes another one fail.
pub struct ChaosDriver {
    inner: Arc<dyn Driver>,
    rng: Mutex<StdRng>,
    handle: ChaosHandle,
}

impl ChaosDriver {
    /// Puts chaos before `inner`. Refused when a fault is asked for that cannot befall such a
    /// switch.
    pub fn new(inner: Arc<dyn Driver>, settings: ChaosSettings) -> Result<Self, Error> {
        let ChaosSettings { seed, faults } = settings;
        let handle = ChaosHandle::new(inner.capabilities().atomicity, faults)?;
        Ok(Self { inner, rng: Mutex::new(StdRng::seed_from_u64(seed)), handle })
    }

    /// What changes the probabilities while the driver is in use, and counts what was injected.
    pub fn handle(&self) -> ChaosHandle {
        self.handle.clone()
    }

    fn draw_open(&self) -> (Draw, StdRng) {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let draw = self.handle.draw(Stage::Open, &mut rng);
        let session = StdRng::seed_from_u64(rng.next_u64());
        (draw, session)
    }
}

#[async_trait]
impl Driver for ChaosDriver {
    fn name(&self) -> &'static str {
        "chaos"
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn naming(&self) -> PortNaming {
        self.inner.naming()
    }

    fn render(&self, work: &Work) -> Vec<String> {
        self.inner.render(work)
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let (draw, rng) = self.draw_open();
        match draw.fault {
            Some(Fault::Unreachable) => {
                self.handle.injected_now(Fault::Unreachable);
                Err(DeviceError::Unreachable {
                    address: "chaos".to_owned(),
                    reason: INJECTED.to_owned(),
                })
            }
            Some(fault) => self.handle.hang(fault).await,
            None => {
                let session = self.inner.open().await?;
                let inner = Arc::clone(&self.inner);
                let handle = self.handle();
                Ok(Box::new(ChaosSession::new(session, inner, handle, rng)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
