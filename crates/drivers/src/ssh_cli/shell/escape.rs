//! Bytes into characters and what a terminal is told to do with them.
//!
//! It takes bytes as they come: a character or an escape sequence may be cut anywhere. Of the
//! sequences (ECMA-48) those that change the line are told, the rest is swallowed: colours, titles,
//! modes. What is neither text nor a sequence is told as odd, because many such bytes mean that the
//! peer does not speak a command line.

/// What the bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character to show.
    Char(char),
    /// To the next line.
    Newline,
    /// To the beginning of the row.
    Return,
    /// One column back.
    Back,
    /// To the next tabulator.
    Tab,
    /// So many columns to the right.
    Right(usize),
    /// So many columns to the left.
    Left(usize),
    /// To this column, from 1.
    Column(usize),
    /// What follows the cursor is erased.
    EraseRight,
    /// What is before it is erased.
    EraseLeft,
    /// The whole line is erased.
    EraseLine,
    /// So many characters are taken out.
    Delete(usize),
    /// So many blanks are put in.
    Insert(usize),
    /// Bytes that are no text.
    Odd,
}

/// How long a sequence with parameters may be; real ones have a dozen bytes.
const SEQUENCE_BYTES: usize = 64;

/// How long a string inside a sequence may be, such as a window's title. A longer one has lost its
/// end, and would swallow all that follows.
const STRING_BYTES: usize = 4096;

/// Where the bytes have led.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Plain,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: one more follows.
    Intermediate,
    /// After ESC `[`, with the parameters so far.
    Control(Vec<u8>),
    /// In a string that ends with BEL or ESC `\`, with its length so far.
    Text(usize),
    /// After an ESC in such a string.
    TextEscape,
}

/// Takes bytes apart.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    place: Place,
    /// A character whose bytes have not all come.
    cut: Vec<u8>,
}

impl Decoder {
    pub(super) fn feed(&mut self, bytes: &[u8], mut tell: impl FnMut(Piece)) {
        for &byte in bytes {
            self.byte(byte, &mut tell);
        }
    }

    fn byte(&mut self, byte: u8, tell: &mut impl FnMut(Piece)) {
        match std::mem::take(&mut self.place) {
            Place::Plain => self.text(byte, tell),
            Place::Escape => self.place = escape(byte, tell),
            Place::Intermediate => {}
            Place::Control(parameters) => self.place = control(byte, parameters, tell),
            Place::Text(_) if byte == 0x07 => {}
            Place::Text(length) => {
                self.place = match byte {
                    0x1b => Place::TextEscape,
                    _ if length < STRING_BYTES => Place::Text(length + 1),
                    _ => odd(tell),
                };
            }
            Place::TextEscape if byte == b'\\' => {}
            Place::TextEscape => self.place = escape(byte, tell),
        }
    }

    fn text(&mut self, byte: u8, tell: &mut impl FnMut(Piece)) {
        if byte < 0x80 {
            if !self.cut.is_empty() {
                self.cut.clear();
                tell(Piece::Odd);
            }
            return self.ascii(byte, tell);
        }
        self.cut.push(byte);
        match std::str::from_utf8(&self.cut) {
            Ok(text) => {
                for character in text.chars() {
                    // The second row of control characters is used by nobody who speaks UTF-8.
                    let odd = character.is_control();
                    tell(if odd { Piece::Odd } else { Piece::Char(character) });
                }
                self.cut.clear();
            }
            Err(error) if error.error_len().is_some() => {
                // The last byte may begin a character; what is before it is none.
                let alone = self.cut.len() == 1;
                self.cut.clear();
                tell(Piece::Odd);
                if !alone {
                    self.text(byte, tell);
                }
            }
            Err(_) => {}
        }
    }

    fn ascii(&mut self, byte: u8, tell: &mut impl FnMut(Piece)) {
        match byte {
            0x1b => self.place = Place::Escape,
            b'\n' | 0x0b | 0x0c => tell(Piece::Newline),
            b'\r' => tell(Piece::Return),
            0x08 => tell(Piece::Back),
            b'\t' => tell(Piece::Tab),
            // Bells, padding, and the shifts between character sets.
            0x07 | 0x00 | 0x7f | 0x0e | 0x0f | 0x11 | 0x13 => {}
            0x20..=0x7e => tell(Piece::Char(char::from(byte))),
            _ => tell(Piece::Odd),
        }
    }
}

fn odd(tell: &mut impl FnMut(Piece)) -> Place {
    tell(Piece::Odd);
    Place::Plain
}

fn escape(byte: u8, tell: &mut impl FnMut(Piece)) -> Place {
    match byte {
        b'[' => Place::Control(Vec::new()),
        // Operating system command, device control, privacy message, application, start of string.
        b']' | b'P' | b'^' | b'_' | b'X' => Place::Text(0),
        0x20..=0x2f => Place::Intermediate,
        b'D' | b'E' => {
            tell(Piece::Newline);
            Place::Plain
        }
        0x1b => Place::Escape,
        0x30..=0x7e => Place::Plain,
        _ => odd(tell),
    }
}

fn control(byte: u8, mut parameters: Vec<u8>, tell: &mut impl FnMut(Piece)) -> Place {
    match byte {
        0x20..=0x3f if parameters.len() < SEQUENCE_BYTES => {
            parameters.push(byte);
            return Place::Control(parameters);
        }
        0x1b => return Place::Escape,
        0x40..=0x7e => {}
        _ => return odd(tell),
    }
    let text = String::from_utf8_lossy(&parameters);
    let first: Option<usize> = text.split(';').next().and_then(|number| number.parse().ok());
    let count = first.unwrap_or(1).max(1);
    match (byte, first.unwrap_or(0)) {
        (b'C', _) => tell(Piece::Right(count)),
        (b'D', _) => tell(Piece::Left(count)),
        (b'G', _) => tell(Piece::Column(count)),
        (b'K', 0) | (b'J', 0) => tell(Piece::EraseRight),
        (b'K', 1) => tell(Piece::EraseLeft),
        (b'K', _) => tell(Piece::EraseLine),
        (b'P', _) => tell(Piece::Delete(count)),
        (b'@', _) => tell(Piece::Insert(count)),
        // Another place of the screen, or a clear one: what is there now is a line by itself.
        (b'H' | b'f' | b'A' | b'B' | b'E' | b'F' | b'J', _) => tell(Piece::Newline),
        _ => {}
    }
    Place::Plain
}
