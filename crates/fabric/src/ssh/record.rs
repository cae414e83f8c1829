//! What was typed, and what each command made of the ports.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::view::PortView;

/// Most commands and most changes that are kept; older ones are forgotten, so that a benchmark
/// that runs for long cannot fill memory.
const MAX_RECORDS: usize = 50_000;

/// A line that was carried out, refused by the device or by a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// Counts the commands of a switch, from 1.
    pub number: u64,
    /// The login that it came from.
    pub session: u64,
    /// The user.
    pub user: String,
    /// The line; empty for one that was typed at a hidden prompt.
    pub line: String,
    /// What was printed, before the pager.
    pub output: String,
}

/// A port as one command left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    /// The number of the command that brought it about: 0 is the start, or a test's own hand.
    pub command: u64,
    /// That command, or what else it was.
    pub cause: String,
    /// The port or LAG.
    pub port: String,
    /// What it then let through; none if the LAG was no longer there.
    pub view: Option<PortView>,
}

/// Everything that is kept of a switch's past.
#[derive(Debug, Default)]
pub(crate) struct Record {
    commands: VecDeque<Command>,
    changes: VecDeque<Past>,
    now: BTreeMap<String, PortView>,
    count: u64,
}

impl Record {
    pub(crate) fn command(&mut self, session: u64, user: &str, line: &str, output: &str) -> u64 {
        self.count += 1;
        if self.commands.len() >= MAX_RECORDS {
            self.commands.pop_front();
        }
        self.commands.push_back(Command {
            number: self.count,
            session,
            user: user.to_owned(),
            line: line.to_owned(),
            output: output.to_owned(),
        });
        self.count
    }

    /// Compares with what was and keeps what differs.
    pub(crate) fn ports(&mut self, command: u64, cause: &str, ports: Vec<PortView>) {
        let mut gone: Vec<String> = self.now.keys().cloned().collect();
        for view in ports {
            gone.retain(|name| *name != view.name);
            if self.now.get(&view.name) != Some(&view) {
                self.now.insert(view.name.clone(), view.clone());
                self.push(command, cause, view.name.clone(), Some(view));
            }
        }
        for name in gone {
            self.now.remove(&name);
            self.push(command, cause, name, None);
        }
    }

    fn push(&mut self, command: u64, cause: &str, port: String, view: Option<PortView>) {
        if self.changes.len() >= MAX_RECORDS {
            self.changes.pop_front();
        }
        self.changes.push_back(Past { command, cause: cause.to_owned(), port, view });
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        self.commands.iter().cloned().collect()
    }

    pub(crate) fn changes(&self) -> Vec<Past> {
        self.changes.iter().cloned().collect()
    }

    /// Forgets the past; the ports as they are become the start.
    pub(crate) fn forget(&mut self) {
        self.commands.clear();
        self.changes.clear();
        let now = std::mem::take(&mut self.now);
        self.ports(0, "start", now.into_values().collect());
    }
}
