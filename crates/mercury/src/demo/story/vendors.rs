//! What only switches with a command line can show: a LAG that moves, an answer that nobody knows,
//! and what the ports let through after every single command.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use fabric::ssh::{SshSwitch, VlanSet};
use rpc::{Class, LegOutcome, Method};

use super::{OTHER, Story, TENANT, carried, lag::bonded, vlan};
use crate::demo::{
    cast::{Cast, LEAVES},
    reach::Reach,
    request::{on_vlan, ports},
    stage::Shells,
};

/// What a switch says that no profile knows.
const NEVER_HEARD: &str = "Policy engine: request queued for review (ticket 4711)";

/// The command to which it says so.
const STRUCK: &str = "^ *switchport access vlan";

/// The user that sits at a switch's console.
const CONSOLE: &str = "console";

/// The VLANs into which the whole story puts ports of each leaf.
const ASKED: [&[u16]; 2] = [&[TENANT, OTHER], &[TENANT, 110, 120, OTHER]];

/// The bond's LAG goes to another VLAN and comes back.
pub(super) async fn moved(story: &mut Story<'_, '_>, shells: &Shells) -> Result<()> {
    story.part("The LAG moves to another VLAN, and back")?;
    let (cast, [leaf, _]) = (story.cast, LEAVES);
    for (id, expected, claim) in [
        (OTHER, Reach::among(&[cast.one, cast.two]), "server-3 is alone in VLAN 150"),
        (TENANT, Reach::among(&cast.servers()), "all three hear each other again"),
    ] {
        let answer = story.change(Method::AttachPort, &bonded(story, id)?).await?;
        story.show(&answer)?;
        let lag = shells.leaf(leaf)?.port(cast.lag).context("the LAG is gone")?;
        ensure!(lag.members == cast.legs(), "the members are {:?}", lag.members);
        story.reach(&expected, claim).await?;
    }
    Ok(())
}

/// A switch answers something that the profile does not know.
pub(super) async fn babbled(story: &mut Story<'_, '_>, shells: &Shells) -> Result<()> {
    story.part("A switch says something that nobody knows")?;
    let (cast, [leaf, _]) = (story.cast, LEAVES);
    story.paper.say(&format!(
        "server-1 shall go back to VLAN {TENANT}. To the line that moves the port, {leaf} answers \
         neither with silence nor with an error that is known."
    ))?;
    let context = on_vlan(ports(&[cast.one], "one server back"), vlan(TENANT)?);
    let before = carried(&story.read(&context).await?);
    shells.babble(leaf, STRUCK, NEVER_HEARD)?;
    let error = story.refusal(Method::AttachPort, &context, Class::RejectedByDevice).await?;
    story.quote(&error)?;
    ensure!(error.message.contains(NEVER_HEARD), "the switch's own words are missing");
    ensure!(shells.leaf(leaf)?.faults().pending() == 0, "the switch did not say it");
    let legs = error.data.as_ref().map(|data| data.links.as_slice()).unwrap_or_default();
    let safe = |outcome| matches!(outcome, LegOutcome::Undone | LegOutcome::Untouched);
    ensure!(legs.iter().all(|leg| safe(leg.outcome)), "the legs are {legs:?}");
    let after = carried(&story.read(&context).await?);
    ensure!(before == after, "before: {before:?}, now: {after:?}");
    story.paper.claim(&format!(
        "what is not understood is no success: the port is as before, {}",
        after.join(", ")
    ))?;
    let two = [cast.one, cast.two];
    story.reach(&Reach::among(&two), "and so is who hears whom").await
}

/// What was between the commands.
pub(super) fn never_elsewhere(story: &mut Story<'_, '_>, shells: &Shells) -> Result<()> {
    story.part("And in between?")?;
    story.paper.say(
        "Each switch has written down what its ports let through after every single command.",
    )?;
    for (leaf, asked) in shells.leaves().iter().zip(ASKED) {
        let (commands, seen) = since(story.cast, leaf);
        let asked: VlanSet = asked.iter().copied().collect();
        ensure!(commands > 0, "nothing was sent to `{}`", leaf.name());
        ensure!(seen == asked, "ports of `{}` were in {seen}, not in {asked}", leaf.name());
        story.paper.claim(&format!(
            "{}: after each of Mercury's {commands} commands its servers were in what was asked for (VLANs \
             {seen}) or in none",
            leaf.name()
        ))?;
    }
    Ok(())
}

/// How many commands Mercury has entered, and the VLANs in which the servers' ports then were.
fn since(cast: &Cast, leaf: &SshSwitch) -> (usize, VlanSet) {
    let commands = leaf.commands();
    let (by_hand, ours): (Vec<_>, Vec<_>) =
        commands.iter().partition(|command| command.user == CONSOLE);
    let by_hand: BTreeSet<u64> = by_hand.iter().map(|command| command.number).collect();
    let cables = cast.servers().into_iter().flat_map(|server| server.cables);
    let ports = cables.filter(|(_, switch, _)| *switch == leaf.name()).map(|(.., port)| *port);
    let names: BTreeSet<&str> = ports.chain([cast.lag]).collect();
    // The number 0 is how the ports were found.
    let past = leaf.history().into_iter().filter(|past| {
        past.command > 0 && !by_hand.contains(&past.command) && names.contains(past.port.as_str())
    });
    let open = past.filter_map(|past| past.view).filter(|view| view.up);
    let vlans = open.flat_map(|view| {
        // A VLAN that is not on the switch yet counts too: it may be made at any time.
        let vlans: Vec<u16> = view.permits.iter().chain(view.untagged).collect();
        vlans
    });
    (ours.len(), vlans.collect())
}
