//! What is rendered reads back as what it was rendered from.

use model::{LagMode, LagSettings, VlanSet};
use proptest::prelude::*;
use serde_json::json;
use switch::Query;

use super::super::parse::Picture;
use super::super::value::{Uuid, parse_row};
use super::*;

fn uuid(number: usize) -> Uuid {
    format!("00000000-0000-0000-0000-{number:012x}").parse().unwrap()
}

/// The rows that a switch would hold after this slice was written to it.
fn picture(slice: &Slice) -> Picture {
    let mut picture = Picture { bridge: Some((uuid(0), "br0".to_owned())), ..Picture::default() };
    let mut ids = BTreeMap::new();
    for (index, (name, state)) in slice.ports.iter().enumerate() {
        let id = uuid(100 + index);
        ids.insert(name.clone(), id);
        let mut row = parse_row(&json!({
            "name": name, "external_ids": ["map", []], "mtu_request": ["set", []],
        }))
        .unwrap();
        if let Some(text) = description(&state.config) {
            row.insert("external_ids".to_owned(), Value::map([(DESCRIPTION, text)]));
        }
        let mtu = state.config.mtu.map(|mtu| i64::from(mtu.get()));
        row.insert("mtu_request".to_owned(), Value::set(mtu));
        picture.interfaces.insert(id, row);
    }
    for (index, (name, target)) in targets(slice).unwrap().into_iter().enumerate() {
        let mut row = target.columns;
        row.insert("name".to_owned(), name.into());
        let members = target.interfaces.iter().map(|member| ids[member]);
        row.insert("interfaces".to_owned(), Value::set(members));
        picture.ports.insert(uuid(1000 + index), row);
    }
    picture
}

fn modes() -> impl Strategy<Value = VlanMode> {
    let vlan = || (1u16..4095).prop_map(|id| model::Vlan::new(id).unwrap());
    let set = || {
        prop::collection::vec(vlan(), 0..5)
            .prop_map(|ids| ids.into_iter().fold(VlanSet::empty(), |set, id| set.with(id)))
    };
    let others = prop::sample::select(vec![
        "vlan_mode=[] tag=[] trunks=[] cvlans=[]",
        "vlan_mode=native-tagged tag=5 trunks=[5-9] cvlans=[]",
        "vlan_mode=dot1q-tunnel tag=5 trunks=[] cvlans=[1,3]",
    ]);
    prop_oneof![
        Just(VlanMode::Closed),
        vlan().prop_map(VlanMode::access),
        (prop::option::of(vlan()), set()).prop_map(|(n, s)| VlanMode::trunk(n, &s)),
        others.prop_map(|text| VlanMode::Other { text: text.to_owned() }),
    ]
}

fn extras() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(vec![
        r#"{"protected":true}"#.to_owned(),
        r#"{"bond_updelay":100,"external_ids":["map",[["a","b"]]]}"#.to_owned(),
        r#"{"other_config":["map",[["priority-tags","always"]]],"protected":true}"#.to_owned(),
    ]))
}

fn configs() -> impl Strategy<Value = PortConfig> {
    let mtu = prop::option::of((68u16..9217).prop_map(|mtu| Mtu::new(mtu).unwrap()));
    (modes(), prop::option::of("[a-z ]{1,9}"), mtu).prop_map(|(vlans, description, mtu)| {
        PortConfig { description, mtu, ..PortConfig::with_vlans(vlans) }
    })
}

fn settings() -> impl Strategy<Value = LagSettings> {
    (
        prop::sample::select(vec![LagMode::Active, LagMode::Passive, LagMode::Static]),
        prop::option::of(prop::sample::select(vec![LacpRate::Fast, LacpRate::Slow])),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(mode, rate, fallback)| LagSettings {
            mode,
            rate,
            min_links: None,
            fallback,
            pair: None,
        })
}

prop_compose! {
    fn slices()(
        plain in prop::collection::vec((configs(), extras()), 0..4),
        lag in (configs(), extras(), settings()),
        members in prop::collection::vec(configs(), 0..3),
    ) -> Slice {
        let mut slice = Slice::default();
        for (number, (config, extra)) in plain.into_iter().enumerate() {
            let name = format!("swp{number}").parse().unwrap();
            slice.ports.insert(name, PortState { config, lag: None, extra });
        }
        let name: LagName = "bond".parse().unwrap();
        let mut names = BTreeSet::new();
        for (number, config) in members.into_iter().enumerate() {
            let port: PortName = format!("leg{number}").parse().unwrap();
            names.insert(port.clone());
            let config = PortConfig { vlans: None, ..config };
            slice.ports.insert(port, PortState { config, lag: Some(name.clone()), extra: None });
        }
        if !names.is_empty() {
            let (config, extra, settings) = lag;
            let config = PortConfig { mtu: None, ..config };
            slice.lags.insert(name, LagState { settings, members: names, config, extra });
        }
        slice
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(slice in slices()) {
        let query = Query {
            ports: slice.ports.keys().cloned().collect(),
            lags: slice.lags.keys().cloned().collect(),
            ..Query::default()
        };
        prop_assert_eq!(picture(&slice).observation(&query).unwrap().slice, slice);
    }

    #[test]
    fn no_row_ever_trunks_all_vlans_unless_restored(slice in slices()) {
        for (name, target) in targets(&slice).unwrap() {
            let all = target.columns["trunks"].is_empty()
                && target.columns["vlan_mode"].as_str() != Some("access");
            let state = slice.ports.iter().find(|(port, _)| port.as_str() == name);
            let config = match state {
                Some((_, state)) => &state.config,
                None => &slice.lags[&name.parse::<LagName>().unwrap()].config,
            };
            let restored = matches!(config.vlans, Some(VlanMode::Other { .. }));
            prop_assert!(!all || restored);
        }
    }
}

#[test]
fn a_row_without_vlans_is_never_made() {
    let mut slice = Slice::default();
    slice.ports.insert("swp1".parse().unwrap(), PortState::default());
    assert_eq!(
        targets(&slice).err().unwrap().to_string(),
        "the switch cannot do it: the VLANs of `swp1` are not given"
    );
}
