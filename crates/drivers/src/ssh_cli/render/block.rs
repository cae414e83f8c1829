//! Lines within lines: what a template's indentation means.

use super::error::RenderError;

/// How long a line may be in bytes: the longest structured payload, with room to spare. Command
/// lines on terminals are kept shorter by the profile (`vlan_lines`).
pub const MAX_LINE: usize = 16 * 1024;
/// How many lines one change may become: each VLAN by itself, with room to spare.
const MAX_LINES: usize = 5000;
/// How deep contexts may lie in each other; the deepest known system has five.
const MAX_DEPTH: usize = 8;
/// What a level of depth is shown as.
const LEVEL: &str = "   ";

/// A command, and the commands that are given in the context which it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The command.
    pub line: String,
    /// What is given inside; empty for a command that opens no context.
    pub inside: Vec<Block>,
}

/// Reads a rendered text: a more indented line is inside the line above it, blank lines are
/// nothing, blanks at the end of a line are dropped.
pub(super) fn nest(text: &str) -> Result<Vec<Block>, RenderError> {
    let mut lines = Vec::new();
    for line in text.split('\n').map(|line| line.trim_end_matches(' ')) {
        let command = line.trim_start_matches(' ');
        if command.is_empty() {
            continue;
        }
        check_line(command)?;
        lines.push((line.len() - command.len(), command));
        if lines.len() > MAX_LINES {
            return Err(RenderError::TooManyLines { most: MAX_LINES });
        }
    }
    let mut rest = lines.as_slice();
    let outermost = rest.first().map_or(0, |(indent, _)| *indent);
    let blocks = level(&mut rest, outermost, 1)?;
    match rest.first() {
        Some((_, line)) => Err(misplaced(line)),
        None => Ok(blocks),
    }
}

fn level(
    lines: &mut &[(usize, &str)],
    indent: usize,
    depth: usize,
) -> Result<Vec<Block>, RenderError> {
    let mut blocks: Vec<Block> = Vec::new();
    while let Some(((here, line), rest)) = lines.split_first() {
        if *here < indent {
            break;
        }
        if *here == indent {
            blocks.push(Block { line: (*line).to_owned(), inside: Vec::new() });
            *lines = rest;
            continue;
        }
        if depth == MAX_DEPTH {
            return Err(misplaced(line));
        }
        match blocks.last_mut() {
            Some(above) if above.inside.is_empty() => {
                above.inside = level(lines, *here, depth + 1)?;
            }
            // Less than what is inside already, more than what is around it.
            _ => return Err(misplaced(line)),
        }
    }
    Ok(blocks)
}

fn misplaced(line: &str) -> RenderError {
    RenderError::Indentation { line: line.to_owned() }
}

/// Refuses what a switch would take for more than one line, or for something else than text.
pub(super) fn check_line(line: &str) -> Result<(), RenderError> {
    if let Some(bad) = line.chars().find(|c| c.is_control()) {
        return Err(RenderError::Control { what: "a line", held: bad });
    }
    if line.len() > MAX_LINE {
        return Err(RenderError::TooLong { bytes: line.len() });
    }
    Ok(())
}

/// Joins visits of the same context that follow each other into one, at every depth. The order of
/// the commands stays as it is.
pub fn merge(blocks: Vec<Block>) -> Vec<Block> {
    let mut merged: Vec<Block> = Vec::with_capacity(blocks.len());
    for block in blocks {
        match merged.last_mut() {
            Some(last) if last.line == block.line && opens(last, &block) => {
                last.inside.extend(block.inside);
            }
            _ => merged.push(block),
        }
    }
    for block in &mut merged {
        block.inside = merge(std::mem::take(&mut block.inside));
    }
    merged
}

/// A line that opens no context is a command of its own, however often it stands there.
fn opens(one: &Block, other: &Block) -> bool {
    !one.inside.is_empty() || !other.inside.is_empty()
}

/// The commands for people, each level of depth three blanks further in.
pub fn blocks_to_lines(blocks: &[Block]) -> Vec<String> {
    let mut lines = Vec::new();
    collect(blocks, 0, &mut lines);
    lines
}

fn collect(blocks: &[Block], depth: usize, lines: &mut Vec<String>) {
    for Block { line, inside } in blocks {
        lines.push(format!("{}{line}", LEVEL.repeat(depth)));
        collect(inside, depth + 1, lines);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", &[])]
    #[case("\n   \n", &[])]
    #[case("a\nb", &["a", "b"])]
    #[case("a\n b\n b2\nc\n", &["a", "   b", "   b2", "c"])]
    #[case("  a\n      b\n        c\n  d  \n\n", &["a", "   b", "      c", "d"])]
    #[case("a\n  b\n    c\n  d", &["a", "   b", "      c", "   d"])]
    fn indentation_is_nesting(#[case] text: &str, #[case] want: &[&str]) {
        assert_eq!(blocks_to_lines(&nest(text).unwrap()), want);
    }

    #[rstest]
    #[case("  a\n b")]
    #[case("a\n    b\n  c")]
    #[case("a\n b\n  c\n   d\n    e\n     f\n      g\n       h\n        i")]
    fn indentation_that_fits_nothing(#[case] text: &str) {
        assert!(matches!(nest(text), Err(RenderError::Indentation { .. })));
    }

    #[rstest]
    #[case("a\tb")]
    #[case("a\rb")]
    #[case("a\u{1b}[0m")]
    #[case("a\u{7f}")]
    #[case("a\u{85}b")]
    fn control_characters(#[case] text: &str) {
        assert!(matches!(nest(text), Err(RenderError::Control { .. })));
    }

    #[test]
    fn limits() {
        assert!(nest(&"x".repeat(MAX_LINE)).is_ok());
        assert!(matches!(nest(&"x".repeat(MAX_LINE + 1)), Err(RenderError::TooLong { .. })));
        assert!(nest(&"x\n".repeat(MAX_LINES)).is_ok());
        let many = nest(&"x\n".repeat(MAX_LINES + 1));
        assert!(matches!(many, Err(RenderError::TooManyLines { .. })));
    }

    #[rstest]
    #[case("i\n a\ni\n b", &["i", "   a", "   b"])]
    #[case("i\n a\nj\n b\ni\n c", &["i", "   a", "j", "   b", "i", "   c"])]
    #[case("i\n j\n  a\ni\n j\n  b", &["i", "   j", "      a", "      b"])]
    #[case("i\ni\n a", &["i", "   a"])]
    #[case("x\nx", &["x", "x"])]
    fn equal_contexts_are_visited_once(#[case] text: &str, #[case] want: &[&str]) {
        assert_eq!(blocks_to_lines(&merge(nest(text).unwrap())), want);
    }
}
