//! `SWITCH:PORT`, as ports are written on the command line.

use std::{fmt, str::FromStr};

use model::LinkInformation;

/// A port of a switch. What stands before the first colon is the switch, so that a port's name or
/// MAC address may hold colons; `/` separates nothing, because port names are full of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    switch: String,
    port: String,
}

impl Endpoint {
    /// The link as the service takes it.
    pub(super) fn link(&self) -> LinkInformation {
        LinkInformation::managed(&self.switch, &self.port)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((switch, port)) if !switch.is_empty() && !port.is_empty() => {
                Ok(Self { switch: switch.to_owned(), port: port.to_owned() })
            }
            _ => Err("a port is written SWITCH:PORT, such as `leaf-01:swp1`".to_owned()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.switch, self.port)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("leaf-01:swp1", Some(("leaf-01", "swp1")))]
    #[case("leaf-01:Ethernet1/7", Some(("leaf-01", "Ethernet1/7")))]
    #[case("leaf-01:52:54:00:12:34:56", Some(("leaf-01", "52:54:00:12:34:56")))]
    #[case("52-54-00-00-00-01:swp1", Some(("52-54-00-00-00-01", "swp1")))]
    #[case("leaf-01/swp1", None)]
    #[case("leaf-01:", None)]
    #[case(":swp1", None)]
    #[case("", None)]
    fn ports(#[case] text: &str, #[case] want: Option<(&str, &str)>) {
        let got = text.parse::<Endpoint>().ok();
        let got = got.as_ref().map(|at| (at.switch.as_str(), at.port.as_str()));
        assert_eq!(got, want);
    }
}
