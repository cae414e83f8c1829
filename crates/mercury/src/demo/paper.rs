//! What the demonstration is written on: titles, claims, wrapped lines.
//!
//! A claim is written only after it was checked, so whoever reads it can rely on it; the number of
//! claims is told at the end. Colour only repeats what the words say. A reader that has gone
//! (`| head`) is no error: the story goes on to its end, because it is a test too.

use std::io::{self, ErrorKind, Write};

use anyhow::Context as _;

pub(super) use crate::render::Tone;
use crate::render::{Look, safe};

/// Columns of a line: narrow enough for half a screen, a slide, or a letter.
const WIDTH: usize = 78;

/// How far the text below a title is indented.
const MARGIN: usize = 4;

/// The paper.
pub(super) struct Paper<'a> {
    out: &'a mut dyn Write,
    look: Look,
    gone: bool,
    titles: usize,
    claims: usize,
}

impl<'a> Paper<'a> {
    /// Empty paper.
    pub(super) fn new(out: &'a mut dyn Write, look: Look) -> Self {
        Self { out, look, gone: false, titles: 0, claims: 0 }
    }

    /// How many titles and claims there are so far.
    pub(super) const fn told(&self) -> (usize, usize) {
        (self.titles, self.claims)
    }

    /// Whether a line as it is has room below a title.
    pub(super) fn fits(text: &str) -> bool {
        MARGIN + text.chars().count() <= WIDTH
    }

    /// Whether the reader has gone.
    pub(super) const fn is_gone(&self) -> bool {
        self.gone
    }

    /// The text in the colour of its tone.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        self.look.paint(tone, text)
    }

    /// The next part of the story.
    pub(super) fn title(&mut self, text: &str) -> anyhow::Result<()> {
        self.titles += 1;
        let title = format!("{:>2}. {text}", self.titles);
        let title = self.paint(Tone::Strong, &title);
        self.write(&format!("\n{title}\n"))
    }

    /// Words for the reader.
    pub(super) fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.wrapped("", "", text, None)
    }

    /// Something that was checked.
    pub(super) fn claim(&mut self, text: &str) -> anyhow::Result<()> {
        self.claims += 1;
        self.wrapped("✓ ", "", text, Some(Tone::Good))
    }

    /// What somebody types in a shell.
    pub(super) fn command(&mut self, text: &str) -> anyhow::Result<()> {
        self.typed(&format!("$ {text}"))
    }

    /// What somebody types, and the prompt before it.
    pub(super) fn typed(&mut self, text: &str) -> anyhow::Result<()> {
        self.line(&self.paint(Tone::Faint, text))
    }

    /// An answer in its own words, such as an error.
    pub(super) fn quote(&mut self, tone: Tone, text: &str) -> anyhow::Result<()> {
        let quote = |paper: &mut Self, line: &str| paper.wrapped("| ", "| ", line, Some(tone));
        text.lines().try_for_each(|line| quote(self, line))
    }

    /// A heading and the lines that belong to it, each wrapped and as deep as it is.
    pub(super) fn list(&mut self, heading: &str, lines: &[String]) -> anyhow::Result<()> {
        let width = heading.chars().count() + 1;
        let empty = " ".repeat(width);
        for (number, line) in lines.iter().enumerate() {
            let depth = " ".repeat(line.chars().take_while(|c| *c == ' ').count());
            let start = if number == 0 { format!("{heading} ") } else { empty.clone() };
            self.wrapped(&format!("{start}{depth}"), &format!("{empty}{depth}"), line, None)?;
        }
        Ok(())
    }

    /// One line as it is, below the title's.
    pub(super) fn line(&mut self, text: &str) -> anyhow::Result<()> {
        let text = format!("{:MARGIN$}{text}", "");
        self.write(&format!("{}\n", text.trim_end()))
    }

    fn wrapped(
        &mut self,
        first: &str,
        next: &str,
        text: &str,
        tone: Option<Tone>,
    ) -> anyhow::Result<()> {
        let room = WIDTH - MARGIN - first.chars().count();
        let first = tone.map_or_else(|| first.to_owned(), |tone| self.paint(tone, first));
        let next = match (tone, next.is_empty()) {
            (Some(tone), false) => self.paint(tone, next),
            (_, true) => " ".repeat(WIDTH - MARGIN - room),
            (None, false) => next.to_owned(),
        };
        for (number, line) in wrap(&safe(text), room).into_iter().enumerate() {
            let start = if number == 0 { &first } else { &next };
            self.line(&format!("{start}{line}"))?;
        }
        Ok(())
    }

    /// Writes at once: the reader follows the story as it goes.
    fn write(&mut self, text: &str) -> anyhow::Result<()> {
        if self.gone {
            return Ok(());
        }
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.settle(written)
    }

    fn settle(&mut self, written: io::Result<()>) -> anyhow::Result<()> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(())
            }
            other => other.context("cannot write to standard output"),
        }
    }
}

/// Breaks a text between words, or inside one that is longer than a line.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else { continue };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        while used > width {
            let Some(line) = lines.last_mut() else { break };
            let cut = line.char_indices().nth(width).map_or(line.len(), |(at, _)| at);
            let rest = line.split_off(cut);
            used = rest.chars().count();
            lines.push(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(look: Look, write: impl FnOnce(&mut Paper<'_>)) -> String {
        let mut text = Vec::new();
        write(&mut Paper::new(&mut text, look));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn words_are_wrapped_and_long_words_cut() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("x abcdefghij y", 4), ["x", "abcd", "efgh", "ij y"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn claims_and_quotes_align() {
        let text = written(Look::default(), |paper| {
            paper.title("A title").unwrap();
            paper.say("Some words").unwrap();
            paper.claim(&format!("{} end", "word ".repeat(16))).unwrap();
            paper.quote(Tone::Bad, "no\nway").unwrap();
            paper.list("sent", &["one".to_owned(), "  two".to_owned()]).unwrap();
            paper.command("true").unwrap();
            assert_eq!(paper.told(), (1, 1));
        });
        insta::assert_snapshot!(text, @r"

         1. A title
            Some words
            ✓ word word word word word word word word word word word word word word
              word word end
            | no
            | way
            sent one
                   two
            $ true
        ");
    }

    #[test]
    fn colour_repeats_what_the_words_say() {
        let text = written(Look { colour: true, width: None }, |paper| {
            paper.quote(Tone::Bad, "no").unwrap();
        });
        assert_eq!(text, "    \x1b[31m| \x1b[0mno\n");
    }

    #[test]
    fn a_reader_that_has_gone_ends_nothing() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut gone = Gone;
        let mut paper = Paper::new(&mut gone, Look::default());
        paper.claim("one").unwrap();
        paper.claim("two").unwrap();
        assert!(paper.is_gone());
        assert_eq!(paper.told(), (0, 2));
    }
}
