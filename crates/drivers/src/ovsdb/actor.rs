//! The one task that owns a connection's byte stream.
//!
//! It writes calls, cuts and decodes what arrives, gives each response to its call, answers the
//! server's echo requests, sends its own when the line is idle, and keeps the clock of every
//! pending call. Any doubt about the state of the conversation (a deadline passed, a message that
//! RFC 7047 does not allow, the stream ended) ends it: every pending call gets the cause, and
//! whether its request had left. All it holds is bounded: pending calls, bytes of echo answers,
//! and the one message being read.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::applied::{ConfigNumbers, MONITOR, parse_updates};
use super::connection::Options;
use super::dial::Duplex;
use super::error::{Error, Violation, excerpt_json};
use super::fence::Lock;
use super::framing::Framer;
use super::message::{self, Message, Refusal};

/// The id of our own echo; those of calls start at 1. At most one is on its way.
const ECHO_ID: u64 = 0;

/// Bytes of echo answers that may wait to be written: a server that asks and does not read is
/// cut off here.
const ECHO_BYTES: usize = 1 << 20;

/// Bytes asked of the transport at once.
const READ_BYTES: usize = 64 << 10;

pub(super) struct Call {
    pub(super) id: u64,
    pub(super) method: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) deadline: Instant,
    pub(super) reply: oneshot::Sender<Result<Json, Error>>,
}

struct Pending {
    method: &'static str,
    deadline: Instant,
    sent: bool,
    reply: Option<oneshot::Sender<Result<Json, Error>>>,
}

struct Outgoing {
    /// The call whose last byte this holds; `None` for an echo answer.
    call: Option<u64>,
    bytes: Vec<u8>,
    written: usize,
}

/// Why a conversation ended.
#[derive(Clone)]
enum Cause {
    Ended { inside_message: bool },
    Failed(Arc<io::Error>),
    Violated(Violation),
    Late { waiting_for: String },
}

pub(super) struct Actor {
    address: String,
    read: ReadHalf<Box<dyn Duplex>>,
    write: WriteHalf<Box<dyn Duplex>>,
    calls: mpsc::Receiver<Call>,
    poison: watch::Receiver<Option<Violation>>,
    numbers: watch::Sender<Option<ConfigNumbers>>,
    closed: Arc<OnceLock<String>>,
    lock: Arc<Lock>,
    options: Options,
    framer: Framer,
    pending: BTreeMap<u64, Pending>,
    outgoing: VecDeque<Outgoing>,
    echo_bytes: usize,
    flushed: bool,
    last_heard: Instant,
}

enum Event {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Flushed(io::Result<()>),
    Call(Option<Call>),
    Poisoned,
}

impl Actor {
    pub(super) fn new(
        address: String,
        stream: Box<dyn Duplex>,
        calls: mpsc::Receiver<Call>,
        poison: watch::Receiver<Option<Violation>>,
        numbers: watch::Sender<Option<ConfigNumbers>>,
        closed: Arc<OnceLock<String>>,
        lock: Arc<Lock>,
        options: Options,
    ) -> Self {
        let (read, write) = tokio::io::split(stream);
        Self {
            address,
            read,
            write,
            calls,
            poison,
            numbers,
            closed,
            lock,
            options,
            framer: Framer::new(options.limits),
            pending: BTreeMap::new(),
            outgoing: VecDeque::new(),
            echo_bytes: 0,
            flushed: true,
            last_heard: Instant::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        let cause = loop {
            if let Err(cause) = self.keep_time() {
                break cause;
            }
            let wake = self.next_wake();
            let Ok(event) = timeout_at(wake, self.event(&mut buffer)).await else {
                continue;
            };
            let done = match event {
                Event::Call(None) => return,
                Event::Call(Some(call)) => {
                    self.enqueue(call);
                    Ok(())
                }
                Event::Read(Ok(0)) => {
                    Err(Cause::Ended { inside_message: self.framer.is_inside_message() })
                }
                Event::Read(Ok(count)) => self.hear(buffer.get(..count).unwrap_or_default()),
                Event::Written(Ok(count)) if count > 0 => {
                    self.wrote(count);
                    Ok(())
                }
                Event::Written(Ok(_)) => {
                    Err(Cause::Failed(Arc::new(io::ErrorKind::WriteZero.into())))
                }
                Event::Flushed(Ok(())) => {
                    self.flushed = true;
                    Ok(())
                }
                Event::Read(Err(error))
                | Event::Written(Err(error))
                | Event::Flushed(Err(error)) => Err(Cause::Failed(Arc::new(error))),
                Event::Poisoned => match self.poison.borrow().clone() {
                    Some(violation) => Err(Cause::Violated(violation)),
                    None => return,
                },
            };
            if let Err(cause) = done {
                break cause;
            }
        };
        self.bury(&cause).await;
    }

    /// The next thing that happens; dropping it loses nothing.
    async fn event(&mut self, buffer: &mut [u8]) -> Event {
        let next = self.outgoing.front().and_then(|out| out.bytes.get(out.written..));
        tokio::select! {
            count = self.read.read(buffer) => Event::Read(count),
            event = send(&mut self.write, next), if next.is_some() || !self.flushed => event,
            call = self.calls.recv(), if self.pending.len() < self.options.calls => {
                Event::Call(call)
            }
            _ = self.poison.changed() => Event::Poisoned,
        }
    }

    fn next_wake(&self) -> Instant {
        let idle = self.last_heard + self.options.keepalive_interval;
        let echo = self.pending.contains_key(&ECHO_ID);
        let deadlines = self.pending.values().map(|call| call.deadline);
        deadlines.chain((!echo).then_some(idle)).min().unwrap_or(idle)
    }

    /// Ends the conversation if a deadline has passed, and sends an echo if the line is idle.
    ///
    /// It is called on every turn, so that a peer that always has something to say cannot stop
    /// the clock.
    fn keep_time(&mut self) -> Result<(), Cause> {
        let now = Instant::now();
        let late: Vec<u64> =
            self.pending.iter().filter(|(_, c)| c.deadline <= now).map(|(id, _)| *id).collect();
        let mut cause = None;
        for id in late {
            if let Some(call) = self.pending.remove(&id) {
                let waiting_for = waiting_for(call.method);
                let error = Error::TimedOut { waiting_for: waiting_for.clone(), sent: call.sent };
                answer(call.reply, Err(error));
                cause = Some(Cause::Late { waiting_for });
            }
        }
        if let Some(cause) = cause {
            return Err(cause);
        }
        let idle = now.saturating_duration_since(self.last_heard);
        if idle >= self.options.keepalive_interval && !self.pending.contains_key(&ECHO_ID) {
            let deadline = now + self.options.keepalive_timeout;
            let echo = Pending { method: "echo", deadline, sent: false, reply: None };
            self.pending.insert(ECHO_ID, echo);
            let bytes = message::call(ECHO_ID, "echo", &json!([]));
            self.outgoing.push_back(Outgoing { call: Some(ECHO_ID), bytes, written: 0 });
        }
        Ok(())
    }

    fn enqueue(&mut self, call: Call) {
        let Call { id, method, bytes, deadline, reply } = call;
        let pending = Pending { method, deadline, sent: false, reply: Some(reply) };
        self.pending.insert(id, pending);
        self.outgoing.push_back(Outgoing { call: Some(id), bytes, written: 0 });
    }

    fn wrote(&mut self, count: usize) {
        self.flushed = false;
        let Some(front) = self.outgoing.front_mut() else {
            return;
        };
        front.written += count;
        if front.written < front.bytes.len() {
            return;
        }
        match front.call {
            Some(id) => {
                if let Some(call) = self.pending.get_mut(&id) {
                    call.sent = true;
                }
            }
            None => self.echo_bytes = self.echo_bytes.saturating_sub(front.bytes.len()),
        }
        self.outgoing.pop_front();
    }

    fn hear(&mut self, mut bytes: &[u8]) -> Result<(), Cause> {
        while !bytes.is_empty() {
            let Some(message) = self.framer.push(&mut bytes).map_err(Cause::Violated)? else {
                break;
            };
            let message = message::decode(&message).map_err(Cause::Violated)?;
            self.last_heard = Instant::now();
            self.handle(message).map_err(Cause::Violated)?;
        }
        Ok(())
    }

    fn handle(&mut self, message: Message) -> Result<(), Violation> {
        match message {
            Message::Response { id, result } => {
                let unknown = || Violation::UnknownId { id: id.to_string() };
                let call = self.pending.remove(&id).ok_or_else(unknown)?;
                if !call.sent {
                    self.pending.insert(id, call);
                    return Err(unknown());
                }
                self.respond(call, result)
            }
            Message::Echo { id, params } => {
                let bytes = message::echo_reply(&id, &params);
                self.echo_bytes += bytes.len();
                if self.echo_bytes > ECHO_BYTES {
                    return Err(Violation::EchoFlood);
                }
                self.outgoing.push_back(Outgoing { call: None, bytes, written: 0 });
                Ok(())
            }
            Message::Update { monitor, tables } => {
                if monitor != MONITOR {
                    return Err(Violation::UnexpectedMethod {
                        method: format!("update {}", excerpt_json(&monitor)),
                    });
                }
                self.update(&tables)
            }
            Message::Stolen { lock } => self.lock.stolen(&lock),
        }
    }

    fn respond(&mut self, call: Pending, result: Result<Json, Refusal>) -> Result<(), Violation> {
        if let (Ok(tables), "monitor") = (&result, call.method)
            && let Err(violation) = self.update(tables)
        {
            answer(call.reply, Err(Error::from_violation(violation.clone(), true)));
            return Err(violation);
        }
        let result = result.map_err(|refusal| Error::Rejected {
            operation: None,
            error: refusal.error,
            details: refusal.details,
        });
        answer(call.reply, result);
        Ok(())
    }

    fn update(&self, tables: &Json) -> Result<(), Violation> {
        if let Some(numbers) = parse_updates(tables)? {
            self.numbers.send_replace(numbers);
        }
        Ok(())
    }

    /// Tells every caller, waiting or yet to come, why the conversation is over.
    async fn bury(mut self, cause: &Cause) {
        let reason = cause.to_string();
        debug!(address = self.address, reason, "OVSDB connection closed");
        let _ = self.closed.set(reason);
        for call in std::mem::take(&mut self.pending).into_values() {
            answer(call.reply, Err(cause.error(&self.address, call.sent)));
        }
        self.calls.close();
        while let Some(call) = self.calls.recv().await {
            answer(Some(call.reply), Err(cause.error(&self.address, false)));
        }
    }
}

/// Writes some of `bytes`, or without any moves on what TLS still holds.
async fn send(write: &mut WriteHalf<Box<dyn Duplex>>, bytes: Option<&[u8]>) -> Event {
    match bytes {
        Some(bytes) => Event::Written(write.write(bytes).await),
        None => Event::Flushed(write.flush().await),
    }
}

/// The caller may have gone; then nobody is left to tell.
fn answer(reply: Option<oneshot::Sender<Result<Json, Error>>>, result: Result<Json, Error>) {
    if let Some(reply) = reply {
        let _ = reply.send(result);
    }
}

pub(super) fn waiting_for(method: &str) -> String {
    format!("the answer to `{method}`")
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ended { inside_message: true } => {
                f.write_str("the peer ended it in the middle of a message")
            }
            Self::Ended { inside_message: false } => f.write_str("the peer ended it"),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Violated(violation) => write!(f, "the peer broke the protocol: {violation}"),
            Self::Late { waiting_for } => write!(f, "given up after waiting for {waiting_for}"),
        }
    }
}

impl Cause {
    fn error(&self, address: &str, sent: bool) -> Error {
        match self {
            Self::Violated(violation) => Error::from_violation(violation.clone(), sent),
            Self::Failed(error) if is_tls(error) => {
                Error::Tls { address: address.to_owned(), sent, source: Arc::clone(error) }
            }
            Self::Ended { .. } | Self::Failed(_) | Self::Late { .. } => {
                Error::Disconnected { reason: self.to_string(), sent }
            }
        }
    }
}

fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// An idle interval that is never zero, which would be a busy loop.
pub(super) fn at_least_a_moment(interval: Duration) -> Duration {
    interval.max(Duration::from_millis(10))
}
