//! Accepts connections, and speaks SSH on them.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use russh::keys::Algorithm;
use russh::keys::ssh_key::PrivateKey;
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Response, Session,
    VerifiedPublicKey,
};
use russh::{
    Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Preferred, Pty, Sig, SshId,
    cipher, compression, kex, mac,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::channel::{self, Context};
use super::faults::Faults;
use super::link;
use super::login;
use super::machine::Machine;
use super::settings::{Settings, User};

/// Most connections, whatever the limit of the simulated system is; the next one waits.
const MAX_CONNECTIONS: usize = 4096;

/// How long a wrong password takes. A real system lets a client wait for seconds.
const REJECTION: Duration = Duration::from_millis(20);

/// Everything that the connections of a switch share.
pub(crate) struct Shared {
    pub(crate) machine: Arc<dyn Machine>,
    pub(crate) faults: Faults,
    pub(crate) config: Arc<Config>,
    users: Vec<User>,
    banner: Option<String>,
    connections: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(
        machine: Arc<dyn Machine>,
        faults: Faults,
        settings: &Settings,
        key: PrivateKey,
    ) -> Self {
        Self {
            machine,
            faults,
            config: Arc::new(config(settings, key)),
            users: settings.users.clone(),
            banner: settings.banner.clone(),
            connections: AtomicUsize::new(0),
        }
    }

    /// How many connections there are.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn config(settings: &Settings, key: PrivateKey) -> Config {
    let mut methods = MethodSet::empty();
    methods.push(MethodKind::PublicKey);
    if settings.takes_keyboard {
        methods.push(MethodKind::KeyboardInteractive);
    }
    if settings.takes_password {
        methods.push(MethodKind::Password);
    }
    let mut preferred = Preferred::DEFAULT;
    preferred.compression = Cow::Borrowed(&[compression::NONE]);
    if settings.is_legacy {
        preferred.kex = Cow::Borrowed(&[kex::DH_G14_SHA1, kex::DH_G1_SHA1]);
        preferred.key = Cow::Borrowed(&[Algorithm::Rsa { hash: None }]);
        preferred.cipher = Cow::Borrowed(&[cipher::AES_128_CBC, cipher::TRIPLE_DES_CBC]);
        preferred.mac = Cow::Borrowed(&[mac::HMAC_SHA1]);
    }
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-simulated")),
        methods,
        auth_rejection_time: REJECTION,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        preferred,
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    }
}

/// Serves clients until `stop`, and ends every connection before it returns.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let limit = shared.faults.forecast().max_sessions.unwrap_or(usize::MAX);
                    if shared.connections() < limit {
                        shared.connections.fetch_add(1, Ordering::Relaxed);
                        connections.spawn(Box::pin(connection(stream, Arc::clone(&shared))));
                    }
                }
                Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
            },
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
}

struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let counted = Counted(Arc::clone(&shared));
    let round_trip = shared.faults.forecast().round_trip;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection has gone at once");
        return;
    }
    let cut = CancellationToken::new();
    let _cut_at_the_end = cut.clone().drop_guard();
    let channels = TaskTracker::new();
    let carried = watch::Sender::new(0);
    let (outside, inside) = tokio::io::duplex(link::PIECE);
    let handler = Client {
        shared: Arc::clone(&shared),
        user: String::new(),
        cut: cut.clone(),
        open: Arc::new(AtomicUsize::new(0)),
        channels: channels.clone(),
        carried: carried.subscribe(),
    };
    let session = async {
        let running = russh::server::run_stream(Arc::clone(&shared.config), inside, handler).await;
        match running {
            Ok(running) => running.await,
            Err(error) => Err(error),
        }
    };
    let carrying = link::carry(stream, outside, round_trip, cut.clone(), carried);
    let (ended, ()) = tokio::join!(session, carrying);
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection has ended");
    }
    cut.cancel();
    channels.close();
    channels.wait().await;
    drop(counted);
}

struct Client {
    shared: Arc<Shared>,
    user: String,
    cut: CancellationToken,
    open: Arc<AtomicUsize>,
    channels: TaskTracker,
    carried: watch::Receiver<u64>,
}

fn verdict(is_right: bool) -> Result<Auth, russh::Error> {
    Ok(if is_right { Auth::Accept } else { Auth::reject() })
}

impl Handler for Client {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.shared.banner.clone())
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        user.clone_into(&mut self.user);
        verdict(login::password(&self.shared.users, user, password))
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        verdict(login::key(&self.shared.users, user, offer.public_key))
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        user.clone_into(&mut self.user);
        verdict(login::key(&self.shared.users, user, key.public_key))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        let Some(mut response) = response else {
            return Ok(Auth::Partial {
                name: Cow::Borrowed(""),
                instructions: Cow::Borrowed(""),
                prompts: Cow::Borrowed(&[(Cow::Borrowed("Password: "), false)]),
            });
        };
        user.clone_into(&mut self.user);
        let answer = response.next().unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        verdict(login::password(&self.shared.users, user, &answer))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let limit = self.shared.machine.manners().max_channels;
        if self.open.load(Ordering::Relaxed) >= limit {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        reply.accept().await;
        let context = Context {
            machine: Arc::clone(&self.shared.machine),
            faults: self.shared.faults.clone(),
            user: self.user.clone(),
            cut: self.cut.clone(),
            carried: self.carried.clone(),
        };
        let (open, cut) = (Arc::clone(&self.open), self.cut.clone());
        self.channels.spawn(async move {
            cut.run_until_cancelled(Box::pin(channel::serve(channel, context))).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(channel)
    }

    async fn signal(
        &mut self,
        _channel: ChannelId,
        _signal: Sig,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        Ok(())
    }
}
