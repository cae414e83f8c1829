//! Where the secrets of a switch come from.

use async_trait::async_trait;
use secrecy::SecretString;

/// Where a secret comes from. It is asked at each login or start of a plugin, so that a secret
/// that was changed needs no restart of the service.
#[async_trait]
pub trait SecretSource: std::fmt::Debug + Send + Sync {
    /// The secret, or why it cannot be had; the reason does not repeat it.
    async fn value(&self) -> Result<SecretString, String>;
}

#[async_trait]
impl SecretSource for SecretString {
    async fn value(&self) -> Result<SecretString, String> {
        Ok(self.clone())
    }
}
