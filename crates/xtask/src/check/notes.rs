//! A note of work to be done names the issue that tracks it, or it is never done.

use crate::files::File;

/// Written apart, so that this file does not find itself.
const MARKS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// The notes without an issue, as `path:line: text`. A mark between backticks is the word spoken
/// of, not a note.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if MARKS.iter().any(|mark| is_untracked(line, mark)) {
                found.push(format!("{}:{}: {}", file.path.display(), index + 1, line.trim()));
            }
        }
    }
    found
}

fn is_untracked(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + mark.len()..).unwrap_or_default();
        let is_word = !before.is_some_and(is_word_character)
            && !after.chars().next().is_some_and(is_word_character);
        is_word && before != Some('`') && !has_issue(after)
    })
}

fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether the text starts with `(#N)`.
fn has_issue(text: &str) -> bool {
    text.strip_prefix("(#").and_then(|rest| rest.split_once(')')).is_some_and(|(number, _)| {
        !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_needs_an_issue() {
        let mark = MARKS[0];
        for (line, untracked) in [
            (format!("// {mark}: later"), true),
            (format!("// {mark}(soon): later"), true),
            (format!("// {mark}(#): later"), true),
            (format!("// {mark}(#12): later"), false),
            (format!("a `{mark}` is a note"), false),
            (format!("const {mark}_LIST: u8 = 1;"), false),
            ("todo = \"warn\"".to_owned(), false),
            (format!("{mark}(#1) and {mark}"), true),
        ] {
            assert_eq!(is_untracked(&line, mark), untracked, "{line}");
        }
    }

    #[test]
    fn a_finding_names_file_and_line() {
        let file = File { path: "a.rs".into(), text: format!("fine\n  // {}: x\n", MARKS[1]) };
        assert_eq!(check(&[file]), [format!("a.rs:2: // {}: x", MARKS[1])]);
    }
}
