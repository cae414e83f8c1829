//! A connection to a switch, over as many hosts as it takes.

use std::{future::Future, net::Shutdown, sync::Arc, time::Duration};

use russh::{
    Channel, Disconnect,
    client::{self, Config, Handle, Msg},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

use super::{
    algorithms,
    authenticate::{Proof, authenticate},
    client::{Client, Said},
    fault::Fault,
    host_keys::Judge,
    settings::{Endpoint, Settings},
};

/// How long the other side may take to notice a goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// An open connection. When it is dropped, nothing of it stays open.
pub(super) struct Connection {
    /// One for each host, the switch's last.
    handles: Vec<Handle<Client>>,
    /// What the switch said.
    said: Said,
    _socket: Socket,
}

/// The socket that all of it goes over. A session that nobody needs any more could otherwise wait
/// for a host that is silent.
struct Socket(std::net::TcpStream);

impl Drop for Socket {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Connection {
    /// Connects to the switch and logs in, with a proof for each host on the way.
    pub(super) async fn open(settings: &Settings, proofs: &[Proof]) -> Result<Self, Fault> {
        let endpoints: Vec<&Endpoint> = settings.jump.iter().chain([&settings.target]).collect();
        let first = endpoints.first().copied().unwrap_or(&settings.target);
        let (stream, socket) = bounded(settings.connect_timeout, first, "a connection", async {
            connect(first).await
        })
        .await?;
        let mut stream: Box<dyn Stream> = Box::new(stream);
        let mut handles: Vec<Handle<Client>> = Vec::with_capacity(endpoints.len());
        let mut said = Said::default();
        for (index, (endpoint, proof)) in endpoints.iter().zip(proofs).enumerate() {
            said = Said::default();
            let opening = bounded(
                settings.connect_timeout,
                endpoint,
                "the key exchange",
                exchange_keys(settings, endpoint, stream, said.clone()),
            );
            let mut handle = opening.await?;
            bounded(
                settings.login_timeout,
                endpoint,
                LOGIN,
                authenticate(&mut handle, endpoint, proof, &said),
            )
            .await?;
            let Some(next) = endpoints.get(index + 1) else {
                handles.push(handle);
                break;
            };
            let onward =
                bounded(settings.connect_timeout, next, "a connection", onward(&handle, next));
            let channel = onward.await.map_err(|fault| {
                Fault::Way(format!("`{}` does not lead on: {fault}", endpoint.shown()))
            })?;
            stream = Box::new(channel.into_stream());
            handles.push(handle);
        }
        Ok(Self { handles, said, _socket: socket })
    }

    /// Opens a channel for a shell or a command.
    pub(super) async fn channel(&self) -> Result<Channel<Msg>, String> {
        let Some(handle) = self.handles.last() else {
            return Err("the connection has ended".to_owned());
        };
        handle.channel_open_session().await.map_err(|error| match error {
            russh::Error::ChannelOpenFailure(_) => {
                "it refuses another session\nhint: it may have too many".to_owned()
            }
            other => self.ending().unwrap_or_else(|| super::fault::in_words(&other)),
        })
    }

    /// Why it ended, if it did.
    pub(super) fn ending(&self) -> Option<String> {
        self.said.ending()
    }

    /// Says goodbye to the switch.
    pub(super) async fn close(mut self) {
        if let Some(handle) = self.handles.pop() {
            let goodbye = async {
                let _ = handle.disconnect(Disconnect::ByApplication, "goodbye", "").await;
                handle.await
            };
            let _ = timeout(GOODBYE, goodbye).await;
        }
    }
}

/// What is waited for at a login. The SSH library does not tell when a new password is demanded
/// (RFC 4252 section 8), so that this is a silence.
const LOGIN: &str = "the answer to the login";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn bounded<T>(
    limit: Duration,
    endpoint: &Endpoint,
    what: &str,
    doing: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    timeout(limit, doing).await.unwrap_or_else(|_| {
        let (address, ms) = (endpoint.shown(), limit.as_millis());
        let hint = if what == LOGIN {
            "\nhint: a switch is silent while its directory service is, or when it demands a new \
             password for the account: log in by hand to see"
        } else {
            ""
        };
        Err(Fault::Way(format!("{what} of `{address}` did not come within {ms} ms{hint}")))
    })
}

async fn connect(endpoint: &Endpoint) -> Result<(TcpStream, Socket), Fault> {
    let failed = |error: std::io::Error| Fault::Way(format!("`{}`: {error}", endpoint.shown()));
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await;
    let stream = stream.map_err(failed)?;
    // A line is sent as soon as it is typed.
    stream.set_nodelay(true).map_err(failed)?;
    let stream = stream.into_std().map_err(failed)?;
    let socket = Socket(stream.try_clone().map_err(failed)?);
    Ok((TcpStream::from_std(stream).map_err(failed)?, socket))
}

async fn exchange_keys(
    settings: &Settings,
    endpoint: &Endpoint,
    stream: Box<dyn Stream>,
    said: Said,
) -> Result<Handle<Client>, Fault> {
    let asked = endpoint.clone();
    let judge = tokio::task::spawn_blocking(move || Judge::new(&asked)).await;
    let judge = judge
        .map_err(|_| Fault::Way("the known hosts could not be read".into()))?
        .map_err(Fault::Way)?;
    let config = Config {
        client_id: russh::SshId::Standard(
            concat!("SSH-2.0-Mercury_", env!("CARGO_PKG_VERSION")).into(),
        ),
        preferred: algorithms::preferred(&endpoint.legacy, &judge.algorithms()),
        gex: algorithms::groups(),
        keepalive_interval: Some(settings.keep_alive),
        keepalive_max: settings.keep_alive_misses,
        nodelay: true,
        ..Config::default()
    };
    let client = Client { judge: Arc::new(judge), endpoint: endpoint.clone(), said };
    let opened = client::connect_stream(Arc::new(config), stream, client).await;
    opened.map_err(|fault| Client::exchange_failed(endpoint, fault))
}

async fn onward(handle: &Handle<Client>, next: &Endpoint) -> Result<Channel<Msg>, Fault> {
    let opened =
        handle.channel_open_direct_tcpip(&next.host, u32::from(next.port), "127.0.0.1", 0).await;
    opened.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(reason) => Fault::Way(format!(
            "it cannot open a connection to `{}` ({reason:?})\nhint: forwarding has to be allowed \
             there, and the address has to be reachable from there",
            next.shown()
        )),
        other => other.into(),
    })
}
