//! VLAN modes as columns of a `Port` row, both ways.
//!
//! Open vSwitch reads an empty `trunks` as *all* VLANs, so an empty one is never written. A port
//! that carries nothing trunks the reserved VLAN ID 4095 only (IEEE 802.1Q, table 9-2): frames of
//! every other VLAN, and untagged ones, are dropped both ways. Frames that a server itself tags
//! with 4095 would still pass between two such ports; `protected` forbids that too. What is left:
//! a port that trunks *all* VLANs passes such frames, so uplinks should name theirs.
//!
//! | mode | `vlan_mode` | `tag` | `trunks` | `protected` |
//! |---|---|---|---|---|
//! | closed | `trunk` | | 4095 | true |
//! | access | `access` | VLAN | | |
//! | trunk | `trunk` | | allowed | |
//! | trunk that allows nothing | | | 4095 | |
//! | trunk with a native VLAN | `native-untagged` | native | allowed and native | |
//!
//! Anything else reads as [`VlanMode::Other`], whose text names the columns and can be written
//! back. A port without `vlan_mode` is an access port if it has a tag and a trunk if not
//! (`ovs-vswitchd.conf.db(5)`); it reads as what it is, and is written with the mode explicit.
//!
//! `protected` belongs to whoever set it on an open port, and is kept with the port's other
//! settings. To keep it over a closed phase, where it is always set, a closed port remembers it in
//! `cvlans`, which means nothing outside `dot1q-tunnel`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use model::{Vlan, VlanMode, VlanSet};

use super::error::Violation;
use super::value::{Atom, Row, Value};

/// The VLAN ID that no frame may carry on a wire.
const RESERVED: i64 = 4095;

/// What `vlan_mode` may be (`ovs-vswitchd.conf.db(5)`). A mode that is not known cannot be put back,
/// so it is not read either.
const MODES: [&str; 5] = ["trunk", "access", "native-tagged", "native-untagged", "dot1q-tunnel"];

/// The columns that say which VLANs a port carries.
pub(super) const COLUMNS: [&str; 5] = ["vlan_mode", "tag", "trunks", "cvlans", "protected"];

/// The values of those columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VlanColumns {
    mode: Option<String>,
    tag: Option<i64>,
    trunks: BTreeSet<i64>,
    cvlans: BTreeSet<i64>,
    protected: bool,
}

impl VlanColumns {
    /// Takes the columns from a row.
    pub(super) fn from_row(row: &Row) -> Result<Self, Violation> {
        let value = |column: &'static str| {
            row.get(column).ok_or_else(|| wrong(&format!("no column {column}")))
        };
        let numbers = |column| {
            let value = value(column)?;
            let set = value.as_set().ok_or_else(|| wrong(&value.render().to_string()))?;
            set.iter()
                .map(|atom| match atom {
                    Atom::Integer(number @ 0..=RESERVED) => Ok(*number),
                    _ => Err(wrong(&value.render().to_string())),
                })
                .collect::<Result<BTreeSet<_>, _>>()
        };
        let mode = value("vlan_mode")?;
        let tags = numbers("tag")?;
        let known = mode.is_empty() || mode.as_str().is_some_and(|mode| MODES.contains(&mode));
        if !known || tags.len() > 1 {
            return Err(wrong(&mode.render().to_string()));
        }
        Ok(Self {
            mode: mode.as_str().map(str::to_owned),
            tag: tags.first().copied(),
            trunks: numbers("trunks")?,
            cvlans: numbers("cvlans")?,
            protected: value("protected")?
                .as_boolean()
                .ok_or_else(|| wrong("`protected` is no boolean"))?,
        })
    }

    /// The mode that they mean, and whether the port is protected of its own accord.
    pub(super) fn read(&self) -> (VlanMode, bool) {
        let closed = Self::closed(false);
        if *self == closed {
            return (VlanMode::Closed, false);
        }
        if *self == Self::closed(true) {
            return (VlanMode::Closed, true);
        }
        (self.read_open(), self.protected)
    }

    fn read_open(&self) -> VlanMode {
        let other = || VlanMode::Other { text: self.to_string() };
        if !self.cvlans.is_empty() {
            return other();
        }
        let vlan = |id: i64| u16::try_from(id).ok().and_then(|id| Vlan::new(id).ok());
        let allowed: Option<VlanSet> = self
            .trunks
            .iter()
            .try_fold(VlanSet::empty(), |set, id| Some(set.with(vlan(*id)?)))
            .filter(|set| !set.is_empty());
        let tag = self.tag.map(vlan);
        match (self.mode.as_deref(), tag, allowed) {
            (None | Some("access"), Some(Some(vlan)), None) if self.trunks.is_empty() => {
                VlanMode::Access { vlan }
            }
            (None | Some("trunk"), None, Some(allowed)) => {
                VlanMode::Trunk { native: None, allowed }
            }
            (Some("native-untagged"), Some(Some(native)), Some(allowed)) => {
                VlanMode::trunk(Some(native), &allowed)
            }
            (None, None, None) if self.trunks == BTreeSet::from([RESERVED]) => {
                VlanMode::Trunk { native: None, allowed: VlanSet::empty() }
            }
            _ => other(),
        }
    }

    /// The columns for a mode; `None` for what Open vSwitch does not have.
    pub(super) fn write(mode: &VlanMode, protected: bool) -> Option<Self> {
        let columns = |mode: Option<&str>, tag: Option<Vlan>, trunks: BTreeSet<i64>| Self {
            mode: mode.map(str::to_owned),
            tag: tag.map(|vlan| vlan.get().into()),
            trunks,
            cvlans: BTreeSet::new(),
            protected,
        };
        let ids = |set: &VlanSet| set.iter().map(|vlan| vlan.get().into()).collect::<BTreeSet<_>>();
        Some(match mode {
            VlanMode::Closed => Self::closed(protected),
            VlanMode::Access { vlan } => columns(Some("access"), Some(*vlan), BTreeSet::new()),
            VlanMode::Trunk { native: None, allowed } if allowed.is_empty() => {
                columns(None, None, BTreeSet::from([RESERVED]))
            }
            VlanMode::Trunk { native: None, allowed } => columns(Some("trunk"), None, ids(allowed)),
            VlanMode::Trunk { native: Some(native), allowed } => {
                columns(Some("native-untagged"), Some(*native), ids(&allowed.with(*native)))
            }
            VlanMode::Hybrid { .. } => return None,
            VlanMode::Other { text } => Self { protected, ..text.parse().ok()? },
        })
    }

    fn closed(protected: bool) -> Self {
        Self {
            mode: Some("trunk".to_owned()),
            tag: None,
            trunks: BTreeSet::from([RESERVED]),
            cvlans: if protected { BTreeSet::from([RESERVED]) } else { BTreeSet::new() },
            protected: true,
        }
    }

    /// The columns as values.
    pub(super) fn values(&self) -> [(&'static str, Value); 5] {
        [
            ("vlan_mode", Value::set(self.mode.as_deref())),
            ("tag", Value::set(self.tag)),
            ("trunks", Value::set(self.trunks.iter().copied())),
            ("cvlans", Value::set(self.cvlans.iter().copied())),
            ("protected", self.protected.into()),
        ]
    }
}

fn wrong(got: &str) -> Violation {
    Violation::shape("the VLAN columns of a port", &serde_json::json!(got))
}

/// The columns as one line of text, without `protected`, which [`VlanMode::Other`] does not cover.
impl fmt::Display for VlanColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = self.mode.as_deref().unwrap_or("[]");
        let tag = self.tag.map_or_else(|| "[]".to_owned(), |tag| tag.to_string());
        write!(f, "vlan_mode={mode} tag={tag} ")?;
        write!(f, "trunks={} cvlans={}", Ranges(&self.trunks), Ranges(&self.cvlans))
    }
}

impl FromStr for VlanColumns {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split(' ');
        let mut word = |name: &str| words.next().and_then(|w| w.strip_prefix(name)).ok_or(());
        let mode = match word("vlan_mode=")? {
            "[]" => None,
            mode if MODES.contains(&mode) => Some(mode.to_owned()),
            _ => return Err(()),
        };
        let tag = match word("tag=")? {
            "[]" => None,
            tag => Some(id(tag)?),
        };
        let trunks = ranges(word("trunks=")?)?;
        let cvlans = ranges(word("cvlans=")?)?;
        match words.next() {
            None => Ok(Self { mode, tag, trunks, cvlans, protected: false }),
            Some(_) => Err(()),
        }
    }
}

/// Shows a set of VLAN IDs as `[1-3,7]`.
pub(super) struct Ranges<'a>(pub(super) &'a BTreeSet<i64>);

impl fmt::Display for Ranges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        let mut ids = self.0.iter().copied().peekable();
        let mut first = true;
        while let Some(start) = ids.next() {
            let mut end = start;
            while let Some(next) = ids.next_if_eq(&(end + 1)) {
                end = next;
            }
            let comma = if first { "" } else { "," };
            first = false;
            if start == end {
                write!(f, "{comma}{start}")?;
            } else {
                write!(f, "{comma}{start}-{end}")?;
            }
        }
        f.write_str("]")
    }
}

fn ranges(text: &str) -> Result<BTreeSet<i64>, ()> {
    let inside = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or(())?;
    let mut set = BTreeSet::new();
    for part in inside.split(',').filter(|_| !inside.is_empty()) {
        let (start, end) = part.split_once('-').unwrap_or((part, part));
        set.extend(id(start)?..=id(end)?);
    }
    Ok(set)
}

fn id(text: &str) -> Result<i64, ()> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok().filter(|id| *id <= RESERVED).ok_or(())
    } else {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns(mode: &str, tag: Option<i64>, trunks: &[i64], cvlans: &[i64]) -> VlanColumns {
        VlanColumns {
            mode: Some(mode.to_owned()).filter(|m| !m.is_empty()),
            tag,
            trunks: trunks.iter().copied().collect(),
            cvlans: cvlans.iter().copied().collect(),
            protected: false,
        }
    }

    #[test]
    fn what_a_port_means() {
        let cases = [
            (columns("access", Some(100), &[], &[]), "access 100"),
            (columns("", Some(100), &[], &[]), "access 100"),
            (columns("trunk", None, &[100, 200, 201], &[]), "trunk allowed 100,200-201"),
            (columns("", None, &[100], &[]), "trunk allowed 100"),
            (columns("", None, &[4095], &[]), "trunk"),
            (columns("native-untagged", Some(5), &[5, 7], &[]), "trunk native 5 allowed 7"),
            (columns("native-untagged", Some(5), &[7], &[]), "trunk native 5 allowed 7"),
            (columns("native-untagged", Some(5), &[5], &[]), "trunk native 5"),
            (columns("", None, &[], &[]), "other (vlan_mode=[] tag=[] trunks=[] cvlans=[])"),
            (
                columns("trunk", None, &[], &[]),
                "other (vlan_mode=trunk tag=[] trunks=[] cvlans=[])",
            ),
            (
                columns("trunk", None, &[4095], &[]),
                "other (vlan_mode=trunk tag=[] trunks=[4095] cvlans=[])",
            ),
            (
                columns("trunk", None, &[0, 1, 2, 9], &[]),
                "other (vlan_mode=trunk tag=[] trunks=[0-2,9] cvlans=[])",
            ),
            (
                columns("access", Some(0), &[], &[]),
                "other (vlan_mode=access tag=0 trunks=[] cvlans=[])",
            ),
            (
                columns("access", Some(3), &[4], &[]),
                "other (vlan_mode=access tag=3 trunks=[4] cvlans=[])",
            ),
            (
                columns("native-untagged", Some(5), &[], &[]),
                "other (vlan_mode=native-untagged tag=5 trunks=[] cvlans=[])",
            ),
            (
                columns("native-tagged", Some(5), &[5], &[]),
                "other (vlan_mode=native-tagged tag=5 trunks=[5] cvlans=[])",
            ),
            (
                columns("dot1q-tunnel", Some(5), &[], &[1, 2]),
                "other (vlan_mode=dot1q-tunnel tag=5 trunks=[] cvlans=[1-2])",
            ),
        ];
        for (columns, expected) in cases {
            assert_eq!(columns.read().0.to_string(), expected);
        }
    }

    #[test]
    fn texts_that_are_not_ours_are_not_written() {
        for text in [
            "",
            "x",
            "vlan_mode=trunk tag=[] trunks=[]",
            "vlan_mode=wide tag=[] trunks=[] cvlans=[]",
            "vlan_mode=trunk tag=-1 trunks=[] cvlans=[]",
            "vlan_mode=trunk tag=[] trunks=[4096] cvlans=[]",
            "vlan_mode=trunk tag=[] trunks=[1,] cvlans=[]",
            "vlan_mode=trunk tag=[] trunks=[] cvlans=[] qos=x",
        ] {
            assert_eq!(VlanColumns::write(&VlanMode::Other { text: text.into() }, false), None);
        }
        let native = Vlan::new(5).unwrap();
        assert_eq!(VlanColumns::write(&VlanMode::hybrid(native, &VlanSet::empty()), false), None);
    }

    fn modes() -> impl Strategy<Value = VlanMode> {
        let vlan = || (1u16..4095).prop_map(|id| Vlan::new(id).unwrap());
        let set = || {
            prop::collection::vec(vlan(), 0..6)
                .prop_map(|ids| ids.into_iter().fold(VlanSet::empty(), |set, id| set.with(id)))
        };
        prop_oneof![
            Just(VlanMode::Closed),
            vlan().prop_map(VlanMode::access),
            (prop::option::of(vlan()), set()).prop_map(|(n, s)| VlanMode::trunk(n, &s)),
        ]
    }

    fn raw() -> impl Strategy<Value = VlanColumns> {
        let ids =
            || prop::collection::btree_set(prop_oneof![Just(0), Just(4095), 1i64..4095], 0..4);
        let mode = prop::sample::select(vec![
            "",
            "trunk",
            "access",
            "native-tagged",
            "native-untagged",
            "dot1q-tunnel",
        ]);
        let tag = prop::option::of(prop_oneof![Just(0), Just(4095), 1i64..4095]);
        (mode, tag, ids(), ids(), any::<bool>()).prop_map(
            |(mode, tag, trunks, cvlans, protected)| VlanColumns {
                mode: Some(mode.to_owned()).filter(|m| !m.is_empty()),
                tag,
                trunks,
                cvlans,
                protected,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(mode in modes(), protected: bool) {
            let columns = VlanColumns::write(&mode, protected).unwrap();
            prop_assert!(columns.mode.as_deref() == Some("access") || !columns.trunks.is_empty());
            prop_assert_eq!(columns.read(), (mode, protected));
            let row: Row = columns.values().into_iter().map(|(c, v)| (c.to_owned(), v)).collect();
            prop_assert_eq!(VlanColumns::from_row(&row).unwrap(), columns);
        }

        #[test]
        fn what_is_read_can_be_restored(raw in raw()) {
            let (mode, protected) = raw.read();
            let written = VlanColumns::write(&mode, protected).unwrap();
            prop_assert_eq!(written.read(), (mode.clone(), protected));
            if matches!(mode, VlanMode::Other { .. }) {
                prop_assert_eq!(written, raw, "what has no word is restored to the letter");
            }
        }
    }
}
