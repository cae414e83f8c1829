//! Who a client certificate is for: its subject alternative names, and never its common name.
//!
//! That the certificate leads to the CA was verified by the TLS handshake; here it is only read.
//! With a table, only names in it count. Without one, the certificate has to have exactly one name
//! that can be a caller's, because which of several it is would be anybody's guess.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use super::{Reason, check_name};

/// How many names of a certificate are read; more than a few are a mistake.
const NAMES: usize = 64;

/// A client certificate that was verified against the CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Its names as text: `ironic.example.org`, `192.0.2.7`, `ops@example.org`, `spiffe://…`.
    pub names: Vec<String>,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: i64,
}

impl PeerCertificate {
    /// Reads a certificate in DER; nothing if it is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = match certificate.subject_alternative_name().ok()? {
            Some(extension) => {
                let all = extension.value.general_names.iter().take(NAMES);
                all.filter_map(name).collect::<BTreeSet<_>>().into_iter().collect()
            }
            None => Vec::new(),
        };
        Some(Self { names, not_after: certificate.validity().not_after.timestamp() })
    }

    /// Whether its time is over. A connection may outlive its certificate.
    fn is_over(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(now).is_ok_and(|now| now > self.not_after)
    }
}

/// Whom the names of certificates stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateNames {
    /// Callers by name of the certificate; without a table the name is the caller's.
    pub table: Option<BTreeMap<String, String>>,
}

impl CertificateNames {
    /// Whose certificate this is.
    pub(super) fn caller(
        &self,
        certificate: &PeerCertificate,
        now: SystemTime,
    ) -> Result<String, Reason> {
        if certificate.is_over(now) {
            return Err(Reason::Expired);
        }
        let (callers, none): (BTreeSet<&str>, _) = match &self.table {
            Some(table) => {
                let known = |name: &String| table.get(&key(name)).map(String::as_str);
                (certificate.names.iter().filter_map(known).collect(), Reason::UnknownName)
            }
            None => {
                let usable = |name: &&str| check_name(name).is_ok() && !name.contains('*');
                let names = certificate.names.iter().map(String::as_str);
                (names.filter(usable).collect(), Reason::NoName)
            }
        };
        let mut callers = callers.into_iter();
        match (callers.next(), callers.next()) {
            (Some(one), None) => Ok(one.to_owned()),
            (None, _) => Err(none),
            (Some(_), Some(_)) => Err(Reason::SeveralNames),
        }
    }

    /// A table of names as they are compared.
    pub fn with_table(table: BTreeMap<String, String>) -> Self {
        Self { table: Some(table.into_iter().map(|(name, caller)| (key(&name), caller)).collect()) }
    }
}

/// A name as it is compared: the case of a host name means nothing.
fn key(name: &str) -> String {
    if name.contains(['@', '/']) { name.to_owned() } else { name.to_ascii_lowercase() }
}

/// One name as text. Other kinds of names (directory names, registered identifiers) are left out.
fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        // A host name that reads like an address must not pass for one.
        GeneralName::DNSName(name) if name.parse::<IpAddr>().is_err() => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
            name.bytes().all(plain).then(|| name.to_ascii_lowercase())
        }
        GeneralName::URI(uri) if uri.contains(':') => Some((*uri).to_owned()),
        GeneralName::RFC822Name(mail) if mail.contains('@') => Some((*mail).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(four) => Some(IpAddr::from(four).to_string()),
            Err(_) => Some(IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string()),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};
    use rstest::rstest;

    use super::*;

    fn names(all: &[&str]) -> PeerCertificate {
        let names = all.iter().map(|&name| name.to_owned()).collect();
        PeerCertificate { names, not_after: i64::MAX }
    }

    #[test]
    fn the_names_of_a_certificate_are_read_and_its_common_name_is_not() {
        let mut params = CertificateParams::new(vec!["Ironic.Example.org".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "admin");
        params.subject_alt_names.extend([
            SanType::URI("spiffe://example.org/Ironic".try_into().unwrap()),
            SanType::Rfc822Name("ops@example.org".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::DnsName("10.0.0.1".try_into().unwrap()),
        ]);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let read = PeerCertificate::read(certificate.der()).unwrap();
        assert_eq!(
            read.names,
            [
                "192.0.2.7",
                "2001:db8::7",
                "ironic.example.org",
                "ops@example.org",
                "spiffe://example.org/Ironic"
            ]
        );
        assert_eq!(read.not_after, params.not_after.unix_timestamp());
        assert_eq!(PeerCertificate::read(b"no certificate"), None);
    }

    #[rstest]
    #[case(&["ironic.example.org"], Ok("ironic.example.org"))]
    #[case(&[], Err(Reason::NoName))]
    #[case(&["anonymous"], Err(Reason::NoName))]
    #[case(&["*.example.org"], Err(Reason::NoName))]
    #[case(&["a.example.org", "b.example.org"], Err(Reason::SeveralNames))]
    fn without_a_table_one_name_is_the_caller(
        #[case] all: &[&str],
        #[case] expected: Result<&str, Reason>,
    ) {
        let caller = CertificateNames::default().caller(&names(all), SystemTime::now());
        assert_eq!(caller.as_deref().map_err(|reason| *reason), expected);
    }

    #[rstest]
    #[case(&["ironic.example.org", "other"], Ok("ironic"))]
    #[case(&["ironic.example.org", "192.0.2.7"], Ok("ironic"))]
    #[case(&["other"], Err(Reason::UnknownName))]
    #[case(&["ironic"], Err(Reason::UnknownName))]
    #[case(&["ironic.example.org", "noc.example.org"], Err(Reason::SeveralNames))]
    fn with_a_table_only_its_names_count(
        #[case] all: &[&str],
        #[case] expected: Result<&str, Reason>,
    ) {
        let pairs =
            [("Ironic.example.org", "ironic"), ("192.0.2.7", "ironic"), ("noc.example.org", "noc")];
        let table = pairs.map(|(name, caller)| (name.to_owned(), caller.to_owned())).into();
        let table = CertificateNames::with_table(table);
        let caller = table.caller(&names(all), SystemTime::now());
        assert_eq!(caller.as_deref().map_err(|reason| *reason), expected);
    }

    #[test]
    fn a_certificate_that_expired_on_its_connection_is_refused() {
        let certificate = PeerCertificate { not_after: 1_000, ..names(&["a.example.org"]) };
        let at = |seconds| UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        let callers = CertificateNames::default();
        assert!(callers.caller(&certificate, at(1_000)).is_ok());
        assert_eq!(callers.caller(&certificate, at(1_001)), Err(Reason::Expired));
    }
}
