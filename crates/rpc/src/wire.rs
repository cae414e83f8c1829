//! The typed requests and answers of the switch service.
//!
//! Requests are read strictly: a member that is unknown, or that means nothing to the method, is
//! refused, because a misspelt member that is ignored opens ports. Answers are read leniently, so
//! that an older client understands a newer service.

mod answer;
mod context;
mod text;

pub use answer::{
    ChangeAnswer, ChangeOutcome, Difference, FlushAnswer, FlushedSwitch, InDoubt, LacpState,
    LagRead, LinkAnswer, LinkOutcome, MatchedBy, MemberDifference, NetworkTypesAnswer, PendingSave,
    PlanAnswer, PlannedLink, PortCandidate, PortRead, PortStatus, PortVerdict, ReadAnswer,
    ResolveAnswer, ResolvedLink, SaveState, SupportedAnswer, SwitchInfo, SwitchesAnswer,
    ValidAnswer, VerifyAnswer, VerifyState, Vxlan,
};
pub use context::{BindingProfile, Context, Network, Operation, PortMode, PortSettings};
