//! Taking secrets out of what a plugin or a switch says.
//!
//! It finds a secret as it is, as JSON writes it, and each longer line of one that has several. It
//! does not find one that was encoded otherwise: a plugin that wants to tell can.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// What stands where a secret stood.
const PLACE: &str = "[redacted]";

/// How long a line of a secret must be to count by itself; `}` and `-----` say nothing.
const LINE_CHARS: usize = 8;

/// Knows the secrets that must not be seen.
#[derive(Default)]
pub struct Redactor {
    /// The longest first, because one may be a part of another.
    hidden: Vec<SecretString>,
}

impl Redactor {
    /// Hides these.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut hidden: Vec<String> = Vec::new();
        for secret in secrets {
            let secret = secret.expose_secret();
            let lines = secret.lines().map(str::trim).filter(|line| line.len() >= LINE_CHARS);
            hidden.extend(lines.map(str::to_owned));
            hidden.push(secret.to_owned());
            let json = serde_json::Value::from(secret).to_string();
            hidden.push(json.trim_matches('"').to_owned());
        }
        hidden.retain(|secret| !secret.is_empty());
        hidden.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        hidden.dedup();
        Self { hidden: hidden.into_iter().map(SecretString::from).collect() }
    }

    /// The length in bytes of the longest.
    pub(super) fn longest(&self) -> usize {
        self.hidden.first().map_or(0, |secret| secret.expose_secret().len())
    }

    /// Whether a secret is in the text.
    pub(super) fn finds(&self, text: &str) -> bool {
        self.hidden.iter().any(|secret| text.contains(secret.expose_secret()))
    }

    /// The text without them.
    pub fn clean(&self, mut text: String) -> String {
        for secret in &self.hidden {
            if text.contains(secret.expose_secret()) {
                text = text.replace(secret.expose_secret(), PLACE);
            }
        }
        text
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor of {}", self.hidden.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(secrets: &[&str], text: &str) -> String {
        let secrets: Vec<SecretString> = secrets.iter().map(|&s| s.to_owned().into()).collect();
        Redactor::new(&secrets).clean(text.to_owned())
    }

    #[test]
    fn secrets_go_in_every_form_that_happens_by_accident() {
        assert_eq!(clean(&["hunter2"], "login: hunter2!"), "login: [redacted]!");
        assert_eq!(clean(&["ab\"c"], r#"{"p":"ab\"c"}"#), r#"{"p":"[redacted]"}"#);
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----";
        assert_eq!(clean(&[key], "bad line MIIEvQIBADANBg in"), "bad line [redacted] in");
        assert_eq!(clean(&["pass", "password"], "password pass"), "[redacted] [redacted]");
        assert_eq!(clean(&[], "nothing"), "nothing");
        assert!(!format!("{:?}", Redactor::new(&["x1y2".to_owned().into()])).contains("x1y2"));
    }
}
