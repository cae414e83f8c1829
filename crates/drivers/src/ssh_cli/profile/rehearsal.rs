//! Templates tried with every shape of change that can reach them, so that a branch that was
//! forgotten or a variable that is not always there is found by the author and not by a switch.
//!
//! What is tried: each kind of change, from everything that can be observed to everything that can
//! be asked for or has to be restored, on a port, a member and a LAG, bare and with all settings,
//! with all options and with only those that have to be there.

mod shapes;
mod shell;

use std::collections::BTreeMap;

use switch::{Change, Slice, Target};

use super::{
    Profile,
    problem::Problem,
    schema::{OptionNeed, SessionKind},
};
use crate::ssh_cli::render::{Block, Context, Kind, RenderError, blocks_to_lines};
use shapes::{Attempt, Cast};

pub(super) fn check(profile: &Profile, problems: &mut Vec<Problem>) {
    let Some(cast) = Cast::of(profile) else { return };
    // One shape of each mistake is enough, and one that needs no `other` is the plainer one.
    let mut found: BTreeMap<(String, String), Shape> = BTreeMap::new();
    for options in [profile.example_options(), least(profile)] {
        let can = profile.with(&options);
        let context = Context { options: &options };
        for attempt in cast.attempts(&can) {
            let at = format!("render.{}", Kind::of(&attempt.change).name());
            for what in wrong(profile, &attempt, &context) {
                let shape = || Shape::of(&attempt.change);
                let place = found.entry((at.clone(), what)).or_insert_with(shape);
                if place.other {
                    *place = shape();
                }
            }
        }
    }
    let no_lines = profile.raw.vlans.example.is_empty();
    for ((at, what), Shape { shape, other }) in found {
        let hint = if other && no_lines {
            "; `vlans.example` can say what the lines of an `other` mode are like"
        } else {
            ""
        };
        problems.push(Problem::new(at, format!("{what}, for example to {shape}{hint}")));
    }
}

/// A change in our words.
#[derive(Debug)]
struct Shape {
    shape: String,
    /// Whether it is about a mode that the words of a profile do not say.
    other: bool,
}

impl Shape {
    fn of(change: &Change) -> Self {
        Self { shape: change.to_string(), other: concerns_other(change) }
    }
}

/// The options that every switch has.
fn least(profile: &Profile) -> BTreeMap<String, String> {
    let mut options = profile.example_options();
    options.retain(|name, _| {
        let option = profile.raw.options.get(name);
        option.is_some_and(|o| o.default.is_some() || o.needed_for == OptionNeed::Always)
    });
    options
}

/// What is wrong with the words for this change.
fn wrong(profile: &Profile, attempt: &Attempt, context: &Context<'_>) -> Vec<String> {
    let Attempt { before, change } = attempt;
    let rendered = profile.renderer.change(change, &mut before.clone(), context);
    let blocks = match rendered {
        Ok(blocks) => blocks,
        // That is deliberate.
        Err(RenderError::Refused { .. } | RenderError::Text { .. }) => return Vec::new(),
        Err(RenderError::Template { why, .. }) => return vec![format!("fails: {why}")],
        Err(error) => return vec![format!("fails: {error}")],
    };
    let mut wrong = Vec::new();
    if blocks.is_empty() && must_speak(change, before) {
        wrong.push("renders no command".to_owned());
    }
    if profile.raw.session.kind == SessionKind::Commands {
        if blocks.iter().any(|block| !block.inside.is_empty()) {
            let what = "has indented lines, but `kind = \"commands\"` has no contexts";
            wrong.push(what.to_owned());
        }
        wrong.extend(unquoted(&blocks));
    }
    wrong
}

/// A text that people chose and that the shell would run.
fn unquoted(blocks: &[Block]) -> Option<String> {
    let lines = blocks_to_lines(blocks);
    let bare = lines.iter().any(|line| shell::runs(line, shapes::CANARY));
    bare.then(|| "gives a description to the shell without `quoted`".to_owned())
}

/// Whether a change that renders to nothing is a branch that was forgotten. LAGs that come and go
/// with their members, and values that the switch need not be told, are none.
fn must_speak(change: &Change, before: &Slice) -> bool {
    let single = |target: &Target| match target {
        Target::Port(port) => before.ports.get(port).is_some_and(|port| port.lag.is_none()),
        Target::Lag(_) => false,
    };
    match change {
        Change::SetVlans { .. }
        | Change::CreateVlan { .. }
        | Change::DeleteVlan { .. }
        | Change::MapVni { .. }
        | Change::UnmapVni { .. } => true,
        Change::SetAdmin { target, .. }
        | Change::SetDescription { target, .. }
        | Change::SetMtu { target, .. } => single(target),
        Change::SetStpEdge { target, to, .. } | Change::SetBpduGuard { target, to, .. } => {
            to.is_some() && single(target)
        }
        _ => false,
    }
}

fn concerns_other(change: &Change) -> bool {
    use model::VlanMode::Other;
    matches!(
        change,
        Change::SetVlans { to: Other { .. }, .. }
            | Change::SetVlans { from: Other { .. }, .. }
            | Change::AddMember { was: Some(Other { .. }), .. }
            | Change::RemoveMember { becomes: Some(Other { .. }), .. }
    )
}
