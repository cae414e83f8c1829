//! Tokens of Keystone. The Keystone here is made up and speaks its API (version 3) as its reference
//! has it: who may ask, 201 and 404, the shape of a token.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::peers::{NOOP, curl, denied};
use crate::site::{Running, Site};

/// A Keystone.
#[derive(Default)]
struct Cloud {
    tokens: Mutex<HashMap<String, Value>>,
    /// The token of `mercury` itself, by number: a new one after each login.
    logins: AtomicUsize,
    asked: AtomicUsize,
}

impl Cloud {
    fn add(&self, token: &str, user: &str, domain: &str, roles: &[&str], expires_at: &str) {
        let roles: Vec<_> = roles.iter().map(|role| json!({ "id": "r", "name": role })).collect();
        let said = json!({ "token": {
            "methods": ["password"],
            "user": {
                "id": "9fe1d3", "name": user, "password_expires_at": null,
                "domain": { "id": domain.to_lowercase(), "name": domain },
            },
            "audit_ids": ["mAjXQhiYRyKwkB4qygdLVg"],
            "expires_at": expires_at, "issued_at": "2026-11-21T10:00:00.000000Z",
            "project": { "id": "p", "name": "service", "domain": { "id": "default", "name": "Default" } },
            "is_domain": false, "roles": roles,
        } });
        self.tokens.lock().unwrap().insert(token.to_owned(), said);
    }

    fn own(&self) -> String {
        format!("own-{}", self.logins.load(Ordering::SeqCst))
    }
}

async fn log_in(State(cloud): State<Arc<Cloud>>, Json(body): Json<Value>) -> impl IntoResponse {
    let identity = &body["auth"]["identity"];
    let user = &identity["password"]["user"];
    let right = identity["methods"] == json!(["password"])
        && user["name"] == "mercury"
        && user["domain"]["name"] == "Default"
        && user["password"] == "hunter2"
        && body["auth"]["scope"]["project"]["name"] == "service";
    if !right {
        let error = json!({ "error": { "code": 401, "title": "Unauthorized" } });
        return (StatusCode::UNAUTHORIZED, HeaderMap::new(), Json(error));
    }
    cloud.logins.fetch_add(1, Ordering::SeqCst);
    let mut headers = HeaderMap::new();
    headers.insert("X-Subject-Token", cloud.own().parse().unwrap());
    (StatusCode::CREATED, headers, Json(json!({ "token": {} })))
}

async fn validate(State(cloud): State<Arc<Cloud>>, headers: HeaderMap) -> impl IntoResponse {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    cloud.asked.fetch_add(1, Ordering::SeqCst);
    if header("X-Auth-Token") != Some(cloud.own()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": { "code": 401 } })));
    }
    let token = header("X-Subject-Token").unwrap();
    match cloud.tokens.lock().unwrap().get(&token) {
        Some(said) => (StatusCode::OK, Json(said.clone())),
        None => (StatusCode::NOT_FOUND, Json(json!({ "error": { "code": 404 } }))),
    }
}

const LATER: &str = "2099-01-01T00:00:00.000000Z";

struct Both {
    cloud: Arc<Cloud>,
    keystone: JoinSet<()>,
    service: Running,
}

async fn start(more: &str) -> Both {
    let cloud = Arc::new(Cloud::default());
    cloud.add("good", "ironic", "Default", &["member", "admin"], LATER);
    cloud.add("member", "eve", "Default", &["member"], LATER);
    cloud.add("elsewhere", "ironic", "Other", &["admin"], LATER);
    cloud.add("expired", "ironic", "Default", &["admin"], "2020-01-01T00:00:00.000000Z");
    cloud.add("odd", "anonymous", "Default", &["admin"], LATER);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/v3/auth/tokens", post(log_in).get(validate))
        .with_state(Arc::clone(&cloud));
    let mut keystone = JoinSet::new();
    keystone.spawn(async move { axum::serve(listener, routes).await.unwrap() });

    let listen = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"keystone\"\n[listen.keystone]\n\
         url = \"http://{address}/v3\"\nusername = \"mercury\"\npassword = {{ file = \"password\" }}\n\
         {more}\n"
    );
    let site = Site::with_listeners(&listen, NOOP);
    site.write("password", "hunter2\n");
    Both { cloud, keystone, service: site.start().await }
}

async fn send(service: &Running, token: &str) -> i32 {
    curl(service, &["--header", &format!("X-Auth-Token: {token}")]).await
}

#[tokio::test]
async fn who_has_a_token_and_a_role_comes_in() {
    let both = start("").await;
    let service = &both.service;
    assert_eq!(send(service, "good").await, 200);
    for (token, status, reason) in [
        ("nothing", 401, "wrong or expired token"),
        ("expired", 401, "wrong or expired token"),
        ("member", 403, "a user without any of the roles"),
        ("elsewhere", 403, "a user of another domain"),
        ("odd", 403, "a name that stands for no caller here"),
    ] {
        assert_eq!(send(service, token).await, status, "{token}");
        let record = denied(service, reason).await;
        assert_eq!(record["scheme"], "keystone");
        assert!(!record.to_string().contains("nothing"), "{record}");
    }
    assert_eq!(curl(service, &[]).await, 401);
    denied(service, "no credential").await;
}

#[tokio::test]
async fn what_keystone_said_is_remembered_yes_and_no_alike() {
    let both = start("").await;
    for _ in 0..3 {
        assert_eq!(send(&both.service, "good").await, 200);
        assert_eq!(send(&both.service, "nothing").await, 401);
    }
    assert_eq!(both.cloud.asked.load(Ordering::SeqCst), 2);
    assert_eq!(both.cloud.logins.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let both = start("").await;
    let statuses = (0..8).map(|_| send(&both.service, "good"));
    let statuses = futures_util::future::join_all(statuses).await;
    assert_eq!(statuses, [200; 8]);
    assert_eq!(both.cloud.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn our_own_token_is_renewed_and_a_revoked_one_is_refused() {
    let both = start("cache_ms = 0").await;
    assert_eq!(send(&both.service, "good").await, 200);
    // Keystone was set up anew, and does not know the token that it gave us.
    both.cloud.logins.fetch_add(1, Ordering::SeqCst);
    assert_eq!(send(&both.service, "good").await, 200);
    both.cloud.tokens.lock().unwrap().remove("good");
    assert_eq!(send(&both.service, "good").await, 401);
}

#[tokio::test]
async fn without_keystone_nobody_comes_in_but_who_is_remembered() {
    let mut both = start("").await;
    both.cloud.add("other", "noc", "Default", &["admin"], LATER);
    assert_eq!(send(&both.service, "good").await, 200);
    both.keystone.shutdown().await;
    assert_eq!(send(&both.service, "good").await, 200);
    assert_eq!(send(&both.service, "other").await, 503);
    denied(&both.service, "Keystone cannot be asked").await;
}
