//! Configuration sessions: private copies that replace the running configuration as a whole.

use std::time::Duration;

use tokio::time::Instant;

use super::super::chassis::Config;
use super::super::grammar::Values;
use super::commands::Act;
use super::{Eos, Mode, Session, running};
use crate::ssh::device::Reply;

/// Most sessions that are neither committed nor aborted, as EOS has it out of the box.
const MAX_PENDING: usize = 5;

/// How long an unfinished session is kept.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A configuration session.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) config: Config,
    pub(super) state: State,
    pub(super) user: String,
    since: Instant,
}

/// What has become of it.
#[derive(Debug, Clone)]
pub(super) enum State {
    Pending,
    Completed,
    /// Committed, and taken back at that time unless it is confirmed.
    Timer {
        before: Box<Config>,
        due: Instant,
    },
}

impl State {
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Timer { .. } => "pendingCommitTimer",
        }
    }
}

impl Eos {
    pub(super) fn session_act(
        &mut self,
        session: &mut Session,
        act: Act,
        values: &Values,
        now: Instant,
    ) -> Reply {
        match act {
            Act::Session => self.enter(session, values.text(0), now),
            Act::SessionDelete => {
                self.candidates.remove(values.text(0));
                Reply::silent()
            }
            Act::Commit | Act::CommitTimer => {
                let Some(name) = session.candidate.clone() else {
                    return Reply::text("% Invalid input");
                };
                let timer = (act == Act::CommitTimer).then(|| values.text(0));
                let reply = self.commit(&name, timer, now);
                session.mode = Mode::Exec;
                session.candidate = None;
                reply
            }
            Act::SessionCommit | Act::SessionTimer => {
                let timer = (act == Act::SessionTimer).then(|| values.text(1));
                self.commit(values.text(0), timer, now)
            }
            Act::Abort | Act::SessionAbort => {
                let named = (act == Act::SessionAbort).then(|| values.text(0).to_owned());
                let Some(name) = named.or_else(|| session.candidate.take()) else {
                    return Reply::text("% Invalid input");
                };
                if act == Act::Abort {
                    session.mode = Mode::Exec;
                }
                self.abort(&name)
            }
            _ => Reply::silent(),
        }
    }

    fn enter(&mut self, session: &mut Session, name: &str, now: Instant) -> Reply {
        let name = if name.is_empty() {
            self.made += 1;
            format!("sess-{}", self.made)
        } else {
            name.to_owned()
        };
        let is_open =
            self.candidates.get(&name).is_some_and(|own| matches!(own.state, State::Pending));
        if !is_open {
            let pending =
                self.candidates.values().filter(|own| !matches!(own.state, State::Completed));
            if pending.count() >= MAX_PENDING {
                return Reply::text(
                    "% Maximum number of pending sessions has been reached. Please commit or abort previous sessions before creating a new one.",
                );
            }
            let candidate = Candidate {
                config: self.running.clone(),
                state: State::Pending,
                user: session.user.clone(),
                since: now,
            };
            self.candidates.insert(name.clone(), candidate);
        }
        session.candidate = Some(name);
        session.mode = Mode::Global;
        Reply::silent()
    }

    /// Makes a session the running configuration, whatever has changed since it was begun.
    fn commit(&mut self, name: &str, timer: Option<&str>, now: Instant) -> Reply {
        let due = match timer.map(duration) {
            Some(None) => return Reply::text("% Invalid input"),
            Some(Some(after)) => Some(now + after),
            None => None,
        };
        let Some(candidate) = self.candidates.get_mut(name) else {
            return Reply::text(format!("% Session {name} does not exist"));
        };
        match (&candidate.state, due) {
            (State::Completed, _) => {
                return Reply::text(format!("% Session {name} is already completed"));
            }
            (State::Timer { .. }, None) => candidate.state = State::Completed,
            (_, due) => {
                let before = std::mem::replace(&mut self.running, candidate.config.clone());
                candidate.state = match due {
                    Some(due) => State::Timer { before: Box::new(before), due },
                    None => State::Completed,
                };
            }
        }
        self.forget_completed(name);
        Reply::silent()
    }

    /// One completed session is kept: the last.
    fn forget_completed(&mut self, last: &str) {
        self.candidates.retain(|name, own| name == last || !matches!(own.state, State::Completed));
    }

    fn abort(&mut self, name: &str) -> Reply {
        match self.candidates.remove(name) {
            None => Reply::text(format!("% Session {name} does not exist")),
            Some(Candidate { state: State::Timer { before, .. }, .. }) => {
                self.running = *before;
                Reply::silent()
            }
            Some(_) => Reply::silent(),
        }
    }

    pub(super) fn expire_timers(&mut self, now: Instant) -> bool {
        self.candidates.retain(|_, own| {
            !matches!(own.state, State::Pending) || now.duration_since(own.since) < LIFETIME
        });
        let is_due =
            |own: &Candidate| matches!(&own.state, State::Timer { due, .. } if *due <= now);
        let due: Vec<String> = self
            .candidates
            .iter()
            .filter(|(_, own)| is_due(own))
            .map(|(name, _)| name.clone())
            .collect();
        for name in &due {
            self.abort(name);
        }
        !due.is_empty()
    }

    /// `show configuration sessions`.
    pub(super) fn show_sessions(&self, session: &Session, json: bool, now: Instant) -> String {
        if json {
            let state = |own: &Candidate| serde_json::json!({ "state": own.state.word(), "instances": {}, "commitUser": own.user });
            let sessions: serde_json::Map<_, _> =
                self.candidates.iter().map(|(name, own)| (name.clone(), state(own))).collect();
            let mut all = serde_json::json!({
                "maxSavedSessions": 1, "maxOpenSessions": MAX_PENDING,
                "mergeOnCommit": false, "sessions": sessions,
            });
            let timed = self.candidates.iter().find_map(|(name, own)| match &own.state {
                State::Timer { due, .. } => Some((name, due.saturating_duration_since(now))),
                _ => None,
            });
            if let (Some((name, left)), Some(all)) = (timed, all.as_object_mut()) {
                all.insert("commitTimerSessionName".to_owned(), serde_json::json!(name));
                all.insert(
                    "commitTimerExpireTime".to_owned(),
                    serde_json::json!(left.as_secs_f64()),
                );
            }
            return super::json::pretty(&all);
        }
        let mut text = format!(
            "Maximum number of completed sessions: 1\nMaximum number of pending sessions: {MAX_PENDING}\n\n  \
             Name                      State           User       Terminal       Commit Time Left\n  \
             ---------------------- --------------- ---------- -------------- ----------------------\n"
        );
        for (name, own) in &self.candidates {
            let mark = if session.candidate.as_ref() == Some(name) { '*' } else { ' ' };
            let left = match &own.state {
                State::Timer { due, .. } => {
                    let left = due.saturating_duration_since(now).as_secs();
                    format!("{}:{:02}:{:02}", left / 3600, left / 60 % 60, left % 60)
                }
                _ => String::new(),
            };
            let state = own.state.word();
            let row = format!("{mark} {name:<22} {state:<15} {:<10} {:<14} {left}", own.user, "");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    /// `show session-config diffs`: lines that are only in one of both, with their context lines.
    pub(super) fn show_diffs(&self, name: Option<&str>) -> Reply {
        let Some(name) = name.filter(|name| self.candidates.contains_key(*name)) else {
            return Reply::text("% Invalid input");
        };
        let Some(candidate) = self.candidates.get(name) else {
            return Reply::silent();
        };
        let (old, new) = (running::whole(&self.running), running::whole(&candidate.config));
        let diff = diff(&old, &new);
        if diff.is_empty() {
            return Reply::silent();
        }
        Reply::text(format!(
            "--- system:/running-config\n+++ session:/{name}-session-config\n{diff}"
        ))
    }
}

/// `hh:mm:ss`.
fn duration(text: &str) -> Option<Duration> {
    let parts: Option<Vec<u64>> = text.split(':').map(|part| part.parse().ok()).collect();
    match parts?.as_slice() {
        [hours, minutes, seconds] if *minutes < 60 && *seconds < 60 => {
            Some(Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
        }
        _ => None,
    }
}

/// A unified diff in one hunk from the first to the last difference, with three lines around.
fn diff(old: &str, new: &str) -> String {
    const AROUND: usize = 3;
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let head = old.iter().zip(&new).take_while(same).count();
    if head == old.len() && head == new.len() {
        return String::new();
    }
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count().min(rest);
    let start = head.saturating_sub(AROUND);
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let after = tail.min(AROUND);
    let mut text = format!(
        "@@ -{},{} +{},{} @@\n",
        start + 1,
        old_end + after - start,
        start + 1,
        new_end + after - start
    );
    let mut push = |sign: char, lines: Option<&[&str]>| {
        for line in lines.unwrap_or_default() {
            text.push_str(&format!("{sign}{line}\n"));
        }
    };
    push(' ', old.get(start..head));
    push('-', old.get(head..old_end));
    push('+', new.get(head..new_end));
    push(' ', old.get(old_end..old_end + after));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_what_differs_and_what_is_around() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nx\ny\nf\ng\nh\n";
        let expected = "@@ -2,7 +2,8 @@\n b\n c\n d\n-e\n+x\n+y\n f\n g\n h\n";
        assert_eq!(diff(old, new), expected);
        assert_eq!(diff(old, old), "");
    }

    #[test]
    fn timers_are_read() {
        assert_eq!(duration("00:05:00"), Some(Duration::from_secs(300)));
        for bad in ["5", "00:61:00", "a:b:c", ""] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
