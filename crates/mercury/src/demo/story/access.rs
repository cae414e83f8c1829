//! Servers that are isolated, joined, and isolated again.

use anyhow::{Result, ensure};
use rpc::Method;

use super::{Story, TENANT, vlan};
use crate::demo::{
    cast::Cast,
    reach::Reach,
    request::{on_vlan, ports},
};

/// How the ports were found: all in one VLAN, so that strangers hear each other.
pub(super) async fn found(story: &mut Story<'_, '_>) -> Result<()> {
    let Cast { one, two, found_in, .. } = story.cast;
    story.part("The ports as they are found")?;
    story.paper.say(&format!(
        "Nobody has configured anything yet, so all ports lie in VLAN {found_in}, together."
    ))?;
    let found = story.stage.reach().await?;
    found.show(story.paper)?;
    let strangers = found.has(one.name, two.name) && found.has(two.name, one.name);
    ensure!(strangers, "`{}` and `{}` do not hear each other: {found}", one.name, two.name);
    story.paper.claim("strangers hear each other: an unused port is an open door")
}

/// The ports become Mercury's to lend, and are closed.
pub(super) async fn lent(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("The network team lends the ports to Mercury")?;
    story
        .paper
        .say("Detached, a port is left in a declared safe state: here `closed`, no VLAN.")?;
    let context = ports(&story.cast.servers(), "new ports of rack 12");
    let answer = story.change(Method::DetachPort, &context).await?;
    story.show(&answer)?;
    story.reach(&Reach::nobody(), "nobody hears anybody").await
}

/// Two servers on two switches, in one request.
pub(super) async fn joined(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("server-1 and server-2 go to VLAN 100")?;
    story.paper.say("One request for a port on each switch: both, or none.")?;
    let both = [story.cast.one, story.cast.two];
    let context = on_vlan(ports(&both, "deploy the shop"), vlan(TENANT)?);
    let answer = story.change(Method::AttachPort, &context).await?;
    story.show(&answer)?;
    story.reach(&Reach::among(&both), "these two hear each other, server-3 hears nothing").await
}

/// Everything is given back.
pub(super) async fn returned(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("All servers are detached")?;
    let context = ports(&story.cast.servers(), "the shop has closed");
    let answer = story.change(Method::DetachPort, &context).await?;
    story.show(&answer)?;
    let read = story.read(&ports(&[story.cast.three], "")).await?;
    ensure!(read.iter().all(|port| port.lag.is_none()), "the LAG is still there");
    story.paper.claim("the LAG is gone, its ports are single ports again")?;
    story.reach(&Reach::nobody(), "nobody hears anybody").await
}
