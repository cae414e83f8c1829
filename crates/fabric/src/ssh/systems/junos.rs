//! Junos on EX and QFX switches with the enhanced layer 2 software.
//!
//! Written from Juniper's documentation (CLI user guide, configuration statements) and from
//! published captures. Simulated: the shared, the private and the exclusive candidate with their
//! refusals, commit with its checks, `commit confirmed` and what confirms it, fifty rollbacks,
//! the difference, filters behind `|`, `load set terminal`; access and trunk ports, LAGs that
//! need a device count, LACP and `force-up`, ESI and MC-LAG, edge ports, VNIs.
//!
//! Not simulated: abbreviated words and `complete-on-space`, `deactivate`, groups and interface
//! ranges (`| display inheritance` therefore changes nothing), routing instances with VLANs of
//! their own, login classes, `| display xml`, and the broadcast that announces a rollback. The
//! echo of a line that is wider than the screen is Cisco's. Lists are sorted instead of being in
//! the order of their entry.
//!
//! Guessed: the texts that `check` names, the texts for values that cannot be, what `commit` from
//! a private candidate says while the shared one is changed, that an access port without members
//! is in VLAN 1, and that a port that names the number of a VLAN that is not there commits.
//!
//! Peculiarities: `no-master` has no `{master:0}` above its prompts; `factory` has every port in
//! VLAN 1 and no password of root, so that nothing can be committed before there is one; with
//! `quick`, a minute of `commit confirmed` lasts a second.

mod check;
mod commit;
mod edit;
mod filter;
mod forward;
mod render;
mod schema;
mod show;
mod tree;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use self::filter::{Shown, split};
use self::forward::Plane;
use self::schema::{Wrong, read};
use self::tree::Tree;
use super::{Setup, caret};
use crate::ssh::device::{Device, Login, Manners, Overflow, Prompt, Reply, Screen};
use crate::ssh::device::{TypeAhead, Wants};
use crate::ssh::view::PortView;
use crate::ssh::world::World;

/// The time that every time stamp shows: nothing depends on it.
const EPOCH: &str = "2026-01-05 08:00:00 UTC";
const RELEASE: &str = "21.4R3.15";
/// As much of the past as the system keeps.
const MAX_COMMITS: usize = 50;
/// What a text that is entered ends with.
const END_OF_TEXT: &str = "\u{4}";
/// Most lines of a text that is entered.
const MAX_LINES: usize = 10_000;

/// One switch.
pub(crate) struct Junos {
    setup: Setup,
    ports: Vec<String>,
    /// The committed configurations, the active one first.
    commits: VecDeque<Commit>,
    active: Tree,
    shared: Tree,
    editors: BTreeMap<u64, Editor>,
    unconfirmed: Option<Unconfirmed>,
    clock: Option<Instant>,
    world: World,
}

/// A committed configuration.
struct Commit {
    tree: Tree,
    user: String,
    via: &'static str,
    comment: Option<String>,
    /// It was to be taken back after so many minutes.
    minutes: Option<u64>,
}

/// A login that is in configuration mode.
struct Editor {
    user: String,
    kind: Kind,
}

/// Which candidate is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shared,
    Private,
    Exclusive,
}

/// A commit that is taken back unless it is confirmed.
struct Unconfirmed {
    by: Instant,
    before: Tree,
}

/// One login.
pub(crate) struct Session {
    number: u64,
    user: String,
    screen: Screen,
    edit: Option<Edit>,
    asks: Option<Ask>,
    text: Option<Vec<String>>,
}

/// A login's configuration mode.
struct Edit {
    kind: Kind,
    at: Vec<String>,
    before: Vec<Vec<String>>,
    /// A private candidate, and what it was made from.
    own: Option<Own>,
}

struct Own {
    base: Tree,
    tree: Tree,
}

/// A question that waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Leave,
    Discard,
}

impl Junos {
    pub(crate) fn new(setup: Setup) -> Self {
        let ports: Vec<String> =
            (0..setup.ports).map(|number| format!("xe-0/0/{number}")).collect();
        let mut tree = Tree::default();
        let mut lines = vec![
            format!("system host-name {}", setup.name),
            "vlans default vlan-id 1".to_owned(),
            "protocols lldp interface all".to_owned(),
        ];
        if setup.has_quirk("factory") {
            let family = |port| format!("interfaces {port} unit 0 family ethernet-switching");
            lines.extend(ports.iter().map(family));
        } else {
            lines.push("system root-authentication encrypted-password $6$simulated$0".to_owned());
        }
        if setup.has_pair {
            lines.push("protocols iccp local-ip-addr 10.0.0.1".to_owned());
            lines.push("protocols iccp peer 10.0.0.2 redundancy-group-id-list 1".to_owned());
        }
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            if let Ok(found) = read(&words, true) {
                tree.set(found.path);
            }
        }
        let first = Commit {
            tree: tree.clone(),
            user: "root".to_owned(),
            via: "other",
            comment: None,
            minutes: None,
        };
        Self {
            setup,
            ports,
            commits: VecDeque::from([first]),
            active: tree.clone(),
            shared: tree,
            editors: BTreeMap::new(),
            unconfirmed: None,
            clock: None,
            world: World::default(),
        }
    }

    /// The lines that the settings give, in configuration mode, committed. What the system says to
    /// a line without refusing it does not matter here.
    pub(crate) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        let mut edit = Edit { kind: Kind::Shared, at: Vec::new(), before: Vec::new(), own: None };
        for line in lines {
            let words = filter::words(line);
            let words: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
            let said = self.change(0, &mut edit, &words).map_err(|wrong| match wrong {
                Wrong::Value(text) => text,
                Wrong::Missing => "missing argument.".to_owned(),
                Wrong::Word(_) => "syntax error.".to_owned(),
            });
            match said {
                Ok(said) if !said.starts_with("error") => {}
                Ok(answer) | Err(answer) => return Err((line.clone(), answer)),
            }
        }
        if !lines.is_empty() && !self.setup.has_quirk("factory") {
            check::check(&self.shared).map_err(|answer| ("commit".to_owned(), answer))?;
        }
        self.active = self.shared.clone();
        if let Some(first) = self.commits.front_mut() {
            first.tree = self.shared.clone();
        }
        Ok(())
    }

    /// How long a minute of `commit confirmed` lasts.
    fn minute(&self) -> Duration {
        Duration::from_secs(if self.setup.has_quirk("quick") { 1 } else { 60 })
    }

    /// The active configuration.
    fn active(&self) -> &Tree {
        &self.active
    }

    fn candidate<'a>(&'a self, edit: &'a Edit) -> &'a Tree {
        edit.own.as_ref().map_or(&self.shared, |own| &own.tree)
    }

    fn plane(&self) -> Plane<'_> {
        Plane { tree: self.active(), world: &self.world, ports: &self.ports }
    }

    fn host(&self) -> &str {
        self.active().leaf(&["system", "host-name"]).unwrap_or(&self.setup.name)
    }

    /// The prompt's last line.
    fn prompt_line(&self, session: &Session) -> String {
        let sign = if session.edit.is_some() { '#' } else { '>' };
        format!("{}@{}{sign} ", session.user, self.host())
    }

    /// One line in operational or configuration mode.
    fn command(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Reply::silent();
        }
        let (command, mut pipes) = split(line);
        let words = filter::words(command);
        let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
        let margin = self.prompt_line(session).chars().count();
        // Where a word begins, or what would follow the last.
        let column = |index: usize| {
            words.get(index).map_or(command.trim_end().chars().count() + 1, |(at, _)| *at)
        };
        let answer = match session.edit.take() {
            Some(mut edit) => {
                let answer = self.configuring(session, &mut edit, &texts, &pipes, now);
                // Leaving configuration mode leaves no editor behind.
                if self.editors.contains_key(&session.number) {
                    session.edit = Some(edit);
                }
                answer
            }
            None => self.operational(session, &texts),
        };
        let told = match answer {
            Ok(Answer::Reply(reply)) if pipes.is_empty() => return reply,
            Ok(Answer::Reply(reply)) => Shown::Text(reply.text),
            Ok(Answer::Shown(shown)) => shown,
            Ok(Answer::Compared(text)) => {
                pipes.remove(0);
                Shown::Text(text)
            }
            Err(Fault::Wrong(Wrong::Word(0))) => {
                return Reply::text(caret(margin, column(0), "unknown command."));
            }
            Err(Fault::Wrong(Wrong::Word(index))) => {
                return Reply::text(caret(margin, column(index), "syntax error."));
            }
            Err(Fault::Wrong(Wrong::Missing)) => {
                return Reply::text(caret(margin, column(words.len()), "missing argument."));
            }
            Err(Fault::Wrong(Wrong::Value(text))) => return Reply::text(text),
            Err(Fault::Command(index)) => {
                let text = "syntax error, expecting <command>.";
                return Reply::text(caret(margin, column(index), text));
            }
        };
        match filter::run(told, &pipes) {
            Ok((text, unpaged)) => Reply { unpaged, ..Reply::text(text) },
            Err(pipe) => {
                let at = line.find(pipe).unwrap_or(line.len());
                Reply::text(caret(margin, at, "syntax error."))
            }
        }
    }

    /// Those who are in configuration mode, without this login.
    fn users(&self, number: u64) -> String {
        let mut text = String::new();
        for (other, editor) in self.editors.iter().filter(|(other, _)| **other != number) {
            text.push_str(&editor.line(*other));
        }
        text
    }

    /// The refusal, if another login has the lock.
    fn locked(&self, number: u64) -> Option<String> {
        let holder = self
            .editors
            .iter()
            .find(|(other, own)| **other != number && own.kind == Kind::Exclusive);
        holder.map(|(other, own)| {
            format!("error: configuration database locked by:\n{}", own.line(*other))
        })
    }
}

impl Editor {
    fn line(&self, number: u64) -> String {
        let kind = match self.kind {
            Kind::Shared => "",
            Kind::Private => "private ",
            Kind::Exclusive => "exclusive ",
        };
        let (user, process) = (&self.user, 4000 + number);
        format!(
            "  {user} terminal pts/{number} (pid {process}) on since {EPOCH}\n      {kind}[edit]\n"
        )
    }
}

/// What a command gives.
enum Answer {
    Reply(Reply),
    Shown(Shown),
    /// A difference, which the first filter asked for.
    Compared(String),
}

/// Why a line is no command.
enum Fault {
    Wrong(Wrong),
    /// The word with this index is no command.
    Command(usize),
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

fn text(text: impl Into<String>) -> Result<Answer, Fault> {
    Ok(Answer::Reply(Reply::text(text)))
}

impl Device for Junos {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: "---(more)---",
            pager_erase: "\r            \r",
            pager_stops_on_any_key: false,
            overflow: Overflow::Scroll,
            type_ahead: TypeAhead::Queued,
            has_help: true,
            before_prompt: "",
            max_channels: 10,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let rows = login.terminal.map_or(24, |(_, rows)| if rows == 0 { 24 } else { rows });
        let columns =
            login.terminal.map_or(80, |(columns, _)| if columns == 0 { 80 } else { columns });
        let screen =
            Screen { length: login.terminal.map(|_| rows), width: login.terminal.map(|_| columns) };
        let session = Session {
            number: login.number,
            user: login.user.clone(),
            screen,
            edit: None,
            asks: None,
            text: None,
        };
        let motd = self.setup.motd.as_ref().map(|text| format!("{text}\n")).unwrap_or_default();
        let kernel = "Kernel 64-bit  JNPR-12.1-20220812.2bc1f8f_buil";
        (session, format!("{motd}--- JUNOS {RELEASE} {kernel}\n"))
    }

    fn prompt(&self, session: &Session) -> Prompt {
        match session.asks {
            Some(Ask::Leave) => {
                return Prompt::ask(
                    "Exit with uncommitted changes? [yes,no] (yes) ",
                    Wants::Answer,
                );
            }
            Some(Ask::Discard) => {
                return Prompt::ask("Discard uncommitted changes? [yes,no] (yes) ", Wants::Answer);
            }
            None if session.text.is_some() => return Prompt::ask("", Wants::Text),
            None => {}
        }
        let mut shown = "\r\n".to_owned();
        if let (Some(unconfirmed), Some(clock)) = (&self.unconfirmed, self.clock) {
            let left = unconfirmed.by.saturating_duration_since(clock).as_millis();
            let left = left.div_ceil(self.minute().as_millis());
            shown
                .push_str(&format!("# commit confirmed will be rolled back in {left} minutes\r\n"));
        }
        let place = session.edit.as_ref().map(|edit| {
            let at: String = edit.at.iter().map(|word| format!(" {word}")).collect();
            format!("[edit{at}]")
        });
        let master = if self.setup.has_quirk("no-master") { "" } else { "{master:0}" };
        let place = format!("{master}{}", place.unwrap_or_default());
        if !place.is_empty() {
            shown.push_str(&format!("{place}\r\n"));
        }
        shown.push_str(&self.prompt_line(session));
        Prompt::new(shown)
    }

    fn line(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        if let Some(ask) = session.asks.take() {
            return self.answered(session, ask, line.trim());
        }
        match session.text.take() {
            Some(lines) if line == END_OF_TEXT => self.load(session, &lines),
            Some(mut lines) => {
                if lines.len() < MAX_LINES {
                    lines.push(line.to_owned());
                }
                session.text = Some(lines);
                Reply::silent()
            }
            None => self.command(session, line, now),
        }
    }

    fn screen(&self, session: &Session) -> Screen {
        session.screen
    }

    fn help(&self, session: &Session, line: &str) -> Option<String> {
        Some(edit::help(session.edit.is_some(), line))
    }

    fn close(&mut self, session: Session) {
        if let Some(edit) = &session.edit {
            self.leave(session.number, edit.kind);
        }
    }

    fn expire(&mut self, now: Instant) -> bool {
        self.clock = Some(now);
        match self.unconfirmed.take() {
            Some(unconfirmed) if unconfirmed.by <= now => {
                self.shared = unconfirmed.before.clone();
                self.push(unconfirmed.before, "root", "other", None);
                true
            }
            waiting => {
                self.unconfirmed = waiting;
                false
            }
        }
    }

    fn ports(&self) -> Vec<PortView> {
        self.plane().views()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        let name = name.strip_suffix(".0").unwrap_or(name);
        let is_port = self.ports.iter().any(|port| port == name);
        (is_port || self.plane().lags().contains(&name)).then(|| name.to_owned())
    }

    fn running(&self) -> String {
        render::commands(self.active())
    }

    /// What is committed is what the next start uses.
    fn is_saved(&self) -> bool {
        true
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
