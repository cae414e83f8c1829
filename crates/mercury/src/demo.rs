//! `mercury demo`: the whole product on one machine, told as a story.
//!
//! Two switches and three servers are started, simulated (`--fabric`: switches that speak OVSDB, or
//! switches of two vendors behind SSH) or, with `--ovs`, real, and the real service as a process of
//! its own. What is printed was checked before, so the demonstration is a
//! test of the product as well: when something does not come out as it must, it fails. Nothing is
//! installed, nothing outside a temporary directory is touched, and nothing is left.
//!
//! It does not show everything: what has no effect that can be seen here (saving, reload, many
//! callers at once) is in the tests.

mod cast;
mod keep;
mod paper;
mod reach;
mod request;
mod sent;
mod service;
mod stage;
mod story;

use std::{
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::{
    cast::LEAVES,
    paper::Paper,
    service::Service,
    stage::{Real, Shells, Simulated, Stage},
    story::Story,
};
use crate::render::Look;

pub(crate) const EXAMPLES: &str = "\
Examples:
  mercury demo                 simulated switches: needs no root and nothing installed
  mercury demo --fabric ssh    the same on simulated Arista EOS and Cisco NX-OS, over SSH
  sudo mercury demo --ovs      real Open vSwitch, network namespaces as servers, real frames
  mercury demo --keep          afterwards everything stays, to be tried by hand";

/// What to show.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Args {
    /// Which simulated switches
    #[arg(long, value_enum, value_name = "FABRIC", default_value_t = Simulation::Ovsdb)]
    fabric: Simulation,
    /// Real Open vSwitch, with network namespaces as servers and real frames; needs root
    #[arg(long, conflicts_with = "fabric")]
    ovs: bool,
    /// Leave everything running afterwards, and print what to try, until Ctrl-C
    #[arg(long)]
    keep: bool,
}

/// What kind of switches are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Simulation {
    /// Two Open vSwitch, spoken to by OVSDB
    Ovsdb,
    /// Arista EOS and Cisco NX-OS, configured on their command lines over SSH
    Ssh,
}

/// Tells the story on `out`.
pub(crate) fn run(args: &Args, out: &mut dyn Write, look: Look) -> Result<()> {
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let mut paper = Paper::new(out, look);
    runtime.block_on(perform(args, &program, &mut paper))
}

async fn perform(args: &Args, program: &Path, paper: &mut Paper<'_>) -> Result<()> {
    let begun = Instant::now();
    let mut signals = Signals::new()?;
    let stage = signals.unless(open(args)).await?;
    let told = on_stage(args, program, stage.as_ref(), paper, &mut signals).await;
    let ended = stage.end().await.context("cannot take the stage down");
    let kept = told?;
    ended?;
    let took = begun.elapsed().saturating_sub(kept);
    let (parts, claims) = paper.told();
    paper.say("")?;
    paper.claim("the service has stopped, the switches are down, nothing is left behind")?;
    paper.say(&format!(
        "{parts} parts, {} claims, each checked before it was printed, in {:.1} s.",
        claims + 1,
        took.as_secs_f64()
    ))
}

async fn open(args: &Args) -> Result<Box<dyn Stage>> {
    Ok(match (args.ovs, args.fabric) {
        (true, _) => Box::new(Real::start().await?),
        (false, Simulation::Ovsdb) => Box::new(Simulated::start().await?),
        (false, Simulation::Ssh) => Box::new(Shells::start().await?),
    })
}

/// What happens between the rise and the fall of the curtain; gives back how long it was kept up.
async fn on_stage(
    args: &Args,
    program: &Path,
    stage: &dyn Stage,
    paper: &mut Paper<'_>,
    signals: &mut Signals,
) -> Result<Duration> {
    let [one, other] = LEAVES;
    let sections = [stage.section(one)?, stage.section(other)?];
    let start = Service::start(program, sections, stage.cast());
    let mut service = signals.unless(start).await?;
    let told = signals.unless(tell(stage, &service, paper)).await;
    let kept = match (told, args.keep) {
        (Ok(()), true) => keep::until_told(stage, &mut service, paper, signals).await,
        (told, _) => told.map(|()| Duration::ZERO),
    };
    let stopped = service.stop().await;
    let kept = kept?;
    stopped.map(|()| kept)
}

async fn tell(stage: &dyn Stage, service: &Service, paper: &mut Paper<'_>) -> Result<()> {
    paper.say("")?;
    stage.cast().picture.lines().try_for_each(|line| paper.line(line))?;
    paper.say("")?;
    paper.say(&format!(
        "Three servers on {}, and the switch service `mercury switchd` as a process of its own, \
         which was ready after {} ms.",
        stage.made_of(),
        service.took().as_millis()
    ))?;
    let cast = stage.cast();
    let mut story = Story { stage, cast, service, paper, part: "the beginning", memorable: None };
    let told = story.tell().await;
    let part = story.part;
    told.map_err(|error| {
        let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
        anyhow!("{}\nthe service's {}", causes.join("\n"), service.log())
            .context(format!("the demonstration failed in the part `{part}`"))
    })
}

/// The signals that end the demonstration early, in order.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// The value, unless a signal comes first.
    async fn unless<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            () = self.any() => bail!("the demonstration was interrupted, and is taken down"),
        }
    }
}
