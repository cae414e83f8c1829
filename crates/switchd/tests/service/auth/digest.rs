//! HTTP Digest with curl, with Python's `requests`, and by hand for what neither would send.

use std::process::Command;

use rpc::digest::{Algorithm, Authorization, Challenge, Offer, ha1, offers, response};
use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::peers::{NOOP, curl, denied, python};
use crate::{
    raw::{Answer, request, send},
    site::{PATIENCE, Running, Site},
};

const PASSWORD: &str = "Circle of Life";

/// `ada` by SHA-256; with `md5 = true`, by MD5 too, and `bob` by MD5 as Apache's tool writes it.
async fn service(more: &str) -> Running {
    let digest = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = [\"digest\", \"basic\"]\n\
         htpasswd = \"htpasswd\"\n[listen.digest]\nusers = \"htdigest\"\n{more}\n"
    );
    let site = Site::with_listeners(&digest, NOOP);
    site.htpasswd("carl", "correct");
    let line = |algorithm| {
        let hash = ha1(algorithm, "ada", "mercury", PASSWORD);
        format!("ada:mercury:{}\n", hash.expose_secret())
    };
    let mut text = line(Algorithm::Sha256);
    if more.contains("md5 = true") {
        text += &line(Algorithm::Md5);
        text += &apache("bob", PASSWORD);
    }
    site.write("htdigest", &text);
    site.start().await
}

/// The line of Apache's `htdigest`, which asks for the password on its terminal: its algorithm by
/// another implementation, `md5sum`.
fn apache(user: &str, password: &str) -> String {
    let script = format!("printf %s '{user}:mercury:{password}' | md5sum | cut -d' ' -f1");
    let hash = Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
    format!("{user}:mercury:{}", String::from_utf8(hash).unwrap())
}

#[tokio::test]
async fn curl_comes_in_with_the_password_and_with_no_other() {
    let service = service("").await;
    assert_eq!(curl(&service, &["--digest", "--user", "ada:Circle of Life"]).await, 200);
    assert_eq!(curl(&service, &["--anyauth", "--user", "ada:Circle of Life"]).await, 200);
    assert_eq!(curl(&service, &["--digest", "--user", "ada:wrong"]).await, 401);
    let record = denied(&service, "wrong password").await;
    assert_eq!(record["scheme"], "digest");
    assert_eq!(record["users"], serde_json::json!(["ada"]));
    assert_eq!(curl(&service, &["--digest", "--user", "eve:Circle of Life"]).await, 401);
    denied(&service, "unknown user").await;
    assert_eq!(curl(&service, &["--basic", "--user", "carl:correct"]).await, 200);
}

const REQUESTS: &str = r#"
import sys, requests
from requests.auth import HTTPDigestAuth
session = requests.Session()
call = {"jsonrpc": "2.0", "method": "list_switches", "params": {"context": {}}, "id": 1}
def status(user, password, times=1):
    auth = HTTPDigestAuth(user, password)
    return [session.post(sys.argv[1], json=call, auth=auth).status_code for _ in range(times)]
print(status("ada", "Circle of Life", 5), status("ada", "wrong"), status("eve", "x"))
"#;

#[rstest]
#[case("")]
#[case("md5 = true")]
#[tokio::test]
async fn requests_comes_in_with_the_password_and_with_no_other(#[case] md5: &str) {
    let service = service(md5).await;
    let output = python(&service, REQUESTS).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "[200, 200, 200, 200, 200] [401] [401]");
}

#[tokio::test]
async fn apaches_md5_lines_serve_where_md5_is_allowed() {
    let service = service("md5 = true").await;
    assert_eq!(curl(&service, &["--digest", "--user", "ada:Circle of Life"]).await, 200);
    let program = REQUESTS.replace("\"ada\", \"C", "\"bob\", \"C");
    let output = python(&service, &program).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("[200, 200, 200, 200, 200]"), "{said}");
}

#[tokio::test]
async fn md5_lines_are_refused_where_md5_is_not_allowed() {
    let site = Site::with_listeners(
        "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"digest\"\n\
         [listen.digest]\nusers = \"htdigest\"\n",
        NOOP,
    );
    site.write("htdigest", &apache("bob", "x"));
    let error = site.refusal().await;
    assert!(
        error.contains("line 1: the hash of `bob` is MD5, which needs `md5 = true`"),
        "{error}"
    );
}

/// The challenges of a 401.
fn challenges(answer: &Answer) -> Vec<Challenge> {
    let headers = answer.raw.lines().filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("www-authenticate").then_some(value)
    });
    let all = headers.flat_map(|header| offers(header).unwrap());
    all.filter_map(|offer| match offer {
        Offer::Digest(challenge) => Some(challenge),
        _ => None,
    })
    .collect()
}

async fn get(service: &Running, authorization: Option<&str>) -> Answer {
    let header = authorization.map(|value| format!("Authorization: {value}\r\n"));
    let bytes = request("GET", "/metrics", &header.unwrap_or_default(), "");
    send(service.address(), &bytes).await
}

/// A nonce of the service, answered as `ada`.
async fn answered(service: &Running) -> Authorization {
    let nonce = challenges(&get(service, None).await)[0].nonce.clone();
    signed(Authorization {
        username: "ada".to_owned(),
        realm: "mercury".to_owned(),
        nonce,
        uri: "/metrics".to_owned(),
        response: String::new(),
        algorithm: Algorithm::Sha256,
        cnonce: "0a4f113b".to_owned(),
        nc: 1,
        opaque: None,
        userhash: false,
    })
}

fn signed(mut answer: Authorization) -> Authorization {
    let Authorization { username, realm, nonce, uri, algorithm, cnonce, nc, .. } = &answer;
    let ha1 = ha1(*algorithm, username, realm, PASSWORD);
    answer.response = response(*algorithm, ha1.expose_secret(), "GET", uri, nonce, *nc, cnonce);
    answer
}

#[tokio::test]
async fn sha_256_is_offered_first_and_both_with_one_nonce() {
    let service = service("md5 = true").await;
    let offered = challenges(&get(&service, None).await);
    let algorithms: Vec<_> = offered.iter().map(|one| one.algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Sha256, Algorithm::Md5]);
    assert_eq!(offered[0].nonce, offered[1].nonce);
    assert!(offered.iter().all(|one| one.qop_auth && one.charset_utf8 && !one.stale));
}

#[rstest]
#[case::uri(|answer: &mut Authorization| answer.uri = "/v1/rpc".to_owned(), "an answer to another request")]
#[case::md5(|answer: &mut Authorization| answer.algorithm = Algorithm::Md5, "an algorithm that is not offered")]
#[case::realm(|answer: &mut Authorization| answer.realm = "other".to_owned(), "another realm")]
#[case::userhash(|answer: &mut Authorization| answer.userhash = true, "`userhash` is not offered")]
#[case::forged(|answer: &mut Authorization| answer.nonce.replace_range(..1, "1"), "a nonce that is not ours")]
#[tokio::test]
async fn an_answer_to_something_else_is_refused(
    #[case] change: fn(&mut Authorization),
    #[case] reason: &str,
) {
    let service = service("").await;
    let mut answer = answered(&service).await;
    change(&mut answer);
    let got = get(&service, Some(&signed(answer).to_string())).await;
    assert_eq!((got.status, got.body.as_str()), (401, "authentication required\n"));
    denied(&service, reason).await;
}

#[rstest]
#[case("qop=auth,", "qop=auth-int,", "`qop` is not `auth`")]
#[case("nc=00000001", "nc=1", "`nc` is not a number")]
#[case("cnonce=\"0a4f113b\", ", "", "`cnonce` is missing")]
#[tokio::test]
async fn half_an_answer_is_refused(#[case] from: &str, #[case] to: &str, #[case] reason: &str) {
    let service = service("").await;
    let header = answered(&service).await.to_string();
    assert!(header.contains(from), "{header}");
    let got = get(&service, Some(&header.replace(from, to))).await;
    assert_eq!(got.status, 401);
    denied(&service, reason).await;
}

#[tokio::test]
async fn a_count_serves_once_and_counts_may_overtake_each_other() {
    let service = service("").await;
    let answer = answered(&service).await;
    for (count, status) in [(1, 200), (1, 401), (3, 200), (2, 200), (2, 401), (4, 200)] {
        let answer = signed(Authorization { nc: count, ..answer.clone() });
        assert_eq!(get(&service, Some(&answer.to_string())).await.status, status, "{count}");
    }
    denied(&service, "a nonce count that was used before").await;
}

#[tokio::test]
async fn an_old_nonce_is_stale_and_the_new_one_serves() {
    let service = service("nonce_lifetime_ms = 1000").await;
    let answer = answered(&service).await;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    let mut count = 0;
    let stale = async {
        loop {
            ticks.tick().await;
            count += 1;
            let answer = signed(Authorization { nc: count, ..answer.clone() });
            let got = get(&service, Some(&answer.to_string())).await;
            if got.status != 200 {
                break got;
            }
        }
    };
    let stale = tokio::time::timeout(PATIENCE, stale).await.expect("the nonce gets old");
    assert_eq!(stale.status, 401);
    let offered = challenges(&stale);
    assert!(offered[0].stale && offered[0].nonce != answer.nonce, "{offered:?}");
    denied(&service, "a nonce that is too old").await;
    let fresh = signed(Authorization { nonce: offered[0].nonce.clone(), nc: 1, ..answer });
    assert_eq!(get(&service, Some(&fresh.to_string())).await.status, 200);
}

/// The body of a request comes after its head, and the challenge must not end the connection on which
/// the client is going to answer.
#[tokio::test]
async fn a_challenge_leaves_the_connection_of_use() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let service = service("").await;
    let mut stream = tokio::net::TcpStream::connect(service.address()).await.unwrap();
    for _ in 0..2 {
        let head = "POST /v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // It was judged before its body came.
        denied(&service, "no credential").await;
        stream.write_all(b"0123456789").await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"authentication required\n") {
            let read = tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await;
            assert!(read.unwrap().unwrap() > 0, "closed: {}", String::from_utf8_lossy(&answer));
        }
        let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 401 ") && !answer.contains("connection: close"));
    }
}

#[tokio::test]
async fn two_headers_are_one_too_many() {
    let service = service("").await;
    let digest = answered(&service).await;
    let both = format!("{digest}\r\nAuthorization: Basic Y2FybDpjb3JyZWN0");
    assert_eq!(get(&service, Some(&both)).await.status, 401);
    denied(&service, "more than one credential").await;
    assert_eq!(get(&service, Some("Basic Y2FybDpjb3JyZWN0")).await.status, 200);
}
