//! A set of VLAN IDs, with the list forms of the vendors.

use std::fmt;

const WORDS: usize = 64;

/// VLANs 1-4094.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VlanSet([u64; WORDS]);

impl VlanSet {
    /// The lowest VLAN ID.
    pub const FIRST: u16 = 1;
    /// The highest VLAN ID.
    pub const LAST: u16 = 4094;

    /// No VLAN.
    #[must_use]
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Every VLAN.
    #[must_use]
    pub fn all() -> Self {
        let mut set = Self([u64::MAX; WORDS]);
        set.remove(0);
        set.remove(Self::LAST + 1);
        set
    }

    /// Adds a VLAN; false if it was there, or is no VLAN ID.
    pub fn insert(&mut self, vlan: u16) -> bool {
        let was = self.contains(vlan);
        if (Self::FIRST..=Self::LAST).contains(&vlan)
            && let Some(word) = self.0.get_mut(usize::from(vlan / 64))
        {
            *word |= 1 << (vlan % 64);
            return !was;
        }
        false
    }

    /// Takes a VLAN out; false if it was not there.
    pub fn remove(&mut self, vlan: u16) -> bool {
        let was = self.contains(vlan);
        if let Some(word) = self.0.get_mut(usize::from(vlan / 64)) {
            *word &= !(1 << (vlan % 64));
        }
        was
    }

    /// Whether a VLAN is in the set.
    #[must_use]
    pub fn contains(&self, vlan: u16) -> bool {
        self.0.get(usize::from(vlan / 64)).is_some_and(|word| word & (1 << (vlan % 64)) != 0)
    }

    /// Whether no VLAN is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// How many VLANs are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The VLANs, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (Self::FIRST..=Self::LAST).filter(|vlan| self.contains(*vlan))
    }

    /// The VLANs of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.zip(other, |one, two| one | two)
    }

    /// The VLANs that both have.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |one, two| one & two)
    }

    /// The VLANs that the other does not have.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.zip(other, |one, two| one & !two)
    }

    fn zip(&self, other: &Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut result = Self::none();
        for ((to, one), two) in result.0.iter_mut().zip(&self.0).zip(&other.0) {
            *to = combine(*one, *two);
        }
        result
    }

    /// Runs of neighbouring VLANs, first and last.
    #[must_use]
    pub fn runs(&self) -> Vec<(u16, u16)> {
        let mut runs: Vec<(u16, u16)> = Vec::new();
        for vlan in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == vlan => *last = vlan,
                _ => runs.push((vlan, vlan)),
            }
        }
        runs
    }

    /// The items of the list form: a run of at least `shortest_range` VLANs is a range.
    #[must_use]
    pub fn items(&self, shortest_range: u16) -> Vec<String> {
        let mut items = Vec::new();
        for (first, last) in self.runs() {
            if first == last {
                items.push(first.to_string());
            } else if last - first + 1 >= shortest_range {
                items.push(format!("{first}-{last}"));
            } else {
                items.extend((first..=last).map(|vlan| vlan.to_string()));
            }
        }
        items
    }

    /// Reads `10,20-30`. None if it is not a list of VLANs 1-4094, or a range runs backwards.
    #[must_use]
    pub fn parse(list: &str) -> Option<Self> {
        let mut set = Self::none();
        let id = |text: &str| -> Option<u16> {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let vlan = text.parse().ok().filter(|_| digits)?;
            (Self::FIRST..=Self::LAST).contains(&vlan).then_some(vlan)
        };
        for item in list.split(',') {
            let (first, last) = item.split_once('-').unwrap_or((item, item));
            let (first, last) = (id(first)?, id(last)?);
            if first > last {
                return None;
            }
            for vlan in first..=last {
                set.insert(vlan);
            }
        }
        Some(set)
    }
}

impl Default for VlanSet {
    fn default() -> Self {
        Self::none()
    }
}

impl FromIterator<u16> for VlanSet {
    fn from_iter<I: IntoIterator<Item = u16>>(vlans: I) -> Self {
        let mut set = Self::none();
        for vlan in vlans {
            set.insert(vlan);
        }
        set
    }
}

impl<const N: usize> From<[u16; N]> for VlanSet {
    fn from(vlans: [u16; N]) -> Self {
        vlans.into_iter().collect()
    }
}

/// The list form with ranges from two neighbours on: `10,20-21`.
impl fmt::Display for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.items(2).join(","))
    }
}

impl fmt::Debug for VlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

/// As its list form.
impl serde::Serialize for VlanSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_written() {
        for (list, from_two, from_three) in [
            ("1", "1", "1"),
            ("123,124,126-128", "123-124,126-128", "123,124,126-128"),
            ("3,1,2,2,4094", "1-3,4094", "1-3,4094"),
        ] {
            let set = VlanSet::parse(list).unwrap();
            assert_eq!(set.to_string(), from_two);
            assert_eq!(set.items(3).join(","), from_three);
        }
        for bad in ["", "0", "4095", "10-", "-10", "20-10", "1,,2", "all", "1 2", "+5", "99999"] {
            assert_eq!(VlanSet::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn sets_are_combined() {
        let all = VlanSet::all();
        assert_eq!((all.len(), all.to_string()), (4094, "1-4094".to_owned()));
        let without = all.difference(&VlanSet::from([100]));
        assert_eq!(without.to_string(), "1-99,101-4094");
        assert_eq!(without.union(&VlanSet::from([100])), all);
        assert_eq!(without.intersection(&VlanSet::from([99, 100])).to_string(), "99");
        assert!(VlanSet::none().is_empty());
        let mut set = VlanSet::none();
        assert!(set.insert(7) && !set.insert(7) && !set.insert(4095) && !set.insert(0));
        assert!(set.remove(7) && !set.remove(7) && set.is_empty());
    }
}
