//! Templates of a profile: compiled once, rendered with strict rules and limits.
//!
//! They are Jinja as `minijinja` has it, without files, environment or clock. A name that is not
//! there is an error and not an empty text; so is `none` or a list where a text is printed,
//! because `switchport access vlan none` is a command too.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, value::ValueKind,
};

use super::{block::check_line, error::RenderError, filters};
use crate::ssh_cli::profile::{problem::Problem, schema::RawVlans};

/// How long a template may be in bytes: a long page.
const MAX_TEMPLATE: usize = 16 * 1024;
/// How many steps one rendering may take: a few for each of all VLANs, many times over, and some
/// milliseconds.
const FUEL: u64 = 500_000;
/// How many bytes one rendering may write: each VLAN on a line of its own.
const MAX_OUTPUT: usize = 1 << 20;
/// How deep macros may call each other.
const RECURSION: usize = 50;

/// What some template or other may see: what macros that stand before all of them may use.
const EVERYWHERE: &[&str] = &[
    "options",
    "port",
    "is_lag",
    "number",
    "state",
    "from",
    "to",
    "leave",
    "join",
    "lag",
    "settings",
    "config",
    "lag_config",
    "members",
    "vlan",
    "vni",
    "name",
];

/// What templates see.
pub type Scene = BTreeMap<&'static str, Value>;

/// The compiled templates of one part of a profile, by their keys in the file.
#[derive(Debug, Clone)]
pub struct Templates {
    environment: Environment<'static>,
    globals: Vec<String>,
    common: Option<Common>,
}

/// What stands before each template.
#[derive(Debug, Clone)]
struct Common {
    source: String,
    /// How many lines it takes.
    lines: usize,
    /// The variables that its macros use.
    uses: Vec<String>,
}

/// The key of what stands before each template.
const COMMON: &str = "render.common";

impl Templates {
    /// No templates yet; lists of VLANs will be written as `vlans` says.
    pub fn new(vlans: &RawVlans) -> Self {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION);
        environment.set_formatter(|output, _, value| {
            let printable = value.is_number() || value.kind() == ValueKind::Bool;
            if !printable && value.as_str().is_none() {
                let what = format!("{} is printed where a text is needed", value.kind());
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
            write!(output, "{value}").map_err(Error::from)
        });
        filters::install(&mut environment, vlans);
        let globals = environment.globals().map(|(name, _)| name.to_owned()).collect();
        Self { environment, globals, common: None }
    }

    /// Puts this before each template that is added from now on.
    pub fn common(&mut self, source: &str, options: &[&str], problems: &mut Vec<Problem>) {
        let before = problems.len();
        self.add(COMMON, source, EVERYWHERE, options, problems);
        if problems.len() == before {
            let source = format!("{source}\n");
            let lines = source.matches('\n').count();
            self.common = Some(Common { lines, source, uses: self.uses(COMMON) });
        }
    }

    /// Compiles a template. `names` are the variables that it may use, `options` those that the
    /// profile declares.
    pub fn add(
        &mut self,
        at: &str,
        source: &str,
        names: &[&str],
        options: &[&str],
        problems: &mut Vec<Problem>,
    ) {
        if source.len() > MAX_TEMPLATE {
            problems.push(Problem::new(at, format!("is longer than {MAX_TEMPLATE} bytes")));
            return;
        }
        let before = self.common.as_ref().map_or("", |common| &common.source);
        let whole = format!("{before}{source}");
        if let Err(error) = self.environment.add_template_owned(at.to_owned(), whole) {
            problems.push(Problem::new(at, format!("is no template: {}", self.explain(&error))));
            return;
        }
        let by_macros = self.common.as_ref().map_or_else(Default::default, |common| &*common.uses);
        for name in self.uses(at).iter().filter(|name| !by_macros.contains(name)) {
            let (first, rest) = name.split_once('.').unwrap_or((name, ""));
            let option = rest.split('.').next().unwrap_or_default();
            if !names.contains(&first) {
                let mut known = names.to_vec();
                known.sort_unstable();
                let known = known.join(", ");
                let what = format!("uses `{first}`, which is not there (what is there: {known})");
                problems.push(Problem::new(at, what));
            } else if first == "options" && !option.is_empty() && !options.contains(&option) {
                let what = format!("uses the option `{option}`, which `options` does not have");
                problems.push(Problem::new(at, what));
            }
        }
    }

    /// What a template uses of its scene, in order, with the members of `options` by name.
    fn uses(&self, at: &str) -> Vec<String> {
        let Ok(template) = self.environment.get_template(at) else { return Vec::new() };
        let global = |name: &String| self.globals.iter().any(|global| global == name);
        let mut names: Vec<String> =
            template.undeclared_variables(true).into_iter().filter(|name| !global(name)).collect();
        names.sort();
        names
    }

    /// Whether there is a template of this key.
    pub fn has(&self, at: &str) -> bool {
        self.environment.get_template(at).is_ok()
    }

    /// The options that the templates use, by name.
    pub fn options_used(&self) -> BTreeSet<String> {
        let uses = self.environment.templates().flat_map(|(at, _)| self.uses(at));
        let option = |name: String| {
            let rest = name.strip_prefix("options.")?;
            rest.split('.').next().map(str::to_owned)
        };
        uses.filter_map(option).collect()
    }

    /// Renders a template.
    pub fn text(&self, at: &str, scene: &Scene) -> Result<String, RenderError> {
        let fails = |error: &Error| match filters::refusal(error) {
            Some(why) => RenderError::Refused { why: why.to_owned() },
            None => RenderError::Template { at: at.to_owned(), why: self.explain(error) },
        };
        let template = self.environment.get_template(at).map_err(|error| fails(&error))?;
        let mut output = Capped(Vec::new());
        template
            .render_captured_to(Value::from(scene.clone()), &mut output)
            .map_err(|error| fails(&error))?;
        String::from_utf8(output.0).map_err(|_| RenderError::Template {
            at: at.to_owned(),
            why: "it writes no text".to_owned(),
        })
    }

    /// Renders a template that stands for one line; none when it renders to nothing.
    pub fn line(&self, at: &str, scene: &Scene) -> Result<Option<String>, RenderError> {
        let text = self.text(at, scene)?;
        let line = text.trim_matches([' ', '\n']);
        check_line(line)?;
        Ok(Some(line).filter(|line| !line.is_empty()).map(str::to_owned))
    }

    /// An error without the template's name, which is known, and with its line.
    fn explain(&self, error: &Error) -> String {
        let what = match (error.kind(), error.detail()) {
            (ErrorKind::UndefinedError, None) => "something is used that is not there".to_owned(),
            (ErrorKind::OutOfFuel, _) => "it takes too many steps".to_owned(),
            (_, Some(detail)) => detail.to_owned(),
            (kind, None) => kind.to_string(),
        };
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        let cause = cause.unwrap_or_default();
        let before = self.common.as_ref().map_or(0, |common| common.lines);
        match error.line() {
            Some(line) if line > before => {
                format!("{what}{cause} (line {} of the template)", line - before)
            }
            Some(line) => format!("{what}{cause} (line {line} of `{COMMON}`)"),
            None => format!("{what}{cause}"),
        }
    }
}

/// A writer that does not grow without bounds.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > MAX_OUTPUT {
            return Err(io::Error::other(format!("more than {MAX_OUTPUT} bytes are written")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
