//! Ironic's request context, as far as it is read: who asks, and under which id.
//!
//! Under Keystone a context holds a live token of the user and everything that Keystone said about
//! it. So it is never kept, logged or repeated as a whole; three members are copied from it and the
//! rest is dropped unread. None of them decides what is allowed: who calls is what HTTP
//! authenticated.

use model::Invalid;
use serde_json::{Map, Value};

use super::{failure::Failure, params::Method};

/// What is kept of a context.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// The conductor's name for its request. All calls of a transition share it.
    pub(super) request_id: String,
    /// The user on whose behalf the conductor acts.
    pub(super) user: Option<String>,
    /// The request outside Ironic that led to this one.
    pub(super) reason: Option<String>,
}

/// Takes the context out of the parameters of a call.
pub(super) fn taken(
    method: Method,
    mut params: Map<String, Value>,
) -> Result<(Context, Map<String, Value>), Failure> {
    match params.remove("context") {
        Some(Value::Object(members)) => Ok((read(&members), params)),
        Some(_) => Err(Failure::invalid_params("Context must be a dictionary, if provided")),
        None => {
            let names: Vec<_> = params.keys().map(String::as_str).collect();
            Err(Failure::bad_params(method, &names, "missing a required argument: 'context'"))
        }
    }
}

fn read(members: &Map<String, Value>) -> Context {
    let text = |name: &str| {
        let given = members.get(name)?.as_str().filter(|text| !text.is_empty())?;
        // Nobody checked these texts, and they go into log and audit log.
        Some(Invalid::new("", given, "").value)
    };
    Context {
        request_id: text("request_id").unwrap_or_else(|| format!("req-{}", uuid::Uuid::new_v4())),
        user: text("user").or_else(|| text("user_id")),
        reason: text("global_request_id").map(|id| format!("global request {id}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn context(value: Value) -> Context {
        let mut params = Map::new();
        params.insert("context".to_owned(), value);
        taken(Method::GetSwitches, params).unwrap().0
    }

    #[test]
    fn three_members_are_read_and_no_other() {
        let context = context(json!({
            "request_id": "req-1", "global_request_id": "req-2", "user": "u1", "user_id": "u2",
            "auth_token": "gAAAA-secret", "auth_token_info": { "token": { "x": "secret" } },
        }));
        assert_eq!(context.request_id, "req-1");
        assert_eq!(context.user.as_deref(), Some("u1"));
        assert_eq!(context.reason.as_deref(), Some("global request req-2"));
        assert!(!format!("{context:?}").contains("secret"));
    }

    #[test]
    fn what_is_not_there_or_no_text_is_left_out() {
        for value in [json!({}), json!({ "request_id": 7, "user": null, "user_id": [] })] {
            let context = context(value);
            assert!(context.request_id.starts_with("req-"), "{context:?}");
            assert_eq!((context.user, context.reason), (None, None));
        }
        assert_eq!(context(json!({ "user_id": "u2" })).user.as_deref(), Some("u2"));
    }

    #[test]
    fn texts_are_escaped_and_cut() {
        let context = context(json!({ "request_id": "a\nb", "user": "x".repeat(10_000) }));
        assert_eq!(context.request_id, "a\\nb");
        assert!(context.user.unwrap().chars().count() <= Invalid::SHOWN + 1);
    }
}
