//! Output by the page. Pure.

use super::device::Manners;

/// Output that is longer than the screen.
#[derive(Debug)]
pub(crate) struct Pager {
    lines: std::vec::IntoIter<String>,
    page: usize,
    width: usize,
}

/// What a key has done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Lines to print, and whether there are more.
    Print(String, bool),
    /// The rest is not wanted.
    Stop,
    /// The key says nothing.
    Ignored,
}

impl Pager {
    /// Pages of one line less than the screen has, which is for the pager's question.
    pub(crate) fn new(text: &str, length: u16, width: Option<u16>) -> Self {
        let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let page = usize::from(length).saturating_sub(1).max(1);
        let width = usize::from(width.unwrap_or(u16::MAX)).max(1);
        Self { lines: lines.into_iter(), page, width }
    }

    /// The next page.
    pub(crate) fn page(&mut self) -> (String, bool) {
        self.take(self.page)
    }

    fn take(&mut self, rows: usize) -> (String, bool) {
        let (mut text, mut used) = (String::new(), 0);
        while used < rows {
            let Some(line) = self.lines.next() else {
                break;
            };
            used += line.trim_end().chars().count().div_ceil(self.width).max(1);
            text.push_str(&line);
        }
        (text, !self.lines.as_slice().is_empty())
    }

    /// What a key does at the pager's question.
    pub(crate) fn key(&mut self, key: u8, manners: &Manners) -> Turn {
        let (text, more) = match key {
            b' ' => self.page(),
            b'\r' | b'\n' => self.take(1),
            b'q' | b'Q' | 0x03 | 0x1b => return Turn::Stop,
            _ if manners.pager_stops_on_any_key => return Turn::Stop,
            _ => return Turn::Ignored,
        };
        Turn::Print(text, more)
    }
}
