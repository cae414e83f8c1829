//! Cuts a byte stream into JSON objects.
//!
//! JSON-RPC over a stream has no length prefix (RFC 7047 section 4), so the end of a message is
//! where its brackets balance. The scanner keeps its place between reads and looks at each byte
//! once; whether the object is valid JSON is for the parser to say.

use bytes::{Buf, BytesMut};
use tokio_util::codec::Decoder;

/// Most bytes of one message, so that a peer that never closes its brackets cannot fill memory.
/// The largest honest request, a monitor of every table, is a few kilobytes.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Deepest nesting of one message, so that parsing cannot exhaust the stack. OVSDB needs nine.
pub const MAX_DEPTH: usize = 64;

/// The stream cannot be read further.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Something other than an object where a message must start.
    #[error("a message starts with byte `{0:#04x}`, not with `{{`")]
    NotAnObject(u8),
    /// More than [`MAX_MESSAGE_BYTES`].
    #[error("a message is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_DEPTH`].
    #[error("a message is nested deeper than {MAX_DEPTH}")]
    TooDeep,
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[from] std::io::Error),
}

/// The scanner's place in the message that it is reading.
#[derive(Debug, Default)]
pub struct Frames {
    seen: usize,
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Decoder for Frames {
    type Item = BytesMut;
    type Error = FrameError;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<BytesMut>, FrameError> {
        if self.seen == 0 {
            let blank = source.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            source.advance(blank);
            match source.first() {
                Some(b'{') | None => {}
                Some(byte) => return Err(FrameError::NotAnObject(*byte)),
            }
        }
        while let Some(byte) = source.get(self.seen) {
            self.seen += 1;
            if self.in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth == 0 {
                    let frame = source.split_to(self.seen);
                    *self = Self::default();
                    return Ok(Some(frame));
                }
            }
            if self.depth > MAX_DEPTH {
                return Err(FrameError::TooDeep);
            }
            if self.seen > MAX_MESSAGE_BYTES {
                return Err(FrameError::TooLong);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(stream: &[u8], step: usize) -> Result<Vec<String>, String> {
        let (mut decoder, mut buffer, mut frames) = (Frames::default(), BytesMut::new(), vec![]);
        for piece in stream.chunks(step) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decoder.decode(&mut buffer).map_err(|e| e.to_string())? {
                frames.push(String::from_utf8(frame.to_vec()).unwrap());
            }
        }
        Ok(frames)
    }

    #[test]
    fn messages_are_cut_where_brackets_balance_however_they_arrive() {
        let stream = br#"{"a":"}\"{"} {"b":[{}]}
            {"c":"\\"}"#;
        for step in [1, 2, 7, 100] {
            let expected = [r#"{"a":"}\"{"}"#, r#"{"b":[{}]}"#, r#"{"c":"\\"}"#];
            assert_eq!(frames(stream, step).unwrap(), expected, "{step} bytes at a time");
        }
    }

    #[test]
    fn a_stream_that_is_no_json_rpc_is_refused() {
        let deep = format!("{{\"a\":{}", "[".repeat(MAX_DEPTH));
        let long = format!("{{\"a\":\"{}", "x".repeat(MAX_MESSAGE_BYTES));
        let cases = [
            ("GET / HTTP/1.1", "a message starts with byte `0x47`, not with `{`"),
            (deep.as_str(), "a message is nested deeper than 64"),
            (long.as_str(), "a message is longer than 4194304 bytes"),
        ];
        for (stream, expected) in cases {
            assert_eq!(frames(stream.as_bytes(), 65536).unwrap_err(), expected);
        }
    }
}
