//! A port that is really moved into a VLAN, and back.
//!
//! Only a port whose state is wholly understood is moved, and only when the lines that put it back
//! can be made beforehand. From the first line on nothing but the end of this machine ends the
//! program before it has tried to put the port back: signals wait.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use model::{PortName, Vlan, VlanMode};
use serde_json::json;
use switch::{
    Applied, BatchOutcome, DeviceError, Query, Session as _, Slice, VlanDatabase, Work, plan,
    policy::Policy, unmet,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{Trial, Wishes, look::exit_of, way::Known, works::lines};
use crate::{
    cli::{exit::Exit, failure::Told, output::complain},
    render::trial::Mark,
};

/// How often it is tried to put a port back. A second time, because the connection may be what
/// failed first.
const TRIES: usize = 2;

/// Somebody can be asked, or has said yes.
pub(super) fn check_confirmation(yes: bool) -> anyhow::Result<()> {
    match yes || io::stdin().is_terminal() {
        true => Ok(()),
        false => Err(Told::new(Exit::Usage, "`--apply` changes a switch, and nobody can be asked")
            .hint("`--yes` if that is meant")
            .into()),
    }
}

/// What the service's configuration keeps from everybody is kept from this as well.
pub(super) fn check_configured(known: &Known, wishes: &Wishes) -> anyhow::Result<()> {
    let Some(configured) = &known.configured else { return Ok(()) };
    let (name, vlan) = (&known.name, wishes.vlan);
    let refused = |port: &PortName, why: String| {
        Err(Told::new(Exit::Refused, format!("port `{port}` on `{name}` refused: {why}")).into())
    };
    let file = configured.policy.display();
    let text = std::fs::read_to_string(&configured.policy)
        .with_context(|| format!("cannot read the policy `{file}`"))?;
    let policy = Policy::parse(&text)
        .map_err(|error| Told::new(Exit::Broken, format!("the policy `{file}`: {error}")))?;
    for port in &wishes.ports {
        if let Some(why) = policy.protection(name, port) {
            return refused(port, why.to_string());
        }
        let ports = configured.switch.allowed_ports.as_ref();
        if let Some(ports) = ports.filter(|ports| !ports.matches(port.as_str())) {
            return refused(port, format!("it is not in the switch's `allowed_ports` ({ports})"));
        }
        let vlans = configured.switch.allowed_vlans.as_ref();
        if let Some(vlans) = vlans.filter(|vlans| !vlans.contains(vlan)) {
            let why = format!("VLAN {vlan} is not in the switch's `allowed_vlans` ({vlans})");
            return refused(port, why);
        }
    }
    Ok(())
}

/// A move, and the way back.
struct Move {
    query: Query,
    before: Slice,
    after: Slice,
    there: Vec<String>,
    back: Vec<String>,
}

impl Trial<'_> {
    pub(super) async fn move_and_back(
        &mut self,
        port: &PortName,
        vlan: Vlan,
        yes: bool,
    ) -> anyhow::Result<Exit> {
        let Some(planned) = self.planned(port, vlan).await? else { return Ok(Exit::Invalid) };
        let mut said = planned.there.clone();
        said.push("and back:".to_owned());
        said.extend(planned.back.iter().cloned());
        self.tell(Mark::Good, format!("`{port}` will be moved into VLAN {vlan} by"), said)?;
        self.output.flush()?;
        if !yes && !agreed(port, vlan)? {
            self.tell(Mark::Odd, "nothing was changed on the switch", Vec::new())?;
            return Ok(Exit::Ok);
        }
        // As long as these are there, signals do not end the program.
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let _held = kinds.map(signal);
        self.log.allow_changes();
        let moved = self.moved(port, vlan, &planned).await;
        let is_back = self.put_back(port, &planned).await;
        let (exit, is_back) = (moved?, is_back?);
        self.document.insert(
            "change".to_owned(),
            json!({
                "port": port, "vlan": vlan, "there": planned.there, "back": planned.back,
                "moved": exit == Exit::Ok, "put_back": is_back,
            }),
        );
        Ok(if is_back { exit } else { Exit::UndoFailed })
    }

    /// What is to be done, if it can be done and taken back.
    async fn planned(&mut self, port: &PortName, vlan: Vlan) -> anyhow::Result<Option<Move>> {
        let can = self.system.capabilities.clone();
        let mut query = Query::ports([port]);
        let is_explicit = can.vlan_database == VlanDatabase::Explicit;
        query.vlans.extend(is_explicit.then_some(vlan));
        let Some(seen) = self.observe(&format!("port `{port}`"), &query).await? else {
            return Ok(None);
        };
        let before = seen.slice;
        let after = match moved_slice(&before, port, vlan, is_explicit) {
            Err(why) => Err(why),
            Ok(_) if !can.access => Err("the profile has no access ports".to_owned()),
            Ok(after) => Ok(after),
        };
        let rendered = after.and_then(|after| {
            let work =
                |from: &Slice, to: &Slice| Work { before: from.clone(), changes: plan(from, to) };
            let there = lines(&self.system, &work(&before, &after))?;
            let back = lines(&self.system, &work(&after, &before))
                .map_err(|why| format!("it could not be put back: {why}"))?;
            Ok((after, there, back))
        });
        match rendered {
            Ok((after, there, back)) => Ok(Some(Move { query, before, after, there, back })),
            Err(why) => {
                self.tell(Mark::Bad, format!("`{port}` is not moved: {why}"), Vec::new())?;
                Ok(None)
            }
        }
    }

    /// Moves the port and reads it back.
    async fn moved(&mut self, port: &PortName, vlan: Vlan, planned: &Move) -> anyhow::Result<Exit> {
        let Move { query, before, after, .. } = planned;
        let done = self.make(before, after).await;
        let exchanges = self.log.take();
        let exit = match done {
            Ok(Applied { operations, answers }) => {
                let mut said = operations;
                said.extend(answers.into_iter().map(|answer| format!("it says: {answer}")));
                self.tell(Mark::Good, format!("`{port}` was told so"), said)?;
                Exit::Ok
            }
            Err(error) => {
                let said = self.explained(&error, &exchanges);
                self.tell(Mark::Bad, format!("`{port}` was not moved: {error}"), said)?;
                return Ok(exit_of(&error));
            }
        };
        let Some(seen) = self.observe(&format!("port `{port}` afterwards"), query).await? else {
            return Ok(Exit::Unknown);
        };
        let differences = unmet(before, after, &seen.slice, &self.system.capabilities);
        if differences.is_empty() {
            self.tell(Mark::Good, format!("`{port}` is read back in VLAN {vlan}"), Vec::new())?;
            return Ok(exit);
        }
        let said = differences.iter().map(ToString::to_string).collect();
        self.tell(Mark::Bad, "the switch accepted it, but holds something else", said)?;
        Ok(Exit::Differs)
    }

    /// Whether the port is again what it was.
    async fn put_back(&mut self, port: &PortName, planned: &Move) -> anyhow::Result<bool> {
        let Move { query, before, .. } = planned;
        let mut why = String::new();
        for _ in 0..TRIES {
            match self.restored(query, before).await {
                Ok(differences) if differences.is_empty() => {
                    let state = before.ports.get(port).and_then(|state| state.config.vlans.clone());
                    let state = state.map_or_else(String::new, |vlans| format!(": {vlans}"));
                    let said = vec!["the running configuration was not saved".to_owned()];
                    self.tell(Mark::Good, format!("`{port}` is as it was{state}"), said)?;
                    return Ok(true);
                }
                Ok(differences) => why = differences.join("; "),
                Err(error) => why = error.to_string(),
            }
        }
        let mut said = vec!["by hand:".to_owned()];
        said.extend(planned.back.iter().cloned());
        self.tell(Mark::Bad, format!("`{port}` was not put back: {why}"), said)?;
        Ok(false)
    }

    /// Puts back what differs, and says what differs then.
    async fn restored(
        &mut self,
        query: &Query,
        before: &Slice,
    ) -> Result<Vec<String>, DeviceError> {
        let read = async |trial: &mut Self| {
            trial.ask("what is there", async |session| session.observe(query).await).await
        };
        let now = read(self).await?.slice;
        if now != *before {
            // Whatever comes of it shows in what is read.
            let told = self.make(&now, before).await;
            let seen = read(self).await?.slice;
            let left = unmet(&now, before, &seen, &self.system.capabilities);
            let mut left: Vec<String> = left.iter().map(ToString::to_string).collect();
            if let (false, Err(error)) = (left.is_empty(), told) {
                left.push(error.to_string());
            }
            return Ok(left);
        }
        Ok(Vec::new())
    }

    async fn make(&mut self, from: &Slice, to: &Slice) -> Result<Applied, DeviceError> {
        let work = Work { before: from.clone(), changes: plan(from, to) };
        let batch = [work];
        self.ask("the change", async |session| match session.apply(&batch).await {
            BatchOutcome::RefusedWhole(error) => Err(error),
            BatchOutcome::Each(each) => each.into_iter().next().unwrap_or_else(|| {
                Err(DeviceError::Unrecognised { sent: true, answer: "no outcome".to_owned() })
            }),
        })
        .await
    }
}

/// What the switch shall hold: the port's VLANs are others, and nothing else.
fn moved_slice(
    before: &Slice,
    port: &PortName,
    vlan: Vlan,
    is_explicit: bool,
) -> Result<Slice, String> {
    let mut after = before.clone();
    let state = after.ports.get_mut(port).ok_or("the switch has no such port")?;
    if let Some(lag) = &state.lag {
        return Err(format!("it is a member of `{lag}`; choose a single port"));
    }
    match &state.config.vlans {
        None | Some(VlanMode::Other { .. }) => {
            return Err("what it carries is not understood, so it could not be put back".to_owned());
        }
        Some(vlans) if *vlans == VlanMode::access(vlan) => {
            return Err(format!("it is in VLAN {vlan} already; choose another with `--vlan`"));
        }
        Some(_) => {}
    }
    if is_explicit && !before.vlans.contains_key(&vlan) {
        return Err(format!("VLAN {vlan} is not defined on the switch; choose one that is"));
    }
    state.config.vlans = Some(VlanMode::access(vlan));
    Ok(after)
}

fn agreed(port: &PortName, vlan: Vlan) -> anyhow::Result<bool> {
    complain(&format!("move `{port}` into VLAN {vlan}, and back? [y/N] "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("cannot read the answer")?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
