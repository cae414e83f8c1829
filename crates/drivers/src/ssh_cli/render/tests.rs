use std::{collections::BTreeMap, sync::LazyLock};

use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, PortConfig, PortName, Vlan, VlanMode,
    VlanSet,
};
use proptest::prelude::*;
use rstest::rstest;
use switch::{DeviceError, LagState, PortState, VlanState, plan};

use super::*;
use crate::ssh_cli::profile::schema::RawProfile;

/// A system of no vendor, with one template for each kind of change.
const PROFILE: &str = include_str!("tests/profile.toml");

fn renderer_of(text: &str) -> Result<Renderer, Vec<Problem>> {
    let raw: RawProfile = toml::from_str(text).unwrap();
    let mut problems = Vec::new();
    Renderer::compile(&raw, &mut problems).ok_or(problems)
}

fn renderer() -> Renderer {
    renderer_of(PROFILE).unwrap()
}

/// The profile with another template.
fn with(kind: &str, template: &str) -> Renderer {
    let mut raw: RawProfile = toml::from_str(PROFILE).unwrap();
    let place = match kind {
        "set_vlans" => &mut raw.render.set_vlans,
        "set_description" => &mut raw.render.set_description,
        other => panic!("{other}"),
    };
    *place = Some(template.to_owned());
    Renderer::compile(&raw, &mut Vec::new()).unwrap()
}

fn options() -> BTreeMap<String, String> {
    BTreeMap::from([("asn".to_owned(), "65001".to_owned())])
}

fn port(name: &str) -> PortName {
    name.parse().unwrap()
}

fn lag(name: &str) -> LagName {
    name.parse().unwrap()
}

fn vlan(id: u16) -> Vlan {
    Vlan::new(id).unwrap()
}

fn set(text: &str) -> VlanSet {
    text.parse().unwrap()
}

fn trunk(native: Option<u16>, allowed: &str) -> VlanMode {
    VlanMode::trunk(native.map(vlan), &set(allowed))
}

fn single(config: PortConfig) -> Slice {
    let state = PortState { config, ..PortState::default() };
    Slice { ports: BTreeMap::from([(port("eth1"), state)]), ..Slice::default() }
}

fn carrying(vlans: VlanMode) -> Slice {
    single(PortConfig::with_vlans(vlans))
}

fn rendered(
    renderer: &Renderer,
    before: &Slice,
    after: &Slice,
) -> Result<Vec<String>, RenderError> {
    let work = Work { changes: plan(before, after), before: before.clone() };
    let options = options();
    let blocks = renderer.work(&work, &Context { options: &options })?;
    Ok(blocks_to_lines(&blocks))
}

fn check(before: &Slice, after: &Slice, want: &[&str]) {
    assert_eq!(rendered(&renderer(), before, after).unwrap(), want);
}

#[rstest]
#[case::access(VlanMode::Closed, VlanMode::access(vlan(10)), &["port eth1", "   access 10"])]
#[case::trunk(
    VlanMode::access(vlan(1)),
    trunk(Some(10), "20,30-32"),
    &["port eth1", "   no access 1", "   native 10", "   tagged + 20,30-32"]
)]
// Three steps of the plan, each with what is there when its lines take effect.
#[case::steps(
    trunk(Some(10), "20,30-32"),
    trunk(Some(11), "20,40"),
    &["port eth1", "   tagged - 30-32", "   native 11", "   tagged + 40"]
)]
// A VLAN that stays, but tagged, goes and comes.
#[case::from_untagged_to_tagged(
    trunk(Some(10), "20"),
    trunk(None, "10,20"),
    &["port eth1", "   no native 10", "   tagged + 10"]
)]
#[case::closed(trunk(None, "20"), VlanMode::Closed, &["port eth1", "   nothing"])]
#[case::restored(
    VlanMode::Closed,
    VlanMode::Other { text: "odd one\nodd two".to_owned() },
    &["port eth1", "   odd one", "   odd two"]
)]
fn vlans_of_a_port(#[case] from: VlanMode, #[case] to: VlanMode, #[case] want: &[&str]) {
    check(&carrying(from), &carrying(to), want);
}

#[test]
fn values_and_none() {
    let text = |text: &str| PortConfig { description: Some(text.into()), ..PortConfig::default() };
    let bare = single(PortConfig::default());
    check(&bare, &single(text("node 1")), &["port eth1", "   description node 1"]);
    check(&single(text("node 1")), &bare, &["port eth1", "   no description"]);
    let mtu = PortConfig { mtu: Some("9000".parse().unwrap()), ..PortConfig::default() };
    check(&bare, &single(mtu), &["port eth1", "   mtu 9022"]);
    let admin = |admin| single(PortConfig { admin: Some(admin), ..PortConfig::default() });
    check(&admin(AdminState::Up), &admin(AdminState::Down), &["port eth1", "   shut"]);
}

#[test]
fn a_lag_with_its_members_and_their_state_at_each_step() {
    let before = carrying(VlanMode::access(vlan(1)));
    let settings = LagSettings {
        rate: Some(LacpRate::Fast),
        pair: Some(7),
        ..LagSettings::new(LagMode::Active)
    };
    let state = LagState {
        settings,
        members: [port("eth1")].into(),
        config: PortConfig::with_vlans(VlanMode::access(vlan(10))),
        extra: None,
    };
    let member = PortState { config: PortConfig::default(), lag: Some(lag("lag7")), extra: None };
    let after = Slice {
        ports: BTreeMap::from([(port("eth1"), member)]),
        lags: BTreeMap::from([(lag("lag7"), state)]),
        ..Slice::default()
    };
    check(
        &before,
        &after,
        &[
            "lag 7 active fast pair 7",
            "   access 10",
            "port eth1",
            "   no access 1",
            "   lag 7 active first",
        ],
    );
    check(&after, &before, &["port eth1", "   no lag last", "   access 1", "no lag 7"]);
}

#[test]
fn vlans_and_vnis_see_the_name_and_the_options() {
    let with = |name: Option<&str>, vni: Option<u32>| {
        let state = VlanState {
            name: name.map(str::to_owned),
            vni: vni.map(|vni| model::Vni::new(vni).unwrap()),
        };
        Slice { vlans: BTreeMap::from([(vlan(100), state)]), ..Slice::default() }
    };
    check(
        &Slice::default(),
        &with(Some("blue"), Some(10_100)),
        &["vlan 100 name blue", "vni 10100 vlan 100 name blue asn 65001"],
    );
    check(&with(None, None), &Slice::default(), &["no vlan 100"]);
}

#[rstest]
#[case::none(
    "x {{ to.untagged }}",
    "none is printed where a text is needed (line 1 of the template)"
)]
#[case::list(
    "x {{ to.tagged }}",
    "sequence is printed where a text is needed (line 1 of the template)"
)]
#[case::undefined(
    "x\n{{ state.nothing }}",
    "`state.nothing` is undefined (line 2 of the template)"
)]
#[case::endless(
    "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    "it takes too many steps"
)]
#[case::includes(r#"{% include "render.set_mtu" %}{{ 1 / 0 }}"#, "")]
fn a_template_that_fails_sends_nothing(#[case] template: &str, #[case] want: &str) {
    let renderer = with("set_vlans", template);
    let (from, to) = (carrying(VlanMode::access(vlan(1))), carrying(VlanMode::Closed));
    let error = rendered(&renderer, &from, &to).unwrap_err();
    let RenderError::Template { at, why } = &error else { panic!("{error:?}") };
    assert_eq!(at, "render.set_vlans");
    assert!(why.starts_with(want), "{why}");
    assert!(matches!(DeviceError::from(error), DeviceError::Unsupported { .. }));
}

#[test]
fn a_template_can_refuse_and_can_be_silent() {
    let (from, to) = (carrying(VlanMode::access(vlan(1))), carrying(VlanMode::Closed));
    let refuses = with("set_vlans", "{{ refuse('no port is closed here') }}");
    let error = rendered(&refuses, &from, &to).unwrap_err();
    assert_eq!(error.to_string(), "no port is closed here");
    let silent = with("set_vlans", "{% if false %}x{% endif %}");
    assert_eq!(rendered(&silent, &from, &to), Ok(Vec::new()));
}

#[rstest]
#[case("render.set_mtu", "{{ vlan }}", "uses `vlan`, which is not there (what is there: from, ")]
#[case("render.set_mtu", "{{ options.nope }}", "uses the option `nope`, which `options` does not")]
#[case("render.set_mtu", "{% if %}", "is no template: ")]
#[case("render.set_mtu", "{{ to | nope }}", "is no template: ")]
fn what_is_wrong_with_a_template_is_known_before(
    #[case] at: &str,
    #[case] template: &str,
    #[case] want: &str,
) {
    let mut raw: RawProfile = toml::from_str(PROFILE).unwrap();
    raw.render.set_mtu = Some(template.to_owned());
    let mut problems = Vec::new();
    let compiled = Renderer::compile(&raw, &mut problems);
    // An unknown filter is found when it is reached.
    if template.contains("nope }}") && problems.is_empty() {
        assert!(compiled.is_some());
        return;
    }
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].at == at && problems[0].what.starts_with(want), "{}", problems[0]);
}

#[test]
fn names_and_texts_that_the_system_does_not_have_are_refused() {
    let state = |name: &str, vlans| {
        let state = PortState { config: PortConfig::with_vlans(vlans), ..PortState::default() };
        Slice { ports: BTreeMap::from([(port(name), state)]), ..Slice::default() }
    };
    let change = |name: &str| {
        let (from, to) = (VlanMode::access(vlan(1)), VlanMode::access(vlan(2)));
        rendered(&renderer(), &state(name, from), &state(name, to))
    };
    assert!(change("eth1").is_ok());
    assert_eq!(change("mgmt0").unwrap_err().to_string(), "`mgmt0` is no name of a port here");
    assert_eq!(change("lag7").unwrap_err().to_string(), "`lag7` is no name of a port here");
    let text = |text: &str| {
        let config = PortConfig { description: Some(text.into()), ..PortConfig::default() };
        rendered(&renderer(), &single(PortConfig::default()), &single(config))
    };
    assert_eq!(
        text("a;b").unwrap_err().to_string(),
        "the description `a;b` is not like `[^;]*`, which is what the system takes"
    );
    assert_eq!(
        text("a\nshut").unwrap_err().to_string(),
        "description holds the control character `\\n`"
    );
}

#[test]
fn one_command_of_all_lines() {
    let joined = PROFILE.replace(
        "[render]",
        "[configure]\njoin = { first = \"ctl\", between = \" -- \" }\n[render]",
    );
    let renderer = renderer_of(&joined).unwrap();
    let lines = rendered(&renderer, &Slice::default(), &Slice::default()).unwrap();
    assert_eq!(lines, Vec::<String>::new());
    let with = |id: u16| (vlan(id), VlanState::default());
    let after = Slice { vlans: [with(5), with(6)].into(), ..Slice::default() };
    let lines = rendered(&renderer, &Slice::default(), &after).unwrap();
    assert_eq!(lines, ["ctl vlan 5 -- vlan 6"]);
}

#[rstest]
#[case("{{ [10, 20, 21, 22] | vlans }}", "10,20-22")]
#[case("{{ [22, 10, 21, 20, 20] | vlans }}", "10,20-22")]
#[case("{{ [10, 11] | vlans }}", "10-11")]
#[case("{{ [] | vlans }}x", "x")]
#[case("{{ [1, 2, 4] | vlans(separator=' ', range=' to ') }}", "1 to 2 4")]
#[case("{{ [1, 2, 4] | vlans(range='') }}", "1,2,4")]
#[case("{{ [1, 3, 5, 7] | vlan_lines(3) | join(';') }}", "1,3;5,7")]
#[case("{{ [1, 3, 5, 7] | vlan_lines(6) | join(';') }}", "1,3,5;7")]
#[case("{{ \"it's\" | quoted }}", r"'it'\''s'")]
#[case("{{ 5 | quoted }}", "'5'")]
#[case("{{ 'a b' | dquoted }}", "\"a b\"")]
#[case("{{ {'a': [1, none]} | tojson }}", r#"{"a": [1, null]}"#)]
fn filters(#[case] template: &str, #[case] want: &str) {
    let mut templates = Templates::new(&Default::default());
    let mut problems = Vec::new();
    templates.add("x", template, &[], &[], &mut problems);
    assert_eq!(problems, []);
    assert_eq!(templates.line("x", &Scene::new()).unwrap().as_deref(), Some(want));
}

#[rstest]
#[case("{{ 'x' | vlans }}", "x` fails: a list of VLANs is expected")]
#[case("{{ [70000] | vlans }}", "a list of VLANs is expected")]
#[case("{{ [1] | vlans(sep=' ') }}", "unknown keyword argument")]
#[case("{{ [1234] | vlan_lines(3) }}", "`1234` is longer than 3 characters")]
#[case("{{ none | quoted }}", "a text is expected, not none")]
#[case("{{ 'a\"b' | dquoted }}", "cannot be quoted")]
fn filters_refuse(#[case] template: &str, #[case] want: &str) {
    let mut templates = Templates::new(&Default::default());
    templates.add("x", template, &[], &[], &mut Vec::new());
    let error = templates.line("x", &Scene::new()).unwrap_err().to_string();
    assert!(error.contains(want), "{error}");
}

/// What a caller may ask for as a description, and more.
fn descriptions() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,200}", "\\PC{0,40}", any::<String>()]
}

proptest! {
    #[test]
    fn a_description_adds_no_command(text in descriptions()) {
        static RENDERER: LazyLock<Renderer> = LazyLock::new(|| {
            with("set_description", "port {{ port }}\n  description {{ to }}")
        });
        let to = PortConfig { description: Some(text.clone()), ..PortConfig::default() };
        let work = rendered(&RENDERER, &single(PortConfig::default()), &single(to));
        let allowed = PortConfig::check_description(&text).is_ok() && !text.contains(';');
        match work {
            Ok(lines) => {
                prop_assert_eq!(lines.len(), 2);
                prop_assert!(lines.iter().all(|line| !line.chars().any(char::is_control)));
                let want = format!("   description {text}");
                prop_assert_eq!(lines[1].as_str(), want.trim_end_matches(' '));
            }
            Err(_) => prop_assert!(!allowed),
        }
    }

    #[test]
    fn a_name_adds_no_command(text in "[ -~\n\r\t]{1,30}") {
        let Ok(name) = text.parse::<PortName>() else { return Ok(()) };
        let state = |id| {
            let config = PortConfig::with_vlans(VlanMode::access(vlan(id)));
            let state = PortState { config, ..PortState::default() };
            Slice { ports: BTreeMap::from([(name.clone(), state)]), ..Slice::default() }
        };
        static RENDERER: LazyLock<Renderer> = LazyLock::new(renderer);
        if let Ok(lines) = rendered(&RENDERER, &state(1), &state(2)) {
            prop_assert_eq!(lines.len(), 3);
            prop_assert_eq!(&lines[0], &format!("port {name}"));
        }
    }

    #[test]
    fn a_list_of_vlans_says_the_set(ids in prop::collection::btree_set(1_u16..=4094, 0..200)) {
        let set: VlanSet = ids.iter().map(|id| vlan(*id)).collect();
        let (from, to) = (VlanMode::Closed, VlanMode::trunk(None, &set));
        static RENDERER: LazyLock<Renderer> =
            LazyLock::new(|| with("set_vlans", "x {{ to.tagged | vlans }}"));
        let lines = rendered(&RENDERER, &carrying(from), &carrying(to)).unwrap();
        let text = lines[0].strip_prefix('x').unwrap().trim_start();
        prop_assert_eq!(text, set.to_string());
        prop_assert_eq!(text.parse::<VlanSet>().unwrap(), set);
    }

    #[test]
    fn short_lists_say_the_set_together(
        ids in prop::collection::btree_set(1_u16..=4094, 1..100),
        most in 9_usize..60,
    ) {
        let set: VlanSet = ids.iter().map(|id| vlan(*id)).collect();
        let template = format!("{{{{ list | vlan_lines({most}) | join('\n') }}}}");
        let mut templates = Templates::new(&Default::default());
        templates.add("x", &template, &["list"], &[], &mut Vec::new());
        let list = set.iter().map(|vlan| minijinja::Value::from(vlan.get())).collect();
        let text = templates.text("x", &Scene::from([("list", list)])).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        prop_assert!(lines.iter().all(|line| line.len() <= most));
        prop_assert_eq!(lines.join(",").parse::<VlanSet>().unwrap(), set);
    }
}
