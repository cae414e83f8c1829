//! Every scheme of authentication, with the clients that people use: curl, Python's `requests`,
//! openssl. Each good credential comes in, each wrong one is refused and in the audit log.

mod digest;
mod keystone;
mod limits;
mod mutual;
mod peers;
mod reload;
mod tls;
mod tokens;
