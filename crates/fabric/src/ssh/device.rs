//! What a simulated operating system has to answer.

use tokio::time::Instant;

use super::view::PortView;
use super::world::World;

/// One operating system with one switch's state. The framework holds it behind a lock, so every
/// command is one step that nothing interrupts.
///
/// What is private to a login (the mode, a candidate configuration, whether the pager is on) is
/// in `Session`; everything else is in the device itself.
pub trait Device: Send + 'static {
    /// What one login has for itself.
    type Session: Send + 'static;

    /// How its terminal behaves.
    fn manners(&self) -> Manners;

    /// A login. The text is printed before the first prompt.
    fn open(&mut self, login: &Login) -> (Self::Session, String);

    /// What the session shows when it waits. A question (`Password: `) is a prompt as well: the
    /// session knows that it has asked, and takes the next line as the answer.
    fn prompt(&self, session: &Self::Session) -> Prompt;

    /// Carries out one line, without its end.
    fn line(&mut self, session: &mut Self::Session, line: &str, now: Instant) -> Reply;

    /// How much fits on the session's screen; what is longer goes through the pager.
    fn screen(&self, session: &Self::Session) -> Screen;

    /// Answers `?` typed after `line`. Nothing unless the system has it.
    fn help(&self, _session: &Self::Session, _line: &str) -> Option<String> {
        None
    }

    /// Control-C, and control-Z, which is `true`.
    fn interrupt(&mut self, _session: &mut Self::Session, _is_end: bool) {}

    /// Whether a command given to an exec channel reads its standard input; the framework then
    /// collects it, to the end, before it calls [`exec`](Self::exec).
    fn reads_input(&self, _command: &str) -> bool {
        false
    }

    /// Carries out the command of an exec channel, in a session of its own.
    fn exec(
        &mut self,
        session: &mut Self::Session,
        command: &str,
        input: &[u8],
        now: Instant,
    ) -> Exit {
        let _ = input;
        let mut output = String::new();
        for line in command.lines() {
            let reply = self.line(session, line, now);
            output.push_str(&reply.text);
            if reply.ends {
                break;
            }
        }
        Exit { output, errors: String::new(), status: 0 }
    }

    /// The login is over: what it held is given back.
    fn close(&mut self, _session: Self::Session) {}

    /// What happens by itself at this time or has happened before, such as a commit that was not
    /// confirmed. Called before everything else; true if something has changed.
    fn expire(&mut self, _now: Instant) -> bool {
        false
    }

    /// Every port and LAG as the system forwards, by name.
    fn ports(&self) -> Vec<PortView>;

    /// The canonical name of a port or LAG written in any way that the system accepts.
    fn canonical(&self, name: &str) -> Option<String>;

    /// The running configuration, as the system shows it to its administrator.
    fn running(&self) -> String;

    /// Whether the configuration that the next start would use equals the running one.
    fn is_saved(&self) -> bool;

    /// What is plugged in.
    fn world(&mut self) -> &mut World;
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// Counts the logins of a switch, from 1.
    pub number: u64,
    /// Whether a terminal was asked for, with its columns and lines.
    pub terminal: Option<(u16, u16)>,
    /// An exec channel: one command, no prompts.
    pub is_exec: bool,
}

/// What a session shows when it waits for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// As it goes to the terminal.
    pub text: String,
    /// What is expected.
    pub wants: Wants,
}

/// What a prompt asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// A command.
    Command,
    /// A line that answers a question.
    Answer,
    /// A line of a text, which control-D ends: the end is a line that is this character.
    Text,
    /// A password: neither shown nor recorded.
    Secret,
    /// One key, without return (`[confirm]`).
    Key,
}

impl Prompt {
    /// Waits for a command.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), wants: Wants::Command }
    }

    /// A question.
    pub fn ask(text: impl Into<String>, wants: Wants) -> Self {
        Self { text: text.into(), wants }
    }
}

/// The answer to a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// What is printed: lines that end with `\n`, or nothing.
    pub text: String,
    /// The session is over.
    pub ends: bool,
    /// Never goes through the pager, however long.
    pub unpaged: bool,
}

impl Reply {
    /// Nothing is printed.
    #[must_use]
    pub fn silent() -> Self {
        Self::default()
    }

    /// Prints this; a missing end of line is added.
    pub fn text(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self { text, ..Self::default() }
    }

    /// Ends the session.
    #[must_use]
    pub fn end() -> Self {
        Self { ends: true, ..Self::default() }
    }
}

/// The end of an exec channel's command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
    /// Exit status.
    pub status: u32,
}

/// A session's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Lines before the pager asks; none is no pager.
    pub length: Option<u16>,
    /// Columns at which the echo of a long line is broken; none is no limit.
    pub width: Option<u16>,
}

/// How a system's terminal behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manners {
    /// What the pager asks.
    pub pager: &'static str,
    /// What the pager writes over its question.
    pub pager_erase: &'static str,
    /// A key that the pager does not know ends the output, instead of being ignored.
    pub pager_stops_on_any_key: bool,
    /// What becomes of the echo at the right margin.
    pub overflow: Overflow,
    /// What becomes of what is typed while a command runs.
    pub type_ahead: TypeAhead,
    /// `?` asks for help at once, without return; otherwise it is a letter like others.
    pub has_help: bool,
    /// Written before every prompt.
    pub before_prompt: &'static str,
    /// Most session channels of one connection: one on systems with an SSH server of their own.
    pub max_channels: usize,
}

/// The echo of a line that is longer than the screen is wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Goes on in the next line, by a blank and a carriage return, as GNU readline does.
    Wrap,
    /// The line is scrolled to the left, and begins with `$`, as Cisco IOS does.
    Scroll,
    /// The terminal is left to cope.
    None,
}

/// Input that comes before the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeAhead {
    /// Kept, and echoed when it is its turn.
    Queued,
    /// Echoed when it comes, and again after the prompt.
    Twice,
    /// Echoed when it comes, and not again.
    Early,
}
