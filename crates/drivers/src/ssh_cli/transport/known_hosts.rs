//! The format of OpenSSH's `known_hosts`: which keys a host is known by.
//!
//! Pure: it is given the text of a file. Names may be written out, with `*`, `?` and `!`, or
//! hashed; a port other than 22 is part of the name. A line that cannot be read is passed over, as
//! OpenSSH does, because other programs keep kinds of keys there that are unknown here; such a line
//! makes nothing known. Authorities are told, not believed: host certificates are not supported.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use russh::keys::ssh_key::PublicKey;
use sha1::Sha1;

/// What the lines about a host say.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Its keys.
    pub(super) keys: Vec<PublicKey>,
    /// Keys that nobody may use any more.
    pub(super) revoked: Vec<PublicKey>,
    /// Whether there is a line about an authority for its certificates.
    pub(super) authority: bool,
}

/// The name under which a host is kept.
pub(super) fn name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// The line that makes a key known.
pub(super) fn line(name: &str, key: &PublicKey) -> Option<String> {
    let key = PublicKey::new(key.key_data().clone(), "");
    Some(format!("{name} {}\n", key.to_openssh().ok()?.trim_end()))
}

impl Known {
    /// Adds what a file says about the host of this name.
    pub(super) fn read(&mut self, text: &str, name: &str) {
        for line in text.lines().map(str::trim) {
            if line.starts_with('#') {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let Some(first) = words.next() else { continue };
            let (marker, hosts) = match first.starts_with('@') {
                true => (first, words.next().unwrap_or_default()),
                false => ("", first),
            };
            if !matches(hosts, name) {
                continue;
            }
            if marker == "@cert-authority" {
                self.authority = true;
                continue;
            }
            let (Some(kind), Some(key)) = (words.next(), words.next()) else { continue };
            let Ok(key) = PublicKey::from_openssh(&format!("{kind} {key}")) else { continue };
            match marker {
                "" => self.keys.push(key),
                "@revoked" => self.revoked.push(key),
                _ => {}
            }
        }
    }
}

/// Whether a list of names is about this one.
fn matches(hosts: &str, name: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        return hashed_matches(hashed, name).unwrap_or(false);
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if glob(&pattern.to_ascii_lowercase(), name) => return false,
            Some(_) => {}
            None => found |= glob(&pattern.to_ascii_lowercase(), name),
        }
    }
    found
}

fn hashed_matches(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let salt = BASE64_STANDARD.decode(salt).ok()?;
    let hash = BASE64_STANDARD.decode(hash).ok()?;
    let mac = Hmac::<Sha1>::new_from_slice(&salt).ok()?;
    Some(mac.chain_update(name).verify_slice(&hash).is_ok())
}

/// `*` is any text and `?` any character. Takes no more steps than the lengths multiplied.
fn glob(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut left = pattern;
    let mut back: Option<(&str, &str)> = None;
    loop {
        let mut wanted = left.chars();
        let mut there = rest.chars();
        match (wanted.next(), there.next()) {
            (Some('*'), _) => {
                left = wanted.as_str();
                back = Some((left, rest));
            }
            (Some(pattern), Some(character)) if pattern == '?' || pattern == character => {
                left = wanted.as_str();
                rest = there.as_str();
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = back else { return false };
                let mut skipped = from.chars();
                if skipped.next().is_none() {
                    return false;
                }
                left = after;
                rest = skipped.as_str();
                back = Some((after, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ONE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const TWO: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

    fn known(text: &str, name: &str) -> (usize, usize, bool) {
        let mut known = Known::default();
        known.read(text, name);
        (known.keys.len(), known.revoked.len(), known.authority)
    }

    #[rstest]
    #[case("leaf-01", "leaf-01", true)]
    #[case("LEAF-01", "leaf-01", true)]
    #[case("spine,leaf-01", "leaf-01", true)]
    #[case("leaf-*", "leaf-01", true)]
    #[case("leaf-??", "leaf-01", true)]
    #[case("leaf-?", "leaf-01", false)]
    #[case("*,!leaf-01", "leaf-01", false)]
    #[case("*,!leaf-02", "leaf-01", true)]
    #[case("leaf-01", "[leaf-01]:2222", false)]
    #[case("[leaf-01]:2222", "[leaf-01]:2222", true)]
    #[case("[*]:2222", "[leaf-01]:2222", true)]
    #[case("a*b*c", "aXbXbc", true)]
    #[case("a*b*c", "aXbXb", false)]
    #[case("", "leaf-01", false)]
    // `ssh-keygen -H` made the next two of `leaf-01` and `[leaf-01]:2222`.
    #[case("|1|HIIzL0uQ+hJpiwbLFRqkcT2c+jk=|S+nFpeEA7ySYAYkz+XkDJK27veE=", "leaf-01", true)]
    #[case("|1|HIIzL0uQ+hJpiwbLFRqkcT2c+jk=|S+nFpeEA7ySYAYkz+XkDJK27veE=", "leaf-02", false)]
    #[case("|1|8CCeLPY0gtPnPK3dVsCkJPusRwo=|UJ6o3LtBD59c4f9yeXukTcyt4ew=", "[leaf-01]:2222", true)]
    #[case("|1|x|y", "leaf-01", false)]
    #[case("|1|", "leaf-01", false)]
    fn names_match(#[case] hosts: &str, #[case] name: &str, #[case] expected: bool) {
        assert_eq!(known(&format!("{hosts} {ONE} comment"), name).0 == 1, expected);
    }

    #[test]
    fn markers_are_told_and_what_cannot_be_read_is_passed_over() {
        let text = format!(
            "# leaf-01 {ONE}\n\n@revoked * {TWO}\n@cert-authority *.example {ONE}\n\
             @other leaf-01 {ONE}\nleaf-01 ssh-future AAAA\nleaf-01\nleaf-01 {TWO}\r\n@revoked\n"
        );
        assert_eq!(known(&text, "leaf-01"), (1, 1, false));
        assert_eq!(known(&text, "leaf-01.example"), (0, 1, true));
    }

    #[test]
    fn what_is_written_is_read() {
        let key = PublicKey::from_openssh(&format!("{ONE} somebody@somewhere")).unwrap();
        let name = name("Leaf-01", 2222);
        let line = line(&name, &key).unwrap();
        assert_eq!(line, format!("[leaf-01]:2222 {ONE}\n"));
        assert_eq!(known(&line, &name), (1, 0, false));
    }
}
