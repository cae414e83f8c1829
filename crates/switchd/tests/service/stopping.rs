//! Callers that go away and services that are stopped, in the middle of a change.

use rpc::Method;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    raw::request,
    site::{Running, Site, eventually, links},
};

/// A switch that takes a change and never answers, until its time is up.
async fn slow(shutdown_ms: u32) -> Running {
    Site::new(&format!(
        "[switch.leaf-01]\ndriver = \"chaos\"\ndetach = \"closed\"\noperation_timeout_ms = 500\n\
         [switch.leaf-01.chaos]\ndriver = \"noop\"\nfaults = {{ hang_after = 1.0 }}\n\
         [limits]\nshutdown_ms = {shutdown_ms}\n"
    ))
    .start()
    .await
}

fn change() -> Value {
    json!({
        "port_config": { "description": "node 7" },
        "binding_profile": links(&[("leaf-01", "swp1")]),
    })
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_half_change() {
    let service = slow(10_000).await;
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "update_port", "params": { "context": change() },
    });
    let mut caller = TcpStream::connect(service.address()).await.unwrap();
    caller.write_all(&request("POST", "/v1/rpc", "", &body.to_string())).await.unwrap();
    eventually("the change begins", || !service.site.audit("begin").is_empty()).await;
    assert!(service.site.audit("end").is_empty(), "it is in the middle");
    drop(caller);

    eventually("the change ends", || !service.site.audit("end").is_empty()).await;
    let end = service.site.audit("end").pop().unwrap();
    assert_eq!(end["change"], service.site.audit("begin")[0]["change"]);
    let described = service.port("leaf-01", "swp1").await["description"] == "node 7";
    assert_eq!(described, end["outcome"] == "done", "{end}");
}

#[tokio::test]
async fn a_running_change_is_finished_and_answered_before_the_service_ends() {
    let mut service = slow(10_000).await;
    let client = service.client();
    let context = serde_json::from_value(change()).unwrap();
    let call = client.call::<Value>(Method::UpdatePort, &context);
    let stop = async {
        eventually("the change begins", || !service.site.audit("begin").is_empty()).await;
        assert!(service.site.audit("end").is_empty(), "it is in the middle");
        service.stop.cancel();
    };
    let (answer, ()) = tokio::join!(call, stop);
    // Done or taken back: either is an answer of the service itself.
    assert!(matches!(answer, Ok(_) | Err(rpc::client::CallError::Rpc(_))), "{answer:?}");
    service.ended().await.unwrap();
    assert_eq!(service.site.audit("end").len(), 1);
    assert!(TcpStream::connect(service.address()).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_service() {
    let mut service = Site::new("[switch.leaf-01]\ndriver = \"noop\"\n").start().await;
    let idle = TcpStream::connect(service.address()).await.unwrap();
    service.call(Method::ListSwitches, json!({})).await.unwrap();
    service.stop.cancel();
    service.ended().await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn what_is_not_saved_is_saved_at_the_end() {
    let mut service = Site::new(
        "[switch.leaf-01]\ndriver = \"noop\"\n[save]\nquiet_ms = 3600000\nmax_age_ms = 3600000\n",
    )
    .start()
    .await;
    service.call(Method::UpdatePort, change()).await.unwrap();
    let list = service.call(Method::ListSwitches, json!({})).await.unwrap();
    assert_eq!(list["switches"][0]["pending_save"]["changes"], 1);
    let begun = std::time::Instant::now();
    service.stop.cancel();
    service.ended().await.unwrap();
    assert!(begun.elapsed() < std::time::Duration::from_secs(10));
}
