//! Cuts a byte stream into JSON messages.
//!
//! RFC 7047 sends JSON texts one after the other with nothing between them, so the end of a
//! message is found by its structure: the bracket that closes the first one. The scan keeps its
//! state between reads and looks at every byte once, however the bytes arrive, and it enforces the
//! [`Limits`] before anything is parsed. It does not check that a message is correct JSON; that is
//! the parser's work, with bounds known to hold.
//!
//! Rejected: a streaming JSON parser. It would build values before it knows the message's size.

use super::error::{Violation, excerpt};

/// The bound that [`Limits::depth`] cannot exceed: open brackets are kept as bits of one word.
const MAX_DEPTH: u32 = 64;

/// What a message of the peer may be, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes in one message. Default 32 MiB: the whole configuration of a switch with thousands of
    /// ports is a few MiB.
    pub message_bytes: usize,
    /// Levels of nesting, at most 64. Default 64: an OVSDB message has about ten, and the parser
    /// is recursive.
    pub depth: u32,
    /// Values in one message, counted as opening brackets and commas. Default 262,144: a parsed
    /// value can take a hundred times the memory of its two or three bytes of text, so the size
    /// in bytes alone bounds too little.
    pub values: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes: 32 << 20, depth: MAX_DEPTH, values: 1 << 18 }
    }
}

/// A scan in progress: feed it what was read, take out whole messages.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    message: Vec<u8>,
    place: Place,
    /// Open brackets, the innermost in the lowest bit: 1 for an object, 0 for an array.
    open: u64,
    depth: u32,
    values: usize,
    broken: Option<Violation>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Between,
    Structure,
    Text,
    Escape,
}

impl Framer {
    /// A scan at the start of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits { depth: limits.depth.min(MAX_DEPTH), ..limits },
            message: Vec::new(),
            place: Place::Between,
            open: 0,
            depth: 0,
            values: 0,
            broken: None,
        }
    }

    /// Takes bytes from the front of `input` until a message is complete or `input` is empty.
    ///
    /// The message starts with `{`, and its brackets match. What is left in `input` belongs to the
    /// next one.
    ///
    /// # Errors
    ///
    /// The stream is not JSON objects, or a message breaks a limit. The stream cannot be resumed:
    /// every later call gives the same error.
    pub fn push(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Violation> {
        if let Some(violation) = &self.broken {
            return Err(violation.clone());
        }
        if self.place == Place::Between {
            *input = input.trim_ascii_start();
        }
        let mut taken = 0;
        let mut complete = false;
        for &byte in *input {
            taken += 1;
            if self.message.len() + taken > self.limits.message_bytes {
                return self.fail(Violation::TooLarge { limit: self.limits.message_bytes });
            }
            match self.step(byte) {
                Ok(false) => {}
                Ok(true) => {
                    complete = true;
                    break;
                }
                Err(violation) => return self.fail(violation),
            }
        }
        let (mine, rest) = input.split_at(taken);
        self.message.extend_from_slice(mine);
        *input = rest;
        if !complete {
            return Ok(None);
        }
        self.place = Place::Between;
        self.values = 0;
        Ok(Some(std::mem::take(&mut self.message)))
    }

    /// Whether the stream stands inside a message, so that its end here would cut it.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.place != Place::Between
    }

    fn fail<T>(&mut self, violation: Violation) -> Result<T, Violation> {
        self.broken = Some(violation.clone());
        self.message = Vec::new();
        Err(violation)
    }

    /// Moves over one byte; true when it closes the message.
    fn step(&mut self, byte: u8) -> Result<bool, Violation> {
        match (self.place, byte) {
            (Place::Text, b'"') => self.place = Place::Structure,
            (Place::Text, b'\\') => self.place = Place::Escape,
            (Place::Text, _) => {}
            (Place::Escape, _) => self.place = Place::Text,
            (Place::Between, b'{') => {
                self.place = Place::Structure;
                self.enter(true)?;
            }
            (Place::Between, other) => {
                return Err(Violation::NotJson {
                    near: format!("a message starts with `{}`", excerpt(&printable(other))),
                });
            }
            (Place::Structure, b'"') => self.place = Place::Text,
            (Place::Structure, b'{') => self.enter(true)?,
            (Place::Structure, b'[') => self.enter(false)?,
            (Place::Structure, b',') => self.count()?,
            (Place::Structure, b'}' | b']') => return self.leave(byte == b'}'),
            (Place::Structure, _) => {}
        }
        Ok(false)
    }

    fn enter(&mut self, object: bool) -> Result<(), Violation> {
        if self.depth >= self.limits.depth {
            return Err(Violation::TooDeep { limit: self.limits.depth });
        }
        self.depth += 1;
        self.open = self.open << 1 | u64::from(object);
        self.count()
    }

    fn leave(&mut self, object: bool) -> Result<bool, Violation> {
        if (self.open & 1 == 1) != object {
            let near = if object { "`}` closes `[`" } else { "`]` closes `{`" };
            return Err(Violation::NotJson { near: near.to_owned() });
        }
        self.open >>= 1;
        self.depth -= 1;
        Ok(self.depth == 0)
    }

    fn count(&mut self) -> Result<(), Violation> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(Violation::TooManyValues { limit: self.limits.values });
        }
        Ok(())
    }
}

fn printable(byte: u8) -> String {
    if byte.is_ascii() { char::from(byte).to_string() } else { format!("0x{byte:02x}") }
}

/// Cuts a whole stream at once: every complete message in it, and the error that ended the scan.
///
/// The entry for fuzzing, and the reference that any chunking must agree with.
#[must_use]
pub fn split_messages(bytes: &[u8], limits: Limits) -> (Vec<Vec<u8>>, Option<Violation>) {
    let mut framer = Framer::new(limits);
    let mut rest = bytes;
    let mut messages = Vec::new();
    loop {
        match framer.push(&mut rest) {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(violation) => return (messages, Some(violation)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(stream: &str, messages: &[&str], violation: Option<&str>) {
        let limits = Limits { message_bytes: 40, depth: 4, values: 8 };
        let (got, error) = split_messages(stream.as_bytes(), limits);
        let got: Vec<_> = got.iter().map(|m| std::str::from_utf8(m).unwrap()).collect();
        assert_eq!(got, messages, "messages of `{stream}`");
        assert_eq!(error.map(|e| e.to_string()).as_deref(), violation, "error of `{stream}`");
    }

    #[test]
    fn messages_end_where_their_brackets_do() {
        check("", &[], None);
        check(" \n{} {\"a\":1}\n", &["{}", "{\"a\":1}"], None);
        check(r#"{"a":"}\"]"}{"b":"\\"}"#, &[r#"{"a":"}\"]"}"#, r#"{"b":"\\"}"#], None);
        check("{} {\"a\"", &["{}"], None);
    }

    #[test]
    fn limits_hold_before_parsing() {
        check("{} HTTP/1.1 400", &["{}"], Some("not JSON: a message starts with `H`"));
        check("\u{1}", &[], Some("not JSON: a message starts with `\\u{1}`"));
        check("[1]", &[], Some("not JSON: a message starts with `[`"));
        check("{]", &[], Some("not JSON: `]` closes `{`"));
        check("{[}", &[], Some("not JSON: `}` closes `[`"));
        check(r#"{"a":[[[1]]]}"#, &[r#"{"a":[[[1]]]}"#], None);
        check(r#"{"a":[[[["#, &[], Some("a message is nested deeper than 4 levels"));
        check(r#"{"a":[1,2,3,4,5,6,7]}"#, &[r#"{"a":[1,2,3,4,5,6,7]}"#], None);
        check(r#"{"a":[1,2,3,4,5,6,7,8]}"#, &[], Some("a message holds more than 8 values"));
        let fits = format!("{{\"{}\":1}}", "x".repeat(34));
        check(&fits, &[&fits], None);
        check(
            &format!("{{\"{}\":1}}", "x".repeat(35)),
            &[],
            Some("a message is larger than 40 bytes"),
        );
    }

    #[test]
    fn an_error_is_final() {
        let mut framer = Framer::new(Limits::default());
        let first = framer.push(&mut b"x".as_slice()).unwrap_err();
        assert_eq!(framer.push(&mut b"{}".as_slice()).unwrap_err(), first);
    }

    fn chunked(bytes: &[u8], cuts: &[usize], limits: Limits) -> (Vec<Vec<u8>>, Option<Violation>) {
        let mut framer = Framer::new(limits);
        let mut messages = Vec::new();
        let mut left = bytes;
        for cut in cuts.iter().copied().chain([usize::MAX]) {
            let (mut chunk, after) = left.split_at(cut.min(left.len()));
            left = after;
            while !chunk.is_empty() {
                match framer.push(&mut chunk) {
                    Ok(message) => messages.extend(message),
                    Err(violation) => return (messages, Some(violation)),
                }
            }
        }
        (messages, None)
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same(
            stream in "([{}\\[\\]:,\"\\\\ ab1]|\\{\"a\":\\[1,\"}\"\\]\\}){0,60}",
            cuts in prop::collection::vec(0usize..7, 0..40),
        ) {
            let limits = Limits { message_bytes: 50, depth: 5, values: 12 };
            prop_assert_eq!(
                chunked(stream.as_bytes(), &cuts, limits),
                split_messages(stream.as_bytes(), limits)
            );
        }

        #[test]
        fn json_objects_come_out_whole(
            texts in prop::collection::vec(("\\PC{0,12}", "\\PC{0,12}"), 0..6),
            cuts in prop::collection::vec(0usize..9, 0..40),
        ) {
            let messages: Vec<Vec<u8>> = texts
                .iter()
                .map(|(k, v)| serde_json::to_vec(&serde_json::json!({k: [v, {"x": null}]})).unwrap())
                .collect();
            let stream = messages.join(b"\n ".as_slice());
            prop_assert_eq!(chunked(&stream, &cuts, Limits::default()), (messages, None));
        }

        #[test]
        fn arbitrary_bytes_come_out_at_most_once(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let (messages, _) = split_messages(&bytes, Limits::default());
            prop_assert!(messages.iter().map(Vec::len).sum::<usize>() <= bytes.len());
            let framed = messages.iter().all(|m| m.starts_with(b"{") && m.ends_with(b"}"));
            prop_assert!(framed);
        }
    }
}
