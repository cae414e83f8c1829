//! `mercury profile try`: a device profile against a switch that is really there.
//!
//! It reads, says what it understood and what not, and shows what would be sent. Nothing that
//! changes is sent, and configuration mode is not entered, unless `--apply` names a port and a VLAN:
//! then that port is moved there, and back.
//!
//! The switch service knows nothing of it: its policy is looked at when its configuration is given,
//! but its queues and its audit log are not.

mod change;
mod look;
mod watch;
mod way;
mod works;

use std::{path::Path, sync::Arc, time::Duration};

use drivers::ssh_cli::{
    driver::{BySsh, SshCliDriver},
    read::Object,
    session::{CliSession, System},
    transport::Ssh,
};
use model::{LagName, PortName, SwitchName, Vlan};
use serde_json::{Map, Value, json};
use switch::DeviceError;
use tokio::time::timeout;

use self::{
    watch::{Log, Watched},
    way::{Known, Way, Written},
};
use super::{
    super::{exit::Exit, failure::Told, output::Output},
    Folder,
};
use crate::render::{
    duration_ms,
    trial::{self as render, Answered, Mark, Step},
};

const ABOUT: &str = "\
It logs in, reads ports, LAGs, VLANs, neighbours and addresses as the profile says, and shows what was
understood, which lines of the answers no rule knows, and which lines would be sent to the first of
the ports for everything that the profile can do. Nothing that changes is sent.

With --apply it moves one port into a VLAN, reads it back, and puts back what was there. Choose a
port that carries nobody's traffic, and one that no running service has to do with: neither the
service's queues nor its audit log know of this.

Secrets come from files that only their owner may read, from an agent, or from the terminal, which
does not show what is typed.

Ends with 0 when all was understood; with 10 when the profile has to be looked at; with 4 when there
is no such port; with 6 when the switch cannot be reached; with --apply also with 5 when the switch
refused, with 8 when it holds something else, and with 7 when the port could not be put back.";

const EXAMPLES: &str = "\
Examples:
  mercury profile try mine/NAME.toml --address leaf-01 --user admin --password-file admin.pw \\
      --known-hosts known_hosts
  mercury profile try NAME --address 10.0.0.3:2222 --user admin --agent --host-key SHA256:… \\
      --port Ethernet7 --transcript leaf-01.log
  mercury profile try mine/NAME.toml --config switchd.toml --switch leaf-01 --json
  mercury profile try mine/NAME.toml --config switchd.toml --switch leaf-01 \\
      --port Ethernet7 --vlan 3901 --apply";

/// The VLAN of what would be sent, if none is given.
const VLAN: u16 = 100;

/// Try a profile on a switch; nothing is changed unless you say so.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{ABOUT}\n\n{EXAMPLES}"))]
pub(super) struct Args {
    /// The profile: a file NAME.toml, or the name of one that there is
    #[arg(value_name = "FILE|NAME")]
    profile: String,
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    way: Way,
    /// A port to look at, instead of the first few; may be given more than once
    #[arg(long = "port", value_name = "NAME")]
    ports: Vec<String>,
    /// A LAG to look at, beside those that there are; may be given more than once
    #[arg(long = "lag", value_name = "NAME")]
    lags: Vec<String>,
    /// The VLAN of what would be sent, or is with --apply; 100 if none is given
    #[arg(long)]
    vlan: Option<Vlan>,
    /// How long each step may take
    #[arg(long, value_name = "SECONDS", default_value = "60",
        value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Really move the port into the VLAN, and back
    #[arg(long, requires_all = ["ports", "vlan"])]
    apply: bool,
    /// Do not ask before --apply
    #[arg(long, requires = "apply")]
    yes: bool,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let written = Written::find(&args.profile, &args.folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Where there is no transcript for the user, one is kept to show what was last seen.
    let spare = tempfile::tempdir()?;
    runtime.block_on(async {
        let wishes = Wishes::of(args, &written)?;
        if args.apply {
            change::check_confirmation(args.yes)?;
        }
        let known = args.way.known(&written, &spare.path().join("transcript")).await?;
        if args.apply {
            change::check_configured(&known, &wishes)?;
        }
        let mut trial = Trial::new(args, written, known, json, output);
        let exit = trial.carry_out(&wishes, args).await;
        trial.hang_up().await;
        let exit = exit?;
        if json {
            trial.document.insert("steps".to_owned(), json!(trial.steps));
            trial.document.insert("answers".to_owned(), json!(trial.answers));
            let document = Value::Object(std::mem::take(&mut trial.document));
            trial.output.json(&document)?;
        }
        Ok(exit)
    })
}

/// What is to be looked at.
struct Wishes {
    ports: Vec<PortName>,
    lags: Vec<LagName>,
    vlan: Vlan,
}

impl Wishes {
    fn of(args: &Args, written: &Written) -> anyhow::Result<Self> {
        let names = written.profile.reader.names();
        let no = |what: &str, name: &str, key: &str| {
            Told::new(Exit::Invalid, format!("`{name}` is no name of a {what} of this profile"))
                .hint(format!("they are like {}", written.place(key)))
        };
        let port =
            |name: &String| names.port(name).ok_or_else(|| no("port", name, "ports.pattern"));
        let lag = |name: &String| names.lag(name).ok_or_else(|| no("LAG", name, "lags.pattern"));
        let vlan = match args.vlan {
            Some(vlan) => vlan,
            None => Vlan::new(VLAN)?,
        };
        if args.apply && args.ports.len() > 1 {
            return Err(Told::new(Exit::Usage, "`--apply` moves one port, and more are given")
                .hint("one `--port`")
                .into());
        }
        Ok(Self {
            ports: args.ports.iter().map(port).collect::<Result<_, _>>()?,
            lags: args.lags.iter().map(lag).collect::<Result<_, _>>()?,
            vlan,
        })
    }
}

/// A trial that is going on.
struct Trial<'o> {
    output: &'o mut Output,
    json: bool,
    written: Written,
    name: SwitchName,
    address: String,
    system: Arc<System>,
    driver: SshCliDriver<Watched<BySsh>>,
    log: Log,
    redactor: drivers::redact::Redactor,
    transcript: look::Tail,
    has_transcript: bool,
    session: Option<CliSession>,
    patience: Duration,
    /// Everything that was asked about.
    objects: Vec<Object>,
    steps: Vec<Step>,
    answers: Vec<Answered>,
    document: Map<String, Value>,
}

impl<'o> Trial<'o> {
    fn new(
        args: &Args,
        written: Written,
        known: Known,
        json: bool,
        output: &'o mut Output,
    ) -> Self {
        let Known { name, system, settings, redactor, configured: _ } = known;
        let address = settings.shown();
        let file = settings.transcript.as_ref().map(|transcript| transcript.file.clone());
        let system = Arc::new(system);
        let log = Log::default();
        log.only_reading(&system);
        let by_ssh = BySsh::new(Ssh::new(settings), Arc::clone(&written.profile));
        let dial = Watched { dial: by_ssh, log: log.clone() };
        let document = [
            ("profile", json!(written.profile.raw.name)),
            ("switch", json!(address)),
            ("applied", json!(args.apply)),
        ];
        Self {
            output,
            json,
            name,
            address,
            driver: SshCliDriver::new(Arc::clone(&system), dial),
            system,
            log,
            redactor,
            transcript: look::Tail::new(file.as_deref().unwrap_or(Path::new(""))),
            has_transcript: args.way.has_transcript(),
            session: None,
            patience: Duration::from_secs(args.timeout),
            objects: Vec::new(),
            steps: Vec::new(),
            answers: Vec::new(),
            document: document.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            written,
        }
    }

    async fn carry_out(&mut self, wishes: &Wishes, args: &Args) -> anyhow::Result<Exit> {
        self.log_in().await?;
        let found = self.look(wishes).await?;
        let exit = self.show_operations(&found, wishes)?;
        if !args.apply || exit == Exit::Invalid {
            self.tell(Mark::Good, "nothing was changed on the switch", Vec::new())?;
            return Ok(exit);
        }
        let Some(port) = wishes.ports.first() else { return Ok(Exit::Usage) };
        let applied = self.move_and_back(port, wishes.vlan, args.yes).await?;
        Ok(if applied == Exit::Ok { exit } else { applied })
    }

    /// A step is done: it is shown at once, or kept for the document.
    fn tell(
        &mut self,
        result: Mark,
        step: impl Into<String>,
        said: Vec<String>,
    ) -> anyhow::Result<()> {
        let clean = |text: String| look::masked(&self.redactor.clean(text));
        let step =
            Step { result, step: clean(step.into()), said: said.into_iter().map(clean).collect() };
        self.show(&render::step(self.output.look(), &step))?;
        self.steps.push(step);
        Ok(())
    }

    /// Shows what belongs to the last step, to people.
    fn show(&mut self, text: &str) -> anyhow::Result<()> {
        if self.json {
            return Ok(());
        }
        self.output.text(&self.redactor.clean(text.to_owned()))?;
        self.output.flush()
    }

    async fn log_in(&mut self) -> anyhow::Result<()> {
        let begun = tokio::time::Instant::now();
        if let Err(error) = self.ask("the login", async |_| Ok(())).await {
            let seen = self.transcript.last();
            let mut said = seen.clone();
            if !seen.is_empty() {
                let places = ["session.prompts", "session.questions"];
                let places = places.map(|key| self.written.place(key)).join(" and ");
                said.push(format!("what it shows is held against {places}"));
            }
            let address = self.address.clone();
            self.tell(Mark::Bad, format!("no login at {address}"), said)?;
            let text = self.redactor.clean(error.to_string());
            let told = Told::new(look::exit_of(&error), text.clone());
            return Err(match text.contains("\nhint:") || self.has_transcript {
                true => told.into(),
                false => told.hint("`--transcript FILE` writes down all that is shown").into(),
            });
        }
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let prompt = self.session.as_ref().and_then(CliSession::prompt);
        let pipeline = self.system.profile.conversation.pipeline;
        let said = vec![
            match &prompt {
                Some(prompt) => format!("it stands at the prompt `{prompt}`"),
                None => "commands are run one by one, without a prompt".to_owned(),
            },
            match pipeline {
                true => "lines that read are sent ahead of their answers (`session.pipeline`)",
                false => "each line waits for the answer to the last (`session.pipeline` is off)",
            }
            .to_owned(),
        ];
        let login = json!({ "milliseconds": took, "prompt": prompt, "pipeline": pipeline });
        self.document.insert("login".to_owned(), login);
        let title = format!("logged in at {} in {}", self.address, duration_ms(took));
        self.tell(Mark::Good, title, said)
    }

    /// Does something in the session, which is opened before if there is none, within the time
    /// that a step may take. After an error that leaves its state in doubt there is none.
    async fn ask<T>(
        &mut self,
        what: &str,
        step: impl AsyncFnOnce(&mut CliSession) -> Result<T, DeviceError>,
    ) -> Result<T, DeviceError> {
        let patience = self.patience;
        let late = |what: &str| DeviceError::timed_out(false, what);
        let session = match &mut self.session {
            Some(session) => session,
            none => {
                let opened = timeout(patience, self.driver.connect()).await;
                none.insert(opened.map_err(|_| late("the login"))??)
            }
        };
        let done = timeout(patience, step(session)).await.unwrap_or_else(|_| Err(late(what)));
        if done.as_ref().is_err_and(DeviceError::session_lost) {
            self.session = None;
        }
        done
    }

    async fn hang_up(&mut self) {
        if let Some(session) = self.session.take() {
            // A switch that does not take the goodbye is left without one.
            let _ = timeout(self.patience, switch::Session::close(Box::new(session))).await;
        }
    }
}
