//! As much of a shell as systems need whose command line is one: words, quotes, lists.
//!
//! There are no variables, pipes or redirections. A line that has any is refused, so that nothing
//! that a client means by them is passed over.

/// How a command is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `;`, or it is the first.
    Always,
    /// `&&`.
    IfGood,
    /// `||`.
    IfBad,
}

/// A command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) join: Join,
    pub(super) words: Vec<String>,
}

/// What a command leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) output: String,
    pub(super) errors: String,
    pub(super) status: u32,
}

impl Outcome {
    pub(super) fn good(output: impl Into<String>) -> Self {
        Self { output: output.into(), ..Self::default() }
    }

    pub(super) fn bad(status: u32, errors: impl Into<String>) -> Self {
        Self { errors: errors.into(), status, output: String::new() }
    }
}

/// Reads a line into its commands.
pub(super) fn parse(line: &str) -> Result<Vec<Simple>, String> {
    let mut list = Vec::new();
    let mut join = Join::Always;
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars().peekable();
    let unexpected = |what: &str| format!("-bash: syntax error near unexpected token `{what}'");
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => loop {
                match letters.next() {
                    Some('\'') => {
                        word.get_or_insert_default();
                        break;
                    }
                    Some(inner) => word.get_or_insert_default().push(inner),
                    None => return Err(unexpected("newline")),
                }
            },
            '"' => loop {
                match letters.next() {
                    Some('"') => {
                        word.get_or_insert_default();
                        break;
                    }
                    Some('\\') if letters.peek().is_some_and(|next| "\"\\$`".contains(*next)) => {
                        word.get_or_insert_default().extend(letters.next());
                    }
                    Some('$' | '`') => return Err(unexpected("$")),
                    Some(inner) => word.get_or_insert_default().push(inner),
                    None => return Err(unexpected("newline")),
                }
            },
            '\\' => word.get_or_insert_default().extend(letters.next()),
            ' ' | '\t' => words.extend(word.take()),
            '#' if word.is_none() => break,
            ';' | '\n' => {
                words.extend(word.take());
                push(&mut list, join, &mut words);
                join = Join::Always;
            }
            '&' | '|' => {
                if letters.next() != Some(letter) {
                    return Err(unexpected(&letter.to_string()));
                }
                words.extend(word.take());
                if words.is_empty() {
                    return Err(unexpected(if letter == '&' { "&&" } else { "||" }));
                }
                push(&mut list, join, &mut words);
                join = if letter == '&' { Join::IfGood } else { Join::IfBad };
            }
            '$' | '`' | '(' | ')' | '<' | '>' | '*' | '{' | '}' => {
                return Err(unexpected(&letter.to_string()));
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word.take());
    if words.is_empty() && join != Join::Always {
        return Err(unexpected("newline"));
    }
    push(&mut list, join, &mut words);
    Ok(list)
}

fn push(list: &mut Vec<Simple>, join: Join, words: &mut Vec<String>) {
    if !words.is_empty() {
        list.push(Simple { join, words: std::mem::take(words) });
    }
}

/// Runs the commands of a line; the status is the last one's.
pub(super) fn run(line: &str, mut simple: impl FnMut(&[String]) -> Outcome) -> Outcome {
    let list = match parse(line) {
        Ok(list) => list,
        Err(problem) => return Outcome::bad(2, format!("{problem}\n")),
    };
    let mut all = Outcome::default();
    for Simple { join, words } in list {
        let due = match join {
            Join::Always => true,
            Join::IfGood => all.status == 0,
            Join::IfBad => all.status != 0,
        };
        if due {
            let Outcome { output, errors, status } = simple(&words);
            all.output.push_str(&output);
            all.errors.push_str(&errors);
            all.status = status;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<String>> {
        parse(line).unwrap().into_iter().map(|simple| simple.words).collect()
    }

    #[test]
    fn words_and_quotes() {
        assert_eq!(words("a  'b c' \"d \\\" e\" f\\ g ''"), [["a", "b c", "d \" e", "f g", ""]]);
        assert_eq!(words("set 'PORT|Ethernet4' x"), [["set", "PORT|Ethernet4", "x"]]);
        assert_eq!(words("a; b && c # d"), [vec!["a"], vec!["b"], vec!["c"]]);
        assert!(words(" ").is_empty());
        for bad in ["a | b", "a &", "a && ", "&& a", "a > b", "echo $x", "'a", "`a`", "\"$x\""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lists_end_where_they_must() {
        let ran = |line: &str| {
            let mut ran = Vec::new();
            let outcome = run(line, |words| {
                ran.push(words.join(" "));
                Outcome { status: u32::from(words[0] == "no"), ..Outcome::default() }
            });
            (ran.join(","), outcome.status)
        };
        assert_eq!(ran("no && a; b"), ("no,b".to_owned(), 0));
        assert_eq!(ran("no || a && b"), ("no,a,b".to_owned(), 0));
        assert_eq!(ran("a || b; no"), ("a,no".to_owned(), 1));
        assert_eq!(ran("a | b").1, 2);
    }
}
