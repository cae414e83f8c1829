//! Showing a host who asks.
//!
//! What the host takes is asked first (`none`, RFC 4252 section 5.2), so that nothing is presented
//! that it would not take: a refused password counts against an account. A password is presented
//! once as `password`, and once as the answer to a question, if the host takes both; a question for
//! anything else is not answered.

use std::sync::Arc;

use russh::{
    AgentAuthError, MethodKind, MethodSet,
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse, Prompt},
    keys::{
        Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg,
        agent::{AgentIdentity, client::AgentClient},
        decode_secret_key, load_openssh_certificate,
    },
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    client::{Client, Said, shortened},
    fault::Fault,
    settings::{Agent, Endpoint, Key, Method},
};

/// How many rounds of questions are answered. A password is one; a round without questions may come
/// before or after it.
const MOST_ROUNDS: usize = 4;

/// What there is to show, fetched for one login.
pub(super) struct Proof {
    pub(super) password: Option<SecretString>,
    pub(super) key: Option<(Arc<PrivateKey>, Option<Certificate>)>,
    /// All secrets, to tell whether they have changed, and to take them out of texts.
    pub(super) secrets: Vec<SecretString>,
}

impl Proof {
    /// Asks the sources.
    pub(super) async fn fetch(endpoint: &Endpoint) -> Result<Self, Fault> {
        let missing = |what: &str, why: String| {
            Fault::Credentials(format!(
                "the {what} for `{}` cannot be had: {why}",
                endpoint.shown()
            ))
        };
        let mut secrets = Vec::new();
        let mut password = None;
        if let Some(source) = &endpoint.password {
            let secret = source.value().await.map_err(|why| missing("password", why))?;
            secrets.push(secret.clone());
            password = Some(secret);
        }
        let mut key = None;
        if let Some(Key { text, passphrase, certificate }) = &endpoint.key {
            let text = text.value().await.map_err(|why| missing("key", why))?;
            let passphrase = match passphrase {
                Some(source) => {
                    Some(source.value().await.map_err(|why| missing("key's passphrase", why))?)
                }
                None => None,
            };
            secrets.push(text.clone());
            secrets.extend(passphrase.clone());
            let certificate = certificate.clone();
            let read = move || read_key(&text, passphrase.as_ref(), certificate.as_deref());
            // Decrypting a key takes a deliberate while.
            let read = tokio::task::spawn_blocking(read).await;
            let read = read.unwrap_or_else(|_| Err("reading it failed".to_owned()));
            key = Some(read.map_err(|why| missing("key", why))?);
        }
        Ok(Self { password, key, secrets })
    }
}

fn read_key(
    text: &SecretString,
    passphrase: Option<&SecretString>,
    certificate: Option<&std::path::Path>,
) -> Result<(Arc<PrivateKey>, Option<Certificate>), String> {
    use russh::keys::Error;
    let passphrase = passphrase.map(|passphrase| passphrase.expose_secret());
    let key = decode_secret_key(text.expose_secret(), passphrase).map_err(|error| match error {
        Error::KeyIsEncrypted => "it is encrypted\nhint: configure its passphrase".to_owned(),
        // Its words could repeat what was read.
        _ if passphrase.is_some() => {
            "it cannot be read with its passphrase, or is no private key".to_owned()
        }
        _ => "it is no private key in OpenSSH's format or PEM".to_owned(),
    })?;
    let certificate = certificate
        .map(|path| {
            load_openssh_certificate(path)
                .map_err(|error| format!("its certificate `{}`: {error}", path.display()))
        })
        .transpose()?;
    if certificate.as_ref().is_some_and(|cert| cert.public_key() != key.public_key().key_data()) {
        return Err("its certificate is for another key".to_owned());
    }
    Ok((Arc::new(key), certificate))
}

/// Logs in.
pub(super) async fn authenticate(
    handle: &mut Handle<Client>,
    endpoint: &Endpoint,
    proof: &Proof,
    said: &Said,
) -> Result<(), Fault> {
    let mut login = Login {
        handle,
        endpoint,
        proof,
        said,
        takes: Vec::new(),
        tried: Vec::new(),
        attempts: 0,
        words: None,
    };
    if login.run().await? {
        return Ok(());
    }
    let takes = login.takes.iter().map(Into::into).collect();
    let (tried, words) = (login.tried, login.words);
    Err(Fault::Refused {
        username: endpoint.username.clone(),
        address: endpoint.shown(),
        tried,
        takes,
        said: words.or_else(|| said.ending()),
    })
}

struct Login<'a> {
    handle: &'a mut Handle<Client>,
    endpoint: &'a Endpoint,
    proof: &'a Proof,
    said: &'a Said,
    /// What the host still takes.
    takes: Vec<MethodKind>,
    tried: Vec<Method>,
    attempts: usize,
    words: Option<String>,
}

impl Login<'_> {
    async fn run(&mut self) -> Result<bool, Fault> {
        let user = &self.endpoint.username;
        let first = self.handle.authenticate_none(user).await?;
        if self.judge(first)? {
            return Ok(true);
        }
        for method in &self.endpoint.methods {
            if self.attempts >= self.endpoint.attempts {
                break;
            }
            let welcome = match method {
                Method::Agent if self.takes(MethodKind::PublicKey) => self.agent().await?,
                Method::Key if self.takes(MethodKind::PublicKey) => self.key().await?,
                Method::Password if self.takes(MethodKind::Password) => self.password().await?,
                Method::KeyboardInteractive if self.takes(MethodKind::KeyboardInteractive) => {
                    self.answer_questions().await?
                }
                _ => false,
            };
            if welcome {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn takes(&self, kind: MethodKind) -> bool {
        self.takes.contains(&kind)
    }

    fn trying(&mut self, method: Method) {
        self.attempts += 1;
        if !self.tried.contains(&method) {
            self.tried.push(method);
        }
    }

    fn may_try(&self) -> bool {
        self.attempts < self.endpoint.attempts
    }

    /// Whether it is done. What the host still takes is remembered.
    fn judge(&mut self, result: AuthResult) -> Result<bool, Fault> {
        match result {
            AuthResult::Success => Ok(true),
            AuthResult::Failure { remaining_methods, .. } => self.refused(&remaining_methods),
        }
    }

    fn refused(&mut self, remaining: &MethodSet) -> Result<bool, Fault> {
        if remaining.is_empty() && (self.handle.is_closed() || self.said.ending().is_some()) {
            let ending = self.said.ending().unwrap_or_else(|| "it closed the connection".into());
            if self.attempts == 0 {
                return Err(Fault::Way(format!("`{}`: {ending}", self.endpoint.shown())));
            }
            self.words.get_or_insert(ending);
        }
        self.takes = remaining.to_vec();
        Ok(false)
    }

    async fn password(&mut self) -> Result<bool, Fault> {
        let Some(password) = &self.proof.password else { return Ok(false) };
        self.trying(Method::Password);
        let user = &self.endpoint.username;
        let result = self.handle.authenticate_password(user, password.expose_secret()).await?;
        self.judge(result)
    }

    async fn key(&mut self) -> Result<bool, Fault> {
        let Some((key, certificate)) = &self.proof.key else { return Ok(false) };
        let user = &self.endpoint.username;
        if let Some(certificate) = certificate {
            self.trying(Method::Key);
            let (key, certificate) = (Arc::clone(key), certificate.clone());
            let result = self.handle.authenticate_openssh_cert(user, key, certificate).await?;
            if self.judge(result)? {
                return Ok(true);
            }
        }
        for hash in self.hashes(key.algorithm().is_rsa()).await? {
            if !self.may_try() || !self.takes(MethodKind::PublicKey) {
                break;
            }
            self.trying(Method::Key);
            let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
            let result = self.handle.authenticate_publickey(user, key).await?;
            if self.judge(result)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// With which hashes a key is shown: one for most, for RSA what the host says, and SHA-1 where
    /// it is allowed, because hosts exist that say one thing and take another.
    async fn hashes(&self, rsa: bool) -> Result<Vec<Option<HashAlg>>, Fault> {
        if !rsa {
            return Ok(vec![None]);
        }
        let said = self.handle.best_supported_rsa_hash().await?;
        let sha1 = self.endpoint.legacy.allows("ssh-rsa");
        let best = said.unwrap_or(Some(HashAlg::Sha512));
        let mut hashes: Vec<Option<HashAlg>> = Vec::new();
        hashes.extend(best.map(Some));
        if sha1 {
            hashes.push(None);
        }
        Ok(hashes)
    }

    async fn agent(&mut self) -> Result<bool, Fault> {
        let Some(agent) = &self.endpoint.agent else { return Ok(false) };
        let cannot = |why: String| Fault::Credentials(format!("the SSH agent {why}"));
        let opened = match agent {
            Agent::Environment => AgentClient::connect_env().await.map_err(|_| {
                cannot(
                    "of `SSH_AUTH_SOCK` cannot be reached\nhint: the service needs it in its \
                        environment, or configure the socket"
                        .into(),
                )
            }),
            Agent::Socket(path) => AgentClient::connect_uds(path).await.map_err(|error| {
                cannot(format!("at `{}` cannot be reached: {error}", path.display()))
            }),
        };
        let mut agent = opened?;
        let identities = agent.request_identities().await;
        let identities = identities.map_err(|error| cannot(format!("does not answer: {error}")))?;
        let user = &self.endpoint.username;
        for identity in identities {
            let rsa = identity.public_key().algorithm().is_rsa();
            for hash in self.hashes(rsa).await? {
                if !self.may_try() || !self.takes(MethodKind::PublicKey) {
                    return Ok(false);
                }
                self.trying(Method::Agent);
                let result = match &identity {
                    AgentIdentity::PublicKey { key, .. } => {
                        let key = key.clone();
                        self.handle.authenticate_publickey_with(user, key, hash, &mut agent).await
                    }
                    AgentIdentity::Certificate { certificate, .. } => {
                        let certificate = certificate.clone();
                        self.handle
                            .authenticate_certificate_with(user, certificate, hash, &mut agent)
                            .await
                    }
                };
                match result {
                    Ok(result) => {
                        if self.judge(result)? {
                            return Ok(true);
                        }
                    }
                    // It does not want to sign with this one; another may do.
                    Err(AgentAuthError::Key(_)) => {}
                    Err(AgentAuthError::Send(_)) => return Err(russh::Error::SendError.into()),
                }
            }
        }
        Ok(false)
    }

    async fn answer_questions(&mut self) -> Result<bool, Fault> {
        let Some(password) = self.proof.password.clone() else { return Ok(false) };
        self.trying(Method::KeyboardInteractive);
        let user = &self.endpoint.username;
        let mut response =
            self.handle.authenticate_keyboard_interactive_start(user, None::<String>).await?;
        let mut given = false;
        for _ in 0..MOST_ROUNDS {
            let prompts = match response {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, .. } => {
                    return self.refused(&remaining_methods);
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            let answers = match prompts.as_slice() {
                [] => Vec::new(),
                [prompt] if !given && asks_for_password(prompt) => {
                    given = true;
                    vec![password.expose_secret().to_owned()]
                }
                prompts => return Err(self.refuse_questions(prompts)),
            };
            response = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
        }
        self.words = Some("more and more questions".to_owned());
        Ok(false)
    }

    fn refuse_questions(&self, prompts: &[Prompt]) -> Fault {
        let asked: Vec<String> =
            prompts.iter().map(|prompt| format!("`{}`", shortened(&prompt.prompt))).collect();
        let new = prompts.iter().any(|prompt| demands_new(&prompt.prompt));
        Fault::Asked {
            username: self.endpoint.username.clone(),
            address: self.endpoint.shown(),
            questions: asked.join(", "),
            hint: if new {
                "log in by hand, give the account its password, and configure it here"
            } else {
                "only a password is answered; give Mercury an account that needs no more, or a key"
            },
        }
    }
}

/// Whether the password is what is asked for, and not, for instance, a code.
fn asks_for_password(prompt: &Prompt) -> bool {
    let text = prompt.prompt.to_lowercase();
    let asks = text.contains("pass") || text.trim_matches([' ', ':']).is_empty();
    asks && !prompt.echo && !demands_new(&prompt.prompt)
}

fn demands_new(prompt: &str) -> bool {
    let text = prompt.to_lowercase();
    text.contains("new pass") || text.contains("retype") || text.contains("change")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Password: ", false, true)]
    #[case("(mercury@leaf-01) Password:", false, true)]
    #[case("Passphrase", false, true)]
    #[case("", false, true)]
    #[case("Password: ", true, false)]
    #[case("Verification code: ", false, false)]
    #[case("New password: ", false, false)]
    #[case("Retype password: ", false, false)]
    fn only_a_question_for_the_password_is_answered(
        #[case] prompt: &str,
        #[case] echo: bool,
        #[case] expected: bool,
    ) {
        assert_eq!(asks_for_password(&Prompt { prompt: prompt.into(), echo }), expected);
    }
}
