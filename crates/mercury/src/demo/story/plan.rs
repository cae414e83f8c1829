//! A change that is looked at before it is made, and one that comes too late.

use anyhow::{Result, ensure};
use rpc::{
    Class, Method,
    wire::{Context, Operation, PlanAnswer},
};

use super::{Story, TENANT, carried, told, vlan};
use crate::demo::{
    cast::Cast,
    reach::Reach,
    request::{as_trunk, by_token, on_vlan, ports},
    sent,
};

/// A trunk, planned and then applied by its token.
pub(super) async fn applied(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A plan first: server-2 becomes a trunk")?;
    let wanted = wanted(story.cast, "the shop's server runs containers")?;
    let before = carried(&story.read(&wanted).await?);
    let plan = plan(story, &wanted).await?;
    ensure!(!plan.empty, "the plan is empty");
    for link in &plan.links {
        let names: Vec<_> = link.ports.iter().map(ToString::to_string).collect();
        story.paper.line(&format!("{} {}", link.switch, names.join(", ")))?;
        for difference in &link.diff {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
            let (member, from, to) =
                (&difference.member, side(&difference.from), side(&difference.to));
            story.paper.list("  differs:", &[format!("{member}: {from} -> {to}")])?;
        }
        story.paper.list("  changes:", &link.changes)?;
        story.paper.list("  undo:   ", &link.inverse)?;
        story.paper.list("  sends:  ", &link.operations)?;
        ensure!(!link.inverse.is_empty(), "a change without its inverse: {:?}", link.changes);
    }
    let after = carried(&story.read(&wanted).await?);
    ensure!(before == after, "planning changed a port: {before:?}, now {after:?}");
    story.paper.claim("nothing was sent: the port is still what it was")?;
    story.paper.say("The token of the plan is bound to what was read. It is applied:")?;
    let answer = story.change(Method::Apply, &by_token(&plan.plan_token)).await?;
    story.show(&answer)?;
    let planned: Vec<String> = plan.links.iter().flat_map(|link| link.operations.clone()).collect();
    let sent: Vec<String> = answer.links.iter().flat_map(|link| link.operations.clone()).collect();
    let by = sent::as_planned(&planned, &sent)?;
    story.paper.claim(&format!("what was sent is what the plan showed, {by}"))?;
    let now = carried(&story.read(&wanted).await?);
    let port = Cast::port(story.cast.two);
    let trunk = format!("leaf-02 {port} trunk native 100 allowed 110,120");
    ensure!(now == [trunk], "it is {now:?}");
    story.paper.claim(&format!("read back: {}", now.join(", ")))?;
    let both = [story.cast.one, story.cast.two];
    story.reach(&Reach::among(&both), "untagged, the two still meet in VLAN 100").await
}

/// A plan that is applied after somebody else was faster.
pub(super) async fn stale(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("A plan that is out of date")?;
    story.paper.say(
        "Somebody plans to add VLAN 130 to that trunk. Before it is applied, a colleague makes \
         the port an access port again.",
    )?;
    let mut wish = wanted(story.cast, "one more network")?;
    wish.allowed_vlans = Some("110,120,130".parse()?);
    let plan = plan(story, &wish).await?;
    let faster = on_vlan(ports(&[story.cast.two], "no containers after all"), vlan(TENANT)?);
    let answer = story.change(Method::UpdatePort, &faster).await?;
    story.show(&answer)?;
    let error = story.refusal(Method::Apply, &by_token(&plan.plan_token), Class::Conflict).await?;
    story.quote(&error)?;
    let now = carried(&story.read(&faster).await?);
    let access = format!("leaf-02 {} access 100", Cast::port(story.cast.two));
    ensure!(now == [access], "it is {now:?}");
    story.paper.claim("the plan is refused, and the colleague's change stands")
}

fn wanted(cast: &Cast, reason: &str) -> Result<Context> {
    Ok(as_trunk(ports(&[cast.two], reason), vlan(TENANT)?, "110,120".parse()?))
}

async fn plan(story: &Story<'_, '_>, wanted: &Context) -> Result<PlanAnswer> {
    let context = Context { operation: Some(Operation::UpdatePort), ..wanted.clone() };
    story.call(Method::Plan, &context).await.map_err(|error| told(&error))
}
