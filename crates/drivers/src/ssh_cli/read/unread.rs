//! What of an answer is not read: for whoever writes a profile, to see what its rules do not know.

use std::collections::BTreeMap;

use super::{Asked, LEVEL, ReadError, Reader, Reading, lines::Seen};
use crate::ssh_cli::profile::schema::{Shape, Tells};

/// What a profile's rules made of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The readings that the answer served, by their keys in the profile, such as `read[3]`.
    pub places: Vec<String>,
    /// What these tell.
    pub tells: Vec<Tells>,
    /// Whether the answer is JSON, whose lines are its values.
    pub is_json: bool,
    /// How many lines a rule knows, or open a place in which rules look.
    pub known: usize,
    /// How many lines are outside of every place in which rules look.
    pub outside: usize,
    /// The lines that no rule knows although rules look there.
    pub unknown: Vec<UnreadLine>,
}

/// A line that no rule knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadLine {
    /// The line as rules see it.
    pub text: String,
    /// Whether it could concern VLANs, so that it makes what its port carries unknown.
    pub is_relevant: bool,
}

/// What one reading makes of a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    Outside,
    Unknown { is_relevant: bool },
    Known,
}

impl Reader {
    /// What the readings of a command make of its answer, line by line. A line that one of them
    /// knows is known. An answer without a line tells which readings there are.
    pub fn unread(&self, asked: &Asked, answer: &str) -> Result<Unread, ReadError> {
        let mut unread = Unread {
            places: Vec::new(),
            tells: Vec::new(),
            is_json: false,
            known: 0,
            outside: 0,
            unknown: Vec::new(),
        };
        let mut lines: BTreeMap<usize, (Seen, Made)> = BTreeMap::new();
        for (index, _) in &asked.readings {
            let place = format!("read[{index}]");
            let Some(reading) = self.readings.get(*index) else { continue };
            if unread.places.contains(&place) {
                continue;
            }
            unread.places.push(place);
            if !unread.tells.contains(&reading.tells) {
                unread.tells.push(reading.tells);
            }
            unread.is_json |= reading.shape == Shape::Json;
            if answer.trim().is_empty() {
                continue;
            }
            for seen in reading.lines(answer)? {
                let made = self.made(reading, &seen);
                let (_, best) = lines.entry(seen.number).or_insert((seen, made));
                *best = made.max(*best);
            }
        }
        for (Seen { text, .. }, made) in lines.into_values() {
            match made {
                Made::Known => unread.known += 1,
                Made::Outside => unread.outside += 1,
                Made::Unknown { is_relevant } => {
                    unread.unknown.push(UnreadLine { text, is_relevant });
                }
            }
        }
        Ok(unread)
    }

    fn made(&self, reading: &Reading, seen: &Seen) -> Made {
        if let Some(within) = reading.within.as_ref().filter(|within| !within.is_match(&seen.place))
        {
            let full = match seen.place.as_str() {
                "" => seen.text.clone(),
                place => format!("{place}{LEVEL}{}", seen.text),
            };
            return if within.is_match(&full) { Made::Known } else { Made::Outside };
        }
        if reading.rules.iter().any(|rule| rule.line.is_match(&seen.text)) {
            return Made::Known;
        }
        let is_relevant = reading.configures() && self.vlans.is_relevant(&seen.text);
        Made::Unknown { is_relevant }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::reader, *};

    #[test]
    fn lines_are_known_unknown_or_elsewhere() {
        let reads = r#"
            [[read]]
            tells = "ports"
            command = "show running-config"
            shape = "indented"
            within = 'interface (?<port>\S+)'
            rules = [{ match = 'switchport access vlan (?<v>\d+)', set = { access = "$v" } }]
            [[read]]
            tells = "lags"
            command = "show running-config"
            shape = "indented"
            within = 'interface (?<port>\S+)'
            rules = [{ match = 'mtu \d+' }]
        "#;
        let reader = reader("relevant = ['vlan']", reads);
        let asked = reader.asks(&[Tells::Ports, Tells::Lags], &[], &Default::default()).unwrap();
        assert_eq!(asked.len(), 1);
        let answer = "hostname leaf-01\ninterface Ethernet1\n switchport access vlan 10\n \
                      mtu 9000\n speed 10g\n vlan odd\n";
        let unread = reader.unread(&asked[0], answer).unwrap();
        assert_eq!(unread.places, ["read[0]", "read[1]"]);
        assert_eq!((unread.known, unread.outside, unread.is_json), (3, 1, false));
        let unknown: Vec<_> =
            unread.unknown.iter().map(|line| (line.text.as_str(), line.is_relevant)).collect();
        assert_eq!(unknown, [("speed 10g", false), ("vlan odd", true)]);
    }
}
