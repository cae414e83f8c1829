//! TLS of a listener: versions, clients that speak none, that say nothing, or that are slow.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rstest::rstest;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::peers::{NOOP, curl, denied, tls, with_certificate};
use crate::site::{PATIENCE, Running, Site};

const BASIC: &str =
    "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"basic\"\nhtpasswd = \"htpasswd\"\n";

async fn service(more_tls: &str, more: &str) -> Running {
    let site = Site::with_listeners(&format!("{BASIC}{}", tls(more_tls)), &format!("{NOOP}{more}"));
    with_certificate(&site);
    site.htpasswd("ada", "correct");
    site.start().await
}

/// A connection whose handshake is done.
async fn shaken(service: &Running) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(service.site.path("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(service.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

const ADA: [&str; 4] = ["--cacert", "ca.pem", "--user", "ada:correct"];

#[tokio::test]
async fn a_password_travels_over_tls() {
    let service = service("", "").await;
    assert!(service.listening[0].to_string().starts_with("https://127.0.0.1:"));
    assert_eq!(curl(&service, &ADA).await, 200);
    assert_eq!(curl(&service, &["--cacert", "ca.pem", "--user", "ada:wrong"]).await, 401);
    // 60: curl does not know the CA.
    assert_eq!(curl(&service, &["--user", "ada:correct"]).await, -60);

    let record = denied(&service, "wrong password").await;
    assert_eq!(record["peer"], "127.0.0.1");
    assert_eq!(record["scheme"], "basic");
    assert_eq!(record["users"], serde_json::json!(["ada"]));
    assert_eq!(record["listener"], service.listening[0].to_string());
    assert!(!record.to_string().contains("wrong\""), "{record}");
}

#[rstest]
#[case("", "1.2", -35)]
#[case("", "1.3", 200)]
#[case("minimum = \"1.3\"", "1.2", -35)]
#[case("minimum = \"1.2\"", "1.2", 200)]
#[case("minimum = \"1.2\"", "1.3", 200)]
#[tokio::test]
async fn versions_are_as_configured(
    #[case] minimum: &str,
    #[case] most: &str,
    #[case] expected: i32,
) {
    let service = service(minimum, "").await;
    let arguments = [&ADA[..], &["--tls-max", most]].concat();
    assert_eq!(curl(&service, &arguments).await, expected);
    if expected < 0 {
        denied(&service, "a client that speaks no common TLS").await;
    }
}

#[tokio::test]
async fn openssl_agrees_on_what_is_spoken() {
    let service = service("", "").await;
    let output = tokio::process::Command::new("openssl")
        .current_dir(service.site.path(""))
        .args(["s_client", "-brief", "-alpn", "h2,http/1.1", "-CAfile", "ca.pem"])
        .args(["-verify_return_error", "-connect", &service.address().to_string()])
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .expect("`openssl` is installed (Debian: openssl)");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("Protocol version: TLSv1.3"), "{text}");
    assert!(text.contains("Verification: OK"), "{text}");
}

#[tokio::test]
async fn plain_http_at_a_tls_port_is_closed_and_tls_at_a_plain_port_is_refused() {
    let service = service("", "").await;
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is closed");
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    let record = denied(&service, "a client that speaks no TLS").await;
    assert_eq!((&record["peer"], &record["scheme"]), (&"127.0.0.1".into(), &().into()));
    assert_eq!(curl(&service, &ADA).await, 200);

    let plain = Site::with_listeners(BASIC, NOOP);
    plain.htpasswd("ada", "correct");
    let plain = plain.start().await;
    let url = format!("https://{}/v1/rpc", plain.address());
    let output = tokio::process::Command::new("curl")
        .args(["--silent", "--insecure", "--noproxy", "*", "--max-time", "20", &url])
        .output();
    assert_eq!(output.await.unwrap().status.code(), Some(35));
    assert_eq!(curl(&plain, &["--user", "ada:correct"]).await, 200);
}

#[tokio::test]
async fn who_says_nothing_delays_nobody_and_takes_no_more_than_its_share() {
    let service = service("", "[limits]\nreceive_timeout_ms = 60000\n").await;
    let mut silent = Vec::new();
    for _ in 0..63 {
        silent.push(TcpStream::connect(service.address()).await.unwrap());
    }
    let begun = Instant::now();
    assert_eq!(curl(&service, &ADA).await, 200);
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());

    // One more than there may be is closed at once: which it is, is chance, and one is enough.
    for _ in 0..8 {
        silent.push(TcpStream::connect(service.address()).await.unwrap());
    }
    let mut waiting = tokio::task::JoinSet::new();
    for mut stream in silent {
        waiting.spawn(async move { (stream.read(&mut [0]).await, stream) });
    }
    let closed = timeout(PATIENCE, waiting.join_next()).await.expect("one is closed");
    assert!(matches!(closed.unwrap().unwrap().0, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_silent_or_slow_client_is_cut_off_over_tls_too() {
    let service = service("", "[limits]\nreceive_timeout_ms = 300\n").await;
    let cut = async |mut stream: Box<dyn tokio::io::AsyncRead + Unpin>| {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "the connection is closed");
        String::from_utf8_lossy(&rest).into_owned()
    };
    let silent = TcpStream::connect(service.address()).await.unwrap();
    assert_eq!(cut(Box::new(silent)).await, "");

    let mut head = shaken(&service).await;
    head.write_all(b"POST /v1/rpc HT").await.unwrap();
    cut(Box::new(head)).await;

    let mut body = shaken(&service).await;
    let half = "POST /v1/rpc HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRhOmNvcnJlY3Q=\r\n\
                Content-Length: 100\r\n\r\n{\"jsonrpc\"";
    body.write_all(half.as_bytes()).await.unwrap();
    let answer = cut(Box::new(body)).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[rstest]
#[case::over_tls(true)]
#[case::plain(false)]
#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_before_it_came(#[case] over_tls: bool) {
    let service = match over_tls {
        true => service("", "").await,
        false => {
            let site = Site::with_listeners(BASIC, NOOP);
            site.htpasswd("ada", "correct");
            site.write("ca.pem", "");
            site.start().await
        }
    };
    let file = std::fs::File::create(service.site.path("large")).unwrap();
    file.set_len(100 * 1024 * 1024).unwrap();
    let user: &[&str] = if over_tls { &ADA } else { &["--user", "ada:correct"] };
    for expect in ["Expect: 100-continue", "Expect:"] {
        let sent = ["--data-binary", "@large", "--header", expect, "--http1.1"];
        let begun = Instant::now();
        assert_eq!(curl(&service, &[user, &sent].concat()).await, 413, "{expect}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
    assert_eq!(curl(&service, user).await, 200);
}

#[rstest]
#[case("server.key", 0o644, "has mode 0644: others than its owner may use it")]
#[case("server.key", 0o640, "has mode 0640")]
#[tokio::test]
async fn a_key_that_others_can_use_is_refused(
    #[case] file: &str,
    #[case] mode: u32,
    #[case] text: &str,
) {
    let site = Site::with_listeners(&format!("{BASIC}{}", tls("")), NOOP);
    with_certificate(&site);
    site.htpasswd("ada", "correct");
    site.mode(file, mode);
    let error = site.refusal().await;
    assert!(error.starts_with("listener 127.0.0.1:0: ") && error.contains(text), "{error}");
}

#[tokio::test]
async fn files_that_do_not_belong_together_or_hold_nothing_are_refused() {
    let site = Site::with_listeners(&format!("{BASIC}{}", tls("")), NOOP);
    let ca = with_certificate(&site);
    site.htpasswd("ada", "correct");
    let check = async |text: &str| {
        let error = site.refusal().await;
        assert!(error.contains(text), "{error}");
        assert!(!error.contains("PRIVATE KEY"), "{error}");
    };
    let (_, other) = ca.issue(Vec::new(), super::peers::Time::Now);
    site.write("server.key", &other);
    check("the key is not that of the certificate in `").await;
    site.write("server.key", "hunter2");
    check("no private key in PEM is in the file `").await;
    site.write("server.pem", "nothing");
    check("there is none in PEM").await;
    std::fs::remove_file(site.path("server.pem")).unwrap();
    check("cannot read the certificates in `").await;
}
