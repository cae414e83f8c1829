//! What a session needs of a connection: one line out, one answer back; and what that needs of a
//! transport: bytes.

use async_trait::async_trait;
use switch::DeviceError;

use super::profile::{PromptMode, Question};

/// A conversation with a switch.
///
/// The caller bounds each call by dropping its future, after which it drops the console too.
#[async_trait]
pub trait Console: Send {
    /// Sends one line and takes what is said until the next prompt, or until the command ends.
    async fn ask(&mut self, line: &Line<'_>) -> Result<Answer, DeviceError>;

    /// Sends lines whose order can do no harm, without waiting for each answer where the system
    /// allows it; one answer a line, in their order.
    async fn ask_all(&mut self, lines: &[Line<'_>]) -> Result<Vec<Answer>, DeviceError>;

    /// The prompt at which it stands, as the switch shows it (`kind = "terminal"`).
    fn prompt(&self) -> Option<String> {
        None
    }

    /// Says goodbye and hangs up.
    async fn close(self: Box<Self>);
}

/// A line to send.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The command, without an end of line.
    pub text: &'a str,
    /// Whether it may change something, so that a loss after it was sent leaves a doubt.
    pub changes: bool,
    /// What may be asked before the next prompt.
    pub questions: &'a [Question],
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The text without echo, prompt and control characters; lines end with `\n`.
    pub text: String,
    /// The prompt that followed (`kind = "terminal"`).
    pub prompt: Option<PromptMode>,
    /// The exit status (`kind = "commands"`); a command that a signal ended counts as 255.
    pub status: Option<u32>,
}

/// A terminal on a switch: what is typed and what is shown, byte by byte.
#[async_trait]
pub trait Terminal: Send {
    /// Types these bytes.
    async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError>;

    /// Waits for what is shown next; none is the end.
    async fn receive(&mut self) -> Result<Option<Vec<u8>>, DeviceError>;

    /// Hangs up.
    async fn close(self: Box<Self>);
}

/// A place where commands are run one by one.
#[async_trait]
pub trait Commands: Send {
    /// Runs one command to its end.
    async fn run(&mut self, command: &str, changes: bool) -> Result<Output, DeviceError>;

    /// Hangs up.
    async fn close(self: Box<Self>);
}

/// What a command left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its standard output and standard error, in the order in which they came.
    pub bytes: Vec<u8>,
    /// Its exit status; 255 when a signal ended it.
    pub status: u32,
}
