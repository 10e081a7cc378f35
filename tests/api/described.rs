//! What the document says, and whether an answer is what it says.

use std::{collections::BTreeSet, sync::LazyLock};

use convene::{
    api::document::document,
    web::manifest::{Policy, WAYS},
};
use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(document()).expect("JSON"));

/// The operation behind a call, if the document has one.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |template: &str| {
        let (mut parts, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (parts.next(), given.next()) {
                (None, None) => return true,
                (Some(part), Some(text)) if part == text || (part.starts_with('{') && !text.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths.iter().find(|(template, _)| fits(template)).and_then(|(_, item)| item.get(method.to_lowercase()))
}

/// A schema of the document, able to judge. Formats count.
fn validator(schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = DOCUMENT["components"].clone();
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&schema).expect("a schema")
}

/// Panics unless the document allows this answer.
pub fn judge(method: &str, path: &str, status: u16, content_type: &str, body: &str) {
    let what = format!("{method} {path}: {status} {body}");
    let operation = operation(method, path).unwrap_or_else(|| panic!("{what}: not in the document"));
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{what}: this status is not in the document");
    let Some(content) = response["content"].as_object() else {
        assert_eq!(body, "", "{what}: no content is described");
        return;
    };
    let described = content.get(content_type).unwrap_or_else(|| panic!("{what}: {content_type} is not described"));
    let value: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{what}: {error}"));
    let errors: Vec<String> = validator(&described["schema"])
        .iter_errors(&value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

/// Whether what would be sent is what the document asks for.
pub fn takes(method: &str, path: &str, body: &Value) -> bool {
    let operation = operation(method, path).expect("in the document");
    validator(&operation["requestBody"]["content"]["application/json"]["schema"]).is_valid(body)
}

#[test]
fn the_document_lists_exactly_what_is_served() {
    let listed = DOCUMENT["paths"].as_object().expect("paths").iter().flat_map(|(path, item)| {
        let methods = item.as_object().expect("an item").keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    let listed: BTreeSet<(String, String)> = listed.collect();
    let served = WAYS.iter().filter(|way| way.path.starts_with("/api/v1/"));
    let served: BTreeSet<_> = served.map(|way| (way.method.to_string(), way.path.to_owned())).collect();
    assert_eq!(listed, served);
}

#[test]
fn the_document_is_complete() {
    assert!(DOCUMENT["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", DOCUMENT["openapi"]);
    assert_eq!(DOCUMENT["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    let mut ids = BTreeSet::new();
    for way in WAYS.iter().filter(|way| way.path.starts_with("/api/v1/")) {
        let what = format!("{} {}", way.method, way.path);
        let operation = &DOCUMENT["paths"][way.path][way.method.as_str().to_lowercase()];
        assert!(ids.insert(operation["operationId"].as_str().expect("an id")), "{what}: an id of its own");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{what}: a summary");
        let scopes = operation["security"][0]["key"].as_array();
        assert_eq!(scopes.is_some(), way.policy == Policy::ApiKey, "{what}: {}", operation["security"]);
        let own: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        for parameter in &own {
            assert!(parameter["schema"].is_object(), "{what}: {parameter}");
        }
        let in_path = own.iter().filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, way.path.matches('{').count(), "{what}: what stands in the address");
    }
    // Every reference leads somewhere: a validator of all schemas at once would not be made otherwise.
    let all: Vec<Value> = DOCUMENT["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
        .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
        .collect();
    validator(&json!({ "anyOf": all }));
}

#[test]
fn examples_are_what_they_are_examples_of() {
    let mut found = 0;
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().expect("schemas") {
        let one = schema.get("example").into_iter();
        for example in one.chain(schema["examples"].as_array().into_iter().flatten()) {
            found += 1;
            let judge = validator(&json!({ "$ref": format!("#/components/schemas/{name}") }));
            assert!(judge.is_valid(example), "{name}: {example}");
        }
    }
    assert!(found >= 2, "{found} examples");
}
