//! Lines of a profile that are no change of a port: those around changes, those that save, and
//! those that prepare a session. Each is a template that sees `options` and `session`.

use std::collections::BTreeMap;

use minijinja::Value;

use super::{problem::Problem, schema::RawProfile};
use crate::ssh_cli::render::{RenderError, Scene, Templates};

/// What these lines see: the switch's options, and the name of the candidate.
const NAMES: [&str; 2] = ["options", "session"];

/// The lines by their keys in the file, such as `configure.enter[0]`.
#[derive(Debug, Clone)]
pub struct Lines {
    templates: Templates,
}

impl Lines {
    pub(super) fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Self {
        let mut templates = Templates::new(&raw.vlans);
        let options: Vec<&str> = raw.options.keys().map(String::as_str).collect();
        let configure = &raw.configure;
        let save = raw.save.as_ref().map(|save| save.commands.as_slice()).unwrap_or_default();
        let lists = [
            ("session.prepare", raw.session.prepare.as_slice()),
            ("configure.enter", &configure.enter),
            ("configure.leave", &configure.leave),
            ("configure.commit", &configure.commit),
            ("configure.commit_confirmed", &configure.commit_confirmed),
            ("configure.confirm", &configure.confirm),
            ("configure.abort", &configure.abort),
            ("save.commands", save),
        ];
        let each = lists.into_iter().flat_map(|(at, list)| {
            list.iter().enumerate().map(move |(n, line)| (format!("{at}[{n}]"), line))
        });
        let single = [("configure.exit", &configure.exit), ("configure.diff", &configure.diff)];
        let single =
            single.into_iter().filter_map(|(at, line)| Some((at.to_owned(), line.as_ref()?)));
        for (at, line) in each.chain(single) {
            if line.chars().any(char::is_control) {
                problems.push(Problem::new(&at, "holds a control character; each line is one"));
            }
            templates.add(&at, line, &NAMES, &options, problems);
        }
        // The reader renders its commands itself; what they may use is the same everywhere.
        for (n, read) in raw.read.iter().enumerate() {
            let names = ["options", "port", "lag", "vlan", "number"];
            let at = format!("read[{n}].command");
            templates.add(&at, &read.command, &names, &options, problems);
        }
        Self { templates }
    }

    pub(super) const fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The lines of a list, such as `configure.enter`; those that render to nothing are left out.
    /// `session` is the name made for this change.
    pub fn render(
        &self,
        at: &str,
        options: &BTreeMap<String, String>,
        session: &str,
    ) -> Result<Vec<String>, RenderError> {
        let scene = scene(options, session);
        let mut lines = Vec::new();
        for n in 0.. {
            let at = format!("{at}[{n}]");
            if !self.templates.has(&at) {
                break;
            }
            lines.extend(self.templates.line(&at, &scene)?);
        }
        if self.templates.has(at) {
            lines.extend(self.templates.line(at, &scene)?);
        }
        Ok(lines)
    }
}

fn scene(options: &BTreeMap<String, String>, session: &str) -> Scene {
    let options = options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Scene::from([("options", Value::from_pairs(options)), ("session", Value::from(session))])
}
