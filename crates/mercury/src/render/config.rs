//! What a configuration would run, or what is wrong with it.

use std::fmt::Write as _;

use switch::policy::Policy;
use switchd::config::{Auth, Config, ConfigError, Detach, DriverConfig, SwitchConfig};

use super::{Look, Shown, Tone, count, indented, maybe, safe};

/// Everything that is wrong, each with its place.
pub(crate) fn problems(look: Look, error: &ConfigError) -> String {
    let mut out = String::new();
    for problem in &error.problems {
        if let Some(origin) = &problem.origin {
            let _ = write!(out, "{} ", look.paint(Tone::Strong, format!("{}:", safe(origin))));
        }
        if let Some(key) = &problem.key {
            let _ = write!(out, "`{}` ", safe(key));
        }
        let _ = writeln!(out, "{}", indented(&problem.what, 2));
        if let Some(hint) = &problem.hint {
            let _ = writeln!(out, "  {} {}", look.paint(Tone::Odd, "hint:"), indented(hint, 8));
        }
    }
    let number = count(error.problems.len(), "problem", "problems");
    let _ = writeln!(
        out,
        "{} {number}, so the service would not start",
        look.paint(Tone::Bad, "invalid:")
    );
    out
}

/// Who may come in at a listener.
fn entrances(auth: &Auth) -> String {
    let Auth { basic, digest, tokens, certificate, keystone } = auth;
    let mut all = Vec::new();
    if let Some(digest) = digest {
        all.push(format!("the users of {} by Digest", digest.users.display()));
    }
    if let Some(htpasswd) = basic {
        all.push(format!("the users of {}", htpasswd.display()));
    }
    if !tokens.is_empty() {
        let names: Vec<_> = tokens.iter().map(|token| format!("`{}`", token.name)).collect();
        all.push(format!("who has the token of {}", names.join(", ")));
    }
    if let Some(names) = certificate {
        all.push(match &names.table {
            Some(table) => count(table.len(), "name of certificates", "names of certificates"),
            None => "certificates of its CA".to_owned(),
        });
    }
    if let Some(keystone) = keystone {
        all.push(format!("the roles {} of {}", keystone.roles.join(", "), keystone.url));
    }
    if all.is_empty() {
        all.push("anybody who reaches it, as `anonymous`".to_owned());
    }
    all.join("; ")
}

/// What would run.
pub(crate) fn summary(look: Look, config: &Config, policy: &Policy) -> String {
    let mut out = format!(
        "{} {} with {} would run\n",
        look.paint(Tone::Good, "valid:"),
        config.path.display(),
        count(config.switches.len(), "switch", "switches"),
    );
    for listen in &config.listen {
        let auth = entrances(&listen.auth);
        let tls = if listen.tls.is_some() { " (TLS)" } else { "" };
        let _ = writeln!(out, "  listens   {}{tls} for {auth}", listen.address);
    }
    let rules = count(policy.rule_names().count(), "rule", "rules");
    let protected = count(policy.protected_names().count(), "protected entry", "protected entries");
    let _ = writeln!(out, "  policy    {}: {rules}, {protected}", config.policy.display());
    let _ = writeln!(
        out,
        "  audit     {}{}",
        config.audit.file.display(),
        if config.audit.fsync { "" } else { ", which a power failure may cut short" }
    );
    let _ = writeln!(out, "  state     {}", config.state_dir.display());
    if !config.switches.is_empty() {
        let mut rows = look.table([
            "SWITCH",
            "DRIVER",
            "WHERE",
            "A DETACHED PORT IS",
            "ALLOWED VLANS",
            "ALLOWED PORTS",
        ]);
        for (name, switch) in &config.switches {
            rows.add([
                Shown::toned(Tone::Strong, name),
                switch.driver.name().into(),
                place(&switch.driver).into(),
                detached(switch).into(),
                maybe(switch.allowed_vlans.as_ref()),
                maybe(switch.allowed_ports.as_ref()),
            ]);
        }
        let _ = write!(out, "\n{rows}");
    }
    for (name, pair) in &config.pairs {
        let switches: Vec<_> = pair.switches.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "pair {}: {}", safe(name), switches.join(" and "));
    }
    out
}

fn place(driver: &DriverConfig) -> String {
    match driver {
        DriverConfig::Ovsdb { address, bridge, .. } => format!("{address}, bridge {bridge}"),
        DriverConfig::Noop { ports: Some(ports), .. } => {
            format!("in memory, {}", count(ports.len(), "port", "ports"))
        }
        DriverConfig::Noop { ports: None, .. } => "in memory".to_owned(),
        DriverConfig::Plugin(plugin) => plugin.program.display().to_string(),
        DriverConfig::Ssh(ssh) => format!("{}, {}", ssh.login, ssh.profile),
        DriverConfig::Chaos { inner, .. } => place(inner),
    }
}

fn detached(switch: &SwitchConfig) -> String {
    match switch.detach {
        Detach::IdleVlan(vlan) => format!("in VLAN {vlan}"),
        Detach::Closed => "in no VLAN".to_owned(),
        Detach::Shut(None) => "shut".to_owned(),
        Detach::Shut(Some(vlan)) => format!("shut, in VLAN {vlan}"),
    }
}
