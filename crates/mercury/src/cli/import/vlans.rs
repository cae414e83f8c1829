//! VLAN rules, in Ironic's and in networking-generic-switch's reading.

use model::{Vlan, VlanSet};

/// A list of numbers and ranges, as both read it: blanks are allowed, empty items are skipped.
pub(super) fn list(text: &str) -> Option<VlanSet> {
    let vlan = |text: &str| Vlan::new(text.trim().parse().ok()?).ok();
    let mut all = VlanSet::default();
    for item in text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()) {
        let range = match item.split_once('-') {
            Some((first, last)) => {
                let (first, last) = (vlan(first)?, vlan(last)?);
                (first <= last).then(|| VlanSet::range(first, last))?
            }
            None => vlan(item)?.into(),
        };
        all = all.union(&range);
    }
    Some(all)
}

/// What Ironic allows on a switch, out of the switch's list and the global one; nothing when it
/// allows all. An empty list restricts nothing there, whatever its guide says.
pub(super) fn ironic(switch: Option<&VlanSet>, global: Option<&VlanSet>) -> Option<VlanSet> {
    [switch, global].into_iter().flatten().find(|list| !list.is_empty()).cloned()
}

/// The VLAN of `access/native_vlan=10` and its like.
pub(super) fn of_network(text: &str) -> Option<Vlan> {
    let found = text.split('/').find_map(|part| part.trim().strip_prefix("native_vlan="))?;
    Vlan::new(found.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("100", Some("100"))]
    #[case(" 100 - 102 ,, 105,", Some("100-102,105"))]
    #[case("", Some(""))]
    #[case(",", Some(""))]
    #[case("102-100", None)]
    #[case("0", None)]
    #[case("4095", None)]
    #[case("4000-5000", None)]
    #[case("all", None)]
    fn lists(#[case] text: &str, #[case] want: Option<&str>) {
        assert_eq!(list(text).map(|set| set.to_string()).as_deref(), want);
    }

    /// The table that was observed on Ironic 39: rows are the global list, columns the switch's.
    #[rstest]
    #[case(None, None, None)]
    #[case(None, Some(""), None)]
    #[case(None, Some("500-501"), Some("500-501"))]
    #[case(Some(""), None, None)]
    #[case(Some(""), Some(""), None)]
    #[case(Some("100-101"), None, Some("100-101"))]
    #[case(Some("100-101"), Some(""), Some("100-101"))]
    #[case(Some("100-101"), Some("500-501"), Some("500-501"))]
    fn what_ironic_allows(
        #[case] global: Option<&str>,
        #[case] switch: Option<&str>,
        #[case] want: Option<&str>,
    ) {
        let read = |text: Option<&str>| text.map(|text| list(text).unwrap());
        let got = ironic(read(switch).as_ref(), read(global).as_ref());
        assert_eq!(got.map(|set| set.to_string()).as_deref(), want);
    }

    #[rstest]
    #[case("access/native_vlan=10", Some(10))]
    #[case("trunk/native_vlan=20/allowed_vlans=1,5-9", Some(20))]
    #[case("access/native_vlan=0", None)]
    #[case("", None)]
    fn networks(#[case] text: &str, #[case] want: Option<u16>) {
        assert_eq!(of_network(text), want.map(|id| Vlan::new(id).unwrap()));
    }
}
