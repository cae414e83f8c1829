//! A switch that misbehaves on demand.

use std::time::{Duration, Instant};

use fabric::{Fabric, Fault, Garbage, Trigger, When};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::tools::{Raw, fabric, heard, set_tag, transaction};

async fn raw(fabric: &Fabric) -> Raw {
    Raw::connect(fabric.address("leaf-01").unwrap()).await
}

fn tag(fabric: &Fabric, port: &str) -> Option<u16> {
    fabric.port("leaf-01", port).unwrap().unwrap().tag
}

fn bump() -> Value {
    json!({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]]})
}

/// Waits on the switch itself until it has applied what was committed.
fn applied() -> Value {
    json!({"op": "wait", "table": "Open_vSwitch", "where": [], "columns": ["cur_cfg"],
           "until": "==", "rows": [{"cur_cfg": 1}], "timeout": 8000})
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_strikes_as_often_as_it_was_told() {
    let fabric = fabric().await;
    let faults = fabric.faults("leaf-01").unwrap();
    let mut client = raw(&fabric).await;
    faults.next(2, Trigger::Write, Fault::refuse("resources exhausted", "flash is full"));
    let read = json!({"op": "select", "table": "Port", "where": [], "columns": ["tag"]});
    assert!(client.transact(&[read]).await["result"][0].get("rows").is_some());
    for _ in 0..2 {
        let answer = client.transact(&[set_tag("swp1", 5)]).await;
        let refused = json!({"error": "resources exhausted", "details": "flash is full"});
        assert_eq!(answer["result"], json!([{"count": 1}, refused]));
        assert_eq!(tag(&fabric, "swp1"), Some(4094));
    }
    client.transact(&[set_tag("swp1", 5)]).await;
    assert_eq!((tag(&fabric, "swp1"), faults.pending()), (Some(5), 0));
    assert_eq!(fabric.commits("leaf-01").unwrap(), 1);
}

#[tokio::test]
async fn one_port_can_be_refused_while_the_others_go_on() {
    let fabric = fabric().await;
    let refusal = Fault::refuse("constraint violation", "ASIC programming failed");
    fabric.faults("leaf-01").unwrap().always(Trigger::Port("swp1".into()), refusal);
    let mut client = raw(&fabric).await;
    for _ in 0..3 {
        let answer = client.transact(&[set_tag("swp2", 5), set_tag("swp1", 5)]).await;
        assert_eq!(answer["result"][2]["error"], "constraint violation");
    }
    assert_eq!((tag(&fabric, "swp1"), tag(&fabric, "swp2")), (Some(4094), Some(4094)));
    client.transact(&[set_tag("swp2", 5)]).await;
    assert_eq!(tag(&fabric, "swp2"), Some(5));
    fabric.faults("leaf-01").unwrap().clear();
    client.transact(&[set_tag("swp1", 5)]).await;
    assert_eq!(tag(&fabric, "swp1"), Some(5));
}

#[tokio::test]
async fn a_connection_can_drop_before_or_after_the_commit() {
    for (when, expected) in [(When::BeforeCommit, 4094), (When::AfterCommit, 5)] {
        let fabric = fabric().await;
        fabric.faults("leaf-01").unwrap().next(1, Trigger::Any, Fault::Drop(when));
        let mut client = raw(&fabric).await;
        client.request("transact", transaction(&[set_tag("swp1", 5)])).await;
        assert_eq!(client.receive().await, None, "{when:?}");
        assert_eq!(tag(&fabric, "swp1"), Some(expected), "{when:?}");
        let mut next = raw(&fabric).await;
        assert_eq!(next.transact(&[set_tag("swp1", 6)]).await["result"], json!([{"count": 1}]));
    }
}

#[tokio::test]
async fn a_switch_that_hangs_answers_nothing_more_on_that_connection() {
    for (when, expected) in [(When::BeforeCommit, 4094), (When::AfterCommit, 5)] {
        let fabric = fabric().await;
        fabric.faults("leaf-01").unwrap().next(1, Trigger::Any, Fault::Hang(when));
        let mut client = raw(&fabric).await;
        client.request("transact", transaction(&[set_tag("swp1", 5)])).await;
        client.request("echo", json!([])).await;
        // What another connection is answered shows that the first has been looked at.
        let faults = fabric.faults("leaf-01").unwrap();
        let mut other = raw(&fabric).await;
        while faults.pending() > 0 {
            other.call("echo", json!([])).await;
        }
        assert_eq!(tag(&fabric, "swp1"), Some(expected), "{when:?}");
        let answer = timeout(Duration::from_millis(50), client.receive()).await;
        assert!(answer.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_deaf_switch_answers_when_it_hears_again() {
    let fabric = fabric().await;
    let faults = fabric.faults("leaf-01").unwrap();
    faults.deafen();
    let mut client = raw(&fabric).await;
    client.request("list_dbs", json!([])).await;
    let answer = timeout(Duration::from_millis(50), client.receive()).await;
    assert!(answer.is_err(), "{answer:?}");
    faults.hear();
    assert_eq!(client.receive().await.unwrap()["result"], json!(["Open_vSwitch"]));
}

#[tokio::test]
async fn garbage_comes_in_four_kinds() {
    let fabric = fabric().await;
    let faults = fabric.faults("leaf-01").unwrap();
    let strike = async |garbage| {
        faults.next(1, Trigger::Any, Fault::Garbage(garbage));
        let mut client = raw(&fabric).await;
        client.request("transact", transaction(&[bump()])).await;
        client
    };
    let mut client = strike(Garbage::NotJson).await;
    let bytes = client.at_least(20).await;
    assert!(serde_json::from_slice::<Value>(bytes).is_err(), "{bytes:?}");
    let mut client = strike(Garbage::WrongId).await;
    assert_eq!(client.receive().await.unwrap()["id"], "an answer to nobody");
    let mut client = strike(Garbage::Truncated).await;
    let bytes = client.rest().await;
    assert!(!bytes.is_empty() && serde_json::from_slice::<Value>(&bytes).is_err(), "{bytes:?}");
    let mut client = strike(Garbage::Oversized).await;
    assert!(client.at_least(32 * 1024 * 1024).await.len() >= 32 * 1024 * 1024);
    assert_eq!(fabric.commits("leaf-01").unwrap(), 4);
}

#[tokio::test]
async fn a_lie_reads_like_success_until_the_port_is_read_back() {
    let fabric = fabric().await;
    fabric.faults("leaf-01").unwrap().next(1, Trigger::Port("swp1".into()), Fault::Lie);
    let mut client = raw(&fabric).await;
    let answer = client.transact(&[set_tag("swp1", 5), bump()]).await;
    assert_eq!(answer["result"], json!([{"count": 1}, {"count": 1}]));
    let read = json!({"op": "select", "table": "Port", "where": [["name", "==", "swp1"]],
        "columns": ["tag"]});
    let answer = client.transact(&[applied(), read]).await;
    assert_eq!(answer["result"], json!([{}, {"rows": [{"tag": 4094}]}]));
}

#[tokio::test]
async fn a_frozen_switch_commits_and_forwards_as_before() {
    let fabric = fabric().await;
    let faults = fabric.faults("leaf-01").unwrap();
    faults.freeze();
    let mut client = raw(&fabric).await;
    client.transact(&[set_tag("swp3", 5), set_tag("swp4", 5), bump()]).await;
    assert_eq!(tag(&fabric, "swp3"), Some(5));
    assert!(heard(&fabric, "server-1", "eth0", None).contains(&"server-3.eth0".to_owned()));
    let mut waiting = applied();
    waiting["timeout"] = json!(20);
    assert_eq!(client.transact(&[waiting]).await["result"][0]["error"], "timed out");
    faults.thaw();
    assert_eq!(client.transact(&[applied()]).await["result"], json!([{}]));
    assert!(!heard(&fabric, "server-1", "eth0", None).contains(&"server-3.eth0".to_owned()));
    assert_eq!(heard(&fabric, "server-3", "eth0", None), ["server-3.eth1"]);
}

#[tokio::test]
async fn latency_delays_the_answer() {
    let fabric = fabric().await;
    fabric.faults("leaf-01").unwrap().set_answer_latency(Duration::from_millis(30));
    let mut client = raw(&fabric).await;
    let start = Instant::now();
    client.transact(&[bump()]).await;
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_waiting_transaction_can_be_cancelled() {
    let fabric = fabric().await;
    let mut client = raw(&fabric).await;
    let id = client.request("transact", transaction(&[applied()])).await;
    client
        .send(json!({"method": "cancel", "params": [id], "id": null}).to_string().as_bytes())
        .await;
    let answer = client.receive().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]), (&json!(id), &json!("canceled")));
}

#[tokio::test]
async fn a_client_that_speaks_something_else_is_cut_off() {
    let fabric = fabric().await;
    for bytes in ["GET / HTTP/1.1\r\n\r\n", "{\"id\": 1}", "{nonsense}", "{\"method\": \"echo\"}"] {
        let mut client = raw(&fabric).await;
        client.send(bytes.as_bytes()).await;
        assert_eq!(client.receive().await, None, "{bytes}");
    }
}
