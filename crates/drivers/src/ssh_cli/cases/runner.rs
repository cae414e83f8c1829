//! One case: the request is planned and carried out as the service would, on a switch that is
//! played from the case's transcript.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use model::{LagName, PortConfig, PortName, SwitchName, Vlan};
use serde_json::{Value, json};
use switch::{
    BatchOutcome, Capabilities, Change, DeviceError, Driver as _, Facts, Intent, LagWish, Members,
    Observation, Query, SafeState, Session, Slice, SwitchError, Wish, Work, plan, wanted,
};

use super::{
    compare,
    file::{Case, Ending, Request, Safe, Verb},
    player::{ENABLE_SECRET, Manners, PASSWORD, Player, USERNAME},
    transcript::Transcript,
};
use crate::ssh_cli::{
    console::Console,
    conversation::Credentials,
    driver::{Dial, SshCliDriver},
    exec::Exec,
    profile::{Profile, schema::SessionKind},
    session::{CandidateNames, System},
    shell::Shell,
};

/// How candidates are named in cases.
const CANDIDATE: &str = "mercury-case";

/// What a case came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// What is not as the case has it; none when it passed.
    pub(super) problems: Vec<String>,
    /// The changes that were planned.
    pub(super) changes: Vec<Change>,
    /// Whether words were found for them.
    pub(super) rendered: bool,
    /// What was there before.
    pub(super) before: Slice,
    /// What was to be there afterwards.
    pub(super) after: Slice,
}

/// How far a case came.
struct Run {
    ending: Ending,
    message: String,
    lines: Vec<String>,
    after: Value,
    outcome: Outcome,
}

/// Runs a case on a transcript that begins before the login.
pub(super) async fn run(profile: &Arc<Profile>, case: &Case, transcript: &Transcript) -> Outcome {
    let profile = &one_by_one(profile);
    let fitted = match profile.fit(&case.options) {
        Ok(fitted) => fitted,
        Err(problems) => {
            let problems = problems.iter().map(|problem| format!("options: {problem}")).collect();
            return Outcome { problems, ..Outcome::default() };
        }
    };
    let player = Player::new(transcript, Manners::of(profile));
    let mut system = match System::new(Arc::clone(profile), fitted) {
        Ok(system) => system,
        Err(problem) => {
            let problems = vec![format!("options: {problem}")];
            return Outcome { problems, ..Outcome::default() };
        }
    };
    system.candidates = CandidateNames::Fixed(CANDIDATE.to_owned());
    let dial = Play { player: player.clone(), profile: Arc::clone(profile) };
    let driver = SshCliDriver::new(Arc::new(system), dial);
    let mut run = carry_out(&driver, &case.request).await;
    let mut problems = Vec::new();
    let expect = &case.expect;
    // What was typed wrongly explains everything else.
    problems.extend(player.difference());
    if run.ending != expect.result {
        problems.push(format!(
            "it ends as `{}` instead of `{}`{}{}",
            run.ending.name(),
            expect.result.name(),
            if run.message.is_empty() { "" } else { ": " },
            run.message
        ));
    } else if let Some(part) = &expect.message
        && !run.message.contains(part.as_str())
    {
        problems.push(format!("the message is `{}`, without `{part}`", run.message));
    }
    if let Some(lines) = expect.lines.as_ref().filter(|lines| **lines != run.lines) {
        problems.push(format!("other lines are rendered:\n{}", line_difference(lines, &run.lines)));
    }
    if let Some(after) = &expect.after {
        problems.extend(compare::differences(after, &run.after));
    }
    run.outcome.problems = problems;
    run.outcome
}

/// The profile without lines that are sent ahead: a transcript has one answer behind each.
fn one_by_one(profile: &Arc<Profile>) -> Arc<Profile> {
    let mut profile = Profile::clone(profile);
    profile.conversation.pipeline = false;
    Arc::new(profile)
}

/// Gets to a play.
pub(super) struct Play {
    pub(super) player: Player,
    pub(super) profile: Arc<Profile>,
}

#[async_trait]
impl Dial for Play {
    async fn dial(&self) -> Result<Box<dyn Console>, DeviceError> {
        let conversation = &self.profile.conversation;
        let player = self.player.clone();
        match conversation.kind {
            SessionKind::Commands => Ok(Box::new(Exec::new(player, conversation, None))),
            SessionKind::Terminal => {
                let credentials = Credentials {
                    address: "the transcript".to_owned(),
                    username: USERNAME.to_owned(),
                    password: Some(PASSWORD.to_owned().into()),
                    enable_secret: Some(ENABLE_SECRET.to_owned().into()),
                };
                Ok(Box::new(Shell::login(player, conversation, &credentials).await?))
            }
        }
    }
}

impl Run {
    fn ended(ending: Ending, message: impl Into<String>) -> Self {
        Self {
            ending,
            message: message.into(),
            lines: Vec::new(),
            after: Value::Null,
            outcome: Outcome::default(),
        }
    }

    fn failed(error: &DeviceError) -> Self {
        let ending = match error {
            DeviceError::Unreachable { .. } => Ending::Unreachable,
            DeviceError::Disconnected { .. } => Ending::Disconnected,
            DeviceError::TimedOut { .. } => Ending::TimedOut,
            DeviceError::Rejected { .. } => Ending::Rejected,
            DeviceError::Unrecognised { .. } => Ending::Unrecognised,
            DeviceError::Unsupported { .. } => Ending::Unsupported,
        };
        Self::ended(ending, error.to_string())
    }

    fn refused(error: &SwitchError) -> Self {
        let ending = match error {
            SwitchError::Unsupported { .. } => Ending::Unsupported,
            SwitchError::NotFound { .. } => Ending::NoSuchPort,
            _ => Ending::Conflict,
        };
        Self::ended(ending, error.to_string())
    }
}

async fn carry_out(driver: &SshCliDriver<Play>, request: &Request) -> Run {
    let mut session = match driver.connect().await {
        Ok(session) => session,
        Err(error) => return Run::failed(&error),
    };
    match request.verb {
        Verb::Save => match session.save().await {
            Ok(said) => {
                Run { after: json!({ "answers": said }), ..Run::ended(Ending::Applied, "") }
            }
            Err(error) => Run::failed(&error),
        },
        Verb::Resolve => {
            let text = request.text.clone().unwrap_or_default();
            match session.resolve(&text).await {
                Ok(matches) => {
                    let after = json!({ "matches": matches });
                    Run { after, ..Run::ended(Ending::Read, "") }
                }
                Err(error) => Run::failed(&error),
            }
        }
        _ => change(driver, &mut session, request).await,
    }
}

async fn change(driver: &SshCliDriver<Play>, session: &mut dyn Session, request: &Request) -> Run {
    let can = driver.capabilities();
    let ports: BTreeSet<PortName> = request.ports.iter().cloned().collect();
    let lag = request.lag.as_ref().map(|lag| lag.name.clone());
    let vlan = request.network.as_ref().map(|network| network.vlan);
    // What the system cannot do at all is refused before anything is asked.
    if vlan.is_some() && can.vlan_database == switch::VlanDatabase::Implicit {
        return Run::ended(Ending::Unsupported, "VLANs need no definition");
    }
    if request.network.as_ref().is_some_and(|network| network.vni.is_some()) && !can.vxlan {
        return Run::ended(Ending::Unsupported, "VXLAN");
    }
    let query = Query {
        ports: ports.clone(),
        lags: lag.iter().cloned().collect(),
        vlans: vlan.into_iter().collect(),
        pair_ids: request.lag.as_ref().is_some_and(|lag| lag.pair.is_some())
            && can.lag.as_ref().is_some_and(|lag| lag.across_pair),
        ..Query::default()
    };
    let seen = match session.observe(&query).await {
        Ok(seen) => seen,
        Err(error) => return Run::failed(&error),
    };
    let observed = |run: Run, seen: &Observation| {
        let outcome = Outcome { before: seen.slice.clone(), ..run.outcome };
        Run { after: shown(seen), outcome, ..run }
    };
    let Some(intent) = intent(request) else {
        let missing = ports.iter().find(|port| !seen.slice.ports.contains_key(*port));
        let run = match missing {
            Some(port) => Run::ended(Ending::NoSuchPort, format!("there is no port `{port}`")),
            None => Run::ended(Ending::Read, ""),
        };
        return observed(run, &seen);
    };
    let wanted = match want(&seen.slice, &ports, &intent, lag.as_ref(), request, can) {
        Ok(wanted) => wanted,
        Err(error) => return observed(Run::refused(&error), &seen),
    };
    let work = Work { changes: plan(&seen.slice, &wanted), before: seen.slice.clone() };
    if work.changes.is_empty() {
        return observed(Run::ended(Ending::Already, ""), &seen);
    }
    let lines = driver.render(&work);
    let changes = work.changes.clone();
    let before = seen.slice.clone();
    let run = apply(session, work, &query, can).await;
    let outcome =
        Outcome { changes, rendered: !lines.is_empty(), before, after: wanted, ..run.outcome };
    Run { lines, outcome, ..run }
}

async fn apply(session: &mut dyn Session, work: Work, query: &Query, can: &Capabilities) -> Run {
    let before = work.before.clone();
    let after = match work.after() {
        Ok(after) => after,
        Err(misfit) => return Run::ended(Ending::Conflict, misfit.to_string()),
    };
    let mut query = Query { pair_ids: false, ..query.clone() };
    query.lags.extend(work.before.lags.keys().chain(after.lags.keys()).cloned());
    let outcome = match session.apply(&[work]).await {
        BatchOutcome::RefusedWhole(error) => Err(error),
        BatchOutcome::Each(each) => each.into_iter().next().unwrap_or_else(|| {
            Err(DeviceError::Unrecognised { sent: true, answer: "no outcome".to_owned() })
        }),
    };
    if let Err(error) = outcome {
        return Run::failed(&error);
    }
    match session.observe(&query).await {
        Err(error) => Run::failed(&error),
        Ok(seen) => {
            let found = switch::unmet(&before, &after, &seen.slice, can);
            let run = match found.is_empty() {
                true => Run::ended(Ending::Applied, ""),
                false => {
                    let text: Vec<String> = found.iter().map(ToString::to_string).collect();
                    Run::ended(Ending::VerifyFailed, text.join("; "))
                }
            };
            Run { after: shown(&seen), ..run }
        }
    }
}

fn intent(request: &Request) -> Option<Intent> {
    let config = request.config.clone().unwrap_or_default();
    let wish = || Wish {
        config: PortConfig {
            vlans: request.vlans.clone().or(config.vlans.clone()),
            ..config.clone()
        },
        lag: request.lag.as_ref().map(|lag| LagWish {
            name: Some(lag.name.clone()),
            settings: lag.settings(),
            members: Members::Named,
        }),
    };
    let network = request.network.as_ref();
    match request.verb {
        Verb::Attach => Some(Intent::Attach(wish())),
        Verb::Update => Some(Intent::Update(wish())),
        Verb::Detach => Some(Intent::Detach { idle: None }),
        Verb::AddNetwork => network.map(|network| Intent::AddNetwork {
            vlan: network.vlan,
            name: network.name.clone(),
            vni: network.vni,
        }),
        Verb::DeleteNetwork => network.map(|network| Intent::DeleteNetwork { vlan: network.vlan }),
        Verb::Observe | Verb::Save | Verb::Resolve => None,
    }
}

fn want(
    observed: &Slice,
    ports: &BTreeSet<PortName>,
    intent: &Intent,
    lag: Option<&LagName>,
    request: &Request,
    capabilities: &Capabilities,
) -> Result<Slice, SwitchError> {
    let safe = match request.safe {
        Some(Safe::Idle(vlan)) => SafeState::Idle(vlan),
        Some(Safe::Closed) => SafeState::Closed,
        Some(Safe::Shut) => SafeState::Shut(None),
        None if capabilities.closed => SafeState::Closed,
        None => SafeState::Idle(Vlan::MIN),
    };
    let name: SwitchName = match "case".parse() {
        Ok(name) => name,
        Err(error) => return Err(SwitchError::invalid("switch", &error)),
    };
    wanted(observed, ports, intent, lag, &Facts { switch: &name, capabilities, safe })
}

/// What was read, as cases name it.
fn shown(seen: &Observation) -> Value {
    let mut shown = serde_json::to_value(&seen.slice).unwrap_or_default();
    if let Value::Object(members) = &mut shown {
        members.insert("status".to_owned(), json!(seen.status));
        members.insert("lag_names".to_owned(), json!(seen.lag_names));
    }
    shown
}

/// Lines that are rendered, beside those that are expected.
fn line_difference(want: &[String], got: &[String]) -> String {
    let mut text = String::new();
    let mut put = |mark: char, line: &String| {
        text.push_str(&format!("{mark} {line}\n"));
    };
    let same = want.iter().zip(got).take_while(|(want, got)| want == got).count();
    let rest = |lines: &[String]| lines.len().saturating_sub(same);
    let tail = want
        .iter()
        .rev()
        .zip(got.iter().rev())
        .take(rest(want).min(rest(got)))
        .take_while(|(want, got)| want == got)
        .count();
    want.iter().take(same).for_each(|line| put(' ', line));
    want.iter().skip(same).take(rest(want) - tail).for_each(|line| put('-', line));
    got.iter().skip(same).take(rest(got) - tail).for_each(|line| put('+', line));
    want.iter().skip(want.len() - tail).for_each(|line| put(' ', line));
    text
}
