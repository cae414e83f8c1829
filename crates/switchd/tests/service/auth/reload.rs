//! Certificates, passwords and tokens that change while the service runs.

use std::{fs, process::Command};

use super::peers::{Ca, NOOP, Time, tls, with_certificate};
use crate::{
    signals::Process,
    site::{PATIENCE, Site},
};

const BOTH: &str = "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = [\"basic\", \"digest\"]\n\
                    htpasswd = \"htpasswd\"\n[listen.digest]\nusers = \"htdigest\"\n";
const REFUSED: &str = "the new configuration is refused";
const DONE: &str = "the new configuration is in force";

fn start() -> Process {
    let site = Site::with_listeners(&format!("{BOTH}{}", tls("")), NOOP);
    with_certificate(&site);
    site.htpasswd("ada", "correct");
    site.write("htdigest", &format!("bob:mercury:{}\n", "0".repeat(64)));
    Process::start(site)
}

/// Where it listens, as it says in its log.
fn url(process: &Process) -> String {
    let log = process.log();
    let (_, rest) = log.split_once("https://").expect("the address is in the log");
    let address = rest.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).next();
    format!("https://{}", address.unwrap())
}

/// The HTTP status, or curl's exit code below zero.
fn curl(process: &Process, ca: &str, user: &str) -> i32 {
    let output = Command::new("curl")
        .current_dir(process.site.path(""))
        .args(["--silent", "--max-time", "20", "--noproxy", "*", "--output", "/dev/null"])
        .args(["--write-out", "%{http_code}", "--cacert", ca, "--user", user])
        .arg(format!("{}/metrics", url(process)))
        .output()
        .unwrap();
    let status: i32 = String::from_utf8_lossy(&output.stdout).parse().unwrap();
    if status == 0 { -output.status.code().unwrap() } else { status }
}

fn metric(process: &Process, line: &str) -> bool {
    let output = Command::new("curl")
        .current_dir(process.site.path(""))
        .args(["--silent", "--noproxy", "*", "--cacert", "ca.pem", "--user", "ada:correct"])
        .arg(format!("{}/metrics", url(process)))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains(line)
}

#[tokio::test]
async fn half_written_files_keep_the_old_ones_and_say_so() {
    let process = start();
    let whole = |name: &str| fs::read_to_string(process.site.path(name)).unwrap();
    let (passwords, digests) = (whole("htpasswd"), whole("htdigest"));
    let (certificate, key) = (whole("server.pem"), whole("server.key"));
    let cases = [
        // Half a hash, and a whole one without the line's end: more may be missing than shows.
        ("htpasswd", &passwords[..passwords.len() / 2], "only half written"),
        ("htpasswd", passwords.trim_end(), "only half written"),
        ("htpasswd", "ada:$2y$04$short\n", "line 1: the hash of `ada` is not bcrypt"),
        ("htdigest", &digests[..40], "only half written"),
        ("htdigest", "bob:mercury:00\n", "line 1: the hash of `bob` is neither SHA-256 nor MD5"),
        ("server.pem", &certificate[..certificate.len() / 2], "server.pem"),
        ("server.key", &key[..key.len() / 2], "no private key in PEM"),
        ("server.key", "", "it is empty"),
    ];
    for (times, (name, text, why)) in (1..).zip(cases) {
        let good = whole(name);
        process.site.write(name, text);
        process.signal("-HUP");
        process.says(REFUSED, times).await;
        let log = process.log();
        let last = log.lines().rfind(|line| line.contains(REFUSED)).unwrap().to_owned();
        let rest = &log[log.rfind(&last).unwrap()..];
        assert!(rest.contains(why), "{why} is not in {rest}");
        assert_eq!(curl(&process, "ca.pem", "ada:correct"), 200, "{name}");
        process.site.write(name, &good);
    }
    assert!(metric(&process, "mercury_reloads_total{outcome=\"refused\"} 8"));
    process.signal("-HUP");
    process.says(DONE, 1).await;
    assert_eq!(curl(&process, "ca.pem", "ada:correct"), 200);
}

#[tokio::test]
async fn another_certificate_serves_the_next_connection_and_the_open_ones_stay() {
    let process = start();
    let listener = url(&process).replace("https://", "");
    // A connection that is open through the reload: curl asks twice on it, and waits in between for
    // what it is told on its configuration's pipe.
    let open = Command::new("openssl")
        .current_dir(process.site.path(""))
        .args(["s_client", "-quiet", "-CAfile", "ca.pem", "-connect", &listener])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn();
    let mut open = open.unwrap();
    let mut pipe = open.stdin.take().unwrap();
    let mut answers = std::io::BufReader::new(open.stdout.take().unwrap());
    let mut ask = || {
        use std::io::{BufRead as _, Read as _, Write as _};
        pipe.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut status = String::new();
        answers.read_line(&mut status).unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(answers.read_line(&mut line).unwrap() > 0, "the connection was closed");
        }
        answers.read_exact(&mut [0; 3]).unwrap();
        status
    };
    assert!(ask().starts_with("HTTP/1.1 200"));

    let other = Ca::new();
    process.site.write("other-ca.pem", &other.pem());
    other.give(&process.site, "server", &["127.0.0.1"], Time::Now);
    assert_eq!(curl(&process, "ca.pem", "ada:correct"), 200);
    process.signal("-HUP");
    process.says(DONE, 1).await;
    assert_eq!(curl(&process, "ca.pem", "ada:correct"), -60);
    assert_eq!(curl(&process, "other-ca.pem", "ada:correct"), 200);
    assert!(ask().starts_with("HTTP/1.1 200"));
    drop(pipe);
    let end = std::time::Instant::now() + PATIENCE;
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(5));
    while open.try_wait().unwrap().is_none() && std::time::Instant::now() < end {
        ticks.tick().await;
    }
    let _ = open.kill();
    open.wait().unwrap();
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_told() {
    let site = Site::with_listeners(&format!("{BOTH}{}", tls("")), NOOP);
    let ca = with_certificate(&site);
    ca.give(&site, "server", &["127.0.0.1"], Time::Over);
    site.htpasswd("ada", "correct");
    site.write("htdigest", &format!("bob:mercury:{}\n", "0".repeat(64)));
    let process = Process::start(site);
    process.says("the listener's certificate ends soon, or has ended", 1).await;
    ca.give(&process.site, "server", &["127.0.0.1"], Time::Now);
    process.signal("-HUP");
    process.says(DONE, 1).await;
    assert!(metric(
        &process,
        "mercury_tls_certificate_not_after_seconds{listener=\"127.0.0.1:0\"}"
    ));
}
