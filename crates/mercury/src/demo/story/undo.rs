//! One of two switches refuses: the other is put back.

use anyhow::{Context as _, Result, ensure};
use rpc::{Class, LegOutcome, Method, wire::Context};

use super::{OTHER, Story, carried, vlan};
use crate::demo::{
    cast::{Cast, LEAVES},
    paper::Tone,
    reach::Reach,
    request::{on_vlan, ports},
};

/// A request that fails on its second switch.
pub(super) async fn refused(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("One of two switches refuses")?;
    let [_, broken] = LEAVES;
    let refusal = &story.cast.refusal;
    story.paper.say(&format!(
        "{} server-1 and server-2 shall move to VLAN {OTHER}, in one request.",
        refusal.told
    ))?;
    let context = request(story.cast)?;
    let before = carried(&story.read(&context).await?);
    story.stage.close_for_writing(broken).await?;
    let error = story.refusal(Method::AttachPort, &context, Class::RejectedByDevice).await?;
    story.quote(&error)?;
    ensure!(error.message.contains(refusal.words), "the switch's own words are missing");
    let data = error.data.as_ref().context("the error has no data")?;
    let mut outcomes = Vec::new();
    for leg in &data.links {
        let (tone, outcome) = match leg.outcome {
            LegOutcome::Untouched => (Tone::Good, "not touched"),
            LegOutcome::Undone => (Tone::Good, "put back, and read back"),
            LegOutcome::NotUndone => (Tone::Bad, "not put back"),
            LegOutcome::Unknown => (Tone::Bad, "unknown"),
        };
        let port = leg.port.as_ref().map(ToString::to_string).unwrap_or_default();
        let outcome = story.paper.paint(tone, outcome);
        story.paper.line(&format!("{} {port}  {outcome}", leg.switch))?;
        outcomes.push((leg.switch.as_str(), leg.outcome));
    }
    let expected: Vec<_> = LEAVES.into_iter().zip(refusal.legs).collect();
    ensure!(outcomes == expected, "the legs are {outcomes:?}, not {expected:?}");
    let after = carried(&story.read(&context).await?);
    ensure!(before == after, "before: {before:?}, now: {after:?}");
    story.paper.claim(&format!("both ports are as before: {}", after.join(", ")))?;
    story.reach(&Reach::among(&story.cast.servers()), "and so is who hears whom").await?;
    story.memorable.clone_from(&data.request_id);
    Ok(())
}

/// The same request again, as soon as the switch is well.
pub(super) async fn repeated(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("The same request, when the switch is well again")?;
    let [_, broken] = LEAVES;
    story.stage.open_for_writing(broken).await?;
    let answer = story.change(Method::AttachPort, &request(story.cast)?).await?;
    story.show(&answer)?;
    story
        .reach(
            &Reach::among(&[story.cast.one, story.cast.two]),
            "the two have moved, server-3 stayed behind",
        )
        .await
}

fn request(cast: &Cast) -> Result<Context> {
    Ok(on_vlan(ports(&[cast.one, cast.two], "the shop moves"), vlan(OTHER)?))
}
