//! What answers said, object by object, before anybody asks what it means.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, Object, ReadError};

/// How many statements are kept: all VLANs of a switch, each with a name and a VNI, and a thousand
/// ports besides.
const MOST: usize = 200_000;

/// What answers said.
#[derive(Debug, Default)]
pub struct Facts {
    objects: BTreeMap<Object, Told>,
    /// Lines by answer and number that a rule knows.
    known: BTreeSet<LineId>,
    /// Lines that could concern VLANs and that no rule of a reading knows; another may.
    strange: Vec<(LineId, Object)>,
    neighbors: Vec<Row>,
    stated: usize,
}

/// Which line of which command's answer.
pub(super) type LineId = (String, usize);

/// Facts that were stated by one line together, about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The object.
    pub object: Object,
    /// What was stated.
    pub facts: BTreeMap<Fact, String>,
}

/// The line that states something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// As the switch wrote it.
    pub text: &'a str,
    /// Whether it could concern VLANs.
    pub is_relevant: bool,
    /// Whether what it is about is there.
    pub makes_exist: bool,
}

/// What answers said of one object.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Whether the object is there: what only its status or its names say does not make it so.
    exists: bool,
    /// Facts in the order in which they were stated.
    said: Vec<(Fact, String)>,
    /// The lines that concern VLANs, as the switch wrote them.
    vlan_lines: Vec<String>,
}

impl Told {
    /// All values of a fact, each once, in their order.
    pub(super) fn all(&self, fact: Fact) -> Vec<&str> {
        let mut values: Vec<&str> = Vec::new();
        for (_, value) in self.said.iter().filter(|(other, _)| *other == fact) {
            if !values.contains(&value.as_str()) {
                values.push(value);
            }
        }
        values
    }

    /// The facts of the kinds that are wanted, in their order.
    pub(super) fn sequence(&self, wanted: &[Fact]) -> impl Iterator<Item = (Fact, &str)> {
        self.said
            .iter()
            .filter(|(fact, _)| wanted.contains(fact))
            .map(|(f, text)| (*f, text.as_str()))
    }

    /// What the switch wrote about the object's VLANs.
    pub(super) fn vlan_text(&self) -> String {
        self.vlan_lines.join("\n")
    }
}

impl Facts {
    /// A rule matched a line: these facts are so.
    pub(super) fn state(
        &mut self,
        object: &Object,
        facts: &[(Fact, String)],
        line: Line<'_>,
    ) -> Result<(), ReadError> {
        self.stated += facts.len().max(1);
        if self.stated > MOST {
            return Err(ReadError::TooMuch { limit: MOST });
        }
        let told = self.objects.entry(object.clone()).or_default();
        told.said.extend(facts.iter().cloned());
        told.exists |= line.makes_exist;
        let about_vlans = facts.iter().any(|(fact, _)| fact.is_about_vlans());
        if line.is_relevant || (line.makes_exist && about_vlans) {
            told.vlan_lines.push(line.text.to_owned());
        }
        Ok(())
    }

    /// A row of a table whose objects repeat.
    pub(super) fn row(
        &mut self,
        object: Object,
        facts: Vec<(Fact, String)>,
    ) -> Result<(), ReadError> {
        self.stated += 1;
        if self.stated > MOST {
            return Err(ReadError::TooMuch { limit: MOST });
        }
        self.neighbors.push(Row { object, facts: facts.into_iter().collect() });
        Ok(())
    }

    /// A line that a rule knows.
    pub(super) fn know(&mut self, line: LineId) {
        self.known.insert(line);
    }

    /// A line that a reading does not know although it could concern the VLANs of the object.
    pub(super) fn wonder(&mut self, line: LineId, object: Object, text: &str) {
        let told = self.objects.entry(object.clone()).or_default();
        told.exists = true;
        told.vlan_lines.push(text.to_owned());
        self.strange.push((line, object));
    }

    /// Whether there are lines about the object's VLANs that no rule of any reading knows.
    pub(super) fn has_strange(&self, object: &Object) -> bool {
        self.strange.iter().any(|(line, other)| other == object && !self.known.contains(line))
    }

    /// What was told of an object that is there.
    pub(super) fn of(&self, object: &Object) -> Option<&Told> {
        self.objects.get(object).filter(|told| told.exists)
    }

    /// What was told of an object, be it there or not.
    pub(super) fn about(&self, object: &Object) -> Option<&Told> {
        self.objects.get(object)
    }

    /// The objects of which something was told, be they there or not.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&Object, &Told)> {
        self.objects.iter()
    }

    /// The objects that are there.
    pub(super) fn existing(&self) -> impl Iterator<Item = (&Object, &Told)> {
        self.objects.iter().filter(|(_, told)| told.exists)
    }

    /// The rows of tables (`tells` `lldp` and `macs`) in their order.
    pub fn rows(&self) -> &[Row] {
        &self.neighbors
    }
}
