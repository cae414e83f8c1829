//! Who may log in.

use russh::keys::ssh_key::PublicKey;
use secrecy::ExposeSecret as _;

use super::settings::User;

/// Whether the user has this password.
pub(crate) fn password(users: &[User], name: &str, password: &str) -> bool {
    users.iter().any(|user| {
        let own = user.password.as_ref();
        user.name == name && own.is_some_and(|own| own.expose_secret() == password)
    })
}

/// Whether the user has this key.
pub(crate) fn key(users: &[User], name: &str, key: &PublicKey) -> bool {
    users.iter().any(|user| {
        user.name == name && user.keys.iter().any(|own| own.key_data() == key.key_data())
    })
}
