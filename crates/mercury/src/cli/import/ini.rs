//! The dialect of oslo.config's files, which is neither Python's configparser nor any other INI.
//!
//! A comment is a whole line that begins with `#` or `;` in its first column; later on a line these
//! are part of the value. An indented line continues the value before it, whatever it begins with;
//! an empty line ends it. A value in quotes loses them. A section that comes again goes on, and an
//! option that comes again is one more value: which of them counts is for whoever asked. No error
//! repeats a line, because passwords stand there.

/// A file, read.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The titles, in order; one that comes again is listed once.
    pub(super) sections: Vec<Section>,
    /// Every assignment, in order.
    pub(super) entries: Vec<Entry>,
}

/// A section's title.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) title: String,
    /// From 1.
    pub(super) line: usize,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) section: String,
    pub(super) option: String,
    pub(super) value: String,
    /// From 1.
    pub(super) line: usize,
}

impl Document {
    /// Reads a file's text; an error is a line's number and what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut document = Self::default();
        let mut section: Option<String> = None;
        // Whether an indented line continues the last entry.
        let mut open = false;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            let line = line.trim_end();
            if line.is_empty() {
                open = false;
            } else if line.starts_with([' ', '\t']) {
                let Some(entry) = document.entries.last_mut().filter(|_| open) else {
                    return Err((number, "an indented line continues nothing"));
                };
                entry.value.push('\n');
                entry.value.push_str(line.trim_start());
            } else if let Some(rest) = line.strip_prefix('[') {
                let title =
                    rest.strip_suffix(']').ok_or((number, "the title does not end in `]`"))?;
                if title.is_empty() {
                    return Err((number, "the section has no title"));
                }
                open = false;
                section = Some(title.to_owned());
                if !document.sections.iter().any(|known| known.title == title) {
                    document.sections.push(Section { title: title.to_owned(), line: number });
                }
            } else if line.starts_with(['#', ';']) {
                open = false;
            } else {
                let (option, value) = line
                    .split_once([':', '='])
                    .ok_or((number, "the line is not like `option = value`"))?;
                let option = option.trim();
                if option.is_empty() {
                    return Err((number, "the option has no name"));
                }
                let section =
                    section.clone().ok_or((number, "an option stands before any section"))?;
                let value = unquoted(value.trim()).to_owned();
                document.entries.push(Entry {
                    section,
                    option: option.to_owned(),
                    value,
                    line: number,
                });
                open = true;
            }
        }
        Ok(document)
    }

    /// The entries of a section, in order.
    pub(super) fn section<'a>(&'a self, title: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.section == title)
    }
}

/// Without the quotes that stand around it; a quote alone is nothing.
fn unquoted(value: &str) -> &str {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) if value.ends_with(quote) => {
            value.get(1..value.len().saturating_sub(1)).unwrap_or_default()
        }
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// What oslo.config 10 itself reads, as its own parser printed it.
    #[rstest]
    #[case("[a]\nk: v = w\n", "a.k=v = w")]
    #[case("[a]\nk = 'x'\n", "a.k=x")]
    #[case("[a]\nk = 'x\n", "a.k='x")]
    #[case("[a]\nk=\"\n", "a.k=")]
    #[case("[a]\nk=a\n  # b\n", "a.k=a|# b")]
    #[case("[a]\nk = 1 # 2\n", "a.k=1 # 2")]
    #[case("[a]\nk=1\nk=2\n[b]\n[a]\nk=3\n", "a.k=1 a.k=2 a.k=3")]
    #[case("[a] \nk=1\n", "a.k=1")]
    #[case("[a]\nk=\n  b\n", "a.k=|b")]
    #[case("[a]\n;x\n#y\nK=1\r\nk=2\r", "a.K=1 a.k=2")]
    fn what_it_reads(#[case] text: &str, #[case] want: &str) {
        let document = Document::parse(text).unwrap();
        let shown: Vec<String> = document
            .entries
            .iter()
            .map(|entry| {
                format!("{}.{}={}", entry.section, entry.option, entry.value.replace('\n', "|"))
            })
            .collect();
        assert_eq!(shown.join(" "), want);
    }

    #[rstest]
    #[case("[a]\nk=a\n  b\n\n  c\n", 5, "an indented line continues nothing")]
    #[case("[a]\n  k=v\n", 2, "an indented line continues nothing")]
    #[case("[a]\nk\n", 2, "the line is not like `option = value`")]
    #[case("k=v\n", 1, "an option stands before any section")]
    #[case("[a\n", 1, "the title does not end in `]`")]
    #[case("[]\n", 1, "the section has no title")]
    #[case("[a]\n=v\n", 2, "the option has no name")]
    #[case("\u{feff}[a]\nk=1\n", 1, "the line is not like `option = value`")]
    fn what_it_refuses(#[case] text: &str, #[case] line: usize, #[case] problem: &str) {
        assert_eq!(Document::parse(text).unwrap_err(), (line, problem));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
            let _ = Document::parse(&text);
        }
    }
}
