//! The login of a switch that a device profile drives: where it is, who logs in, and with what.
//!
//! The library logs in to whoever answers; Mercury wants to know the host's key, so a file of known
//! hosts is named that somebody has to fill.

use std::net::Ipv6Addr;

use super::{
    device::{Device, System},
    draft::{Draft, Secret},
    emit::quoted,
    options::{LOGIN, SECRETS, is_true},
    row::{Fate, Section},
};

/// The file of known hosts, beside the configuration.
pub(super) const KNOWN_HOSTS: &str = "known_hosts";
/// Where a switch may stand, the first first; so the library has it.
const HOSTS: [&str; 3] = ["ip", "host", "address"];
/// The longest time that is taken over, in seconds: a day, as the service has it.
const LONGEST_S: u64 = 86_400;

/// What becomes of an option about logging in; nothing if it is none.
pub(super) fn option(
    draft: &mut Draft,
    section: &Section<'_>,
    option: &str,
    value: &str,
) -> Option<Fate> {
    let why = LOGIN.iter().find(|(name, _)| *name == option).map(|(_, why)| *why);
    let secret = SECRETS.contains(&option);
    if why.is_none() && !secret && !HOSTS.contains(&option) {
        return None;
    }
    Some(match draft.device.clone() {
        Device::Ssh(system) => over_ssh(draft, &system, section, (option, value), why),
        Device::Memory if HOSTS.contains(&option) => {
            Fate::nothing("a switch in memory has no address")
        }
        Device::Memory => Fate::nothing("nobody logs in to a switch in memory; left behind"),
        Device::Other(_) | Device::Unnamed if secret => {
            draft.secret(option, "", value);
            Fate::nothing("a secret: see what is said about it below")
        }
        Device::Other(_) | Device::Unnamed => draft.undriven(option, value),
    })
}

fn over_ssh(
    draft: &mut Draft,
    system: &System,
    section: &Section<'_>,
    (option, value): (&str, &str),
    why: Option<&'static str>,
) -> Fate {
    let file = |key: &str| Fate::carried(key).note("in a file of its own");
    match option {
        host if HOSTS.contains(&host) => match address_option(section) {
            Some(first) if first != host => Fate::nothing(format!("`{first}` counts")),
            _ => Fate::carried("address"),
        },
        "port" => Fate::carried("address"),
        "username" => {
            draft.ssh.insert("user", quoted(value));
            Fate::carried("ssh.user")
        }
        secret if SECRETS.contains(&secret) && value.is_empty() => Fate::nothing("it is empty"),
        "password" => {
            draft.secret(option, "password", value);
            file("ssh.password")
        }
        "secret" | "enable_secret" if asks_for_more(system) => {
            draft.secret(option, "enable_secret", value);
            file("ssh.enable_secret")
        }
        "secret" | "enable_secret" => Fate::nothing(
            "nothing asks for it: the account needs its rights at login, and `sudo` without a \
             password where the profile uses it; left behind",
        ),
        "passphrase" if section.first("key_file").is_some() => {
            draft.secret(option, "key_passphrase", value);
            file("ssh.key_passphrase")
        }
        "passphrase" => Fate::nothing("there is no `key_file` that it could unlock; left behind"),
        "pkey" => Fate::nothing("a file cannot hold this; write the key to one and name it `key`"),
        "key_file" if value.is_empty() => Fate::nothing("it is empty"),
        "key_file" => {
            draft.ssh.insert("key", format!("{{ file = {} }}", quoted(value)));
            if value.starts_with('/') {
                Fate::carried("ssh.key").note("only the service's user may be able to read it")
            } else {
                Fate::changed(
                    "ssh.key",
                    "the path was another service's: give the whole one; only the service's user \
                     may be able to read it",
                )
            }
        }
        "alt_key_file" if section.first("alt_host_keys").is_some_and(is_true) => {
            draft.ssh.insert("known_hosts", quoted(value));
            Fate::carried("ssh.known_hosts").note("a key that is not in it is refused")
        }
        "alt_key_file" => Fate::nothing("not in use, as before"),
        "ngs_ssh_connect_timeout" => {
            let becomes =
                Fate::changed("ssh.connect_timeout_ms", "for one attempt; there, for all of them");
            time(draft, "connect_timeout_ms", value, becomes)
        }
        "keepalive" if value.trim() != "0" => {
            time(draft, "keepalive_ms", value, Fate::carried("ssh.keepalive_ms"))
        }
        _ => Fate::nothing(why.unwrap_or_default()),
    }
}

/// A time in seconds.
fn time(draft: &mut Draft, key: &'static str, value: &str, becomes: Fate) -> Fate {
    match value.trim().parse().ok().filter(|seconds| (1..=LONGEST_S).contains(seconds)) {
        Some(seconds) => {
            draft.ssh.insert(key, (seconds * 1000).to_string());
            becomes
        }
        None => Fate::unknown("it is no number of seconds; the default was left"),
    }
}

/// Whether the system asks for a second secret.
fn asks_for_more(system: &System) -> bool {
    let mut questions = system.profile.session.questions.iter();
    questions.any(|question| question.answer == "{enable_secret}")
}

/// The option whose value is the host.
fn address_option(section: &Section<'_>) -> Option<&'static str> {
    HOSTS.into_iter().find(|name| section.first(name).is_some_and(|host| !host.trim().is_empty()))
}

/// Completes the login. An error is what is missing or wrong.
pub(super) fn finish(
    draft: &mut Draft,
    system: &System,
    section: &Section<'_>,
) -> Result<(), &'static str> {
    let host = address_option(section).and_then(|name| section.first(name));
    let host = host.ok_or("the switch has no address")?.trim();
    if !is_host(host) {
        return Err("its address is no host's name and no IP address");
    }
    let port = match section.first("port") {
        None => 22,
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or("its `port` is no port number")?,
    };
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let address = if port == 22 { shown } else { format!("{shown}:{port}") };
    draft.keys.insert("address", quoted(&address));
    let user = section.first("username").ok_or("the switch has no `username`")?;
    if user.is_empty() || user.contains(|c: char| c.is_control() || c == ' ') {
        return Err("its `username` is no user's name");
    }
    let logs_in = |secret: &Secret| secret.key == "password";
    if !draft.ssh.contains_key("key") && !draft.secrets.iter().any(logs_in) {
        let option = "password".to_owned();
        draft.secrets.push(Secret { option, key: "password", value: None });
        draft.remarks.push(
            "neither a password nor a key file is given; write the file of the password, or name \
             `key` or `agent` in its place"
                .to_owned(),
        );
    }
    if !draft.ssh.contains_key("known_hosts") {
        draft.ssh.insert("known_hosts", quoted(KNOWN_HOSTS));
        draft.host = Some((host.to_owned(), port));
    }
    let prefix = system.profile.session.prefix.as_str();
    if !prefix.is_empty() && user == "root" {
        draft.options.insert("prefix".to_owned(), String::new());
    } else if !prefix.is_empty() {
        draft.remarks.push(format!(
            "commands are run with `{prefix}`, which must ask for no password; there, the enable \
             secret answered it"
        ));
    }
    Ok(())
}

/// Whether the service takes it for a host.
fn is_host(host: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name = !host.is_empty() && !host.starts_with('-') && host.chars().all(letter);
    host.len() <= 253 && (name || host.parse::<Ipv6Addr>().is_ok())
}
