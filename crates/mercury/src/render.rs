//! What people read: tables and messages from answers, as plain functions from data to text.
//!
//! Text from outside (a switch, a caller, a file) goes through [`safe`], because a description on
//! a switch must not move the reader's cursor. Colour only repeats what the words say.

pub(crate) mod audit;
pub(crate) mod batch;
pub(crate) mod change;
pub(crate) mod config;
pub(crate) mod error;
pub(crate) mod import;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod policy;
pub(crate) mod ports;
pub(crate) mod profile;
pub(crate) mod switches;
pub(crate) mod trial;
pub(crate) mod verify;

use std::fmt::{self, Write as _};

use comfy_table::{
    Attribute, Cell, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

/// What the reader's terminal can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether colour is wanted.
    pub(crate) colour: bool,
    /// How many columns there are; `None` when it is no terminal, and then no line is broken.
    pub(crate) width: Option<u16>,
}

/// How good a piece of news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// To be looked at.
    Odd,
    /// Wrong.
    Bad,
    /// A heading.
    Strong,
    /// Of little weight.
    Faint,
}

impl Look {
    /// The text in the colour of its tone.
    pub(crate) fn paint(self, tone: Tone, text: impl fmt::Display) -> String {
        if !self.colour {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Odd => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// A table with these headings. Columns without any content are left out when it is printed.
    pub(crate) fn table<const N: usize>(self, headings: [&str; N]) -> Rows<N> {
        Rows { look: self, headings: headings.map(str::to_owned), rows: Vec::new() }
    }
}

/// A cell: its text, and how good it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    text: String,
    tone: Option<Tone>,
}

impl Shown {
    /// Text with a tone.
    pub(crate) fn toned(tone: Tone, text: impl fmt::Display) -> Self {
        Self { text: safe(&text.to_string()), tone: Some(tone) }
    }
}

impl<T: fmt::Display> From<T> for Shown {
    fn from(text: T) -> Self {
        Self { text: safe(&text.to_string()), tone: None }
    }
}

/// What is there, or nothing.
pub(crate) fn maybe<T: fmt::Display>(value: Option<&T>) -> Shown {
    value.map(Shown::from).unwrap_or_default()
}

/// A table in the making.
pub(crate) struct Rows<const N: usize> {
    look: Look,
    headings: [String; N],
    rows: Vec<[Shown; N]>,
}

impl<const N: usize> Rows<N> {
    /// Adds a row.
    pub(crate) fn add(&mut self, row: [Shown; N]) {
        self.rows.push(row);
    }
}

/// How narrow a column of text may get, in characters: some three words.
const MIN_WIDEST: usize = 20;

/// No frame: a line below the headings is enough, and lines can be cut by other tools.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl<const N: usize> fmt::Display for Rows<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut used = [false; N];
        for row in &self.rows {
            for (used, cell) in used.iter_mut().zip(row) {
                *used |= !cell.text.is_empty();
            }
        }
        let mut table = Table::new();
        table.load_style(STYLE);
        if self.look.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let keep = |cells: Vec<Cell>| -> Vec<Cell> {
            let kept = cells.into_iter().zip(used);
            kept.filter_map(|(cell, used)| used.then_some(cell)).collect()
        };
        let headings = self.headings.iter().map(|h| Cell::new(h).add_attribute(Attribute::Bold));
        table.set_header(keep(headings.collect()));
        for row in &self.rows {
            table.add_row(keep(row.iter().map(cell).collect()));
        }
        fit(&mut table, self.look.width);
        for line in table.lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Breaks the lines of the widest column, so that names and states stay whole. Where even that
/// leaves it too narrow to be read, nothing is broken here and the terminal does it.
fn fit(table: &mut Table, width: Option<u16>) {
    table.set_content_arrangement(ContentArrangement::Disabled);
    let Some(width) = width else { return };
    let contents = table.column_max_content_widths();
    // A blank on both sides of each column, and one between two.
    let blanks = contents.len() * 3;
    let all = contents.iter().map(|content| usize::from(*content)).sum::<usize>() + blanks;
    let Some((widest, most)) = contents.iter().enumerate().max_by_key(|(_, content)| **content)
    else {
        return;
    };
    let others = all - usize::from(*most);
    if all <= usize::from(width) || others + MIN_WIDEST > usize::from(width) {
        return;
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for (index, column) in table.column_iter_mut().enumerate() {
        if index != widest {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

fn cell(shown: &Shown) -> Cell {
    let cell = Cell::new(&shown.text);
    match shown.tone {
        None => cell,
        Some(Tone::Good) => cell.fg(comfy_table::Color::DarkGreen),
        Some(Tone::Odd) => cell.fg(comfy_table::Color::DarkYellow),
        Some(Tone::Bad) => cell.fg(comfy_table::Color::DarkRed),
        Some(Tone::Strong) => cell.add_attribute(Attribute::Bold),
        Some(Tone::Faint) => cell.add_attribute(Attribute::Dim),
    }
}

/// Text from outside, with its control characters shown and not obeyed. Line feeds stay.
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Writing to a string does not fail.
        let _ = match c {
            '\n' => out.write_char(c),
            // The characters that turn the direction of text around.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(out, "{}", c.escape_unicode())
            }
            c if c.is_control() => write!(out, "{}", c.escape_default()),
            c => out.write_char(c),
        };
    }
    out
}

/// `1 port`, `2 ports`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A time span for people: `850 µs` never matters, so milliseconds are the least.
pub(crate) fn duration_ms(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        _ => format!("{} h", ms / 3_600_000),
    }
}

/// Lines with a number each, below a heading.
pub(crate) fn numbered(out: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {heading}");
    for (index, line) in lines.iter().enumerate() {
        let _ = writeln!(out, "  {:>4}. {}", index + 1, indented(line, 8));
    }
}

/// The names under which a request is found again in the log and the audit record.
pub(crate) fn ids(look: Look, request: Option<&str>, change: Option<&str>) -> String {
    let named = [("request", request), ("change", change)];
    let named = named.into_iter().filter_map(|(what, id)| Some(format!("{what} {}", safe(id?))));
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return String::new();
    }
    format!("{}\n", look.paint(Tone::Faint, named.join(", ")))
}

/// Text from outside of which all lines but the first begin with so many spaces.
pub(crate) fn indented(text: &str, by: usize) -> String {
    safe(text.trim_end()).replace('\n', &format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_table_has_no_frame_and_no_empty_columns() {
        let mut rows = Look::default().table(["SWITCH", "NOTHING", "PORT"]);
        rows.add(["leaf-01".into(), Shown::default(), "swp1".into()]);
        rows.add(["spine".into(), Shown::default(), "Ethernet1/1".into()]);
        insta::assert_snapshot!(rows, @r"
         SWITCH    PORT
        ───────────────────────
         leaf-01   swp1
         spine     Ethernet1/1
        ");
    }

    fn wide(look: Look) -> String {
        let mut rows = look.table(["SWITCH", "PORT", "WHY"]);
        let why = "the switch did not answer in time, and it was not asked again";
        rows.add(["leaf-01".into(), "Ethernet1/1".into(), Shown::toned(Tone::Bad, why)]);
        rows.to_string()
    }

    #[test]
    fn only_the_widest_column_is_broken() {
        insta::assert_snapshot!(wide(Look { colour: false, width: Some(60) }), @r"
         SWITCH    PORT          WHY
        ────────────────────────────────────────────────────────────
         leaf-01   Ethernet1/1   the switch did not answer in time,
                                 and it was not asked again
        ");
    }

    #[test]
    fn a_terminal_that_is_too_narrow_breaks_lines_itself() {
        let unbroken = wide(Look::default());
        for width in [0, 40, 200] {
            assert_eq!(wide(Look { colour: false, width: Some(width) }), unbroken, "{width}");
        }
    }

    #[test]
    fn colour_is_in_the_cells() {
        let mut rows = Look { colour: true, width: None }.table(["STATE"]);
        rows.add([Shown::toned(Tone::Bad, "differs")]);
        let shown = rows.to_string().replace('\x1b', "ESC");
        insta::assert_snapshot!(shown, @r"
        ESC[1m STATE   ESC[0m
        ─────────
        ESC[38;5;1m differs ESC[39m
        ");
    }

    #[rstest]
    #[case("plain\nlines", "plain\nlines")]
    #[case("\x1b[2Jgone\r", r"\u{1b}[2Jgone\r")]
    #[case("\u{202e}eurt", r"\u{202e}eurt")]
    #[case("grün — naïve", "grün — naïve")]
    fn text_from_outside_cannot_move_the_cursor(#[case] text: &str, #[case] want: &str) {
        assert_eq!(safe(text), want);
    }

    #[rstest]
    #[case(7, "7 ms")]
    #[case(1_250, "1.2 s")]
    #[case(180_000, "3 min")]
    #[case(10_000_000, "2 h")]
    fn durations(#[case] ms: u64, #[case] want: &str) {
        assert_eq!(duration_ms(ms), want);
    }
}
