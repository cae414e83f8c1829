//! Lists of VLANs as switches write them.

use model::{Vlan, VlanSet};

/// How long a list may be: all odd VLANs one by one, with room to spare.
const LONGEST: usize = 16 * 1024;

/// Reads a list in any usual spelling: entries apart by commas or blanks, ranges with `-`, `to` or
/// `..`, brackets around it; `all`, and `none` or nothing at all for the empty set.
///
/// # Errors
/// Whatever is no such list, in words; a VLAN that does not exist (0, 4095) is none either.
pub(super) fn parse(text: &str) -> Result<VlanSet, String> {
    let refused =
        |problem: &str| Err(format!("`{}` is no list of VLANs{problem}", super::excerpt(text)));
    if text.len() > LONGEST {
        return refused(": it is too long");
    }
    let bare = text.trim().trim_matches('"').trim();
    match bare.to_ascii_lowercase().as_str() {
        "all" => return Ok(VlanSet::all()),
        "" | "none" | "-" | "--" | "[]" => return Ok(VlanSet::empty()),
        _ => {}
    }
    let spaced = bare.replace("..", " - ").replace('-', " - ");
    let blank = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']');
    let mut words = spaced.split(blank).filter(|word| !word.is_empty()).peekable();
    let mut ranges = Vec::new();
    while let Some(word) = words.next() {
        let Some(first) = vlan(word) else { return refused("") };
        let is_range =
            words.peek().is_some_and(|next| *next == "-" || next.eq_ignore_ascii_case("to"));
        let last = if is_range {
            words.next();
            match words.next().and_then(vlan) {
                Some(last) if first <= last => last,
                _ => return refused(": a range has no end"),
            }
        } else {
            first
        };
        ranges.push(VlanSet::range(first, last));
    }
    Ok(union(&ranges))
}

/// Halves are joined, so that a list of thousands costs no more than sorting it.
fn union(sets: &[VlanSet]) -> VlanSet {
    match sets {
        [] => VlanSet::empty(),
        [set] => set.clone(),
        sets => {
            let (left, right) = sets.split_at(sets.len() / 2);
            union(left).union(&union(right))
        }
    }
}

/// One VLAN; some systems write leading zeros.
fn vlan(word: &str) -> Option<Vlan> {
    let digits = (1..=4).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse::<u16>().ok().and_then(|id| Vlan::new(id).ok())).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10,20-22", "10,20-22")]
    #[case("10, 20 - 22", "10,20-22")]
    #[case("10 20 to 22", "10,20-22")]
    #[case("10 20 TO 22 30", "10,20-22,30")]
    #[case("10 20..22", "10,20-22")]
    #[case("[ 10 20-22 ]", "10,20-22")]
    #[case("\"10-11\"", "10-11")]
    #[case("0010", "10")]
    #[case("30 10 20 11", "10-11,20,30")]
    #[case("10,20,", "10,20")]
    #[case("ALL", "1-4094")]
    #[case("none", "")]
    #[case("NONE", "")]
    #[case("", "")]
    #[case("--", "")]
    fn all_spellings(#[case] text: &str, #[case] want: &str) {
        assert_eq!(parse(text).unwrap().to_string(), want);
    }

    #[rstest]
    #[case("0")]
    #[case("4095")]
    #[case("1-4095")]
    #[case("20-10")]
    #[case("10-")]
    #[case("-10")]
    #[case("10 to")]
    #[case("10-20-30")]
    #[case("ten")]
    #[case("all,10")]
    #[case("10;20")]
    #[case("99999999999")]
    fn refuses(#[case] text: &str) {
        assert!(parse(text).is_err(), "{:?}", parse(text));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_survived(text in any::<String>(), list in "[0-9a-z,. \\-]{0,40}") {
            let _ = parse(&text);
            let _ = parse(&list);
        }

        #[test]
        fn what_was_written_is_read(
            ids in prop::collection::btree_set(1_u16..=4094, 0..60),
            separator in prop::sample::select(vec![",", " ", ", ", "  "]),
            range in prop::sample::select(vec!["-", " to ", "..", " - "]),
        ) {
            let set: VlanSet = ids.iter().filter_map(|id| Vlan::new(*id).ok()).collect();
            let words = set.ranges().map(|(first, last)| match first == last {
                true => first.to_string(),
                false => format!("{first}{range}{last}"),
            });
            let text = words.collect::<Vec<_>>().join(separator);
            prop_assert_eq!(parse(&text), Ok(set));
        }
    }
}
