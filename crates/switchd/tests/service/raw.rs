//! HTTP by hand, for what no client would send.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::site::PATIENCE;

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    /// As it came.
    pub(crate) raw: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let raw = head.to_owned();
        Some(Self { status, head: head.to_ascii_lowercase(), raw, body: body.to_owned() })
    }
}

/// Sends bytes, and reads until the other side closes.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other side may refuse before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    // A reset after the answer is as good as an end.
    let _ = timeout(PATIENCE, read).await.expect("an answer in time");
    let text = String::from_utf8_lossy(&text);
    Answer::parse(&text).unwrap_or_else(|| panic!("no HTTP answer: {text:?}"))
}

/// One request whose connection is closed after it.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Posts a body to the method path.
pub(crate) async fn post(address: SocketAddr, body: &str) -> Answer {
    send(address, &request("POST", "/v1/rpc", "", body)).await
}
