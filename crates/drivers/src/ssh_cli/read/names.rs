//! Whom a name in an answer means: a port, a LAG, or nothing that concerns Mercury.

use model::{LagName, PortName, PortNaming, Vlan};
use regex::Regex;
use switch::{Capabilities, LagNaming};

use super::super::profile::{
    Problem,
    pattern::{self, Extent},
    schema::RawProfile,
};

/// What an answer says something about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// A port.
    Port(PortName),
    /// A LAG.
    Lag(LagName),
    /// The definition of a VLAN.
    Vlan(Vlan),
}

/// How a system names its ports and LAGs.
#[derive(Debug, Clone)]
pub struct Names {
    naming: PortNaming,
    ports: Regex,
    lags: Option<Regex>,
    prefix: Option<String>,
}

impl Names {
    /// Takes `[ports]`, `[lags]` and the LAGs' capability of a profile.
    pub fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let ports = pattern::compile("ports.pattern", &raw.ports.pattern, Extent::Whole, problems);
        let lags = raw.lags.as_ref();
        let lags = lags
            .map(|lags| pattern::compile("lags.pattern", &lags.pattern, Extent::Whole, problems));
        let lags = match lags {
            Some(None) => return None,
            lags => lags.flatten(),
        };
        let prefix = prefix(&raw.capabilities);
        Some(Self { naming: raw.ports.naming, ports: ports?, lags, prefix })
    }

    /// How ports are spelt.
    pub const fn naming(&self) -> PortNaming {
        self.naming
    }

    /// The port or LAG of this name; none for what is neither, such as a management port.
    pub fn object(&self, text: &str) -> Option<Object> {
        self.lag(text).map(Object::Lag).or_else(|| self.port(text).map(Object::Port))
    }

    /// The port of this name, in the system's own spelling.
    pub fn port(&self, text: &str) -> Option<PortName> {
        let name = self.naming.canonical(text.trim()).ok()?;
        let is_lag = self.lags.as_ref().is_some_and(|lags| lags.is_match(name.as_str()));
        (!is_lag && self.ports.is_match(name.as_str())).then_some(name)
    }

    /// The LAG of this name, or of this number where LAGs are numbered.
    pub fn lag(&self, text: &str) -> Option<LagName> {
        let text = text.trim();
        let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let full = match &self.prefix {
            Some(prefix) if number => format!("{prefix}{text}"),
            _ => self.naming.canonical(text).ok()?.as_str().to_owned(),
        };
        let lags = self.lags.as_ref()?;
        lags.is_match(&full).then(|| full.parse().ok()).flatten()
    }

    /// The number of a LAG, where LAGs are numbered.
    pub fn number(&self, lag: &LagName) -> Option<u32> {
        lag.as_str().strip_prefix(self.prefix.as_deref()?)?.parse().ok()
    }
}

fn prefix(capabilities: &Capabilities) -> Option<String> {
    match &capabilities.lag.as_ref()?.naming {
        LagNaming::Numbered { prefix } => Some(prefix.clone()),
        LagNaming::Free => None,
    }
}
