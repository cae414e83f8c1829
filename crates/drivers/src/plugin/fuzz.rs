//! Entries for fuzzing: what a plugin sends, as a line, through everything that reads it.
//!
//! Nothing here is used by the driver. It must return for every input, and holds the promises of
//! what it calls by panicking where they break, which is what a fuzzer looks for.

use model::{LagName, PortName};
use switch::{Capabilities, Query, VlanDatabase};

use super::{
    message::{self, Answer},
    redact::Redactor,
    validate,
    wire::{self, method},
};

/// One line of a plugin, as the answer to each method.
///
/// # Panics
///
/// An observation came out that holds what was not asked for.
pub fn line(bytes: &[u8]) {
    let Ok((_, Answer::Result(value))) = message::decode(bytes) else { return };
    let described = wire::result(method::DESCRIBE, value.clone());
    if let Ok(description) = described.and_then(validate::description) {
        let same = validate::difference(&description, &description);
        assert!(same.is_none(), "a description differs from itself: {same:?}");
    }
    if let Ok(answer) = wire::result(method::OBSERVE, value.clone()) {
        let query = query();
        let able =
            Capabilities { vlan_database: VlanDatabase::Explicit, ..Capabilities::default() };
        if let Ok(seen) = validate::observation(&query, &able, answer) {
            assert!(seen.slice.ports.keys().all(|port| query.ports.contains(port)), "a stranger");
            assert!(seen.slice.vlans.keys().all(|vlan| query.vlans.contains(vlan)), "a stranger");
            let narrowed = seen.narrowed(&query);
            assert_eq!(narrowed.slice, seen.slice, "the core would leave out a part");
        }
    }
    if let Ok(wire::Outcomes { outcomes }) = wire::result(method::APPLY, value.clone()) {
        let works = outcomes.len();
        let results = validate::outcomes(works, outcomes, &Redactor::default());
        assert_eq!(results.map(|results| results.len()), Ok(works));
    }
    if let Ok(wire::Resolved { matches }) = wire::result(method::RESOLVE, value) {
        // Whatever it says is fine, as long as it says it.
        let _ = validate::matches(matches);
    }
}

fn query() -> Query {
    let names = ["swp1", "swp2", "Ethernet1/1"];
    Query {
        ports: names.iter().filter_map(|name| name.parse::<PortName>().ok()).collect(),
        lags: "bond0".parse::<LagName>().into_iter().collect(),
        vlans: [100, 200].into_iter().filter_map(|id| model::Vlan::new(id).ok()).collect(),
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
        fn arbitrary_lines_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            super::line(&bytes);
        }

        #[test]
        fn arbitrary_observations_are_survived(
            port in "(swp1|swp2|swp3|a b)",
            vlans in prop::sample::select(vec![
                r#"{"mode":"access","vlan":100}"#, r#"{"mode":"access","vlan":5000}"#,
                r#"{"mode":"trunk","native":1,"allowed":"1-5"}"#, r#"{"mode":"closed"}"#, "null", "7",
            ]),
            lag in prop::sample::select(vec!["null", "\"bond0\"", "\"bond1\""]),
            members in prop::sample::select(vec!["[]", r#"["swp1"]"#, r#"["swp1","swp1"]"#]),
        ) {
            let line = format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"ports":{{"{port}":{{"config":
                {{"vlans":{vlans}}},"lag":{lag}}}}},"lags":{{"bond0":{{"settings":
                {{"mode":"active"}},"members":{members},"config":{{"vlans":{vlans}}}}}}}}}}}"#
            );
            super::line(line.as_bytes());
        }
    }
}
