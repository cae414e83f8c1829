//! Regular expressions of a profile: compiled in one way everywhere, within limits.
//!
//! The expressions are Rust's `regex`: no look-around and no back-references, and in return no
//! input on which matching takes long. `\\d` and `\\w` mean ASCII: switches write no other digits,
//! and a class of all the world's letters, repeated, takes megabytes.

use regex::{Regex, RegexBuilder};
use regex_syntax::ast::parse::Parser;

use super::problem::Problem;

/// How long an expression may be in bytes: a few lines of a screen, which people can still read.
pub const MAX_PATTERN: usize = 2000;
/// How large one may become when compiled, in bytes: a thousand times the usual, so that a
/// profile of hundreds of expressions cannot fill the memory.
const MAX_COMPILED: usize = 1 << 20;
/// A line that no switch says. What matches it matches anything.
const NONSENSE: &str = "qx7 ~ 0 nobody says this 9 zv";

/// How much of a text an expression has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The whole text.
    Whole,
    /// Its end.
    End,
    /// Any part of it.
    Part,
}

/// Compiles an expression, or says what is wrong with it.
pub fn compile(
    at: &str,
    pattern: &str,
    extent: Extent,
    problems: &mut Vec<Problem>,
) -> Option<Regex> {
    let mut refuse = |what: String| {
        problems.push(Problem::new(at, what));
        None
    };
    if pattern.len() > MAX_PATTERN {
        return refuse(format!("is longer than {MAX_PATTERN} bytes"));
    }
    let pattern = ascii(pattern);
    // The expression by itself first: `a)(b` would be well-formed within parentheses.
    if let Err(error) = Parser::new().parse(&pattern) {
        return refuse(malformed(&error));
    }
    let anchored = match extent {
        Extent::Whole => format!(r"\A(?:{pattern})\z"),
        Extent::End => format!(r"(?:{pattern})\z"),
        Extent::Part => pattern,
    };
    let limited =
        RegexBuilder::new(&anchored).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build();
    match limited {
        Ok(regex) => Some(regex),
        Err(regex::Error::CompiledTooBig(_)) => {
            refuse("is too large a regular expression: make its repetitions smaller".to_owned())
        }
        Err(error) => refuse(malformed(&error)),
    }
}

/// Compiles an expression that recognises lines. One that recognises every line is refused: it
/// would make an error of anything, or nothing an error.
pub fn line(at: &str, pattern: &str, extent: Extent, problems: &mut Vec<Problem>) -> Option<Regex> {
    let regex = compile(at, pattern, extent, problems)?;
    if regex.is_match(NONSENSE) {
        problems.push(Problem::new(at, "matches any line"));
        return None;
    }
    Some(regex)
}

/// Compiles a list of expressions that recognise lines.
pub fn lines(
    at: &str,
    patterns: &[String],
    extent: Extent,
    problems: &mut Vec<Problem>,
) -> Vec<Regex> {
    let each = patterns.iter().enumerate();
    each.filter_map(|(n, pattern)| line(&format!("{at}[{n}]"), pattern, extent, problems)).collect()
}

/// The named groups of an expression.
pub fn groups(regex: &Regex) -> impl Iterator<Item = &str> {
    regex.capture_names().flatten()
}

/// Finds named groups for which the place has no use.
pub fn only_groups(at: &str, regex: &Regex, known: &[&str], problems: &mut Vec<Problem>) {
    for group in groups(regex).filter(|group| !known.contains(group)) {
        let what = if known.is_empty() {
            format!("names the group `{group}`, for which there is no use here")
        } else {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("names the group `{group}`; used here are {}", known.join(", "))
        };
        problems.push(Problem::new(at, what));
    }
}

/// The expression with `\\d` and `\\w` written out.
fn ascii(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut depth = 0_usize;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = match chars.next() {
                    Some('d') => "0-9",
                    Some('w') => "0-9A-Za-z_",
                    other => {
                        text.push(c);
                        text.extend(other);
                        continue;
                    }
                };
                if depth == 0 {
                    text.extend(["[", class, "]"]);
                } else {
                    text.push_str(class);
                }
                continue;
            }
            '[' => {
                depth += 1;
                text.push(c);
                text.extend(chars.next_if_eq(&'^'));
                // A bracket that comes first in a class is a member of it.
                text.extend(chars.next_if_eq(&']'));
                continue;
            }
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        text.push(c);
    }
    text
}

/// The last line of a syntax error says what is wrong; those before draw where.
fn malformed(error: &impl std::error::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let last = last.strip_prefix("error: ").unwrap_or(last);
    format!("is no regular expression: {last}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a|b", Extent::Whole, "a", true)]
    #[case("a|b", Extent::Whole, "ab", false)]
    #[case("a|b", Extent::End, "xb", true)]
    #[case("a|b", Extent::End, "bx", false)]
    #[case("a|b", Extent::Part, "xbx", true)]
    #[case("(?i)MORE", Extent::End, "-- more", true)]
    #[case(r"\d\w", Extent::Whole, "1a", true)]
    #[case(r"\d", Extent::Whole, "٣", false)]
    #[case(r"\w", Extent::Whole, "é", false)]
    #[case(r"[\w.-]{1,64}", Extent::Whole, "leaf-01.example", true)]
    #[case(r"[^\d]", Extent::Whole, "é", true)]
    #[case(r"[]\d]+", Extent::Whole, "]1", true)]
    #[case(r"[[:alpha:]\d]+", Extent::Whole, "a1", true)]
    #[case(r"\\d\[\d", Extent::Whole, r"\d[1", true)]
    #[case("[[0-9]&&[^4]]\\d", Extent::Whole, "34", true)]
    fn extents(
        #[case] pattern: &str,
        #[case] extent: Extent,
        #[case] text: &str,
        #[case] want: bool,
    ) {
        let mut problems = Vec::new();
        let regex = compile("x", pattern, extent, &mut problems).unwrap();
        assert_eq!(problems, []);
        assert_eq!(regex.is_match(text), want);
    }

    #[rstest]
    #[case("(", "is no regular expression: unclosed group")]
    #[case("a)(b", "is no regular expression: unopened group")]
    #[case("(?=x)", "is no regular expression: look-around")]
    #[case(r"(\pL{100}){100}", "is too large a regular expression: make its repetitions smaller")]
    #[case(&"a".repeat(2001), "is longer than 2000 bytes")]
    fn bad_patterns(#[case] pattern: &str, #[case] want: &str) {
        let mut problems = Vec::new();
        assert!(compile("x", pattern, Extent::Whole, &mut problems).is_none());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].what.starts_with(want), "{}", problems[0].what);
    }

    #[test]
    fn a_line_pattern_must_tell_lines_apart() {
        let mut problems = Vec::new();
        let kept = lines(
            "answers.notes",
            &["% Warning.*".to_owned(), ".*".to_owned()],
            Extent::Whole,
            &mut problems,
        );
        assert_eq!(kept.len(), 1);
        assert_eq!(problems, [Problem::new("answers.notes[1]", "matches any line")]);
    }

    #[test]
    fn groups_without_use_are_named() {
        let mut problems = Vec::new();
        let regex = compile("x", "(?P<port>a)(?<prot>b)", Extent::Whole, &mut problems).unwrap();
        only_groups("x", &regex, &["port"], &mut problems);
        only_groups("y", &regex, &[], &mut problems);
        let whats: Vec<_> = problems.iter().map(|problem| problem.what.as_str()).collect();
        assert_eq!(
            whats,
            [
                "names the group `prot`; used here are `port`",
                "names the group `port`, for which there is no use here",
                "names the group `prot`, for which there is no use here",
            ]
        );
    }
}
