//! Audit records for people: when, who, what, why, how, and how it ended.

use std::fmt::Write as _;

use jiff::Timestamp;
use model::SwitchPort;
use serde_json::Value;
use switch::audit::{Begin, End, Entry, InDoubt, Mark, Outcome, Record, SentOperation, Summary};

use super::{Look, Shown, Tone, count, duration_ms, indented, maybe, safe};

/// How far the lines below a record's first line are indented.
const MARGIN: usize = 10;

/// One record.
pub(crate) fn record(look: Look, record: &Record) -> String {
    let (tone, headline) = headline(&record.entry);
    let mut out = format!(
        "{} {} {}\n",
        look.paint(Tone::Faint, format!("#{}", record.seq)),
        when(record.time),
        look.paint(tone, safe(&headline)),
    );
    match &record.entry {
        Entry::Begin(begin) => begun(&mut out, begin),
        Entry::End(end) => ended(&mut out, end),
        Entry::Refused(refused) => {
            line(&mut out, "ports", &ports(&refused.ports));
            line(&mut out, "rule", refused.rule.as_deref().unwrap_or_default());
            line(&mut out, "reason", &refused.reason);
            line(&mut out, "request", &refused.request_id);
        }
        Entry::Denied(denied) => {
            line(&mut out, "at", &denied.listener);
            line(&mut out, "as", &denied.users.join(", "));
            line(&mut out, "reason", &denied.reason);
        }
        Entry::Saved(saved) => line(&mut out, "error", saved.error.as_deref().unwrap_or_default()),
        Entry::Start(start) => line(&mut out, "listens", &start.listeners.join(", ")),
        Entry::Settled(_) | Entry::Chain(_) | Entry::Recovered(_) => {}
    }
    out
}

fn headline(entry: &Entry) -> (Tone, String) {
    match entry {
        Entry::Begin(begin) => (Tone::Strong, format!("{} by {}", begin.verb, begin.who)),
        Entry::End(end) => {
            let took = duration_ms(end.duration_ms);
            (outcome_tone(end.outcome), format!("{} after {took}", outcome(end.outcome)))
        }
        Entry::Refused(refused) => {
            (Tone::Bad, format!("refused: {} by {}", refused.verb, refused.who))
        }
        Entry::Denied(denied) => {
            let times = match denied.times {
                1 => String::new(),
                times => format!(", {times} times"),
            };
            let scheme = denied.scheme.as_deref().map(|scheme| format!(" by {scheme}"));
            let scheme = scheme.unwrap_or_default();
            (Tone::Bad, format!("not let in: {}{scheme}{times}", denied.peer))
        }
        Entry::Settled(settled) => {
            (Tone::Good, format!("settled: change {} by {}", settled.change, settled.by))
        }
        Entry::Saved(saved) if saved.outcome == Outcome::Done => {
            (Tone::Good, format!("saved: {}", saved.switch))
        }
        Entry::Saved(saved) => (
            outcome_tone(saved.outcome),
            format!("not saved: {} ({})", saved.switch, outcome(saved.outcome)),
        ),
        Entry::Start(start) => {
            (Tone::Strong, format!("start of version {}, process {}", start.version, start.pid))
        }
        Entry::Chain(chain) => (
            Tone::Faint,
            format!("follows `{}`, whose last record is #{}", chain.previous, chain.last_seq),
        ),
        Entry::Recovered(recovered) => {
            (Tone::Odd, format!("recovered from a crash that left {} bytes", recovered.torn_bytes))
        }
    }
}

fn begun(out: &mut String, begin: &Begin) {
    let Begin {
        change,
        who: _,
        request_id,
        user,
        reason,
        host,
        verb: _,
        ports: at,
        lag,
        what,
        operations,
    } = begin;
    line(out, "ports", &ports(at));
    line(out, "LAG", &lag.as_ref().map(ToString::to_string).unwrap_or_default());
    line(out, "for", user.as_deref().unwrap_or_default());
    line(out, "why", reason.as_deref().unwrap_or_default());
    line(out, "server", host.as_deref().unwrap_or_default());
    line(out, "wanted", &given(what).map(|what| what.to_string()).unwrap_or_default());
    line(out, "request", request_id);
    line(out, "change", change);
    for SentOperation { switch, text } in operations {
        line(out, "sends", &format!("{switch}: {text}"));
    }
}

/// What is said, without the members that say nothing.
fn given(what: &Value) -> Option<Value> {
    match what {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::Object(members) => {
            let said = members.iter().filter_map(|(name, what)| Some((name.clone(), given(what)?)));
            let said: serde_json::Map<_, _> = said.collect();
            (!said.is_empty()).then_some(Value::Object(said))
        }
        other => Some(other.clone()),
    }
}

fn ended(out: &mut String, end: &End) {
    line(out, "change", &end.change);
    for leg in &end.legs {
        let ports: Vec<_> = leg.ports.iter().map(ToString::to_string).collect();
        line(out, "leg", &format!("{} {}: {}", leg.switch, ports.join(", "), outcome(leg.outcome)));
        for answer in &leg.answers {
            line(out, "answer", answer);
        }
    }
    line(out, "error", end.error.as_deref().unwrap_or_default());
}

fn line(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(out, "  {name:<7} {}", indented(value, MARGIN));
    }
}

fn ports(ports: &[SwitchPort]) -> String {
    let ports: Vec<_> = ports.iter().map(|at| format!("{} {}", at.switch, at.port)).collect();
    ports.join(", ")
}

fn when(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d %H:%M:%S.%3fZ")
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done and verified",
        Outcome::Unchanged => "was so already",
        Outcome::Undone => "failed and put back",
        Outcome::UndoFailed => "failed and not put back everywhere",
        Outcome::Failed => "failed before anything changed",
        Outcome::Unknown => "of unknown outcome",
    }
}

const fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Done | Outcome::Unchanged => Tone::Good,
        Outcome::Undone | Outcome::Failed => Tone::Odd,
        Outcome::UndoFailed | Outcome::Unknown => Tone::Bad,
    }
}

/// What a log holds that is intact.
pub(crate) fn summary(look: Look, summary: &Summary, files: usize) -> String {
    let records = usize::try_from(summary.records).unwrap_or(usize::MAX);
    let mut out = format!(
        "{} {} in {}\n",
        look.paint(Tone::Good, "intact:"),
        count(records, "record", "records"),
        count(files, "file", "files"),
    );
    for (name, mark) in [("first", summary.first), ("last", summary.last)] {
        if let Some(Mark { seq, time, hash }) = mark {
            let _ = writeln!(out, "  {name:<5} #{seq} {} {hash}", when(time));
        }
    }
    if summary.torn_bytes > 0 {
        let _ = writeln!(
            out,
            "  the last line is not whole ({} bytes): a crash, or a writer at work",
            summary.torn_bytes
        );
    }
    if !summary.open.is_empty() {
        let heading = count(summary.open.len(), "change", "changes");
        let _ = writeln!(out, "\n{} {heading} in doubt", look.paint(Tone::Bad, "open:"));
        let _ = write!(out, "{}", in_doubt(look, &summary.open));
    }
    out
}

fn in_doubt(look: Look, open: &[InDoubt]) -> String {
    let mut rows = look.table(["SINCE", "WHO", "VERB", "PORTS", "REQUEST", "CHANGE", "WHY"]);
    for change in open {
        rows.add([
            Shown::from(when(change.time)),
            Shown::from(&change.who),
            Shown::from(change.verb),
            ports(&change.ports).into(),
            Shown::from(&change.request_id),
            maybe(Some(&change.change)),
            if change.ended { "the outcome is unknown" } else { "the service stopped" }.into(),
        ]);
    }
    rows.to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"lag": null, "vlan": 100, "settings": {}, "on": false}), Some(json!({"on": false, "vlan": 100})))]
    #[case(json!({"network": {"allowed": "", "switches": []}}), None)]
    #[case(json!(null), None)]
    fn what_says_nothing_is_left_out(#[case] what: Value, #[case] want: Option<Value>) {
        assert_eq!(given(&what), want);
    }
}
