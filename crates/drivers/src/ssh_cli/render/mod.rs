//! From changes to a switch's own words: pure, so that a dry run shows exactly what would be sent.
//!
//! Each change has a template in the profile. A work's changes are rendered one after the other on
//! a copy of what was observed, so that each template sees what is there when its lines take
//! effect. What cannot be said on one line of printable text is refused, and so is a template that
//! fails: nothing is sent then.

mod block;
mod error;
mod filters;
mod kind;
mod scene;
mod template;

use std::{collections::BTreeMap, sync::Arc};

use model::{LagName, PortName};
use regex::Regex;
use switch::{Change, LagNaming, Slice, Target, Work};

use super::profile::{
    pattern::{self, Extent},
    problem::Problem,
    schema::{RawJoin, RawProfile},
};

pub use block::{Block, MAX_LINE, blocks_to_lines, merge};
pub use error::RenderError;
pub use kind::Kind;
pub use template::{Scene, Templates};

/// What is particular to one switch when its changes are rendered.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The values of the profile's options for this switch.
    pub options: &'a BTreeMap<String, String>,
}

/// The templates of a profile's `[render]`, and what names and texts may go into them.
#[derive(Debug, Clone)]
pub struct Renderer {
    templates: Arc<Templates>,
    ports: Regex,
    lags: Option<Regex>,
    prefix: Option<String>,
    description: Option<Regex>,
    vlan_name: Option<Regex>,
    join: Option<RawJoin>,
}

impl Renderer {
    /// Compiles the templates; all problems are told.
    pub fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let mut templates = Templates::new(&raw.vlans);
        let options: Vec<&str> = raw.options.keys().map(String::as_str).collect();
        if let Some(common) = &raw.render.common {
            templates.common(common, &options, problems);
        }
        for kind in Kind::ALL {
            if let Some(source) = kind.source(&raw.render) {
                templates.add(&kind.at(), source, kind.variables(), &options, problems);
            }
        }
        let mut compile = |at: &str, pattern: &str| {
            let regex = pattern::compile(at, pattern, Extent::Whole, problems)?;
            pattern::only_groups(at, &regex, &[], problems);
            Some(regex)
        };
        let ports = compile("ports.pattern", &raw.ports.pattern);
        let lags = raw.lags.as_ref().map(|lags| compile("lags.pattern", &lags.pattern));
        let text = &raw.texts;
        let description =
            text.description.as_ref().map(|pattern| compile("texts.description", pattern));
        let vlan_name = text.vlan_name.as_ref().map(|pattern| compile("texts.vlan_name", pattern));
        let prefix = raw.capabilities.lag.as_ref().and_then(|lag| match &lag.naming {
            LagNaming::Numbered { prefix } => Some(prefix.clone()),
            LagNaming::Free => None,
        });
        if problems.len() > before {
            return None;
        }
        Some(Self {
            templates: Arc::new(templates),
            ports: ports?,
            lags: lags.flatten(),
            prefix,
            description: description.flatten(),
            vlan_name: vlan_name.flatten(),
            join: raw.configure.join.clone(),
        })
    }

    /// The templates themselves.
    pub(super) fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The commands of one request's changes, equal contexts that follow each other merged.
    pub fn work(&self, work: &Work, context: &Context<'_>) -> Result<Vec<Block>, RenderError> {
        let mut slice = work.before.clone();
        let mut blocks = Vec::new();
        for change in &work.changes {
            blocks.extend(self.change(change, &mut slice, context)?);
        }
        Ok(self.joined(merge(blocks)))
    }

    /// One command of all, on systems where one command is one transaction.
    fn joined(&self, blocks: Vec<Block>) -> Vec<Block> {
        let Some(RawJoin { first, between }) = &self.join else { return blocks };
        let lines: Vec<String> = blocks.into_iter().map(|block| block.line).collect();
        match lines.is_empty() {
            true => Vec::new(),
            false => {
                let line = format!("{first} {}", lines.join(between));
                vec![Block { line, inside: Vec::new() }]
            }
        }
    }

    /// The commands of one change, which is then made to the slice.
    pub fn change(
        &self,
        change: &Change,
        slice: &mut Slice,
        context: &Context<'_>,
    ) -> Result<Vec<Block>, RenderError> {
        self.check_names(change)?;
        self.check_texts(change)?;
        let kind = Kind::of(change);
        let at = kind.at();
        if !self.templates.has(&at) {
            return Err(RenderError::Missing { kind: kind.name() });
        }
        let mut after = slice.clone();
        change.apply_to(&mut after)?;
        let scene = scene::scene(change, slice, &after, context.options, |lag| self.number_of(lag));
        let blocks = block::nest(&self.templates.text(&at, &scene)?)?;
        *slice = after;
        Ok(blocks)
    }

    /// The number of a LAG, where LAGs are numbered.
    pub fn number_of(&self, lag: &LagName) -> Option<u32> {
        lag.as_str().strip_prefix(self.prefix.as_deref()?)?.parse().ok()
    }

    /// Whether this is how a port is called.
    pub fn is_port(&self, name: &str) -> bool {
        self.ports.is_match(name)
    }

    /// Whether this is how a LAG is called.
    pub fn is_lag(&self, name: &str) -> bool {
        self.lags.as_ref().is_some_and(|lags| lags.is_match(name))
    }

    fn check_names(&self, change: &Change) -> Result<(), RenderError> {
        let lag = |lag: &LagName| match self.is_lag(lag.as_str()) {
            true => Ok(()),
            false => Err(RenderError::Name { what: "LAG", name: lag.to_string() }),
        };
        let port = |port: &PortName| match self.is_port(port.as_str()) {
            true => Ok(()),
            false => Err(RenderError::Name { what: "port", name: port.to_string() }),
        };
        change.targets().iter().try_for_each(|target| match target {
            Target::Port(name) => port(name),
            Target::Lag(name) => lag(name),
        })
    }

    /// Texts that people chose must not be more than the system takes them for. What is restored
    /// was read from the switch, and is held against the same rules.
    fn check_texts(&self, change: &Change) -> Result<(), RenderError> {
        let check = |what: &'static str, text: Option<&String>, pattern: Option<&Regex>| {
            let Some(text) = text else { return Ok(()) };
            if let Some(held) = text.chars().find(|c| c.is_control()) {
                return Err(RenderError::Control { what, held });
            }
            match pattern {
                Some(pattern) if !pattern.is_match(text) => {
                    Err(RenderError::Text { what, text: text.clone(), pattern: bare(pattern) })
                }
                _ => Ok(()),
            }
        };
        let description = |config: &model::PortConfig| {
            check("description", config.description.as_ref(), self.description.as_ref())
        };
        match change {
            Change::CreateVlan { name, .. } => {
                check("VLAN name", name.as_ref(), self.vlan_name.as_ref())
            }
            Change::SetDescription { from, to, .. } => {
                check("description", from.as_ref(), None)?;
                check("description", to.as_ref(), self.description.as_ref())
            }
            Change::CreateLag { config, .. } => description(config),
            _ => Ok(()),
        }
    }
}

/// The expression as the profile has it, without the anchors around it.
fn bare(pattern: &Regex) -> String {
    let text = pattern.as_str();
    text.strip_prefix(r"\A(?:")
        .and_then(|text| text.strip_suffix(r")\z"))
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests;
