//! SPDX licence expressions: `(MIT OR Apache-2.0) AND Unicode-3.0`.
//!
//! The grammar is that of annex D of the SPDX specification, and the old Cargo spelling `MIT/ISC`
//! for OR. `WITH` binds tightest, then `AND`, then `OR`. An identifier with an exception is one
//! licence of its own: allowing `Apache-2.0` does not allow `Apache-2.0 WITH LLVM-exception`.

use anyhow::{Result, bail};

/// Whether a choice exists under which every licence that applies is in `allowed`.
///
/// # Errors
/// The expression is malformed; then nobody can say.
pub(super) fn permits(expression: &str, allowed: &[String]) -> Result<bool> {
    let mut parser = Parser { words: words(expression), next: 0, allowed };
    let result = parser.any_of()?;
    match parser.peek() {
        None => Ok(result),
        Some(word) => bail!("unexpected `{word}` in licence `{expression}`"),
    }
}

fn words(expression: &str) -> Vec<String> {
    expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

struct Parser<'a> {
    words: Vec<String>,
    next: usize,
    allowed: &'a [String],
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.next).map(String::as_str)
    }

    /// Steps over the word if it is the given one. Operators are all upper or all lower case.
    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek().is_some_and(|word| word == wanted || word == wanted.to_lowercase());
        self.next += usize::from(found);
        found
    }

    fn any_of(&mut self) -> Result<bool> {
        let mut result = self.all_of()?;
        while self.accept("OR") {
            // No short circuit: the right side must be parsed whatever the left one is.
            result |= self.all_of()?;
        }
        Ok(result)
    }

    fn all_of(&mut self) -> Result<bool> {
        let mut result = self.one()?;
        while self.accept("AND") {
            result &= self.one()?;
        }
        Ok(result)
    }

    fn one(&mut self) -> Result<bool> {
        if self.accept("(") {
            let result = self.any_of()?;
            if !self.accept(")") {
                bail!("a `)` is missing in the licence");
            }
            return Ok(result);
        }
        let mut licence = self.identifier()?;
        if self.accept("WITH") {
            licence = format!("{licence} WITH {}", self.identifier()?);
        }
        Ok(self.allowed.contains(&licence))
    }

    fn identifier(&mut self) -> Result<String> {
        let Some(word) = self.peek() else { bail!("the licence ends too early") };
        let is_operator =
            ["AND", "OR", "WITH"].iter().any(|name| word == *name || word == name.to_lowercase());
        let is_identifier = !is_operator
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ':'));
        if !is_identifier {
            bail!("`{word}` stands where a licence was expected");
        }
        let word = word.to_owned();
        self.next += 1;
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|&name| name.to_owned()).collect();
        permits(expression, &allowed).unwrap()
    }

    #[test]
    fn one_of_a_choice_is_enough_and_all_of_a_conjunction_are_needed() {
        assert!(check("MIT", &["MIT"]));
        assert!(!check("GPL-3.0-only", &["MIT"]));
        assert!(check("GPL-3.0-only OR MIT", &["MIT"]));
        assert!(!check("GPL-3.0-only AND MIT", &["MIT"]));
        assert!(check("ISC AND MIT", &["MIT", "ISC"]));
        assert!(check("MIT/Apache-2.0", &["Apache-2.0"]));
    }

    #[test]
    fn and_binds_tighter_than_or_and_parentheses_tighter_still() {
        let allowed = &["MIT"];
        assert!(check("MIT OR ISC AND Zlib", allowed));
        assert!(check("ISC AND Zlib OR MIT", allowed));
        assert!(!check("(MIT OR ISC) AND Zlib", allowed));
        assert!(check("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT", "Unicode-3.0"]));
        assert!(check("((MIT))", allowed));
    }

    #[test]
    fn an_exception_makes_another_licence() {
        let expression = "Apache-2.0 WITH LLVM-exception";
        assert!(!check(expression, &["Apache-2.0"]));
        assert!(check(expression, &["Apache-2.0 WITH LLVM-exception"]));
        assert!(!check("Apache-2.0", &["Apache-2.0 WITH LLVM-exception"]));
        assert!(check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", &["MIT"]));
    }

    #[test]
    fn or_later_is_not_only() {
        assert!(!check("GPL-2.0+", &["GPL-2.0"]));
        assert!(check("GPL-2.0+", &["GPL-2.0+"]));
    }

    #[test]
    fn operators_may_be_lower_case() {
        assert!(check("gpl-3.0 or MIT", &["MIT"]));
        assert!(!check("ISC and MIT", &["MIT"]));
    }

    #[test]
    fn a_malformed_expression_permits_nothing_even_where_its_start_would() {
        let allowed = ["MIT".to_owned(), "ISC".to_owned()];
        for expression in [
            "",
            "MIT OR",
            "MIT ISC",
            "(MIT",
            "MIT)",
            "AND MIT",
            "MIT WITH",
            "MIT OR OR ISC",
            "MIT, ISC",
            "()",
        ] {
            assert!(permits(expression, &allowed).is_err(), "{expression}");
        }
    }
}
