//! Ethernet addresses in all the spellings that switches and operators use.

use std::{fmt, str::FromStr};

use crate::{Invalid, text::written_as_string};

/// A 48-bit MAC address.
///
/// Read from `aa:bb:cc:dd:ee:ff`, `aa-bb-cc-dd-ee-ff`, `aabb.ccdd.eeff`, `aabb-ccdd-eeff`,
/// `aabb:ccdd:eeff` and `aabbccddeeff`, in either case; written as the first, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// The address with these octets, in transmission order.
    pub const fn new(octets: [u8; 6]) -> Self {
        Self(octets)
    }

    /// The octets in transmission order.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddress {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let refused = || Invalid::new("MAC address", text, "is not like `52:54:00:12:34:56`");
        let group = match text.len() {
            17 => 2,
            14 => 4,
            12 => 12,
            _ => return Err(refused()),
        };
        let separator = text.chars().find(|c| !c.is_ascii_hexdigit());
        let allowed = match group {
            2 => matches!(separator, Some(':' | '-')),
            4 => matches!(separator, Some('.' | '-' | ':')),
            _ => separator.is_none(),
        };
        if !allowed {
            return Err(refused());
        }
        let mut octets = [0_u8; 6];
        let mut digits = 0_usize;
        for (index, c) in text.chars().enumerate() {
            if index % (group + 1) == group {
                if Some(c) != separator {
                    return Err(refused());
                }
                continue;
            }
            let value = c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(refused)?;
            let octet = octets.get_mut(digits / 2).ok_or_else(refused)?;
            *octet = (*octet << 4) | value;
            digits += 1;
        }
        Ok(Self(octets))
    }
}

written_as_string!(MacAddress, "MacAddress", "MAC address, written as `52:54:00:12:34:56`");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("00:53:00:0A:0a:01")]
    #[case("00-53-00-0a-0a-01")]
    #[case("0053.000a.0a01")]
    #[case("0053-000a-0a01")]
    #[case("0053:000a:0a01")]
    #[case("0053000A0A01")]
    fn reads_every_spelling(#[case] text: &str) {
        assert_eq!(text.parse::<MacAddress>().unwrap().to_string(), "00:53:00:0a:0a:01");
    }

    #[rstest]
    #[case("")]
    #[case("00:53:00:0a:0a")]
    #[case("00:53:00:0a:0a:0g")]
    #[case("00:53-00:0a:0a:01")]
    #[case("00.53.00.0a.0a.01")]
    #[case("00:53:00:0a:0a:01 ")]
    #[case("0053000a0a0")]
    #[case("::::::::::::")]
    #[case("00:53:00:0a:0a:é")]
    fn refuses(#[case] text: &str) {
        assert!(text.parse::<MacAddress>().is_err());
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(octets: [u8; 6]) {
            let mac = MacAddress::new(octets);
            prop_assert_eq!(mac.to_string().parse::<MacAddress>().unwrap(), mac);
        }

        #[test]
        fn never_panics(text in ".{0,20}") {
            let _ = text.parse::<MacAddress>();
        }
    }
}
