//! The line that is being typed, and its echo. Pure: bytes in, bytes out.

use super::device::Overflow;

/// Longest line; what is typed beyond it is swallowed with a bell. Real systems take less.
const MAX_LINE: usize = 64 * 1024;

/// What a byte has done to the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// The line goes on.
    More,
    /// Return.
    Line(String),
    /// `?`; the line so far stays.
    Help(String),
    /// Control-C: the line is dropped.
    Interrupt,
    /// Control-Z: the line counts, and the mode is left.
    End(String),
    /// Control-D on an empty line.
    Logout,
}

/// One line in the making.
#[derive(Debug)]
pub(crate) struct Editor {
    line: Vec<u8>,
    echo: bool,
    has_help: bool,
    overflow: Overflow,
    width: Option<usize>,
    start: usize,
    column: usize,
    is_quoted: bool,
    was_return: bool,
}

impl Editor {
    /// A line after a prompt that ends at column `start`.
    pub(crate) const fn new(overflow: Overflow, has_help: bool) -> Self {
        Self {
            line: Vec::new(),
            echo: true,
            has_help,
            overflow,
            width: None,
            start: 0,
            column: 0,
            is_quoted: false,
            was_return: false,
        }
    }

    /// Begins a line.
    pub(crate) fn begin(&mut self, prompt: &str, echo: bool, width: Option<u16>) {
        let last = prompt.rsplit(['\n', '\r']).next().unwrap_or_default();
        self.line.clear();
        self.echo = echo;
        self.width = width.map(usize::from).filter(|width| *width > 10);
        self.start = last.chars().filter(|letter| !letter.is_control()).count();
        self.column = self.start;
        self.is_quoted = false;
    }

    /// The line so far, to be shown again.
    pub(crate) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.line).into_owned()
    }

    /// Takes a byte; what is to be echoed is appended to `out`.
    pub(crate) fn feed(&mut self, byte: u8, out: &mut Vec<u8>) -> Typed {
        let after_return = std::mem::replace(&mut self.was_return, byte == b'\r');
        if self.is_quoted {
            self.is_quoted = false;
            self.insert(byte, out);
            return Typed::More;
        }
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                out.extend_from_slice(b"\r\n");
                return Typed::Line(self.take());
            }
            0x03 => {
                self.line.clear();
                out.extend_from_slice(b"^C\r\n");
                return Typed::Interrupt;
            }
            0x1a => {
                out.extend_from_slice(b"^Z\r\n");
                return Typed::End(self.take());
            }
            0x04 if self.line.is_empty() => return Typed::Logout,
            0x08 | 0x7f => self.rub(1, out),
            0x15 => self.rub(self.line.len(), out),
            0x17 => {
                let kept = self.line.trim_ascii_end();
                let kept = kept.iter().rposition(|byte| *byte == b' ').map_or(0, |space| space + 1);
                self.rub(self.line.len() - kept, out);
            }
            0x16 => self.is_quoted = true,
            b'?' if self.has_help && self.echo => {
                out.extend_from_slice(b"?\r\n");
                return Typed::Help(self.so_far());
            }
            0..0x20 => out.push(0x07),
            _ => self.insert(byte, out),
        }
        Typed::More
    }

    fn take(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned()
    }

    fn rub(&mut self, count: usize, out: &mut Vec<u8>) {
        for _ in 0..count {
            if self.line.pop().is_some() && self.echo {
                out.extend_from_slice(b"\x08 \x08");
                self.column = self.column.saturating_sub(1);
            }
        }
    }

    fn insert(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.line.len() >= MAX_LINE {
            out.push(0x07);
            return;
        }
        self.line.push(byte);
        if !self.echo {
            return;
        }
        out.push(byte);
        self.column += 1;
        let Some(width) = self.width.filter(|width| self.column >= *width) else {
            return;
        };
        match self.overflow {
            Overflow::None => {}
            Overflow::Wrap => {
                out.extend_from_slice(b" \r");
                self.column = 0;
            }
            Overflow::Scroll => self.scroll(width, out),
        }
    }

    /// Shows the last letters behind a `$`, at the place where the line began.
    fn scroll(&mut self, width: usize, out: &mut Vec<u8>) {
        let room = width.saturating_sub(self.start);
        let shown = (room / 2).max(1);
        let typed = self.column - self.start;
        out.extend(std::iter::repeat_n(0x08, typed));
        out.push(b'$');
        let tail = self.line.len().saturating_sub(shown);
        out.extend_from_slice(self.line.get(tail..).unwrap_or_default());
        let blank = typed.saturating_sub(shown + 1);
        out.extend(std::iter::repeat_n(b' ', blank));
        out.extend(std::iter::repeat_n(0x08, blank));
        self.column = self.start + shown + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(editor: &mut Editor, text: &str) -> (Vec<Typed>, String) {
        let (mut typed, mut out) = (Vec::new(), Vec::new());
        for byte in text.bytes() {
            match editor.feed(byte, &mut out) {
                Typed::More => {}
                other => typed.push(other),
            }
        }
        (typed, String::from_utf8(out).unwrap())
    }

    #[test]
    fn keys_edit_the_line_and_are_echoed() {
        for (keys, line, echo) in [
            ("abc\r\n", "abc", "abc\r\n"),
            ("abc\n", "abc", "abc\r\n"),
            ("abx\x7fc\r", "abc", "abx\x08 \x08c\r\n"),
            ("no x\x17yes\r", "no yes", "no x\x08 \x08yes\r\n"),
            ("zz\x15a\r", "a", "zz\x08 \x08\x08 \x08a\r\n"),
            ("a\x16?b\r", "a?b", "a?b\r\n"),
        ] {
            let mut editor = Editor::new(Overflow::None, true);
            editor.begin("sw#", true, None);
            let expected = (vec![Typed::Line(line.to_owned())], echo.to_owned());
            assert_eq!(type_in(&mut editor, keys), expected, "{keys:?}");
        }
    }

    #[test]
    fn a_question_mark_asks_and_keeps_the_line() {
        let mut editor = Editor::new(Overflow::None, true);
        editor.begin("sw#", true, None);
        let (typed, echo) = type_in(&mut editor, "sh?\r");
        let expected = [Typed::Help("sh".to_owned()), Typed::Line("sh".to_owned())];
        assert_eq!((typed.as_slice(), echo.as_str()), (expected.as_slice(), "sh?\r\n\r\n"));
    }

    #[test]
    fn a_hidden_line_is_not_echoed() {
        let mut editor = Editor::new(Overflow::Wrap, true);
        editor.begin("Password: ", false, Some(12));
        let (typed, echo) = type_in(&mut editor, "se?cret\r");
        assert_eq!(typed, [Typed::Line("se?cret".to_owned())]);
        assert_eq!(echo, "\r\n");
    }

    #[test]
    fn a_line_longer_than_the_screen_wraps_or_scrolls() {
        let mut editor = Editor::new(Overflow::Wrap, false);
        editor.begin("sw# ", true, Some(12));
        assert_eq!(type_in(&mut editor, "abcdefghijkl\r").1, "abcdefgh \rijkl\r\n");
        let mut editor = Editor::new(Overflow::Scroll, false);
        editor.begin("sw# ", true, Some(12));
        let (typed, echo) = type_in(&mut editor, "abcdefghij\r");
        assert_eq!(typed, [Typed::Line("abcdefghij".to_owned())]);
        assert_eq!(echo, "abcdefgh\x08\x08\x08\x08\x08\x08\x08\x08$efgh   \x08\x08\x08ij\r\n");
    }
}
