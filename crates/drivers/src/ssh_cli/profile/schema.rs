//! The file as it is written, before it is checked: one TOML file says all that Mercury knows of a
//! switch system. The comments here are the reference; `docs/src/profiles.md` is the guide.
//!
//! A profile is data with two small languages in it: regular expressions, which recognise what a
//! switch says, and templates, which say what it is told. Nothing in it can run anything.

use std::collections::BTreeMap;

use model::PortNaming;
use schemars::JsonSchema;
use serde::Deserialize;
use switch::Capabilities;

/// A whole file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawProfile {
    /// The version of this language: 1.
    pub profile: u32,
    /// How the configuration names it: lower case, digits, dashes.
    pub name: String,
    /// What people call the system.
    pub title: String,
    /// Other names for it, such as networking-generic-switch's device type.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What the facts in the file rest on, one source an entry.
    #[serde(default)]
    pub sources: Vec<String>,
    /// What an operator has to know before trusting it: what the system cannot do, what was never
    /// seen on a real one.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Why the system lacks what it lacks, or why the profile does: a capability (as
    /// `[capabilities]` calls it) and the reason, for the documentation.
    #[serde(default)]
    pub lacks: BTreeMap<String, String>,
    /// How ports are named.
    pub ports: RawPorts,
    /// How LAGs are named; absent where there are none.
    pub lags: Option<RawLags>,
    /// What texts the system takes.
    #[serde(default)]
    pub texts: RawTexts,
    /// What the system can do, as the core knows it. What a word needs (a template, a rule that
    /// reads it back) has to be there, and nothing else.
    pub capabilities: Capabilities,
    /// What the configuration of a switch may or must say, for templates to use.
    #[serde(default)]
    pub options: BTreeMap<String, RawOption>,
    /// How one talks to it.
    pub session: RawSession,
    /// What its answers mean.
    #[serde(default)]
    pub answers: RawAnswers,
    /// How a change begins and ends.
    #[serde(default)]
    pub configure: RawConfigure,
    /// How VLANs are read and written.
    #[serde(default)]
    pub vlans: RawVlans,
    /// What it is told, a template for each kind of change.
    pub render: RawRender,
    /// What is asked, and what is read from the answers.
    pub read: Vec<RawRead>,
    /// How the running configuration is kept; absent where it is kept at once.
    pub save: Option<RawSave>,
}

/// How ports are named.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPorts {
    /// Which spellings mean the same port.
    pub naming: PortNaming,
    /// What a port is called; a regular expression for the whole name. What it does not match (a
    /// management port, a VLAN interface) is no port, whatever the switch says.
    pub pattern: String,
    /// The name of a port, for the examples that the documentation shows and by which the
    /// templates are tried. It has to be there.
    pub example: Option<String>,
    /// How many bytes the system's MTU of a port counts beyond the payload, such as 22 where it is
    /// that of the whole tagged frame. What is read has it taken off; templates add it. Default 0.
    #[serde(default)]
    pub frame_overhead: u16,
}

/// How LAGs are named.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawLags {
    /// What a LAG is called; a regular expression for the whole name. It matches no port.
    pub pattern: String,
    /// The name of a LAG, for examples; where LAGs are numbered, the prefix and 10 if there is
    /// none.
    pub example: Option<String>,
}

/// What texts the system takes. Whatever people ask for is one line of printable ASCII without
/// `"`, `\\` and `?`; where a system takes less, or takes some of it for something else, it is
/// said here. A text that does not match is refused before anything is sent.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTexts {
    /// A description; a regular expression for the whole text.
    pub description: Option<String>,
    /// The name of a VLAN; a regular expression for the whole text.
    pub vlan_name: Option<String>,
}

/// Something that the configuration of a switch says for its profile, such as a BGP number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawOption {
    /// What it is, for people.
    pub about: String,
    /// What its text must match as a whole. A value is only ever used as a word of a command.
    pub pattern: String,
    /// What it is when the configuration does not say; without it, what needs the option is a
    /// capability that the switch lacks.
    pub default: Option<String>,
    /// A value, for examples; the default counts as one.
    pub example: Option<String>,
    /// What needs it.
    #[serde(default)]
    pub needed_for: OptionNeed,
}

/// What an option is needed for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OptionNeed {
    /// Everything: a switch without it is refused.
    #[default]
    Always,
    /// LAGs over a pair.
    Pair,
    /// VLAN-to-VNI mapping.
    Vxlan,
    /// Nothing: a template asks whether it is there.
    Nothing,
}

/// How one talks to the system.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSession {
    /// A command line on a terminal, or commands that are run one by one.
    pub kind: SessionKind,
    /// The host's part of a prompt. It is learned at login, and from then on only the learned one
    /// counts.
    #[serde(default = "hostname")]
    pub hostname: String,
    /// The prompts (`kind = "terminal"`), a regular expression each for the whole last line, with
    /// `{host}` for the host's part. `ready` is where commands that read are given, `configure`
    /// the outermost place where commands that change are, `inside` any place below it, `user` the
    /// place before `enable`.
    #[serde(default)]
    pub prompts: BTreeMap<PromptMode, String>,
    /// What is typed to end a line. Default `"\r"`.
    #[serde(default = "newline")]
    pub newline: String,
    /// Whether what is typed comes back. Default yes.
    #[serde(default = "yes")]
    pub echo: bool,
    /// The terminal that is asked for. Default `vt100`.
    #[serde(default = "terminal")]
    pub terminal: String,
    /// Its width in columns, wide enough that no line is broken. Default 511.
    #[serde(default = "width")]
    pub width: u32,
    /// The command that leads from `user` to `ready`, if there is one; the switch's
    /// `enable_secret` answers its question.
    pub enable: Option<String>,
    /// What is sent after login, so that answers come whole: paging off, width.
    #[serde(default)]
    pub prepare: Vec<String>,
    /// What may be asked between login and the first prompt, or in answer to `enable`.
    #[serde(default)]
    pub questions: Vec<RawQuestion>,
    /// What means that a new password is demanded, which is for a person to give.
    #[serde(default)]
    pub new_password: Vec<String>,
    /// What a pager shows when it waits although paging is off, a regular expression for the end
    /// of the output. It is answered with `q` and counts as an error.
    #[serde(default = "pager")]
    pub pager: String,
    /// Whether lines may be sent before the answer to the last has come, where their order cannot
    /// do harm: reading, a candidate, and where each line takes effect, those that only lead from one
    /// request's context into the next one's. Default no.
    #[serde(default)]
    pub pipeline: bool,
    /// What is sent at the end.
    pub goodbye: Option<String>,
    /// How many sessions the system takes from everybody, for people.
    pub sessions: Option<u32>,
    /// What is put before each command (`kind = "commands"`), such as `sudo -n`; the switch's
    /// option of this name counts more. Templates do not repeat it.
    #[serde(default)]
    pub prefix: String,
}

fn hostname() -> String {
    "[0-9A-Za-z_.-]{1,64}".to_owned()
}

fn newline() -> String {
    "\r".to_owned()
}

const fn yes() -> bool {
    true
}

fn terminal() -> String {
    "vt100".to_owned()
}

const fn width() -> u32 {
    511
}

fn pager() -> String {
    r"(?i)-+ ?\(?more\b.*$".to_owned()
}

/// A command line on a terminal, or commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// An interactive command line: echo, prompts, modes.
    Terminal,
    /// A shell that runs one command at a time and answers with an exit status; no terminal is
    /// asked for. A status other than 0 is a refusal.
    Commands,
}

/// Where a prompt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromptMode {
    /// Before `enable`.
    User,
    /// Where reading is done.
    Ready,
    /// The outermost place of configuration.
    Configure,
    /// Below it.
    Inside,
}

impl PromptMode {
    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ready => "ready",
            Self::Configure => "configure",
            Self::Inside => "inside",
        }
    }
}

/// A question and its answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawQuestion {
    /// How the question ends, a regular expression for the last line.
    pub r#match: String,
    /// What is typed. `{username}`, `{password}` and `{enable_secret}` stand for the switch's.
    pub answer: String,
    /// Whether a key answers it, so that no end of line is typed: one would be a command of its
    /// own. Default no.
    #[serde(default)]
    pub key: bool,
}

/// What answers mean. An answer to a command that changes something is an error unless it is empty
/// or every line of it is a note; an answer to a command that reads is an error if its first line
/// is one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawAnswers {
    /// Lines by which the system refuses: what was sent had no effect.
    pub errors: Vec<String>,
    /// Lines that are no error, although they are an answer.
    pub notes: Vec<String>,
    /// Lines by which it says that somebody else is in the way (a lock, too many sessions).
    pub busy: Vec<String>,
    /// Lines, in an answer to a command that reads, by which it says that there is no such thing.
    pub absent: Vec<String>,
    /// Lines that have nothing to do with what was asked (log messages) and are passed over.
    pub noise: Vec<String>,
}

/// How a change begins and ends. Lines are templates; `session` is a name made for this change.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawConfigure {
    /// Whether each line takes effect by itself, or all at `commit`.
    pub style: ConfigureStyle,
    /// From `ready` to `configure`.
    pub enter: Vec<String>,
    /// What goes one level up, sent where a template's indentation ends; absent where the next
    /// line of the outer level does that by itself.
    pub exit: Option<String>,
    /// From `configure`, or below it, to `ready` (`style = "immediate"`).
    pub leave: Vec<String>,
    /// What shows the candidate's difference (`style = "candidate"`).
    pub diff: Option<String>,
    /// What makes the candidate the configuration and leads to `ready`.
    pub commit: Vec<String>,
    /// The same, but the system takes it back by itself unless `confirm` follows in time.
    pub commit_confirmed: Vec<String>,
    /// Confirms it, from `ready`.
    pub confirm: Vec<String>,
    /// What gives the candidate up and leads to `ready`, from `configure` or below it.
    pub abort: Vec<String>,
    /// What removes, from `ready`, a candidate that a lost connection has left behind, on systems
    /// that keep it. It is sent before the next one is begun; whatever is answered is taken.
    pub discard: Vec<String>,
    /// Lines by which a commit says that it has succeeded; one of them must come if any are given.
    pub committed: Vec<String>,
    /// What may be asked in answer to a command that changes something. A question that is not
    /// here is answered by giving the session up.
    pub questions: Vec<RawQuestion>,
    /// Makes one command of all lines of a request (`kind = "commands"`, `style = "immediate"`),
    /// on systems where one command is one transaction.
    pub join: Option<RawJoin>,
}

/// How lines become one command: `first`, a blank, and the lines with `between` between them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawJoin {
    /// The beginning, such as `ovs-vsctl`. Lines do not repeat it.
    pub first: String,
    /// What stands between the lines, such as ` -- `.
    pub between: String,
}

/// When lines take effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigureStyle {
    /// Each by itself.
    #[default]
    Immediate,
    /// All at the commit.
    Candidate,
}

/// How VLANs are read and written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawVlans {
    /// Whether the system keeps a mode with lists, or memberships.
    pub style: VlanStyle,
    /// Whether the native VLAN of a trunk carries frames only when it is among the allowed ones
    /// (`style = "switchport"`).
    pub native: NativeStyle,
    /// What stands between the entries of a list that is written. Default `,`.
    pub separator: String,
    /// What stands between the ends of a range that is written; empty where there are no ranges.
    /// Default `-`.
    pub range: String,
    /// What a fact is that no rule has found, by the fact's name.
    pub defaults: BTreeMap<String, String>,
    /// Lines of an answer about a port that could concern its VLANs. One that no rule knows makes
    /// the port's VLANs unknown (`other`), which is taken to be all of them.
    pub relevant: Vec<String>,
    /// Lines about a port's VLANs that no rule knows, for examples: what the `lines` of an `other`
    /// mode may hold. Each is `relevant`.
    pub example: Vec<String>,
    /// VLANs that the system keeps for itself, as a set.
    pub reserved: Option<String>,
}

impl Default for RawVlans {
    fn default() -> Self {
        Self {
            style: VlanStyle::Switchport,
            native: NativeStyle::Listed,
            separator: ",".to_owned(),
            range: "-".to_owned(),
            defaults: BTreeMap::new(),
            relevant: Vec::new(),
            example: Vec::new(),
            reserved: None,
        }
    }
}

/// How a system keeps VLANs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VlanStyle {
    /// A port has a `mode`, an `access` VLAN, a `native` VLAN and an `allowed` list.
    Switchport,
    /// A port is an `untagged` or `tagged` member of VLANs.
    Membership,
}

/// What a native VLAN needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NativeStyle {
    /// To be among the allowed ones as well.
    Listed,
    /// Nothing.
    Implied,
}

/// Templates, one for each kind of change. A line of the result is a command; deeper indentation
/// is inside the line above. Blank lines are nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawRender {
    /// What is put before each template: macros and fixed values that several of them use.
    pub common: Option<String>,
    /// Defines `vlan`.
    pub create_vlan: Option<String>,
    /// Removes its definition.
    pub delete_vlan: Option<String>,
    /// Maps `vlan` to `vni`.
    pub map_vni: Option<String>,
    /// Takes the mapping back.
    pub unmap_vni: Option<String>,
    /// Any change of what `port` carries, from `from` to `to`.
    pub set_vlans: Option<String>,
    /// Shuts `port` or switches it on: `to` is `up` or `down`.
    pub set_admin: Option<String>,
    /// `to` is a text or none.
    pub set_description: Option<String>,
    /// `to` is a number or none.
    pub set_mtu: Option<String>,
    /// `to` is true, false or none.
    pub set_stp_edge: Option<String>,
    /// `to` is true, false or none.
    pub set_bpdu_guard: Option<String>,
    /// Makes `lag` with `settings` and `config`, without members.
    pub create_lag: Option<String>,
    /// Removes `lag`, which has no members any more.
    pub delete_lag: Option<String>,
    /// Changes LACP, rate, minimum links or fallback of `lag`, from `from` to `to`.
    pub set_lag: Option<String>,
    /// Puts `port` into `lag`.
    pub add_member: Option<String>,
    /// Takes `port` out of `lag`; it then carries `to`.
    pub remove_member: Option<String>,
}

/// Something that is asked, and what is read from the answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRead {
    /// What it tells.
    pub tells: Tells,
    /// The command: a template with `port`, `lag`, `vlan` for `each`.
    pub command: String,
    /// Whether it is asked once, or once for each port, LAG or VLAN.
    #[serde(default)]
    pub each: Each,
    /// How the answer is laid out.
    pub shape: Shape,
    /// The place of the rules' lines, a regular expression for the lines above them joined by
    /// ` > ` (`shape = "indented"`). Its groups count as the rules'.
    pub within: Option<String>,
    /// A line that matches is the end of the line before it (`shape = "lines"`).
    pub continued: Option<String>,
    /// Members of objects by which the elements of an array are told apart, instead of by their
    /// position (`shape = "json"`).
    #[serde(default)]
    pub keys: Vec<String>,
    /// What is read.
    pub rules: Vec<RawRule>,
}

/// What a reading tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tells {
    /// How ports are configured, and which LAG they are in.
    Ports,
    /// How LAGs are configured, and their members.
    Lags,
    /// Which LAGs there are.
    LagNames,
    /// Which VLANs are defined, their names and VNIs.
    Vlans,
    /// The state of links and protocols.
    Status,
    /// Other names of ports: alias, interface index, MAC address.
    Names,
    /// What is heard by LLDP.
    Lldp,
    /// Which MAC addresses are where.
    Macs,
}

impl Tells {
    /// All kinds, in the order of a profile's documentation.
    pub const ALL: [Self; 8] = [
        Self::Ports,
        Self::Lags,
        Self::LagNames,
        Self::Vlans,
        Self::Status,
        Self::Names,
        Self::Lldp,
        Self::Macs,
    ];
}

/// How often something is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Each {
    /// Once.
    #[default]
    Once,
    /// For each port.
    Port,
    /// For each LAG.
    Lag,
    /// For each VLAN.
    Vlan,
}

/// How an answer is laid out. Whatever it is, rules see lines of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A configuration: what is indented belongs to the line above.
    Indented,
    /// Lines by themselves.
    Lines,
    /// JSON. Each value becomes a line `path/to/it = value`.
    Json,
}

/// A regular expression for a line, and what it says.
///
/// Groups named `port`, `lag` or `vlan` say whom it is about; without them it is about the object
/// that was asked for. A `port` whose name is a LAG's is that LAG.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawRule {
    /// The line, as a whole: the expression is anchored at both ends. `{options.NAME}` stands for
    /// an option of the switch, here and in `within`.
    pub r#match: String,
    /// The facts that it states: a fixed text, or `$group`.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// How the running configuration is kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSave {
    /// What is sent, from `ready`.
    pub commands: Vec<String>,
    /// What may be asked.
    #[serde(default)]
    pub questions: Vec<RawQuestion>,
    /// Lines by which it says that it has been done; one of them must come if any are given.
    #[serde(default)]
    pub saved: Vec<String>,
    /// Other lines of its answer that are no error.
    #[serde(default)]
    pub notes: Vec<String>,
}
