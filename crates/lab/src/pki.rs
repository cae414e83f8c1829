//! A throwaway certificate authority for OVSDB over TLS, one a lab.
//!
//! Keys exist only in the lab's own directory (mode 0700, files 0600) and vanish with it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// PEM files for one end of a mutual TLS connection.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate authority that signed both ends.
    pub ca: PathBuf,
    /// The certificate of this end.
    pub certificate: PathBuf,
    /// The private key of this end, PKCS#8, mode 0600.
    pub key: PathBuf,
}

pub(crate) struct Pki {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    /// Makes the authority and writes its certificate into `dir`.
    pub(crate) fn new(dir: &Path) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "lab CA");
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        write(&dir.join("ca.pem"), &certificate.pem())?;
        Ok(Self { dir: dir.to_owned(), issuer: Issuer::new(params, key) })
    }

    /// A server's certificate, valid for `name`, `localhost` and `127.0.0.1`.
    pub(crate) fn server(&self, name: &str) -> Result<TlsFiles> {
        let names = vec![name.to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        self.issue(name, names, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The client's certificate that every switch of the lab accepts.
    pub(crate) fn client(&self) -> Result<TlsFiles> {
        self.issue("client", Vec::new(), ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(
        &self,
        name: &str,
        subject_names: Vec<String>,
        usage: ExtendedKeyUsagePurpose,
    ) -> Result<TlsFiles> {
        let mut params = CertificateParams::new(subject_names)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let files = TlsFiles {
            ca: self.dir.join("ca.pem"),
            certificate: self.dir.join(format!("{name}-certificate.pem")),
            key: self.dir.join(format!("{name}-key.pem")),
        };
        write(&files.certificate, &certificate.pem())?;
        write(&files.key, &key.serialize_pem())?;
        Ok(files)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file =
        options.open(path).with_context(|| format!("cannot make `{}`", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{}`", path.display()))
}
