//! The new files' texts. Whatever comes from the input is quoted, in comments too, so that no value
//! can become a line of its own.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use super::{
    device::Device,
    draft::{At, Draft, Import, Listen, Secret, Tls},
};

/// The keys of a switch, in the order of the documentation.
const ORDER: [&str; 10] = [
    "driver",
    "profile",
    "address",
    "switch_ids",
    "allowed_vlans",
    "allowed_ports",
    "detach",
    "idle_vlan",
    "physical_networks",
    "flat_networks",
];

/// The keys of its login.
const LOGIN: [&str; 9] = [
    "user",
    "password",
    "key",
    "key_passphrase",
    "enable_secret",
    "known_hosts",
    "options",
    "connect_timeout_ms",
    "keepalive_ms",
];

/// Where the files of secrets are looked for, beside the configuration, when nobody says.
pub(super) const SECRETS: &str = "secrets";

/// A text as TOML writes it, on one line.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as a key, quoted where it has to be.
fn key_of(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { quoted(text) }
}

/// A list of texts.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let texts: Vec<_> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// A table of texts.
pub(super) fn inline_table(texts: &BTreeMap<String, String>) -> String {
    let members: Vec<_> =
        texts.iter().map(|(key, text)| format!("{} = {}", key_of(key), quoted(text))).collect();
    format!("{{ {} }}", members.join(", "))
}

/// `switchd.toml`.
pub(super) fn configuration(import: &Import, command: &str, secrets: Option<&Path>) -> String {
    let mut out = format!(
        "# Made by `mercury import {command}`. Before it runs, look at what changed its meaning;\n\
         # `mercury config check` reads this file as the service does.\n\n\
         state_dir = \"/var/lib/mercury\"\n\
         policy = \"policy.toml\"\n"
    );
    listener(&mut out, &import.listen);
    for draft in &import.switches {
        out.push('\n');
        if draft.device.driver().is_some() {
            section(&mut out, draft, secrets);
        } else {
            comment(&mut out, draft, secrets);
        }
    }
    out
}

fn listener(out: &mut String, listen: &Listen) {
    let Listen { at, ironic, htpasswd, tls } = listen;
    out.push_str("\n[[listen]]\n");
    match at {
        At::Tcp(ip, port) => {
            let address = std::net::SocketAddr::new(*ip, *port).to_string();
            let _ = writeln!(out, "address = {}", quoted(&address));
        }
        At::Unix(path, mode) => {
            let _ = writeln!(out, "address = {}", quoted(&format!("unix:{path}")));
            if let Some(mode) = mode {
                let _ = writeln!(out, "socket_mode = {}", quoted(mode));
            }
        }
    }
    if *ironic {
        out.push_str("methods = \"ironic\"\n");
    }
    match htpasswd {
        None => out.push_str("auth = \"none\"\n"),
        Some(file) => {
            let file = quoted(&file.display().to_string());
            let _ = writeln!(out, "auth = \"basic\"\nhtpasswd = {file}");
        }
    }
    let reachable = matches!(at, At::Tcp(ip, _) if !ip.is_loopback());
    match tls {
        Some(Tls { certificate, key, old }) => {
            let minimum = if *old { "minimum = \"1.2\"\n" } else { "" };
            let (certificate, key) = (quoted(certificate), quoted(key));
            let _ = write!(
                out,
                "\n[listen.tls]\ncertificate = {certificate}\nkey = {{ file = {key} }}\n{minimum}"
            );
        }
        None if reachable => out.push_str(
            "# As before, everybody on the way can read the passwords.\nplaintext = true\n",
        ),
        None => {}
    }
}

fn section(out: &mut String, draft: &Draft, secrets: Option<&Path>) {
    let name = key_of(draft.name.as_str());
    let _ = writeln!(out, "[switch.{name}]");
    keys(out, "", &ORDER, &draft.keys);
    if draft.device.system().is_some() {
        let mut login = draft.ssh.clone();
        login.extend(draft.secrets.iter().map(|secret| {
            let file = secret_file(draft, secret, secrets);
            (secret.key, format!("{{ file = {} }}", quoted(&file)))
        }));
        let _ = writeln!(out, "\n[switch.{name}.ssh]");
        keys(out, "", &LOGIN, &login);
    }
}

fn keys(
    out: &mut String,
    margin: &str,
    order: &[&'static str],
    keys: &BTreeMap<&'static str, String>,
) {
    for key in order {
        if let Some(value) = keys.get(key) {
            let _ = writeln!(out, "{margin}{key} = {value}");
        }
    }
}

/// What is known of a switch that nothing speaks to, so that nothing is lost.
fn comment(out: &mut String, draft: &Draft, secrets: Option<&Path>) {
    let kind = match &draft.device {
        Device::Other(kind) => quoted(kind),
        _ => "a device that is not named".to_owned(),
    };
    let name = quoted(draft.name.as_str());
    let _ = writeln!(
        out,
        "# NO DRIVER YET: the switch {name} is {kind}, to which this version does not speak.\n\
         # It is not managed. What is known of it:"
    );
    for (option, value) in &draft.facts {
        let _ = writeln!(out, "#   {} = {}", key_of(option), quoted(value));
    }
    keys(out, "#   ", &ORDER, &draft.keys);
    for secret in &draft.secrets {
        let option = key_of(&secret.option);
        let _ = match secrets {
            None => writeln!(out, "#   {option}: not carried over, to be provided"),
            Some(_) => {
                let file = secret_file(draft, secret, secrets);
                writeln!(out, "#   {option} = {{ file = {} }}", quoted(&file))
            }
        };
    }
}

/// The name of a secret's file.
pub(super) fn file_name(draft: &Draft, secret: &Secret) -> String {
    format!("{}.{}", draft.name, secret.option)
}

/// The file of a secret, as the configuration names it.
fn secret_file(draft: &Draft, secret: &Secret, secrets: Option<&Path>) -> String {
    let folder = secrets.unwrap_or(Path::new(SECRETS));
    folder.join(file_name(draft, secret)).display().to_string()
}

/// `policy.toml`: what everybody could do before, which is all that the switches allow.
pub(super) fn policy(import: &Import) -> String {
    let mut out = String::from(
        "# Before, whoever reached the service could do all that the switches' own lists allow, and\n\
         # so it is here. Narrow it: `mercury policy check` tries requests against it.\n\n\
         version = 1\n",
    );
    let with_uplinks = import.switches.iter().filter(|draft| !draft.uplinks.is_empty());
    for (index, draft) in with_uplinks.enumerate() {
        let _ = writeln!(
            out,
            "\n[[protected]]\nname = {}\nswitches = {}\nports = {}\nreason = \"links between switches\"",
            quoted(&format!("uplinks-{}", index + 1)),
            list([literal(draft.name.as_str())]),
            list(draft.uplinks.iter().map(|port| literal(port)))
        );
    }
    let callers = if import.listen.htpasswd.is_some() { "*" } else { "anonymous" };
    let _ = writeln!(
        out,
        "\n[[rule]]\nname = \"imported\"\ncallers = {}\n\
         verbs = [\"read\", \"attach\", \"detach\", \"update\"]\n\
         switches = [\"*\"]\nports = [\"*\"]\nvlans = \"1-4094\"",
        list([callers])
    );
    out
}

/// A name as a pattern that covers at least it: what a pattern reads as a sign becomes `?`.
fn literal(name: &str) -> String {
    name.chars().map(|c| if "*?[]\\".contains(c) { '?' } else { c }).collect()
}
