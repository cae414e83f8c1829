//! A request's body: whatever is let through can be answered under its id, and what it carries is
//! a context that is written and read again as the same.

use rpc::{
    envelope::{Decoded, Limits, decode},
    wire::Context,
};

/// One input.
///
/// # Panics
///
/// A promise does not hold.
pub fn input(input: &[u8]) {
    let limits = Limits { body_bytes: 1 << 16, ..Limits::default() };
    let calls = match decode(input, &limits) {
        Decoded::Single(call) => vec![call],
        Decoded::Batch(calls) => {
            assert!(!calls.is_empty() && calls.len() <= limits.batch, "a batch beyond its limits");
            calls
        }
    };
    for call in calls {
        match call {
            Ok(call) => {
                let id = serde_json::to_string(&call.id).expect("an id is written");
                assert!(id.len() <= input.len() * 6 + 4, "an id out of nowhere");
                let Some(context) = call.params.get("context") else { continue };
                let Ok(context) = serde_json::from_value::<Context>(context.clone()) else {
                    continue;
                };
                let written = serde_json::to_value(&context).expect("a context is written");
                let again: Context =
                    serde_json::from_value(written.clone()).expect("own output is read");
                assert_eq!(serde_json::to_value(again).expect("a context is written"), written);
            }
            Err(refused) => assert!(refused.error.code < 0, "not an error of the envelope"),
        }
    }
}
