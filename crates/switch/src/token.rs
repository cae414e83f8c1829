//! A plan token: a request together with a digest of what was observed and what would be done.
//!
//! It is no permission: who applies it is judged as if it had sent the request. It needs no secret
//! and no memory: the service plans afresh and compares, so a token lives through a restart, and is
//! refused as soon as the switch, or what Mercury would do to it, has changed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{error::SwitchError, leg::Leg, request::ChangeRequest};

/// How long a plan can be applied: a change window, and no forgotten note.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// How long a token may be, in characters: sixteen links with all their members, many times over.
const MAX_LENGTH: usize = 64 * 1024;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    v: u8,
    made: Timestamp,
    digest: String,
    /// The request that was planned.
    pub request: ChangeRequest,
}

impl Token {
    /// The token of a plan.
    pub(crate) fn new(request: ChangeRequest, legs: &[Leg]) -> Self {
        Self { v: 1, made: Timestamp::now(), digest: digest(legs), request }
    }

    /// As text, for a caller to keep.
    pub(crate) fn encode(&self) -> Result<String, SwitchError> {
        let json =
            serde_json::to_vec(self).map_err(|error| SwitchError::Internal(error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// Reads a token, and refuses one that is too old.
    pub(crate) fn decode(text: &str) -> Result<Self, SwitchError> {
        let bad = |why: &str| SwitchError::Invalid(format!("plan_token: {why}"));
        if text.len() > MAX_LENGTH {
            return Err(bad("is too long"));
        }
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad("is not one that `plan` gave"))?;
        let token: Self =
            serde_json::from_slice(&json).map_err(|_| bad("is not one that `plan` gave"))?;
        if token.v != 1 {
            return Err(bad("is of another version of this service"));
        }
        let age = Timestamp::now().duration_since(token.made);
        if age > LIFETIME || age < -LIFETIME {
            return Err(SwitchError::Conflict {
                what: "the plan is older than 24 hours".to_owned(),
                hint: Some("plan again".to_owned()),
            });
        }
        Ok(token)
    }

    /// Refuses a plan that is no longer what would be done.
    pub(crate) fn check(&self, legs: &[Leg]) -> Result<(), SwitchError> {
        if digest(legs) == self.digest {
            return Ok(());
        }
        Err(SwitchError::Conflict {
            what: "the plan is stale: the switch has changed since it was made".to_owned(),
            hint: Some("plan again, and look at the new plan".to_owned()),
        })
    }
}

fn digest(legs: &[Leg]) -> String {
    let mut hash = Sha256::new();
    for leg in legs {
        // Names and changes are made of strings and numbers, which always serialise.
        let changes = serde_json::to_vec(&leg.work.changes).unwrap_or_default();
        hash.update(leg.switch.name().as_str());
        hash.update([0]);
        hash.update(leg.observed.slice.digest());
        hash.update(changes);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}
