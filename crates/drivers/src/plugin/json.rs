//! One line as one JSON value, strictly: UTF-8, not too deep, no member twice.

use model::json;
use serde_json::Value;

use super::error::{Violation, excerpt};

/// How deep an answer nests: the deepest that is described is a LAG's VLANs, seven levels down.
pub(super) const DEPTH: usize = 32;

/// Reads one JSON value that fills the line.
pub(super) fn parse(line: &[u8]) -> Result<Value, Violation> {
    let text = std::str::from_utf8(line).map_err(|error| Violation::NotUtf8 {
        at: error.valid_up_to(),
        near: excerpt(&String::from_utf8_lossy(line)),
    })?;
    if json::depth_exceeds(line, DEPTH) {
        return Err(Violation::TooDeep { limit: DEPTH });
    }
    json::unique(line)
        .map_err(|error| Violation::NotJson { problem: error.to_string(), near: excerpt(text) })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(br#"{"a":[1,-2,1.5,"x",null,true]}"#, Ok(()))]
    #[case(br#"{"a":1,"b":{"a":1,"a":2}}"#, Err("names the member `a` twice"))]
    #[case(b"{\"a\":\"\xff\"}", Err("is not UTF-8 at byte 6"))]
    #[case(b"hello", Err("is not JSON: expected value"))]
    #[case(b"{} {}", Err("is not JSON: trailing characters"))]
    #[case(b"", Err("is not JSON: EOF"))]
    #[case(
        b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        Err("nests deeper than 32")
    )]
    #[case(br#"["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["]"#, Ok(()))]
    fn lines(#[case] line: &[u8], #[case] expected: Result<(), &str>) {
        match (parse(line), expected) {
            (Ok(_), Ok(())) => {}
            (Err(got), Err(part)) => assert!(got.to_string().contains(part), "{got}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }
}
