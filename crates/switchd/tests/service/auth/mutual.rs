//! Client certificates: who is let in by which name, and who is not.

use rstest::rstest;

use super::peers::{Ca, NOOP, Time, curl, denied, tls, with_certificate};
use crate::site::{Running, Site};

const TABLE: &str = "[listen.certificate.names]\n\"ironic.example.org\" = \"ironic\"\n\
                     \"spiffe://example.org/noc\" = \"noc\"\n";

/// A listener for `auth`, with certificates of all kinds beside it.
async fn service(auth: &str, names: &str) -> Running {
    let listen = format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{auth}\n");
    let tls = tls("client_ca = \"clients.pem\"");
    let site = Site::with_listeners(&format!("{listen}{tls}{names}"), NOOP);
    with_certificate(&site);
    site.htpasswd("ada", "correct");
    let ca = Ca::new();
    site.write("clients.pem", &ca.pem());
    ca.give(&site, "good", &["ironic.example.org"], Time::Now);
    ca.give(&site, "uri", &["spiffe://example.org/noc"], Time::Now);
    ca.give(&site, "other", &["other.example.org"], Time::Now);
    ca.give(&site, "two", &["ironic.example.org", "spiffe://example.org/noc"], Time::Now);
    ca.give(&site, "nameless", &[], Time::Now);
    ca.give(&site, "expired", &["ironic.example.org"], Time::Over);
    Ca::new().give(&site, "foreign", &["ironic.example.org"], Time::Now);
    site.start().await
}

async fn show(service: &Running, file: &str, more: &[&str]) -> i32 {
    let (certificate, key) = (format!("{file}.pem"), format!("{file}.key"));
    let shown = ["--cacert", "ca.pem", "--cert", &certificate, "--key", &key];
    curl(service, &[&shown[..], more].concat()).await
}

#[rstest]
#[case("good", Ok(()))]
#[case("uri", Ok(()))]
#[case("other", Err((403, "a name that stands for no caller here")))]
#[case("nameless", Err((403, "a name that stands for no caller here")))]
#[case("two", Err((403, "a certificate that names more than one caller")))]
#[case("expired", Err((-56, "an expired client certificate")))]
#[case("foreign", Err((-56, "a client certificate of an unknown CA")))]
#[tokio::test]
async fn names_of_the_table_come_in(#[case] file: &str, #[case] want: Result<(), (i32, &str)>) {
    let service = service("auth = \"certificate\"", TABLE).await;
    let status = show(&service, file, &[]).await;
    match want {
        Ok(()) => assert_eq!(status, 200),
        Err((want, reason)) => {
            // What curl makes of an alert after its own half of the handshake differs by version.
            assert!(status == want || (want < 0 && status < 0), "{status}");
            denied(&service, reason).await;
        }
    }
}

#[tokio::test]
async fn without_a_certificate_there_is_no_connection() {
    let service = service("auth = \"certificate\"", TABLE).await;
    assert!(curl(&service, &["--cacert", "ca.pem"]).await < 0);
    denied(&service, "no client certificate").await;
}

#[rstest]
#[case("good", 200)]
#[case("two", 403)]
#[case("nameless", 403)]
#[tokio::test]
async fn without_a_table_the_one_name_is_the_caller(#[case] file: &str, #[case] want: i32) {
    let service = service("auth = \"certificate\"", "").await;
    assert_eq!(show(&service, file, &[]).await, want);
}

#[tokio::test]
async fn beside_a_password_a_certificate_may_be_shown_and_not_both() {
    let auth = "auth = [\"basic\", \"certificate\"]\nhtpasswd = \"htpasswd\"";
    let service = service(auth, TABLE).await;
    let ada = ["--user", "ada:correct"];
    assert_eq!(show(&service, "good", &[]).await, 200);
    assert_eq!(curl(&service, &["--cacert", "ca.pem", ada[0], ada[1]]).await, 200);
    assert_eq!(curl(&service, &["--cacert", "ca.pem"]).await, 401);
    assert_eq!(show(&service, "good", &ada).await, 401);
    denied(&service, "more than one credential").await;
    assert!(show(&service, "foreign", &ada).await < 0);
    denied(&service, "of an unknown CA").await;
}

#[tokio::test]
async fn an_ironic_that_shows_a_certificate_says_that_it_has_no_token() {
    let auth = "auth = [\"token\", \"certificate\"]\n[[listen.token]]\nname = \"old\"\n\
                secret = { file = \"secret\" }";
    let listen = format!("[[listen]]\naddress = \"127.0.0.1:0\"\n{auth}\n");
    let tls = tls("client_ca = \"clients.pem\"");
    let site = Site::with_listeners(&format!("{listen}{tls}{TABLE}"), NOOP);
    with_certificate(&site);
    site.write("secret", "0123456789abcdef");
    let ca = Ca::new();
    site.write("clients.pem", &ca.pem());
    ca.give(&site, "good", &["ironic.example.org"], Time::Now);
    let service = site.start().await;
    assert_eq!(show(&service, "good", &["--header", "X-Auth-Token: notused"]).await, 200);
    let secret = ["--header", "X-Auth-Token: 0123456789abcdef"];
    assert_eq!(show(&service, "good", &secret).await, 401);
    denied(&service, "more than one credential").await;
}
