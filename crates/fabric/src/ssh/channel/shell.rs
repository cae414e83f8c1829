//! A shell: prompt, line, answer, prompt.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Context, Over, Session, Wire};
use crate::ssh::device::{Login, Manners, Prompt, Reply, TypeAhead, Wants};
use crate::ssh::editor::{Editor, Typed};
use crate::ssh::faults::{Fault, Moment};
use crate::ssh::pager::{Pager, Turn};

/// Bytes that are neither text nor the start of a UTF-8 letter, with escapes that a terminal
/// would act upon.
const GARBAGE: &[u8] =
    b"\x00\xff\xfe\x1b[2J\x80\x81\x1b]0;\x07\xc3\x28\x90\r\n\x00\xf0\x9f\x00\r\n";

/// Lines of endless output that are sent in one piece.
const LINES_AT_ONCE: usize = 64;

struct Shell<'a> {
    wire: &'a mut Wire,
    context: &'a Context,
    session: Session,
    manners: Manners,
    /// What follows the next prompt.
    noise: String,
}

/// Serves a shell until it ends.
pub(crate) async fn serve(
    wire: &mut Wire,
    context: &Context,
    terminal: Option<(u16, u16)>,
) -> Result<(), Over> {
    let manners = context.machine.manners();
    let delay = context.faults.forecast().login_delay;
    pass(wire, &manners, delay).await?;
    let fault = context.faults.take(None);
    let user = context.user.clone();
    let login = Login { user, number: 0, terminal, is_exec: false };
    let (id, greeting) = context.machine.open(login);
    let session = Session { machine: Arc::clone(&context.machine), id };
    let mut shell = Shell { wire, context, session, manners, noise: String::new() };
    shell.greet(fault, &greeting).await?;
    let mut editor = Editor::new(manners.overflow, manners.has_help);
    loop {
        let prompt = shell.session.machine.prompt(id);
        let Some(line) = shell.read(&mut editor, &prompt).await? else {
            break;
        };
        let is_command = prompt.wants == Wants::Command && !line.trim().is_empty();
        let reply = if is_command {
            shell.command(&line).await?
        } else {
            shell.session.machine.line(id, &line)
        };
        let ends = reply.ends;
        shell.print(reply).await?;
        if ends {
            break;
        }
    }
    shell.wire.status(0).await;
    Ok(())
}

/// Waits, showing what is typed as the system does.
async fn pass(wire: &mut Wire, manners: &Manners, delay: Duration) -> Result<(), Over> {
    if delay.is_zero() {
        return Ok(());
    }
    let echo = match manners.type_ahead {
        TypeAhead::Queued => None,
        TypeAhead::Twice => Some(false),
        TypeAhead::Early => Some(true),
    };
    wire.pass(Instant::now() + delay, echo).await
}

/// As it goes to a terminal.
pub(crate) fn to_terminal(text: &str) -> String {
    text.replace('\n', "\r\n")
}

fn half(text: &str) -> &str {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    text.get(..middle).unwrap_or_default()
}

impl Shell<'_> {
    async fn greet(&mut self, fault: Option<Fault>, greeting: &str) -> Result<(), Over> {
        match fault {
            Some(Fault::Drop(Moment::Before)) => {
                self.context.cut.cancel();
                return Err(Over);
            }
            Some(Fault::Hang(Moment::Before)) => return Err(self.wire.silence().await),
            Some(Fault::Garbage) => self.wire.send(GARBAGE).await?,
            Some(Fault::Endless) => return self.endless().await,
            Some(Fault::Reject(text)) => {
                return Err(self.context.send_and_cut(self.wire, to_terminal(&text)).await);
            }
            Some(Fault::Question(text)) => {
                self.ask(&text).await?;
            }
            Some(Fault::Slow(delay)) => pass(self.wire, &self.manners, delay).await?,
            Some(Fault::Noise(text)) => self.noise = text,
            Some(Fault::Truncate) => {
                return self.wire.send(to_terminal(half(greeting))).await;
            }
            Some(Fault::StuckPager) => return self.stuck(greeting).await,
            Some(Fault::Drop(_) | Fault::Hang(_)) => {
                if matches!(fault, Some(Fault::Hang(_))) {
                    self.wire.send(to_terminal(greeting)).await?;
                    return Err(self.wire.silence().await);
                }
                return Err(self.context.send_and_cut(self.wire, to_terminal(greeting)).await);
            }
            Some(Fault::Lie) | None => {}
        }
        self.wire.send(to_terminal(greeting)).await
    }

    /// Shows the prompt and reads a line; none when the client logs out.
    async fn read(&mut self, editor: &mut Editor, prompt: &Prompt) -> Result<Option<String>, Over> {
        let id = self.session.id;
        let width = self.session.machine.screen(id).width;
        let noise = to_terminal(&std::mem::take(&mut self.noise));
        let shown = format!("{}{}{noise}", self.manners.before_prompt, prompt.text);
        self.wire.send(shown).await?;
        if prompt.wants == Wants::Key {
            let (key, _) = self.wire.key().await?;
            self.wire.send("\r\n").await?;
            let line = if matches!(key, b'\r' | b'\n') {
                String::new()
            } else {
                char::from(key).to_string()
            };
            return Ok(Some(line));
        }
        editor.begin(&prompt.text, prompt.wants != Wants::Secret, width);
        loop {
            let mut echo = Vec::new();
            let (key, is_shown) = self.wire.key().await?;
            let typed = editor.feed(key, &mut echo);
            if is_shown {
                self.wire.send(echo).await?;
            }
            match typed {
                Typed::More => {}
                Typed::Line(line) => return Ok(Some(line)),
                Typed::Logout if prompt.wants == Wants::Text => {
                    return Ok(Some('\u{4}'.to_string()));
                }
                Typed::Logout => return Ok(None),
                Typed::Help(line) => {
                    let help = self.session.machine.help(id, &line).unwrap_or_default();
                    let so_far = editor.so_far();
                    let shown = format!("{}{}{so_far}", to_terminal(&help), prompt.text);
                    self.wire.send(shown).await?;
                }
                Typed::Interrupt => {
                    self.session.machine.interrupt(id, false);
                    return Ok(Some(String::new()));
                }
                Typed::End(line) => {
                    if !line.trim().is_empty() {
                        let reply = self.session.machine.line(id, &line);
                        self.print(reply).await?;
                    }
                    self.session.machine.interrupt(id, true);
                    return Ok(Some(String::new()));
                }
            }
        }
    }

    /// Carries out a command, with what is to go wrong.
    async fn command(&mut self, line: &str) -> Result<Reply, Over> {
        let delay = self.context.faults.forecast().command_delay;
        let fault = self.context.faults.take(Some(line.trim()));
        pass(self.wire, &self.manners, delay).await?;
        let id = self.session.id;
        let machine = Arc::clone(&self.session.machine);
        let done = |line: &str| machine.line(id, line);
        let Some(fault) = fault else {
            return Ok(done(line));
        };
        match fault {
            Fault::Reject(text) => {
                let reply = Reply::text(text);
                machine.refused(id, line, &reply.text);
                Ok(reply)
            }
            Fault::Lie => {
                machine.refused(id, line, "");
                Ok(Reply::silent())
            }
            Fault::Drop(Moment::Before) => {
                self.context.cut.cancel();
                Err(Over)
            }
            Fault::Hang(Moment::Before) => Err(self.wire.silence().await),
            Fault::Drop(moment) | Fault::Hang(moment) => {
                let text = done(line).text;
                let text = if moment == Moment::During { half(&text) } else { &text };
                if matches!(fault, Fault::Hang(_)) {
                    self.wire.send(to_terminal(text)).await?;
                    return Err(self.wire.silence().await);
                }
                Err(self.context.send_and_cut(self.wire, to_terminal(text)).await)
            }
            Fault::Endless => {
                machine.refused(id, line, "");
                self.endless().await?;
                Err(Over)
            }
            Fault::Garbage => {
                let reply = done(line);
                self.wire.send(GARBAGE).await?;
                Ok(Reply { text: String::new(), ..reply })
            }
            Fault::Truncate => {
                let reply = done(line);
                let text = half(&reply.text).to_owned();
                Ok(Reply { text, unpaged: true, ..reply })
            }
            Fault::StuckPager => {
                let text = done(line).text;
                self.stuck(&text).await?;
                Err(Over)
            }
            Fault::Question(text) => {
                let answer = self.ask(&text).await?;
                if answer.is_empty() || answer.to_ascii_lowercase().starts_with('y') {
                    return Ok(done(line));
                }
                machine.refused(id, line, "");
                Ok(Reply::silent())
            }
            Fault::Noise(text) => {
                self.noise = text;
                Ok(done(line))
            }
            Fault::Slow(delay) => {
                pass(self.wire, &self.manners, delay).await?;
                Ok(done(line))
            }
        }
    }

    async fn ask(&mut self, question: &str) -> Result<String, Over> {
        self.wire.send(to_terminal(question)).await?;
        let mut editor = Editor::new(self.manners.overflow, false);
        editor.begin(question, true, None);
        loop {
            let mut echo = Vec::new();
            let typed = editor.feed(self.wire.key().await?.0, &mut echo);
            self.wire.send(echo).await?;
            match typed {
                Typed::Line(line) | Typed::End(line) => return Ok(line),
                Typed::Interrupt | Typed::Logout => return Ok("no".to_owned()),
                Typed::More | Typed::Help(_) => {}
            }
        }
    }

    async fn endless(&mut self) -> Result<(), Over> {
        let mut number = 0_u64;
        loop {
            let mut text = String::new();
            for _ in 0..LINES_AT_ONCE {
                number += 1;
                text.push_str(&format!("{number:>12}  not the last line of this output\r\n"));
            }
            self.wire.send(text).await?;
        }
    }

    async fn stuck(&mut self, text: &str) -> Result<(), Over> {
        let first = text.split_inclusive('\n').next().unwrap_or("\n");
        loop {
            let shown = format!("{}{}", to_terminal(first), self.manners.pager);
            self.wire.send(shown).await?;
            self.wire.key().await?;
            self.wire.send(self.manners.pager_erase).await?;
        }
    }

    async fn print(&mut self, reply: Reply) -> Result<(), Over> {
        let screen = self.session.machine.screen(self.session.id);
        let length = screen.length.filter(|_| !reply.unpaged);
        let Some(length) = length else {
            return self.wire.send(to_terminal(&reply.text)).await;
        };
        let mut pager = Pager::new(&reply.text, length, screen.width);
        let (mut text, mut more) = pager.page();
        loop {
            self.wire.send(to_terminal(&text)).await?;
            if !more {
                return Ok(());
            }
            self.wire.send(self.manners.pager).await?;
            loop {
                let (key, _) = self.wire.key().await?;
                match pager.key(key, &self.manners) {
                    Turn::Ignored => {}
                    Turn::Stop => return self.wire.send(self.manners.pager_erase).await,
                    Turn::Print(next, is_more) => {
                        (text, more) = (next, is_more);
                        break;
                    }
                }
            }
            self.wire.send(self.manners.pager_erase).await?;
        }
    }
}
