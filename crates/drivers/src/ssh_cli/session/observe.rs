//! Reading what a query names, in two rounds: the ports, and then all that can be asked once their
//! LAGs are known. Each command is sent once, whatever it tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use model::PortName;
use switch::{DeviceError, Observation, Query, VlanDatabase};
use tokio::time::Instant;

use super::{
    CliSession,
    verdict::{self, Told},
};
use crate::ssh_cli::{
    console::{Answer, Line},
    profile::{PromptMode, schema::Tells},
    read::{Asked, Fact, Facts, MacEntry, Neighbor, Object},
};

/// Answers by their commands, so that none is asked twice.
type Answers = BTreeMap<String, Told>;

/// How long and how often a switch is asked again that has not yet put its configuration into
/// effect: somebody may have changed something just before. It ordinarily takes milliseconds, and a
/// reading must leave time for what follows it.
const CATCH_UP: Duration = Duration::from_secs(1);
const CATCH_UPS: usize = 10;

/// How often LAGs are asked for that an answer about LAGs was the first to name.
const ROUNDS: usize = 2;

impl CliSession {
    pub(super) async fn read(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        let mut seen = self.read_once(query).await?;
        let by = Instant::now() + CATCH_UP;
        for _ in 0..CATCH_UPS {
            if seen.pending.is_none() || by <= Instant::now() {
                break;
            }
            seen = self.read_once(query).await?;
        }
        Ok(seen)
    }

    async fn read_once(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        let system = Arc::clone(&self.system);
        let (reader, can) = (&system.reader, &system.capabilities);
        let (mut facts, mut answers) = (Facts::default(), Answers::new());
        let ports: Vec<Object> = query.ports.iter().cloned().map(Object::Port).collect();
        if !ports.is_empty() {
            self.learn(&[Tells::Ports], &ports, &mut facts, &mut answers).await?;
        }
        let present = ports.iter().filter(|port| reader.has(&facts, port));
        let present: Vec<Object> = present.cloned().collect();
        let vlans = can.vlan_database == VlanDatabase::Explicit && !query.vlans.is_empty();
        // Where no port says in which LAG it is, the LAGs have to say it.
        let untold = !ports.is_empty() && !reader.states(Tells::Ports, Fact::Lag);
        let mut known = BTreeSet::new();
        for round in 0..ROUNDS {
            let lags = reader.lags_of(&facts, query).map_err(|error| error.of_answers())?;
            if round > 0 && lags.is_subset(&known) {
                break;
            }
            let wanted = [
                (Tells::Lags, can.lag.is_some() && (untold || !lags.is_empty())),
                (Tells::LagNames, query.lag_names || query.pair_ids),
                (Tells::Vlans, vlans || query.all_vlans),
                (Tells::Status, !present.is_empty()),
            ];
            let kinds: Vec<Tells> =
                wanted.into_iter().filter(|(_, wanted)| *wanted).map(|(kind, _)| kind).collect();
            known.extend(lags);
            let lags = known.iter().cloned().map(Object::Lag);
            let vlans = query.vlans.iter().copied().map(Object::Vlan);
            let objects: Vec<Object> = present.iter().cloned().chain(lags).chain(vlans).collect();
            self.learn(&kinds, &objects, &mut facts, &mut answers).await?;
        }
        reader.observation(&facts, query).map_err(|error| error.of_answers())
    }

    /// What is heard by LLDP, on all ports.
    pub async fn neighbors(&mut self) -> Result<Vec<Neighbor>, DeviceError> {
        let facts = self.table(Tells::Lldp).await?;
        Ok(self.system.reader.neighbors(&facts))
    }

    /// Which MAC addresses are learned where.
    pub async fn macs(&mut self) -> Result<Vec<MacEntry>, DeviceError> {
        let facts = self.table(Tells::Macs).await?;
        Ok(self.system.reader.macs(&facts))
    }

    /// The ports that the answers to questions about the whole switch name: what `names`, `status`
    /// and `ports` tell without being asked about one. None where the profile has no such question;
    /// a question that is refused tells nothing.
    pub async fn named_ports(&mut self) -> Result<Vec<PortName>, DeviceError> {
        self.usable()?;
        let mut facts = Facts::default();
        for kind in [Tells::Names, Tells::Status, Tells::Ports] {
            if self.learn(&[kind], &[], &mut facts, &mut Answers::new()).await.is_err() {
                self.usable()?;
            }
        }
        Ok(self.system.reader.named_ports(&facts))
    }

    async fn table(&mut self, kind: Tells) -> Result<Facts, DeviceError> {
        self.usable()?;
        if !self.system.reader.tells(kind) {
            let what = "the profile does not say how this table is read".to_owned();
            return Err(DeviceError::Unsupported { what });
        }
        let mut facts = Facts::default();
        self.learn(&[kind], &[], &mut facts, &mut Answers::new()).await?;
        Ok(facts)
    }

    /// Asks for all that tells this, and takes the answers. What only the status tells is taken as
    /// far as it can be had.
    pub(super) async fn learn(
        &mut self,
        kinds: &[Tells],
        objects: &[Object],
        facts: &mut Facts,
        answers: &mut Answers,
    ) -> Result<(), DeviceError> {
        let system = Arc::clone(&self.system);
        let reader = &system.reader;
        let mut asked: Vec<(Tells, Asked)> = Vec::new();
        for kind in kinds {
            let commands = reader.asks(&[*kind], objects, &system.options);
            let commands = commands.map_err(|error| error.device_error(""))?;
            asked.extend(commands.into_iter().map(|asked| (*kind, asked)));
        }
        let mut new: Vec<&str> = Vec::new();
        for (_, Asked { command, .. }) in &asked {
            if !answers.contains_key(command) && !new.contains(&command.as_str()) {
                new.push(command);
            }
        }
        let lines: Vec<Line<'_>> =
            new.iter().map(|text| Line { text, changes: false, questions: &[] }).collect();
        let said = self.ask_all(&lines).await?;
        if self.place.is_some_and(|place| place != PromptMode::Ready) {
            self.give_up("a command that reads has led away from the prompt `ready`");
        }
        for (command, answer) in new.into_iter().zip(&said) {
            let told = verdict::of_reading(&system.profile.conversation.grammar, answer);
            answers.insert(command.to_owned(), told);
        }
        for (kind, asked) in &asked {
            let taken = match answers.get(&asked.command) {
                Some(Told::Text(text)) => reader
                    .digest(facts, asked, text)
                    .map_err(|error| error.device_error(&asked.command)),
                Some(Told::Refused(answer)) => Err(DeviceError::Rejected {
                    operation: Some(asked.command.clone()),
                    answer: answer.clone(),
                }),
                Some(Told::Absent) | None => Ok(()),
            };
            match (kind, taken) {
                (Tells::Status, Err(error)) => {
                    tracing::debug!(command = asked.command, %error, "a status cannot be read");
                }
                (_, taken) => taken?,
            }
        }
        Ok(())
    }

    /// Sends lines that can do no harm, and takes all their answers.
    pub(super) async fn ask_all(&mut self, lines: &[Line<'_>]) -> Result<Vec<Answer>, DeviceError> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.console.ask_all(lines).await;
        let answers = answers.inspect_err(|error| {
            if error.session_lost() {
                self.broken.get_or_insert(error.to_string());
            }
        })?;
        self.place = answers.last().and_then(|answer| answer.prompt);
        if answers.len() != lines.len() {
            let reason = format!("{} answers to {} lines", answers.len(), lines.len());
            self.give_up(reason.clone());
            return Err(DeviceError::Unrecognised { sent: false, answer: reason });
        }
        Ok(answers)
    }
}
