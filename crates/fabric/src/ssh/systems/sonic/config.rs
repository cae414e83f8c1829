//! `config`: the commands that change CONFIG_DB, with the refusals of their own source.
//!
//! The texts are the format strings of `sonic-utilities`, branch 202405 (`config/main.py`,
//! `config/vlan.py`, `config/vxlan.py`, `config/switchport.py`, `config/mclag.py`). That branch has
//! no spanning tree.

use super::super::shell::Outcome;
use super::db::Db;

/// What a `config` command says when it refuses: click's usage, then the error.
fn refuse(usage: &str, error: impl std::fmt::Display) -> Outcome {
    let command = usage.split(" [").next().unwrap_or(usage);
    Outcome::bad(2, format!("Usage: {usage}\nTry \"{command} -h\" for help.\n\nError: {error}\n"))
}

const ROUTED: &str = "is in routed mode!\nUse switchport mode command to change port mode";

pub(super) fn run(db: &mut Db, words: &[&str]) -> Outcome {
    match words {
        ["vlan", "add", id] => vlan_add(db, id),
        ["vlan", "del", id] => vlan_del(db, id),
        ["vlan", "member", "add", rest @ ..] => vlan_member_add(db, rest),
        ["vlan", "member", "del", id, port] => vlan_member_del(db, id, port),
        ["switchport", "mode", mode, port] => switchport(db, mode, port),
        ["interface", "mtu", port, bytes] => mtu(db, port, bytes),
        ["interface", "shutdown", port] => admin(db, port, "down"),
        ["interface", "startup", port] => admin(db, port, "up"),
        ["portchannel", "add", rest @ ..] => lag_add(db, rest),
        ["portchannel", "del", lag] => lag_del(db, lag),
        ["portchannel", "member", "add", lag, port] => lag_member_add(db, lag, port),
        ["portchannel", "member", "del", lag, port] => lag_member_del(db, lag, port),
        ["mclag", rest @ ..] => mclag(db, rest),
        ["vxlan", rest @ ..] => vxlan(db, rest),
        [] => refuse("config [OPTIONS] COMMAND [ARGS]...", "Missing command."),
        [first @ ("vlan" | "interface" | "portchannel" | "switchport"), rest @ ..] => {
            let usage = format!("config {first} [OPTIONS] COMMAND [ARGS]...");
            let known = matches!(
                rest.first().copied(),
                Some("add" | "del" | "member" | "mode" | "mtu" | "shutdown" | "startup")
            );
            let missing = "Missing argument.".to_owned();
            let unknown = format!("No such command \"{}\".", rest.first().unwrap_or(&""));
            refuse(&usage, if known || rest.is_empty() { missing } else { unknown })
        }
        [other, ..] => {
            refuse("config [OPTIONS] COMMAND [ARGS]...", format!("No such command \"{other}\"."))
        }
    }
}

const fn quiet() -> Outcome {
    Outcome { output: String::new(), errors: String::new(), status: 0 }
}

fn vlan_name(id: &str) -> Result<String, String> {
    let Ok(number) = id.parse::<i64>() else { return Err(format!("{id} is not integer")) };
    match number {
        1 => Err("Vlan1 is default VLAN".to_owned()),
        2..=4094 => Ok(format!("Vlan{number}")),
        _ => Err(format!("Invalid VLAN ID {number} (2-4094)")),
    }
}

fn vlan_add(db: &mut Db, id: &str) -> Outcome {
    const USAGE: &str = "config vlan add [OPTIONS] <vid>";
    match vlan_name(id) {
        Err(error) => refuse(USAGE, error),
        Ok(vlan) if db.has("VLAN", &vlan) => refuse(USAGE, format!("{vlan} already exists.")),
        Ok(vlan) => {
            db.set("VLAN", &vlan, [("vlanid", id)]);
            quiet()
        }
    }
}

fn vlan_del(db: &mut Db, id: &str) -> Outcome {
    const USAGE: &str = "config vlan del [OPTIONS] <vid>";
    let vlan = match vlan_name(id) {
        Err(error) => return refuse(USAGE, error),
        Ok(vlan) if !db.has("VLAN", &vlan) => {
            return refuse(USAGE, format!("{vlan} does not exist"));
        }
        Ok(vlan) => vlan,
    };
    let map = db.table("VXLAN_TUNNEL_MAP").find(|(_, row)| row.get("vlan") == Some(&vlan));
    if let Some((key, _)) = map {
        let error = format!(
            "vlan: {id} can not be removed. First remove vxlan mapping '{key}' assigned to VLAN"
        );
        return refuse(USAGE, error);
    }
    if db.of("VLAN_MEMBER", &vlan).next().is_some() {
        let error = format!(
            "VLAN ID {id} can not be removed. First remove all members assigned to this VLAN."
        );
        return refuse(USAGE, error);
    }
    db.remove("VLAN", &vlan);
    match db.table("VLAN").next() {
        Some(_) => quiet(),
        None => Outcome::good("No VLANs remaining, stopping ndppd service\n"),
    }
}

fn vlan_member_add(db: &mut Db, rest: &[&str]) -> Outcome {
    const USAGE: &str = "config vlan member add [OPTIONS] <vid> port";
    let untagged = rest.iter().any(|word| matches!(*word, "-u" | "--untagged"));
    let plain: Vec<&str> = rest.iter().copied().filter(|word| !word.starts_with('-')).collect();
    let odd =
        rest.iter().find(|word| word.starts_with('-') && !["-u", "--untagged"].contains(*word));
    if let Some(odd) = odd {
        return refuse(USAGE, format!("no such option: {odd}"));
    }
    let [id, port] = plain.as_slice() else {
        return refuse(USAGE, "Missing argument \"port\".");
    };
    match member_refusal(db, id, port, untagged) {
        Some(error) => refuse(USAGE, error),
        None => {
            let mode = if untagged { "untagged" } else { "tagged" };
            db.set("VLAN_MEMBER", &format!("Vlan{id}|{port}"), [("tagging_mode", mode)]);
            quiet()
        }
    }
}

fn member_refusal(db: &Db, id: &str, port: &str, untagged: bool) -> Option<String> {
    let vlan = match vlan_name(id) {
        Ok(vlan) => vlan,
        Err(error) => return Some(error),
    };
    if !db.has("VLAN", &vlan) {
        return Some(format!("{vlan} does not exist"));
    }
    if db.has("VLAN_MEMBER", &format!("{vlan}|{port}")) {
        return Some(format!("{port} is already a member of {vlan}"));
    }
    let table = if db.has("PORT", port) { "PORT" } else { "PORTCHANNEL" };
    if !db.has(table, port) {
        return Some(format!("{port} does not exist"));
    }
    let routed = if table == "PORT" { "INTERFACE" } else { "PORTCHANNEL_INTERFACE" };
    if db.has(routed, port) || db.of(routed, port).next().is_some() {
        return Some(format!("{port} is a router interface!"));
    }
    if lag_of(db, port).is_some() {
        return Some(format!("{port} is part of portchannel!"));
    }
    match db.field(table, port, "mode") {
        Some("routed") => return Some(format!("{port} {ROUTED}")),
        Some("access") if !untagged => {
            return Some(format!("{port} is in access mode! Tagged Members cannot be added"));
        }
        _ => {}
    }
    let mut own = db.with("VLAN_MEMBER", port);
    let is_untagged = own.any(|(_, row)| row.get("tagging_mode").is_some_and(|m| m == "untagged"));
    (untagged && is_untagged).then(|| format!("{port} is already untagged member!"))
}

fn vlan_member_del(db: &mut Db, id: &str, port: &str) -> Outcome {
    const USAGE: &str = "config vlan member del [OPTIONS] <vid> <port>";
    let vlan = match vlan_name(id) {
        Err(error) => return refuse(USAGE, error),
        Ok(vlan) if !db.has("VLAN", &vlan) => {
            return refuse(USAGE, format!("{vlan} does not exist"));
        }
        Ok(vlan) => vlan,
    };
    if db.remove("VLAN_MEMBER", &format!("{vlan}|{port}")) {
        quiet()
    } else {
        refuse(USAGE, format!("{port} is not a member of {vlan}"))
    }
}

fn switchport(db: &mut Db, mode: &str, port: &str) -> Outcome {
    const USAGE: &str = "config switchport mode [OPTIONS] <mode_type> port";
    let table = if db.has("PORT", port) { "PORT" } else { "PORTCHANNEL" };
    if !db.has(table, port) {
        return refuse(USAGE, format!("{port} does not exist"));
    }
    if !["access", "trunk", "routed"].contains(&mode) {
        let error = format!(
            "Invalid value for \"<mode_type>\": invalid choice: {mode}. \
             (choose from access, trunk, routed)"
        );
        return refuse(USAGE, error);
    }
    if db.field(table, port, "mode").unwrap_or("routed") == mode {
        return refuse(USAGE, format!("{port} is already in {mode} mode"));
    }
    let has = |tagging: &str| {
        db.with("VLAN_MEMBER", port)
            .any(|(_, row)| row.get("tagging_mode").is_some_and(|mode| mode == tagging))
    };
    let blocking = match mode {
        "routed" if has("untagged") => Some("untagged"),
        "routed" | "access" if has("tagged") => Some("tagged"),
        _ => None,
    };
    if let Some(tagging) = blocking {
        let error =
            format!("{port} has {tagging} member(s). \nRemove them to change mode to {mode}");
        return refuse(USAGE, error);
    }
    db.set(table, port, [("mode", mode)]);
    Outcome::good(format!("{port} switched to {mode} mode\n"))
}

const NO_INTERFACE: &str = "Interface name is invalid. Please enter a valid interface name!!";

fn mtu(db: &mut Db, port: &str, bytes: &str) -> Outcome {
    const USAGE: &str = "config interface mtu [OPTIONS] <interface_name> <interface_mtu>";
    if lag_of(db, port).is_some() {
        return refuse(USAGE, "'interface_name' is in portchannel!");
    }
    let table = if db.has("PORT", port) { "PORT" } else { "PORTCHANNEL" };
    if !db.has(table, port) {
        return Outcome::bad(2, format!("Failed to set MTU\nInvalid port {port}\n"));
    }
    if !bytes.parse::<u32>().is_ok_and(|bytes| (68..=9216).contains(&bytes)) {
        let error = format!(
            "Invalid value for \"<interface_mtu>\": {bytes} is not in the valid range of 68 to 9216."
        );
        return refuse(USAGE, error);
    }
    db.set(table, port, [("mtu", bytes)]);
    quiet()
}

fn admin(db: &mut Db, names: &str, status: &str) -> Outcome {
    const USAGE: &str = "config interface startup [OPTIONS] <interface_name>";
    for name in names.split(',') {
        let table = if db.has("PORT", name) { "PORT" } else { "PORTCHANNEL" };
        if !db.has(table, name) {
            return refuse(USAGE, NO_INTERFACE);
        }
        db.set(table, name, [("admin_status", status)]);
    }
    quiet()
}

fn lag_name_error(lag: &str) -> Option<String> {
    let digits = lag.strip_prefix("PortChannel").unwrap_or_default();
    let good = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (!good).then(|| {
        format!(
            "{lag} is invalid!, name should have prefix 'PortChannel' and suffix '<0-9999>' and \
             its length should not exceed 15 characters"
        )
    })
}

fn lag_add(db: &mut Db, rest: &[&str]) -> Outcome {
    const USAGE: &str = "config portchannel add [OPTIONS] <portchannel_name>";
    let mut fields =
        vec![("admin_status", "up"), ("mtu", "9100"), ("lacp_key", "auto"), ("min_links", "1")];
    let (mut rate, mut lag) = ("false", None);
    let mut words = rest.iter().copied();
    while let Some(word) = words.next() {
        let (option, glued) = word.split_once('=').map_or((word, None), |(o, v)| (o, Some(v)));
        if !option.starts_with("--") {
            lag = Some(word);
            continue;
        }
        let Some(value) = glued.or_else(|| words.next()) else {
            return refuse(USAGE, format!("{option} option requires an argument"));
        };
        let is_bool = ["true", "false"].contains(&value);
        match option {
            "--min-links" if value.parse::<u16>().is_ok_and(|n| (1..=1024).contains(&n)) => {
                fields.retain(|(field, _)| *field != "min_links");
                fields.push(("min_links", value));
            }
            "--fallback" if is_bool => {
                if value == "true" {
                    fields.push(("fallback", value));
                }
            }
            "--fast-rate" if is_bool => rate = value,
            "--min-links" | "--fallback" | "--fast-rate" => {
                return refuse(USAGE, format!("Invalid value for \"{option}\": {value}"));
            }
            other => return refuse(USAGE, format!("no such option: {other}")),
        }
    }
    fields.push(("fast_rate", rate));
    let Some(lag) = lag else {
        return refuse(USAGE, "Missing argument \"<portchannel_name>\".");
    };
    if let Some(error) = lag_name_error(lag) {
        return refuse(USAGE, error);
    }
    if db.has("PORTCHANNEL", lag) {
        return refuse(USAGE, format!("{lag} already exists!"));
    }
    db.set("PORTCHANNEL", lag, fields);
    quiet()
}

fn lag_del(db: &mut Db, lag: &str) -> Outcome {
    const USAGE: &str = "config portchannel del [OPTIONS] <portchannel_name>";
    if let Some(error) = lag_name_error(lag) {
        return refuse(USAGE, error);
    }
    if !db.has("PORTCHANNEL", lag) {
        return refuse(USAGE, format!("{lag} is not present."));
    }
    if let Some((vlan, _)) = db.with("VLAN_MEMBER", lag).next() {
        let error = format!("{lag} has vlan {vlan} configured, remove vlan membership to proceed");
        return refuse(USAGE, error);
    }
    if db.of("PORTCHANNEL_MEMBER", lag).next().is_some() {
        let error = format!(
            "Portchannel {lag} contains members. Remove members before deleting Portchannel!"
        );
        return refuse(USAGE, error);
    }
    db.remove("PORTCHANNEL", lag);
    quiet()
}

/// The LAG that a port is in.
pub(super) fn lag_of<'a>(db: &'a Db, port: &'a str) -> Option<&'a str> {
    db.with("PORTCHANNEL_MEMBER", port).next().map(|(lag, _)| lag)
}

fn lag_member_add(db: &mut Db, lag: &str, port: &str) -> Outcome {
    const USAGE: &str = "config portchannel member add [OPTIONS] <portchannel_name> <port_name>";
    match lag_member_refusal(db, lag, port) {
        Some(error) => refuse(USAGE, error),
        None => {
            db.set("PORTCHANNEL_MEMBER", &format!("{lag}|{port}"), [("NULL", "NULL")]);
            quiet()
        }
    }
}

fn lag_member_refusal(db: &Db, lag: &str, port: &str) -> Option<String> {
    if let Some(error) = lag_name_error(lag) {
        return Some(error);
    }
    if !db.has("PORTCHANNEL", lag) {
        return Some(format!("{lag} is not present."));
    }
    if !db.has("PORT", port) {
        return Some(NO_INTERFACE.to_owned());
    }
    if db.of("INTERFACE", port).next().is_some() {
        return Some(format!(" {port} has ip address configured"));
    }
    if let Some((vlan, _)) = db.with("VLAN_MEMBER", port).next() {
        return Some(format!("{port} Interface configured as VLAN_MEMBER under vlan : {vlan}"));
    }
    if let Some(other) = lag_of(db, port) {
        return Some(format!("{port} Interface is already member of {other} "));
    }
    (db.field("PORT", port, "mtu") != db.field("PORTCHANNEL", lag, "mtu"))
        .then(|| format!("Port MTU of {port} is different than the {lag} MTU size"))
}

fn lag_member_del(db: &mut Db, lag: &str, port: &str) -> Outcome {
    const USAGE: &str = "config portchannel member del [OPTIONS] <portchannel_name> <port_name>";
    if !db.has("PORTCHANNEL", lag) {
        return refuse(USAGE, format!("{lag} is not present."));
    }
    if db.remove("PORTCHANNEL_MEMBER", &format!("{lag}|{port}")) {
        quiet()
    } else {
        refuse(USAGE, format!("{port} is not a member of portchannel {lag}"))
    }
}

fn mclag(db: &mut Db, words: &[&str]) -> Outcome {
    const USAGE: &str = "config mclag [OPTIONS] COMMAND [ARGS]...";
    match words {
        ["add", domain, local, peer, link @ ..] => {
            if let Some((other, _)) = db.table("MCLAG_DOMAIN").next()
                && other != *domain
            {
                let error = format!(
                    "only one mclag Domain can be configured. Already one domain {other} configured "
                );
                return refuse(USAGE, error);
            }
            let mut fields = vec![("source_ip", *local), ("peer_ip", *peer)];
            fields.extend(link.first().map(|link| ("peer_link", *link)));
            db.set("MCLAG_DOMAIN", domain, fields);
            quiet()
        }
        ["member", verb @ ("add" | "del"), domain, lags] => {
            if !db.has("MCLAG_DOMAIN", domain) {
                return refuse(USAGE, format!("mclag domain {domain} has not been configured"));
            }
            for lag in lags.split(',') {
                let key = format!("{domain}|{lag}");
                if *verb == "add" {
                    if !db.has("PORTCHANNEL", lag) {
                        return refuse(USAGE, format!("{lag} is invalid!, name should exist"));
                    }
                    db.set("MCLAG_INTERFACE", &key, [("if_type", "PortChannel")]);
                } else {
                    db.remove("MCLAG_INTERFACE", &key);
                }
            }
            quiet()
        }
        [other, ..] => refuse(USAGE, format!("No such command \"{other}\".")),
        [] => refuse(USAGE, "Missing command."),
    }
}

fn vxlan(db: &mut Db, words: &[&str]) -> Outcome {
    const USAGE: &str = "config vxlan [OPTIONS] COMMAND [ARGS]...";
    match words {
        ["add", vtep, address] => {
            if db.table("VXLAN_TUNNEL").next().is_some() {
                return refuse(USAGE, "VTEP already configured.");
            }
            db.set("VXLAN_TUNNEL", vtep, [("src_ip", *address)]);
            quiet()
        }
        ["evpn_nvo", "add", nvo, vtep] => {
            if !db.has("VXLAN_TUNNEL", vtep) {
                return refuse(USAGE, format!("VTEP {vtep} not configured"));
            }
            db.set("VXLAN_EVPN_NVO", nvo, [("source_vtep", *vtep)]);
            quiet()
        }
        ["map", "add", vtep, vlan, vni] => match map_refusal(db, vtep, vlan, vni) {
            Some(error) => refuse(USAGE, error),
            None => {
                let name = format!("Vlan{vlan}");
                let key = format!("{vtep}|map_{vni}_{name}");
                db.set("VXLAN_TUNNEL_MAP", &key, [("vlan", name.as_str()), ("vni", *vni)]);
                quiet()
            }
        },
        ["map", "del", vtep, vlan, vni] => {
            if !db.has("VXLAN_TUNNEL", vtep) {
                return refuse(USAGE, format!("VTEP {vtep} not configured"));
            }
            db.remove("VXLAN_TUNNEL_MAP", &format!("{vtep}|map_{vni}_Vlan{vlan}"));
            quiet()
        }
        [other, ..] => refuse(USAGE, format!("No such command \"{other}\".")),
        [] => refuse(USAGE, "Missing command."),
    }
}

fn map_refusal(db: &Db, vtep: &str, vlan: &str, vni: &str) -> Option<String> {
    if !vlan.parse::<u16>().is_ok_and(|id| (1..=4094).contains(&id)) {
        return Some(" Invalid Vlan Id , Valid Range : 1 to 4094 ".to_owned());
    }
    if !vni.parse::<u32>().is_ok_and(|vni| (1..=16_777_215).contains(&vni)) {
        return Some(format!("Invalid VNI {vni}. Valid range [1 to 16777215]."));
    }
    if !db.has("VXLAN_TUNNEL", vtep) {
        return Some(format!("VTEP {vtep} not configured"));
    }
    let name = format!("Vlan{vlan}");
    if !db.has("VLAN", &name) {
        return Some(format!("{name} not configured"));
    }
    let taken = |field: &str, value: &str| {
        db.table("VXLAN_TUNNEL_MAP").any(|(_, row)| row.get(field).is_some_and(|v| v == value))
    };
    if taken("vlan", &name) {
        return Some(" Vlan Id already mapped ".to_owned());
    }
    taken("vni", vni).then(|| " VNI Id already mapped ".to_owned())
}
