//! Listening sockets, TCP and unix.
//!
//! A unix socket is made beside its place, given its mode, and moved into place, so that there is
//! no moment in which others could connect, and no moment without a socket when an old one is
//! replaced. An old socket that somebody answers on is left alone.

use std::{
    fs,
    io::{self, ErrorKind},
    net::SocketAddr,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
        net::UnixStream as StdUnixStream,
    },
    path::{Path, PathBuf},
};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::either::Either;

use super::peer::Peer;
use crate::config::{Address, Listen};

/// Where the service listens, with the port that the system chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listening {
    /// TCP.
    Tcp(SocketAddr),
    /// TLS over TCP.
    Tls(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Tls(address) => write!(f, "https://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that listens.
pub struct Bound {
    socket: Socket,
    listening: Listening,
}

enum Socket {
    Tcp(TcpListener),
    Unix { socket: UnixListener, _file: SocketFile },
}

/// A connection of either kind.
pub(super) type Stream = Either<TcpStream, UnixStream>;

impl Bound {
    /// Begins to listen. The error says what stands in the way.
    pub async fn bind(listen: &Listen) -> Result<Self, String> {
        match &listen.address {
            Address::Tcp(address) => {
                let socket = TcpListener::bind(address).await.map_err(|e| e.to_string())?;
                let address = socket.local_addr().map_err(|e| e.to_string())?;
                let listening = match &listen.tls {
                    Some(_) => Listening::Tls(address),
                    None => Listening::Tcp(address),
                };
                Ok(Self { socket: Socket::Tcp(socket), listening })
            }
            Address::Unix(path) => {
                let (socket, file) = bind_unix(path, listen.socket_mode)?;
                Ok(Self {
                    socket: Socket::Unix { socket, _file: file },
                    listening: Listening::Unix(path.clone()),
                })
            }
        }
    }

    /// Where it listens.
    pub const fn listening(&self) -> &Listening {
        &self.listening
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                // Answers are written whole; waiting for more would only delay them.
                stream.set_nodelay(true)?;
                Ok((Either::Left(stream), Peer::tcp(address)))
            }
            Socket::Unix { socket, .. } => {
                let (stream, _) = socket.accept().await?;
                let peer = Peer::unix(&stream);
                Ok((Either::Right(stream), peer))
            }
        }
    }
}

/// A socket's file, removed with the socket unless another process has put its own there.
struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            // Nobody is left to tell; the next start replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn bind_unix(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), String> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err("there is something that is no socket".to_owned());
        }
        Ok(_) => match StdUnixStream::connect(path) {
            Ok(_) => return Err("another process listens there".to_owned()),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(format!("the socket that is there: {error}")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.to_string()),
    }
    let name = path.file_name().ok_or("this is no path of a file")?.to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let socket = UnixListener::bind(&beside).map_err(|error| error.to_string())?;
    let settled = fs::set_permissions(&beside, fs::Permissions::from_mode(mode))
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| fs::symlink_metadata(path));
    match settled {
        Ok(found) => Ok((socket, SocketFile { path: path.to_owned(), inode: found.ino() })),
        Err(error) => {
            let _ = fs::remove_file(&beside);
            Err(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Auth, MethodTable};

    fn listen(path: &Path) -> Listen {
        Listen {
            address: Address::Unix(path.to_owned()),
            methods: MethodTable::Native,
            path: "/v1/rpc".to_owned(),
            auth: Auth::default(),
            tls: None,
            socket_mode: 0o660,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[tokio::test]
    async fn a_socket_has_its_mode_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let bound = Bound::bind(&listen(&path)).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o660);
        assert_eq!(names(folder.path()), ["s"]);
        drop(bound);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[tokio::test]
    async fn a_dead_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert_eq!(names(folder.path()), ["s"]);
        let first = Bound::bind(&listen(&path)).await.unwrap();
        let error = Bound::bind(&listen(&path)).await.err().unwrap();
        assert_eq!(error, "another process listens there");
        assert!(StdUnixStream::connect(&path).is_ok());
        drop(first);
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        fs::write(&path, "precious").unwrap();
        let error = Bound::bind(&listen(&path)).await.err().unwrap();
        assert_eq!(error, "there is something that is no socket");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_socket_that_was_replaced_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = Bound::bind(&listen(&path)).await.unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(folder.path().join("keeps the inode in use"), "").unwrap();
        let second = Bound::bind(&listen(&path)).await.unwrap();
        drop(first);
        assert!(StdUnixStream::connect(&path).is_ok());
        drop(second);
    }
}
