//! As much of a shell as systems need whose command line is one: words, quotes, lists.
//!
//! There are no variables and pipes, and of redirections only those to `/dev/null` and `2>&1`. A
//! line that has any is refused, so that nothing that a client means by them is passed over.

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

/// Where a stream of a command goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    Output,
    Errors,
    Nowhere,
}

/// A command of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) join: Join,
    pub(super) words: Vec<String>,
    pub(super) output: Sink,
    pub(super) errors: Sink,
}

impl Simple {
    const fn new(join: Join) -> Self {
        Self { join, words: Vec::new(), output: Sink::Output, errors: Sink::Errors }
    }
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

fn unexpected(what: &str) -> String {
    format!("-bash: syntax error near unexpected token `{what}'")
}

/// Reads a line into its commands.
pub(super) fn parse(line: &str) -> Result<Vec<Simple>, String> {
    let mut list = Vec::new();
    let mut simple = Simple::new(Join::Always);
    let mut word: Option<String> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => quoted(letter, &mut letters, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().extend(letters.next()),
            ' ' | '\t' => simple.words.extend(word.take()),
            '#' if word.is_none() => break,
            ';' | '\n' => {
                simple.words.extend(word.take());
                let next = Simple::new(Join::Always);
                push(&mut list, std::mem::replace(&mut simple, next));
            }
            '&' | '|' => {
                if letters.next() != Some(letter) {
                    return Err(unexpected(&letter.to_string()));
                }
                simple.words.extend(word.take());
                if simple.words.is_empty() {
                    return Err(unexpected(if letter == '&' { "&&" } else { "||" }));
                }
                let join = if letter == '&' { Join::IfGood } else { Join::IfBad };
                push(&mut list, std::mem::replace(&mut simple, Simple::new(join)));
            }
            '>' => {
                let is_errors = word.as_deref() == Some("2");
                if is_errors || word.as_deref() == Some("1") {
                    word = None;
                }
                simple.words.extend(word.take());
                redirect(&mut simple, is_errors, &mut letters)?;
            }
            '$' | '`' | '(' | ')' | '<' | '*' | '{' | '}' => {
                return Err(unexpected(&letter.to_string()));
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    simple.words.extend(word.take());
    if simple.words.is_empty() && simple.join != Join::Always {
        return Err(unexpected("newline"));
    }
    push(&mut list, simple);
    Ok(list)
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What is between quotation marks, of which the first has been read.
fn quoted(mark: char, letters: &mut Letters<'_>, word: &mut String) -> Result<(), String> {
    loop {
        match letters.next() {
            Some(letter) if letter == mark => return Ok(()),
            Some('\\')
                if mark == '"' && letters.peek().is_some_and(|next| "\"\\$`".contains(*next)) =>
            {
                word.extend(letters.next());
            }
            Some('$' | '`') if mark == '"' => return Err(unexpected("$")),
            Some(inner) => word.push(inner),
            None => return Err(unexpected("newline")),
        }
    }
}

/// What is behind a `>`.
fn redirect(simple: &mut Simple, is_errors: bool, letters: &mut Letters<'_>) -> Result<(), String> {
    let mut target = String::new();
    while letters.next_if(|letter| *letter == ' ').is_some() {}
    while let Some(letter) = letters.next_if(|letter| !" \t;|".contains(*letter)) {
        target.push(letter);
    }
    match (target.as_str(), is_errors) {
        ("/dev/null", true) => simple.errors = Sink::Nowhere,
        ("/dev/null", false) => simple.output = Sink::Nowhere,
        ("&1", true) => simple.errors = simple.output,
        _ => return Err(unexpected(">")),
    }
    Ok(())
}

fn push(list: &mut Vec<Simple>, simple: Simple) {
    if !simple.words.is_empty() {
        list.push(simple);
    }
}

/// Runs the commands of a line; the status is the last one's.
pub(super) fn run(line: &str, mut simple: impl FnMut(&[String]) -> Outcome) -> Outcome {
    let list = match parse(line) {
        Ok(list) => list,
        Err(problem) => return Outcome::bad(2, format!("{problem}\n")),
    };
    let mut all = Outcome::default();
    for simple_command in list {
        let due = match simple_command.join {
            Join::Always => true,
            Join::IfGood => all.status == 0,
            Join::IfBad => all.status != 0,
        };
        if due {
            let Outcome { output, errors, status } = simple(&simple_command.words);
            for (text, sink) in [(output, simple_command.output), (errors, simple_command.errors)] {
                match sink {
                    Sink::Output => all.output.push_str(&text),
                    Sink::Errors => all.errors.push_str(&text),
                    Sink::Nowhere => {}
                }
            }
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
        for bad in
            ["a | b", "a &", "a && ", "&& a", "a > b", "a 2>&3", "echo $x", "'a", "`a`", "\"$x\""]
        {
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

    #[test]
    fn streams_can_be_dropped_or_joined() {
        let both = |_: &[String]| Outcome { output: "o".into(), errors: "e".into(), status: 0 };
        for (line, output, errors) in [
            ("a", "o", "e"),
            ("a >/dev/null", "", "e"),
            ("a 2> /dev/null", "o", ""),
            ("a 2>/dev/null|| true", "o", ""),
            ("a >/dev/null 2>&1 || true", "", ""),
            ("a 2>&1 >/dev/null", "e", ""),
            ("a 2>&1; a", "oeo", "e"),
        ] {
            let outcome = run(line, both);
            assert_eq!(
                (outcome.output.as_str(), outcome.errors.as_str()),
                (output, errors),
                "{line}"
            );
        }
    }
}
