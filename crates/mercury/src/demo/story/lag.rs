//! A bonded server: its LAG is formed, negotiates LACP, and survives the loss of a leg.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use rpc::{
    Method,
    wire::{Context, LacpState, PortRead},
};

use super::{Story, TENANT, vlan};
use crate::demo::{
    cast::LEAVES,
    reach::Reach,
    request::{as_lag, on_vlan, ports},
    stage::LACP_LIMIT,
};

/// What the server calls its bond.
const BOND: &str = "bond-3";

/// Both ports of a server as one LAG.
pub(super) async fn formed(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("server-3 joins with a bond of two legs")?;
    story.paper.say("The switch's LAG follows from the server's bond: LACP, a frame a second.")?;
    let (cast, [leaf, _]) = (story.cast, LEAVES);
    let answer = story.change(Method::AttachPort, &bonded(story, TENANT)?).await?;
    let lags: Vec<_> = answer.links.iter().map(|link| link.lag.as_ref()).collect();
    let formed = lags.iter().all(|lag| lag.is_some_and(|lag| lag.as_str() == cast.lag));
    ensure!(formed, "the ports are in the LAGs {lags:?}, not in `{}`", cast.lag);
    story.show(&answer)?;
    story.stage.bond(cast.three.name).await?;
    story.stage.lag_carries(leaf, cast.lag, &cast.legs()).await?;
    lacp(story, [LacpState::Current; 2]).await?;
    story.reach(&Reach::among(&cast.servers()), "all three hear each other over VLAN 100").await
}

/// Both ports as one LAG on a VLAN.
pub(super) fn bonded(story: &Story<'_, '_>, id: u16) -> Result<Context> {
    let context = ports(&[story.cast.three], "the shop needs a database");
    Ok(on_vlan(as_lag(context, BOND), vlan(id)?))
}

/// One of them loses its link.
pub(super) async fn lost_leg(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("The bond loses a leg")?;
    let (cast, [leaf, _]) = (story.cast, LEAVES);
    let legs = cast.legs();
    let (lost, left) = legs.split_first().context("the bonded server has no ports")?;
    story.paper.say(&format!("The cable is pulled out of {lost}."))?;
    story.stage.lose_leg(cast.three.name, "eth0").await?;
    story.stage.lag_carries(leaf, cast.lag, left).await?;
    lacp(story, [LacpState::NoPartner, LacpState::Current]).await?;
    story.reach(&Reach::among(&cast.servers()), "server-3 is still heard, and still hears").await?;
    story.stage.mend_leg(cast.three.name, "eth0").await?;
    story.stage.lag_carries(leaf, cast.lag, &legs).await?;
    lacp(story, [LacpState::Current; 2]).await?;
    story.paper.claim("the cable is back, and so is the leg")
}

/// Reads LACP's state through the service until it is so on both legs. A read is a round trip to
/// the switch, which paces the loop; the switch writes the state down when it changes.
async fn lacp(story: &mut Story<'_, '_>, wanted: [LacpState; 2]) -> Result<()> {
    let deadline = Instant::now() + LACP_LIMIT;
    let context = ports(&[story.cast.three], "");
    loop {
        let read = story.read(&context).await?;
        let found: Vec<_> = read.iter().map(|port| port.status.lacp).collect();
        if found == wanted.map(Some) {
            return show(story, &read);
        }
        ensure!(Instant::now() < deadline, "LACP is {found:?}, not {wanted:?}");
    }
}

fn show(story: &mut Story<'_, '_>, read: &[PortRead]) -> Result<()> {
    let first = read.first().context("no port was read")?;
    let lag = first.lag.as_ref().context("the port is in no LAG")?;
    let legs = read.iter().map(|port| {
        let state = match port.status.lacp {
            Some(LacpState::Current) => "current",
            Some(LacpState::NoPartner) => "no partner",
            None => "unknown",
        };
        format!("{} {state}", port.port)
    });
    let legs: Vec<String> = legs.collect();
    let vlans = lag.config.vlans.as_ref().map(ToString::to_string).unwrap_or_default();
    let (name, settings) = (&lag.name, &lag.settings);
    story.paper.claim(&format!("LAG {name} ({settings}; {vlans}): {}", legs.join(", ")))
}
