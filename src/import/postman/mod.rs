//! Postman collections of the formats 2.0 and 2.1. What a collection says is read by its shape and
//! not by the order of its members: converters write `item` before `info`, and leave `raw` out.

mod auth;
mod body;
mod url;
mod values;

use super::collection::{
    CollectionAuth, CollectionExample, CollectionField, CollectionRequest, CollectionVariable,
    ExampleBody, ForeignText, ImportLoss, ImportedCollection,
};
use super::import_error::ImportError;
use super::script::{ScriptReader, ScriptStage};
use crate::method::Method;
use crate::value::Value;
use values::{is_disabled, plain_text, read_field, text_of};

/// Folders deeper than this are read as one.
const MAX_FOLDERS: usize = 32;

/// Whether JSON is a collection, of whatever format.
pub(super) fn is_collection(json: &Value) -> bool {
    let json = json.get("collection").unwrap_or(json);
    json.get("item")
        .is_some_and(|items| items.as_list().is_some())
        || is_first_format(json)
}

/// The format before 2.0 has its requests in one list.
fn is_first_format(json: &Value) -> bool {
    json.get("requests")
        .is_some_and(|list| list.as_list().is_some())
        && (json.get("order").is_some()
            || json.get("folders").is_some()
            || json.get("id").is_some())
}

/// # Errors
/// When it is of the format 1.
pub(super) fn read(json: &Value) -> Result<ImportedCollection, ImportError> {
    let json = json.get("collection").unwrap_or(json);
    if json.get("item").is_none() && is_first_format(json) {
        return Err(ImportError::new("this is a Postman collection of format 1, but ingam reads formats 2.0 and 2.1").hint(
            "import it into Postman and export it as v2.1, or convert it with the npm package `postman-collection-transformer`",
        ));
    }
    let mut reader = PostmanReader {
        collection: ImportedCollection::default(),
    };
    let info = json.get("info");
    reader.collection.title = info.and_then(|info| text_of(info, "name"));
    reader.collection.variables = variables(json.get("variable"));
    let scope = ItemScope {
        folders: Vec::new(),
        auth: json.get("auth").and_then(auth::read),
        place: String::new(),
    };
    reader.read_scripts(json, "the collection");
    reader.read_items(json, &scope);
    Ok(reader.collection)
}

/// What an item gets from the folders around it.
struct ItemScope {
    folders: Vec<String>,
    auth: Option<CollectionAuth>,
    place: String,
}

struct PostmanReader {
    collection: ImportedCollection,
}

impl PostmanReader {
    /// Scripts of folders run for every request, which no request file can say.
    fn read_scripts(&mut self, item: &Value, place: &str) {
        for (stage, lines) in scripts_of(item) {
            if lines.iter().any(|line| !is_comment(line)) {
                self.collection.losses.push(ImportLoss {
                    place: place.to_owned(),
                    what: format!("the {} script of all requests below", stage.name()),
                });
            }
        }
    }

    fn read_items(&mut self, parent: &Value, scope: &ItemScope) {
        let items = parent
            .get("item")
            .and_then(Value::as_list)
            .unwrap_or_default();
        for (index, item) in items.iter().enumerate() {
            let place = format!(
                "{}item[{index}]",
                if scope.place.is_empty() {
                    String::new()
                } else {
                    format!("{}.", scope.place)
                }
            );
            let name = text_of(item, "name").unwrap_or_default();
            if item
                .get("item")
                .is_some_and(|items| items.as_list().is_some())
            {
                self.read_folder(item, &name, place, scope);
            } else if let Some(request) = item.get("request") {
                self.read_item(item, request, &name, &place, scope);
            } else {
                self.collection.losses.push(ImportLoss {
                    place,
                    what: "the item has neither a request nor items".to_owned(),
                });
            }
        }
    }

    fn read_folder(&mut self, item: &Value, name: &str, place: String, scope: &ItemScope) {
        let mut folders = scope.folders.clone();
        if folders.len() < MAX_FOLDERS {
            folders.push(name.to_owned());
        }
        self.read_scripts(item, &place);
        // Names of the collection win in Postman only where the folder has none.
        let own = variables(item.get("variable"));
        self.collection.variables.splice(0..0, own);
        let scope = ItemScope {
            folders,
            auth: item
                .get("auth")
                .and_then(auth::read)
                .or_else(|| scope.auth.clone()),
            place,
        };
        self.read_items(item, &scope);
    }

    fn read_item(
        &mut self,
        item: &Value,
        request: &Value,
        name: &str,
        place: &str,
        scope: &ItemScope,
    ) {
        let Some(mut read) = self.read_request(request, place) else {
            return;
        };
        name.clone_into(&mut read.name);
        read.folders.clone_from(&scope.folders);
        if read.description.is_none() {
            read.description = description(item.get("description"));
        }
        if request.get("auth").and_then(auth::read).is_none() {
            read.auth = scope.auth.clone().unwrap_or(CollectionAuth::None);
        }
        prune_body(item, &mut read);
        read.variables.extend(variables(item.get("variable")));
        for (stage, lines) in scripts_of(item) {
            ScriptReader::new(stage).read(&lines, &mut read);
        }
        let responses = item
            .get("response")
            .and_then(Value::as_list)
            .unwrap_or_default();
        for response in responses {
            read.examples.extend(Self::read_example(response));
        }
        self.collection.requests.push(read);
    }

    fn read_request(&mut self, request: &Value, place: &str) -> Option<CollectionRequest> {
        let mut lose = |what: String| {
            self.collection.losses.push(ImportLoss {
                place: place.to_owned(),
                what,
            });
        };
        let address = request
            .as_str()
            .map_or_else(|| request.get("url"), |_| Some(request));
        let Some(url) = address.map(url::read).filter(|url| !url.address.is_empty()) else {
            lose("the request has no address".to_owned());
            return None;
        };
        let name = request
            .get("method")
            .and_then(Value::as_str)
            .unwrap_or("GET");
        let upper = name.trim().to_ascii_uppercase();
        let Some(method) = Method::parse(if upper.is_empty() { "GET" } else { &upper }) else {
            let shown: String = upper
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(20)
                .collect();
            lose(format!(
                "the request: ingam does not support the method `{shown}`"
            ));
            return None;
        };
        let mut read = CollectionRequest::new(place, method, url.address);
        read.query = url.query;
        read.variables = url.variables;
        read.headers = headers(request.get("header"));
        read.description = description(request.get("description"));
        read.auth = request
            .get("auth")
            .and_then(auth::read)
            .unwrap_or(CollectionAuth::None);
        body::read(request.get("body"), &mut read);
        Some(read)
    }

    fn read_example(response: &Value) -> Option<CollectionExample> {
        response.as_object()?;
        let code = response.get("code").and_then(Value::as_number);
        let status = code
            .and_then(crate::value::Number::as_i64)
            .and_then(|code| u16::try_from(code).ok());
        let body = response
            .get("body")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Some(CollectionExample {
            name: text_of(response, "name").unwrap_or_default(),
            status,
            headers: headers(response.get("header"))
                .into_iter()
                .filter_map(|header| Some((header.name, header.value?.as_literal()?.to_owned())))
                .collect(),
            body: if body.is_empty() {
                ExampleBody::None
            } else {
                ExampleBody::Text(body.to_owned())
            },
        })
    }
}

/// Postman sends no body with GET and HEAD, unless the item says so.
fn prune_body(item: &Value, request: &mut CollectionRequest) {
    let behavior = item.get("protocolProfileBehavior");
    let keeps = behavior
        .and_then(|one| one.get("disableBodyPruning"))
        .and_then(Value::as_bool);
    let has_body = !matches!(request.body, super::collection::CollectionBody::None);
    if has_body && keeps != Some(true) && matches!(request.method, Method::Get | Method::Head) {
        request.body = super::collection::CollectionBody::None;
        request.remarks.push(format!(
            "Postman sends no body with {}: it is not imported",
            request.method
        ));
    }
    let follows = behavior
        .and_then(|one| one.get("followRedirects"))
        .and_then(Value::as_bool);
    if follows == Some(true) {
        request.follows_redirects = true;
    }
}

/// A text, or an object with the text in it.
fn description(value: Option<&Value>) -> Option<String> {
    let value = value?;
    let text = value
        .as_str()
        .or_else(|| value.get("content").and_then(Value::as_str))?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A list of variables, or a map of them.
fn variables(value: Option<&Value>) -> Vec<CollectionVariable> {
    let list = value.and_then(Value::as_list).unwrap_or_default();
    let read = list
        .iter()
        .filter(|one| !is_disabled(one))
        .filter_map(|one| {
            let name = text_of(one, "key")
                .or_else(|| text_of(one, "id"))
                .filter(|name| !name.is_empty())?;
            let text = one
                .get("value")
                .and_then(plain_text)
                .filter(|text| !text.is_empty());
            let mut variable =
                CollectionVariable::new(name, text.as_deref().map(ForeignText::parse));
            variable.is_secret = one.get("type").and_then(Value::as_str) == Some("secret");
            Some(variable)
        });
    read.collect()
}

/// A list of headers, or their lines in one text.
fn headers(value: Option<&Value>) -> Vec<CollectionField> {
    match value {
        Some(Value::List(list)) => list.iter().filter_map(read_field).collect(),
        Some(Value::String(text)) => text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| {
                CollectionField::new(name.trim(), ForeignText::parse(value.trim()))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The scripts of an item, line by line.
fn scripts_of(item: &Value) -> Vec<(ScriptStage, Vec<String>)> {
    let events = item
        .get("event")
        .and_then(Value::as_list)
        .unwrap_or_default();
    let scripts = events
        .iter()
        .filter(|event| !is_disabled(event))
        .filter_map(|event| {
            let stage = match event.get("listen").and_then(Value::as_str)? {
                "test" => ScriptStage::AfterResponse,
                "prerequest" => ScriptStage::BeforeRequest,
                _ => return None,
            };
            let script = event.get("script")?;
            let exec = script.get("exec").unwrap_or(script);
            let lines: Vec<String> = match exec {
                Value::List(lines) => lines
                    .iter()
                    .filter_map(Value::as_str)
                    .flat_map(str::lines)
                    .map(str::to_owned)
                    .collect(),
                Value::String(text) => text.lines().map(str::to_owned).collect(),
                _ => return None,
            };
            lines
                .iter()
                .any(|line| !line.trim().is_empty())
                .then_some((stage, lines))
        });
    scripts.collect()
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("//") || line.starts_with("/*") || line.starts_with('*')
}
