//! The rules about what a plugin leaves: words, memory, processes.

use std::{fs, path::Path, time::Duration};

use switch::Query;
use tokio::time::{Instant, timeout};

use super::{
    report::Verdict,
    runner::{Judged, Runner, fail, passed, skipped},
};
use crate::plugin::{
    Fault,
    error::excerpt,
    wire::{self, Nothing, method},
};

/// How long a plugin is listened to that should say nothing.
const SILENCE: Duration = Duration::from_millis(200);

/// How many readings show whether a process grows; few enough for a plugin in shell, where each
/// starts programs.
const READINGS: u32 = 30;

/// How much they may add to it.
const GROWTH_KIB: u64 = 16 << 10;

/// What came of closing.
pub(super) struct Closed {
    pub(super) ended: Judged,
    pub(super) left: Judged,
}

impl Runner {
    pub(super) async fn close(&mut self) -> Closed {
        let grace = self.settings.stop_grace;
        let asked = self.ask(method::CLOSE, &Nothing {}).await;
        let asked = asked.and_then(|value| {
            let read: Result<Nothing, _> = wire::result(method::CLOSE, value);
            read.map(drop).map_err(|violation| fail("`close` {}", violation.to_string()))
        });
        self.look_for_leaks();
        let Some(mut live) = self.live.take() else {
            return Closed {
                ended: asked.map(|()| passed()),
                left: Ok(skipped("it failed before")),
            };
        };
        let process = &mut live.conversation.process;
        process.stdin = None;
        let ended = process.ended(Instant::now() + grace).await;
        let left = if ended { left_behind(process.group()) } else { Vec::new() };
        process.stop(Duration::ZERO).await;
        let millis = grace.as_millis();
        let ended = match (asked, ended) {
            (Err(failure), _) => Err(failure),
            (Ok(()), true) => Ok(passed()),
            (Ok(()), false) => Err(fail(
                "`close` {}, and closed its standard input",
                format!("it still ran after {millis} ms, and was killed"),
            )),
        };
        let left = match (ended.is_ok(), left.first()) {
            (false, _) => Ok(skipped("it did not end by itself")),
            (true, None) => Ok(passed()),
            (true, Some(name)) => Err(fail(
                "`close` {}, and it ended",
                format!("`{name}` of its process group still ran"),
            )),
        };
        Closed { ended, left }
    }

    pub(super) async fn end_of_input(&mut self) -> Judged {
        self.restart().await?;
        let grace = self.settings.stop_grace;
        let Some(mut live) = self.live.take() else { return Ok(skipped("it does not run")) };
        let process = &mut live.conversation.process;
        process.stdin = None;
        let ended = process.ended(Instant::now() + grace).await;
        let leaked = process.leaked();
        process.stop(Duration::ZERO).await;
        if leaked {
            self.leak.get_or_insert_with(|| "a secret on its standard error".to_owned());
        }
        if ended {
            return Ok(passed());
        }
        let came = format!("it still ran after {} ms, and was killed", grace.as_millis());
        Err(fail("closed its standard input", came))
    }

    pub(super) async fn sigterm(&mut self) -> Judged {
        self.restart().await?;
        let grace = self.settings.stop_grace;
        let Some(mut live) = self.live.take() else { return Ok(skipped("it does not run")) };
        let ended = live.conversation.process.terminate(grace).await;
        live.conversation.process.stop(Duration::ZERO).await;
        if ended {
            return Ok(passed());
        }
        let came = format!("it still ran after {} ms, and was killed", grace.as_millis());
        Err(fail("sent SIGTERM to its process group", came))
    }

    pub(super) async fn quiet(&mut self) -> Judged {
        let live = self.restart().await?;
        let heard = timeout(SILENCE, live.conversation.process.lines.next()).await;
        match heard {
            Err(_) => Ok(passed()),
            Ok(line) => {
                self.lose();
                let came = match line {
                    Ok(Some(line)) => excerpt(&String::from_utf8_lossy(&line)),
                    Ok(None) => "it ended".to_owned(),
                    Err(violation) => violation.to_string(),
                };
                Err(fail("nothing, for 200 ms", came))
            }
        }
    }

    pub(super) async fn memory(&mut self) -> Judged {
        let query = if self.first.is_some() { self.ports() } else { Query::default() };
        self.observe(&query).await?;
        let group = self.restart().await?.conversation.process.group();
        let before = peak_kib(group);
        for _ in 0..READINGS {
            self.observe(&query).await?;
        }
        let now = self.restart().await?.conversation.process.group();
        if now != group {
            let fault = Fault::System { problem: "it was started again meanwhile".to_owned() };
            return Err(fail("thirty `observe`", fault.to_string()));
        }
        let (Some(before), Some(after)) = (before, peak_kib(group)) else {
            return Ok(skipped("the system does not say how much memory it uses"));
        };
        let limit = self.settings.memory_bytes >> 20;
        if after.saturating_sub(before) < GROWTH_KIB {
            let note = format!("{} MiB at most, of {limit} MiB", after >> 10);
            return Ok(Verdict::Passed { note: Some(note) });
        }
        let came = format!("it grew from {} to {} MiB", before >> 10, after >> 10);
        Err(fail("thirty `observe`", came))
    }
}

/// The most that a process has had in memory.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The programs of a process group that still run, but for its leader.
fn left_behind(group: u32) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes.flatten().filter_map(|entry| member(&entry.path(), group)).collect()
}

/// The name of the process behind a folder of `/proc`, if it is in the group. In `stat` the name
/// stands in parentheses, and may hold some (proc_pid_stat(5)).
fn member(folder: &Path, group: u32) -> Option<String> {
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    let (head, tail) = stat.rsplit_once(") ")?;
    let (pid, name) = head.split_once(" (")?;
    let mut fields = tail.split(' ');
    let (state, _parent, found) = (fields.next()?, fields.next()?, fields.next()?);
    let alive = state != "Z" && state != "X";
    (alive && found.parse() == Ok(group) && pid.parse() != Ok(group)).then(|| excerpt(name))
}
