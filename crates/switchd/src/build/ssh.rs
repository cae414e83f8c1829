//! A switch that is spoken to over SSH: its profile, fitted to its options, and the way to it.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    path::Path,
    sync::Arc,
};

use drivers::ssh_cli::{
    driver::{BySsh, SshCliDriver},
    profile::{Problem, Profile, Profiles},
    session::System,
    transcript,
    transport::{self, Agent, Endpoint, Key, Ssh},
};
use model::SwitchName;

use super::{Made, made, source};
use crate::{
    config::{HostKeys, Legacy, Login, SshConfig},
    error::Error,
};

/// The profiles that there are.
pub(super) fn profiles(folder: Option<&Path>) -> Result<Profiles, Error> {
    match folder {
        None => Ok(Profiles::embedded()),
        Some(folder) => {
            Profiles::with_dir(folder).map_err(|error| Error::Profiles(Box::new(error)))
        }
    }
}

pub(super) fn driver(
    profiles: &Profiles,
    name: &SwitchName,
    config: &SshConfig,
) -> Result<Made, String> {
    let entry = profiles.get(&config.profile).map_err(|error| {
        format!("`profile`: {error}\nhint: `mercury profile list` shows which there are")
    })?;
    let profile = entry.profile().map_err(|error| error.to_string())?;
    let system = system(&profile, config)?;
    let settings = settings(name, config)?;
    // A profile of a folder that was edited makes a changed switch.
    let mut hasher = DefaultHasher::new();
    entry.text().hash(&mut hasher);
    let said = format!("{} {:016x}", entry.name(), hasher.finish());
    let driver = SshCliDriver::new(Arc::new(system), BySsh::new(Ssh::new(settings), profile));
    Ok(Made { said, ..made(driver) })
}

/// The profile, fitted to the options of the switch.
pub fn system(profile: &Arc<Profile>, config: &SshConfig) -> Result<System, String> {
    let told = |Problem { at, what }: &Problem| format!("`ssh.{at}` {what}");
    let fitted = profile
        .fit(&config.options)
        .map_err(|problems| problems.iter().map(told).collect::<Vec<_>>().join("\n"))?;
    let mut system = System::new(Arc::clone(profile), fitted).map_err(|problem| told(&problem))?;
    if config.confirm_commits && profile.raw.configure.commit_confirmed.is_empty() {
        return Err(format!(
            "`ssh.confirm_commits` means nothing: `{}` has no commit that takes itself back",
            profile.raw.name
        ));
    }
    system.confirm = config.confirm_commits;
    Ok(system)
}

/// The way to the switch. Secrets are read when it is logged in to.
pub fn settings(name: &SwitchName, config: &SshConfig) -> Result<transport::Settings, String> {
    let SshConfig {
        profile: _,
        login,
        enable_secret,
        jump,
        options,
        confirm_commits: _,
        transcript,
        connect_timeout,
        keepalive,
    } = config.clone();
    Ok(transport::Settings {
        jump: jump.into_iter().map(endpoint).collect::<Result<_, _>>()?,
        enable_secret: enable_secret.map(source),
        prefix: options.get("prefix").cloned(),
        connect_timeout,
        keep_alive: keepalive,
        transcript: transcript.map(transcript::Settings::new),
        ..transport::Settings::new(name.to_string(), endpoint(login)?)
    })
}

fn endpoint(login: Login) -> Result<Endpoint, String> {
    let Login { host, port, user, password, key, key_passphrase, agent, host_keys, legacy } = login;
    let mut known = transport::HostKeys::default();
    match host_keys {
        HostKeys::Known(file) => known.known_hosts.push(file),
        HostKeys::Pinned(pins) => {
            known.pinned = pins.iter().map(|pin| pin.parse()).collect::<Result<_, _>>()?;
        }
        HostKeys::FirstUse(file) => known.first_use = Some(file),
    }
    Ok(Endpoint {
        port,
        password: password.map(source),
        key: key.map(|text| Key {
            text: source(text),
            passphrase: key_passphrase.map(source),
            certificate: None,
        }),
        agent: agent.map(Agent::Socket),
        host_keys: known,
        legacy: match legacy {
            Legacy::None => transport::Legacy::None,
            Legacy::All => transport::Legacy::All,
            Legacy::These(names) => transport::Legacy::some(names)?,
        },
        ..Endpoint::new(host.as_str(), user)
    })
}
