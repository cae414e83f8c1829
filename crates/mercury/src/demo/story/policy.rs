//! What the network team does not allow.

use anyhow::{Result, ensure};
use rpc::{Class, Method};

use super::{FORBIDDEN, Story, carried, vlan};
use crate::demo::{
    cast::{LEAVES, ONE, UPLINK},
    request::{on_vlan, port, ports},
    service::{CALLER, PROTECTED, RULE},
};

/// A VLAN that is somebody else's.
pub(super) async fn forbidden_vlan(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A VLAN that is not theirs")?;
    story.paper.say(&format!(
        "The network team's policy gives `{CALLER}` the VLANs 100 to 199 on ports swp1 to swp4, by \
         the rule `{RULE}`. server-1 shall go to VLAN {FORBIDDEN}."
    ))?;
    let context = on_vlan(ports(&[ONE], "a typing mistake"), vlan(FORBIDDEN)?);
    refused(story, &context, RULE).await?;
    story.paper.claim(&format!("refused by name of the rule `{RULE}`, and the port is as it was"))
}

/// A port that nobody may touch.
pub(super) async fn protected_port(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A port between the switches")?;
    let [leaf, _] = LEAVES;
    let context = on_vlan(port(leaf, UPLINK, "the wrong port"), vlan(super::TENANT)?);
    refused(story, &context, PROTECTED).await?;
    story.paper.claim("a protected port is touched for nobody, whatever the rules say")
}

/// The request is refused by this rule, and its port stays as it is.
async fn refused(
    story: &mut Story<'_, '_>,
    context: &rpc::wire::Context,
    rule: &str,
) -> Result<()> {
    let before = story.stage.reach().await?;
    let ports_before = story.read(context).await.ok();
    let error = story.refusal(Method::AttachPort, context, Class::RefusedByPolicy).await?;
    story.quote(&error)?;
    let named = error.data.as_ref().and_then(|data| data.rule.as_deref());
    ensure!(named == Some(rule), "the refusal names the rule {named:?}, not `{rule}`");
    let ports_after = story.read(context).await.ok();
    let [before_text, after_text] =
        [ports_before, ports_after].map(|ports| ports.map(|p| carried(&p)));
    ensure!(before_text == after_text, "the port changed: {before_text:?}, now {after_text:?}");
    let after = story.stage.reach().await?;
    ensure!(before == after, "who hears whom has changed: {after}");
    Ok(())
}
