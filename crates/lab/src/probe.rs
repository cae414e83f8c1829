//! Real frames: which NIC hears which, on which VLAN.
//!
//! Safe Rust has no packet sockets, so the frames are sent and heard by a small Python program
//! (standard library only) that speaks JSON lines; this module is its typed handle. NICs are named
//! `host/interface`: `h1/eth0`; `srv/br0` for what a bonded server sends and hears through its
//! bond, `srv/eth0` for one leg of it; `leaf-01/mon0` for a switch's analyser.
//!
//! A tag is `None` for an untagged frame. Frames are broadcasts, so learnt addresses do not hide
//! a reachable NIC. Every answer has a deadline; a missing one is an error with what the program
//! wrote to its standard error.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::command::tool;
use crate::tail::Tail;

const PROGRAM: &str = include_str!("probe.py");

/// How long one answer may take beyond what the request itself allows.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The shortest pause between two frames of a flood, a bound on the load of a small machine.
const FLOOD_PAUSE: Duration = Duration::from_millis(1);

/// A NIC that heard a frame, and the tag with which it arrived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Heard {
    /// The NIC, `host/interface`.
    pub nic: String,
    /// The 802.1Q tag; `None` when untagged.
    pub tag: Option<u16>,
}

impl Heard {
    /// Heard by `nic` without a tag.
    #[must_use]
    pub fn untagged(nic: &str) -> Self {
        Self { nic: nic.to_owned(), tag: None }
    }

    /// Heard by `nic` with `tag`.
    #[must_use]
    pub fn tagged(nic: &str, tag: u16) -> Self {
        Self { nic: nic.to_owned(), tag: Some(tag) }
    }
}

/// One way through the fabric: a frame of `from` with the tag `sent` reached `nic` with `seen`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[expect(missing_docs, reason = "the fields are told by the sentence above")]
pub struct Reached {
    pub from: String,
    pub sent: Option<u16>,
    pub nic: String,
    pub seen: Option<u16>,
}

/// How many frames of `from` that were sent with the tag `sent` arrived with the tag `seen`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[expect(missing_docs, reason = "the fields are told by the sentence above")]
pub struct Counted {
    pub from: String,
    pub sent: Option<u16>,
    pub seen: Option<u16>,
    pub count: u64,
}

/// Everything that a NIC heard between [`Probe::listen_start`] and [`Probe::listen_stop`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listened {
    /// Sorted by sender and tags.
    pub counts: Vec<Counted>,
    /// Frames that the kernel could not queue: when this is not 0, silence proves nothing.
    pub dropped: u64,
}

/// When a frame that was sent again and again first arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// From the first frame sent to the first frame heard.
    pub elapsed: Duration,
    /// Frames sent in that time.
    pub sent: u64,
}

/// A NIC as the program opens it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Nic {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) interface: String,
    /// Whether it counts as a listener when none is named: legs of a bond and analysers do not.
    pub(crate) edge: bool,
}

/// The handle of the running program; it ends with the handle.
#[derive(Debug)]
pub struct Probe {
    child: Mutex<Child>,
    wire: Mutex<Wire>,
    macs: Mutex<BTreeMap<String, String>>,
    stderr: Tail,
}

#[derive(Debug)]
struct Wire {
    stdin: ChildStdin,
    answers: Receiver<String>,
    number: u64,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    #[serde(default)]
    ok: Value,
    error: Option<String>,
}

impl Probe {
    pub(crate) fn start(directory: &Path) -> Result<Self> {
        let path = directory.join("probe.py");
        std::fs::write(&path, PROGRAM).context("cannot write the frame probe")?;
        let mut command = tool("python3")?;
        command.args(["-I", "-S"]).arg(path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start `python3`")?;
        let missing = || anyhow!("`python3` has no pipe");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let (stderr, _) = Tail::follow(child.stderr.take().ok_or_else(missing)?);
        let (lines, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child: Mutex::new(child),
            wire: Mutex::new(Wire { stdin, answers, number: 0 }),
            macs: Mutex::default(),
            stderr,
        })
    }

    /// Opens `nics` (again, if already open) and learns which datapaths to wait for.
    pub(crate) fn open(&self, nics: &[Nic], controls: &[PathBuf]) -> Result<()> {
        let request = json!({ "op": "open", "nics": nics, "controls": controls });
        let macs = self.ask(request, Duration::ZERO)?;
        *self.macs.lock().unwrap_or_else(PoisonError::into_inner) = macs;
        Ok(())
    }

    /// The MAC address of `nic`, lower case with colons.
    ///
    /// # Errors
    /// When the lab has no such NIC.
    pub fn mac(&self, nic: &str) -> Result<String> {
        let macs = self.macs.lock().unwrap_or_else(PoisonError::into_inner);
        macs.get(nic).cloned().ok_or_else(|| anyhow!("the lab has no NIC `{nic}`"))
    }

    /// Sends one broadcast frame whose body ends with `payload` (at most 1400 bytes). Listeners
    /// count it; nothing waits for it.
    ///
    /// # Errors
    /// When `nic` is unknown or down.
    pub fn send(&self, nic: &str, tag: Option<u16>, payload: &str) -> Result<()> {
        if payload.len() > 1400 {
            bail!("a payload of {} bytes does not fit a frame (at most 1400)", payload.len());
        }
        let request = json!({ "op": "send", "nic": nic, "tag": tag, "payload": payload });
        self.ask(request, Duration::ZERO)
    }

    /// Which NICs of hosts and bonded servers hear one frame of `nic`; sorted.
    ///
    /// Returns when every datapath has provably forwarded the frame, usually within 10 ms.
    ///
    /// # Errors
    /// When `nic` is unknown or down, or a paused `ovs-vswitchd` makes an answer impossible.
    pub fn who_hears(&self, nic: &str, tag: Option<u16>) -> Result<Vec<Heard>> {
        self.who_hears_at(nic, tag, &[])
    }

    /// As [`Probe::who_hears`], at the named NICs only (legs and analysers are heard only so).
    ///
    /// # Errors
    /// As [`Probe::who_hears`].
    pub fn who_hears_at(
        &self,
        nic: &str,
        tag: Option<u16>,
        listeners: &[&str],
    ) -> Result<Vec<Heard>> {
        let request = json!({ "op": "who_hears", "nic": nic, "tag": tag, "listeners": listeners });
        let mut heard: Vec<Heard> = self.ask(request, Duration::ZERO)?;
        heard.sort();
        Ok(heard)
    }

    /// Every NIC of a host or bonded server sends one frame for each of `tags`; every way that a
    /// frame took, sorted.
    ///
    /// # Errors
    /// As [`Probe::who_hears`].
    pub fn matrix(&self, tags: &[Option<u16>]) -> Result<Vec<Reached>> {
        let mut reached: Vec<Reached> =
            self.ask(json!({ "op": "matrix", "tags": tags }), Duration::ZERO)?;
        reached.sort();
        Ok(reached)
    }

    /// Sends a frame of `nic` every millisecond until `heard` comes true.
    ///
    /// # Errors
    /// When it does not within `limit`; the message names who heard the frames instead.
    pub fn await_heard(
        &self,
        nic: &str,
        tag: Option<u16>,
        heard: &Heard,
        limit: Duration,
    ) -> Result<Arrival> {
        #[derive(Deserialize)]
        struct Raw {
            elapsed_us: u64,
            sent: u64,
        }
        let request = json!({
            "op": "await_heard", "nic": nic, "tag": tag, "by": heard.nic, "seen": heard.tag,
            "every": 0.001, "limit": limit.as_secs_f64(),
        });
        let Raw { elapsed_us, sent } = self.ask(request, limit)?;
        Ok(Arrival { elapsed: Duration::from_micros(elapsed_us), sent })
    }

    /// Starts background traffic: `nic` sends one frame for each of `tags`, every `pause`. It
    /// replaces an earlier flood of the same NIC.
    ///
    /// # Errors
    /// When `pause` is shorter than 1 ms or `nic` is unknown.
    pub fn flood_start(&self, nic: &str, tags: &[Option<u16>], pause: Duration) -> Result<()> {
        if pause < FLOOD_PAUSE {
            bail!("a flood every {pause:?} is too fast (at least {FLOOD_PAUSE:?})");
        }
        let every = pause.as_secs_f64();
        let request = json!({ "op": "flood_start", "nic": nic, "tags": tags, "every": every });
        self.ask(request, Duration::ZERO)
    }

    /// Ends the background traffic of `nic`; how many frames it sent.
    ///
    /// # Errors
    /// When there is none.
    pub fn flood_stop(&self, nic: &str) -> Result<u64> {
        #[derive(Deserialize)]
        struct Raw {
            sent: u64,
        }
        let request = json!({ "op": "flood_stop", "nic": nic });
        self.ask(request, Duration::ZERO).map(|raw: Raw| raw.sent)
    }

    /// Starts to count every frame that `nic` hears, from zero.
    ///
    /// # Errors
    /// When `nic` is unknown.
    pub fn listen_start(&self, nic: &str) -> Result<()> {
        self.ask(json!({ "op": "listen_start", "nic": nic }), Duration::ZERO)
    }

    /// Ends the count of `nic`, after every frame sent so far has provably been forwarded.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn listen_stop(&self, nic: &str) -> Result<Listened> {
        let request = json!({ "op": "listen_stop", "nic": nic });
        let mut listened: Listened = self.ask(request, Duration::ZERO)?;
        listened.counts.sort();
        Ok(listened)
    }

    fn ask<T: DeserializeOwned>(&self, mut request: Value, extra: Duration) -> Result<T> {
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        wire.number += 1;
        let number = wire.number;
        let op = request.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(fields) = request.as_object_mut() {
            fields.insert("id".to_owned(), number.into());
        }
        let said = |what: String| anyhow!("frame probe: `{op}`: {what}\n{}", self.stderr.text());
        writeln!(wire.stdin, "{request}").map_err(|error| said(error.to_string()))?;
        let limit = ANSWER_LIMIT + extra;
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = match wire.answers.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    return Err(said(format!("no answer within {limit:?}")));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(said("it ended".to_owned())),
            };
            let answer: Answer = serde_json::from_str(&line)
                .map_err(|error| said(format!("answer `{line}`: {error}")))?;
            if answer.id != number {
                continue;
            }
            return match answer.error {
                Some(error) => Err(said(error)),
                None => serde_json::from_value(answer.ok)
                    .map_err(|error| said(format!("answer `{line}`: {error}"))),
            };
        }
    }

    /// Ends the program; harmless when repeated.
    pub(crate) fn stop(&self) -> Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.try_wait()?.is_none() {
            child.kill().context("cannot end the frame probe")?;
            child.wait().context("cannot reap the frame probe")?;
        }
        Ok(())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // Nobody is left to tell; the program also ends when its standard input does.
        let _ = self.stop();
    }
}
