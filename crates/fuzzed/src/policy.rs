//! A policy file: what is read never allows what its protected entries name, nor a caller that no
//! rule could mean; and reading it twice gives the same.

use model::{PortName, SwitchName, VlanSet};
use switch::policy::{Ask, Policy, Verb};

pub(crate) fn input(text: &str) {
    let Ok(policy) = Policy::parse(text) else { return };
    assert_eq!(Policy::parse(text).expect("read before"), policy);
    let switch: SwitchName = "leaf-01".parse().expect("a name");
    let port: PortName = "swp1".parse().expect("a name");
    for verb in Verb::ALL {
        for vlans in [VlanSet::empty(), "100".parse().expect("a set"), VlanSet::all()] {
            let ask = Ask {
                caller: "ironic",
                verb,
                switch: &switch,
                port: Some(&port),
                vlans: &vlans,
                vnis: &[],
            };
            let allowed = policy.decide(&ask).is_allowed();
            assert!(!allowed || policy.rule_names().next().is_some(), "allowed by no rule");
            assert!(!allowed || policy.permits_any("ironic", verb, &switch), "{verb} contradicts");
            let nobody = Ask { caller: "", ..ask };
            let stars = text.contains('*');
            assert!(stars || !policy.decide(&nobody).is_allowed(), "a caller without a name");
        }
    }
}
