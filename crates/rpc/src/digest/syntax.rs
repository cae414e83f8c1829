//! The grammar that `WWW-Authenticate` and `Authorization` share (RFC 9110, section 11): schemes
//! with parameters or one token, separated by commas, of which there may be too many.

use super::{HEADER_BYTES, Malformed};

/// How many parameters one scheme may have; Digest defines a dozen.
const PARAMETERS: usize = 32;
/// How many schemes one header may hold.
const SCHEMES: usize = 16;

/// One scheme of a header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scheme {
    /// As written; compare it without regard to case.
    pub(super) name: String,
    /// The parameters, their names in lower case, in the order of the header.
    pub(super) parameters: Vec<Parameter>,
}

/// One `name=value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether the value was a quoted string.
    pub(super) quoted: bool,
}

impl Scheme {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Takes a parameter out; one that is there twice is refused.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<Parameter>, Malformed> {
        let Some(at) = self.parameters.iter().position(|found| found.name == name) else {
            return Ok(None);
        };
        let taken = self.parameters.remove(at);
        if self.parameters.iter().any(|found| found.name == name) {
            return Err(Malformed::new("a parameter is there twice"));
        }
        Ok(Some(taken))
    }

    /// As [`Scheme::take`], the value alone.
    pub(super) fn value(&mut self, name: &str) -> Result<Option<String>, Malformed> {
        Ok(self.take(name)?.map(|parameter| parameter.value))
    }
}

/// Reads all schemes of a header's value.
pub(super) fn schemes(text: &str) -> Result<Vec<Scheme>, Malformed> {
    if text.len() > HEADER_BYTES {
        return Err(Malformed::new(format!("the header has more than {HEADER_BYTES} bytes")));
    }
    let mut schemes: Vec<Scheme> = Vec::new();
    let mut rest = Rest(text);
    loop {
        rest.skip(|c| matches!(c, ' ' | '\t' | ','));
        if rest.0.is_empty() {
            return Ok(schemes);
        }
        let name = rest.token("a scheme or a parameter")?;
        let after = rest.0.trim_start_matches([' ', '\t']);
        let count = schemes.len();
        match (after.strip_prefix('='), schemes.last_mut()) {
            (Some(value), Some(scheme)) => {
                if scheme.parameters.len() == PARAMETERS {
                    return Err(Malformed::new("a scheme has too many parameters"));
                }
                rest.0 = value.trim_start_matches([' ', '\t']);
                let quoted = rest.0.starts_with('"');
                let value = if quoted { rest.quoted()? } else { rest.token("a value")?.to_owned() };
                rest.separated()?;
                let name = name.to_ascii_lowercase();
                scheme.parameters.push(Parameter { name, value, quoted });
            }
            (Some(_), None) => return Err(Malformed::new("a parameter stands before any scheme")),
            (None, _) if count == SCHEMES => {
                return Err(Malformed::new("the header holds too many schemes"));
            }
            (None, _) => {
                schemes.push(Scheme { name: name.to_owned(), parameters: Vec::new() });
                if rest.0.starts_with([' ', '\t']) {
                    rest.0 = after;
                    rest.skip_token68();
                } else {
                    rest.separated()?;
                }
            }
        }
    }
}

/// What is left to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        self.0 = self.0.trim_start_matches(skipped);
    }

    fn token(&mut self, wanted: &str) -> Result<&'a str, Malformed> {
        let end = self.0.find(|c| !is_token(c)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        if token.is_empty() {
            return Err(Malformed::new(format!("{wanted} is missing")));
        }
        self.0 = rest;
        Ok(token)
    }

    /// A quoted string, of which the opening quote is next.
    fn quoted(&mut self) -> Result<String, Malformed> {
        let mut value = String::new();
        let mut characters = self.0.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            let taken = match character {
                '"' => {
                    self.0 = self.0.get(at + 1..).unwrap_or_default();
                    return Ok(value);
                }
                '\\' => characters.next().map(|(_, escaped)| escaped),
                other => Some(other),
            };
            match taken {
                Some(c) if c == '\t' || !c.is_control() => value.push(c),
                Some(_) => return Err(Malformed::new("a value holds a control character")),
                None => break,
            }
        }
        Err(Malformed::new("a quoted value has no end"))
    }

    /// Steps over the single token that some schemes have in place of parameters.
    fn skip_token68(&mut self) {
        let body = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let after = self.0.trim_start_matches(body);
        if after.len() == self.0.len() {
            return;
        }
        let after = after.trim_start_matches('=').trim_start_matches([' ', '\t']);
        if after.is_empty() || after.starts_with(',') {
            self.0 = after;
        }
    }

    /// Whether the element ends here, as it has to.
    fn separated(&mut self) -> Result<(), Malformed> {
        self.skip(|c| matches!(c, ' ' | '\t'));
        if self.0.is_empty() || self.0.starts_with(',') {
            Ok(())
        } else {
            Err(Malformed::new("a comma is missing"))
        }
    }
}

/// The characters of a token (RFC 9110, section 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// Writes a quoted string. Control characters stay as they are, and are refused by the header
/// type of whichever library sends them.
pub(super) fn quote(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    type Read = Vec<(String, Vec<(String, String)>)>;

    fn check(text: &str) -> Result<Read, String> {
        let parameters = |scheme: Scheme| {
            scheme.parameters.into_iter().map(|found| (found.name, found.value)).collect()
        };
        let read = schemes(text).map_err(|error| error.to_string())?;
        Ok(read.into_iter().map(|scheme| (scheme.name.clone(), parameters(scheme))).collect())
    }

    #[rstest]
    #[case("", "[]")]
    #[case(" , ,", "[]")]
    #[case("Basic", r#"[("Basic", [])]"#)]
    #[case(r#"Basic realm="a, b""#, r#"[("Basic", [("realm", "a, b")])]"#)]
    #[case(r"Basic REALM = x", r#"[("Basic", [("realm", "x")])]"#)]
    #[case(
        r#"Basic realm="a\"\\b",, ,charset=UTF-8,"#,
        r#"[("Basic", [("realm", "a\"\\b"), ("charset", "UTF-8")])]"#
    )]
    #[case("Negotiate, Basic realm=x", r#"[("Negotiate", []), ("Basic", [("realm", "x")])]"#)]
    #[case(
        "Negotiate YWJj==, Basic realm=x",
        r#"[("Negotiate", []), ("Basic", [("realm", "x")])]"#
    )]
    #[case("Digest a=1, b=2, Basic c=3, d=4, NTLM", r#"[("Digest", [("a", "1"), ("b", "2")]), ("Basic", [("c", "3"), ("d", "4")]), ("NTLM", [])]"#)]
    // The grammar's one trap: a single token may end in `=`.
    #[case("Basic realm=", r#"[("Basic", [])]"#)]
    fn headers_are_read(#[case] text: &str, #[case] want: &str) {
        assert_eq!(format!("{:?}", check(text).unwrap()), want);
    }

    #[rstest]
    #[case("realm=x", "a parameter stands before any scheme")]
    #[case("Basic a=1, realm=", "a value is missing")]
    #[case("Basic a=1, realm=,", "a value is missing")]
    #[case(r#"Basic realm="x"#, "a quoted value has no end")]
    #[case(r#"Basic realm="x\"#, "a quoted value has no end")]
    #[case(r#"Basic realm="x"y"#, "a comma is missing")]
    #[case("Basic realm=\"x\ny\"", "a value holds a control character")]
    #[case("Basic realm=\"x\\\ry\"", "a value holds a control character")]
    #[case("Basic a=b c=d", "a comma is missing")]
    #[case("Basic \u{e9}", "a scheme or a parameter is missing")]
    #[case("{}", "a scheme or a parameter is missing")]
    fn other_headers_are_refused(#[case] text: &str, #[case] want: &str) {
        assert_eq!(check(text).unwrap_err(), want);
    }

    #[test]
    fn size_and_number_are_limited() {
        let long = format!("Basic realm=\"{}\"", "x".repeat(HEADER_BYTES));
        assert_eq!(check(&long).unwrap_err(), "the header has more than 4096 bytes");
        let many = format!("Basic {}", "a=1,".repeat(PARAMETERS + 1));
        assert_eq!(check(&many).unwrap_err(), "a scheme has too many parameters");
        let many = "Basic,".repeat(SCHEMES + 1);
        assert_eq!(check(&many).unwrap_err(), "the header holds too many schemes");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s).{0,80}") {
            let _ = schemes(&text);
        }

        #[test]
        fn texts_of_the_grammars_characters_are_read_or_refused(
            text in r#"[ab=," \\\t]{0,24}"#,
        ) {
            let _ = schemes(&text);
        }

        #[test]
        fn what_is_quoted_is_read_back(value in r"\PC{0,40}") {
            let read = check(&format!("Basic realm={}", quote(&value))).unwrap();
            prop_assert_eq!(&read[0].1[0].1, &value);
        }
    }
}
