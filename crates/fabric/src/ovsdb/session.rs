//! One client's connection: requests in, answers and notifications out, all in one task.
//!
//! Everything the session knows (monitors, locks, transactions that wait) lives in the task and
//! ends with it. An answer to a transaction is preceded by the notifications of its own changes,
//! as RFC 7047 section 4.1.6 asks.

use std::sync::Arc;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::codec::FramedRead;

use super::database::Database;
use super::error::OvsdbError;
use super::frames::{FrameError, Frames};
use super::locks::Holder;
use super::monitor::{Dialect, Monitor};
use super::schema::DATABASE;
use super::store::{Attempt, Store, answer};
use crate::faults::{Fault, Garbage, Weather, When};

/// Most transactions of one session that wait at a time; `ovs-vsctl` and Mercury use one.
const MAX_WAITING: usize = 64;

/// Most monitors of one session; real clients use two.
const MAX_MONITORS: usize = 64;

/// Length of the string in an oversized answer.
const OVERSIZED_BYTES: usize = 64 * 1024 * 1024;

/// Why a session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    #[error("the client closed the connection")]
    Closed,
    #[error("a fault closed the connection")]
    Dropped,
    #[error("what the client sent is no JSON-RPC")]
    Frame(#[from] FrameError),
    #[error("what the client sent is no JSON")]
    Json(#[from] serde_json::Error),
    #[error("the client sent a message that is neither request, notification nor answer")]
    NotRpc,
    #[error("the answer could not be sent")]
    Write(#[from] std::io::Error),
}

struct Waiting {
    id: Value,
    operations: Vec<Value>,
    start: Instant,
    deadline: Option<Instant>,
}

pub(super) struct Session<S> {
    store: Arc<Store>,
    database: watch::Receiver<Arc<Database>>,
    shown: Arc<Database>,
    weather: watch::Receiver<Weather>,
    reader: FramedRead<ReadHalf<S>, Frames>,
    writer: WriteHalf<S>,
    monitors: Vec<Monitor>,
    waiting: Vec<Waiting>,
    locks: Holder,
}

impl<S: AsyncRead + AsyncWrite> Session<S> {
    pub(super) fn new(stream: S, store: Arc<Store>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        let mut database = store.subscribe();
        let shown = Arc::clone(&database.borrow_and_update());
        Self {
            shown,
            database,
            weather: store.faults().weather(),
            locks: store.locks().holder(),
            store,
            reader: FramedRead::new(reader, Frames::default()),
            writer,
            monitors: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Serves the client until one of the two ends it.
    pub(super) async fn run(mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        let deadline = self.waiting.iter().filter_map(|waiting| waiting.deadline).min();
        tokio::select! {
            frame = self.reader.next() => {
                let message: Value = serde_json::from_slice(&frame.ok_or(End::Closed)??)?;
                self.hear().await?;
                self.tell_locks().await?;
                self.message(&message).await
            }
            changed = self.database.changed() => {
                changed.map_err(|_| End::Closed)?;
                self.hear().await?;
                self.notify().await?;
                self.retry().await
            }
            () = self.locks.changed() => {
                self.hear().await?;
                self.tell_locks().await
            }
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                self.retry().await
            }
        }
    }

    /// Waits while the switch is deaf.
    async fn hear(&mut self) -> Result<(), End> {
        self.weather.wait_for(|weather| !weather.is_deaf).await.map_err(|_| End::Closed)?;
        Ok(())
    }

    async fn message(&mut self, message: &Value) -> Result<(), End> {
        let Some(method) = message.get("method").and_then(Value::as_str) else {
            let is_answer = message.get("result").is_some() || message.get("error").is_some();
            return if is_answer { Ok(()) } else { Err(End::NotRpc) };
        };
        let (Some(id), Some(params)) =
            (message.get("id"), message.get("params").and_then(Value::as_array))
        else {
            return Err(End::NotRpc);
        };
        match method {
            "transact" => self.transact(id, params).await,
            "cancel" => self.cancel(params).await,
            _ if id.is_null() => Ok(()),
            _ => {
                let reply = match self.call(method, params) {
                    Ok(result) => json!({ "id": id, "result": result, "error": null }),
                    Err(error) => json!({ "id": id, "error": error }),
                };
                self.send(&reply).await
            }
        }
    }

    /// The methods that answer at once.
    fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, Value> {
        match method {
            "echo" => Ok(json!(params)),
            "list_dbs" => Ok(json!([DATABASE])),
            "get_schema" => {
                known_database(method, params)?;
                Ok(self.shown.schema().json.clone())
            }
            "monitor" => self.monitor(method, params, Dialect::Update),
            "monitor_cond" => self.monitor(method, params, Dialect::Update2),
            "monitor_cond_since" => self.monitor(method, params, Dialect::Update3),
            "monitor_cancel" => {
                let known = self.monitors.len();
                self.monitors.retain(|monitor| Some(&monitor.id) != params.first());
                if self.monitors.len() == known {
                    Err(json!("unknown monitor"))
                } else {
                    Ok(json!({}))
                }
            }
            "lock" | "steal" => self.locks.ask(method, params).map_err(|error| error.to_json()),
            "unlock" => self.locks.unlock(params).map_err(|error| error.to_json()),
            "set_db_change_aware" => Ok(json!({})),
            _ => Err(json!("unknown method")),
        }
    }

    fn monitor(
        &mut self,
        method: &str,
        params: &[Value],
        dialect: Dialect,
    ) -> Result<Value, Value> {
        known_database(method, params)?;
        let (Some(id), Some(requests)) = (params.get(1), params.get(2)) else {
            return Err(OvsdbError::syntax("array of length 3 expected", &json!(params)).to_json());
        };
        if self.monitors.iter().any(|monitor| monitor.id == *id) {
            return Err(OvsdbError::syntax("duplicate monitor ID", id).to_json());
        }
        if self.monitors.len() >= MAX_MONITORS {
            let text = format!("more than {MAX_MONITORS} monitors on one connection");
            return Err(OvsdbError::new("resources exhausted", text).to_json());
        }
        let monitor = Monitor::parse(id.clone(), dialect, requests, self.shown.schema())
            .map_err(|error| error.to_json())?;
        let initial = monitor.initial(&self.shown);
        self.monitors.push(monitor);
        Ok(match dialect {
            Dialect::Update | Dialect::Update2 => initial,
            Dialect::Update3 => json!([false, uuid::Uuid::nil().to_string(), initial]),
        })
    }

    async fn transact(&mut self, id: &Value, params: &[Value]) -> Result<(), End> {
        if let Err(error) = known_database("transact", params) {
            return self.send(&json!({ "id": id, "error": error })).await;
        }
        let latency = self.weather.borrow().answer_latency;
        if !latency.is_zero() {
            sleep_until(Instant::now() + latency).await;
        }
        let operations = params.get(1..).unwrap_or_default().to_vec();
        let start = Instant::now();
        self.attempt(Waiting { id: id.clone(), operations, start, deadline: None }).await
    }

    async fn attempt(&mut self, mut waiting: Waiting) -> Result<(), End> {
        let elapsed = waiting.start.elapsed();
        match self.store.attempt(&waiting.operations, &self.locks, elapsed) {
            Attempt::Answer(results) => {
                self.notify().await?;
                self.send(&answer(&waiting.id, &results)).await
            }
            Attempt::Misbehave(fault, results) => {
                self.misbehave(&fault, &answer(&waiting.id, &results)).await
            }
            Attempt::Blocked(_) if self.waiting.len() >= MAX_WAITING => {
                let text = format!("more than {MAX_WAITING} transactions wait on one connection");
                let error = OvsdbError::new("resources exhausted", text).to_json();
                self.send(&json!({ "id": waiting.id, "error": error })).await
            }
            Attempt::Blocked(timeout) => {
                waiting.deadline = timeout.and_then(|timeout| waiting.start.checked_add(timeout));
                self.waiting.push(waiting);
                Ok(())
            }
        }
    }

    async fn retry(&mut self) -> Result<(), End> {
        for waiting in std::mem::take(&mut self.waiting) {
            self.attempt(waiting).await?;
        }
        Ok(())
    }

    async fn cancel(&mut self, params: &[Value]) -> Result<(), End> {
        let position = self.waiting.iter().position(|waiting| Some(&waiting.id) == params.first());
        match position.map(|position| self.waiting.remove(position)) {
            Some(waiting) => self.send(&json!({ "id": waiting.id, "error": "canceled" })).await,
            None => Ok(()),
        }
    }

    /// Tells every monitor what has changed since it was last told.
    async fn notify(&mut self) -> Result<(), End> {
        let now = Arc::clone(&self.database.borrow_and_update());
        let before = std::mem::replace(&mut self.shown, Arc::clone(&now));
        let notifications: Vec<Value> = self
            .monitors
            .iter()
            .filter_map(|monitor| {
                let updates = monitor.changes(&before, &now)?;
                Some(monitor.notification(&updates))
            })
            .collect();
        for notification in &notifications {
            self.send(notification).await?;
        }
        Ok(())
    }

    /// Tells of every lock that has changed hands since.
    async fn tell_locks(&mut self) -> Result<(), End> {
        for notification in self.locks.news() {
            self.send(&notification).await?;
        }
        Ok(())
    }

    async fn misbehave(&mut self, fault: &Fault, honest: &Value) -> Result<(), End> {
        match fault {
            Fault::Hang(When::BeforeCommit | When::AfterCommit) => self.hang().await,
            Fault::Drop(When::BeforeCommit | When::AfterCommit) => Err(End::Dropped),
            Fault::Garbage(garbage) => self.garbage(*garbage, honest).await,
            Fault::Refuse { .. } | Fault::Lie => self.send(honest).await,
        }
    }

    /// Reads and answers nothing until the client gives up.
    async fn hang(&mut self) -> Result<(), End> {
        while let Some(frame) = self.reader.next().await {
            frame?;
        }
        Err(End::Closed)
    }

    async fn garbage(&mut self, garbage: Garbage, honest: &Value) -> Result<(), End> {
        match garbage {
            Garbage::NotJson => {
                self.writer.write_all(b"{\"id\": %% uncorrectable ECC error %%}").await?;
                Ok(())
            }
            Garbage::WrongId => {
                let mut stray = honest.clone();
                if let Some(id) = stray.get_mut("id") {
                    *id = json!("an answer to nobody");
                }
                self.send(&stray).await
            }
            Garbage::Oversized => {
                let mut huge = honest.clone();
                if let Some(result) = huge.get_mut("result") {
                    *result = json!(["x".repeat(OVERSIZED_BYTES)]);
                }
                self.send(&huge).await
            }
            Garbage::Truncated => {
                let text = honest.to_string();
                let half = text.as_bytes().get(..text.len() / 2).unwrap_or_default();
                self.writer.write_all(half).await?;
                Err(End::Dropped)
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), End> {
        self.writer.write_all(message.to_string().as_bytes()).await?;
        Ok(())
    }
}

fn known_database(method: &str, params: &[Value]) -> Result<(), Value> {
    match params.first().map(|name| (name, name.as_str())) {
        Some((_, Some(DATABASE))) => Ok(()),
        Some((_, Some(other))) => Err(OvsdbError::new(
            "unknown database",
            format!("{method} request specifies unknown database {other}"),
        )
        .about(&json!(params))
        .to_json()),
        _ => Err(OvsdbError::syntax(
            format!("{method} request params must begin with <db-name>"),
            &json!(params),
        )
        .to_json()),
    }
}
