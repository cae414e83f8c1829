//! Who is believed.

use std::os::unix::fs::PermissionsExt as _;

use drivers::ssh_cli::transport::{Fingerprint, Ssh};

use super::{Site, fingerprint, openssh::Sshd, refusal, settings, version};

/// A server whose key is in a file of known hosts, or is not.
struct Known {
    sshd: Sshd,
    site: Site,
}

impl Known {
    fn new(lines: &[String]) -> Self {
        let (sshd, site) = (Sshd::new(""), Site::new());
        let path = site.write("known_hosts", &lines.concat());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
        Self { sshd, site }
    }

    fn ssh(&self, first_use: bool) -> Ssh {
        let mut endpoint = self.sshd.endpoint();
        endpoint.host_keys.pinned.clear();
        let file = self.site.path("known_hosts");
        match first_use {
            true => endpoint.host_keys.first_use = Some(file),
            false => endpoint.host_keys.known_hosts = vec![file],
        }
        Ssh::new(settings(endpoint))
    }

    fn add(&self, text: &str) {
        let path = self.site.path("known_hosts");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}{text}\n")).unwrap();
    }

    /// The line as OpenSSH's own client would have it.
    fn line(&self) -> String {
        let key = std::fs::read_to_string(self.sshd.host_key.with_extension("pub")).unwrap();
        format!("[127.0.0.1]:{} {key}", self.sshd.port)
    }
}

#[tokio::test]
async fn an_unknown_host_is_refused_before_anything_is_shown_to_it() {
    let known = Known::new(&[]);
    let told = refusal(&known.ssh(false)).await;
    let print = fingerprint(&known.sshd.host_key).to_string();
    assert!(told.contains(&format!("the host key {print} that `127.0.0.1:")), "{told}");
    assert!(told.contains("is not known\nhint: compare the fingerprint"), "{told}");
    assert!(!known.sshd.log().contains("Accepted"), "{}", known.sshd.log());
}

#[tokio::test]
async fn a_known_host_is_believed_and_its_name_may_be_hashed() {
    let known = Known::new(&[]);
    known.add(&known.line());
    assert!(version(&known.ssh(false)).await.is_ok());
    let file = known.site.path("known_hosts");
    super::run(std::process::Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(&file));
    let hashed = std::fs::read_to_string(&file).unwrap();
    assert!(hashed.starts_with("|1|"), "{hashed}");
    assert!(version(&known.ssh(false)).await.is_ok());
}

#[tokio::test]
async fn a_changed_key_is_refused_with_both_fingerprints() {
    let known = Known::new(&[]);
    let other = known.site.key("other", &["-t", "ed25519"]);
    let key = std::fs::read_to_string(other.with_extension("pub")).unwrap();
    known.add(&format!("[127.0.0.1]:{} {key}", known.sshd.port));
    for first_use in [false, true] {
        let told = refusal(&known.ssh(first_use)).await;
        let (shown, kept) = (fingerprint(&known.sshd.host_key), fingerprint(&other));
        let expected = format!("shows the host key {shown}, but is known by {kept}: it is another");
        assert!(told.contains(&expected), "{told}");
        assert!(told.contains("hint: compare the fingerprint"), "{told}");
    }
}

#[tokio::test]
async fn another_kind_of_key_is_asked_for_where_that_is_the_known_one() {
    let known = Known::new(&[]);
    let rsa = known.sshd.site.key("rsa_key", &["-t", "rsa", "-b", "2048"]);
    let config = known.sshd.site.path("sshd_config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}HostKey {}\n", rsa.display())).unwrap();
    let key = std::fs::read_to_string(rsa.with_extension("pub")).unwrap();
    known.add(&format!("[127.0.0.1]:{} {key}", known.sshd.port));
    assert!(version(&known.ssh(false)).await.is_ok());
}

#[tokio::test]
async fn a_revoked_key_is_refused_even_when_it_is_pinned() {
    let known = Known::new(&[]);
    let key = std::fs::read_to_string(known.sshd.host_key.with_extension("pub")).unwrap();
    known.add(&format!("@revoked * {key}"));
    known.add(&known.line());
    assert!(refusal(&known.ssh(false)).await.contains("is revoked"));
    let mut endpoint = known.sshd.endpoint();
    endpoint.host_keys.known_hosts = vec![known.site.path("known_hosts")];
    assert!(refusal(&Ssh::new(settings(endpoint))).await.contains("is revoked"));
}

#[tokio::test]
async fn a_pin_is_for_one_key() {
    let sshd = Sshd::new("");
    let site = Site::new();
    let other: Fingerprint = fingerprint(&site.key("other", &["-t", "ed25519"]));
    let mut endpoint = sshd.endpoint();
    endpoint.host_keys.pinned = vec![other];
    let told = refusal(&Ssh::new(settings(endpoint))).await;
    let shown = fingerprint(&sshd.host_key);
    let expected = format!("shows the host key {shown}, and not the pinned {other}");
    assert!(told.contains(&expected), "{told}");
}

#[tokio::test]
async fn the_first_key_is_kept_where_that_is_configured_and_openssh_reads_it() {
    let known = Known::new(&[]);
    assert!(version(&known.ssh(true)).await.is_ok());
    let file = known.site.path("known_hosts");
    let found = super::run(
        std::process::Command::new("ssh-keygen")
            .args(["-l", "-F", &format!("[127.0.0.1]:{}", known.sshd.port), "-f"])
            .arg(&file),
    );
    assert!(found.contains(&fingerprint(&known.sshd.host_key).to_string()), "{found}");
    assert!(version(&known.ssh(false)).await.is_ok());
}

#[tokio::test]
async fn first_uses_at_the_same_time_agree() {
    let known = Known::new(&[]);
    let ssh = known.ssh(true);
    let logins = (0..4).map(|_| version(&ssh));
    let outcomes = futures_util::future::join_all(logins).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let text = std::fs::read_to_string(known.site.path("known_hosts")).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
}
