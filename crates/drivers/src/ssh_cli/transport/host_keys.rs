//! Whether a host is who it should be.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use russh::keys::{Algorithm, ssh_key::PublicKey};

use super::{
    known_hosts::{self, Known},
    settings::{Endpoint, Fingerprint, HostKeys},
};

/// How large a file of known hosts may be: a hundred thousand hosts.
const FILE_BYTES: u64 = 32 << 20;

/// What was found in the files before the connection was made.
#[derive(Debug)]
pub(super) struct Judge {
    name: String,
    shown: String,
    host_keys: HostKeys,
    known: Known,
}

impl Judge {
    /// Reads the files. Blocks.
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, String> {
        let Endpoint { host, port, host_keys, .. } = endpoint;
        let name = known_hosts::name(host, *port);
        let mut known = Known::default();
        for path in host_keys.known_hosts.iter().chain(&host_keys.first_use) {
            known.read(&read(path)?, &name);
        }
        Ok(Self { name, shown: endpoint.shown(), host_keys: host_keys.clone(), known })
    }

    /// The kinds of key by which the host is known.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        self.known.keys.iter().map(PublicKey::algorithm).collect()
    }

    /// Whether this is the host's key. A first one is written down. Blocks.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), String> {
        let shown = Fingerprint::of(key);
        let has = |keys: &[PublicKey]| keys.iter().any(|known| known.key_data() == key.key_data());
        if has(&self.known.revoked) {
            return Err(format!(
                "the key {shown} that `{}` shows is revoked: somebody else may have it\nhint: give \
                 the host a new key, and make that one known",
                self.shown
            ));
        }
        if !self.host_keys.pinned.is_empty() {
            return self.check_pinned(shown);
        }
        if has(&self.known.keys) {
            return Ok(());
        }
        if !self.known.keys.is_empty() {
            return Err(self.changed(shown, &self.known.keys));
        }
        if let Some(path) = &self.host_keys.first_use {
            return self.learn(path, key, shown);
        }
        Err(self.unknown(shown))
    }

    fn check_pinned(&self, shown: Fingerprint) -> Result<(), String> {
        let pinned = &self.host_keys.pinned;
        if pinned.contains(&shown) {
            return Ok(());
        }
        let pinned: Vec<String> = pinned.iter().map(ToString::to_string).collect();
        Err(format!(
            "`{}` shows the host key {shown}, and not the pinned {}: it is another host, or its \
             key was changed\nhint: compare the fingerprint with what the switch shows on its \
             console; only if it is the switch's own, pin it",
            self.shown,
            pinned.join(" or ")
        ))
    }

    fn changed(&self, shown: Fingerprint, known: &[PublicKey]) -> String {
        let known: Vec<String> = known.iter().map(|key| Fingerprint::of(key).to_string()).collect();
        format!(
            "`{}` shows the host key {shown}, but is known by {}: it is another host, or its key \
             was changed\nhint: compare the fingerprint with what the switch shows on its console; \
             only if it is the switch's own, replace the lines of `{}` in {}",
            self.shown,
            known.join(" or "),
            self.name,
            self.files()
        )
    }

    fn unknown(&self, shown: Fingerprint) -> String {
        let authority = if self.known.authority {
            ", and host certificates of an authority (`@cert-authority`) are not supported"
        } else {
            ""
        };
        format!(
            "the host key {shown} that `{}` shows is not known{authority}\nhint: compare the \
             fingerprint with what the switch shows on its console, then pin it, or add the key \
             as `{}` to {}",
            self.shown,
            self.name,
            self.files()
        )
    }

    fn files(&self) -> String {
        let files = self.host_keys.known_hosts.iter().chain(&self.host_keys.first_use);
        let files: Vec<String> = files.map(|path| format!("`{}`", path.display())).collect();
        if files.is_empty() {
            return "a file of known hosts, which has to be configured".to_owned();
        }
        files.join(" or ")
    }

    /// Writes down the first key of a host. Of several that do so at the same time the first wins,
    /// and the others are held against what it wrote.
    fn learn(&self, path: &Path, key: &PublicKey, shown: Fingerprint) -> Result<(), String> {
        let line = known_hosts::line(&self.name, key)
            .ok_or_else(|| format!("the key {shown} cannot be written down"))?;
        let cannot = |error: io::Error| {
            format!("the host key {shown} cannot be written to `{}`: {error}", path.display())
        };
        // The lock is a file of its own, because the other is replaced.
        let lock = open_new(&beside(path, "lock")).map_err(cannot)?;
        lock.lock().map_err(cannot)?;
        let text = read(path)?;
        let mut known = Known::default();
        known.read(&text, &self.name);
        if known.keys.iter().any(|other| other.key_data() == key.key_data()) {
            return Ok(());
        }
        if !known.keys.is_empty() {
            return Err(self.changed(shown, &known.keys));
        }
        let separator = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        replace(path, &format!("{text}{separator}{line}")).map_err(cannot)?;
        tracing::warn!(
            host = self.shown,
            fingerprint = %shown,
            file = %path.display(),
            "host key believed at first use"
        );
        Ok(())
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(suffix);
    path.with_file_name(name)
}

fn open_new(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Replaces a file as a whole, so that a reader sees the old or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let next = beside(path, "new");
    let mut file = open_new(&next)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.set_permissions(fs::Permissions::from_mode(metadata.mode() & 0o777))?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, path)
}

/// The text of a file of known hosts; empty if there is none.
fn read(path: &Path) -> Result<String, String> {
    let cannot = |reason: String| {
        format!("the known hosts of `{}` cannot be read: {reason}", path.display())
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(cannot(error.to_string())),
    };
    let metadata = file.metadata().map_err(|error| cannot(error.to_string()))?;
    if metadata.mode() & 0o022 != 0 {
        return Err(cannot(format!("others may write to it\nhint: chmod go-w {}", path.display())));
    }
    if !metadata.is_file() || metadata.len() > FILE_BYTES {
        return Err(cannot(format!("it is no file of at most {} MiB", FILE_BYTES >> 20)));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use russh::keys::PrivateKey;

    use super::*;

    fn key(number: u8) -> PublicKey {
        let pair = russh::keys::ssh_key::private::Ed25519Keypair::from_seed(&[number; 32]);
        PrivateKey::from(pair).public_key().clone()
    }

    struct Site {
        folder: tempfile::TempDir,
    }

    impl Site {
        fn new(text: &str) -> Self {
            let site = Self { folder: tempfile::tempdir().unwrap() };
            let file = site.file();
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            site
        }

        fn file(&self) -> PathBuf {
            self.folder.path().join("known_hosts")
        }

        fn endpoint(&self) -> Endpoint {
            let mut endpoint = Endpoint::new("leaf-01", "mercury");
            endpoint.host_keys.known_hosts = vec![self.file()];
            endpoint
        }
    }

    fn line(host: &str, number: u8) -> String {
        known_hosts::line(host, &key(number)).unwrap()
    }

    fn check(endpoint: &Endpoint, number: u8) -> Result<(), String> {
        Judge::new(endpoint).unwrap().check(&key(number))
    }

    #[test]
    fn a_key_is_known_changed_revoked_or_unknown() {
        let text =
            format!("{}{}@revoked * {}", line("leaf-01", 1), line("leaf-01", 3), &line("", 2)[1..]);
        let site = Site::new(&text);
        let endpoint = site.endpoint();
        assert_eq!(check(&endpoint, 1), Ok(()));
        assert!(check(&endpoint, 2).unwrap_err().contains("is revoked"));
        let print = |number| Fingerprint::of(&key(number)).to_string();
        let changed = check(&endpoint, 4).unwrap_err();
        let expected = format!(
            "`leaf-01:22` shows the host key {}, but is known by {} or {}: it is another host",
            print(4),
            print(1),
            print(3)
        );
        assert!(changed.starts_with(&expected), "{changed}");
        let other = Endpoint { port: 2222, ..endpoint };
        let unknown = check(&other, 1).unwrap_err();
        assert!(unknown.contains(&print(1)) && unknown.contains("`[leaf-01]:2222`"), "{unknown}");
    }

    #[test]
    fn pins_count_alone_but_for_what_is_revoked() {
        let text = format!("{}@revoked * {}", line("leaf-01", 1), &line("", 2)[1..]);
        let site = Site::new(&text);
        let mut endpoint = site.endpoint();
        endpoint.host_keys.pinned = vec![Fingerprint::of(&key(2)), Fingerprint::of(&key(3))];
        assert_eq!(check(&endpoint, 3), Ok(()));
        assert!(check(&endpoint, 1).unwrap_err().contains("not the pinned SHA256:"));
        assert!(check(&endpoint, 2).unwrap_err().contains("is revoked"));
    }

    #[test]
    fn nothing_is_configured_and_nothing_is_believed() {
        let endpoint = Endpoint::new("leaf-01", "mercury");
        let told = check(&endpoint, 1).unwrap_err();
        assert!(told.contains("is not known") && told.contains("has to be configured"), "{told}");
    }

    #[test]
    fn an_authority_is_told_and_not_believed() {
        let site = Site::new(&format!("@cert-authority * {}", &line("", 1)[1..]));
        assert!(check(&site.endpoint(), 1).unwrap_err().contains("`@cert-authority`"));
    }

    #[test]
    fn a_file_that_others_may_write_is_refused() {
        let site = Site::new("");
        fs::set_permissions(site.file(), fs::Permissions::from_mode(0o664)).unwrap();
        assert!(Judge::new(&site.endpoint()).unwrap_err().contains("others may write"));
    }

    #[test]
    fn the_first_of_many_first_uses_wins_and_no_line_is_lost() {
        let site = Site::new("# kept, without an end of line");
        let mut endpoint = Endpoint::new("leaf-01", "mercury");
        endpoint.host_keys.first_use = Some(site.file());
        let endpoint = Arc::new(endpoint);
        let judges: Vec<_> = (0..16).map(|_| Judge::new(&endpoint).unwrap()).collect();
        let threads: Vec<_> = judges
            .into_iter()
            .enumerate()
            .map(|(number, judge)| {
                let number = u8::try_from(number % 2).unwrap();
                thread::spawn(move || (number, judge.check(&key(number)).is_ok()))
            })
            .collect();
        let outcomes: Vec<(u8, bool)> =
            threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let winner = outcomes.iter().find(|(_, good)| *good).unwrap().0;
        assert!(outcomes.iter().all(|(number, good)| *good == (*number == winner)));
        let text = fs::read_to_string(site.file()).unwrap();
        assert_eq!(text, format!("# kept, without an end of line\n{}", line("leaf-01", winner)));
        assert_eq!(check(&endpoint, winner), Ok(()));
        assert!(check(&endpoint, 1 - winner).unwrap_err().contains("is known by"));
    }
}
