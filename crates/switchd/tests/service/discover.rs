//! The OpenRPC document as the service gives it.

use rpc::Method;
use serde_json::json;

use crate::{raw::post, site::Site};

#[tokio::test]
async fn every_method_of_the_document_is_there_and_no_other() {
    let service = Site::new("[switch.leaf-01]\ndriver = \"noop\"\n").start().await;
    let document = service.client().discover().await.unwrap();
    assert_eq!(document, rpc::openrpc::document());

    let documented = document["methods"].as_array().unwrap();
    assert_eq!(documented.len(), Method::ALL.len());
    for method in documented {
        let name = method["name"].as_str().unwrap();
        let params = match method["params"].as_array().unwrap().is_empty() {
            true => json!({}),
            false => json!({ "context": {} }),
        };
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": name, "params": params });
        let answer = post(service.address(), &body.to_string()).await.json();
        assert_ne!(answer["error"]["code"], -32601, "{name}");
        assert_ne!(answer["error"]["data"]["class"], "internal", "{name}: {answer}");
    }
}
