//! Somebody changes a port by hand.

use anyhow::{Context as _, Result, ensure};
use rpc::{
    Method,
    wire::{ChangeAnswer, Context, LinkOutcome, Operation, VerifyAnswer, VerifyState},
};

use super::{OTHER, Story, told, vlan};
use crate::demo::{
    cast::{Cast, LEAVES},
    paper::{Paper, Tone},
    reach::Reach,
    request::{on_vlan, ports},
};

/// The VLAN into which the port is put.
const ELSEWHERE: u16 = 200;

/// `verify` finds it, without any database.
pub(super) async fn found(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("Somebody changes a port behind our back")?;
    verify(story, VerifyState::InSync).await?;
    let [_, leaf] = LEAVES;
    let typed = story.stage.meddle(leaf, Cast::port(story.cast.two), ELSEWHERE).await?;
    typed.iter().try_for_each(|line| story.paper.typed(line))?;
    verify(story, VerifyState::Differs).await
}

/// The same request again mends it.
pub(super) async fn mended(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("The same request mends it")?;
    let answer: ChangeAnswer = story.change(Method::AttachPort, &request(story.cast)?).await?;
    story.show(&answer)?;
    let outcomes: Vec<_> = answer.links.iter().map(|link| link.outcome).collect();
    ensure!(outcomes == [LinkOutcome::AlreadySo, LinkOutcome::Applied], "it did {outcomes:?}");
    verify(story, VerifyState::InSync).await?;
    story
        .reach(&Reach::among(&[story.cast.one, story.cast.two]), "the two hear each other again")
        .await
}

/// Asks whether the two ports are as the caller believes; the second one is in this state.
async fn verify(story: &mut Story<'_, '_>, second: VerifyState) -> Result<()> {
    let context = Context { operation: Some(Operation::AttachPort), ..request(story.cast)? };
    let answer: VerifyAnswer =
        story.call(Method::Verify, &context).await.map_err(|error| told(&error))?;
    let found: Vec<_> = answer.ports.iter().map(|port| port.state).collect();
    ensure!(found == [VerifyState::InSync, second], "verify says {found:?}");
    ensure!(answer.state == second, "verify says {:?} of both", answer.state);
    for port in &answer.ports {
        let name = port.port.as_ref().context("a verdict without its port")?;
        let (tone, state) = match port.state {
            VerifyState::InSync => (Tone::Good, "in sync"),
            VerifyState::Differs => (Tone::Bad, "differs"),
            VerifyState::Unknown => (Tone::Bad, "unknown"),
        };
        let differences = port.differences.iter().map(|difference| {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
            let (wanted, found) = (side(&difference.wanted), side(&difference.observed));
            format!(": {} should be {wanted}, is {found}", difference.member)
        });
        let differences: String = differences.collect();
        let asked = format!("verify  {} {name}  ", port.switch);
        let fits = Paper::fits(&format!("{asked}{state}{differences}"));
        let state = story.paper.paint(tone, state);
        if fits {
            story.paper.line(&format!("{asked}{state}{differences}"))?;
        } else {
            story.paper.line(&format!("{asked}{state}"))?;
            story.paper.list("       ", &[differences.trim_start_matches(": ").to_owned()])?;
        }
    }
    story.paper.claim(match second {
        VerifyState::InSync => "both ports are what we believe",
        VerifyState::Differs => "found, and said where and how",
        VerifyState::Unknown => "not known",
    })
}

fn request(cast: &Cast) -> Result<Context> {
    Ok(on_vlan(ports(&[cast.one, cast.two], "the shop moves"), vlan(OTHER)?))
}
