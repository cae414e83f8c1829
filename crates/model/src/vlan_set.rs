//! A set of VLAN IDs, as switches write it: `100,200-210`.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::{Invalid, Vlan};

/// A set of VLAN IDs.
///
/// Kept as sorted, disjoint, non-adjacent ranges: "all VLANs" of a thousand switches costs a few
/// kilobytes, which a bit set or a tree of numbers would not.
///
/// Written as `100,200-210`; the empty set is the empty string. Read from that string, or from a
/// JSON number, or from a JSON array of numbers and such strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VlanSet {
    ranges: Vec<(u16, u16)>,
}

impl VlanSet {
    /// How long the text of a set may be: all 2047 odd IDs written out, with room to spare.
    const MAX_TEXT: usize = 16 * 1024;

    /// The set with no VLAN in it.
    pub const fn empty() -> Self {
        Self { ranges: Vec::new() }
    }

    /// All VLAN IDs, 1 to 4094.
    pub fn all() -> Self {
        Self::range(Vlan::MIN, Vlan::MAX)
    }

    /// The VLANs from `first` to `last`, both included; empty when `last` is below `first`.
    pub fn range(first: Vlan, last: Vlan) -> Self {
        let ranges = if first <= last { vec![(first.get(), last.get())] } else { Vec::new() };
        Self { ranges }
    }

    /// Whether no VLAN is in the set.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many VLANs are in the set.
    pub fn len(&self) -> usize {
        self.ranges.iter().map(|(first, last)| usize::from(last - first) + 1).sum()
    }

    /// Whether `vlan` is in the set.
    pub fn contains(&self, vlan: Vlan) -> bool {
        let id = vlan.get();
        let at = self.ranges.partition_point(|(_, last)| *last < id);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= id)
    }

    /// The VLANs in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Vlan> + '_ {
        self.ranges
            .iter()
            .flat_map(|(first, last)| *first..=*last)
            .filter_map(|id| Vlan::new(id).ok())
    }

    /// The ranges in ascending order, as first and last member.
    pub fn ranges(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.ranges.iter().copied()
    }

    /// The lowest VLAN in the set.
    pub fn first(&self) -> Option<Vlan> {
        self.iter().next()
    }

    /// The VLANs in either set.
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    /// The VLANs in this set and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.ranges.len());
        for &(first, last) in &self.ranges {
            let mut next = first;
            for &(cut_first, cut_last) in
                other.ranges.iter().filter(|(f, l)| *f <= last && *l >= first)
            {
                if cut_first > next {
                    left.push((next, cut_first - 1));
                }
                next = next.max(cut_last + 1);
            }
            if next <= last {
                left.push((next, last));
            }
        }
        Self { ranges: left }
    }

    /// The VLANs in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        self.difference(&self.difference(other))
    }

    /// Whether every VLAN of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }

    /// This set with `vlan` in it.
    #[must_use]
    pub fn with(&self, vlan: Vlan) -> Self {
        self.union(&Self::from(vlan))
    }

    /// This set without `vlan`.
    #[must_use]
    pub fn without(&self, vlan: Vlan) -> Self {
        self.difference(&Self::from(vlan))
    }

    fn from_ranges(mut ranges: Vec<(u16, u16)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        Self { ranges: merged }
    }
}

impl From<Vlan> for VlanSet {
    fn from(vlan: Vlan) -> Self {
        Self::range(vlan, vlan)
    }
}

impl FromIterator<Vlan> for VlanSet {
    fn from_iter<I: IntoIterator<Item = Vlan>>(vlans: I) -> Self {
        Self::from_ranges(vlans.into_iter().map(|vlan| (vlan.get(), vlan.get())).collect())
    }
}

impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (first, last)) in self.ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for VlanSet {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::MAX_TEXT {
            return Err(Invalid::new("VLAN set", text, "is too long"));
        }
        if text.trim().is_empty() {
            return Ok(Self::empty());
        }
        let ranges = text.split(',').map(|part| parse_range(text, part.trim()));
        Ok(Self::from_ranges(ranges.collect::<Result<_, _>>()?))
    }
}

fn parse_range(whole: &str, part: &str) -> Result<(u16, u16), Invalid> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let parse = |id: &str| {
        id.trim().parse::<Vlan>().map_err(|error| {
            let problem = format!("is not like `100,200-210`: `{}` {}", error.value, error.problem);
            Invalid::new("VLAN set", whole, problem)
        })
    };
    let (first, last) = (parse(first)?, parse(last)?);
    if last < first {
        let problem = format!("holds the range `{first}-{last}`, which ends before it begins");
        return Err(Invalid::new("VLAN set", whole, problem));
    }
    Ok((first.get(), last.get()))
}

impl serde::Serialize for VlanSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VlanSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SetVisitor)
    }
}

struct SetVisitor;

/// How many members an array may have: each VLAN once, and no more.
const MAX_MEMBERS: usize = 4094;

impl<'de> de::Visitor<'de> for SetVisitor {
    type Value = VlanSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of VLAN IDs like \"100,200-210\", or an array of VLAN IDs and ranges")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<VlanSet, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<VlanSet, E> {
        id.to_string().parse().map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<VlanSet, E> {
        id.to_string().parse().map_err(E::custom)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<VlanSet, A::Error> {
        let mut ranges = Vec::new();
        let mut members = 0;
        while let Some(Member(set)) = items.next_element()? {
            members += 1;
            if members > MAX_MEMBERS {
                return Err(de::Error::custom("a set of VLAN IDs has at most 4094 members"));
            }
            ranges.extend(set.ranges);
        }
        Ok(VlanSet::from_ranges(ranges))
    }
}

/// One member of an array; arrays do not nest.
struct Member(VlanSet);

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MemberVisitor;

        impl de::Visitor<'_> for MemberVisitor {
            type Value = Member;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a VLAN ID or a range like \"200-210\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Member, E> {
                SetVisitor.visit_str(text).map(Member)
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<Member, E> {
                SetVisitor.visit_u64(id).map(Member)
            }

            fn visit_i64<E: de::Error>(self, id: i64) -> Result<Member, E> {
                SetVisitor.visit_i64(id).map(Member)
            }
        }
        deserializer.deserialize_any(MemberVisitor)
    }
}

impl JsonSchema for VlanSet {
    fn schema_name() -> Cow<'static, str> {
        "VlanSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "VLAN IDs: a string like `100,200-210`, or an array of IDs and such strings",
            "oneOf": [
                { "type": "string", "pattern": "^[0-9, -]*$" },
                { "type": "integer", "minimum": 1, "maximum": 4094 },
                { "type": "array", "maxItems": 4094, "items": { "type": ["integer", "string"] } },
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn ids(set: &VlanSet) -> BTreeSet<u16> {
        set.iter().map(Vlan::get).collect()
    }

    fn set(ids: &BTreeSet<u16>) -> VlanSet {
        ids.iter().map(|id| Vlan::new(*id).unwrap()).collect()
    }

    #[rstest]
    #[case("100,200-210", "100,200-210")]
    #[case(" 210 , 200-209 ,100", "100,200-210")]
    #[case("5,5,5-6,7", "5-7")]
    #[case("1-4094", "1-4094")]
    #[case("", "")]
    fn normalises(#[case] text: &str, #[case] want: &str) {
        assert_eq!(text.parse::<VlanSet>().unwrap().to_string(), want);
    }

    #[rstest]
    #[case("0")]
    #[case("4095")]
    #[case("1-4095")]
    #[case("ten")]
    #[case("10-5")]
    #[case("10-")]
    #[case("-10")]
    #[case("10,,11")]
    #[case("10;11")]
    #[case("1-2-3")]
    fn refuses(#[case] text: &str) {
        assert!(text.parse::<VlanSet>().is_err());
    }

    #[rstest]
    #[case(r#""100,200-202""#, "100,200-202")]
    #[case("100", "100")]
    #[case(r#"[100, "200-202"]"#, "100,200-202")]
    #[case("[]", "")]
    fn reads_json(#[case] json: &str, #[case] want: &str) {
        assert_eq!(serde_json::from_str::<VlanSet>(json).unwrap().to_string(), want);
    }

    #[rstest]
    #[case("[0]")]
    #[case("[[1]]")]
    #[case("true")]
    #[case("null")]
    #[case("1.5")]
    #[case("{}")]
    fn refuses_json(#[case] json: &str) {
        assert!(serde_json::from_str::<VlanSet>(json).is_err());
    }

    fn some_ids() -> impl Strategy<Value = BTreeSet<u16>> {
        prop_oneof![
            prop::collection::btree_set(1_u16..=4094, 0..40),
            prop::collection::btree_set(1_u16..=30, 0..30),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_a_tree_of_numbers(a in some_ids(), b in some_ids()) {
            let (left, right) = (set(&a), set(&b));
            prop_assert_eq!(ids(&left.union(&right)), &a | &b);
            prop_assert_eq!(ids(&left.difference(&right)), &a - &b);
            prop_assert_eq!(ids(&left.intersection(&right)), &a & &b);
            prop_assert_eq!(left.is_subset(&right), a.is_subset(&b));
            prop_assert_eq!(left.len(), a.len());
            prop_assert!((1..=4094).all(|id| left.contains(Vlan::new(id).unwrap()) == a.contains(&id)));
            prop_assert_eq!(left.to_string().parse::<VlanSet>().unwrap(), left);
        }
    }
}
