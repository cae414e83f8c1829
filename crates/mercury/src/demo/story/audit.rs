//! What the audit log holds of it all.

use anyhow::{Context as _, Result, ensure};
use switch::audit::{self, Begin, End, Entry, Filter, Kind, Outcome, Record};

use super::Story;
use crate::demo::service::CALLER;

/// The record of the change that failed, and the chain over all of them.
pub(super) async fn shown(story: &mut Story<'_, '_>) -> Result<()> {
    story.part("What the audit log says")?;
    let request = story.memorable.clone().context("the failed request had no identifier")?;
    let file = story.service.audit();
    let (records, summary) = tokio::task::spawn_blocking(move || {
        let records: Vec<Record> =
            audit::read([file.clone()], Filter::default()).collect::<Result<_, _>>()?;
        Ok::<_, audit::AuditError>((records, audit::verify([file])?))
    })
    .await??;
    story.paper.say("The record of the change that was undone:")?;
    let begin = records.iter().find_map(|record| match &record.entry {
        Entry::Begin(begin) if begin.request_id == request => Some((record, begin)),
        _ => None,
    });
    let (record, begin) = begin.context("the change has no beginning in the log")?;
    let end = records.iter().find_map(|record| match &record.entry {
        Entry::End(end) if end.change == begin.change => Some(end),
        _ => None,
    });
    let end = end.context("the change has no end in the log")?;
    ensure!(begin.who == CALLER, "the log says that `{}` did it", begin.who);
    ensure!(end.outcome == Outcome::Undone, "the log says that it ended {:?}", end.outcome);
    show(story, record, begin, end)?;
    story.paper.claim("who, when, what, why, how, and how it ended: all there")?;

    let refused = records.iter().filter(|record| record.entry.kind() == Kind::Refused).count();
    ensure!(refused == 2, "the log has {refused} refusals, not 2");
    ensure!(summary.open.is_empty(), "changes without an end: {:?}", summary.open);
    ensure!(summary.torn_bytes == 0, "the log ends in the middle of a record");
    let last = summary.last.context("the log is empty")?;
    let hash = last.hash.to_string();
    let hash: String = hash.chars().take(16).collect();
    story.paper.claim(&format!(
        "{} records, {refused} refusals among them, chained by their hashes without a break \
         (the last: {hash}…); no change is open",
        summary.records
    ))
}

fn show(story: &mut Story<'_, '_>, record: &Record, begin: &Begin, end: &End) -> Result<()> {
    let ports: Vec<_> =
        begin.ports.iter().map(|port| format!("{} {}", port.switch, port.port)).collect();
    let user = begin.user.as_deref().unwrap_or("nobody");
    let paper = &mut *story.paper;
    paper.list("who    ", &[format!("{} for {user}", begin.who)])?;
    paper.list("when   ", &[format!("{}, for {} ms", record.time, end.duration_ms)])?;
    paper.list("what   ", &[format!("{} {}", begin.verb, ports.join(", "))])?;
    paper.list("why    ", &[begin.reason.clone().unwrap_or_default()])?;
    let sent = begin.operations.iter().map(|sent| format!("{}: {}", sent.switch, sent.text));
    paper.list("how    ", &sent.collect::<Vec<_>>())?;
    let legs = end.legs.iter().map(|leg| {
        let last = leg.answers.last().map(String::as_str).unwrap_or_default();
        format!("{}: {last}", leg.switch)
    });
    paper.list("outcome", &legs.collect::<Vec<_>>())
}
