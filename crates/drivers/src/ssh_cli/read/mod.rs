//! Reading: from what a switch answered to what it holds, by the rules of a profile.
//!
//! An answer becomes lines, lines become facts by the first rule that matches, facts become the
//! core's words. Nothing here guesses: a line about VLANs that no rule knows makes the VLANs of its
//! port [`model::VlanMode::Other`], which is taken to be all of them; an answer that is not laid
//! out as the profile says is an error.
//!
//! Trade-off: rules see one line at a time. A grammar could say more, but nobody could write one
//! for a switch in an afternoon, and every system here has an output in which a line is enough.

mod error;
mod fact;
mod facts;
pub mod fuzz;
mod interpret;
mod lines;
mod names;
mod reading;
mod unread;
mod vlan_list;
mod vlans;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use regex::{Captures, Regex};
use switch::Capabilities;

pub use self::{
    error::ReadError,
    fact::Fact,
    facts::{Facts, Row},
    interpret::{MacEntry, Neighbor},
    names::{Names, Object},
    unread::{Unread, UnreadLine},
};
use self::{
    lines::{LEVEL, Seen},
    reading::{Reading, Value, options_in, with_options},
    vlans::VlanRules,
};
use super::{
    profile::{
        Problem,
        schema::{Each, RawProfile, Tells},
    },
    render::{Scene, Templates},
};

/// A text of a switch, shortened and without control characters.
pub(in crate::ssh_cli) fn excerpt(text: &str) -> String {
    const MOST: usize = 160;
    let mut shown: String =
        text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// What is asked of a switch, and what is read from its answers.
#[derive(Debug, Clone)]
pub struct Reader {
    names: Names,
    readings: Vec<Reading>,
    commands: Arc<Templates>,
    vlans: VlanRules,
    defaults: BTreeMap<Fact, String>,
    capabilities: Capabilities,
    /// What the system's MTU counts beyond the payload.
    frame_overhead: u16,
}

/// A command, and the readings that its answer serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is sent.
    pub command: String,
    /// The readings by number, each with the object that was asked for.
    readings: Vec<(usize, Option<Object>)>,
}

impl Reader {
    /// Takes what a profile says about reading; what is wrong with it is added to `problems`.
    pub fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let names = Names::compile(raw, problems);
        let readings: Vec<Reading> = raw
            .read
            .iter()
            .enumerate()
            .filter_map(|(index, read)| {
                // Any value stands for the switch's.
                Reading::compile(index, &with_options(read, |_| "x".to_owned()), problems)
                    .map(|reading| Reading { raw: read.clone(), ..reading })
            })
            .collect();
        let commands = Arc::new(commands(raw, problems));
        let vlans = VlanRules::compile(raw, problems);
        let defaults = raw.vlans.defaults.iter().filter_map(|(name, value)| {
            let fact = name.parse::<Fact>().map_err(|what| {
                problems.push(Problem::new(format!("vlans.defaults.{name}"), what));
            });
            Some((fact.ok()?, value.clone()))
        });
        let defaults = defaults.collect();
        let capabilities = raw.capabilities.clone();
        let reader = Self {
            names: names?,
            readings,
            commands,
            vlans: vlans?,
            defaults,
            capabilities,
            frame_overhead: raw.ports.frame_overhead,
        };
        (problems.len() == before).then_some(reader)
    }

    /// The reader of a switch with these options.
    pub fn fitted(&self, options: &BTreeMap<String, String>) -> Result<Self, Problem> {
        // What needs an option that is not there says nothing.
        let value = |name: &str| match options.get(name) {
            Some(value) => regex::escape(value),
            None => r"[^\s\S]".to_owned(),
        };
        let mut problems = Vec::new();
        let readings = self.readings.iter().enumerate().filter_map(|(index, reading)| {
            if !options_in(&reading.raw).any(|_| true) {
                return Some(reading.clone());
            }
            let fitted = with_options(&reading.raw, value);
            let compiled = Reading::compile(index, &fitted, &mut problems)?;
            Some(Reading { raw: reading.raw.clone(), ..compiled })
        });
        let readings = readings.collect();
        match problems.into_iter().next() {
            None => Ok(Self { readings, ..self.clone() }),
            Some(problem) => Err(problem),
        }
    }

    /// How ports and LAGs are named.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Whether any rule of a reading of this kind states this fact.
    pub fn states(&self, tells: Tells, fact: Fact) -> bool {
        let readings = self.readings.iter().filter(|reading| reading.tells == tells);
        readings
            .flat_map(|reading| &reading.rules)
            .any(|rule| rule.set.iter().any(|(f, _)| *f == fact))
    }

    /// Whether there is a reading of this kind.
    pub fn tells(&self, tells: Tells) -> bool {
        self.readings.iter().any(|reading| reading.tells == tells)
    }

    /// The commands that tell this, once and for each of these objects; each command once.
    pub fn asks(
        &self,
        tells: &[Tells],
        objects: &[Object],
        options: &BTreeMap<String, String>,
    ) -> Result<Vec<Asked>, ReadError> {
        let mut asked: Vec<Asked> = Vec::new();
        for (index, reading) in self.readings.iter().enumerate() {
            if !tells.contains(&reading.tells) {
                continue;
            }
            let about: Vec<Option<&Object>> = match reading.each {
                Each::Once => vec![None],
                each => objects.iter().filter(|object| each.fits(object)).map(Some).collect(),
            };
            for object in about {
                let command = self.command(index, object, options)?;
                let entry = (index, object.cloned());
                match asked.iter_mut().find(|asked| asked.command == command) {
                    Some(asked) => asked.readings.push(entry),
                    None => asked.push(Asked { command, readings: vec![entry] }),
                }
            }
        }
        Ok(asked)
    }

    /// The templates of the commands.
    pub fn templates(&self) -> &Templates {
        &self.commands
    }

    fn command(
        &self,
        index: usize,
        object: Option<&Object>,
        options: &BTreeMap<String, String>,
    ) -> Result<String, ReadError> {
        let mut scene = Scene::from([("options", minijinja::Value::from(options.clone()))]);
        match object {
            None => {}
            Some(Object::Port(port)) => {
                scene.insert("port", port.as_str().into());
            }
            Some(Object::Lag(lag)) => {
                scene.insert("lag", lag.as_str().into());
                scene.extend(self.names.number(lag).map(|number| ("number", number.into())));
            }
            Some(Object::Vlan(vlan)) => {
                scene.insert("vlan", vlan.get().into());
            }
        }
        let at = template(index);
        self.commands.line(&at, &scene)?.ok_or(ReadError::Empty { at })
    }

    /// Takes an answer.
    pub fn digest(&self, facts: &mut Facts, asked: &Asked, answer: &str) -> Result<(), ReadError> {
        for (index, object) in &asked.readings {
            let Some(reading) = self.readings.get(*index) else { continue };
            for seen in &reading.lines(answer)? {
                let id = || (asked.command.clone(), seen.number);
                self.line(facts, reading, object.as_ref(), seen, id)?;
            }
        }
        Ok(())
    }

    fn line(
        &self,
        facts: &mut Facts,
        reading: &Reading,
        asked: Option<&Object>,
        seen: &Seen,
        id: impl Fn() -> facts::LineId,
    ) -> Result<(), ReadError> {
        let place = match &reading.within {
            None => None,
            Some(within) => match within.captures(&seen.place) {
                Some(place) => Some(place),
                None => return self.opening(facts, reading, asked, seen, within),
            },
        };
        let outer = |name: &str| place.as_ref().and_then(|place| group(place, name));
        for rule in &reading.rules {
            let Some(found) = rule.line.captures(&seen.text) else { continue };
            facts.know(id());
            let value = |name: &str| group(&found, name).or_else(|| outer(name));
            let mut stated: Vec<(Fact, String)> = rule
                .set
                .iter()
                .filter_map(|(fact, text)| match text {
                    Value::Fixed(text) => Some((*fact, text.clone())),
                    Value::Group(name) => Some((*fact, value(name)?.to_owned())),
                })
                .collect();
            if reading.tells == Tells::Macs {
                stated.extend(value("vlan").map(|vlan| (Fact::Access, vlan.to_owned())));
            }
            for object in self.about(reading.tells, value, asked) {
                match reading.tells {
                    Tells::Lldp | Tells::Macs => facts.row(object, stated.clone())?,
                    tells => {
                        let makes_exist = makes_exist(tells, &stated);
                        let is_relevant =
                            reading.configures() && self.vlans.is_relevant(&seen.text);
                        let line = facts::Line { text: &seen.text, is_relevant, makes_exist };
                        facts.state(&object, &stated, line)?;
                    }
                }
            }
            return Ok(());
        }
        if reading.configures() && self.vlans.is_relevant(&seen.text) {
            for object in self.about(reading.tells, outer, asked) {
                facts.wonder(id(), object, &seen.text);
            }
        }
        Ok(())
    }

    /// The line that opens a place says that its object exists, whether or not anything is in it.
    fn opening(
        &self,
        facts: &mut Facts,
        reading: &Reading,
        asked: Option<&Object>,
        seen: &Seen,
        within: &Regex,
    ) -> Result<(), ReadError> {
        if matches!(reading.tells, Tells::Lldp | Tells::Macs) {
            return Ok(());
        }
        let full = match seen.place.as_str() {
            "" => seen.text.clone(),
            place => format!("{place}{LEVEL}{}", seen.text),
        };
        let Some(place) = within.captures(&full) else { return Ok(()) };
        for object in self.about(reading.tells, |name| group(&place, name), asked) {
            let makes_exist = makes_exist(reading.tells, &[]);
            let line = facts::Line { text: &seen.text, is_relevant: false, makes_exist };
            facts.state(&object, &[], line)?;
        }
        Ok(())
    }

    /// Whom a line is about: the VLANs that it names where VLANs are told, else the port or the LAG
    /// that it names, else what was asked for. Where a port was asked for, the name of a LAG says
    /// something about the port. A name that is neither a port's nor a LAG's concerns nobody here.
    fn about<'a>(
        &self,
        tells: Tells,
        group: impl Fn(&str) -> Option<&'a str>,
        asked: Option<&Object>,
    ) -> Vec<Object> {
        let asked_for = || asked.cloned().into_iter().collect();
        if tells == Tells::Vlans {
            let Some(list) = group("vlan") else { return asked_for() };
            let vlans = vlan_list::parse(list).unwrap_or_default();
            return vlans.iter().map(Object::Vlan).collect();
        }
        match (group("port"), group("lag"), asked) {
            (Some(name), ..) => self.names.object(name).into_iter().collect(),
            (None, Some(_), Some(Object::Port(_))) | (None, None, _) => asked_for(),
            (None, Some(name), _) => self.names.lag(name).map(Object::Lag).into_iter().collect(),
        }
    }
}

/// The place of a reading's command in its profile.
fn template(index: usize) -> String {
    format!("read[{index}].command")
}

fn commands(raw: &RawProfile, problems: &mut Vec<Problem>) -> Templates {
    let mut templates = Templates::new(&raw.vlans);
    let options: Vec<&str> = raw.options.keys().map(String::as_str).collect();
    for (index, read) in raw.read.iter().enumerate() {
        let names: &[&str] = match read.each {
            Each::Once => &["options"],
            Each::Port => &["options", "port"],
            Each::Lag => &["options", "lag", "number"],
            Each::Vlan => &["options", "vlan"],
        };
        templates.add(&template(index), &read.command, names, &options, problems);
        for (number, name) in options_in(read).enumerate() {
            let use_of = format!("{{{{ options.{name} }}}}");
            let at = format!("read[{index}].option {number}");
            templates.add(&at, &use_of, names, &options, problems);
        }
    }
    templates
}

/// Whether a line that states this shows that its object is there. A mapping to a VNI may name a
/// VLAN that is not defined.
fn makes_exist(tells: Tells, stated: &[(Fact, String)]) -> bool {
    match tells {
        Tells::Ports | Tells::Lags | Tells::LagNames => true,
        Tells::Vlans => stated.is_empty() || stated.iter().any(|(fact, _)| *fact != Fact::Vni),
        Tells::Status | Tells::Names | Tells::Lldp | Tells::Macs => false,
    }
}

fn group<'a>(captures: &Captures<'a>, name: &str) -> Option<&'a str> {
    captures.name(name).map(|group| group.as_str())
}

impl Each {
    const fn fits(self, object: &Object) -> bool {
        matches!(
            (self, object),
            (Self::Port, Object::Port(_))
                | (Self::Lag, Object::Lag(_))
                | (Self::Vlan, Object::Vlan(_))
        )
    }
}
