//! A conductor's body: whatever is let through can be answered under its id, was no deeper than is
//! read, and carries no version that is not spoken; whatever is refused says so in JSON-RPC's codes.

use serde_json::Value;
use switchd::ironic::envelope::{Decoded, decode};

/// One input.
///
/// # Panics
///
/// A promise does not hold.
pub fn input(input: &[u8]) {
    match decode(input) {
        Decoded::TooDeep => {
            let brackets = input.iter().filter(|byte| b"[{".contains(byte)).count();
            assert!(brackets > 25, "refused as deep with {brackets} brackets");
        }
        Decoded::Refused { id, failure } => {
            serde_json::to_string(&id).expect("an id is written");
            assert!([-32700, -32600].contains(&failure.code), "{failure:?}");
            assert!(failure.class.is_none(), "a malformed call has no class: {failure:?}");
            assert!(!failure.message.contains(char::is_control), "{failure:?}");
        }
        Decoded::Call(call) => {
            assert!(!call.method.is_empty(), "a call of nothing");
            assert!(!call.params.contains_key("rpc.version"), "a version is no parameter");
            let body: Value = serde_json::from_slice(input).expect("what was let through is JSON");
            let id = body.get("id").filter(|id| !id.is_null());
            let echoed = call.id.map(|id| serde_json::to_value(id).expect("an id is written"));
            assert_eq!(id, echoed.as_ref(), "an id is echoed as it was given");
        }
    }
}
