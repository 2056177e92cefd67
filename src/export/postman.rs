//! A collection of Postman, format 2.1, with one request.

use super::secret_text::{NamedSecrets, SecretText, SecretTextError};
use crate::value::{ObjectMember, Value};
use crate::wire::WireRequest;

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Postman sets these itself, from the address and the body.
const OWN_HEADERS: [&str; 3] = ["host", "content-length", "accept-encoding"];

/// The collection; a variable `{{NAME}}` without a value stands in the place of each secret.
///
/// # Errors
/// When a text cannot be taken apart, or the body is no text.
pub(crate) fn postman(
    wire: &WireRequest,
    (title, description): (&str, &str),
    split: &mut dyn FnMut(&str) -> Result<SecretText, SecretTextError>,
    variable: &dyn Fn(&str) -> String,
) -> Result<String, SecretTextError> {
    let mut secrets = NamedSecrets {
        split,
        variable,
        written: |name| format!("{{{{{name}}}}}"),
        names: Vec::new(),
    };
    let url = secrets.show(wire.url().as_str())?;
    let mut headers = Vec::new();
    for (name, value) in wire.headers() {
        if !OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            let header = vec![text("key", name), text("value", &secrets.show(value)?)];
            headers.push(Value::Object(header));
        }
    }
    let mut request = vec![
        text("method", wire.method().name()),
        ("header".into(), Value::List(headers)),
        ("url".into(), url_value(&url)),
        text("description", description),
    ];
    if let Ok(body) = std::str::from_utf8(wire.body())
        && !body.is_empty()
    {
        let raw = vec![text("mode", "raw"), text("raw", &secrets.show(body)?)];
        request.push(("body".into(), Value::Object(raw)));
    }
    let item = vec![
        text("name", title),
        ("request".into(), Value::Object(request)),
    ];
    let info = vec![text("name", title), text("schema", SCHEMA)];
    let variables = secrets.names.iter().map(|name| {
        let variable = vec![text("key", name), text("value", ""), text("type", "secret")];
        Value::Object(variable)
    });
    let variables: Vec<Value> = variables.collect();
    let mut collection = vec![
        ("info".into(), Value::Object(info)),
        ("item".into(), Value::List(vec![Value::Object(item)])),
    ];
    if !variables.is_empty() {
        collection.push(("variable".into(), Value::List(variables)));
    }
    Ok(Value::Object(collection).to_pretty_json())
}

/// The address as it is, and taken apart as Postman shows it; it sends the parts.
fn url_value(url: &str) -> Value {
    let mut members = vec![text("raw", url)];
    if let Some((protocol, rest)) = url.split_once("://") {
        let (address, query) = match rest.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (rest, None),
        };
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let (host, port) = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (name, Some(port))
            }
            _ => (host, None),
        };
        members.push(text("protocol", protocol));
        members.push(("host".into(), list(host.split('.'))));
        members.extend(port.map(|port| text("port", port)));
        members.push(("path".into(), list(path.split('/'))));
        if let Some(query) = query {
            let pairs = query.split('&').map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Value::Object(vec![text("key", name), text("value", value)])
            });
            members.push(("query".into(), Value::List(pairs.collect())));
        }
    }
    Value::Object(members)
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::List(texts.map(Value::from).collect())
}

fn text(name: &str, value: &str) -> ObjectMember {
    (name.into(), value.into())
}
