//! Whether a POSIX shell would take a part of a line for more than text.

/// Whether `needle`, which a shell would run, stands anywhere outside of single quotes.
pub(super) fn runs(line: &str, needle: &str) -> bool {
    let mut state = State::Bare;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if state != State::Single && rest.starts_with(needle) {
            return true;
        }
        let mut taken = c.len_utf8();
        state = match (state, c) {
            (State::Bare, '\'') => State::Single,
            (State::Single, '\'') => State::Bare,
            (State::Bare, '"') => State::Double,
            (State::Double, '"') => State::Bare,
            (State::Bare | State::Double, '\\') => {
                taken += rest.chars().nth(1).map_or(0, char::len_utf8);
                state
            }
            (state, _) => state,
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    false
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Bare,
    Single,
    Double,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("set $(x)", true)]
    #[case("set \"$(x)\"", true)]
    #[case("set '$(x)'", false)]
    #[case(r"set 'it'\''s $(x)'", false)]
    #[case(r"set 'it's $(x)", true)]
    #[case(r#"set "'"$(x)"'""#, true)]
    #[case("set '\"' $(x)", true)]
    #[case("set y", false)]
    fn what_a_shell_would_run(#[case] line: &str, #[case] want: bool) {
        assert_eq!(runs(line, "$(x)"), want);
    }
}
