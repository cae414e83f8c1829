//! What the network team does not allow.

use anyhow::{Result, ensure};
use rpc::{Class, Method, wire::Context};

use super::{FORBIDDEN, Story, carried, vlan};
use crate::demo::{
    cast::LEAVES,
    request::{on_vlan, port, ports},
    service::{CALLER, PROTECTED, RULE},
};

/// A VLAN that is somebody else's.
pub(super) async fn forbidden_vlan(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A VLAN that is not theirs")?;
    story.paper.say(&format!(
        "The network team's policy gives `{CALLER}` the VLANs 100 to 199 on ports {}, by \
         the rule `{RULE}`. server-1 shall go to VLAN {FORBIDDEN}.",
        story.cast.lent_words
    ))?;
    let context = on_vlan(ports(&[story.cast.one], "a typing mistake"), vlan(FORBIDDEN)?);
    let before = carried(&story.read(&context).await?);
    refused(story, &context, RULE).await?;
    let after = carried(&story.read(&context).await?);
    ensure!(before == after, "before: {before:?}, now: {after:?}");
    story.paper.claim(&format!("refused by name of the rule `{RULE}`, and the port is as it was"))
}

/// A port that nobody may touch.
pub(super) async fn protected_port(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A port between the switches")?;
    let ([leaf, _], [uplink, _]) = (LEAVES, story.cast.uplinks);
    let context = on_vlan(port(leaf, uplink, "the wrong port"), vlan(super::TENANT)?);
    refused(story, &context, PROTECTED).await?;
    story.paper.claim(&format!(
        "refused by the entry `{PROTECTED}`, before any rule is asked; the leaves are still joined"
    ))
}

/// The request is refused by this rule, and who hears whom stays as it is.
async fn refused(story: &mut Story<'_, '_>, context: &Context, rule: &str) -> Result<()> {
    let before = story.stage.reach().await?;
    let error = story.refusal(Method::AttachPort, context, Class::RefusedByPolicy).await?;
    story.quote(&error)?;
    let named = error.data.as_ref().and_then(|data| data.rule.as_deref());
    ensure!(named == Some(rule), "the refusal names the rule {named:?}, not `{rule}`");
    let after = story.stage.reach().await?;
    ensure!(before == after, "before: {before}; now: {after}");
    Ok(())
}
