//! The rules about reading, finding, and requests that make no sense.

use std::collections::BTreeSet;

use model::PortName;
use serde_json::{Value, json};
use switch::{MatchKind, Query};

use super::{
    compare::same,
    report::Verdict,
    rules,
    runner::{Judged, Runner, fail, passed, skipped},
};
use crate::plugin::{
    error::code,
    message::Answer,
    validate,
    wire::{self, method},
};

/// A name that no switch gives a port.
pub(super) const GHOST: &str = "no-such-port";

/// How many names make a line of 256 KiB.
const MANY: usize = 13_000;

impl Runner {
    pub(super) async fn words(&mut self) {
        let judged = self.reads_ports().await;
        self.record(rules::OBSERVE, judged);
        let judged = self.reads_nothing().await;
        self.record(rules::OBSERVE_NOTHING, judged);
        let judged = self.reads_no_ghost([GHOST.to_owned()].to_vec()).await;
        self.record(rules::OBSERVE_UNKNOWN, judged);
        let judged = self.reads_twice().await;
        self.record(rules::OBSERVE_TWICE, judged);
        let judged = self.names_lags().await;
        self.record(rules::LAG_NAMES, judged);
        let judged = self.resolves().await;
        self.record(rules::RESOLVE, judged);
        let judged = self.resolves_nothing().await;
        self.record(rules::RESOLVE_NOTHING, judged);
        let line = r#"{"jsonrpc":"2.0","id":"check","method":"mercury_check","params":{}}"#;
        let judged = self.refuses(line, json!("check"), Some(code::METHOD_NOT_FOUND)).await;
        self.record(rules::UNKNOWN_METHOD, judged);
        let judged = self.refuses("this is not JSON", Value::Null, Some(code::PARSE_ERROR)).await;
        self.record(rules::NOT_JSON, judged);
        let judged = self.refuses("[1,2]", Value::Null, None).await;
        self.record(rules::NO_REQUEST, judged);
        let line = r#"{"jsonrpc":"2.0","id":"check","method":"observe","params":{"ports":7}}"#;
        let judged = self.refuses(line, json!("check"), None).await;
        self.record(rules::BAD_PARAMS, judged);
        let judged = self.ignores_more().await;
        self.record(rules::MORE_PARAMS, judged);
        let names = (0..MANY).map(|number| format!("{GHOST}-{number:05}")).collect();
        let judged = self.reads_no_ghost(names).await;
        self.record(rules::LONG_LINE, judged);
    }

    /// A query for the ports that were given.
    pub(super) fn ports(&self) -> Query {
        Query::ports(&self.options.ports)
    }

    async fn reads_ports(&mut self) -> Judged {
        if self.options.ports.is_empty() {
            return Ok(skipped("no port was given"));
        }
        let query = self.ports();
        let seen = self.observe(&query).await?;
        let missing: Vec<&PortName> =
            query.ports.iter().filter(|port| !seen.slice.ports.contains_key(*port)).collect();
        if let Some(port) = missing.first() {
            let sent = super::asks::shown(method::OBSERVE, &json!({ "ports": query.ports }));
            return Err(fail(sent, format!("port `{port}` is not in the answer")));
        }
        self.first = Some(seen.slice);
        Ok(passed())
    }

    async fn reads_nothing(&mut self) -> Judged {
        self.observe(&Query::default()).await.map(|_| passed())
    }

    async fn reads_no_ghost(&mut self, names: Vec<String>) -> Judged {
        let ports: BTreeSet<PortName> = names.iter().filter_map(|name| name.parse().ok()).collect();
        let seen = self.observe(&Query { ports, ..Query::default() }).await?;
        match seen.slice.ports.keys().next() {
            None => Ok(passed()),
            Some(port) => {
                let sent = format!("`observe` of {} ports that cannot be there", names.len());
                Err(fail(sent, format!("port `{port}`, as if it were there")))
            }
        }
    }

    async fn reads_twice(&mut self) -> Judged {
        let Some(first) = self.first.clone() else { return Ok(skipped("no port could be read")) };
        let query = self.ports();
        let again = self.observe(&query).await?;
        match same(&first, &again.slice) {
            None => Ok(passed()),
            Some(difference) => Err(fail("`observe` twice, and nothing between", difference)),
        }
    }

    async fn names_lags(&mut self) -> Judged {
        if self.capabilities().lag.is_none() {
            return Ok(skipped("it claims no LAGs"));
        }
        let query = Query { lag_names: true, ..Query::default() };
        let seen = self.observe(&query).await?;
        Ok(Verdict::Passed { note: Some(format!("{} LAGs", seen.lag_names.len())) })
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<switch::PortMatch>, super::Failure> {
        let params = wire::Resolve { text };
        let sent = super::asks::shown(method::RESOLVE, &params);
        let value = self.ask(method::RESOLVE, &params).await?;
        let read = wire::result(method::RESOLVE, value)
            .and_then(|wire::Resolved { matches }| validate::matches(matches));
        read.map_err(|violation| self.violated(sent, &violation))
    }

    async fn resolves(&mut self) -> Judged {
        let Some(port) = self.options.ports.first().cloned() else {
            return Ok(skipped("no port was given"));
        };
        let matches = self.resolve(port.as_str()).await?;
        let by_name = |found: &switch::PortMatch| {
            found.port == port && matches!(found.matched, MatchKind::Name | MatchKind::Alias)
        };
        if matches.iter().any(by_name) {
            return Ok(passed());
        }
        let came = serde_json::to_string(&matches).unwrap_or_default();
        Err(fail(format!("`resolve` {{\"text\":\"{port}\"}}"), came))
    }

    async fn resolves_nothing(&mut self) -> Judged {
        let matches = self.resolve(GHOST).await?;
        if matches.is_empty() {
            return Ok(passed());
        }
        let came = serde_json::to_string(&matches).unwrap_or_default();
        Err(fail(format!("`resolve` {{\"text\":\"{GHOST}\"}}"), came))
    }

    /// Sends a line that is to be refused, and then one that is to be answered.
    async fn refuses(&mut self, line: &str, id: Value, wanted: Option<i64>) -> Judged {
        let (got, answer) = self.raw(line).await?;
        let Answer::Error { code, message } = answer else {
            return Err(fail(line, "a result, where an error was due"));
        };
        if got != id {
            return Err(fail(line, format!("an error with the id {got} where {id} was due")));
        }
        if wanted.is_some_and(|wanted| wanted != code) {
            return Err(fail(line, format!("error {code}: {message}")));
        }
        self.observe(&Query::default()).await.map(|_| passed())
    }

    async fn ignores_more(&mut self) -> Judged {
        let params = json!({
            "ports": self.options.ports, "lags": [], "vlans": [], "lag_names": false,
            "mercury_check": { "later": true },
        });
        self.ask(method::OBSERVE, &params).await.map(|_| passed())
    }
}
