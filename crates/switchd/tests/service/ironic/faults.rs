//! The weak points of Ironic's own service, by the numbers that `docs/src/ironic.md` gives them: each
//! test fails where the fault is there. 3, 4 and 10 are in `table.rs`, 12 is in `anything.rs`; 14 is
//! a fault of another process.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::talk::{
    LISTENERS, POLICY, TORS, call, carried, context, error, post, reset, result, service, update,
    with,
};
use crate::{
    raw::{request, send},
    signals::Process,
    site::{PATIENCE, Site, eventually},
};

/// What a socket answers, if anybody listens.
fn ask(socket: &Path, body: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&request("POST", "/", "", body)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Some(answer)
}

#[tokio::test]
async fn fault_1_whoever_can_connect_is_served() {
    let listener = "[[listen]]\naddress = \"unix:socket\"\nauth = \"none\"\nmethods = \"ironic\"\n";
    let site = Site::with_listeners(listener, TORS);
    site.write("policy.toml", POLICY);
    let process = Process::begin(site);
    let socket = process.site.path("socket");
    let body = call("get_switches", json!({})).to_string();
    let (mut refused, mut first) = (0, None);
    eventually("somebody listens", || {
        first = ask(&socket, &body);
        refused += usize::from(first.is_none());
        first.is_some()
    })
    .await;
    let first = first.unwrap();
    assert!(refused > 0, "the first attempt came too late to prove anything");
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("\"tor-a\""), "{first}");
    assert!(!process.log().contains("panicked"), "{}", process.log());
}

#[tokio::test]
async fn fault_2_a_slow_switch_delays_no_other() {
    let slow = "[switch.tor-slow]\ndriver = \"chaos\"\ndetach = \"closed\"\n\
                operation_timeout_ms = 60000\n\
                [switch.tor-slow.chaos]\ndriver = \"noop\"\nfaults = { read_hang = 1.0 }\n";
    let service = service(&format!("{TORS}{slow}")).await;
    let mut waiting = Vec::new();
    for number in 1..=64 {
        let port = format!("Ethernet1/{}", number % 7 + 1);
        let body =
            call("update_port", update(json!({ "switch_id": "tor-slow", "port_name": port })));
        let mut stream = TcpStream::connect(service.address()).await.unwrap();
        stream.write_all(&request("POST", "/", "", &body.to_string())).await.unwrap();
        waiting.push(stream);
    }
    let begun = Instant::now();
    result(&service, "update_port", update(json!({}))).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for stream in waiting {
        let answered = stream.try_read(&mut [0; 1]).map_err(|error| error.kind());
        assert_eq!(
            answered,
            Err(std::io::ErrorKind::WouldBlock),
            "a call to the slow switch ended"
        );
    }
}

#[rstest]
#[case("Content-Type: application/json\r\n")]
#[case("Content-Type: text/plain\r\n")]
#[case("")]
#[tokio::test]
async fn fault_5_a_deep_body_is_refused_whatever_its_type(#[case] headers: &str) {
    let service = service(TORS).await;
    let deep = |levels: usize| {
        let arrays = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"1\",\"method\":\"get_switches\",\"params\":{{\"a\":{arrays}}}}}"
        )
    };
    for levels in [24, 30, 100_000] {
        let answer = send(service.address(), &request("POST", "/", headers, &deep(levels))).await;
        assert_eq!(answer.status, 400, "{levels}");
        let want = json!({
            "faultcode": "Client",
            "faultstring": "Request body JSON is nested too deeply. Please contact the service \
                            administrator.",
        });
        assert_eq!(answer.json(), want);
    }
    let answer = send(service.address(), &request("POST", "/", headers, &deep(20))).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (200, &json!(-32602)));
}

#[rstest]
#[case("update_port", json!({ "port_name": "Ethernet1/1\nno switchport" }))]
#[case("update_port", json!({ "port_name": "Ethernet1/1\u{0}" }))]
#[case("update_port", json!({ "port_name": "Ethernet1/1\u{85}shutdown" }))]
#[case("update_port", json!({ "description": "x\rreload" }))]
#[case("update_port", json!({ "lag_name": "po1\u{1b}[2J" }))]
#[case("update_port", json!({ "switch_id": "tor-a\nx" }))]
#[case("reset_port", json!({ "port_name": "Ethernet1/1\nno switchport" }))]
#[case("reset_port", json!({ "switch_id": "tor-a\nx" }))]
#[tokio::test]
async fn fault_6_no_line_break_gets_near_a_switch(#[case] method: &str, #[case] instead: Value) {
    let service = service(TORS).await;
    let params = if method == "update_port" { update(instead) } else { reset(instead) };
    let error = error(&service, method, params).await;
    assert!(error["code"] == 400 || error["code"] == 404, "{error}");
    assert!(!error["message"].as_str().unwrap().contains(char::is_control), "{error}");
    assert!(service.site.audit("begin").is_empty());
}

#[tokio::test]
async fn fault_7_a_large_body_is_refused() {
    let service = service(TORS).await;
    let body = format!("{{\"x\":\"{}\"}}", "x".repeat(2 << 20));
    let said = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n{body}");
    for sent in [request("POST", "/", "", &body), said.into_bytes()] {
        let answer = send(service.address(), &sent).await;
        assert_eq!(answer.status, 413);
        let want = json!({
            "error": { "code": 413, "message": "the body has more than 1048576 bytes" },
        });
        assert_eq!(answer.json(), want);
    }
}

#[rstest]
#[case("update_port", json!({ "native_vlan": true }))]
#[case("update_port", json!({ "default_vlan": true }))]
#[case("update_port", json!({ "default_vlan": 4095 }))]
#[case("update_port", json!({ "mode": "trunk", "allowed_vlans": [true] }))]
#[case("reset_port", json!({ "native_vlan": true }))]
#[case("reset_port", json!({ "native_vlan": 9999 }))]
#[case("reset_port", json!({ "allowed_vlans": [0] }))]
#[case("reset_port", json!({ "default_vlan": false }))]
#[tokio::test]
async fn fault_8_every_vlan_is_looked_at(#[case] method: &str, #[case] instead: Value) {
    let service = service(TORS).await;
    let params = if method == "update_port" { update(instead) } else { reset(instead) };
    let error = error(&service, method, params).await;
    assert_eq!(error["code"], 400, "{error}");
    assert_eq!(error["data"]["class"], "ironic.common.exception.InvalidParameterValue");
}

#[tokio::test]
async fn fault_8_what_is_allowed_is_told_in_ranges() {
    let wide = "[switch.tor-a]\ndriver = \"noop\"\nidle_vlan = 10\nallowed_vlans = \"10-3998\"\n";
    let service = service(wide).await;
    let asked = update(json!({ "switch_id": "tor-a", "native_vlan": 3999 }));
    let message = error(&service, "update_port", asked).await["message"].clone();
    let message = message.as_str().unwrap();
    assert!(message.ends_with("(allowed: 10-3998)") && message.len() < 200, "{message}");
}

#[rstest]
#[case("update_port", "Failed to configure network port: ")]
#[case("reset_port", "Failed to reset network port: ")]
#[tokio::test]
async fn fault_9_an_unknown_switch_can_be_told_as_what_a_conductor_goes_on_after(
    #[case] method: &str,
    #[case] begin: &str,
) {
    let service = service(&format!("{TORS}[ironic]\nunknown_switch = \"network_error\"\n")).await;
    let instead = json!({ "switch_id": "00:53:00:0a:0a:99" });
    let params = if method == "update_port" { update(instead) } else { reset(instead) };
    let error = error(&service, method, params).await;
    let text = "Switch 00:53:00:0a:0a:99 could not be found or is not supported by any configured \
                switch driver.";
    let want = json!({
        "code": 500, "message": format!("{begin}{text}"),
        "data": { "class": "ironic.common.exception.NetworkError" },
    });
    assert_eq!(error, want);
}

#[tokio::test]
async fn fault_9_a_device_that_fails_is_told_as_what_a_conductor_goes_on_after() {
    let broken = "[switch.tor-a]\ndriver = \"chaos\"\ndetach = \"closed\"\n\
                  [switch.tor-a.chaos]\ndriver = \"noop\"\nfaults = { refuse_batch = 1.0 }\n";
    let service = service(broken).await;
    let error = error(&service, "update_port", update(json!({ "switch_id": "tor-a" }))).await;
    assert_eq!(error["data"]["class"], "ironic.common.exception.NetworkError", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Failed to configure network port: `tor-a`: "), "{message}");
    let change = service.site.audit("begin")[0]["change"].as_str().unwrap().to_owned();
    assert!(message.contains(&format!("; change {change}")), "{message}");
    assert!(message.contains("port `Ethernet1/1` on `tor-a` was "), "{message}");
}

#[tokio::test]
async fn fault_10_a_trunk_holds_nothing_of_the_trunk_before_it() {
    let service = service(TORS).await;
    for (allowed, want) in [
        (json!([101, 102]), "trunk native 100 allowed 101-102"),
        (json!([102, 103]), "trunk native 100 allowed 102-103"),
        // Nothing but the native VLAN is no trunk.
        (json!([100]), "access 100"),
    ] {
        let trunk = update(json!({ "mode": "trunk", "allowed_vlans": allowed }));
        result(&service, "update_port", trunk).await;
        assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, want);
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files(&entry.path(), found),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn fault_11_no_secret_is_written_anywhere_else() {
    let leaf = "[switch.tor-tls]\ndriver = \"ovsdb\"\naddress = \"ssl:127.0.0.1:1\"\n\
                [switch.tor-tls.tls]\nca = \"ca.pem\"\ncertificate = \"own.pem\"\n\
                key = { file = \"key\" }\n";
    let site = Site::with_listeners(LISTENERS, &format!("{TORS}{leaf}"));
    site.write("policy.toml", POLICY);
    site.write("key", "a-secret-of-the-switch");
    let service = site.start().await;
    let secret = with(
        context(),
        json!({
            "auth_token": "a-secret-of-the-user", "auth_token_info": { "token": "a-secret-of-the-user" },
        }),
    );
    result(&service, "update_port", update(json!({ "context": secret }))).await;
    error(&service, "update_port", update(json!({ "context": secret, "switch_id": "tor-tls" })))
        .await;
    let mut found = Vec::new();
    files(&service.site.path(""), &mut found);
    let holds = |path: &&PathBuf| {
        String::from_utf8_lossy(&fs::read(path).unwrap()).contains("a-secret-of-")
    };
    let holding: Vec<_> = found.iter().filter(holds).collect();
    assert_eq!(holding, [&service.site.path("key")]);
}

#[tokio::test]
async fn fault_13_changes_of_one_transition_are_told_apart() {
    let service = service(TORS).await;
    result(&service, "update_port", update(json!({}))).await;
    result(&service, "reset_port", reset(json!({}))).await;
    let begun = service.site.audit("begin");
    assert_eq!(begun.len(), 2);
    assert_eq!(begun[0]["request_id"], begun[1]["request_id"]);
    assert_ne!(begun[0]["change"], begun[1]["change"]);
}

#[rstest]
#[case("GET", "/", 405)]
#[case("PUT", "/", 405)]
#[case("POST", "/?x=1", 200)]
#[case("POST", "/v1/rpc", 404)]
#[tokio::test]
async fn other_methods_and_paths(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let service = service(TORS).await;
    let body = call("get_switches", json!({})).to_string();
    let answer = send(service.address(), &request(method, path, "", &body)).await;
    assert_eq!(answer.status, status);
    if status == 405 {
        let want = json!({ "error": { "code": 405, "message": "Only POST method can be used" } });
        assert_eq!(answer.json(), want);
    }
}

#[tokio::test]
async fn who_may_not_come_in_is_told_in_json() {
    let listener = "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"basic\"\n\
                    htpasswd = \"htpasswd\"\nmethods = \"ironic\"\n";
    let site = Site::with_listeners(listener, TORS);
    site.htpasswd("conductor", "correct");
    let service = site.start().await;
    let answer = post(&service, "{}").await;
    assert_eq!(answer.status, 401);
    let want = json!({ "error": { "code": 401, "message": "Authorization required" } });
    assert_eq!(answer.json(), want);
}

#[tokio::test]
async fn each_listener_has_its_own_methods() {
    let service = service(TORS).await;
    let native = match &service.listening[1] {
        switchd::Listening::Tcp(address) => *address,
        other => panic!("{other}"),
    };
    let answer = crate::raw::post(native, &call("get_switches", json!({})).to_string()).await;
    assert_eq!(answer.json()["error"]["code"], -32601);
    let error = error(&service, "list_switches", json!({})).await;
    assert_eq!(error["code"], -32601);
}

#[tokio::test]
async fn a_call_ends_in_its_time() {
    let slow = "[ironic]\ntimeout_ms = 300\n[switch.tor-a]\ndriver = \"chaos\"\ndetach = \"closed\"\n\
                operation_timeout_ms = 60000\n\
                [switch.tor-a.chaos]\ndriver = \"noop\"\nfaults = { read_hang = 1.0 }\n";
    let service = service(slow).await;
    let begun = Instant::now();
    let error = error(&service, "update_port", update(json!({ "switch_id": "tor-a" }))).await;
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    assert_eq!(error["data"]["class"], "ironic.common.exception.NetworkError", "{error}");
}
