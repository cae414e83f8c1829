//! The document of the protocol, held against the code: each line of its examples is a request as
//! it would be sent, or an answer that would be understood.

use std::{collections::BTreeMap, path::Path};

use model::{LagName, PortName, Vlan};
use secrecy::SecretString;
use serde_json::Value;
use switch::{Capabilities, Change, Query, Slice, VlanDatabase, Work};

use super::{
    message::{self, Answer},
    redact::Redactor,
    validate,
    wire::{self, Apply, Describe, Nothing, Observe, Resolve, method},
};

/// The lines of the examples.
fn lines() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/plugin-protocol.md");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.starts_with(r#"{"jsonrpc""#)).map(str::to_owned).collect()
}

fn list<T: std::str::FromStr<Err = model::Invalid> + Ord>(
    params: &Value,
    name: &str,
) -> std::collections::BTreeSet<T> {
    let text = |item: &Value| item.to_string().trim_matches('"').parse().unwrap();
    params[name].as_array().unwrap().iter().map(text).collect()
}

/// The request as the code would write it, from the core's own types.
fn rewritten(id: u64, method: &str, params: &Value) -> Vec<u8> {
    let line = match method {
        method::DESCRIBE => {
            let secrets = params["secrets"].as_object().unwrap().iter();
            let secrets: BTreeMap<String, SecretString> = secrets
                .map(|(name, secret)| (name.clone(), secret.as_str().unwrap().to_owned().into()))
                .collect();
            let ask = Describe {
                protocol: wire::PROTOCOL,
                switch: params["switch"].as_str().unwrap(),
                settings: params["settings"].as_object().unwrap(),
                secrets: &secrets,
            };
            message::request(id, method, &ask)
        }
        method::OBSERVE => message::request(id, method, &Observe::from(&query(params))),
        method::APPLY => {
            let work = |work: &Value| {
                let before: Slice = serde_json::from_value(work["before"].clone()).unwrap();
                let change = |step: &Value| -> Change {
                    serde_json::from_value(step["do"].clone()).unwrap()
                };
                let changes = work["steps"].as_array().unwrap().iter().map(change).collect();
                Work { before, changes }
            };
            let works: Vec<Work> = params["works"].as_array().unwrap().iter().map(work).collect();
            message::request(id, method, &Apply::new(&works).unwrap())
        }
        method::RESOLVE => {
            message::request(id, method, &Resolve { text: params["text"].as_str().unwrap() })
        }
        method::SAVE | method::CLOSE => message::request(id, method, &Nothing {}),
        other => panic!("the document has a method `{other}`"),
    };
    line.unwrap()
}

fn query(params: &Value) -> Query {
    Query {
        ports: list::<PortName>(params, "ports"),
        lags: list::<LagName>(params, "lags"),
        vlans: list::<Vlan>(params, "vlans"),
        lag_names: params["lag_names"].as_bool().unwrap(),
        pair_ids: params["pair_ids"].as_bool().unwrap_or_default(),
        all_vlans: params["all_vlans"].as_bool().unwrap_or_default(),
    }
}

fn understood(method: &str, params: &Value, result: Value) {
    match method {
        method::DESCRIBE => {
            let read = wire::result(method::DESCRIBE, result).unwrap();
            let description = validate::description(read).unwrap();
            assert!(description.capabilities.port_shut && !description.capabilities.closed);
        }
        method::OBSERVE => {
            let able = Capabilities {
                vlan_database: VlanDatabase::Explicit,
                port_shut: true,
                ..Capabilities::NONE
            };
            let read = wire::result(method::OBSERVE, result).unwrap();
            let seen = validate::observation(&query(params), &able, read).unwrap();
            assert_eq!((seen.slice.ports.len(), seen.slice.lags.len()), (2, 1));
        }
        method::APPLY => {
            let wire::Outcomes { outcomes } = wire::result(method::APPLY, result).unwrap();
            validate::outcomes(outcomes.len(), outcomes, &Redactor::default()).unwrap();
        }
        method::SAVE => drop(wire::result::<wire::Saved>(method::SAVE, result).unwrap()),
        method::RESOLVE => {
            let wire::Resolved { matches } = wire::result(method::RESOLVE, result).unwrap();
            assert_eq!(validate::matches(matches).unwrap().len(), 1);
        }
        method::CLOSE => drop(wire::result::<Nothing>(method::CLOSE, result).unwrap()),
        other => panic!("the document has a method `{other}`"),
    }
}

#[test]
fn the_examples_of_the_document_are_what_is_spoken() {
    let mut asked: Option<(String, Value)> = None;
    let mut methods = std::collections::BTreeSet::new();
    let mut errors = 0;
    for line in lines() {
        let value: Value = serde_json::from_str(&line).unwrap();
        if let Some(name) = value["method"].as_str() {
            let id = value["id"].as_u64().unwrap();
            let sent = rewritten(id, name, &value["params"]);
            assert_eq!(String::from_utf8(sent).unwrap().trim_end(), line);
            methods.insert(name.to_owned());
            asked = Some((name.to_owned(), value["params"].clone()));
            continue;
        }
        match message::decode(line.as_bytes()).unwrap() {
            (_, Answer::Result(result)) => {
                let (name, params) = asked.as_ref().unwrap();
                let name = if result.get("outcomes").is_some() { method::APPLY } else { name };
                understood(name, params, result);
            }
            (_, Answer::Error { .. }) => errors += 1,
        }
    }
    assert_eq!((methods.len(), errors), (6, 1), "{methods:?}");
}
