//! Many operations from a file.
//!
//! The whole file is read and checked before anything is sent. Each operation is a call of its
//! own, so that each has its own deadline and a slow switch holds up nobody else's answer; the
//! service merges those that wait for the same switch. They run at the same time and in no order,
//! so no two may name the same port: which of them would win is not for chance to say.

use std::{
    collections::HashMap,
    fs::File,
    io::{Read as _, stdin},
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};
use model::LinkInformation;
use rpc::{
    Method,
    client::CallError,
    wire::{Context, Operation},
};
use serde_json::{Map, Value, json};

use super::{call::Session, compared};
use crate::{
    cli::{
        exit::Exit,
        failure::{Told, call_json},
    },
    render::batch::{self, Done, Row},
};

/// How many calls are under way at once: enough to keep every switch of a rack busy, few enough
/// that the service's queues stay free for others.
const AT_ONCE: usize = 16;
/// How large a file may be, 64 MiB: some hundred thousand operations.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// How often the progress is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// One operation, checked.
#[derive(Debug)]
struct Item {
    about: String,
    context: Context,
}

pub(super) async fn run(
    file: &Path,
    method: Method,
    session: &mut Session<'_>,
) -> anyhow::Result<Exit> {
    let items = parse(&load(file)?, method, &session.context())
        .map_err(|error| error.within(&format!("`{}`", file.display())))?;
    let progress = bar(items.len());
    let client = &session.client;
    let answers: Vec<Result<Value, CallError>> = stream::iter(&items)
        .map(|item| {
            let progress = progress.clone();
            async move {
                let answer = client.call(method, &item.context).await;
                progress.inc(1);
                answer
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    progress.finish_and_clear();
    report(items, answers, method, session)
}

fn report(
    items: Vec<Item>,
    answers: Vec<Result<Value, CallError>>,
    method: Method,
    session: &mut Session<'_>,
) -> anyhow::Result<Exit> {
    if session.json {
        let documents: Vec<Value> = answers
            .iter()
            .map(|answer| match answer {
                Ok(answer) => json!({ "answer": answer }),
                Err(error) => json!({ "error": call_json(error) }),
            })
            .collect();
        session.output.json(&documents)?;
    }
    let rows: Vec<Row> = items
        .into_iter()
        .zip(answers)
        .map(|(item, answer)| Row { about: item.about, done: done(method, answer) })
        .collect();
    if !session.json {
        let text = batch::table(session.output.look(), &rows);
        session.output.text(&text)?;
    }
    Ok(rows.iter().map(|row| exit(&row.done)).fold(Exit::Ok, Exit::worse))
}

fn done(method: Method, answer: Result<Value, CallError>) -> Done {
    let read = |answer: Value| match method {
        Method::Verify => serde_json::from_value(answer).map(Done::Verified),
        _ => serde_json::from_value(answer).map(Done::Changed),
    };
    match answer.map(read) {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => Done::Failed(CallError::Malformed {
            address: "this address".to_owned(),
            problem: format!("`{method}`: {error}"),
        }),
        Err(error) => Done::Failed(error),
    }
}

fn exit(done: &Done) -> Exit {
    match done {
        Done::Changed(_) => Exit::Ok,
        Done::Verified(answer) => compared(answer),
        Done::Failed(error) => Exit::of_call(error),
    }
}

fn load(file: &Path) -> anyhow::Result<String> {
    let shown = file.display();
    let cannot = || format!("cannot read `{shown}`");
    let mut text = String::new();
    let read = if file == Path::new("-") {
        stdin().lock().take(FILE_BYTES + 1).read_to_string(&mut text)
    } else {
        File::open(file).with_context(cannot)?.take(FILE_BYTES + 1).read_to_string(&mut text)
    };
    let read = read.with_context(cannot)?;
    if read as u64 > FILE_BYTES {
        let message = format!("`{shown}` is larger than {FILE_BYTES} bytes");
        return Err(Told::new(Exit::Usage, message).into());
    }
    Ok(text)
}

/// The operations of a text: JSON objects a line, or one array of them.
fn parse(text: &str, method: Method, base: &Context) -> Result<Vec<Item>, Told> {
    let wrong = |message: String| Told::new(Exit::Invalid, message);
    let mut named: Vec<(String, Value)> = Vec::new();
    if text.trim_start().starts_with('[') {
        let items: Vec<Value> =
            serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        named.extend(items.into_iter().enumerate().map(|(n, v)| (format!("item {}", n + 1), v)));
    } else {
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = format!("line {}", index + 1);
            let value = serde_json::from_str(line).map_err(|error| {
                wrong(format!("{place}, column {}: it is not JSON", error.column()))
            })?;
            named.push((place, value));
        }
    }
    if named.is_empty() {
        return Err(wrong("there is no operation in it".to_owned()));
    }
    let mut ports: HashMap<String, String> = HashMap::new();
    let mut items = Vec::with_capacity(named.len());
    for (place, value) in named {
        let item = item(value, method, base).map_err(|error| wrong(format!("{place}: {error}")))?;
        for port in links(&item.context).iter().map(port_of) {
            if let Some(other) = ports.insert(port.clone(), place.clone()) {
                return Err(wrong(format!("{place}: `{port}` is in {other} already"))
                    .hint("operations of one file run at the same time; use two files"));
            }
        }
        items.push(item);
    }
    Ok(items)
}

fn item(value: Value, method: Method, base: &Context) -> Result<Item, String> {
    let Value::Object(mut members) = value else {
        return Err("it is not a JSON object".to_owned());
    };
    if method == Method::Verify {
        let attach = serde_json::to_value(Operation::AttachPort).unwrap_or_default();
        members.entry("operation").or_insert(attach);
    }
    if let Ok(Value::Object(defaults)) = serde_json::to_value(base) {
        for (name, value) in defaults {
            members.entry(name).or_insert(value);
        }
    }
    let params = Map::from_iter([("context".to_owned(), Value::Object(members))]);
    let context = method.read_params(params).map_err(|error| error.message)?;
    let ports: Vec<_> = links(&context).iter().map(port_of).collect();
    let switches = context.switches.iter().map(ToString::to_string);
    let about: Vec<_> = ports.into_iter().chain(switches).collect();
    Ok(Item { about: about.join(" "), context })
}

fn links(context: &Context) -> &[LinkInformation] {
    context.binding_profile.as_ref().map_or(&[], |profile| &profile.local_link_information)
}

fn port_of(link: &LinkInformation) -> String {
    let switch = link.switch_info.as_deref().or(link.switch_id.as_deref());
    let switch = switch.or(link.hostname.as_deref()).unwrap_or("?");
    format!("{switch}:{}", link.port_id.as_deref().unwrap_or("?"))
}

/// A progress bar on standard error, which draws nothing where that is no terminal.
fn bar(length: usize) -> ProgressBar {
    let progress = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len}  {elapsed}") {
        progress.set_style(style);
    }
    progress.enable_steady_tick(TICK);
    progress
}

/// Something that moves until it is dropped.
pub(super) struct Spinner(ProgressBar);

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A sign of life on standard error, which draws nothing where that is no terminal.
pub(super) fn spinner(what: &str) -> Spinner {
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        progress.set_style(style);
    }
    progress.set_message(what.to_owned());
    progress.enable_steady_tick(TICK);
    Spinner(progress)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn base() -> Context {
        Context {
            request_id: Some("r".to_owned()),
            reason: Some("because".to_owned()),
            ..Context::default()
        }
    }

    fn line(port: &str, more: &str) -> String {
        format!(
            r#"{{{more}"native_vlan":100,"binding_profile":{{"local_link_information":[{{"switch_id":"leaf-01","port_id":"{port}"}}]}}}}"#
        )
    }

    #[test]
    fn lines_and_arrays_are_the_same() {
        let lines = format!("{}\n\n{}\n", line("swp1", ""), line("swp2", r#""reason":"own","#));
        let array = format!("[{},\n{}]", line("swp1", ""), line("swp2", r#""reason":"own","#));
        for text in [lines, array] {
            let items = parse(&text, Method::AttachPort, &base()).unwrap();
            let about: Vec<_> = items.iter().map(|item| item.about.as_str()).collect();
            assert_eq!(about, ["leaf-01:swp1", "leaf-01:swp2"]);
            let reasons: Vec<_> = items.iter().map(|i| i.context.reason.as_deref()).collect();
            assert_eq!(reasons, [Some("because"), Some("own")]);
        }
    }

    #[test]
    fn what_is_believed_is_an_attachment_when_nothing_is_said() {
        let text = line("swp1", "");
        let items = parse(&text, Method::Verify, &base()).unwrap();
        assert_eq!(items[0].context.operation, Some(Operation::AttachPort));
    }

    #[rstest]
    #[case("", "there is no operation in it")]
    #[case("[]", "there is no operation in it")]
    #[case("\n{", "line 2, column 1: it is not JSON")]
    #[case("7", "line 1: it is not a JSON object")]
    #[case("{}", "line 1: `attach_port` needs `context.binding_profile`")]
    #[case(&line("swp1", r#""vlan":1,"#), "line 1: `context.vlan` is unknown; `attach_port` takes")]
    #[case(
        &format!("{}\n{}", line("swp1", ""), line("swp1", "")),
        "line 2: `leaf-01:swp1` is in line 1 already"
    )]
    fn a_file_with_a_mistake_is_refused_whole(#[case] text: &str, #[case] message: &str) {
        let error = parse(text, Method::AttachPort, &base()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
