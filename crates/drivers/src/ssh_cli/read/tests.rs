use std::collections::BTreeMap;

use model::{LagMode, LagName, PortName, Vlan};
use rstest::rstest;
use switch::{MatchKind, Observation, Query};

use super::*;

/// A profile of one reading, for what a test says differently.
fn profile(vlans: &str, reads: &str) -> RawProfile {
    let text = format!(
        r#"
        profile = 1
        name = "test"
        title = "A test"
        [ports]
        naming = "arista-eos"
        pattern = 'Ethernet\d+(/\d+)?'
        [lags]
        pattern = 'Port-Channel\d+'
        [capabilities]
        access = true
        trunk = true
        native_on_trunk = true
        hybrid = "as_trunk"
        closed = true
        port_shut = true
        description = true
        mtu = true
        stp_edge = true
        vlan_database = "explicit"
        [capabilities.lag]
        active = true
        static = true
        rate = true
        max_members = 8
        naming = {{ numbered = {{ prefix = "Port-Channel" }} }}
        [session]
        kind = "terminal"
        [vlans]
        {vlans}
        [render]
        {reads}
        "#
    );
    toml::from_str(&text).unwrap()
}

pub(super) fn reader(vlans: &str, reads: &str) -> Reader {
    let mut problems = Vec::new();
    let reader = Reader::compile(&profile(vlans, reads), &mut problems);
    reader.unwrap_or_else(|| panic!("{problems:?}"))
}

const RUNNING: &str = r#"
    [[read]]
    tells = "ports"
    command = "show running-config"
    shape = "indented"
    within = 'interface (?<port>\S+)'
    rules = [
      { match = 'switchport mode (?<mode>access|trunk)', set = { mode = "$mode" } },
      { match = 'no switchport', set = { mode = "routed" } },
      { match = 'switchport access vlan (?<v>\S+)', set = { access = "$v" } },
      { match = 'switchport trunk native vlan (?<v>\S+)', set = { native = "$v" } },
      { match = 'switchport trunk allowed vlan (?<v>[\d,-]+|none|all)', set = { allowed = "$v" } },
      { match = 'switchport trunk allowed vlan add (?<v>[\d,-]+)', set = { allowed_add = "$v" } },
      { match = 'switchport', set = {} },
      { match = 'description (?<text>.*)', set = { description = "$text" } },
      { match = 'mtu (?<mtu>\d+)', set = { mtu = "$mtu" } },
      { match = '(no )?shutdown', set = { admin = "down" } },
      { match = 'channel-group (?<lag>\d+) mode on', set = { lag = "$lag", lacp_mode = "static" } },
      { match = 'channel-group (?<lag>\d+) mode (?<m>\S+)', set = { lag = "$lag", lacp_mode = "$m" } },
    ]
"#;

const DEFAULTS: &str = r#"
    defaults = { mode = "access", access = "1", native = "1", allowed = "all", admin = "up" }
    relevant = ['\bvlan\b', 'switchport']
"#;

fn observe(reader: &Reader, query: &Query, answers: &[(&str, &str)]) -> Observation {
    let mut facts = Facts::default();
    let objects: Vec<Object> = (query.ports.iter().cloned().map(Object::Port))
        .chain(query.lags.iter().cloned().map(Object::Lag))
        .chain(query.vlans.iter().copied().map(Object::Vlan))
        .collect();
    let kinds = [Tells::Ports, Tells::Lags, Tells::Vlans, Tells::Status];
    for asked in reader.asks(&kinds, &objects, &BTreeMap::new()).unwrap() {
        let answer = answers.iter().find(|(command, _)| *command == asked.command);
        let (_, text) = answer.unwrap_or_else(|| panic!("`{}` was asked", asked.command));
        reader.digest(&mut facts, &asked, text).unwrap();
    }
    reader.observation(&facts, query).unwrap()
}

fn ports(names: &[&str]) -> Query {
    let names: Vec<PortName> = names.iter().map(|name| name.parse().unwrap()).collect();
    Query::ports(&names)
}

fn lag(name: &str) -> LagName {
    name.parse().unwrap()
}

fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

#[rstest]
#[case("", "access 1")]
#[case("switchport access vlan 100", "access 100")]
#[case("switchport mode trunk", "trunk native 1 allowed 2-4094")]
#[case("switchport mode trunk\nswitchport trunk allowed vlan 10-20", "trunk allowed 10-20")]
#[case(
    "switchport mode trunk\nswitchport trunk native vlan 10\nswitchport trunk allowed vlan 10-12",
    "trunk native 10 allowed 11-12"
)]
#[case(
    "switchport mode trunk\nswitchport trunk allowed vlan 10\nswitchport trunk allowed vlan add 20,30",
    "trunk allowed 10,20,30"
)]
#[case("switchport mode trunk\nswitchport trunk allowed vlan none", "closed")]
#[case("switchport access vlan none", "closed")]
fn a_switchport(#[case] lines: &str, #[case] want: &str) {
    let indented: String = lines.lines().map(|line| format!("   {line}\n")).collect();
    let answer = format!("! Command: show\ninterface Ethernet1\n{indented}!\nend\n");
    let reader = reader(DEFAULTS, RUNNING);
    let seen = observe(&reader, &ports(&["Ethernet1"]), &[("show running-config", &answer)]);
    let config = &seen.slice.ports[&port("Ethernet1")].config;
    assert_eq!(config.vlans.as_ref().unwrap().to_string(), want);
    assert_eq!(config.admin, Some(model::AdminState::Up));
    assert_eq!(seen.status[&port("Ethernet1")].error, None);
}

#[rstest]
#[case("no switchport", "no switchport", Some("its mode is `routed`"))]
#[case("switchport mode dot1q-tunnel", "switchport mode dot1q-tunnel", None)]
#[case("switchport trunk allowed vlan except 5", "switchport trunk allowed vlan except 5", None)]
#[case("switchport access vlan 4095", "switchport access vlan 4095", Some("`4095` is no list"))]
#[case(
    "switchport access vlan 10\nswitchport access vlan 20",
    "switchport access vlan 10\nswitchport access vlan 20",
    Some("`access` is `10` and `20` at once")
)]
#[case(
    "switchport mode access\nencapsulation vlan\ndescription x",
    "switchport mode access\nencapsulation vlan",
    None
)]
fn what_is_not_understood_is_other(
    #[case] lines: &str,
    #[case] text: &str,
    #[case] why: Option<&str>,
) {
    let indented: String = lines.lines().map(|line| format!("   {line}\n")).collect();
    let reader = reader(DEFAULTS, RUNNING);
    let answer = format!("interface Ethernet1\n{indented}");
    let seen = observe(&reader, &ports(&["Ethernet1"]), &[("show running-config", &answer)]);
    let vlans = seen.slice.ports[&port("Ethernet1")].config.vlans.clone();
    assert_eq!(vlans, Some(model::VlanMode::Other { text: text.to_owned() }));
    let error = seen.status[&port("Ethernet1")].error.clone();
    match why {
        Some(why) => assert!(error.as_ref().unwrap().contains(why), "{error:?}"),
        None => assert_eq!(error, None),
    }
}

#[test]
fn a_port_that_nothing_is_said_about_is_not_there() {
    let reader = reader(DEFAULTS, RUNNING);
    let answer = "interface Ethernet1\ninterface Vlan100\n   switchport\ninterface Ethernet1.5\n";
    let query = ports(&["Ethernet1", "Ethernet2"]);
    let seen = observe(&reader, &query, &[("show running-config", answer)]);
    assert_eq!(seen.slice.ports.keys().map(PortName::as_str).collect::<Vec<_>>(), ["Ethernet1"]);
}

#[test]
fn a_lag_has_members_that_nobody_asked_about() {
    let reader = reader(DEFAULTS, RUNNING);
    let answer = "interface Port-Channel10\n   switchport access vlan 5\n   mtu 9000\n\
                  interface Ethernet1\n   channel-group 10 mode active\n   switchport access vlan 7\n\
                  interface Ethernet2\n   channel-group 10 mode active\n\
                  interface Ethernet3\n   channel-group 11 mode on\n";
    let seen = observe(&reader, &ports(&["Ethernet1"]), &[("show running-config", answer)]);
    let one = &seen.slice.ports[&port("Ethernet1")];
    assert_eq!((one.lag.clone(), one.config.vlans.clone()), (Some(lag("Port-Channel10")), None));
    let ten = &seen.slice.lags[&lag("Port-Channel10")];
    assert_eq!(ten.members, [port("Ethernet1"), port("Ethernet2")].into());
    assert_eq!(ten.settings.mode, LagMode::Active);
    assert_eq!(ten.config.vlans.as_ref().unwrap().to_string(), "access 5");
    // The MTU of a LAG is its members' on this system.
    assert_eq!(ten.config.mtu, None);
    assert_eq!(seen.slice.lags.len(), 1);

    let query = Query { lags: [lag("Port-Channel11")].into(), lag_names: true, ..Query::default() };
    let seen = observe(&reader, &query, &[("show running-config", answer)]);
    // Nothing but its member says that it is there.
    assert_eq!(seen.slice.lags[&lag("Port-Channel11")].settings.mode, LagMode::Static);
    assert_eq!(seen.lag_names, [lag("Port-Channel10"), lag("Port-Channel11")].into());
}

#[test]
fn a_lag_without_members_takes_the_first_mode_that_the_system_can() {
    let reader = reader(DEFAULTS, RUNNING);
    let query = Query { lags: [lag("Port-Channel10")].into(), ..Query::default() };
    let answers = [("show running-config", "interface Port-Channel10\n")];
    let seen = observe(&reader, &query, &answers);
    assert_eq!(seen.slice.lags[&lag("Port-Channel10")].settings.mode, LagMode::Active);
}

#[rstest]
#[case("   channel-group 10 mode active\n   channel-group 11 mode active\n", "`lag` of port")]
#[case("   channel-group 10 mode sometimes\n", "`lag_mode` of LAG `Port-Channel10`")]
fn memberships_that_make_no_sense_are_errors(#[case] lines: &str, #[case] want: &str) {
    let reader = reader(DEFAULTS, RUNNING);
    let mut facts = Facts::default();
    let asked = reader.asks(&[Tells::Ports], &[], &BTreeMap::new()).unwrap();
    let answer = format!("interface Ethernet1\n{lines}");
    reader.digest(&mut facts, &asked[0], &answer).unwrap();
    let error = reader.observation(&facts, &ports(&["Ethernet1"])).unwrap_err();
    assert!(error.to_string().starts_with(want), "{error}");
}

#[test]
fn a_line_may_be_known_to_another_reading_of_the_same_answer() {
    let more = format!(
        "{RUNNING}
        [[read]]
        tells = \"lags\"
        command = \"show running-config\"
        shape = \"indented\"
        within = 'interface (?<lag>Port-Channel\\d+)'
        rules = [{{ match = 'vlan mapping', set = {{ fallback = \"true\" }} }}]"
    );
    let reader = reader(DEFAULTS, &more);
    let query = Query { lags: [lag("Port-Channel10")].into(), ..Query::default() };
    let text = "interface Port-Channel10\n   switchport access vlan 5\n   vlan mapping\n";
    let seen = observe(&reader, &query, &[("show running-config", text)]);
    let ten = &seen.slice.lags[&lag("Port-Channel10")];
    assert_eq!(ten.config.vlans.as_ref().unwrap().to_string(), "access 5");
    assert_eq!(ten.settings.fallback, Some(true));
}

#[test]
fn one_command_is_asked_once() {
    let reader = reader(
        DEFAULTS,
        r#"
        [options.place]
        about = "A place"
        pattern = '.*'
        [[read]]
        tells = "ports"
        command = "show interface {{ port }} of {{ options.place }}"
        each = "port"
        shape = "lines"
        rules = []
        [[read]]
        tells = "status"
        command = "show interface {{ port }} of {{ options.place }}"
        each = "port"
        shape = "lines"
        rules = []
        [[read]]
        tells = "lags"
        command = "show lag {{ number }}"
        each = "lag"
        shape = "lines"
        rules = []
        "#,
    );
    let objects = [
        Object::Port(port("Ethernet1")),
        Object::Lag(lag("Port-Channel7")),
        Object::Port(port("Ethernet2")),
    ];
    let options = [("place".to_owned(), "rack".to_owned())].into();
    let kinds = [Tells::Ports, Tells::Status, Tells::Lags];
    let asked = reader.asks(&kinds, &objects, &options).unwrap();
    let commands: Vec<_> = asked.iter().map(|asked| asked.command.as_str()).collect();
    assert_eq!(
        commands,
        ["show interface Ethernet1 of rack", "show interface Ethernet2 of rack", "show lag 7"]
    );
    let error = reader.asks(&kinds, &objects, &BTreeMap::new()).unwrap_err();
    assert!(matches!(error, ReadError::Command(_)), "{error}");
}

#[rstest]
#[case("untagged=10", "access 10")]
#[case("tagged=10-12", "trunk allowed 10-12")]
#[case("untagged=10 tagged=10,20", "trunk native 10 allowed 20")]
#[case("untagged=10 mode=trunk", "trunk native 10")]
#[case("untagged=10 native=10", "access 10")]
#[case("untagged=0", "other")]
#[case("untagged=10 untagged=20", "other")]
#[case("untagged=10 native=20", "other")]
#[case("tagged=10 mode=access", "other")]
#[case("mode=routed", "other")]
#[case("mode=access", "closed")]
#[case("exists=yes", "closed")]
fn memberships(#[case] words: &str, #[case] want: &str) {
    let rules = "[[read]]\ntells = \"ports\"\ncommand = \"show\"\neach = \"port\"\nshape = \"lines\"\n\
                 rules = [";
    let facts = ["untagged", "tagged", "native", "mode", "exists"];
    let rules = facts.iter().fold(rules.to_owned(), |rules, fact| {
        rules + &format!("{{ match = '{fact}=(?<v>.*)', set = {{ {fact} = \"$v\" }} }},")
    });
    let vlans = "style = \"membership\"\ndefaults = { native = \"1\" }";
    let reader = reader(vlans, &format!("{rules}]"));
    let answer = words.replace(' ', "\n");
    let seen = observe(&reader, &ports(&["Ethernet1"]), &[("show", &answer)]);
    let vlans = seen.slice.ports[&port("Ethernet1")].config.vlans.clone().unwrap();
    match vlans {
        model::VlanMode::Other { .. } => assert_eq!(want, "other"),
        vlans => assert_eq!(vlans.to_string(), want),
    }
}

#[test]
fn a_native_vlan_may_count_by_itself() {
    let answer = "interface Ethernet1\n  switchport mode trunk\n  switchport trunk native vlan 5\n  \
                  switchport trunk allowed vlan 10\n";
    for (native, want) in [("listed", "trunk allowed 10"), ("implied", "trunk native 5 allowed 10")]
    {
        let reader = reader(&format!("native = \"{native}\"\n{DEFAULTS}"), RUNNING);
        let seen = observe(&reader, &ports(&["Ethernet1"]), &[("show running-config", answer)]);
        let vlans = seen.slice.ports[&port("Ethernet1")].config.vlans.clone();
        assert_eq!(vlans.unwrap().to_string(), want);
    }
}

#[test]
fn vlans_and_their_vnis() {
    let reader = reader(
        "",
        r#"
        [[read]]
        tells = "vlans"
        command = "show vlan"
        shape = "indented"
        within = 'vlan (?<vlan>[\d,-]+)'
        rules = [
          { match = 'name (?<name>.+)', set = { vlan_name = "$name" } },
          { match = 'vn-segment (?<vni>\d+)', set = { vni = "$vni" } },
        ]
        "#,
    );
    let vlan = |id| Vlan::new(id).unwrap();
    let query = Query { vlans: [10, 11, 12, 20].map(vlan).into(), ..Query::default() };
    let answer = "vlan 10-11\nvlan 20\n  name blue one\n  vn-segment 5000\nvlan 30\n";
    let seen = observe(&reader, &query, &[("show vlan", answer)]);
    let shown: Vec<_> = seen
        .slice
        .vlans
        .iter()
        .map(|(vlan, state)| (vlan.get(), state.name.as_deref(), state.vni.map(model::Vni::get)))
        .collect();
    assert_eq!(shown, [(10, None, None), (11, None, None), (20, Some("blue one"), Some(5000))]);
}

#[test]
fn json_by_names() {
    let reader = reader(
        "defaults = { native = \"1\" }",
        r#"
        [[read]]
        tells = "ports"
        command = "show json"
        shape = "json"
        keys = ["name"]
        rules = [
          { match = 'rows/(?<port>[^/]+)/mode = (?<mode>\w+)', set = { mode = "$mode" } },
          { match = 'rows/(?<port>[^/]+)/vlan = (?<v>.*)', set = { access = "$v" } },
          { match = 'rows/(?<port>[^/]+)/mtu = (?<v>.*)', set = { mtu = "$v" } },
          { match = 'rows/(?<port>[^/]+)/name = .*' },
        ]
        "#,
    );
    let answer = r#"{"rows": [{"name": "Ethernet1", "mode": "access", "vlan": 7, "mtu": 9000},
                              {"name": "Ethernet2", "mode": "access", "vlan": 8, "mtu": 12000},
                              {"name": "Ethernet3"}]}"#;
    let query = ports(&["Ethernet1", "Ethernet2", "Ethernet3"]);
    let seen = observe(&reader, &query, &[("show json", answer)]);
    let config = |name: &str| seen.slice.ports[&port(name)].config.clone();
    assert_eq!(config("Ethernet1").mtu.map(model::Mtu::get), Some(9000));
    // A value that means nothing is unknown, and is told.
    assert_eq!(config("Ethernet2").mtu, None);
    let error = seen.status[&port("Ethernet2")].error.clone();
    assert_eq!(error.as_deref(), Some("`mtu` is `12000`, which is no MTU from 68 to 9216"));
    // Nothing tells the mode of the third.
    assert_eq!(config("Ethernet3").vlans, None);
}

#[test]
fn names_neighbours_and_addresses() {
    let reader = reader(
        "",
        r#"
        [[read]]
        tells = "names"
        command = "names"
        shape = "lines"
        rules = [{ match = '(?<port>\S+) (?<alias>\S+) (?<index>\S+) (?<mac>\S+)',
                   set = { alias = "$alias", index = "$index", mac = "$mac" } }]
        [[read]]
        tells = "lldp"
        command = "lldp"
        shape = "lines"
        rules = [
          { match = '(?<port>\S+) chassis (?<x>\S+)', set = { chassis = "$x" } },
          { match = '(?<port>\S+) port (?<x>\S+)', set = { neighbor_port = "$x" } },
        ]
        [[read]]
        tells = "macs"
        command = "macs"
        shape = "lines"
        rules = [{ match = '(?<vlan>\d+) (?<mac>\S+) (?<port>\S+)', set = { mac = "$mac" } }]
        "#,
    );
    let read = |tells: Tells, answer: &str| {
        let mut facts = Facts::default();
        let asked = reader.asks(&[tells], &[], &BTreeMap::new()).unwrap();
        reader.digest(&mut facts, &asked[0], answer).unwrap();
        facts
    };
    let facts = read(Tells::Names, "Et1 uplink 5001 aabb.ccdd.ee01\nEt2 5001x 7 aabb.ccdd.ee02\n");
    let found = |text: &str| {
        let matches = reader.matches(&facts, text);
        matches.iter().map(|m| (m.port.to_string(), m.matched)).collect::<Vec<_>>()
    };
    assert_eq!(found("uplink"), [("Ethernet1".to_owned(), MatchKind::Alias)]);
    assert_eq!(found("5001"), [("Ethernet1".to_owned(), MatchKind::Index)]);
    assert_eq!(found("AA:BB:CC:DD:EE:02"), [("Ethernet2".to_owned(), MatchKind::Mac)]);
    assert_eq!(found("nothing"), []);

    let text =
        "Et1 chassis a\nEt1 port 1\nEt2 chassis c\nEt1 chassis b\nEt1 port 2\nmgmt0 port 9\n";
    let neighbors = reader.neighbors(&read(Tells::Lldp, text));
    let shown: Vec<_> = neighbors
        .iter()
        .map(|n| (n.port.as_str(), n.chassis.as_deref(), n.neighbor_port.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("Ethernet1", Some("a"), Some("1")),
            ("Ethernet2", Some("c"), None),
            ("Ethernet1", Some("b"), Some("2")),
        ]
    );

    let macs =
        reader.macs(&read(Tells::Macs, "10 aabb.ccdd.eeff Po7\nx\n20 00:11:22:33:44:55 CPU\n"));
    assert_eq!(macs.len(), 1);
    assert_eq!(macs[0].place, Object::Lag(lag("Port-Channel7")));
    assert_eq!(macs[0].vlan, Vlan::new(10).ok());
}

#[test]
fn all_problems_of_a_profile_are_told() {
    let raw = profile(
        "defaults = { acess = \"1\" }\nrelevant = ['(']",
        r#"
        [[read]]
        tells = "ports"
        command = "show {{ port"
        shape = "lines"
        within = 'interface'
        keys = ["name"]
        rules = [
          { match = '[', set = { mode = "access" } },
          { match = 'x (?<v>\d+)', set = { access = "$vlan", acess = "1" } },
        ]
        "#,
    );
    let mut problems = Vec::new();
    assert!(Reader::compile(&raw, &mut problems).is_none());
    let places: Vec<_> = problems.iter().map(|problem| problem.at.as_str()).collect();
    assert_eq!(
        places,
        [
            "read[0].within",
            "read[0].keys",
            "read[0].rules[0].match",
            "read[0].rules[1].set.access",
            "read[0].rules[1].set.acess",
            "read[0].command",
            "vlans.relevant[0]",
            "vlans.defaults.acess",
        ]
    );
    assert_eq!(problems.last().unwrap().what, "`acess` is no fact\nhint: is `access` meant?");
}
