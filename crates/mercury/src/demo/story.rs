//! The story: what is done, what has to come of it, and how it is told.
//!
//! Every step asks the service as any caller does, and holds the answer against what the switches
//! do. A step that does not come out as it must ends the story with an error.

mod access;
mod audit;
mod drift;
mod lag;
mod plan;
mod policy;
mod undo;
mod vendors;

use anyhow::{Context as _, Result, bail, ensure};
use model::Vlan;
use rpc::{
    Class, Method, RpcError,
    client::CallError,
    wire::{ChangeAnswer, ChangeOutcome, Context, LinkAnswer, LinkOutcome, PortRead, ReadAnswer},
};
use serde::de::DeserializeOwned;

use super::{
    cast::Cast,
    paper::{Paper, Tone},
    reach::Reach,
    sent,
    service::Service,
    stage::Stage,
};

/// The VLAN on which the servers meet.
const TENANT: u16 = 100;
/// The VLAN to which two of them move.
const OTHER: u16 = 150;
/// A VLAN that the rule does not allow.
const FORBIDDEN: u16 = 300;

/// What every part of the story has at hand.
pub(super) struct Story<'a, 'p> {
    pub(super) stage: &'a dyn Stage,
    pub(super) cast: &'static Cast,
    pub(super) service: &'a Service,
    pub(super) paper: &'a mut Paper<'p>,
    /// The part that is being told.
    pub(super) part: &'static str,
    /// The request whose record is shown at the end.
    pub(super) memorable: Option<String>,
}

impl Story<'_, '_> {
    /// Tells all of it.
    pub(super) async fn tell(&mut self) -> Result<()> {
        access::found(self).await?;
        access::lent(self).await?;
        access::joined(self).await?;
        policy::forbidden_vlan(self).await?;
        policy::protected_port(self).await?;
        plan::applied(self).await?;
        plan::stale(self).await?;
        lag::formed(self).await?;
        lag::lost_leg(self).await?;
        if let Some(shells) = self.stage.shells() {
            vendors::moved(self, shells).await?;
        }
        undo::refused(self).await?;
        undo::repeated(self).await?;
        drift::found(self).await?;
        drift::mended(self).await?;
        if let Some(shells) = self.stage.shells() {
            vendors::babbled(self, shells).await?;
        }
        access::returned(self).await?;
        if let Some(shells) = self.stage.shells() {
            vendors::never_elsewhere(self, shells)?;
        }
        audit::shown(self).await
    }

    /// The next part.
    fn part(&mut self, title: &'static str) -> Result<()> {
        self.part = title;
        self.paper.title(title)
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        context: &Context,
    ) -> Result<A, CallError> {
        self.service.client().call(method, context).await
    }

    /// A change that has to succeed on all its links and be verified on each.
    async fn change(&mut self, method: Method, context: &Context) -> Result<ChangeAnswer> {
        let answer: ChangeAnswer =
            self.call(method, context).await.map_err(|error| told(&error))?;
        ensure!(answer.outcome == ChangeOutcome::Applied, "`{method}` changed nothing");
        let unverified = answer.links.iter().find(|link| !link.verified);
        if let Some(link) = unverified {
            bail!("`{method}` says that a port on `{}` was not verified", link.switch);
        }
        Ok(answer)
    }

    /// A call that has to be refused in a certain way.
    async fn refusal(
        &mut self,
        method: Method,
        context: &Context,
        class: Class,
    ) -> Result<RpcError> {
        match self.call::<serde_json::Value>(method, context).await {
            Ok(answer) => bail!("`{method}` was carried out, and had to be refused: {answer}"),
            Err(CallError::Rpc(error)) if error.class() == Some(class) => Ok(error),
            Err(other) => Err(told(&other).context(format!(
                "`{method}` had to be refused as `{class}`, and failed in another way"
            ))),
        }
    }

    /// The ports of a request as they are.
    async fn read(&self, context: &Context) -> Result<Vec<PortRead>> {
        let asked =
            Context { binding_profile: context.binding_profile.clone(), ..Context::default() };
        let answer: ReadAnswer =
            self.call(Method::ReadPort, &asked).await.map_err(|error| told(&error))?;
        Ok(answer.ports)
    }

    /// Shows what a change did on each switch, and claims that it was verified.
    fn show(&mut self, answer: &ChangeAnswer) -> Result<()> {
        let mut switches: Vec<&str> =
            answer.links.iter().map(|link| link.switch.as_str()).collect();
        switches.dedup();
        for switch in switches {
            let links = answer.links.iter().filter(|link| link.switch.as_str() == switch);
            let links: Vec<&LinkAnswer> = links.collect();
            let mut lines: Vec<String> = Vec::new();
            for link in &links {
                if link.outcome == LinkOutcome::AlreadySo {
                    let port = link.port.as_ref().map(ToString::to_string).unwrap_or_default();
                    lines.push(format!("port {port} is so already"));
                }
                merge(&mut lines, &link.changes);
            }
            self.paper.list(switch, &lines)?;
            // A switch gets one transaction, which is told with each of its ports.
            let sent = links.iter().find(|link| !link.operations.is_empty());
            if let Some(link) = sent {
                self.paper.list("   sent", &sent::brief(&link.operations))?;
            }
        }
        let changed = answer.links.iter().filter(|link| link.outcome == LinkOutcome::Applied);
        let ports = match changed.count() {
            1 => "1 port".to_owned(),
            number => format!("{number} ports"),
        };
        let ms = answer.duration_ms;
        self.paper.claim(&format!("{ports} changed, read back and verified, in {ms} ms"))
    }

    /// Shows who hears whom, and claims that it is so.
    async fn reach(&mut self, expected: &Reach, claim: &str) -> Result<()> {
        show_reach(self.stage, self.paper, expected, claim).await
    }

    /// Shows an error as the caller gets it.
    fn quote(&mut self, error: &RpcError) -> Result<()> {
        let class = error.class().map(Class::name).unwrap_or_default();
        self.paper
            .quote(Tone::Bad, &format!("error {}, {class}:\n{}", error.code, error.message))?;
        let hint = error.data.as_ref().and_then(|data| data.hint.as_ref());
        hint.map_or(Ok(()), |hint| self.paper.quote(Tone::Bad, &format!("hint: {hint}")))
    }
}

/// Lets every server send a frame, shows who heard it, and holds that against what has to be.
pub(super) async fn show_reach(
    stage: &dyn Stage,
    paper: &mut Paper<'_>,
    expected: &Reach,
    claim: &str,
) -> Result<()> {
    let found = stage.reach().await.context("cannot find out who hears whom")?;
    found.show(paper)?;
    ensure!(found == *expected, "this had to be: {expected}; but this is: {found}");
    paper.claim(claim)
}

/// The error of a call with what it says about each port.
fn told(error: &CallError) -> anyhow::Error {
    let legs = match error {
        CallError::Rpc(RpcError { data: Some(data), .. }) => data.links.clone(),
        _ => Vec::new(),
    };
    let legs = legs.iter().filter_map(|leg| serde_json::to_string(leg).ok());
    let legs: Vec<String> = legs.map(|leg| format!("\nleg: {leg}")).collect();
    anyhow::anyhow!("the service said: {error}{}", legs.concat())
}

/// Adds the steps of one port to those of others. A step that concerns several ports, such as one
/// of their LAG, is told by each of them and kept once, and all stay in order.
fn merge(lines: &mut Vec<String>, steps: &[String]) {
    for (number, step) in steps.iter().enumerate() {
        if lines.contains(step) {
            continue;
        }
        let later = steps.get(number..).unwrap_or_default();
        let at = lines.iter().position(|line| later.contains(line)).unwrap_or(lines.len());
        lines.insert(at, step.clone());
    }
}

fn vlan(id: u16) -> Result<Vlan> {
    Ok(Vlan::new(id)?)
}

/// What ports carry, in the order in which they were read.
fn carried(ports: &[PortRead]) -> Vec<String> {
    let carried = ports.iter().map(|port| {
        let vlans = match &port.lag {
            Some(lag) => lag.config.vlans.as_ref(),
            None => port.config.vlans.as_ref(),
        };
        let vlans = vlans.map_or_else(|| "unknown".to_owned(), ToString::to_string);
        format!("{} {} {vlans}", port.switch, port.port)
    });
    carried.collect()
}

#[cfg(test)]
mod tests;
