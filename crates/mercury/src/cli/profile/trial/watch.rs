//! Listening in on a session: every line that is sent, and what came back.
//!
//! It is also the lock of a dry run: until changes are allowed, a line that is not one of the
//! profile's readings does not reach the switch, whatever asks for it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use drivers::ssh_cli::{
    console::{Answer, Console, Line},
    driver::Dial,
    profile::schema::Tells,
    read::{Asked, Object},
    session::System,
};
use switch::DeviceError;

/// How much text is kept between two steps, in bytes: the longest answer of a chassis.
const MOST: usize = 16 << 20;

/// A line, and what came back.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) command: String,
    pub(super) answer: String,
}

/// What was said, shared with who listens.
#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    exchanges: Vec<Exchange>,
    bytes: usize,
    /// What may be given; none is all.
    only: Option<Only>,
}

/// The commands that a dry run may give.
#[derive(Debug)]
struct Only {
    system: Arc<System>,
    commands: BTreeSet<String>,
}

impl Only {
    /// Whether a command is one of the profile's readings: of what was named before, or of a port
    /// or LAG that stands in it, because an answer may have named it.
    fn has(&self, command: &str) -> bool {
        let names = self.system.reader.names();
        let words = command.split(|c: char| c.is_whitespace() || "'\"|".contains(c));
        let in_it: Vec<Object> = words.filter_map(|word| names.object(word)).collect();
        self.commands.contains(command)
            || readings(&self.system, &in_it).any(|asked| asked.command == command)
    }
}

/// Every reading of the profile, once and for each of these objects. Where one cannot be asked, such
/// as one that needs an option, those that tell something else are.
pub(super) fn readings(system: &System, objects: &[Object]) -> impl Iterator<Item = Asked> + use<> {
    let asks = |tells: &[Tells]| system.reader.asks(tells, objects, &system.options);
    let all = asks(&Tells::ALL).unwrap_or_else(|_| {
        let one_by_one = Tells::ALL.iter().filter_map(|tells| asks(&[*tells]).ok());
        one_by_one.flatten().collect()
    });
    all.into_iter()
}

impl Log {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on only the readings of the profile reach the switch.
    pub(super) fn only_reading(&self, system: &Arc<System>) {
        let only = Only { system: Arc::clone(system), commands: BTreeSet::new() };
        self.kept().only = Some(only);
    }

    /// These are readings.
    pub(super) fn allow(&self, commands: impl IntoIterator<Item = String>) {
        if let Some(only) = &mut self.kept().only {
            only.commands.extend(commands);
        }
    }

    /// From now on every command reaches the switch.
    pub(super) fn allow_changes(&self) {
        self.kept().only = None;
    }

    /// What was said since the last time.
    pub(super) fn take(&self) -> Vec<Exchange> {
        let mut kept = self.kept();
        kept.bytes = 0;
        std::mem::take(&mut kept.exchanges)
    }

    fn check(&self, lines: &[Line<'_>]) -> Result<(), DeviceError> {
        let kept = self.kept();
        let Some(only) = &kept.only else { return Ok(()) };
        match lines.iter().find(|line| line.changes || !only.has(line.text)) {
            None => Ok(()),
            Some(line) => {
                let what =
                    format!("`{}` is no command that reads, and this is a dry run", line.text);
                Err(DeviceError::Unsupported { what })
            }
        }
    }

    fn add(&self, line: &Line<'_>, answer: &Answer) {
        let mut kept = self.kept();
        kept.bytes += answer.text.len();
        if kept.bytes <= MOST {
            let (command, answer) = (line.text.to_owned(), answer.text.clone());
            kept.exchanges.push(Exchange { command, answer });
        }
    }
}

/// A way to a switch that is listened in on.
pub(super) struct Watched<D> {
    pub(super) dial: D,
    pub(super) log: Log,
}

#[async_trait]
impl<D: Dial> Dial for Watched<D> {
    async fn dial(&self) -> Result<Box<dyn Console>, DeviceError> {
        let console = self.dial.dial().await?;
        Ok(Box::new(Ear { console, log: self.log.clone() }))
    }
}

struct Ear {
    console: Box<dyn Console>,
    log: Log,
}

#[async_trait]
impl Console for Ear {
    async fn ask(&mut self, line: &Line<'_>) -> Result<Answer, DeviceError> {
        self.log.check(std::slice::from_ref(line))?;
        let answer = self.console.ask(line).await?;
        self.log.add(line, &answer);
        Ok(answer)
    }

    async fn ask_all(&mut self, lines: &[Line<'_>]) -> Result<Vec<Answer>, DeviceError> {
        self.log.check(lines)?;
        let answers = self.console.ask_all(lines).await?;
        for (line, answer) in lines.iter().zip(&answers) {
            self.log.add(line, answer);
        }
        Ok(answers)
    }

    fn prompt(&self) -> Option<String> {
        self.console.prompt()
    }

    async fn close(self: Box<Self>) {
        self.console.close().await;
    }
}

#[cfg(test)]
mod tests {
    use drivers::ssh_cli::profile::Profiles;

    use super::*;

    #[test]
    fn only_what_reads_is_let_through_in_a_dry_run() {
        let profile = Profiles::embedded().get("arista-eos").unwrap().profile().unwrap();
        let fitted = profile.fit(&profile.example_options()).unwrap();
        let system = Arc::new(System::new(profile, fitted).unwrap());
        let log = Log::default();
        let line = |text, changes| Line { text, changes, questions: &[] };
        log.only_reading(&system);
        assert!(log.check(&[line("show running-config interfaces Port-Channel7", false)]).is_ok());
        assert!(log.check(&[line("interface Port-Channel7", false)]).is_err());
        assert!(log.check(&[line("show vlan", false)]).is_ok());
        assert!(log.check(&[line("show vlan", true)]).is_err());
        let refused = log.check(&[line("show vlan", false), line("configure", false)]);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("`configure` is no command that reads"), "{refused}");
        log.allow_changes();
        assert!(log.check(&[line("configure", false)]).is_ok());
    }
}
