//! Taking a new configuration without dropping a request.
//!
//! Everything new is read and checked before anything old is let go, so a mistake leaves the
//! service as it was. Requests that run keep what they began with.

use tracing::{error, info, warn};

use crate::{build, config::Config, error::Error, run::Running};

/// Reads the configuration, the policy, passwords and certificates again, and says in the log what
/// came of it.
pub(crate) async fn reload(running: &Running) {
    let outcome = match replace(running).await {
        Ok(()) => {
            info!("the new configuration is in force");
            "done"
        }
        Err(error) => {
            error!(%error, "the new configuration is refused, and the old one stays in force");
            "refused"
        }
    };
    metrics::counter!("mercury_reloads_total", "outcome" => outcome).increment(1);
}

async fn replace(running: &Running) -> Result<(), Error> {
    let Running { config: old, service, access, .. } = running;
    let new = Config::load(&old.path)?;
    let state = build::state(&new, &service.state().inventory, service.tasks()).await?;
    build::check_secrets(&new).await?;
    let mut read = Vec::new();
    for listener in access {
        read.push(listener.read().await?);
    }

    access.iter().zip(read).for_each(|(listener, read)| listener.replace(read));
    service.reload(state);
    for key in fixed(old, &new) {
        warn!(key, "this key was changed, and holds only after a restart");
    }
    Ok(())
}

/// The keys that differ and that a reload does not change.
fn fixed(old: &Config, new: &Config) -> Vec<&'static str> {
    let same = [
        ("listen", old.listen == new.listen),
        ("state_dir", old.state_dir == new.state_dir),
        ("audit", old.audit == new.audit),
        ("limits", old.limits == new.limits),
        ("log", old.log == new.log),
        ("ironic", old.ironic == new.ironic),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(key, _)| key).collect()
}
