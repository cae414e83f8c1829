//! A set of VNIs as the policy writes it: `10000-10999,20000`.

use std::{fmt, str::FromStr};

use model::{Invalid, Vni};

/// A set of VNIs, kept as sorted, disjoint, non-adjacent ranges; the empty set is the empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VniSet {
    ranges: Vec<(u32, u32)>,
}

impl VniSet {
    /// Whether `vni` is in the set.
    pub fn contains(&self, vni: Vni) -> bool {
        let id = vni.get();
        let at = self.ranges.partition_point(|(_, last)| *last < id);
        self.ranges.get(at).is_some_and(|(first, _)| *first <= id)
    }

    /// The VNIs in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                _ => merged.push((first, last)),
            }
        }
        Self { ranges: merged }
    }
}

impl FromIterator<Vni> for VniSet {
    fn from_iter<I: IntoIterator<Item = Vni>>(vnis: I) -> Self {
        Self::from_ranges(vnis.into_iter().map(|vni| (vni.get(), vni.get())).collect())
    }
}

impl FromStr for VniSet {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let ranges = text.split(',').map(|part| range(text, part.trim()));
        Ok(Self::from_ranges(ranges.collect::<Result<_, _>>()?))
    }
}

fn range(whole: &str, part: &str) -> Result<(u32, u32), Invalid> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let vni = |text: &str| {
        text.trim().parse::<Vni>().map_err(|error| {
            let problem =
                format!("is not like `10000-10999,20000`: `{}` {}", error.value, error.problem);
            Invalid::new("VNI set", whole, problem)
        })
    };
    let (first, last) = (vni(first)?, vni(last)?);
    if last < first {
        let problem = format!("holds the range `{first}-{last}`, which ends before it begins");
        return Err(Invalid::new("VNI set", whole, problem));
    }
    Ok((first.get(), last.get()))
}

impl fmt::Display for VniSet {
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "")]
    #[case("10000-10999,20000", "10000-10999,20000")]
    #[case("7, 5-6 ,1", "1,5-7")]
    #[case("16777215", "16777215")]
    #[case(
        "0",
        "VNI set `0` is not like `10000-10999,20000`: `0` is not an integer from 1 to 16777215"
    )]
    #[case("9-3", "VNI set `9-3` holds the range `9-3`, which ends before it begins")]
    #[case(
        "1,,2",
        "VNI set `1,,2` is not like `10000-10999,20000`: `` is not an integer from 1 to 16777215"
    )]
    fn reading(#[case] text: &str, #[case] want: &str) {
        let got = match text.parse::<VniSet>() {
            Ok(set) => set.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, want);
    }

    #[test]
    fn membership() {
        let set: VniSet = "10-20,30".parse().unwrap();
        let inside: Vec<u32> = (1..40).filter(|id| set.contains(Vni::new(*id).unwrap())).collect();
        assert_eq!(inside, (10..=20).chain([30]).collect::<Vec<_>>());
    }
}
