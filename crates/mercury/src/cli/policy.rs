//! `mercury policy check`: is the file a policy, and what would it say?
//!
//! It needs no service, so a network team can try a change of its policy before the service reads
//! it. The service also asks the switch's own section of its configuration, which this does not
//! know.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use model::{PortName, SwitchName, VlanSet, Vni};
use serde_json::json;
use switch::policy::{Ask, Decision, Policy, PolicyError, Problem, Verb};

use super::{
    exit::Exit,
    failure::Told,
    output::{Output, complain},
};
use crate::render::policy as render;

mod request;

const EXAMPLES: &str = "\
Examples:
  mercury policy check policy.toml
  mercury policy check policy.toml --caller ironic --verb attach \\
      --switch leaf-01 --port swp1 --port swp2 --vlan 100,200-210
  mercury policy check policy.toml --caller ironic --request call.json

call.json is a call as the service takes it, such as
  {\"method\": \"attach_port\", \"params\": {\"context\": {…}}}

Ends with 0 when the file is valid and the request allowed, 3 when the request is refused, and 10
when the file is invalid.";

/// Check policies.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a policy file, and decide a request if one is given
    Check(Check),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Check {
    /// The policy file
    policy: PathBuf,
    /// Who asks: the name under which the caller authenticates
    #[arg(long)]
    caller: Option<String>,
    /// What it wants to do: read, attach, detach, update, add_network, delete_network, flush
    #[arg(long, requires = "caller", requires = "switch", conflicts_with = "request")]
    verb: Option<Verb>,
    /// On which switch
    #[arg(long, requires = "verb")]
    switch: Option<SwitchName>,
    /// On which port, by the switch's own name; give it again for more
    #[arg(long = "port", requires = "verb")]
    ports: Vec<PortName>,
    /// Every VLAN that the request brings into play, such as 100 or 100,200-210
    #[arg(long, requires = "verb")]
    vlan: Option<VlanSet>,
    /// A VNI that the request brings into play; give it again for more
    #[arg(long = "vni", requires = "verb")]
    vnis: Vec<Vni>,
    /// A call in a file, with `method` and `params`
    #[arg(long, value_name = "FILE", requires = "caller")]
    request: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What is asked, for each port.
struct Request {
    verb: Verb,
    places: Vec<(SwitchName, Option<PortName>)>,
    vlans: VlanSet,
    vnis: Vec<Vni>,
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        let Command::Check(check) = &self.command;
        check.json
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    let Command::Check(check) = &args.command;
    let text = read(&check.policy)?;
    let policy = match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(PolicyError::Invalid(problems)) => return invalid(check, &problems, output),
        Err(error) => return Err(Told::new(Exit::Broken, error.to_string()).into()),
    };
    let Some(request) = asked(check)? else {
        if check.caller.is_some() {
            return Err(Told::new(Exit::Usage, "`--caller` alone asks nothing")
                .hint("give `--verb` and `--switch`, or `--request`")
                .into());
        }
        return valid(check, &policy, output);
    };
    let caller = check.caller.as_deref().unwrap_or_default();
    let decisions: Vec<(String, Decision)> = request
        .places
        .iter()
        .map(|(switch, port)| {
            let port = port.as_ref();
            let Request { verb, vlans, vnis, .. } = &request;
            let ask = Ask { caller, verb: *verb, switch, port, vlans, vnis };
            let about = port.map_or_else(|| switch.to_string(), |port| format!("{switch}:{port}"));
            (about, policy.decide(&ask))
        })
        .collect();
    if check.json {
        let decisions: Vec<_> = decisions.iter().map(decision_json).collect();
        output.json(&json!({ "valid": true, "decisions": decisions }))?;
    } else {
        output.text(&render::decisions(output.look(), &decisions))?;
    }
    let allowed = decisions.iter().all(|(_, decision)| decision.is_allowed());
    Ok(if allowed { Exit::Ok } else { Exit::Refused })
}

fn asked(check: &Check) -> anyhow::Result<Option<Request>> {
    if let Some(file) = &check.request {
        return request::read(file).map(Some);
    }
    let (Some(verb), Some(switch)) = (check.verb, &check.switch) else { return Ok(None) };
    let places = match check.ports.as_slice() {
        [] => vec![(switch.clone(), None)],
        ports => ports.iter().map(|port| (switch.clone(), Some(port.clone()))).collect(),
    };
    let vlans = check.vlan.clone().unwrap_or_else(VlanSet::empty);
    Ok(Some(Request { verb, places, vlans, vnis: check.vnis.clone() }))
}

fn valid(check: &Check, policy: &Policy, output: &mut Output) -> anyhow::Result<Exit> {
    if check.json {
        let rules: Vec<_> = policy.rule_names().collect();
        let protected: Vec<_> = policy.protected_names().collect();
        output.json(&json!({ "valid": true, "rules": rules, "protected": protected }))?;
    } else {
        output.text(&render::valid(output.look(), policy))?;
    }
    Ok(Exit::Ok)
}

fn invalid(check: &Check, problems: &[Problem], output: &mut Output) -> anyhow::Result<Exit> {
    if check.json {
        let problems: Vec<_> = problems
            .iter()
            .map(|Problem { line, column, what }| {
                json!({ "line": line, "column": column, "problem": what })
            })
            .collect();
        output.json(&json!({ "valid": false, "problems": problems }))?;
    } else {
        let file = check.policy.display().to_string();
        complain(&render::problems(super::output::look_of_stderr(), &file, problems));
    }
    Ok(Exit::Broken)
}

fn decision_json((about, decision): &(String, Decision)) -> serde_json::Value {
    match decision {
        Decision::Allowed { rule } => json!({ "about": about, "allowed": true, "rule": rule }),
        Decision::Refused(refusal) => json!({
            "about": about, "allowed": false, "rule": refusal.rule, "reason": refusal.reason,
        }),
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
