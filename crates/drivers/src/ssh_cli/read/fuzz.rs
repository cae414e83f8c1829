//! Entries for fuzzing: arbitrary answers under rules of every shape.
//!
//! Nothing here is used by the driver. It must return for every input, and holds the promises of
//! what it calls by panicking where they break, which is what a fuzzer looks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use model::{LagName, PortName, Vlan};
use switch::Query;

use super::{Facts, Object, Reader};
use crate::ssh_cli::profile::schema::{RawProfile, Tells};

/// A system that answers in every shape.
const PROFILE: &str = include_str!("fuzz.toml");

static READER: LazyLock<Option<Reader>> = LazyLock::new(|| {
    let raw = toml::from_str::<RawProfile>(PROFILE).ok()?;
    Reader::compile(&raw, &mut Vec::new())
});

/// The same answer to each command.
///
/// # Panics
///
/// Something came out that was not asked for.
pub fn answer(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(reader) = &*READER else { return };
    let query = query();
    let objects: Vec<Object> = (query.ports.iter().cloned().map(Object::Port))
        .chain(query.lags.iter().cloned().map(Object::Lag))
        .chain(query.vlans.iter().copied().map(Object::Vlan))
        .collect();
    let Ok(asked) = reader.asks(&Tells::ALL, &objects, &BTreeMap::new()) else { return };
    let mut all = Facts::default();
    for asked in &asked {
        let mut one = Facts::default();
        if reader.digest(&mut one, asked, &text).is_ok() {
            check(reader, &one, &query);
        }
        // One answer that cannot be read does not spoil the others.
        let _ = reader.digest(&mut all, asked, &text);
    }
    check(reader, &all, &query);
}

fn check(reader: &Reader, facts: &Facts, query: &Query) {
    if let Ok(seen) = reader.observation(facts, query) {
        assert!(seen.slice.ports.keys().all(|port| query.ports.contains(port)), "a stranger");
        assert!(seen.slice.vlans.keys().all(|vlan| query.vlans.contains(vlan)), "a stranger");
        let of_ports: BTreeSet<_> =
            seen.slice.ports.values().filter_map(|p| p.lag.as_ref()).collect();
        let known = |lag: &LagName| query.lags.contains(lag) || of_ports.contains(lag);
        assert!(seen.slice.lags.keys().all(known), "a stranger");
        assert_eq!(seen.narrowed(query).slice, seen.slice, "the core would leave out a part");
    }
    // Whatever they say is fine, as long as they say it.
    let _ = (reader.matches(facts, "Et1"), reader.neighbors(facts), reader.macs(facts));
}

fn query() -> Query {
    let names = ["Ethernet1", "Ethernet2", "Ethernet3/1"];
    Query {
        ports: names.iter().filter_map(|name| name.parse::<PortName>().ok()).collect(),
        lags: "Port-Channel10".parse::<LagName>().into_iter().collect(),
        vlans: [10, 20].into_iter().filter_map(|id| Vlan::new(id).ok()).collect(),
        lag_names: true,
        pair_ids: true,
        all_vlans: true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn arbitrary_answers_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::answer(&bytes);
        }

        #[test]
        fn arbitrary_configurations_are_survived(
            lines in prop::collection::vec(prop::sample::select(vec![
                "interface Ethernet1", "interface Port-Channel10", "interface Vlan10",
                "   switchport mode trunk", "   switchport mode dot1q", "   switchport access vlan 5000",
                "   switchport trunk allowed vlan 10,20-30", "   switchport trunk allowed vlan add x",
                "   channel-group 10 mode active", "   channel-group 11 mode on", "vlan 10-4094",
                "   name blue", "  vni 70000000", "Po10 active Et1(P) Et2(D)", "10 aabb.ccdd.eeff Et1",
                "interface/Ethernet1/vlan = 5", "{\"interface\": {\"Ethernet1\": {\"vlan\": 5}}}",
            ]), 0..30),
        ) {
            super::answer(lines.join("\n").as_bytes());
        }
    }

    #[test]
    fn the_profile_for_fuzzing_is_good() {
        let raw = toml::from_str(super::PROFILE).unwrap();
        let mut problems = Vec::new();
        assert!(super::Reader::compile(&raw, &mut problems).is_some(), "{problems:?}");
    }
}
