//! What a method table is to HTTP: bytes in, bytes out.

use async_trait::async_trait;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use rpc::auth::Caller;

/// A method table: what becomes of the bodies that come to its path.
#[async_trait]
pub trait Table: Send + Sync + 'static {
    /// Carries out what a body asks for.
    async fn answer(&self, caller: &Caller, body: &[u8]) -> Reply;

    /// How a request is told that HTTP itself refuses it: who calls, how large, how slow, which
    /// HTTP method. `text` is one line without its end.
    fn refusal(&self, status: StatusCode, text: &str) -> Refusal;
}

/// The answer to a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// JSON; absent when nothing wants an answer.
    pub json: Option<Vec<u8>>,
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its media type.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

impl Reply {
    /// The reply as HTTP sends it.
    pub(super) fn into_response(self) -> Response {
        match self.json {
            Some(json) => {
                (self.status, [(header::CONTENT_TYPE, "application/json")], json).into_response()
            }
            None => self.status.into_response(),
        }
    }
}
