//! The client's certificates: read when the client is made, and refused there with their file's
//! name rather than by a failed handshake later.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::CertifiedKey,
};
use secrecy::{ExposeSecret as _, SecretSlice};

use super::{CallError, TlsSettings, address::Target};

/// How large a file of certificates may be: the authorities of a whole operating system have some
/// 300 kilobytes.
const FILE_BYTES: u64 = 4 * 1024 * 1024;

impl TlsSettings {
    pub(super) fn apply(
        &self,
        mut builder: ClientBuilder,
        target: &Target,
    ) -> Result<ClientBuilder, CallError> {
        let Self { authorities, certificate, key } = self;
        if key.is_some() && certificate.is_none() {
            return Err(wrong("a private key is named, and no certificate"));
        }
        if !target.is_tls() {
            if certificate.is_some() {
                return Err(wrong("a client certificate needs an address that begins `https://`"));
            }
            // Reading the system's certificates costs time, and fails where there are none.
            return Ok(builder.tls_certs_only(std::iter::empty()));
        }
        if let Some(path) = authorities {
            builder = builder.tls_certs_only(trusted(path)?);
        }
        if let Some(path) = certificate {
            builder = builder.identity(identity(path, key.as_ref().unwrap_or(path))?);
        }
        Ok(builder)
    }
}

fn trusted(path: &Path) -> Result<Vec<Certificate>, CallError> {
    let pem = read(path)?;
    certificates(path, pem.expose_secret())?
        .iter()
        .map(|der| Certificate::from_der(der).map_err(|error| unusable(path, &error)))
        .collect()
}

fn identity(certificate: &Path, key: &PathBuf) -> Result<Identity, CallError> {
    let chain_pem = read(certificate)?;
    let chain = certificates(certificate, chain_pem.expose_secret())?;
    let mode = fs::metadata(key).map_or(0, |found| found.permissions().mode());
    if mode & 0o004 != 0 {
        let shown = key.display();
        return Err(wrong(&format!(
            "the private key `{shown}` can be read by everybody\nhint: chmod 600 {shown}"
        )));
    }
    let key_pem = read(key)?;
    let private = PrivateKeyDer::from_pem_slice(key_pem.expose_secret()).map_err(|error| {
        wrong(&format!("`{}` holds no private key that can be used: {error}", key.display()))
    })?;
    let signer = rustls::crypto::ring::sign::any_supported_type(&private)
        .map_err(|error| unusable(key, &error))?;
    // Whether they belong together cannot be told for keys that do not show their public half.
    if let Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) =
        CertifiedKey::new(chain, signer).keys_match()
    {
        return Err(wrong(&format!(
            "the private key `{}` is not that of the certificate `{}`",
            key.display(),
            certificate.display()
        )));
    }
    let mut both = chain_pem.expose_secret().to_vec();
    if key != certificate {
        both.push(b'\n');
        both.extend_from_slice(key_pem.expose_secret());
    }
    let both = SecretSlice::from(both);
    Identity::from_pem(both.expose_secret()).map_err(|error| unusable(certificate, &error))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CallError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(wrong(&format!("`{}` holds no certificate in PEM", path.display())));
    }
    Ok(found)
}

/// A whole file, treated as a secret because one of them is.
fn read(path: &Path) -> Result<SecretSlice<u8>, CallError> {
    let cannot =
        |error: std::io::Error| wrong(&format!("cannot read `{}`: {error}", path.display()));
    let found = fs::metadata(path).map_err(cannot)?;
    if !found.is_file() || found.len() > FILE_BYTES {
        return Err(wrong(&format!("`{}` is not a file of certificates", path.display())));
    }
    Ok(fs::read(path).map_err(cannot)?.into())
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> CallError {
    wrong(&format!("`{}` cannot be used: {error}", path.display()))
}

fn wrong(problem: &str) -> CallError {
    CallError::Credentials { problem: problem.to_owned() }
}
