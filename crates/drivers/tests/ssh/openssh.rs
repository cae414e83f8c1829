//! OpenSSH's server, a process for each connection, as inetd would start it: so it needs no port of
//! its own choosing, and ends with its connection.

use std::{
    fmt::Write as _,
    net::TcpListener,
    os::fd::OwnedFd,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use drivers::ssh_cli::transport::{Endpoint, Key};

use super::{Site, endpoint, secret};

pub(super) struct Sshd {
    pub(super) site: Site,
    pub(super) port: u16,
    pub(super) host_key: PathBuf,
    /// The key that is let in.
    pub(super) user_key: PathBuf,
    children: Arc<Mutex<Vec<Child>>>,
}

impl Sshd {
    /// With a command line for a shell, and these lines of configuration, in which `{site}` is the
    /// folder.
    pub(super) fn new(lines: &str) -> Self {
        let site = Site::new();
        let cli = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ssh/cli.sh");
        let forced = format!("ForceCommand /bin/sh {cli}\n{lines}");
        Self::start(site, &forced)
    }

    /// With the user's own shell.
    pub(super) fn with_shell(lines: &str) -> Self {
        Self::start(Site::new(), lines)
    }

    fn start(site: Site, lines: &str) -> Self {
        let host_key = site.key("host_key", &["-t", "ed25519"]);
        let user_key = site.key("user_key", &["-t", "ed25519"]);
        std::fs::copy(user_key.with_extension("pub"), site.path("authorized_keys")).unwrap();
        // Where the unprivileged half of the server lives; the system's service makes it, too.
        std::fs::create_dir_all("/run/sshd").unwrap();
        let mut text = lines.replace("{site}", site.folder.path().to_str().unwrap());
        write!(
            text,
            "\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPermitRootLogin \
             yes\nPrintMotd yes\nPidFile none\nLogLevel VERBOSE\n",
            host_key.display(),
            site.path("authorized_keys").display()
        )
        .unwrap();
        let config = site.write("sshd_config", &text);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let children = Arc::new(Mutex::new(Vec::new()));
        let started = Arc::downgrade(&children);
        let log = site.path("sshd.log");
        thread::spawn(move || {
            for stream in listener.incoming() {
                let socket: OwnedFd = stream.unwrap().into();
                let Some(children) = started.upgrade() else { return };
                let log = std::fs::File::options().append(true).create(true).open(&log).unwrap();
                let mut sshd = Command::new("/usr/sbin/sshd");
                sshd.arg("-i").arg("-e").arg("-f").arg(&config);
                sshd.stdin(Stdio::from(socket.try_clone().unwrap())).stdout(Stdio::from(socket));
                children.lock().unwrap().push(sshd.stderr(log).spawn().unwrap());
            }
        });
        Self { site, port, host_key, user_key, children }
    }

    /// How it is reached with its key.
    pub(super) fn endpoint(&self) -> Endpoint {
        let mut endpoint = endpoint(self.port, &self.host_key);
        endpoint.username = "root".into();
        endpoint.key = Some(self.key());
        endpoint
    }

    pub(super) fn key(&self) -> Key {
        let text = std::fs::read_to_string(&self.user_key).unwrap();
        Key { text: secret(&text), passphrase: None, certificate: None }
    }

    /// What the servers wrote.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.site.path("sshd.log")).unwrap_or_default()
    }

    /// How many connections there were.
    pub(super) fn connections(&self) -> usize {
        self.children.lock().unwrap().len()
    }

    /// Ends all connections, in the middle of whatever they do.
    pub(super) fn cut(&self) {
        for child in &mut *self.children.lock().unwrap() {
            let _ = child.kill();
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        for child in &mut *self.children.lock().unwrap() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Lets the listener see that nobody needs it any more.
        self.children = Arc::default();
        let _ = std::net::TcpStream::connect(("127.0.0.1", self.port));
    }
}
