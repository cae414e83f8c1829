//! A fabric starts, contradicts bad declarations, and ends.

use std::time::{Duration, Instant};

use fabric::Fabric;
use serde_json::json;

use crate::tools::{Raw, fabric};

#[tokio::test]
async fn two_switches_start_in_milliseconds() {
    let start = Instant::now();
    let fabric = fabric().await;
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(250), "{elapsed:?}");
    assert_eq!(fabric.switches().collect::<Vec<_>>(), ["leaf-01", "leaf-02"]);
}

#[tokio::test]
async fn shutdown_ends_every_connection_and_frees_the_address() {
    let fabric = fabric().await;
    let address = fabric.address("leaf-01").unwrap().trim_start_matches("tcp:").to_owned();
    let mut client = Raw::connect(&format!("tcp:{address}")).await;
    client.call("list_dbs", json!([])).await;
    fabric.shutdown().await;
    assert_eq!(client.receive().await, None);
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_switch_listens_on_a_unix_socket_too() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Fabric::builder().switch("sw", ["p1"]).idle_vlan(9);
    let fabric = builder.clone().unix_sockets(folder.path()).start().await.unwrap();
    let mut client = Raw::connect(fabric.unix_address("sw").unwrap().unwrap()).await;
    let read = json!({"op": "select", "table": "Port", "where": [["name", "==", "p1"]],
        "columns": ["tag", "vlan_mode"]});
    let answer = client.transact(&[read]).await;
    assert_eq!(answer["result"], json!([{"rows": [{"tag": 9, "vlan_mode": "access"}]}]));
    let second = builder.unix_sockets(folder.path()).start().await;
    assert!(second.unwrap_err().to_string().starts_with("switch `sw` cannot listen on"));
}

#[tokio::test]
async fn a_declaration_that_contradicts_itself_is_refused() {
    let one = || Fabric::builder().switch("a", ["p1", "p2"]);
    let cases = [
        (one().switch("a", ["p1"]), "switch `a` is declared twice"),
        (one().host("h", [("eth0", "b", "p1")]), "there is no switch `b` in the fabric"),
        (one().host("h", [("eth0", "a", "p9")]), "switch `a` has no port `p9`"),
        (
            one().host("h", [("eth0", "a", "p1"), ("eth1", "a", "p1")]),
            "the cable from `eth1` of `h` to `p1` of `a` needs an end that is taken",
        ),
        (
            one().trunk("a", "p1", "a", "isl0"),
            "the cable from `p1` of `a` to `isl0` of `a` needs an end that is taken",
        ),
        (one().idle_vlan(4095), "VLAN 4095 cannot be the idle VLAN (allowed: 1-4094)"),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.start().await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn a_question_about_something_unknown_is_refused() {
    let fabric = fabric().await;
    let cases = [
        (fabric.address("nope").unwrap_err(), "there is no switch `nope` in the fabric"),
        (fabric.unplug("leaf-01", "nope").unwrap_err(), "switch `leaf-01` has no port `nope`"),
        (fabric.speak_lacp("nope").unwrap_err(), "there is no host `nope` in the fabric"),
        (
            fabric.reach("server-1", "eth9", None).unwrap_err(),
            "host `server-1` has no interface `eth9`",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error.to_string(), expected);
    }
    assert!(fabric.port("leaf-01", "nope").unwrap().is_none());
}
