use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn the_document_and_the_method_table_name_the_same_methods() {
    let document = document();
    let documented: Vec<_> = document["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|method| method["name"].as_str().unwrap().to_owned())
        .collect();
    let table: Vec<_> = Method::ALL.map(|method| method.name().to_owned()).into();
    assert_eq!(documented, table);
    assert_eq!(table.iter().collect::<BTreeSet<_>>().len(), table.len());
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let kept = document["components"]["schemas"].as_object().unwrap().keys();
    for name in kept.filter(|name| *name != "ErrorData") {
        assert!(used.contains(&format!("#{SCHEMAS}/{name}")), "{name}");
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_error_has_its_own_code() {
    let errors = errors();
    let codes: BTreeSet<_> = errors.values().map(|e| e["code"].as_i64().unwrap()).collect();
    assert_eq!(codes.len(), errors.len());
    assert_eq!(errors.len(), Class::ALL.len() + 5);
}

/// The example of a method, with the schemas that it has to fit.
struct Case {
    method: Method,
    context: Value,
    answer: Value,
    context_schema: Value,
    answer_schema: Value,
}

fn cases() -> Vec<Case> {
    let document = document();
    let whole = |schema: &Value| {
        let mut schema = schema.clone();
        schema["components"] = document["components"].clone();
        schema
    };
    let methods = document["methods"].as_array().unwrap().iter();
    methods
        .filter(|described| described["name"] != Method::Discover.name())
        .map(|described| Case {
            method: described["name"].as_str().unwrap().parse().unwrap(),
            context: described["examples"][0]["params"][0]["value"].clone(),
            answer: described["examples"][0]["result"]["value"].clone(),
            context_schema: whole(&described["params"][0]["schema"]),
            answer_schema: whole(&described["result"]["schema"]),
        })
        .collect()
}

fn problems(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::draft7::new(schema).unwrap();
    validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_example_fits_its_schema_and_is_read_by_the_code() {
    for case in cases() {
        let name = case.method;
        assert_eq!(problems(&case.context_schema, &case.context), [""; 0], "{name}");
        assert_eq!(problems(&case.answer_schema, &case.answer), [""; 0], "{name}");

        let mut params = Map::new();
        params.insert("context".to_owned(), case.context.clone());
        let read = name.read_params(params).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), case.context, "{name}");
        assert_eq!(again(name, &case.answer), case.answer, "{name}");
    }
}

/// The answer, read as the method's type and written again.
fn again(method: Method, answer: &Value) -> Value {
    fn through<A: serde::Serialize + serde::de::DeserializeOwned>(answer: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<A>(answer.clone()).unwrap()).unwrap()
    }
    match method {
        Method::GetAllowedNetworkTypes => through::<wire::NetworkTypesAnswer>(answer),
        Method::IsLinkValid => through::<wire::ValidAnswer>(answer),
        Method::IsPortSupported => through::<wire::SupportedAnswer>(answer),
        Method::AttachPort
        | Method::DetachPort
        | Method::UpdatePort
        | Method::AddNetwork
        | Method::DeleteNetwork
        | Method::Apply => through::<wire::ChangeAnswer>(answer),
        Method::Plan => through::<wire::PlanAnswer>(answer),
        Method::Verify => through::<wire::VerifyAnswer>(answer),
        Method::ReadPort => through::<wire::ReadAnswer>(answer),
        Method::ResolvePort => through::<wire::ResolveAnswer>(answer),
        Method::ListSwitches => through::<wire::SwitchesAnswer>(answer),
        Method::Flush => through::<wire::FlushAnswer>(answer),
        Method::Discover => answer.clone(),
    }
}

/// What the code refuses, the schemas refuse too: a caller that checks against the document is not
/// surprised by the service.
#[test]
fn the_schemas_refuse_what_the_code_refuses() {
    let spoil: [(&str, Value); 9] = [
        ("/unknown", json!(1)),
        ("/network/segmentation_id", json!("ten")),
        ("/network/unknown", json!(1)),
        ("/native_vlan", json!(4095)),
        ("/native_vlan", json!(0)),
        ("/native_vlan", json!("ten")),
        ("/timeout_ms", json!(0)),
        ("/binding_profile/local_link_information", json!([])),
        ("/operation", json!("attach_port")),
    ];
    let attach = cases().into_iter().find(|case| case.method == Method::AttachPort).unwrap();
    for (place, value) in spoil {
        let mut context = attach.context.clone();
        let (parent, member) = place.rsplit_once('/').unwrap();
        let parent = context.pointer_mut(parent).unwrap();
        parent[member] = value;
        assert_ne!(problems(&attach.context_schema, &context), [""; 0], "{place}");
        let mut params = Map::new();
        params.insert("context".to_owned(), context);
        assert!(attach.method.read_params(params).is_err(), "{place}");
    }
}
