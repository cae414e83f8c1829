//! What a terminal of one endless line would show: lines, without what was typed over.
//!
//! It keeps one line open, with a cursor, because command lines redraw: a carriage return or
//! backspaces and the text anew, or a line that goes on in the next row. Rows above are never
//! changed: what moves the cursor there begins a new line instead. Full-screen programs are beyond
//! it.

use super::escape::{Decoder, Piece};

/// The widest terminal that is played: a cursor can be sent to the end of a row with a few bytes,
/// and the blanks up to there take memory.
const WIDEST: usize = 4096;

/// How long a line may be to be edited in its middle, which takes time for each of its characters.
const EDITED: usize = 16_384;

/// The distance of tabulators.
const TAB: usize = 8;

/// The lines of what a program has written, without what a terminal would not show.
pub(in crate::ssh_cli) fn plain_text(bytes: &[u8]) -> String {
    let mut screen = Screen::new(u32::MAX);
    screen.feed(bytes);
    screen.feed(b"\n");
    let mut text = String::with_capacity(bytes.len());
    for row in screen.take() {
        text.push_str(row.shown.trim_end());
        text.push('\n');
    }
    let text = text.trim_matches('\n');
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

/// A line as it was shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// What was to be seen in the end, with blanks at its end.
    pub(super) shown: String,
    /// All characters in the order in which they came, where that is something else.
    pub(super) inked: Option<String>,
}

/// The screen.
#[derive(Debug)]
pub(super) struct Screen {
    decoder: Decoder,
    width: usize,
    finished: Vec<Row>,
    open: Open,
    /// How many bytes were no text.
    odd: usize,
    /// How many lines were ever begun.
    begun: u64,
    /// How many characters the finished lines have that were not taken.
    stored: usize,
}

/// The line that is being written.
#[derive(Debug, Default)]
struct Open {
    shown: Vec<char>,
    cursor: usize,
    /// Whether the cursor ever went back.
    redrawn: bool,
    inked: String,
}

impl Screen {
    pub(super) fn new(width: u32) -> Self {
        let width = usize::try_from(width).unwrap_or(usize::MAX).clamp(1, WIDEST);
        let (decoder, open) = (Decoder::default(), Open::default());
        Self { decoder, width, finished: Vec::new(), open, odd: 0, begun: 0, stored: 0 }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let Self { decoder, width, finished, open, odd, begun, stored } = self;
        decoder.feed(bytes, |piece| match piece {
            Piece::Newline => {
                *begun += 1;
                *stored += open.shown.len() + 1;
                finished.push(std::mem::take(open).finish());
            }
            Piece::Odd => {
                *odd += 1;
                open.write(char::REPLACEMENT_CHARACTER);
            }
            piece => open.apply(piece, *width),
        });
    }

    /// The finished lines since the last time.
    pub(super) fn take(&mut self) -> Vec<Row> {
        self.stored = 0;
        std::mem::take(&mut self.finished)
    }

    /// Gives back finished lines that were not needed.
    pub(super) fn put_back(&mut self, mut rows: Vec<Row>) {
        rows.append(&mut self.finished);
        self.stored = rows.iter().map(|row| row.shown.len() + 1).sum();
        self.finished = rows;
    }

    /// The line that is not finished, or the end of one that is too long to be a prompt.
    pub(super) fn last(&self) -> String {
        let from = self.open.shown.len().saturating_sub(WIDEST);
        self.open.shown.get(from..).unwrap_or_default().iter().collect()
    }

    /// Which line that is, of all that ever were.
    pub(super) const fn last_number(&self) -> u64 {
        self.begun
    }

    /// Forgets the line that is not finished.
    pub(super) fn forget_last(&mut self) {
        self.begun += 1;
        self.open = Open::default();
    }

    /// How many characters there are that were not taken.
    pub(super) const fn waiting(&self) -> usize {
        self.stored + self.open.shown.len()
    }

    /// How many bytes were no text since the last time.
    pub(super) fn take_odd(&mut self) -> usize {
        std::mem::take(&mut self.odd)
    }
}

impl Open {
    fn write(&mut self, character: char) {
        self.inked.push(character);
        self.place(character);
    }

    fn place(&mut self, character: char) {
        while self.shown.len() < self.cursor {
            self.shown.push(' ');
        }
        match self.shown.get_mut(self.cursor) {
            Some(place) => *place = character,
            None => self.shown.push(character),
        }
        self.cursor += 1;
    }

    fn go(&mut self, column: usize) {
        self.redrawn |= column < self.cursor;
        self.cursor = column;
    }

    /// To the right, within the row.
    fn right(&mut self, column: usize, width: usize) {
        let end = self.row(width) + width;
        self.go(column.min(end.saturating_sub(1)).max(self.cursor.min(column)));
    }

    /// Where the row begins in which the cursor is. A cursor behind the last column is still in it.
    const fn row(&self, width: usize) -> usize {
        self.cursor.saturating_sub(1) / width * width
    }

    fn apply(&mut self, piece: Piece, width: usize) {
        match piece {
            Piece::Char(character) => self.write(character),
            Piece::Return => self.go(self.row(width)),
            Piece::Back => self.go(self.cursor.saturating_sub(1)),
            Piece::Tab => {
                for _ in 0..TAB - self.cursor % TAB {
                    self.place(' ');
                }
                self.inked.push(' ');
            }
            Piece::Right(count) => self.right(self.cursor.saturating_add(count), width),
            Piece::Left(count) => self.go(self.cursor.saturating_sub(count)),
            Piece::Column(column) => {
                self.go(self.row(width) + column.saturating_sub(1).min(width - 1));
            }
            Piece::EraseRight => self.shown.truncate(self.cursor),
            Piece::EraseLine => {
                self.redrawn = true;
                self.shown.clear();
            }
            Piece::EraseLeft | Piece::Delete(_) | Piece::Insert(_) if self.shown.len() > EDITED => {
            }
            Piece::EraseLeft => self.shown.iter_mut().take(self.cursor).for_each(|c| *c = ' '),
            Piece::Delete(count) => {
                let from = self.cursor.min(self.shown.len());
                let to = from.saturating_add(count).min(self.shown.len());
                self.shown.drain(from..to);
            }
            Piece::Insert(count) => {
                let at = self.cursor.min(self.shown.len());
                let count = count.min(width);
                self.shown.splice(at..at, std::iter::repeat_n(' ', count));
            }
            Piece::Newline | Piece::Odd => {}
        }
    }

    fn finish(self) -> Row {
        Row { shown: self.shown.into_iter().collect(), inked: self.redrawn.then_some(self.inked) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn shown(bytes: &[u8]) -> (Vec<String>, String, usize) {
        let mut screen = Screen::new(20);
        screen.feed(bytes);
        let rows = screen.take().into_iter().map(|row| row.shown).collect();
        (rows, screen.last(), screen.take_odd())
    }

    #[rstest]
    #[case::endings(b"a\r\nb\r\r\nc\n\rd\x07", &["a", "b", "c"], "d")]
    #[case::next_before_prompt(b"x\r\n\rleaf#", &["x"], "leaf#")]
    #[case::colours(b"\x1b[01;31mred\x1b[0m\x1b[K\n", &["red"], "")]
    #[case::title(b"\x1b]0;admin@leaf\x07admin$ \x1b[?2004h", &[], "admin$ ")]
    #[case::title_ended_by_escape(b"\x1b]0;x\x1b\\a", &[], "a")]
    #[case::charset(b"\x1b(Ba\x0fb", &[], "ab")]
    #[case::pager_wiped_out(b" --More-- \r          \rnext\n", &["next      "], "")]
    #[case::pager_wiped_by_backspaces(b"--M--\x08\x08\x08\x08\x08     \x08\x08\x08\x08\x08x\n", &["x    "], "")]
    #[case::redrawn(b"sho\r\x1b[Kshow ver\n", &["show ver"], "")]
    #[case::typed_again(b"shw\x08ow\n", &["show"], "")]
    #[case::wrapped_as_readline_does(b"0123456789012345678X \rYZ\n", &["0123456789012345678XYZ"], "")]
    #[case::columns(b"a\x1b[5Gb\x1b[2Dc\x1b[1P\n", &["a  c"], "")]
    #[case::tab(b"a\tb\n", &["a       b"], "")]
    #[case::accent("Büro\n".as_bytes(), &["Büro"], "")]
    fn a_line_is_what_was_to_be_seen_in_the_end(
        #[case] bytes: &[u8],
        #[case] rows: &[&str],
        #[case] last: &str,
    ) {
        let whole = shown(bytes);
        assert_eq!(
            (whole.0.iter().map(String::as_str).collect::<Vec<_>>(), whole.1.as_str()),
            (rows.to_vec(), last)
        );
        assert_eq!(whole.2, 0);
        let mut screen = Screen::new(20);
        for byte in bytes {
            screen.feed(&[*byte]);
        }
        let cut: Vec<String> = screen.take().into_iter().map(|row| row.shown).collect();
        assert_eq!((cut, screen.last()), (whole.0, whole.1), "byte by byte");
    }

    #[rstest]
    #[case(b"\xff\xfe\n", 2)]
    #[case(b"\xc3(\n", 1)]
    #[case(b"\x01\x02\x03", 3)]
    #[case("\u{9b}".as_bytes(), 1)]
    #[case(b"\x1b[\x01", 1)]
    fn what_is_no_text_is_counted(#[case] bytes: &[u8], #[case] odd: usize) {
        assert_eq!(shown(bytes).2, odd);
    }

    #[test]
    fn a_string_without_an_end_does_not_swallow_the_rest() {
        let mut bytes = b"\x1b]0;".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 5000));
        bytes.extend(b"\nleaf#");
        let (_, last, odd) = shown(&bytes);
        assert_eq!((last.as_str(), odd), ("leaf#", 1));
    }

    proptest! {
        /// Wherever bytes are cut, and whatever they are, the same is shown.
        #[test]
        fn cuts_do_not_show(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let (first, second) = bytes.split_at(cut.min(bytes.len()));
            let mut screen = Screen::new(20);
            screen.feed(first);
            screen.feed(second);
            let rows: Vec<String> = screen.take().into_iter().map(|row| row.shown).collect();
            prop_assert_eq!((rows, screen.last(), screen.take_odd()), shown(&bytes));
        }
    }
}
