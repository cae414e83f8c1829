//! Tokens of Keystone: an OpenStack whose services authenticate with each other.
//!
//! A token is validated by asking Keystone (`GET /v3/auth/tokens`) with a token of our own, which is
//! got by password and renewed when Keystone no longer takes it. What Keystone said is remembered for
//! a while, yes and no alike, under a keyed digest of the token. Requests with the same token wait for
//! one question; how many questions are asked at a time is bounded. When Keystone cannot be asked,
//! nobody comes in. Who it is is the user's name, and only of the one domain that the configuration
//! names: names are unique within a domain, and nowhere else.

mod api;
mod remembered;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tokio::sync::{Mutex, Semaphore};

use self::{
    api::{Api, Asked, Known},
    remembered::Remembered,
};
use super::{Caller, Denied, Limiter, Reason, Scheme, Source, check_name};

/// How many tokens are validated at a time.
const CONCURRENT: usize = 8;
/// How long a caller waits for its turn before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// In how many lanes tokens wait; those in one lane wait for each other.
const LANES: usize = 64;
/// How long it is remembered that Keystone could not be asked: so that those who wait do not each
/// find out by themselves.
const DOWN: Duration = Duration::from_secs(1);
/// How long a refusal is remembered at most: an administrator may be giving the role right now.
const NO: Duration = Duration::from_secs(30);

/// Where Keystone is, who we are there, and whom it may name.
#[derive(Debug, Clone)]
pub struct KeystoneSettings {
    /// Its address, with or without `/v3`.
    pub url: String,
    /// CA certificates in PEM that its certificate has to lead to; the system's when absent.
    pub ca: Option<Vec<u8>>,
    /// Our own user.
    pub username: String,
    /// Its password.
    pub password: SecretString,
    /// The domain of that user, by name.
    pub user_domain: String,
    /// The project that our own token is for, by name.
    pub project: String,
    /// The domain of that project, by name.
    pub project_domain: String,
    /// The domain of callers, by name or id.
    pub callers_domain: String,
    /// Of these roles a caller has to have one.
    pub roles: Vec<String>,
    /// How long what Keystone said is remembered.
    pub cache: Duration,
}

/// Validates tokens.
pub struct Keystone {
    api: Api,
    roles: Vec<String>,
    domain: String,
    cache: Duration,
    remembered: Remembered,
    lanes: Vec<Mutex<()>>,
    places: Arc<Semaphore>,
}

impl Keystone {
    /// Makes ready to ask; nothing is asked yet.
    ///
    /// # Errors
    /// What of the settings cannot be used.
    pub fn new(settings: KeystoneSettings) -> Result<Self, String> {
        let api = Api::new(&settings)?;
        let KeystoneSettings { roles, callers_domain, cache, .. } = settings;
        Ok(Self {
            api,
            roles,
            domain: callers_domain,
            cache,
            remembered: Remembered::new(),
            lanes: (0..LANES).map(|_| Mutex::new(())).collect(),
            places: Arc::new(Semaphore::new(CONCURRENT)),
        })
    }

    /// Where callers get tokens.
    pub(super) fn url(&self) -> &str {
        self.api.url()
    }

    /// Whose token this is.
    pub(super) async fn verify(
        &self,
        token: &[u8],
        limiter: &Limiter,
        source: Source,
    ) -> Result<Caller, Denied> {
        let denied = |reason| Denied::new(Some(Scheme::Keystone), reason);
        let text = str::from_utf8(token)
            .ok()
            .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
        let text = text.ok_or(denied(Reason::Malformed))?;
        let key = self.remembered.key(text);
        if let Some(outcome) = self.remembered.get(&key, Instant::now()) {
            return self.told(outcome, limiter, source);
        }
        let index = usize::from(key.first().copied().unwrap_or_default()) % LANES;
        let Some(lane) = self.lanes.get(index) else { return Err(denied(Reason::Busy)) };
        let Ok(_lane) = tokio::time::timeout(WAIT, lane.lock()).await else {
            return Err(denied(Reason::Busy));
        };
        // Whoever was before us in the lane may have asked the same.
        if let Some(outcome) = self.remembered.get(&key, Instant::now()) {
            return self.told(outcome, limiter, source);
        }
        let attempted = limiter
            .begin(source, Instant::now())
            .map_err(|after| denied(Reason::TooMany(after)))?;
        let Ok(Ok(_place)) = tokio::time::timeout(WAIT, self.places.acquire()).await else {
            attempted.give_back();
            return Err(denied(Reason::Busy));
        };
        let (outcome, holds) = self.ask(text).await;
        self.remembered.put(key, outcome.clone(), Instant::now() + holds);
        match &outcome {
            Err((Reason::WrongToken | Reason::WrongRole | Reason::WrongDomain, _)) => {}
            _ => attempted.give_back(),
        }
        outcome.map_err(with_user)
    }

    /// A remembered outcome. A refusal costs what it would have cost if it had been asked for.
    fn told(&self, outcome: Outcome, limiter: &Limiter, source: Source) -> Result<Caller, Denied> {
        if let Err((reason, _)) = &outcome
            && *reason != Reason::KeystoneDown
            && let Err(after) = limiter.begin(source, Instant::now()).map(drop)
        {
            return Err(Denied::new(Some(Scheme::Keystone), Reason::TooMany(after)));
        }
        outcome.map_err(with_user)
    }

    /// What Keystone says, and for how long that holds.
    async fn ask(&self, token: &str) -> (Outcome, Duration) {
        match self.api.validate(token).await {
            Ok(Asked::Unknown) => (Err((Reason::WrongToken, None)), self.cache.min(NO)),
            Ok(Asked::Known(known)) => {
                let user = known.user.clone();
                match self.judge(known) {
                    Ok((caller, left)) => (Ok(caller), left.min(self.cache)),
                    Err(reason) => (Err((reason, Some(user))), self.cache.min(NO)),
                }
            }
            Err(problem) => {
                tell(&problem);
                (Err((Reason::KeystoneDown, None)), DOWN)
            }
        }
    }

    fn judge(&self, known: Known) -> Result<(Caller, Duration), Reason> {
        let Known { user, domain_id, domain_name, roles, left } = known;
        let left = left.filter(|left| !left.is_zero()).ok_or(Reason::WrongToken)?;
        if domain_id != self.domain && domain_name != self.domain {
            return Err(Reason::WrongDomain);
        }
        if !roles.iter().any(|role| self.roles.contains(role)) {
            return Err(Reason::WrongRole);
        }
        check_name(&user).map_err(|_| Reason::UnknownName)?;
        Ok((Caller { name: user, scheme: Scheme::Keystone }, left))
    }
}

/// A caller, or why there is none and who it would have been.
type Outcome = Result<Caller, (Reason, Option<String>)>;

fn with_user((reason, user): (Reason, Option<String>)) -> Denied {
    let denied = Denied::new(Some(Scheme::Keystone), reason);
    match user {
        Some(user) => denied.claiming(&user),
        None => denied,
    }
}

/// Tells the operator, who alone can help.
fn tell(problem: &str) {
    tracing::error!(problem, "Keystone cannot be asked, so nobody comes in by its tokens");
}

impl fmt::Debug for Keystone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystone").field("url", &self.api.url()).finish_non_exhaustive()
    }
}
