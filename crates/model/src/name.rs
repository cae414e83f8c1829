//! Names of things that the network team named: switches, ports, LAGs, physical networks.
//!
//! A name goes into log lines, commands and file names, so what it may hold is narrow. A line
//! break in a port name once was a way to type a second command on a switch.

use std::{fmt, str::FromStr};

use crate::{Invalid, text::written_as_string};

/// How long a name may be; the longest that any known switch takes is 63.
const MAX_LENGTH: usize = 128;

fn check(what: &'static str, text: &str, extra: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::new(what, text, "is empty"));
    }
    if text.len() > MAX_LENGTH {
        return Err(Invalid::new(what, text, format!("is longer than {MAX_LENGTH} characters")));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
        let problem =
            format!("holds `{}`; allowed are letters, digits and `{extra}`", bad.escape_debug());
        return Err(Invalid::new(what, text, problem));
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $extra:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Box<str>);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                check($what, text, $extra)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        written_as_string!($type, stringify!($type), $what);
    };
}

name!(
    /// The name of a switch in Mercury's configuration. It also names the switch's lock file, so
    /// it holds no path separator.
    SwitchName, "switch name", "._-"
);
name!(
    /// The name of a physical port as a switch knows it, such as `Ethernet1/4` or `swp7`.
    PortName, "port name", "/._:-"
);
name!(
    /// The name of a link-aggregation group on a switch, such as `Port-Channel12` or `bond-h1`.
    LagName, "LAG name", "/._:-"
);
name!(
    /// The name of a physical network, as Neutron and Ironic use it.
    PhysicalNetwork, "physical network", "._:-"
);

impl SwitchName {
    /// Whether the name would be a relative path (`.` or `..`) when used as a file name.
    pub fn is_dots(&self) -> bool {
        self.0.chars().all(|c| c == '.')
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Ethernet1/4")]
    #[case("ge-0/0/3.0")]
    #[case("swp1s0")]
    #[case("1:4")]
    fn port_names(#[case] text: &str) {
        assert_eq!(text.parse::<PortName>().unwrap().as_str(), text);
    }

    #[rstest]
    #[case("", "port name `` is empty")]
    #[case(
        "eth0\nshutdown",
        "port name `eth0\\nshutdown` holds `\\n`; allowed are letters, digits and `/._:-`"
    )]
    #[case("a b", "port name `a b` holds ` `; allowed are letters, digits and `/._:-`")]
    #[case("ethé", "port name `ethé` holds `é`; allowed are letters, digits and `/._:-`")]
    fn bad_port_names(#[case] text: &str, #[case] want: &str) {
        assert_eq!(text.parse::<PortName>().unwrap_err().to_string(), want);
    }

    #[test]
    fn limits() {
        assert!("x".repeat(MAX_LENGTH).parse::<LagName>().is_ok());
        assert!("x".repeat(MAX_LENGTH + 1).parse::<LagName>().is_err());
        assert!("leaf/01".parse::<SwitchName>().is_err());
        assert!("..".parse::<SwitchName>().unwrap().is_dots());
    }
}
