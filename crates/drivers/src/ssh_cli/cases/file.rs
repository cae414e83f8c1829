//! A case as a file: what is asked for, what the terminal shows, what comes of it.

use std::collections::BTreeMap;

use model::{LacpRate, LagMode, LagName, LagSettings, PortConfig, PortName, Vlan, VlanMode, Vni};
use serde::{Deserialize, de::DeserializeOwned};

/// How long a file may be in bytes: the transcript of a change on a chassis, with room to spare.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// A case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub title: String,
    /// What can go wrong there.
    pub why: Option<String>,
    /// The switch's options.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// What the terminal shows, verbatim; see [`super::transcript`].
    pub transcript: String,
    /// What is asked for.
    pub request: Request,
    /// What comes of it.
    pub expect: Expect,
}

/// What is asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is done.
    pub verb: Verb,
    /// The ports.
    #[serde(default)]
    pub ports: Vec<PortName>,
    /// What they shall carry.
    pub vlans: Option<VlanMode>,
    /// What else they shall be.
    pub config: Option<PortConfig>,
    /// The LAG that they form.
    pub lag: Option<LagRequest>,
    /// The VLAN that is defined or removed.
    pub network: Option<Network>,
    /// What a detached port is; closed where the system can, else in VLAN 1.
    pub safe: Option<Safe>,
    /// What is looked for.
    pub text: Option<String>,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the service's methods")]
pub enum Verb {
    Attach,
    Update,
    Detach,
    AddNetwork,
    DeleteNetwork,
    Observe,
    Save,
    Resolve,
}

/// A LAG that ports form.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the members are those of `model::LagSettings`")]
pub struct LagRequest {
    pub name: LagName,
    pub mode: LagMode,
    pub rate: Option<LacpRate>,
    pub min_links: Option<u8>,
    pub fallback: Option<bool>,
    pub pair: Option<u16>,
}

impl LagRequest {
    /// What the switch is told.
    pub fn settings(&self) -> LagSettings {
        let Self { name: _, mode, rate, min_links, fallback, pair } = self;
        LagSettings {
            mode: *mode,
            rate: *rate,
            min_links: *min_links,
            fallback: *fallback,
            pair: *pair,
        }
    }
}

/// A VLAN's definition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Network {
    pub vlan: Vlan,
    pub name: Option<String>,
    pub vni: Option<Vni>,
}

/// What a detached port is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of `switch::SafeState`")]
pub enum Safe {
    Idle(Vlan),
    Closed,
    Shut,
}

/// What comes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How it ends.
    pub result: Ending,
    /// A part of the error's text.
    pub message: Option<String>,
    /// Exactly the lines that the change is rendered to.
    pub lines: Option<Vec<String>>,
    /// What is read at the end, member by member; members that are not named may be anything, and
    /// `false` says that there is no such thing.
    pub after: Option<serde_json::Value>,
}

/// How a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The change was made, and what was wanted is read back.
    Applied,
    /// There was nothing to do.
    Already,
    /// Something was read, and nothing asked for.
    Read,
    /// The system cannot do it, and nothing was sent.
    Unsupported,
    /// There is no such port.
    NoSuchPort,
    /// The request makes no sense, or does not fit what is there.
    Conflict,
    /// The switch refused.
    Rejected,
    /// The switch said something unknown.
    Unrecognised,
    /// The connection broke.
    Disconnected,
    /// Nothing more came.
    TimedOut,
    /// The login failed.
    Unreachable,
    /// The switch said yes, but what is read back is something else.
    VerifyFailed,
}

impl Ending {
    /// As a case writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Read => "read",
            Self::Unsupported => "unsupported",
            Self::NoSuchPort => "no_such_port",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Unrecognised => "unrecognised",
            Self::Disconnected => "disconnected",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::VerifyFailed => "verify_failed",
        }
    }
}

/// Texts of a system, and what each is: `errors.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLines {
    /// The texts.
    #[serde(default)]
    pub line: Vec<KnownLine>,
}

/// A text of a system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownLine {
    /// The text, one line.
    pub text: String,
    /// What it is.
    pub is: LineKind,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of a profile's `answers`")]
pub enum LineKind {
    Error,
    Note,
    Busy,
    Absent,
    Noise,
}

/// Reads a file, or says what is wrong and where.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the file is longer than {MAX_BYTES} bytes"));
    }
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).map_or(1, |before| before.matches('\n').count() + 1);
        format!("line {line}: {}{}", error.message(), hint(error.message()))
    })
}

/// What was probably meant by a word that serde does not know: its message names it first, and
/// then those that it does.
fn hint(message: &str) -> String {
    let mut words = message.split('`').skip(1).step_by(2);
    let Some(given) = words.next().filter(|_| message.starts_with("unknown ")) else {
        return String::new();
    };
    let near = words.map(|word| (strsim::damerau_levenshtein(word, given), word)).min();
    match near {
        Some((distance, word)) if distance <= 3 => format!("\nhint: is `{word}` meant?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_told_with_its_line() {
        let text = "title = \"x\"\ntranscript = \"\"\n[request]\nverb = \"attach\"\nport = [\"a\"]\n\
                    [expect]\nresult = \"applied\"\n";
        let error = parse::<Case>(text).unwrap_err();
        assert!(error.starts_with("line 5: unknown field `port`"), "{error}");
        assert!(error.ends_with("hint: is `ports` meant?"), "{error}");
        let error = parse::<Case>(&text.replace("port =", "ports =").replace("applied", "aplied"));
        assert!(error.unwrap_err().ends_with("hint: is `applied` meant?"));
    }
}
