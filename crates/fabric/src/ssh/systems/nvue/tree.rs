//! A revision of the configuration: the paths that are set, and which paths there are.
//!
//! A path is a list of words whose last is a value. A *leaf* has one value at a time; a *key* is one
//! of several. Paths and values from NVIDIA's guide, release 5.9 and 5.11 (`on` and `off`).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::super::vlans::VlanSet;

/// The paths. `<name>` is a value; with `*` it is a key.
const PATHS: &[&str] = &[
    "interface <interface*>",
    "interface <interface*> type <word>",
    "interface <interface*> description <text>",
    "interface <interface*> link mtu <mtu>",
    "interface <interface*> link state <state>",
    "interface <interface*> bridge domain <domain*>",
    "interface <interface*> bridge domain <domain*> access <vlan>",
    "interface <interface*> bridge domain <domain*> untagged <vlan-or-none>",
    "interface <interface*> bridge domain <domain*> vlan <vlans*>",
    "interface <interface*> bridge domain <domain*> stp admin-edge <switch>",
    "interface <interface*> bridge domain <domain*> stp auto-edge <switch>",
    "interface <interface*> bridge domain <domain*> stp bpdu-guard <switch>",
    "interface <interface*> bond member <interface*>",
    "interface <interface*> bond mode <mode>",
    "interface <interface*> bond lacp-rate <rate>",
    "interface <interface*> bond lacp-bypass <switch>",
    "interface <interface*> bond mlag enable <switch>",
    "interface <interface*> bond mlag id <number>",
    "interface <interface*> evpn multihoming segment local-id <number>",
    "interface <interface*> evpn multihoming segment mac-address <word>",
    "interface <interface*> evpn multihoming segment identifier <word>",
    "interface <interface*> evpn multihoming segment df-preference <number>",
    "bridge domain <domain*>",
    "bridge domain <domain*> untagged <vlan-or-none>",
    "bridge domain <domain*> vlan <vlans*>",
    "bridge domain <domain*> vlan <vlans*> vni <vni*>",
    "bridge domain <domain*> vlan <vlans*> vni <vni*> flooding head-end-replication <word>",
    "bridge domain <domain*> vlan <vlans*> vni <vni*> flooding multicast-group <word>",
    "nve vxlan enable <switch>",
    "nve vxlan source address <word>",
    "nve vxlan mlag shared-address <word>",
    "evpn enable <switch>",
    "evpn multihoming enable <switch>",
    "evpn vni <vni*>",
    "evpn vni <vni*> rd <word>",
    "evpn vni <vni*> route-target import <word>",
    "evpn vni <vni*> route-target export <word>",
    "mlag mac-address <word>",
    "mlag backup <word>",
    "mlag peer-ip <word>",
    "mlag priority <number>",
    "system hostname <word>",
    "system config auto-save state <state-word>",
    "router bgp autonomous-system <number>",
];

/// A path that is set: its words, each with what it is.
type Path = Vec<Step>;

/// A word of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Part of the model.
    Word(String),
    /// One of several values.
    Key(Key),
    /// The only value.
    Leaf(String),
}

/// A key, in the order in which people count: `swp2` before `swp10`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String, u64, String);

impl Key {
    fn new(text: &str) -> Self {
        let letters = text.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let digits = text.get(letters.len()..).unwrap_or_default();
        Self(letters.to_owned(), digits.parse().unwrap_or(0), text.to_owned())
    }
}

impl Step {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Leaf(text) => text,
            Self::Key(Key(_, _, text)) => text,
        }
    }
}

/// What is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tree(BTreeSet<Path>);

/// Why words are no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// There is no such path.
    Parameter(String),
    /// The value is not of its type.
    Value { path: String, value: String, kind: &'static str },
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameter(word) => writeln!(f, "Error: Invalid parameter\n  '{word}'"),
            Self::Value { path, value, kind } => {
                writeln!(f, "Error: At {path}: value '{value}' is not {kind}")
            }
        }
    }
}

impl Tree {
    /// `nv set`.
    pub(super) fn set(&mut self, words: &[&str]) -> Result<(), Wrong> {
        for path in read(words, true)? {
            if let Some((Step::Leaf(_), before)) = path.split_last() {
                self.0.retain(|kept| !(kept.len() == path.len() && kept.starts_with(before)));
            }
            self.0.insert(path);
        }
        Ok(())
    }

    /// `nv unset`: everything below the path. What the path belongs to stays, though it be empty:
    /// a port whose last VLAN goes is still in the bridge.
    pub(super) fn unset(&mut self, words: &[&str]) -> Result<(), Wrong> {
        for path in read(words, false)? {
            let before = self.0.len();
            self.0.retain(|kept| !kept.starts_with(&path));
            let above = path.split_last().map(|(_, above)| above).unwrap_or_default();
            let owner = above.iter().rposition(|step| matches!(step, Step::Key(_)));
            if let Some(owner) = owner.and_then(|owner| above.get(..=owner))
                && before != self.0.len()
            {
                self.0.insert(owner.to_vec());
            }
        }
        Ok(())
    }

    /// As `nv config show -o commands`.
    pub(super) fn commands(&self) -> String {
        let mut text = String::new();
        for path in &self.0 {
            // A path that another goes on from is said by that one.
            let goes_on = |other: &&Path| other.len() > path.len() && other.starts_with(path);
            if self.0.iter().any(|other| goes_on(&other)) {
                continue;
            }
            let words: Vec<&str> = path.iter().map(Step::text).collect();
            let shown = match path.last() {
                Some(Step::Leaf(last)) if last.contains([' ', '\'', '"']) => {
                    let before = words.split_last().map(|(_, before)| before.join(" "));
                    format!("{} '{last}'", before.unwrap_or_default())
                }
                _ => words.join(" "),
            };
            text.push_str(&format!("nv set {shown}\n"));
        }
        text
    }

    /// What is below a path, as JSON.
    pub(super) fn json(&self) -> Value {
        let mut root = Map::new();
        for path in &self.0 {
            put(&mut root, path);
        }
        Value::Object(root)
    }

    /// The keys at a path.
    pub(super) fn keys<'a>(&'a self, path: &[&str]) -> Vec<&'a str> {
        let mut keys: Vec<&str> = self
            .0
            .iter()
            .filter(|kept| kept.len() > path.len())
            .filter(|kept| kept.iter().zip(path).all(|(step, word)| step.text() == *word))
            .filter_map(|kept| match kept.get(path.len()) {
                Some(Step::Key(Key(_, _, text))) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        keys.dedup();
        keys
    }

    /// The value at a path.
    pub(super) fn leaf<'a>(&'a self, path: &[&str]) -> Option<&'a str> {
        self.0.iter().find_map(|kept| match kept.split_last() {
            Some((Step::Leaf(value), before))
                if before.len() == path.len()
                    && before.iter().zip(path).all(|(step, word)| step.text() == *word) =>
            {
                Some(value.as_str())
            }
            _ => None,
        })
    }

    /// Whether anything is set at a path or below.
    pub(super) fn has(&self, path: &[&str]) -> bool {
        self.0.iter().any(|kept| {
            kept.len() >= path.len()
                && kept.iter().zip(path).all(|(step, word)| step.text() == *word)
        })
    }
}

fn put(map: &mut Map<String, Value>, path: &[Step]) {
    match path {
        [] => {}
        [Step::Word(name), Step::Leaf(value)] => {
            map.insert(name.clone(), leaf(name, value));
        }
        [step, rest @ ..] => {
            let below = map.entry(step.text()).or_insert_with(|| json!({}));
            if let Value::Object(below) = below {
                put(below, rest);
            }
        }
    }
}

fn leaf(name: &str, value: &str) -> Value {
    if name == "state" {
        return json!({ value: {} });
    }
    value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number))
}

/// The paths that these words mean: several where a word is a list or range. `whole` asks for a
/// value at the end of a leaf's path.
fn read(words: &[&str], whole: bool) -> Result<Vec<Path>, Wrong> {
    let mut best = 0;
    let mut problem = None;
    for pattern in PATHS {
        let steps: Vec<&str> = pattern.split(' ').collect();
        let mut paths = vec![Vec::new()];
        let mut matched = 0;
        for (step, word) in steps.iter().zip(words) {
            match values(step, word) {
                None => break,
                Some(Err(kind)) => {
                    let path = words.get(..matched).unwrap_or_default().join(".");
                    problem.get_or_insert(Wrong::Value { path, value: (*word).to_owned(), kind });
                    break;
                }
                Some(Ok(next)) => {
                    paths = paths
                        .iter()
                        .flat_map(|path: &Path| {
                            next.iter()
                                .map(|step| [path.as_slice(), std::slice::from_ref(step)].concat())
                        })
                        .collect();
                    matched += 1;
                }
            }
        }
        let complete = matched == steps.len() || !whole;
        if matched == words.len() && complete && !words.is_empty() {
            return Ok(paths);
        }
        best = best.max(matched);
    }
    Err(problem.unwrap_or_else(|| {
        Wrong::Parameter(words.get(best).copied().unwrap_or("incomplete command").to_owned())
    }))
}

/// What a word is at a step of a pattern; none if it does not fit.
fn values(step: &str, word: &str) -> Option<Result<Vec<Step>, &'static str>> {
    let Some(kind) = step.strip_prefix('<').and_then(|step| step.strip_suffix('>')) else {
        return (step == word).then(|| Ok(vec![Step::Word(word.to_owned())]));
    };
    let leaf = |good: bool, kind: &'static str| {
        Some(if good { Ok(vec![Step::Leaf(word.to_owned())]) } else { Err(kind) })
    };
    let key = |text: &str| Step::Key(Key::new(text));
    match kind {
        "interface*" => Some(expand(word).map(|names| names.iter().map(|n| key(n)).collect())),
        "domain*" => Some(Ok(vec![key(word)])),
        "vni*" => {
            let good = word.parse::<u32>().is_ok_and(|vni| (1..=16_777_214).contains(&vni));
            Some(if good { Ok(vec![key(word)]) } else { Err("of type 'vni'") })
        }
        "vlans*" => match VlanSet::parse(word) {
            Some(set) => Some(Ok(set.iter().map(|vlan| key(&vlan.to_string())).collect())),
            None => Some(Err("a valid VLAN ID or range")),
        },
        "vlan" => leaf(VlanSet::parse(word).is_some_and(|set| set.len() == 1), "a valid VLAN ID"),
        "vlan-or-none" => leaf(
            word == "none" || VlanSet::parse(word).is_some_and(|set| set.len() == 1),
            "a valid VLAN ID or 'none'",
        ),
        "mtu" => leaf(
            word.parse::<u32>().is_ok_and(|mtu| (552..=9216).contains(&mtu)),
            "in the range 552-9216",
        ),
        "state" => leaf(["up", "down"].contains(&word), "one of ['up', 'down']"),
        "state-word" => leaf(true, ""),
        "switch" => leaf(["on", "off"].contains(&word), "one of ['on', 'off']"),
        "mode" => leaf(["lacp", "static"].contains(&word), "one of ['lacp', 'static']"),
        "rate" => leaf(["slow", "fast"].contains(&word), "one of ['fast', 'slow']"),
        "number" => leaf(word.parse::<u32>().is_ok(), "of type 'integer'"),
        _ => leaf(true, ""),
    }
}

/// `swp1-3,bond1`.
fn expand(list: &str) -> Result<Vec<String>, &'static str> {
    const BAD: &str = "a valid interface name";
    let mut names = Vec::new();
    for item in list.split(',') {
        let good = !item.is_empty()
            && item.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !good {
            return Err(BAD);
        }
        let range = item.rsplit_once('-').and_then(|(first, last)| {
            let start = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
            let from: u32 = first.get(start.len()..)?.parse().ok()?;
            let to: u32 = last.parse().ok()?;
            Some((start, from, to))
        });
        match range {
            Some((start, from, to)) if from <= to && to - from < 512 => {
                names.extend((from..=to).map(|number| format!("{start}{number}")));
            }
            Some(_) => return Err(BAD),
            None => names.push(item.to_owned()),
        }
    }
    if names.iter().any(|name| name.len() > 15) { Err(BAD) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lines: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for line in lines {
            tree.set(&line.split(' ').collect::<Vec<_>>()).unwrap();
        }
        tree
    }

    #[test]
    fn lists_are_keys_and_leaves_are_replaced() {
        let mut tree = tree(&[
            "interface swp1-2 bridge domain br_default vlan 10,20-21",
            "interface swp10 link mtu 9000",
            "interface swp10 link mtu 1500",
            "interface swp1 link state down",
        ]);
        let lines = "\
nv set interface swp1 bridge domain br_default vlan 10
nv set interface swp1 bridge domain br_default vlan 20
nv set interface swp1 bridge domain br_default vlan 21
nv set interface swp1 link state down
nv set interface swp2 bridge domain br_default vlan 10
nv set interface swp2 bridge domain br_default vlan 20
nv set interface swp2 bridge domain br_default vlan 21
nv set interface swp10 link mtu 1500
";
        assert_eq!(tree.commands(), lines);
        tree.unset(&["interface", "swp1-2", "bridge", "domain", "br_default", "vlan", "20"])
            .unwrap();
        assert_eq!(
            tree.keys(&["interface", "swp2", "bridge", "domain", "br_default", "vlan"]),
            ["10", "21"]
        );
        assert_eq!(tree.leaf(&["interface", "swp10", "link", "mtu"]), Some("1500"));
        let json = tree.json();
        assert_eq!(json["interface"]["swp1"]["link"], json!({ "state": { "down": {} } }));
        assert_eq!(json["interface"]["swp10"]["link"]["mtu"], json!(1500));
        tree.unset(&["interface", "swp1"]).unwrap();
        assert!(!tree.has(&["interface", "swp1"]) && tree.has(&["interface", "swp10"]));
    }

    #[test]
    fn what_is_no_path_or_no_value_is_refused() {
        let refused = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            Tree::default().set(&words).unwrap_err().to_string()
        };
        assert_eq!(refused("interface swp1 colour red"), "Error: Invalid parameter\n  'colour'\n");
        assert_eq!(
            refused("interface swp1 link mtu 99999"),
            "Error: At interface.swp1.link.mtu: value '99999' is not in the range 552-9216\n"
        );
        assert!(refused("interface swp1 link mtu").starts_with("Error: Invalid parameter"));
        assert!(refused("interface swp1 bridge domain br_default access 4095").contains("VLAN ID"));
    }
}
