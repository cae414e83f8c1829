//! A line's words, and the filters behind `|`.

use regex::RegexBuilder;

use super::render;
use super::schema::Step;
use super::tree::Tree;

/// What a command shows, before its filters.
pub(super) enum Shown {
    Text(String),
    /// A part of a configuration, below a place.
    Tree {
        tree: Tree,
        place: Vec<Step>,
        heading: bool,
    },
}

/// The words of a command, each with the column where it begins. Quotation marks hold words
/// together and are not part of them.
pub(super) fn words(line: &str) -> Vec<(usize, String)> {
    let mut words: Vec<(usize, String)> = Vec::new();
    let mut word: Option<(usize, String)> = None;
    let mut is_quoted = false;
    let mut letters = line.chars().enumerate();
    while let Some((column, letter)) = letters.next() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_with(|| (column, String::new()));
            }
            '\\' if is_quoted => {
                let next = letters.next().map(|(_, letter)| letter);
                word.get_or_insert_with(|| (column, String::new())).1.extend(next);
            }
            letter if letter.is_whitespace() && !is_quoted => words.extend(word.take()),
            letter => word.get_or_insert_with(|| (column, String::new())).1.push(letter),
        }
    }
    words.extend(word);
    words
}

/// A command and what is behind each `|`.
pub(super) fn split(line: &str) -> (&str, Vec<&str>) {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if is_quoted => drop(letters.next()),
            '"' => is_quoted = !is_quoted,
            '|' if !is_quoted => {
                parts.extend(line.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(line.get(start..));
    let mut parts = parts.into_iter();
    let command = parts.next().unwrap_or_default();
    (command, parts.map(str::trim).collect())
}

/// Runs the filters. Besides the text, whether it goes past the pager; or the filter that is none.
pub(super) fn run<'a>(shown: Shown, pipes: &[&'a str]) -> Result<(String, bool), &'a str> {
    let mut unpaged = false;
    let mut pipes = pipes.iter().copied().peekable();
    let mut text = match shown {
        Shown::Text(text) => text,
        Shown::Tree { tree, place, heading } => {
            let mut form = "braces";
            while let Some(pipe) = pipes.next_if(|pipe| pipe.starts_with("display ")) {
                match pipe.split_whitespace().collect::<Vec<_>>().as_slice() {
                    ["display", "set"] => form = "set",
                    ["display", "json"] => form = "json",
                    ["display", "inheritance"]
                    | ["display", "inheritance", "no-comments" | "brief"] => {}
                    _ => return Err(pipe),
                }
            }
            match form {
                "set" if heading => {
                    format!("set version {}\n{}", super::RELEASE, render::commands(&tree))
                }
                "set" => render::commands(&tree),
                "json" => render::json(&tree, 1_767_600_000),
                _ if heading => format!(
                    "## Last commit: {}\nversion {};\n{}",
                    super::EPOCH,
                    super::RELEASE,
                    render::braces(&tree, &place)
                ),
                _ => render::braces(&tree, &place),
            }
        }
    };
    for pipe in pipes {
        let (word, rest) = pipe.split_once(' ').unwrap_or((pipe, ""));
        let rest = rest.trim().trim_matches('"');
        let pattern = || RegexBuilder::new(rest).case_insensitive(true).build().map_err(|_| pipe);
        let lines = text.split_inclusive('\n');
        text = match word {
            "no-more" if rest.is_empty() => {
                unpaged = true;
                text
            }
            "match" if !rest.is_empty() => {
                let pattern = pattern()?;
                lines.filter(|line| pattern.is_match(line.trim_end_matches('\n'))).collect()
            }
            "except" if !rest.is_empty() => {
                let pattern = pattern()?;
                lines.filter(|line| !pattern.is_match(line.trim_end_matches('\n'))).collect()
            }
            "find" if !rest.is_empty() => {
                let pattern = pattern()?;
                let found: String = lines
                    .skip_while(|line| !pattern.is_match(line.trim_end_matches('\n')))
                    .collect();
                if found.is_empty() { "\nPattern not found\n".to_owned() } else { found }
            }
            "count" if rest.is_empty() => format!("Count: {} lines\n", lines.count()),
            "last" => {
                let count = if rest.is_empty() { Ok(10) } else { rest.parse() };
                let count: usize = count.map_err(|_| pipe)?;
                let all: Vec<&str> = lines.collect();
                all.get(all.len().saturating_sub(count)..).unwrap_or_default().concat()
            }
            "trim" => {
                let count: usize = rest.parse().map_err(|_| pipe)?;
                let trim = |line: &str| line.chars().skip(count).collect::<String>();
                text.lines().map(|line| format!("{}\n", trim(line))).collect()
            }
            _ => return Err(pipe),
        };
    }
    Ok((text, unpaged))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_words_and_filters() {
        let line = "set a \"b | \\\" c\" d  | match \"x|y\" | count";
        let (command, pipes) = split(line);
        let words = words(command);
        let words: Vec<(usize, &str)> =
            words.iter().map(|(at, word)| (*at, word.as_str())).collect();
        assert_eq!(words, [(0, "set"), (4, "a"), (6, "b | \" c"), (17, "d")]);
        assert_eq!(pipes, ["match \"x|y\"", "count"]);
    }

    #[test]
    fn lines_are_filtered_without_regard_to_case() {
        let text = "interface ae5\nInterface ae55\nother\n";
        for (pipes, expected) in [
            (&["match ae5$"][..], Ok("interface ae5\n")),
            (&["match \"^interface ae\""], Ok("interface ae5\nInterface ae55\n")),
            (&["except interface"], Ok("other\n")),
            (&["match interface", "count"], Ok("Count: 2 lines\n")),
            (&["find ae55"], Ok("Interface ae55\nother\n")),
            (&["last 1"], Ok("other\n")),
            (&["trim 6", "match ace"], Ok("ace ae5\nace ae55\n")),
            (&["nonsense"], Err("nonsense")),
            (&["display set"], Err("display set")),
            (&["match"], Err("match")),
        ] {
            let got = run(Shown::Text(text.to_owned()), pipes).map(|(text, _)| text);
            assert_eq!(got.as_deref(), expected.as_ref().copied(), "{pipes:?}");
        }
    }
}
