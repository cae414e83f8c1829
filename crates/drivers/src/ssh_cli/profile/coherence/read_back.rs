//! Whether what a profile can set is read back.

use std::collections::BTreeSet;

use switch::VlanDatabase;

use super::super::{
    problem::Problem,
    schema::{Each, RawProfile, Tells, VlanStyle},
};

/// Facts by what they are read for.
struct Stated<'a> {
    raw: &'a RawProfile,
}

impl<'a> Stated<'a> {
    /// The facts that the readings of these kinds state.
    fn by(&self, tells: &[Tells]) -> BTreeSet<&'a str> {
        let reads = self.raw.read.iter().filter(|read| tells.contains(&read.tells));
        let rules = reads.flat_map(|read| &read.rules);
        rules.flat_map(|rule| rule.set.keys().map(String::as_str)).collect()
    }

    /// Whether there is a reading of this kind.
    fn has(&self, tells: Tells) -> bool {
        self.raw.read.iter().any(|read| read.tells == tells)
    }
}

pub(super) fn check(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let can = &raw.capabilities;
    let stated = Stated { raw };
    if !stated.has(Tells::Ports) {
        problems.push(Problem::new("read", "has nothing that tells `ports`"));
        return;
    }
    let of_ports = stated.by(&[Tells::Ports]);
    let mut needs = |word: &str, needed: bool, facts: &BTreeSet<&str>, any: &[&str]| {
        if needed && !any.iter().any(|fact| facts.contains(fact)) {
            let any: Vec<String> = any.iter().map(|fact| format!("`{fact}`")).collect();
            let what = format!("is set, but no rule reads it back as {}", any.join(" or "));
            problems.push(Problem::new(format!("capabilities.{word}"), what));
        }
    };
    let (access, trunk, native): (&[&str], &[&str], &[&str]) = match raw.vlans.style {
        VlanStyle::Switchport => (&["access"], &["allowed", "allowed_add"], &["native"]),
        VlanStyle::Membership => (&["untagged"], &["tagged"], &["untagged"]),
    };
    needs("access", can.access, &of_ports, access);
    needs("trunk", can.trunk, &of_ports, trunk);
    needs("native_on_trunk", can.native_on_trunk, &of_ports, native);
    needs("port_shut", can.port_shut, &of_ports, &["admin"]);
    needs("description", can.description, &of_ports, &["description"]);
    needs("mtu", can.mtu, &of_ports, &["mtu"]);
    needs("stp_edge", can.stp_edge, &of_ports, &["stp_edge"]);
    needs("bpdu_guard", can.bpdu_guard, &of_ports, &["bpdu_guard"]);
    if let Some(lag) = &can.lag {
        let of_lags = stated.by(&[Tells::Ports, Tells::Lags, Tells::LagNames]);
        let mode: &[&str] = &["lag_mode", "lacp_mode"];
        let default = |fact: &str| raw.vlans.defaults.contains_key(fact);
        needs("lag", true, &of_lags, &["lag", "members"]);
        needs("lag", !mode.iter().any(|fact| default(fact)), &of_lags, mode);
        needs("lag.rate", lag.rate, &of_lags, &["rate", "lacp_rate"]);
        needs("lag.min_links", lag.min_links, &of_lags, &["min_links"]);
        needs("lag.fallback", lag.fallback, &of_lags, &["fallback"]);
        needs("lag.across_pair", lag.across_pair, &of_lags, &["pair"]);
        needs("lag.mtu_on_lag", lag.mtu_on_lag, &stated.by(&[Tells::Lags]), &["mtu"]);
    }
    let of_vlans = stated.by(&[Tells::Vlans]);
    let explicit = can.vlan_database == VlanDatabase::Explicit;
    needs("vlan_database", explicit, &of_vlans, &["exists", "vlan_name"]);
    needs("vxlan", can.vxlan, &of_vlans, &["vni"]);
    if can.lag.is_some() {
        let mut lags = raw.read.iter().filter(|read| read.tells == Tells::Lags);
        let all_at_once = lags.any(|read| read.each == Each::Once);
        if !stated.has(Tells::LagNames) && !all_at_once {
            let what = "has nothing that tells all `lag_names`, by which a free one is found";
            problems.push(Problem::new("read", what));
        }
    }
}
