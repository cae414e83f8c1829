//! The OpenRPC 1.3 document that `rpc.discover` answers, made from the method table and the types.
//!
//! Nothing in it is written by hand but summaries and examples, and the examples are read by the
//! same code that reads requests, and checked against the schemas, in the tests.

mod examples;

use schemars::{JsonSchema as _, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    error::{self, Class, ErrorData},
    method::Method,
    wire,
};

/// Where the document keeps its schemas.
const SCHEMAS: &str = "/components/schemas";

/// The document.
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft07()
        .with(|settings| {
            settings.definitions_path = SCHEMAS.into();
            settings.meta_schema = None;
        })
        .into_generator();
    generator.subschema_for::<wire::Context>();
    generator.subschema_for::<ErrorData>();
    let results: Vec<_> =
        Method::ALL.into_iter().map(|method| result(method, &mut generator)).collect();
    let mut schemas = generator.take_definitions(true);
    let context = schemas.remove(wire::Context::schema_name().as_ref()).unwrap_or_default();
    let methods: Vec<_> = Method::ALL
        .into_iter()
        .zip(results)
        .map(|(method, result)| describe(method, &context, &result))
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Mercury switch service",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0" },
        },
        "methods": methods,
        "components": { "schemas": schemas, "errors": errors() },
    })
}

fn describe(method: Method, context: &Value, result: &Value) -> Value {
    let params = if method == Method::Discover {
        json!([])
    } else {
        json!([{ "name": "context", "required": true, "schema": narrowed(method, context) }])
    };
    let errors: Vec<_> = errors()
        .keys()
        .map(|name| json!({ "$ref": format!("#/components/errors/{name}") }))
        .collect();
    let mut described = json!({
        "name": method.name(),
        "summary": method.summary(),
        "paramStructure": "by-name",
        "params": params,
        "result": { "name": "answer", "schema": result },
        "errors": errors,
    });
    if let (Some(example), Some(members)) = (examples::of(method), described.as_object_mut()) {
        members.insert("examples".to_owned(), json!([example]));
    }
    described
}

/// The schema of the context, without the members that mean nothing to the method.
fn narrowed(method: Method, context: &Value) -> Value {
    let mut schema = context.clone();
    if let Some(members) = schema.as_object_mut() {
        let takes = method.members();
        if let Some(Value::Object(properties)) = members.get_mut("properties") {
            properties.retain(|name, _| takes.contains(&name.as_str()));
        }
        if !method.required().is_empty() {
            members.insert("required".to_owned(), json!(method.required()));
        }
    }
    schema
}

fn result(method: Method, generator: &mut SchemaGenerator) -> Value {
    let schema = match method {
        Method::GetAllowedNetworkTypes => generator.subschema_for::<wire::NetworkTypesAnswer>(),
        Method::IsLinkValid => generator.subschema_for::<wire::ValidAnswer>(),
        Method::IsPortSupported => generator.subschema_for::<wire::SupportedAnswer>(),
        Method::AttachPort
        | Method::DetachPort
        | Method::UpdatePort
        | Method::AddNetwork
        | Method::DeleteNetwork
        | Method::Apply => generator.subschema_for::<wire::ChangeAnswer>(),
        Method::Plan => generator.subschema_for::<wire::PlanAnswer>(),
        Method::Verify => generator.subschema_for::<wire::VerifyAnswer>(),
        Method::ReadPort => generator.subschema_for::<wire::ReadAnswer>(),
        Method::ResolvePort => generator.subschema_for::<wire::ResolveAnswer>(),
        Method::ListSwitches => generator.subschema_for::<wire::SwitchesAnswer>(),
        Method::Flush => generator.subschema_for::<wire::FlushAnswer>(),
        Method::Discover => return json!({ "type": "object" }),
    };
    schema.to_value()
}

/// All errors by name; the `data` of each is an `ErrorData`.
fn errors() -> Map<String, Value> {
    let envelope = [
        ("parse_error", error::PARSE_ERROR, "The body is not JSON"),
        (
            "invalid_call",
            error::INVALID_REQUEST,
            "The body is JSON and no call, or exceeds a limit",
        ),
        ("method_not_found", error::METHOD_NOT_FOUND, "There is no such method"),
        ("invalid_params", error::INVALID_PARAMS, "A parameter is missing, unknown or malformed"),
        ("internal_error", error::INTERNAL_ERROR, "The service broke while it handled the call"),
    ];
    let classes = Class::ALL.map(|class| (class.name(), class.code(), meaning(class)));
    envelope
        .into_iter()
        .chain(classes)
        .map(|(name, code, message)| (name.to_owned(), json!({ "code": code, "message": message })))
        .collect()
}

const fn meaning(class: Class) -> &'static str {
    match class {
        Class::InvalidRequest => "The request makes no sense",
        Class::RefusedByPolicy => "A policy rule forbids it",
        Class::NotSupported => "The switch cannot do it",
        Class::NotFound => "There is no such switch, port or LAG",
        Class::Conflict => "The state of the switch forbids it",
        Class::RejectedByDevice => "The switch refused",
        Class::Unreachable => "The switch cannot be reached",
        Class::TimedOut => "The deadline passed",
        Class::UndoFailed => "A change failed and could not be taken back everywhere",
        Class::VerifyFailed => "The switch accepted the change and does something else",
        Class::Busy => "Too much is waiting already",
        Class::AuditUnavailable => "The audit record cannot be written",
        Class::Internal => "A defect of the service",
    }
}

#[cfg(test)]
mod tests;
