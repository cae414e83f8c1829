//! Who is let in, and how often it is tried.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use drivers::{
    secret::SecretSource,
    ssh_cli::transport::{Key, Legacy, Method, Settings, Ssh},
};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Site, openssh::Sshd, peer::Peer, refusal, secret, settings, version};

#[rstest]
#[case::password("password", json!({}), &["password right"])]
#[case::question("kbdint", json!({}), &["kbdint right"])]
#[case::question_and_an_empty_round("kbdint", json!({"empty_round": true}), &["kbdint right", "kbdint wrong"])]
#[case::both("both", json!({}), &["password right"])]
#[case::nothing("none", json!({}), &[])]
#[tokio::test]
async fn a_password_opens(#[case] auth: &str, #[case] mut wanted: Value, #[case] seen: &[&str]) {
    wanted["auth"] = json!(auth);
    let peer = Peer::new(wanted);
    let ssh = Ssh::new(peer.settings());
    assert_eq!(version(&ssh).await.unwrap(), "Version 1\n");
    assert_eq!(peer.logins(seen.len()), seen);
}

#[rstest]
#[case::password("password", &["password wrong"], "tried: password")]
#[case::question("kbdint", &["kbdint wrong"], "tried: keyboard-interactive")]
#[case::both("both", &["password wrong", "kbdint wrong"], "tried: password, keyboard-interactive")]
#[tokio::test]
async fn a_wrong_password_is_shown_once_a_way_and_then_left_alone(
    #[case] auth: &str,
    #[case] seen: &[&str],
    #[case] tried: &str,
) {
    let peer = Peer::new(json!({"auth": auth}));
    let mut settings = peer.settings();
    settings.target.password = Some(secret("wrong-one"));
    let ssh = Ssh::new(settings);
    let told = refusal(&ssh).await;
    let expected = format!("the login of `mercury` at `127.0.0.1:{}` was refused", peer.port);
    assert!(told.contains(&expected) && told.contains(tried), "{told}");
    assert!(!told.contains("wrong-one"), "{told}");
    assert_eq!(peer.logins(seen.len()), seen);
    let again = refusal(&ssh).await;
    assert!(again.contains("was refused once in a row and is tried again in 30 s"), "{again}");
    assert_eq!(peer.logins(0), [""; 0]);
}

/// A secret that changes while the service runs.
#[derive(Debug, Clone)]
struct Changing(Arc<Mutex<&'static str>>);

#[async_trait]
impl SecretSource for Changing {
    async fn value(&self) -> Result<SecretString, String> {
        match *self.0.lock().unwrap() {
            "" => Err("the file is not there".into()),
            text => Ok(text.to_owned().into()),
        }
    }
}

#[tokio::test]
async fn a_password_that_was_changed_is_tried_at_once() {
    let peer = Peer::new(json!({"auth": "password"}));
    let mut settings = peer.settings();
    let changing = Changing(Arc::new(Mutex::new("wrong-one")));
    settings.target.password = Some(Arc::new(changing.clone()));
    let ssh = Ssh::new(settings);
    refusal(&ssh).await;
    *changing.0.lock().unwrap() = "";
    let told = refusal(&ssh).await;
    assert!(told.contains("the password for `127.0.0.1:"), "{told}");
    assert!(told.ends_with("cannot be had: the file is not there"), "{told}");
    *changing.0.lock().unwrap() = super::PASSWORD;
    assert_eq!(version(&ssh).await.unwrap(), "Version 1\n");
    assert_eq!(peer.logins(2), ["password wrong", "password right"]);
}

#[rstest]
#[case::code("code", "asks `mercury` `Verification code:` at the login\nhint: only a password is")]
#[case::new("new", "asks `mercury` `New password:` at the login\nhint: log in by hand, give")]
#[tokio::test]
async fn a_question_for_anything_else_is_not_answered(#[case] auth: &str, #[case] said: &str) {
    let peer = Peer::new(json!({"auth": auth}));
    let told = refusal(&Ssh::new(peer.settings())).await;
    assert!(told.contains(said), "{told}");
    assert_eq!(peer.logins(0), [""; 0]);
}

#[tokio::test]
async fn a_new_password_that_the_server_demands_is_not_given() {
    let peer = Peer::new(json!({"auth": "change"}));
    let mut settings = peer.settings();
    settings.login_timeout = Duration::from_secs(2);
    let told = refusal(&Ssh::new(settings)).await;
    assert!(told.contains("the answer to the login of"), "{told}");
    assert!(told.contains("when it demands a new password for the account"), "{told}");
    assert_eq!(peer.logins(1), ["password right"]);
}

#[tokio::test]
async fn what_is_not_configured_is_not_tried() {
    let peer = Peer::new(json!({"auth": "both"}));
    let mut settings = peer.settings();
    settings.target.methods = vec![Method::Agent, Method::Key, Method::KeyboardInteractive];
    assert!(version(&Ssh::new(settings)).await.is_ok());
    assert_eq!(peer.logins(1), ["kbdint right"]);
    let mut settings = peer.settings();
    settings.target.password = None;
    let told = refusal(&Ssh::new(settings)).await;
    assert!(told.contains("nothing that is configured could be tried"), "{told}");
    let takes = told.split_once("it takes ").unwrap().1;
    assert!(takes.contains("keyboard-interactive") && takes.contains(", "), "{told}");
}

/// A key in a file of its own, let in by the server.
fn add_key(sshd: &Sshd, arguments: &[&str]) -> Key {
    let path = sshd.site.key("other_key", arguments);
    std::fs::copy(path.with_extension("pub"), sshd.site.path("authorized_keys")).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    Key { text: secret(&text), passphrase: None, certificate: None }
}

fn with_key(sshd: &Sshd, key: Key) -> Settings {
    let mut endpoint = sshd.endpoint();
    endpoint.key = Some(key);
    settings(endpoint)
}

#[rstest]
#[case::ed25519(&["-t", "ed25519"])]
#[case::ecdsa(&["-t", "ecdsa", "-b", "384"])]
#[case::rsa(&["-t", "rsa", "-b", "2048"])]
#[case::rsa_in_pem(&["-t", "rsa", "-b", "2048", "-m", "PEM"])]
#[tokio::test]
async fn a_key_opens(#[case] arguments: &[&str]) {
    let sshd = Sshd::new("");
    let key = add_key(&sshd, arguments);
    let told = version(&Ssh::new(with_key(&sshd, key))).await;
    assert_eq!(told.unwrap_or_else(|e| panic!("{e}\n{}", sshd.log())), "Version 1\n");
}

#[tokio::test]
async fn an_encrypted_key_needs_its_passphrase() {
    let sshd = Sshd::new("");
    let mut key = add_key(&sshd, &["-t", "ed25519", "-N", "open sesame"]);
    let told = refusal(&Ssh::new(with_key(&sshd, key.clone()))).await;
    assert!(told.ends_with("it is encrypted\nhint: configure its passphrase"), "{told}");
    key.passphrase = Some(secret("open barley"));
    let told = refusal(&Ssh::new(with_key(&sshd, key.clone()))).await;
    assert!(told.contains("cannot be read with its passphrase") && !told.contains("barley"));
    assert_eq!(sshd.connections(), 0);
    key.passphrase = Some(secret("open sesame"));
    assert!(version(&Ssh::new(with_key(&sshd, key))).await.is_ok());
}

#[tokio::test]
async fn a_certificate_opens_with_the_key_that_it_is_for() {
    let sshd = Sshd::new("TrustedUserCAKeys {site}/authority.pub");
    let site = Site::new();
    let authority = sshd.site.key("authority", &["-t", "ed25519"]);
    let path = site.key("user", &["-t", "ed25519"]);
    super::run(
        std::process::Command::new("ssh-keygen")
            .args(["-q", "-s"])
            .arg(&authority)
            .args(["-I", "test", "-n", "root"])
            .arg(path.with_extension("pub")),
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let certificate = Some(site.path("user-cert.pub"));
    let key = Key { text: secret(&text), passphrase: None, certificate };
    assert!(version(&Ssh::new(with_key(&sshd, key.clone()))).await.is_ok(), "{}", sshd.log());
    let other = Key { text: sshd.key().text, ..key };
    let told = refusal(&Ssh::new(with_key(&sshd, other))).await;
    assert!(told.ends_with("its certificate is for another key"), "{told}");
}

#[tokio::test]
async fn a_key_that_is_not_let_in_is_refused_in_words() {
    let sshd = Sshd::new("");
    let stranger = Site::new();
    let text = std::fs::read_to_string(stranger.key("key", &["-t", "ed25519"])).unwrap();
    let key = Key { text: secret(&text), passphrase: None, certificate: None };
    let told = refusal(&Ssh::new(with_key(&sshd, key))).await;
    assert!(told.contains("`root` at") && told.contains("(tried: publickey)"), "{told}");
}

const OLD: [(&str, &str, &str, &str); 3] = [
    ("diffie-hellman-group14-sha1", "aes128-cbc", "hmac-sha1", "ssh-rsa"),
    ("diffie-hellman-group1-sha1", "3des-cbc", "hmac-sha1", "ssh-rsa"),
    ("diffie-hellman-group-exchange-sha1", "aes256-cbc", "hmac-sha1-etm@openssh.com", "ssh-rsa"),
];

#[rstest]
#[case(0)]
#[case(1)]
#[case(2)]
#[tokio::test]
async fn an_old_switch_is_reached_only_if_that_is_allowed(#[case] which: usize) {
    let (kex, cipher, mac, signature) = OLD[which];
    let wanted = json!({"auth": "password", "kex_algs": [kex], "encryption_algs": [cipher],
                        "mac_algs": [mac], "signature_algs": [signature]});
    let peer = Peer::with_key(wanted, &["-t", "rsa", "-b", "2048"]);
    let told = refusal(&Ssh::new(peer.settings())).await;
    let expected =
        format!("no key exchange algorithm in common: it offers `{kex}`, allowed here are");
    assert!(told.contains(&expected) && told.contains("`curve25519-sha256`"), "{told}");
    assert!(told.ends_with(&format!("allow `{kex}` in its `legacy`")), "{told}");
    let mut settings = peer.settings();
    settings.target.legacy = Legacy::All;
    assert_eq!(version(&Ssh::new(settings)).await.unwrap(), "Version 1\n");
    if kex.contains("exchange") {
        // Once is enough: without optimisation, it takes a minute.
        return;
    }
    let mut settings = peer.settings();
    let named = vec![kex.into(), cipher.into(), mac.into(), signature.into()];
    settings.target.legacy = Legacy::some(named).unwrap();
    assert_eq!(version(&Ssh::new(settings)).await.unwrap(), "Version 1\n");
}

#[rstest]
#[case("ecdh-sha2-nistp256")]
#[case("ecdh-sha2-nistp521")]
#[case("diffie-hellman-group14-sha256")]
#[case("diffie-hellman-group-exchange-sha256")]
#[tokio::test]
async fn a_sound_exchange_needs_no_leave(#[case] kex: &str) {
    let peer = Peer::new(json!({"auth": "password", "kex_algs": [kex]}));
    assert_eq!(version(&Ssh::new(peer.settings())).await.unwrap(), "Version 1\n");
}
