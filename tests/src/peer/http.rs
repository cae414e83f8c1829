//! HTTP/1.1 on a connection that is kept open: enough to ask a peer, to be asked by one, and to
//! send what no library would.
//!
//! One implementation for tests and measurements, so that a figure is never a difference between
//! two clients. It knows bodies with a length and none in chunks, since no peer here sends those.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// Longer than Ironic's own client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(130);

/// Names in lower case, and values.
pub type Headers = Vec<(String, String)>;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Headers,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A message as it stands on the wire.
pub(crate) struct Message {
    pub(crate) first_line: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// A connection to one server, opened with the first request, and again when the server closed it
/// in between.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// Nothing is opened yet.
    pub fn new(address: impl Into<SocketAddr>) -> Self {
        Self { address: address.into(), stream: None }
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend(headers);
        self.send("POST", path, &all, body.to_string().as_bytes())
    }

    /// Sends a request as it is given, and waits for the answer.
    ///
    /// # Errors
    /// When the server is not there, ends the connection or answers with something else.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
        let mut request = head.into_bytes();
        request.extend_from_slice(body);

        let mut stream = match self.stream.take() {
            Some(stream) if !is_closed(&stream)? => stream,
            _ => self.open()?,
        };
        stream.get_mut().write_all(&request)?;
        let message = read_message(&mut stream, true)?;
        let message = message.with_context(|| {
            format!("`{}` ended the connection without an answer", self.address)
        })?;
        let answer = Answer {
            status: status(&message.first_line)?,
            headers: message.headers,
            body: message.body,
        };
        if !answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn open(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(self.address)
            .with_context(|| format!("cannot connect to `{}`", self.address))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(stream))
    }
}

/// Whether the other end has closed it, which a peer does when nothing came for long.
fn is_closed(stream: &BufReader<TcpStream>) -> Result<bool> {
    let socket = stream.get_ref();
    socket.set_nonblocking(true)?;
    let peeked = socket.peek(&mut [0]);
    socket.set_nonblocking(false)?;
    Ok(!matches!(peeked, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock))
}

/// The next message; none when the connection ends before it begins.
pub(crate) fn read_message(
    stream: &mut BufReader<TcpStream>,
    is_answer: bool,
) -> Result<Option<Message>> {
    let first_line = line(stream)?;
    if first_line.is_empty() {
        return Ok(None);
    }
    let mut headers = Headers::new();
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    ensure!(header(&headers, "transfer-encoding").is_none(), "a body in chunks: {first_line}");
    let mut body = Vec::new();
    match header(&headers, "content-length") {
        Some(length) => {
            body.resize(length.parse().context("a length that is no number")?, 0);
            stream.read_exact(&mut body)?;
        }
        // Without a length an answer lasts until the end of the connection, unless it has no body.
        None if is_answer && !matches!(status(&first_line)?, 204 | 304) => {
            stream.read_to_end(&mut body)?;
        }
        None => {}
    }
    Ok(Some(Message { first_line, headers, body }))
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok(line)
}

fn status(first_line: &str) -> Result<u16> {
    match first_line.split(' ').nth(1).and_then(|status| status.parse().ok()) {
        Some(status) => Ok(status),
        None => bail!("no HTTP status in `{first_line}`"),
    }
}

fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
