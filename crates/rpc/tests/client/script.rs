//! A server that answers each request with the next line of a script, and remembers what it saw.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use rpc::client::Settings;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// What follows a request.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// An answer without switches.
    Result,
    /// A JSON-RPC error of this class.
    Error(&'static str),
    /// A status, with these header lines, each ended by a line break.
    Status(&'static str, String),
    /// Nothing: the connection is closed.
    HangUp,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Seen {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// The server; it ends with this.
pub(crate) struct Script {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _server: JoinSet<()>,
}

impl Script {
    pub(crate) async fn http(script: impl IntoIterator<Item = Say>) -> Self {
        Self::start(script, None).await
    }

    pub(crate) async fn https(script: impl IntoIterator<Item = Say>, tls: TlsAcceptor) -> Self {
        Self::start(script, Some(tls)).await
    }

    async fn start(script: impl IntoIterator<Item = Say>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let mut server = JoinSet::new();
        let log = Arc::clone(&seen);
        server.spawn(async move {
            let mut connections = JoinSet::new();
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, seen) = (Arc::clone(&script), Arc::clone(&log));
                let tls = tls.clone();
                connections.spawn(async move {
                    match tls {
                        None => serve(stream, connection, &script, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, connection, &script, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, seen, _server: server }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::new(self.address.clone())
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    script: &Mutex<VecDeque<Say>>,
    seen: &Mutex<Vec<Seen>>,
) {
    while let Some((head, body)) = request(&mut stream).await {
        let id = body["id"].clone();
        seen.lock().unwrap().push(Seen { connection, head, body });
        let say = script.lock().unwrap().pop_front().expect("the script has an answer");
        let (status, headers, body) = match say {
            Say::HangUp => return,
            Say::Status(status, headers) => (status, headers, String::new()),
            Say::Result => {
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"switches":[]}}}}"#);
                ("200 OK", String::new(), body)
            }
            Say::Error(class) => {
                let data = format!(r#"{{"class":"{class}","retryable":true}}"#);
                let error = format!(r#"{{"code":1,"message":"{class}","data":{data}}}"#);
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#);
                ("200 OK", String::new(), body)
            }
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// The next request, or nothing when the client has gone.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_ascii_lowercase();
            let length = length.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() == length {
                return Some((head.to_owned(), serde_json::from_str(body).unwrap()));
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
}
