//! Lines in the order in which they are typed, from lines within lines.

use crate::ssh_cli::render::Block;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// What is typed.
    pub(super) line: String,
    /// Whether what follows is given in the context that it opens.
    pub(super) opens: bool,
    /// Whether it does nothing but end a context.
    pub(super) leaves: bool,
}

/// The lines; `exit` is what ends a context, where it does not end by itself.
pub(super) fn flatten(blocks: &[Block], exit: Option<&str>) -> Vec<Step> {
    let mut steps = Vec::new();
    collect(blocks, exit, &mut steps);
    steps
}

fn collect(blocks: &[Block], exit: Option<&str>, steps: &mut Vec<Step>) {
    for Block { line, inside } in blocks {
        let opens = !inside.is_empty();
        steps.push(Step { line: line.clone(), opens, leaves: false });
        collect(inside, exit, steps);
        if let Some(exit) = exit.filter(|_| opens) {
            steps.push(Step { line: exit.to_owned(), opens: false, leaves: true });
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, &["+a", "+b", " c", " d", " e"])]
    #[case(Some("exit"), &["+a", "+b", " c", "-exit", " d", "-exit", " e"])]
    fn contexts_are_left(#[case] exit: Option<&str>, #[case] want: &[&str]) {
        let leaf = |line: &str| Block { line: line.to_owned(), inside: Vec::new() };
        let within = |line: &str, inside| Block { line: line.to_owned(), inside };
        let blocks = [within("a", vec![within("b", vec![leaf("c")]), leaf("d")]), leaf("e")];
        let steps = flatten(&blocks, exit);
        let shown = steps.iter().map(|step| match step {
            Step { line, opens: true, .. } => format!("+{line}"),
            Step { line, leaves: true, .. } => format!("-{line}"),
            Step { line, .. } => format!(" {line}"),
        });
        assert_eq!(shown.collect::<Vec<_>>(), want);
    }
}
