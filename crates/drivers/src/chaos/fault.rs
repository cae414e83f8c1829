//! The faults, how likely each is, and what can be asked for.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The call in which a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A session is opened.
    Open,
    /// Something is read: ports are observed, or a port is looked for.
    Read,
    /// A batch is applied; drawn once for the batch.
    Apply,
    /// A batch is applied; drawn for each work of it.
    Work,
    /// The running configuration is saved.
    Save,
}

/// One way to fail. Where several strike the same call, the first in this order wins.
///
/// After a fault that breaks the connection, hangs or answers nonsense, the session is useless, as
/// it would be after the real thing: every further call says that it is disconnected, and nothing
/// reaches the switch through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// No session can be opened: [`switch::DeviceError::Unreachable`].
    Unreachable,
    /// Opening a session never ends.
    OpenHang,
    /// The connection breaks instead of an answer to a read.
    ReadDisconnect,
    /// A read never ends.
    ReadHang,
    /// The switch refuses the batch as a whole; nothing is applied.
    RefuseBatch,
    /// The connection breaks before anything is sent; nothing is applied.
    DisconnectBefore,
    /// The connection breaks after the batch was sent, which the switch has seen to.
    DisconnectAfter,
    /// The call never ends; nothing is applied.
    HangBefore,
    /// The call never ends, after the switch has seen to the batch.
    HangAfter,
    /// The switch answers what nobody understands; nothing is applied.
    NonsenseBefore,
    /// The switch answers what nobody understands, after it has seen to the batch.
    NonsenseAfter,
    /// The connection breaks when some of the batch's changes, fewer than all, have taken effect.
    /// Only where operations take effect one by one ([`switch::Atomicity::PerCommand`]).
    Partial,
    /// The switch claims success and does nothing.
    LieNothing,
    /// The switch claims success, and makes only some of the batch's changes, fewer than all. This
    /// holds for any atomicity: it is a lie.
    LiePart,
    /// The switch refuses this work of the batch; nothing of it is applied, the others are.
    RefuseWork,
    /// The switch refuses to save.
    SaveRefuse,
    /// The connection breaks before the configuration is saved.
    SaveDisconnect,
    /// Saving never ends, and nothing is saved.
    SaveHang,
}

impl Fault {
    /// All of them, in the order in which they take precedence.
    pub const ALL: [Self; 18] = [
        Self::Unreachable,
        Self::OpenHang,
        Self::ReadDisconnect,
        Self::ReadHang,
        Self::RefuseBatch,
        Self::DisconnectBefore,
        Self::DisconnectAfter,
        Self::HangBefore,
        Self::HangAfter,
        Self::NonsenseBefore,
        Self::NonsenseAfter,
        Self::Partial,
        Self::LieNothing,
        Self::LiePart,
        Self::RefuseWork,
        Self::SaveRefuse,
        Self::SaveDisconnect,
        Self::SaveHang,
    ];

    /// The call in which it strikes.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Unreachable | Self::OpenHang => Stage::Open,
            Self::ReadDisconnect | Self::ReadHang => Stage::Read,
            Self::RefuseBatch
            | Self::DisconnectBefore
            | Self::DisconnectAfter
            | Self::HangBefore
            | Self::HangAfter
            | Self::NonsenseBefore
            | Self::NonsenseAfter
            | Self::Partial
            | Self::LieNothing
            | Self::LiePart => Stage::Apply,
            Self::RefuseWork => Stage::Work,
            Self::SaveRefuse | Self::SaveDisconnect | Self::SaveHang => Stage::Save,
        }
    }

    /// Its name, as in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::OpenHang => "open_hang",
            Self::ReadDisconnect => "read_disconnect",
            Self::ReadHang => "read_hang",
            Self::RefuseBatch => "refuse_batch",
            Self::DisconnectBefore => "disconnect_before",
            Self::DisconnectAfter => "disconnect_after",
            Self::HangBefore => "hang_before",
            Self::HangAfter => "hang_after",
            Self::NonsenseBefore => "nonsense_before",
            Self::NonsenseAfter => "nonsense_after",
            Self::Partial => "partial",
            Self::LieNothing => "lie_nothing",
            Self::LiePart => "lie_part",
            Self::RefuseWork => "refuse_work",
            Self::SaveRefuse => "save_refuse",
            Self::SaveDisconnect => "save_disconnect",
            Self::SaveHang => "save_hang",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How likely something is, from 0 (never) to 1 (always).
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Probability {
    /// It does not happen.
    pub const NEVER: Self = Self(0.0);
    /// It happens each time.
    pub const ALWAYS: Self = Self(1.0);

    /// The probability of this value, or an error that says the range.
    pub fn new(value: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(Error::NoProbability(value))
        }
    }

    /// The value.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = Error;

    fn try_from(value: f64) -> Result<Self, Error> {
        Self::new(value)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

/// What to inject.
///
/// In the configuration, beside the inner driver:
///
/// ```toml
/// seed = 7
/// faults = { unreachable = 0.05, hang_after = 0.01 }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChaosSettings {
    /// Where the generator starts; the same seed and the same calls give the same faults.
    pub seed: u64,
    /// How likely each fault is whenever it could strike; one that is not named never does.
    pub faults: BTreeMap<Fault, Probability>,
}

impl ChaosSettings {
    /// No faults yet, from this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, faults: BTreeMap::new() }
    }

    /// The same with one fault more.
    #[must_use]
    pub fn with(mut self, fault: Fault, probability: Probability) -> Self {
        self.faults.insert(fault, probability);
        self
    }
}

/// What cannot be asked for.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// Not a probability.
    #[error("`{0}` is not a probability: it is not from 0 to 1")]
    NoProbability(f64),
    /// A fault that cannot befall the inner switch.
    #[error("fault `partial` refused: the inner switch applies a change as a whole or not at all")]
    NeverPartial,
}
