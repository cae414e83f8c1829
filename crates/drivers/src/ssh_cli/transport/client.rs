//! What the other side says of itself while a connection is open.

use std::sync::{Arc, Mutex, PoisonError};

use russh::{
    client::{DisconnectReason, Handler, Session},
    keys::PublicKeyOrCertificate,
};

use super::{
    algorithms,
    fault::{Fault, in_words},
    host_keys::Judge,
    settings::Endpoint,
};

/// How much of a banner or of a last word is kept.
const SAID_CHARS: usize = 300;

/// What a host has said.
#[derive(Debug, Clone, Default)]
pub(super) struct Said(Arc<Mutex<Words>>);

#[derive(Debug, Default)]
struct Words {
    /// Why it ended the connection, or why the connection ended.
    ending: Option<String>,
}

impl Said {
    /// Why the connection ended, if it did.
    pub(super) fn ending(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ending.clone()
    }

    fn ended(&self, why: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ending.get_or_insert(why);
    }
}

/// The side of a connection that is here.
pub(super) struct Client {
    pub(super) judge: Arc<Judge>,
    pub(super) endpoint: Endpoint,
    pub(super) said: Said,
}

impl Handler for Client {
    type Error = Fault;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            return Err(Fault::Host("it shows a certificate that was not asked for".into()));
        };
        let (judge, key) = (Arc::clone(&self.judge), key.clone());
        // It may have to write a file.
        let verdict = tokio::task::spawn_blocking(move || judge.check(&key)).await;
        match verdict {
            Ok(verdict) => verdict.map(|()| true).map_err(Fault::Host),
            Err(_) => Err(Fault::Host("its key could not be checked".into())),
        }
    }

    async fn disconnected(
        &mut self,
        reason: DisconnectReason<Self::Error>,
    ) -> Result<(), Self::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.said.ended(format!("it said `{}`", shortened(&info.message)));
                Ok(())
            }
            DisconnectReason::Error(fault) => {
                self.said.ended(fault.to_string());
                Err(fault)
            }
        }
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), Self::Error> {
        tracing::debug!(host = self.endpoint.shown(), "banner: {}", shortened(banner));
        Ok(())
    }
}

impl Client {
    /// Words for an error of the key exchange.
    pub(super) fn exchange_failed(endpoint: &Endpoint, fault: Fault) -> Fault {
        let address = endpoint.shown();
        match fault {
            Fault::Ssh(russh::Error::NoCommonAlgo { kind, ours, theirs }) => {
                let told = algorithms::nothing_in_common(&kind, &ours, &theirs, &endpoint.legacy);
                Fault::Way(format!("`{address}` and Mercury have {told}"))
            }
            Fault::Ssh(error) => Fault::Way(format!("`{address}`: {}", in_words(&error))),
            other => other,
        }
    }
}

/// A text of the other side, on one line and not too long.
pub(super) fn shortened(text: &str) -> String {
    let line: String = text
        .trim()
        .chars()
        .take(SAID_CHARS)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
