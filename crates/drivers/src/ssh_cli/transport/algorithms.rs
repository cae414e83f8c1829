//! Which algorithms are offered.
//!
//! The default is what is considered sound today, with the elliptic curves of NIST, because some
//! switches offer nothing else. What is outdated is named one by one, or allowed as a whole, for a
//! switch that cannot do better. Compression is never offered: a few bytes could become many.

use std::borrow::Cow;

use russh::{
    AlgorithmKind, Preferred, cipher,
    client::GexParams,
    kex,
    keys::{Algorithm, EcdsaCurve, HashAlg},
    mac,
};

/// Which outdated algorithms are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Legacy {
    /// None.
    #[default]
    None,
    /// All that are known here.
    All,
    /// Those of these names, which are [`Legacy::NAMES`].
    Some(Vec<String>),
}

const KEX: [kex::Name; 3] = [kex::DH_G14_SHA1, kex::DH_GEX_SHA1, kex::DH_G1_SHA1];

const CIPHERS: [cipher::Name; 4] =
    [cipher::AES_256_CBC, cipher::AES_192_CBC, cipher::AES_128_CBC, cipher::TRIPLE_DES_CBC];

const MACS: [mac::Name; 2] = [mac::HMAC_SHA1_ETM, mac::HMAC_SHA1];

const SOUND_KEX: [kex::Name; 12] = [
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G16_SHA512,
    kex::DH_G18_SHA512,
    kex::DH_G17_SHA512,
    kex::DH_G15_SHA512,
    kex::DH_GEX_SHA256,
    kex::DH_G14_SHA256,
];

const SOUND_CIPHERS: [cipher::Name; 6] = [
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const SOUND_MACS: [mac::Name; 4] =
    [mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM, mac::HMAC_SHA512, mac::HMAC_SHA256];

impl Legacy {
    /// The names that can be allowed.
    pub const NAMES: [&'static str; 11] = [
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group1-sha1",
        "ssh-rsa",
        "ssh-dss",
        "aes256-cbc",
        "aes192-cbc",
        "aes128-cbc",
        "3des-cbc",
        "hmac-sha1-etm@openssh.com",
        "hmac-sha1",
    ];

    /// These names, or the first that is none.
    pub fn some(names: Vec<String>) -> Result<Self, String> {
        match names.iter().find(|name| !Self::NAMES.contains(&name.as_str())) {
            None => Ok(Self::Some(names)),
            Some(unknown) => Err(format!(
                "`{unknown}` is no outdated algorithm that can be allowed (there are `{}`)",
                Self::NAMES.join("`, `")
            )),
        }
    }

    pub(super) fn allows(&self, name: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => Self::NAMES.contains(&name),
            Self::Some(names) => names.iter().any(|allowed| allowed == name),
        }
    }
}

/// What is offered. The kinds of key by which the host is known come first, so that it shows one of
/// those.
pub(super) fn preferred(legacy: &Legacy, known: &[Algorithm]) -> Preferred {
    let kex =
        SOUND_KEX.into_iter().chain(KEX.into_iter().filter(|name| legacy.allows(name.as_ref())));
    let extensions =
        [kex::EXTENSION_SUPPORT_AS_CLIENT, kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT];
    let ciphers = SOUND_CIPHERS
        .into_iter()
        .chain(CIPHERS.into_iter().filter(|name| legacy.allows(name.as_ref())));
    let macs =
        SOUND_MACS.into_iter().chain(MACS.into_iter().filter(|name| legacy.allows(name.as_ref())));
    let mut keys = host_key_algorithms(legacy);
    keys.sort_by_key(|offered| !known.iter().any(|known| same_key(known, offered)));
    Preferred {
        kex: kex.chain(extensions).collect::<Vec<_>>().into(),
        key: keys.into(),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: ciphers.collect::<Vec<_>>().into(),
        mac: macs.collect::<Vec<_>>().into(),
        compression: Cow::Borrowed(&[russh::compression::NONE]),
    }
}

fn host_key_algorithms(legacy: &Legacy) -> Vec<Algorithm> {
    let mut keys = vec![
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ];
    let outdated = [Algorithm::Rsa { hash: None }, Algorithm::Dsa];
    keys.extend(outdated.into_iter().filter(|key| legacy.allows(key.as_str())));
    keys
}

/// Whether a key of the one kind can be shown by the other algorithm.
fn same_key(known: &Algorithm, offered: &Algorithm) -> bool {
    match (known, offered) {
        (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
        (known, offered) => known == offered,
    }
}

/// The groups that the switch may choose for an exchange over one: from 2048 bits, the least that
/// is sound.
pub(super) fn groups() -> GexParams {
    GexParams::new(2048, 3072, 8192).unwrap_or_default()
}

/// Why nothing in common was found, and what can be done.
pub(super) fn nothing_in_common(
    kind: &AlgorithmKind,
    ours: &[String],
    theirs: &[String],
    legacy: &Legacy,
) -> String {
    let what = match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "host key",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "message authentication",
    };
    let extension =
        |name: &&String| name.starts_with("ext-info-") || name.starts_with("kex-strict-");
    let list = |names: &[String]| {
        let names: Vec<&str> =
            names.iter().filter(|name| !extension(name)).map(String::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
    };
    let (theirs_shown, ours_shown) = (list(theirs), list(ours));
    let outdated: Vec<&str> = Legacy::NAMES
        .into_iter()
        .filter(|name| theirs.iter().any(|theirs| theirs == name) && !legacy.allows(name))
        .collect();
    let hint = if outdated.is_empty() {
        "nothing that the switch offers is known here; a newer system on the switch may offer more"
            .to_owned()
    } else {
        format!("if the switch can do no better, allow `{}` in its `legacy`", outdated.join("`, `"))
    };
    format!(
        "no {what} algorithm in common: it offers {theirs_shown}, allowed here are {ours_shown}\n\
         hint: {hint}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(preferred: &Preferred) -> Vec<String> {
        let mut names: Vec<String> =
            preferred.kex.iter().map(|name| name.as_ref().to_owned()).collect();
        names.extend(preferred.key.iter().map(|name| name.as_str().to_owned()));
        names.extend(preferred.cipher.iter().map(|name| name.as_ref().to_owned()));
        names.extend(preferred.mac.iter().map(|name| name.as_ref().to_owned()));
        names
    }

    #[test]
    fn nothing_outdated_is_offered_unless_it_is_named() {
        let offered = names(&preferred(&Legacy::None, &[]));
        assert!(Legacy::NAMES.iter().all(|name| !offered.iter().any(|o| o == name)));
        assert!(offered.iter().any(|name| name == "ecdh-sha2-nistp256"), "{offered:?}");
        let all = names(&preferred(&Legacy::All, &[]));
        for name in Legacy::NAMES {
            assert!(all.iter().any(|offered| offered == name), "{name}");
            let one = Legacy::some(vec![name.to_owned()]).unwrap();
            let more: Vec<String> = names(&preferred(&one, &[]));
            assert_eq!(more.len(), offered.len() + 1, "{name}");
        }
        assert!(Legacy::some(vec!["arcfour".into()]).is_err());
    }

    #[test]
    fn the_kinds_of_key_that_are_known_come_first() {
        let known = [Algorithm::Rsa { hash: None }];
        let first = preferred(&Legacy::None, &known).key.first().cloned();
        assert_eq!(first, Some(Algorithm::Rsa { hash: Some(HashAlg::Sha512) }));
    }

    #[test]
    fn what_could_be_allowed_is_named() {
        let theirs =
            ["diffie-hellman-group1-sha1".to_owned(), "kex-strict-s-v00@openssh.com".into()];
        let ours = ["curve25519-sha256".to_owned(), "ext-info-c".into()];
        assert_eq!(
            nothing_in_common(&AlgorithmKind::Kex, &ours, &theirs, &Legacy::None),
            "no key exchange algorithm in common: it offers `diffie-hellman-group1-sha1`, allowed \
             here are `curve25519-sha256`\nhint: if the switch can do no better, allow \
             `diffie-hellman-group1-sha1` in its `legacy`"
        );
        let told = nothing_in_common(&AlgorithmKind::Mac, &[], &["hmac-md5".into()], &Legacy::All);
        assert!(told.contains("here are none\nhint: nothing that the switch offers"), "{told}");
    }
}
