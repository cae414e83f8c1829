//! The statements that are known, and what their values may be.
//!
//! From the configuration statement pages of Juniper's documentation for EX and QFX with the
//! enhanced layer 2 software. The order is the one in which statements are shown.

use std::ops::RangeInclusive;

/// The statements. `<kind>` is a value, with `*` the name of one of several, with `+` one of a
/// list. A statement that others go on from can stand alone.
const STATEMENTS: &[&str] = &[
    "system host-name <word>",
    "system root-authentication encrypted-password <word>",
    "system commit synchronize",
    "chassis aggregated-devices ethernet device-count <devices>",
    "interfaces <interface*>",
    "interfaces <interface*> description <text>",
    "interfaces <interface*> disable",
    "interfaces <interface*> flexible-vlan-tagging",
    "interfaces <interface*> native-vlan-id <vlan-id>",
    "interfaces <interface*> mtu <mtu>",
    "interfaces <interface*> encapsulation <word>",
    "interfaces <interface*> esi auto-derive type-1-lacp",
    "interfaces <interface*> esi all-active",
    "interfaces <interface*> esi single-active",
    "interfaces <interface*> esi df-election-type preference value <number>",
    "interfaces <interface*> esi <esi>",
    "interfaces <interface*> ether-options 802.3ad lacp force-up",
    "interfaces <interface*> ether-options 802.3ad lacp port-priority <number>",
    "interfaces <interface*> ether-options 802.3ad <ae>",
    "interfaces <interface*> aggregated-ether-options minimum-links <links>",
    "interfaces <interface*> aggregated-ether-options link-speed <word>",
    "interfaces <interface*> aggregated-ether-options lacp",
    "interfaces <interface*> aggregated-ether-options lacp active",
    "interfaces <interface*> aggregated-ether-options lacp passive",
    "interfaces <interface*> aggregated-ether-options lacp periodic <periodic>",
    "interfaces <interface*> aggregated-ether-options lacp force-up",
    "interfaces <interface*> aggregated-ether-options lacp system-id <mac>",
    "interfaces <interface*> aggregated-ether-options lacp admin-key <number>",
    "interfaces <interface*> aggregated-ether-options mc-ae mc-ae-id <number>",
    "interfaces <interface*> aggregated-ether-options mc-ae redundancy-group <number>",
    "interfaces <interface*> aggregated-ether-options mc-ae chassis-id <chassis>",
    "interfaces <interface*> aggregated-ether-options mc-ae mode <pair-mode>",
    "interfaces <interface*> aggregated-ether-options mc-ae status-control <status>",
    "interfaces <interface*> aggregated-ether-options mc-ae init-delay-time <number>",
    "interfaces <interface*> unit <unit*>",
    "interfaces <interface*> unit <unit*> description <text>",
    "interfaces <interface*> unit <unit*> family inet",
    "interfaces <interface*> unit <unit*> family inet address <word*>",
    "interfaces <interface*> unit <unit*> family ethernet-switching",
    "interfaces <interface*> unit <unit*> family ethernet-switching interface-mode <mode>",
    "interfaces <interface*> unit <unit*> family ethernet-switching vlan members <member+>",
    "interfaces <interface*> unit <unit*> family ethernet-switching storm-control <word>",
    "multi-chassis multi-chassis-protection <word*> interface <word>",
    "protocols evpn encapsulation <word>",
    "protocols evpn vni-options vni <vni*> vrf-target export <word>",
    "protocols evpn vni-options vni <vni*> vrf-target import <word>",
    "protocols evpn vni-options vni <vni*> vrf-target <word>",
    "protocols evpn extended-vni-list <vni-or-all+>",
    "protocols iccp local-ip-addr <word>",
    "protocols iccp peer <word*>",
    "protocols iccp peer <word*> redundancy-group-id-list <number+>",
    "protocols iccp peer <word*> liveness-detection minimum-interval <number>",
    "protocols layer2-control bpdu-block disable-timeout <number>",
    "protocols layer2-control bpdu-block interface <port*>",
    "protocols lldp port-id-subtype <word>",
    "protocols lldp interface <word*>",
    "protocols rstp bpdu-block-on-edge",
    "protocols rstp interface <port*>",
    "protocols rstp interface <port*> disable",
    "protocols rstp interface <port*> edge",
    "protocols rstp interface <port*> no-root-port",
    "switch-options vtep-source-interface <word>",
    "switch-options route-distinguisher <word>",
    "switch-options vrf-target <word>",
    "vlans <vlan*>",
    "vlans <vlan*> description <text>",
    "vlans <vlan*> vlan-id <vlan-id>",
    "vlans <vlan*> l3-interface <word>",
    "vlans <vlan*> vrf-target <word>",
    "vlans <vlan*> vxlan vni <vni>",
    "vlans <vlan*> vxlan multicast-group <word>",
    "vlans <vlan*> vxlan ingress-node-replication",
];

/// Statements of which only one can be set.
pub(super) const CHOICES: &[&[&str]] = &[&["active", "passive"], &["all-active", "single-active"]];

/// A name in the order in which people count: `xe-0/0/2` before `xe-0/0/10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(Vec<(String, u64)>, String);

impl Name {
    pub(super) fn new(text: &str) -> Self {
        let mut parts: Vec<(String, u64)> = Vec::new();
        let (mut letters, mut digits) = (String::new(), String::new());
        for letter in text.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            if !digits.is_empty() {
                let number = std::mem::take(&mut digits).parse().unwrap_or(0);
                parts.push((std::mem::take(&mut letters), number));
            }
            letters.push(letter);
        }
        parts.push((letters, digits.parse().unwrap_or(0)));
        Self(parts, text.to_owned())
    }
}

/// A word of a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Part of the language, with its place in the order.
    Word(usize, &'static str),
    /// The name of one of several.
    Key(Name),
    /// The only value.
    Leaf(String),
    /// One of a list of values.
    Item(Name),
}

impl Step {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(_, text) => text,
            Self::Leaf(text) => text,
            Self::Key(name) | Self::Item(name) => &name.1,
        }
    }
}

/// The words of a statement.
pub(super) type Path = Vec<Step>;

/// Words that are a statement, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: Path,
    /// How many of its first words stay as a statement of their own when the rest is deleted.
    pub(super) stays: usize,
}

/// Why words are no statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The word with this index fits nowhere.
    Word(usize),
    /// Something has to follow.
    Missing,
    /// The value of this word is not one that it can have; the text says why.
    Value(String),
}

/// Reads words; `whole` asks for a statement that can be set.
pub(super) fn read(words: &[&str], whole: bool) -> Result<Found, Wrong> {
    let (mut best, mut is_short) = (0, false);
    let mut problem: Option<(usize, String)> = None;
    for (index, statement) in STATEMENTS.iter().enumerate() {
        let steps: Vec<&'static str> = statement.split(' ').collect();
        let mut path = Path::new();
        let mut stays = 0;
        for (place, (step, word)) in steps.iter().zip(words).enumerate() {
            match value(step, word) {
                None => break,
                Some(Err(text)) => {
                    if problem.as_ref().is_none_or(|(depth, _)| *depth < place) {
                        problem = Some((place, text));
                    }
                    break;
                }
                Some(Ok(Some(step))) => path.push(step),
                Some(Ok(None)) => path.push(Step::Word(order(&steps, place, index), step)),
            }
            let so_far = steps.get(..=place).unwrap_or_default();
            let is_key = matches!(path.last(), Some(Step::Key(_)));
            if place + 1 < words.len() && (is_key || is_statement(so_far)) {
                stays = place + 1;
            }
        }
        best = best.max(path.len());
        if path.len() == words.len() && !words.is_empty() {
            if !whole || path.len() == steps.len() {
                return Ok(Found { path, stays });
            }
            is_short = true;
        }
    }
    match problem {
        _ if is_short || words.is_empty() => Err(Wrong::Missing),
        Some((depth, text)) if depth >= best => Err(Wrong::Value(text)),
        _ => Err(Wrong::Word(best)),
    }
}

/// Where a word comes among its neighbours: with the first statement that has it.
fn order(steps: &[&str], place: usize, index: usize) -> usize {
    let begins = |statement: &&str| {
        let mut words = statement.split(' ');
        steps.iter().take(place + 1).all(|step| words.next() == Some(*step))
    };
    STATEMENTS.iter().position(begins).unwrap_or(index)
}

fn is_statement(steps: &[&str]) -> bool {
    STATEMENTS.iter().any(|statement| statement.split(' ').eq(steps.iter().copied()))
}

/// What the system offers after these words.
pub(super) fn next_words(words: &[&str]) -> Vec<&'static str> {
    let mut next = Vec::new();
    for statement in STATEMENTS {
        let mut steps = statement.split(' ');
        let fits = words
            .iter()
            .all(|word| steps.next().is_some_and(|step| matches!(value(step, word), Some(Ok(_)))));
        if let Some(step) = steps.next().filter(|step| fits && !next.contains(step)) {
            next.push(step);
        }
    }
    next
}

/// What a word is at a step: none of its own, a step, or a text that says why it cannot be.
fn value(step: &str, word: &str) -> Option<Result<Option<Step>, String>> {
    let Some(kind) = step.strip_prefix('<').and_then(|step| step.strip_suffix('>')) else {
        return (step == word).then_some(Ok(None));
    };
    let (kind, make): (&str, fn(&str) -> Step) = match kind.as_bytes().last() {
        Some(b'*') => (kind.trim_end_matches('*'), |text| Step::Key(Name::new(text))),
        Some(b'+') => (kind.trim_end_matches('+'), |text| Step::Item(Name::new(text))),
        _ => (kind, |text| Step::Leaf(text.to_owned())),
    };
    Some(fault(kind, word).map_or_else(|| Ok(Some(make(word))), Err))
}

/// What is wrong with a value.
fn fault(kind: &str, word: &str) -> Option<String> {
    let range = |range: RangeInclusive<u32>| {
        let good = word.parse::<u32>().is_ok_and(|number| range.contains(&number));
        let (first, last) = (range.start(), range.end());
        (!good).then(|| {
            if word.parse::<i64>().is_ok() {
                format!("error: Value {word} is not within range ({first}..{last})")
            } else {
                format!("error: invalid value: {word}")
            }
        })
    };
    let one_of =
        |known: &[&str]| (!known.contains(&word)).then(|| format!("error: invalid value: {word}"));
    match kind {
        "interface" => {
            (!is_interface(word)).then(|| format!("error: invalid interface type in '{word}'"))
        }
        "port" => {
            let name = word.strip_suffix(".0").unwrap_or(word);
            (name != "all" && !is_interface(name))
                .then(|| format!("error: invalid interface type in '{word}'"))
        }
        "ae" => (!word.starts_with("ae") || !is_interface(word))
            .then(|| format!("error: invalid interface type in '{word}'")),
        "unit" => range(0..=16_385),
        "vlan-id" => range(1..=4094),
        "mtu" => range(256..=9216),
        "links" => range(1..=64),
        "devices" => range(0..=480),
        "chassis" => range(0..=1),
        "number" => range(0..=u32::MAX),
        "vni" => range(0..=16_777_214),
        "vni-or-all" if word == "all" => None,
        "vni-or-all" => range(0..=16_777_214),
        "periodic" => one_of(&["fast", "slow"]),
        "mode" => one_of(&["access", "trunk"]),
        "pair-mode" => one_of(&["active-active", "active-standby"]),
        "status" => one_of(&["active", "standby"]),
        "mac" => octets(word, 6),
        "esi" => octets(word, 10),
        "vlan" => is_vlan_name(word)
            .then_some(())
            .map_or_else(|| Some(format!("error: invalid vlan name: {word}")), |()| None),
        "member" => (word != "all" && !is_vlan_name(word) && ids(word).is_none())
            .then(|| format!("error: invalid vlan member: {word}")),
        _ => None,
    }
}

fn octets(word: &str, count: usize) -> Option<String> {
    let parts: Vec<&str> = word.split(':').collect();
    let good = parts.len() == count
        && parts.iter().all(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
    (!good).then(|| format!("error: invalid value: {word}"))
}

fn is_interface(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if ["irb", "lo0", "vme", "me0", "em0", "em1", "fxp0"].contains(&word) {
        return true;
    }
    if let Some(number) = word.strip_prefix("ae") {
        return digits(number);
    }
    let Some((kind, place)) = word.split_once('-') else { return false };
    let (place, channel) = place.split_once(':').map_or((place, "0"), |parts| parts);
    let parts: Vec<&str> = place.split('/').collect();
    ["ge", "xe", "et", "mge"].contains(&kind)
        && parts.len() == 3
        && parts.iter().all(|part| digits(part))
        && digits(channel)
}

fn is_vlan_name(word: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    // What is a number or a range cannot be told from one.
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    word.len() <= 64 && !is_number && word != "all" && word.bytes().all(good)
}

/// A member by its number: `200`, or the first and last of `200-210`.
pub(super) fn ids(word: &str) -> Option<RangeInclusive<u16>> {
    let id = |text: &str| text.parse::<u16>().ok().filter(|id| (1..=4094).contains(id));
    match word.split_once('-') {
        Some((first, last)) => Some(id(first)?..=id(last)?).filter(|range| !range.is_empty()),
        None => id(word).map(|id| id..=id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&str> {
        line.split(' ').collect()
    }

    #[test]
    fn statements_are_read_and_others_are_not() {
        for line in [
            "vlans v100 vlan-id 100",
            "interfaces xe-0/0/5 unit 0 family ethernet-switching",
            "interfaces ae5 esi all-active",
            "interfaces ae5 esi 00:01:00:00:00:00:00:00:05:00",
            "interfaces xe-0/0/5:1 ether-options 802.3ad ae5",
        ] {
            assert!(read(&words(line), true).is_ok(), "{line}");
        }
        for (line, wrong) in [
            ("interface xe-0/0/5 disable", Wrong::Word(0)),
            ("interfaces xe-0/0/5 disabled", Wrong::Word(2)),
            ("vlans v100 vlan-id 100 more", Wrong::Word(4)),
            ("vlans v100 vlan-id", Wrong::Missing),
            ("vlans v100 vxlan", Wrong::Missing),
            (
                "vlans v100 vlan-id 5000",
                Wrong::Value("error: Value 5000 is not within range (1..4094)".into()),
            ),
            (
                "interfaces foo disable",
                Wrong::Value("error: invalid interface type in 'foo'".into()),
            ),
        ] {
            assert_eq!(read(&words(line), true), Err(wrong), "{line}");
        }
    }

    #[test]
    fn what_stays_is_what_can_stand_alone() {
        for (line, stays) in [
            ("interfaces xe-0/0/5", 0),
            ("interfaces xe-0/0/5 mtu", 2),
            ("interfaces xe-0/0/5 unit 0", 2),
            ("interfaces xe-0/0/5 unit 0 family ethernet-switching", 4),
            ("interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members 5", 6),
            ("interfaces ae5 aggregated-ether-options lacp active", 4),
        ] {
            assert_eq!(read(&words(line), false).unwrap().stays, stays, "{line}");
        }
    }

    #[test]
    fn names_are_counted() {
        let mut names: Vec<Name> = ["xe-0/0/10", "ae2", "xe-0/0/2", "ae10"].map(Name::new).to_vec();
        names.sort();
        let names: Vec<&str> = names.iter().map(|name| name.1.as_str()).collect();
        assert_eq!(names, ["ae2", "ae10", "xe-0/0/2", "xe-0/0/10"]);
    }
}
