//! What is typed in answer to a question.

use secrecy::{ExposeSecret as _, SecretString};

use crate::ssh_cli::conversation::Credentials;

const USERNAME: &str = "{username}";
const PASSWORD: &str = "{password}";
const ENABLE: &str = "{enable_secret}";

/// Checks what is written in braces.
pub(in crate::ssh_cli) fn fillable(answer: &str) -> Result<(), String> {
    let rest = [USERNAME, PASSWORD, ENABLE]
        .iter()
        .fold(answer.to_owned(), |rest, known| rest.replace(known, ""));
    match (rest.find('{'), rest.find('}')) {
        (None, None) => Ok(()),
        _ => Err(format!(
            "what is in braces has to be one of `{USERNAME}`, `{PASSWORD}` and `{ENABLE}`"
        )),
    }
}

/// Whether the answer is a secret, so that it is given once only: whoever asks again has refused it.
pub(super) fn is_secret(answer: &str) -> bool {
    answer.contains(PASSWORD) || answer.contains(ENABLE)
}

/// Whether the answer is what `enable` asks for.
pub(super) fn is_for_enable(answer: &str) -> bool {
    answer.contains(ENABLE)
}

/// The answer, or what is missing for it.
pub(super) fn fill(answer: &str, credentials: &Credentials) -> Result<SecretString, &'static str> {
    let mut text = answer.replace(USERNAME, &credentials.username);
    for (place, secret, name) in [
        (PASSWORD, &credentials.password, "password"),
        (ENABLE, &credentials.enable_secret, "enable secret"),
    ] {
        if text.contains(place) {
            text = text.replace(place, secret.as_ref().ok_or(name)?.expose_secret());
        }
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("yes", Some("yes"))]
    #[case("{username}", Some("admin"))]
    #[case("{password}", Some("p{username}"))]
    #[case("{enable_secret}", None)]
    fn answers_are_filled(#[case] answer: &str, #[case] expected: Option<&str>) {
        let credentials = Credentials {
            address: String::new(),
            username: "admin".into(),
            password: Some("p{username}".to_owned().into()),
            enable_secret: None,
        };
        assert_eq!(fillable(answer), Ok(()));
        let filled = fill(answer, &credentials).ok();
        assert_eq!(filled.as_ref().map(|text| text.expose_secret()), expected);
    }

    #[rstest]
    #[case("{secret}")]
    #[case("{username")]
    #[case("}")]
    fn other_braces_are_refused(#[case] answer: &str) {
        assert!(fillable(answer).is_err());
    }
}
