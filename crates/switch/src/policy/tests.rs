use std::time::Instant;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const EXAMPLE: &str = r#"
version = 1

[[protected]]
name = "uplinks"
switches = ["leaf-*"]
ports = ["isl0", "swp[49-52]"]
reason = "inter-switch links"

[[protected]]
name = "spines"
switches = "spine-*"
ports = "*"

[[rule]]
name = "rack-12"
callers = ["ironic", "cli-*"]
verbs = ["attach", "detach", "update", "read"]
switches = ["leaf-0[1-2]"]
ports = ["swp[1-48]", "Ethernet1/[1-48]"]
vlans = "100-199"
vnis = "10000-10999"

[[rule]]
name = "rack-13"
callers = ["ironic"]
verbs = ["attach", "detach"]
switches = ["leaf-03"]
ports = ["swp[1-48]"]
vlans = [300, "310-319"]

[[rule]]
name = "watch"
callers = ["monitor", "ironic"]
verbs = ["read"]
switches = ["*"]
ports = ["*"]
vlans = "1-4094"

[[rule]]
name = "networks"
callers = ["neutron"]
verbs = ["add_network", "delete_network", "flush"]
switches = ["leaf-*", "spine-*"]
vlans = "100-199"

[[rule]]
name = "nothing"
callers = ["idle"]
verbs = []
switches = []

[[rule]]
name = "admin"
callers = ["root"]
verbs = "*"
switches = ["*"]
ports = ["*"]
vlans = "1-4094"
vnis = "1-16777215"
"#;

fn decide(policy: &Policy, ask: &str) -> String {
    let mut words = ask.split_whitespace();
    let mut word = || words.next().filter(|word| *word != "-");
    let caller = word().unwrap();
    let verb = word().unwrap().parse().unwrap();
    let switch = word().unwrap().parse().unwrap();
    let port = word().map(|port| port.parse().unwrap());
    let vlans = word().unwrap_or("").parse().unwrap();
    let vnis: Vec<Vni> = word()
        .map(|vnis| vnis.split(',').map(|vni| vni.parse().unwrap()).collect())
        .unwrap_or_default();
    let decision = policy.decide(&Ask {
        caller,
        verb,
        switch: &switch,
        port: port.as_ref(),
        vlans: &vlans,
        vnis: &vnis,
    });
    match decision {
        Decision::Allowed { rule } => format!("allowed by {rule}"),
        Decision::Refused(refusal) => {
            if let Some(rule) = &refusal.rule {
                assert!(refusal.reason.contains(&format!("`{rule}`")));
            }
            refusal.to_string()
        }
    }
}

#[rstest]
// caller verb switch port VLANs VNIs
#[case("ironic attach leaf-01 swp4 100", "allowed by rack-12")]
#[case("ironic attach leaf-02 Ethernet1/48 100,150-199", "allowed by rack-12")]
#[case("cli-ann attach leaf-01 swp4 100 10000,10999", "allowed by rack-12")]
#[case("cli-ann detach leaf-01 swp4", "allowed by rack-12")]
#[case("ironic attach leaf-03 swp4 300,315", "allowed by rack-13")]
#[case("ironic read leaf-03 swp4 300", "allowed by watch")]
#[case("ironic read leaf-01 swp4 100", "allowed by rack-12")]
#[case("monitor read spine-01", "allowed by watch")]
#[case("monitor read leaf-01 swp49 7", "allowed by watch")]
#[case("neutron add_network leaf-09 - 100", "allowed by networks")]
#[case("neutron flush leaf-09", "allowed by networks")]
#[case("root attach leaf-01 swp4 4094 16777215", "allowed by admin")]
#[case("ironic attach leaf-01 swp4 300", "VLAN 300 is not in rule `rack-12` (allowed: 100-199)")]
#[case(
    "ironic attach leaf-01 swp4 100,300,302-303",
    "VLANs 300,302-303 are not in rule `rack-12` (allowed: 100-199)"
)]
#[case(
    "ironic attach leaf-03 swp4 100,300",
    "VLAN 100 is not in rule `rack-13` (allowed: 300,310-319)"
)]
#[case(
    "ironic attach leaf-01 swp4 100 9999",
    "VNI 9999 is not in rule `rack-12` (allowed: 10000-10999)"
)]
#[case(
    "ironic attach leaf-01 swp4 100 1,10000,2",
    "VNIs 1,2 are not in rule `rack-12` (allowed: 10000-10999)"
)]
#[case(
    "ironic attach leaf-03 swp4 300 10000",
    "VNI 10000 is not in rule `rack-13` (allowed: none)"
)]
#[case(
    "ironic attach leaf-01 swp53 100",
    "port `swp53` is not in rule `rack-12` (allowed: swp[1-48], Ethernet1/[1-48])"
)]
#[case(
    "ironic attach leaf-01 Swp4 100",
    "port `Swp4` is not in rule `rack-12` (allowed: swp[1-48], Ethernet1/[1-48])"
)]
#[case(
    "ironic attach leaf-09 swp4 100",
    "switch `leaf-09` is not in rule `rack-12` (allowed: leaf-0[1-2])"
)]
#[case(
    "ironic attach leaf-09 swp4 300",
    "switch `leaf-09` is not in rule `rack-13` (allowed: leaf-03)"
)]
#[case(
    "ironic flush leaf-01",
    "verb `flush` is not in rule `rack-12` (allowed: read, attach, detach, update)"
)]
#[case(
    "ironic update leaf-03 swp4 300",
    "switch `leaf-03` is not in rule `rack-12` (allowed: leaf-0[1-2])"
)]
#[case("monitor attach leaf-01 swp4 100", "verb `attach` is not in rule `watch` (allowed: read)")]
#[case("monitor read leaf-01 swp4 100 10000", "VNI 10000 is not in rule `watch` (allowed: none)")]
#[case("idle read leaf-01 swp4", "verb `read` is not in rule `nothing` (allowed: none)")]
#[case("bob attach leaf-01 swp4 100", "no rule lets `bob` do anything")]
#[case("Ironic attach leaf-01 swp4 100", "no rule lets `Ironic` do anything")]
#[case("cli attach leaf-01 swp4 100", "no rule lets `cli` do anything")]
#[case(
    "ironic attach leaf-01 swp49 100",
    "port `swp49` is protected by `uplinks` (inter-switch links)"
)]
#[case("root detach leaf-77 isl0", "port `isl0` is protected by `uplinks` (inter-switch links)")]
#[case("bob update leaf-01 isl0", "port `isl0` is protected by `uplinks` (inter-switch links)")]
#[case("root attach spine-01 swp1 100", "port `swp1` is protected by `spines`")]
#[case("neutron add_network spine-01 - 100", "switch `spine-01` is protected by `spines`")]
#[case("root flush spine-01", "switch `spine-01` is protected by `spines`")]
#[case("root attach leaf-01", "verb `attach` is allowed on ports only, and none is named")]
#[case(
    "neutron add_network leaf-01 swp1 100",
    "port `swp1` is not in rule `networks` (allowed: none)"
)]
fn decisions(#[case] ask: &str, #[case] want: &str) {
    assert_eq!(decide(&Policy::parse(EXAMPLE).unwrap(), ask), want);
}

#[rstest]
#[case("ironic", "attach", "leaf-01", true)]
#[case("ironic", "attach", "leaf-09", false)]
#[case("ironic", "read", "leaf-09", true)]
#[case("bob", "read", "leaf-09", false)]
#[case("root", "attach", "spine-01", false)]
#[case("root", "read", "spine-01", true)]
#[case("neutron", "flush", "leaf-01", true)]
#[case("neutron", "attach", "leaf-01", false)]
#[case("idle", "read", "leaf-01", false)]
fn lists_are_filtered(
    #[case] caller: &str,
    #[case] verb: &str,
    #[case] switch: &str,
    #[case] want: bool,
) {
    let policy = Policy::parse(EXAMPLE).unwrap();
    let permitted = policy.permits_any(caller, verb.parse().unwrap(), &switch.parse().unwrap());
    assert_eq!(permitted, want);
}

#[rstest]
#[case("", "line 1, column 1: `version` is missing; this is version 1: `version = 1`")]
#[case("version = 2", "line 1, column 11: `version` must be 1")]
#[case(
    "version = 1\nrules = []",
    "line 2, column 1: the policy has an unknown key `rules`; did you mean `rule`? (known: version, protected, rule)"
)]
#[case(
    "version = 1\nrule = 3",
    "line 2, column 8: `rule` is of type integer; write each entry as `[[rule]]`"
)]
#[case(
    "version = 1\nrule = [3]",
    "line 2, column 9: rule number 1 is of type integer, not a table"
)]
#[case(
    "version = 1\n[[rule]]\nname = \"a\"\ncallers = [\"x\"]\nverbs = \"*\"\nswitches = \"*\"\nvlan = 100\n",
    "line 7, column 1: rule `a` has an unknown key `vlan`; did you mean `vlans`? (known: name, callers, verbs, switches, ports, vlans, vnis)"
)]
#[case(
    "version = 1\n[[rule]]\n",
    "line 2, column 1: rule number 1 has no `callers`\n\
     line 2, column 1: rule number 1 has no `name`\n\
     line 2, column 1: rule number 1 has no `switches`\n\
     line 2, column 1: rule number 1 has no `verbs`"
)]
#[case(
    "version = 1\n[[rule]]\nname = \"a b\"\ncallers = 7\nverbs = [\"atach\", 1]\nswitches = [\"leaf-[1\"]\nvlans = \"0-5\"\nvnis = \"x\"\nports = [[]]\n",
    "line 3, column 8: rule number 1: name `a b` holds more than letters, digits and `._-`\n\
     line 4, column 11: `callers` of rule number 1 is of type integer; it must be a list of strings\n\
     line 5, column 10: `verbs` of rule number 1: verb `atach` is none of read, attach, detach, update, add_network, delete_network, flush; did you mean `attach`?\n\
     line 5, column 19: `verbs` of rule number 1 is of type integer; it must be a list of strings\n\
     line 6, column 13: `switches` of rule number 1: pattern `leaf-[1` holds a `[` without its `]`\n\
     line 7, column 9: `vlans` of rule number 1: VLAN set `0-5` is not like `100,200-210`: `0` is not an integer from 1 to 4094\n\
     line 8, column 8: `vnis` of rule number 1: VNI set `x` is not like `10000-10999,20000`: `x` is not an integer from 1 to 16777215\n\
     line 9, column 10: `ports` of rule number 1 is of type array; it must be a list of strings"
)]
#[case(
    "version = 1\n[[protected]]\nname = \"a\"\nswitches = []\nreason = \"\"\n",
    "line 2, column 1: protected `a` has no `ports`\n\
     line 4, column 12: `switches` of protected `a` is empty\n\
     line 5, column 10: `reason` of protected `a` must be one line of 1 to 200 characters"
)]
#[case(
    "version = 1\n[[protected]]\nname = \"a\"\nswitches = \"*\"\nports = \"*\"\n[[rule]]\nname = \"a\"\ncallers = []\nverbs = []\nswitches = []\n",
    "line 7, column 8: the name `a` is taken; a refusal must name one entry"
)]
#[case(
    "version = 1\nversion = 1\n[[rule\n",
    "line 2, column 1: duplicate key\n\
     line 3, column 7: unclosed array table, expected `]]`"
)]
fn problems(#[case] text: &str, #[case] want: &str) {
    assert_eq!(Policy::parse(text).unwrap_err().to_string(), want);
}

#[test]
fn limits() {
    let large = " ".repeat(Policy::MAX_BYTES + 1);
    assert_eq!(Policy::parse(&large).unwrap_err(), PolicyError::TooLarge { bytes: large.len() });
    let many = format!("version = 1\n{}", "[[rule]]\n".repeat(Policy::MAX_RULES + 1));
    assert_eq!(
        Policy::parse(&many).unwrap_err().to_string(),
        "line 2, column 1: there are 10001 `[[rule]]` entries; at most 10000 are read"
    );
    let PolicyError::Invalid(problems) =
        Policy::parse(&many.replace("[[rule]]\n", "a = 1\n")).unwrap_err()
    else {
        panic!("not invalid");
    };
    assert_eq!(problems.len(), 101);
}

#[test]
fn a_long_list_is_cut_in_a_refusal() {
    let ports: Vec<String> = (0..200).map(|n| format!("\"Ethernet1/{n}\"")).collect();
    let text = format!(
        "version = 1\n[[rule]]\nname = \"r\"\ncallers = \"*\"\nverbs = \"*\"\nswitches = \"*\"\nports = [{}]\n",
        ports.join(",")
    );
    let reason = decide(&Policy::parse(&text).unwrap(), "x attach leaf swp1");
    assert!(
        reason.starts_with("port `swp1` is not in rule `r` (allowed: Ethernet1/0, Ethernet1/1")
    );
    assert!(reason.ends_with("…)"));
    assert!(reason.chars().count() < 300);
}

#[test]
fn ten_thousand_rules_are_decided_quickly() {
    let rules: String = (0..Policy::MAX_RULES)
        .map(|n| {
            format!(
                "[[rule]]\nname=\"r{n}\"\ncallers=\"c-*\"\nverbs=\"*\"\nswitches=\"l{n}-[1-2]\"\nports=\"s[1-9]\"\n"
            )
        })
        .collect();
    let policy = Policy::parse(&format!("version = 1\n{rules}")).unwrap();
    let start = Instant::now();
    let decisions: Vec<String> =
        (0..20).map(|_| decide(&policy, "c-1 attach l9999-2 s9")).collect();
    assert!(decisions.iter().all(|decision| decision == "allowed by r9999"));
    let each = start.elapsed() / 20;
    assert!(each.as_millis() < 200, "a decision took {each:?} without optimisation");
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        "[ab]{1,2}",
        "[ab][*?]",
        (1_u8..6, 0_u8..6).prop_map(|(first, more)| format!("p[{first}-{}]", first + more)),
    ]
}

fn patterns() -> impl Strategy<Value = Patterns> {
    prop::collection::vec(pattern(), 0..3).prop_map(|texts| {
        Patterns(texts.iter().map(|text| pattern::Pattern::new(text).unwrap()).collect())
    })
}

fn vlans() -> impl Strategy<Value = VlanSet> {
    prop::collection::vec(1_u16..20, 0..4)
        .prop_map(|ids| ids.into_iter().map(|id| model::Vlan::new(id).unwrap()).collect())
}

fn vnis() -> impl Strategy<Value = Vec<Vni>> {
    prop::collection::vec(1_u32..20, 0..3)
        .prop_map(|ids| ids.into_iter().map(|id| Vni::new(id).unwrap()).collect())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,2}", (1_u8..12).prop_map(|n| format!("p{n}"))]
}

prop_compose! {
    fn rule()(
        callers in patterns(), verbs in any::<u8>(), switches in patterns(), ports in patterns(),
        vlans in vlans(), vnis in vnis(),
    ) -> Rule {
        let name = "r".into();
        Rule { name, callers, verbs: Verbs(verbs), switches, ports, vlans, vnis: vnis.into_iter().collect() }
    }
}

prop_compose! {
    fn entry()(switches in patterns(), ports in patterns()) -> Protected {
        Protected { name: "p".into(), switches, ports, reason: None }
    }
}

prop_compose! {
    fn policy()(
        protected in prop::collection::vec(entry(), 0..3),
        rules in prop::collection::vec(rule(), 0..5),
    ) -> Policy {
        Policy { protected, rules }
    }
}

#[derive(Debug)]
struct Question {
    caller: String,
    verb: Verb,
    switch: SwitchName,
    port: Option<PortName>,
    vlans: VlanSet,
    vnis: Vec<Vni>,
}

impl Question {
    fn ask(&self) -> Ask<'_> {
        Ask {
            caller: &self.caller,
            verb: self.verb,
            switch: &self.switch,
            port: self.port.as_ref(),
            vlans: &self.vlans,
            vnis: &self.vnis,
        }
    }
}

prop_compose! {
    fn question()(
        caller in name(), verb in prop::sample::select(Verb::ALL.to_vec()), switch in name(),
        port in prop::option::of(name()), vlans in vlans(), vnis in vnis(),
    ) -> Question {
        let (switch, port) = (switch.parse().unwrap(), port.map(|port| port.parse().unwrap()));
        Question { caller, verb, switch, port, vlans, vnis }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_default_policy_denies(question in question()) {
        prop_assert!(!Policy::default().decide(&question.ask()).is_allowed());
        let Question { caller, verb, switch, .. } = &question;
        prop_assert!(!Policy::default().permits_any(caller, *verb, switch));
    }

    #[test]
    fn removing_a_rule_never_allows_more(policy in policy(), question in question(), at: prop::sample::Index) {
        let mut less = policy.clone();
        if !less.rules.is_empty() {
            less.rules.remove(at.index(policy.rules.len()));
        }
        if less.decide(&question.ask()).is_allowed() {
            prop_assert!(policy.decide(&question.ask()).is_allowed());
        }
    }

    #[test]
    fn protecting_more_never_allows_more(policy in policy(), question in question(), entry in entry()) {
        let mut less = policy.clone();
        less.protected.push(entry);
        if less.decide(&question.ask()).is_allowed() {
            prop_assert!(policy.decide(&question.ask()).is_allowed());
        }
    }

    #[test]
    fn asking_for_less_is_never_refused_more(policy in policy(), question in question(), drop in 1_u16..20) {
        if policy.decide(&question.ask()).is_allowed() {
            let less = Question { vlans: question.vlans.without(model::Vlan::new(drop).unwrap()), ..question };
            prop_assert!(policy.decide(&less.ask()).is_allowed());
        }
    }

    #[test]
    fn what_is_allowed_is_covered_by_one_rule(policy in policy(), question in question()) {
        let ask = question.ask();
        let Question { caller, verb, switch, port, vlans, vnis } = &question;
        let covered = policy.rules.iter().any(|rule| {
            rule.callers.matches(caller)
                && rule.verbs.contains(*verb)
                && rule.switches.matches(switch.as_str())
                && port.as_ref().is_none_or(|port| rule.ports.matches(port.as_str()))
                && vlans.iter().all(|vlan| rule.vlans.contains(vlan))
                && vnis.iter().all(|vni| rule.vnis.contains(*vni))
        });
        let protected = policy.protected.iter().any(|entry| {
            entry.switches.matches(switch.as_str())
                && port.as_ref().is_some_and(|port| entry.ports.matches(port.as_str()))
        });
        let allowed = policy.decide(&ask).is_allowed();
        if allowed {
            prop_assert!(covered && (!verb.changes() || !protected));
            prop_assert!(policy.permits_any(caller, *verb, switch));
        } else if covered && !protected && port.is_some() {
            prop_assert!(false, "refused though a rule covers it: {:?}", policy.decide(&ask));
        }
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,200}") {
        let _ = Policy::parse(&text);
    }

    #[test]
    fn parsing_a_damaged_policy_never_panics(at in 0..EXAMPLE.len(), byte in any::<u8>()) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = Policy::parse(&String::from_utf8_lossy(&bytes));
    }
}
