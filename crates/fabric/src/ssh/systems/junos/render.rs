//! A configuration as it is shown: as `set` commands, in braces, as JSON, as a difference.
//!
//! Layouts from captures in public repositories; the JSON is the one of releases since 16.1R4, in
//! which numbers are not quoted.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::schema::Step;
use super::tree::Tree;

/// Hierarchies whose members stand in braces by their name alone, each with the word that JSON has
/// for a member.
const BARE: &[(&str, &str)] = &[("interfaces", "interface"), ("vlans", "vlan")];

/// A value as it is typed.
fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+*".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn shown(step: &Step) -> String {
    match step {
        Step::Word(_, text) => (*text).to_owned(),
        value => quote(value.text()),
    }
}

/// As `| display set`.
pub(super) fn commands(tree: &Tree) -> String {
    let mut text = String::new();
    for path in tree.paths() {
        let words: Vec<String> = path.iter().map(shown).collect();
        let _ = writeln!(text, "set {}", words.join(" "));
    }
    text
}

/// A statement in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    label: String,
    below: Vec<Node>,
}

/// Paths with the same first step, without it.
type Groups<'a> = Vec<(&'a Step, Vec<&'a [Step]>)>;

fn groups<'a>(paths: &[&'a [Step]]) -> Groups<'a> {
    let mut groups: Groups<'a> = Vec::new();
    for path in paths {
        let Some((first, rest)) = path.split_first() else { continue };
        match groups.last_mut() {
            Some((step, rests)) if *step == first => rests.push(rest),
            _ => groups.push((first, vec![rest])),
        }
    }
    for (_, rests) in &mut groups {
        rests.retain(|rest| !rest.is_empty());
    }
    groups
}

fn all(rests: &[&[Step]], kind: fn(&Step) -> bool) -> bool {
    !rests.is_empty() && rests.iter().all(|rest| rest.first().is_some_and(kind))
}

fn nodes(paths: &[&[Step]]) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (step, rests) in groups(paths) {
        let label = shown(step);
        let values =
            || -> Vec<String> { rests.iter().filter_map(|r| r.first()).map(shown).collect() };
        let is_bare = BARE.iter().any(|(word, _)| *word == label);
        if all(&rests, |step| matches!(step, Step::Leaf(_) | Step::Item(_))) {
            let values = values();
            let text = if let [one] = values.as_slice() {
                one.clone()
            } else {
                format!("[ {} ]", values.join(" "))
            };
            nodes.push(Node { label: format!("{label} {text}"), below: Vec::new() });
        } else if label == "family" || !is_bare && all(&rests, |s| matches!(s, Step::Key(_))) {
            for Node { label: inner, below } in self::nodes(&rests) {
                nodes.push(Node { label: format!("{label} {inner}"), below });
            }
        } else {
            nodes.push(Node { label, below: self::nodes(&rests) });
        }
    }
    nodes
}

fn write(nodes: &[Node], margin: &str, text: &mut String) {
    for Node { label, below } in nodes {
        if below.is_empty() {
            let secret =
                if label.starts_with("encrypted-password") { " ## SECRET-DATA" } else { "" };
            let _ = writeln!(text, "{margin}{label};{secret}");
        } else {
            let _ = writeln!(text, "{margin}{label} {{");
            write(below, &format!("{margin}    "), text);
            let _ = writeln!(text, "{margin}}}");
        }
    }
}

/// What is below a place, in braces.
pub(super) fn braces(tree: &Tree, place: &[Step]) -> String {
    let cut = |length: usize| -> Vec<&[Step]> {
        tree.paths().filter_map(|path| path.get(length..)).filter(|rest| !rest.is_empty()).collect()
    };
    let mut rests = cut(place.len());
    let is_value = |step: &Step| matches!(step, Step::Leaf(_) | Step::Item(_));
    if rests.is_empty() || all(&rests, is_value) {
        rests = match place.last() {
            Some(Step::Key(_)) | None => rests,
            Some(_) => cut(place.len() - 1),
        };
    }
    let mut text = String::new();
    write(&nodes(&rests), "", &mut text);
    text
}

/// As `| compare`: what leads from one configuration to the other.
pub(super) fn difference(from: &Tree, to: &Tree) -> String {
    let whole = |tree: &Tree| nodes(&tree.paths().map(Vec::as_slice).collect::<Vec<_>>());
    let mut text = String::new();
    differ(&whole(from), &whole(to), &mut Vec::new(), &mut text);
    text
}

fn differ(from: &[Node], to: &[Node], place: &mut Vec<String>, text: &mut String) {
    let lacks = |nodes: &[Node], one: &Node| nodes.iter().all(|node| node.label != one.label);
    let gone: Vec<&Node> = from.iter().filter(|node| lacks(to, node)).collect();
    let come: Vec<&Node> = to.iter().filter(|node| lacks(from, node)).collect();
    if !gone.is_empty() || !come.is_empty() {
        let at: String = place.iter().map(|label| format!(" {label}")).collect();
        let _ = writeln!(text, "[edit{at}]");
        let margin = " ".repeat(2 + place.len());
        for (sign, nodes) in [('-', gone), ('+', come)] {
            for node in nodes {
                let mut lines = String::new();
                write(std::slice::from_ref(node), &margin, &mut lines);
                for line in lines.lines() {
                    let _ = writeln!(text, "{sign}{line}");
                }
            }
        }
    }
    for node in from {
        if let Some(other) = to.iter().find(|other| other.label == node.label) {
            place.push(node.label.clone());
            differ(&node.below, &other.below, place, text);
            place.pop();
        }
    }
}

/// As `show configuration | display json`.
pub(super) fn json(tree: &Tree, changed: u64) -> String {
    let paths: Vec<&[Step]> = tree.paths().map(Vec::as_slice).collect();
    let mut root = object(&paths);
    let metadata = json!({
        "junos:changed-seconds": changed.to_string(),
        "junos:changed-localtime": super::EPOCH,
    });
    root.insert("@".to_owned(), metadata);
    // A value of text keys always serialises.
    let text = serde_json::to_string_pretty(&json!({ "configuration": root })).unwrap_or_default();
    format!("{text}\n")
}

fn object(paths: &[&[Step]]) -> Map<String, Value> {
    let mut map = Map::new();
    for (step, rests) in groups(paths) {
        let word = step.text();
        if let Some((_, member)) = BARE.iter().find(|(bare, _)| *bare == word) {
            map.insert(word.to_owned(), json!({ *member: list(&rests) }));
        } else if matches!(step, Step::Leaf(_)) {
            map.insert("value".to_owned(), json!(word));
        } else if rests.is_empty() {
            map.insert(word.to_owned(), json!([null]));
        } else if all(&rests, |step| matches!(step, Step::Key(_))) {
            map.insert(word.to_owned(), list(&rests));
        } else if all(&rests, |step| matches!(step, Step::Item(_))) {
            let items: Vec<&str> =
                rests.iter().filter_map(|rest| rest.first()).map(Step::text).collect();
            map.insert(word.to_owned(), json!(items));
        } else {
            let (name, value) = block(word, &rests);
            map.insert(name, value);
        }
    }
    map
}

/// A value, or statements; the few that can have both have words of their own for the value.
fn block(word: &str, rests: &[&[Step]]) -> (String, Value) {
    let (name, own) = match word {
        "802.3ad" => ("ieee-802.3ad", "bundle"),
        "esi" => ("esi", "identifier"),
        "vrf-target" => ("vrf-target", "community"),
        word => {
            if let [[Step::Leaf(value)]] = rests {
                return (word.to_owned(), leaf(word, value));
            }
            (word, "value")
        }
    };
    let mut inner = object(rests);
    if let Some(value) = inner.remove("value") {
        inner.insert(own.to_owned(), value);
    }
    (name.to_owned(), Value::Object(inner))
}

fn leaf(word: &str, value: &str) -> Value {
    let number = value.parse::<u64>().ok().filter(|_| word != "description");
    number.map_or_else(|| json!(value), |number| json!(number))
}

fn list(rests: &[&[Step]]) -> Value {
    let rows = groups(rests).into_iter().map(|(name, rests)| {
        let mut row = object(&rests);
        row.insert("name".to_owned(), leaf("name", name.text()));
        Value::Object(row)
    });
    Value::Array(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::super::{schema::read, tree::tests::tree};
    use super::*;

    const LINES: &[&str] = &[
        "interfaces xe-0/0/5 native-vlan-id 400",
        "interfaces xe-0/0/5 unit 0 family ethernet-switching interface-mode trunk",
        "interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members v100",
        "interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members 400",
        "interfaces xe-0/0/6 ether-options 802.3ad ae5",
        "interfaces xe-0/0/7 disable",
        "protocols rstp interface xe-0/0/5 edge",
        "vlans v100 vlan-id 100",
        "vlans v100 vxlan vni 10100",
    ];

    #[test]
    fn braces_have_one_statement_a_line() {
        let text = "\
interfaces {
    xe-0/0/5 {
        native-vlan-id 400;
        unit 0 {
            family ethernet-switching {
                interface-mode trunk;
                vlan {
                    members [ 400 v100 ];
                }
            }
        }
    }
    xe-0/0/6 {
        ether-options {
            802.3ad ae5;
        }
    }
    xe-0/0/7 {
        disable;
    }
}
protocols {
    rstp {
        interface xe-0/0/5 {
            edge;
        }
    }
}
vlans {
    v100 {
        vlan-id 100;
        vxlan {
            vni 10100;
        }
    }
}
";
        assert_eq!(braces(&tree(LINES), &[]), text);
        let place = read(&["vlans", "v100"], false).unwrap().path;
        let tree = tree(LINES).below(&place);
        assert_eq!(braces(&tree, &place), "vlan-id 100;\nvxlan {\n    vni 10100;\n}\n");
        let place = read(&["vlans", "v100", "vlan-id"], false).unwrap().path;
        assert_eq!(braces(&tree.below(&place), &place), "vlan-id 100;\n");
    }

    #[test]
    fn json_has_names_and_numbers() {
        let text = json(&tree(LINES), 5);
        let value: Value = serde_json::from_str(&text).unwrap();
        let root = &value["configuration"];
        let vlan = json!({ "name": "v100", "vlan-id": 100, "vxlan": { "vni": 10100 } });
        assert_eq!(root["vlans"], json!({ "vlan": [vlan] }));
        let ports = &root["interfaces"]["interface"];
        let family = json!({ "ethernet-switching": {
            "interface-mode": "trunk", "vlan": { "members": ["400", "v100"] } } });
        let unit = json!([{ "name": 0, "family": family }]);
        assert_eq!(ports[0], json!({ "name": "xe-0/0/5", "native-vlan-id": 400, "unit": unit }));
        assert_eq!(ports[1]["ether-options"], json!({ "ieee-802.3ad": { "bundle": "ae5" } }));
        assert_eq!(ports[2]["disable"], json!([null]));
        let rstp = json!({ "rstp": { "interface": [{ "name": "xe-0/0/5", "edge": [null] }] } });
        assert_eq!(root["protocols"], rstp);
    }

    #[test]
    fn a_difference_says_where() {
        let before = tree(&[
            "interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members v100",
            "vlans v100 vlan-id 100",
        ]);
        let after = tree(&[
            "interfaces xe-0/0/5 unit 0 family ethernet-switching vlan members v200",
            "vlans v100 vlan-id 100",
            "vlans v200 vlan-id 200",
        ]);
        let text = "\
[edit interfaces xe-0/0/5 unit 0 family ethernet-switching vlan]
-       members v100;
+       members v200;
[edit vlans]
+   v200 {
+       vlan-id 200;
+   }
";
        assert_eq!(difference(&before, &after), text);
        assert_eq!(difference(&before, &before), "");
    }
}
