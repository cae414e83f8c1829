//! After the story: everything stays, and the reader is the caller.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    Signals,
    cast::{Cast, LEAVES},
    paper::Paper,
    service::{CALLER, Service},
    stage::Stage,
};

/// Prints what to try and waits until the reader has seen enough; gives back how long that was.
pub(super) async fn until_told(
    stage: &dyn Stage,
    service: &mut Service,
    paper: &mut Paper<'_>,
    signals: &mut Signals,
) -> Result<Duration> {
    let begun = Instant::now();
    invite(stage, service, paper)?;
    if paper.is_gone() {
        return Ok(begun.elapsed());
    }
    tokio::select! {
        () = signals.any() => Ok(begun.elapsed()),
        error = service.ended() => Err(error),
    }
}

fn invite(stage: &dyn Stage, service: &Service, paper: &mut Paper<'_>) -> Result<()> {
    paper.title("Your turn, in another terminal")?;
    let settings = [
        format!("export MERCURY_URL={}", service.address()),
        format!("export MERCURY_USER={CALLER}"),
        format!("export MERCURY_PASSWORD={}", service.password()),
    ];
    let policy = service.policy();
    let audit = service.audit();
    let cast = stage.cast();
    let [one, other] = LEAVES;
    let one = format!("{one}:{}", Cast::port(cast.one));
    let both = format!("{one} {other}:{}", Cast::port(cast.two));
    let tries = [
        "mercury switch list".to_owned(),
        format!("mercury switch attach {both} --vlan 100"),
        format!("mercury switch plan attach {one} --vlan 120"),
        format!("mercury switch attach {one} --vlan 300"),
        format!("mercury switch verify {one} --vlan 100"),
        format!("mercury switch detach {both}"),
        format!("mercury policy check {}", policy.display()),
        format!("mercury audit show {}", audit.display()),
        format!("mercury audit verify {}", audit.display()),
    ];
    settings.iter().chain(&tries).try_for_each(|line| paper.command(line))?;
    paper.say("The switches, seen from behind:")?;
    for leaf in LEAVES {
        paper.command(&stage.look_behind(leaf, service.files())?)?;
    }
    paper.say("Ctrl-C ends it and removes everything.")
}
