//! A session on a switch with a command line: the core's words on one side, lines and answers on
//! the other, and a profile that says how the one becomes the other.
//!
//! What happened to each line is known or said to be unknown. A line that the switch refused had no
//! effect; a line whose answer was lost, or that nobody understands, may have had one. After an
//! error the session goes back to where commands are given by the way that the profile names; where
//! the prompt shows that this failed, the session is given up rather than used.

mod candidate;
mod immediate;
mod observe;
mod resolve;
mod script;
mod steps;
mod verdict;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use switch::{
    Applied, BatchOutcome, Capabilities, DeviceError, Observation, PortMatch, Query, Session, Work,
};

pub use self::script::Scripts;
use self::{
    script::Part,
    verdict::{Verdict, any},
};
use super::{
    console::{Answer, Console, Line},
    profile::{
        Fitted, Problem, Profile, PromptMode, Question,
        schema::{ConfigureStyle, SessionKind},
    },
    read::Reader,
    render::{Block, Context, RenderError},
};

/// One switch, as far as a conversation with it needs to know it.
#[derive(Debug)]
pub struct System {
    /// What its system is like.
    pub profile: Arc<Profile>,
    /// The profile's options as this switch has them.
    pub options: BTreeMap<String, String>,
    /// What it can do with these.
    pub capabilities: Capabilities,
    /// What its answers mean, with these.
    pub reader: Reader,
    /// Whether a commit has to be confirmed, so that the switch takes back by itself what cut it
    /// off. Only where the profile has words for it.
    pub confirm: bool,
    /// Whether the switch is asked what a candidate changes before it is committed, for the audit
    /// log; it costs one more answer. Only where the profile has words for it.
    pub show_difference: bool,
    /// How candidates are named.
    pub candidates: CandidateNames,
    abandoned: Abandoned,
}

/// The candidates that were begun and whose end was not seen.
#[derive(Debug, Default)]
struct Abandoned(Mutex<BTreeSet<String>>);

impl Abandoned {
    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How candidates are named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CandidateNames {
    /// `mercury-` and six letters and digits that nobody else uses at the moment.
    #[default]
    Random,
    /// Always so, for what has to be the same each time.
    Fixed(String),
}

impl CandidateNames {
    fn next(&self) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        match self {
            Self::Fixed(name) => name.clone(),
            Self::Random => {
                let bits: u64 = rand::random();
                let letter = |n: u32| LETTERS.get((bits >> (5 * n) & 31) as usize);
                let name: Vec<u8> = (0..6).filter_map(letter).copied().collect();
                format!("mercury-{}", String::from_utf8_lossy(&name))
            }
        }
    }
}

impl System {
    /// A switch with these options, whose commits need no confirmation and are not shown before.
    pub fn new(profile: Arc<Profile>, fitted: Fitted) -> Result<Self, Problem> {
        let Fitted { options, capabilities } = fitted;
        let reader = profile.reader.fitted(&options)?;
        Ok(Self {
            profile,
            options,
            capabilities,
            reader,
            confirm: false,
            show_difference: false,
            candidates: CandidateNames::default(),
            abandoned: Abandoned::default(),
        })
    }

    /// The commands of a request's changes.
    pub fn blocks(&self, work: &Work) -> Result<Vec<Block>, RenderError> {
        self.profile.renderer.work(work, &Context { options: &self.options })
    }

    fn script(&self, part: Part, session: &str) -> Result<Vec<String>, DeviceError> {
        Ok(script::lines(&self.profile, part, &self.options, session)?)
    }

    /// Where changes are made: nowhere in particular on systems without a place for them.
    fn base(&self) -> PromptMode {
        match self.profile.raw.configure.enter.is_empty() {
            true => PromptMode::Ready,
            false => PromptMode::Configure,
        }
    }

    /// Whether prompts show this place.
    fn shows(&self, mode: PromptMode) -> bool {
        self.profile.conversation.kind == SessionKind::Terminal
            && self.profile.raw.session.prompts.contains_key(&mode)
    }
}

/// A session.
pub struct CliSession {
    system: Arc<System>,
    console: Box<dyn Console>,
    /// The last prompt that was seen.
    place: Option<PromptMode>,
    /// Why it cannot be used any more.
    broken: Option<String>,
}

impl fmt::Debug for CliSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CliSession").field("broken", &self.broken).finish_non_exhaustive()
    }
}

/// What was rendered of a batch: the works that have something to send, with their number.
struct Rendered {
    /// The outcome of each work; those that are to be sent have none yet.
    outcomes: Vec<Option<Result<Applied, DeviceError>>>,
    /// The commands of the others.
    works: Vec<(usize, Vec<Block>)>,
}

impl Rendered {
    fn of(system: &System, batch: &[Work]) -> Self {
        let mut rendered = Self { outcomes: Vec::new(), works: Vec::new() };
        for (number, work) in batch.iter().enumerate() {
            rendered.outcomes.push(match system.blocks(work) {
                Ok(blocks) if blocks.is_empty() => Some(Ok(Applied::default())),
                Ok(blocks) => {
                    rendered.works.push((number, blocks));
                    None
                }
                Err(error) => Some(Err(error.into())),
            });
        }
        rendered
    }

    fn settle(&mut self, number: usize, outcome: Result<Applied, DeviceError>) {
        if let Some(place) = self.outcomes.get_mut(number) {
            *place = Some(outcome);
        }
    }

    /// All outcomes; whatever has none yet has this.
    fn outcome(self, rest: &DeviceError) -> BatchOutcome {
        let each = self.outcomes.into_iter();
        BatchOutcome::Each(
            each.map(|outcome| outcome.unwrap_or_else(|| Err(rest.clone()))).collect(),
        )
    }
}

impl CliSession {
    /// A session on a console that is where commands that read are given.
    pub fn new(system: Arc<System>, console: Box<dyn Console>) -> Self {
        Self { system, console, place: None, broken: None }
    }

    /// The prompt at which it stands, as the switch shows it.
    pub fn prompt(&self) -> Option<String> {
        self.console.prompt()
    }

    fn usable(&self) -> Result<(), DeviceError> {
        match &self.broken {
            None => Ok(()),
            Some(reason) => Err(DeviceError::Disconnected { sent: false, reason: reason.clone() }),
        }
    }

    /// Gives the session up: it is somewhere, but not where it should be.
    fn give_up(&mut self, reason: impl Into<String>) {
        self.broken.get_or_insert(reason.into());
    }

    async fn ask(
        &mut self,
        text: &str,
        changes: bool,
        questions: &[Question],
    ) -> Result<Answer, DeviceError> {
        let answer = self.console.ask(&Line { text, changes, questions }).await;
        match &answer {
            Ok(answer) => self.place = answer.prompt,
            Err(error) if error.session_lost() => self.give_up(error.to_string()),
            Err(_) => {}
        }
        answer
    }

    /// Sends lines that lead from one place to another and change nothing by themselves.
    async fn go(&mut self, part: Part, session: &str, to: PromptMode) -> Result<(), DeviceError> {
        let system = Arc::clone(&self.system);
        let Scripts { questions, .. } = &system.profile.scripts;
        for line in system.script(part, session)? {
            let answer = self.ask(&line, false, questions).await?;
            let verdict = verdict::of_change(&system.profile.conversation.grammar, &answer, &[]);
            // The way back is known by its end, whatever the switch says on it.
            let back = matches!(part, Part::Leave | Part::Abort) && answer.prompt == Some(to);
            match verdict {
                Verdict::Unknown(_) if back && system.shows(to) => {}
                verdict => drop(verdict.settle(&line, false)?),
            }
        }
        match self.place {
            Some(place) if place != to && system.shows(to) => Err(DeviceError::Unrecognised {
                sent: false,
                answer: format!(
                    "after `{}` it stands at the prompt `{}` instead of `{}`",
                    part.key(),
                    place.name(),
                    to.name()
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Back to where commands that read are given; a session that does not get there is given up.
    async fn back(&mut self, part: Part, session: &str) {
        if self.broken.is_some() {
            return;
        }
        if let Err(error) = self.go(part, session, PromptMode::Ready).await {
            self.give_up(error.to_string());
        }
    }

    /// Whether a line has led where it should: into a context if it `opens` one, and never out of
    /// the place where changes are made.
    fn misplaced(&self, opens: bool, answer: &Answer) -> Option<&'static str> {
        let place = answer.prompt?;
        if opens && self.system.shows(PromptMode::Inside) && place != PromptMode::Inside {
            return Some("the switch did not enter it");
        }
        let outside = matches!(place, PromptMode::Ready | PromptMode::User);
        let left = outside && self.system.base() == PromptMode::Configure;
        left.then_some("the switch left its configuration mode")
    }
}

#[async_trait]
impl Session for CliSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        self.usable()?;
        self.read(query).await
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        if let Err(error) = self.usable() {
            return BatchOutcome::RefusedWhole(error);
        }
        let system = Arc::clone(&self.system);
        let rendered = Rendered::of(&system, batch);
        if rendered.works.is_empty() {
            return rendered.outcome(&DeviceError::Unsupported { what: "nothing".to_owned() });
        }
        match system.profile.raw.configure.style {
            ConfigureStyle::Immediate => self.apply_each(rendered).await,
            ConfigureStyle::Candidate => self.apply_together(rendered).await,
        }
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        self.usable()?;
        let system = Arc::clone(&self.system);
        let scripts = &system.profile.scripts;
        let (mut said, mut saved) = (Vec::new(), scripts.saved.is_empty());
        let mut last = String::new();
        for line in system.script(Part::Save, "")? {
            let answer = self.ask(&line, false, &scripts.save_questions).await?;
            let good = [scripts.saved.as_slice(), scripts.save_notes.as_slice()];
            let verdict = verdict::of_change(&system.profile.conversation.grammar, &answer, &good);
            let lines = verdict.settle(&line, false)?;
            saved |= lines.iter().any(|line| any(&scripts.saved, line));
            said.extend(lines);
            if answer.prompt.is_some_and(|place| place != PromptMode::Ready) {
                self.give_up("saving did not lead back to the prompt `ready`");
            }
            last = line;
        }
        match saved {
            true => Ok(said),
            false => Err(DeviceError::Unrecognised {
                sent: false,
                answer: format!("to `{last}`: nothing says that it has been saved"),
            }),
        }
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        self.usable()?;
        self.find(text).await
    }

    async fn close(self: Box<Self>) {
        self.console.close().await;
    }
}
