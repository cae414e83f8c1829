//! HTTP Digest against lighttpd, and against scripts for what lighttpd does not do on demand.

use std::{fs, path::Path};

use rpc::{
    Method,
    client::{CallError, Client, Credentials, Settings},
    digest::{Algorithm, Authorization, ha1, response},
    wire::Context,
};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::script::{Say, Script};

/// What lighttpd runs when a request was let in.
const ANSWER: &str = r#"
id=$(sed 's/.*"id":\([0-9]*\).*/\1/')
printf 'Content-Type: application/json\r\n\r\n'
printf '{"jsonrpc":"2.0","id":%s,"result":"%s %s"}' "$id" "$REMOTE_USER" "$AUTH_TYPE"
"#;

/// A real web server, on a unix socket so that it needs no port.
struct Lighttpd {
    folder: TempDir,
    _process: Child,
}

impl Lighttpd {
    fn start(method: &str, algorithms: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::create_dir_all(at.join("www/v1")).unwrap();
        fs::write(at.join("www/v1/rpc"), ANSWER).unwrap();
        let users = [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
            let ha1 = ha1(algorithm, "ada", "mercury", "hunter2");
            format!("ada:mercury:{}\n", ha1.expose_secret())
        });
        fs::write(at.join("users"), users.concat()).unwrap();
        fs::write(at.join("plain"), "ada:hunter2\n").unwrap();
        fs::write(at.join("conf"), configuration(at, method, algorithms)).unwrap();
        let process = Command::new("lighttpd")
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
            .args(["-D", "-f"])
            .arg(at.join("conf"))
            .kill_on_drop(true)
            .spawn()
            .expect("`lighttpd` is installed (Debian: lighttpd)");
        Self { folder, _process: process }
    }

    /// A client that waits for the server by trying again.
    fn client(&self, credentials: Credentials) -> Client {
        let address = format!("unix:{}", self.folder.path().join("socket").display());
        Client::new(Settings { credentials, retries: 20, ..Settings::new(address) }).unwrap()
    }
}

fn configuration(at: &Path, method: &str, algorithms: &str) -> String {
    let at = at.display();
    let (backend, file) =
        if method == "basic" { ("plain", "plain") } else { ("htdigest", "users") };
    format!(
        r#"
server.modules = ("mod_auth", "mod_authn_file", "mod_cgi")
server.document-root = "{at}/www"
server.bind = "{at}/socket"
server.errorlog = "{at}/error"
server.upload-dirs = ("{at}")
cgi.assign = ("rpc" => "/bin/sh")
auth.backend = "{backend}"
auth.backend.{backend}.userfile = "{at}/{file}"
auth.require = ("/" => ("method" => "{method}", "realm" => "mercury",
    "require" => "valid-user", "algorithm" => "{algorithms}"))
"#
    )
}

fn digest(password: &str, md5: bool) -> Credentials {
    Credentials::Digest { user: "ada".to_owned(), password: password.into(), md5 }
}

fn as_asked() -> Credentials {
    Credentials::AsAsked { user: "ada".to_owned(), password: "hunter2".into() }
}

async fn call(client: &Client) -> Result<Value, CallError> {
    client.call(Method::ListSwitches, &Context::default()).await
}

#[rstest]
#[case("digest", "SHA-256", digest("hunter2", false), "ada Digest")]
#[case("digest", "MD5", digest("hunter2", true), "ada Digest")]
#[case("digest", "SHA-256|MD5", digest("hunter2", false), "ada Digest")]
#[case("digest", "SHA-256", as_asked(), "ada Digest")]
#[case("basic", "", as_asked(), "ada Basic")]
#[tokio::test]
async fn a_real_server_lets_it_in(
    #[case] method: &str,
    #[case] algorithms: &str,
    #[case] credentials: Credentials,
    #[case] want: &str,
) {
    let server = Lighttpd::start(method, algorithms);
    let client = server.client(credentials);
    for _ in 0..3 {
        assert_eq!(call(&client).await.unwrap(), want);
    }
}

#[rstest]
#[case("SHA-256", digest("wrong", false), "HTTP 401 to user `ada` by HTTP Digest (SHA-256)")]
#[case("MD5", digest("wrong", true), "HTTP 401 to user `ada` by HTTP Digest (MD5)")]
#[case(
    "MD5",
    digest("hunter2", false),
    "HTTP 401 to user `ada`; it offers HTTP Digest with MD5 alone, which has to be allowed"
)]
#[case("SHA-256", Credentials::None, "HTTP 401 to a request without credentials")]
#[case(
    "SHA-256",
    Some(("ada".to_owned(), "hunter2".into())).into(),
    "HTTP 401 to user `ada` by HTTP Basic"
)]
#[tokio::test]
async fn a_real_server_refuses_it(
    #[case] algorithms: &str,
    #[case] credentials: Credentials,
    #[case] want: &str,
) {
    let server = Lighttpd::start("digest", algorithms);
    let error = call(&server.client(credentials)).await.unwrap_err();
    assert!(matches!(error, CallError::Http { status: 401, .. }), "{error:?}");
    let error = error.to_string();
    assert!(error.contains(want) && !error.contains("hunter2"), "{error}");
}

fn challenge(nonce: &str, more: &str) -> Say {
    let header = format!(
        "WWW-Authenticate: Digest realm=\"mercury\", nonce=\"{nonce}\", qop=\"auth\", \
         algorithm=SHA-256{more}\r\n"
    );
    Say::Status("401 Unauthorized", header)
}

/// Nonce and count of a request's answer, which is right.
fn shown(head: Option<&str>) -> Option<(String, u32)> {
    let shown = Authorization::parse(head?).unwrap();
    let ha1 = ha1(Algorithm::Sha256, "ada", "mercury", "hunter2");
    let Authorization { uri, nonce, nc, cnonce, .. } = &shown;
    assert_eq!(uri, "/v1/rpc");
    let right = response(Algorithm::Sha256, ha1.expose_secret(), "POST", uri, nonce, *nc, cnonce);
    assert_eq!(shown.response, right);
    Some((shown.nonce.clone(), shown.nc))
}

#[tokio::test]
async fn one_round_trip_after_the_first_and_a_new_nonce_when_it_is_too_old() {
    let script = [
        challenge("n1", ""),
        Say::Result,
        Say::Result,
        challenge("n2", ", stale=true"),
        Say::Result,
        // A service that was started again and knows no nonce.
        challenge("n3", ""),
        Say::Result,
    ];
    let server = Script::http(script).await;
    let client =
        Client::new(Settings { credentials: digest("hunter2", false), ..server.settings() })
            .unwrap();
    for _ in 0..4 {
        call(&client).await.unwrap();
    }
    let seen: Vec<_> =
        server.seen().iter().map(|seen| shown(seen.header("authorization"))).collect();
    let nonce = |nonce: &str, count| Some((nonce.to_owned(), count));
    let want = [
        None,
        nonce("n1", 1),
        nonce("n1", 2),
        nonce("n1", 3),
        nonce("n2", 1),
        nonce("n2", 2),
        nonce("n3", 1),
    ];
    assert_eq!(seen, want);
}

#[tokio::test]
async fn a_service_that_always_says_stale_is_left() {
    let stale = || challenge("n", ", stale=true");
    let server = Script::http([stale(), stale(), stale(), Say::Result]).await;
    let client =
        Client::new(Settings { credentials: digest("hunter2", false), ..server.settings() })
            .unwrap();
    let error = call(&client).await.unwrap_err();
    assert!(matches!(error, CallError::Http { status: 401, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_password_for_digest_is_never_sent() {
    let basic = Say::Status("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n".into());
    let server = Script::http([basic, Say::Result]).await;
    let credentials_from = Some("user from `--user`".to_owned());
    let settings =
        Settings { credentials: digest("hunter2", true), credentials_from, ..server.settings() };
    let error = call(&Client::new(settings).unwrap()).await.unwrap_err().to_string();
    let want = "HTTP 401 to user `ada` (user from `--user`); it asks for HTTP Basic and not for \
                HTTP Digest";
    assert!(error.ends_with(want), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_token_goes_in_its_own_header() {
    let refused = Say::Status("401 Unauthorized", String::new());
    let server = Script::http([Say::Result, refused]).await;
    let credentials = Credentials::Token("s3cret".into());
    let client = Client::new(Settings { credentials, ..server.settings() }).unwrap();
    call(&client).await.unwrap();
    let error = call(&client).await.unwrap_err().to_string();
    assert!(error.ends_with("answered HTTP 401 to the token in X-Auth-Token"), "{error}");
    let seen = server.seen();
    assert_eq!(seen[0].header("x-auth-token"), Some("s3cret"));
    assert_eq!(seen[0].header("authorization"), None);
}
