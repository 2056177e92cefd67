//! Parameters: of the path as variables, required ones with their value, optional ones as comments.

use super::sample::{Sampler, given_value};
use super::{DescriptionReader, choices_remark, text_of};
use crate::import::collection::{
    CollectionField, CollectionRequest, CollectionVariable, ForeignText,
};
use crate::value::Value;

/// Headers that the standard says are not parameters.
const IGNORED_HEADERS: [&str; 3] = ["accept", "authorization", "content-type"];

impl<'v> DescriptionReader<'v> {
    /// Those of the operation, and those of its path with other names.
    pub(super) fn parameters(&self, item: &'v Value, operation: &'v Value) -> Vec<&'v Value> {
        let list = |value: &'v Value| {
            value
                .get("parameters")
                .and_then(Value::as_list)
                .unwrap_or_default()
        };
        let mut found: Vec<&'v Value> = Vec::new();
        for parameter in list(operation).iter().chain(list(item)) {
            let Some(parameter) = self.references.resolve(parameter) else {
                continue;
            };
            let key = |one: &Value| (text_of(one, "name"), text_of(one, "in"));
            if !found.iter().any(|known| key(known) == key(parameter)) {
                found.push(parameter);
            }
        }
        found
    }

    pub(super) fn add_parameters(
        &self,
        item: &'v Value,
        operation: &'v Value,
        request: &mut CollectionRequest,
    ) {
        for parameter in self.parameters(item, operation) {
            let Some(name) = text_of(parameter, "name").filter(|name| !name.is_empty()) else {
                request.lose("a parameter without a name");
                continue;
            };
            let place = text_of(parameter, "in").unwrap_or_default();
            match place.as_str() {
                "path" => {
                    let value = self.value_of(parameter).and_then(|value| plain(&value));
                    let mut variable =
                        CollectionVariable::new(name, value.map(ForeignText::literal));
                    variable.remark = self.remark(parameter, variable.value.is_none());
                    request.variables.push(variable);
                }
                "query" => {
                    let fields = self.fields(&name, parameter, request);
                    request.query.extend(fields);
                }
                "header" if IGNORED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) => {}
                "header" => {
                    let fields = self.fields(&name, parameter, request);
                    request.headers.extend(fields);
                }
                "cookie" if is_required(parameter) => request.lose(format!("the cookie `{name}`")),
                // Those of Swagger 2.0 for the body are read with it.
                _ => {}
            }
        }
    }

    /// The value that the description gives a parameter.
    fn value_of(&self, parameter: &'v Value) -> Option<Value> {
        if let Some(value) = parameter
            .get("example")
            .or_else(|| parameter.get("x-example"))
            .filter(|value| !value.is_null())
        {
            return Some(value.clone());
        }
        let examples = parameter
            .get("examples")
            .and_then(Value::as_object)
            .unwrap_or_default();
        let example = examples
            .first()
            .and_then(|(_, example)| self.references.resolve(example)?.get("value"));
        if let Some(value) = example {
            return Some(value.clone());
        }
        let schema = self.schema_of(parameter)?;
        given_value(schema).or_else(|| self.list_value(schema))
    }

    /// A list or an object of values that are given.
    fn list_value(&self, schema: &'v Value) -> Option<Value> {
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => {
                let item = self.references.resolve(schema.get("items")?)?;
                Some(Value::List(vec![given_value(item)?]))
            }
            Some("object") if schema.get("properties").is_some() => {
                Sampler::new(&self.references).sample(schema)
            }
            _ => None,
        }
    }

    /// Its schema; in Swagger 2.0 a parameter is its own.
    fn schema_of(&self, parameter: &'v Value) -> Option<&'v Value> {
        let content = || {
            parameter
                .get("content")
                .and_then(Value::as_object)?
                .first()?
                .1
                .get("schema")
        };
        match parameter.get("schema").or_else(content) {
            Some(schema) => self.references.resolve(schema),
            None => Some(parameter),
        }
    }

    fn remark(&self, parameter: &'v Value, is_empty: bool) -> Option<String> {
        let schema = self.schema_of(parameter)?;
        let choices = schema
            .get("enum")
            .and_then(Value::as_list)
            .unwrap_or_default();
        choices_remark(choices).or_else(|| {
            let what = parameter.get("description").and_then(Value::as_str)?;
            let line: String = what.lines().next()?.chars().take(70).collect();
            is_empty
                .then(|| line.trim().to_owned())
                .filter(|line| !line.is_empty())
        })
    }

    /// A parameter as fields: a required one without a value is a variable.
    fn fields(
        &self,
        name: &str,
        parameter: &'v Value,
        request: &mut CollectionRequest,
    ) -> Vec<CollectionField> {
        let is_optional = !is_required(parameter);
        let value = self.value_of(parameter);
        let remark = self.remark(parameter, value.is_none());
        let finish = |mut field: CollectionField| {
            field.is_disabled = is_optional;
            field.remark = match (&remark, is_optional) {
                (Some(remark), true) => Some(format!("optional: {remark}")),
                (None, true) => Some("optional".to_owned()),
                (remark, false) => remark.clone(),
            };
            field
        };
        let Some(value) = value else {
            if is_optional {
                return vec![finish(CollectionField::new(name, ForeignText::default()))];
            }
            let mut variable = CollectionVariable::new(name, None);
            variable.remark.clone_from(&remark);
            if !request.variables.iter().any(|known| known.name == name) {
                request.variables.push(variable);
            }
            return vec![CollectionField::new(name, ForeignText::variable(name))];
        };
        let pairs = styled(name, &value, parameter);
        pairs
            .into_iter()
            .map(|(name, value)| finish(CollectionField::new(name, ForeignText::literal(value))))
            .collect()
    }
}

fn is_required(parameter: &Value) -> bool {
    parameter.get("required").and_then(Value::as_bool) == Some(true)
}

/// A single value, or JSON.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().filter_map(Value::to_plain_text).collect();
            Some(items.join(","))
        }
        Value::Object(_) => Some(value.to_json()),
        Value::Null => None,
        single => single.to_plain_text(),
    }
}

/// Names and values as `style` and `explode`, or `collectionFormat`, say.
fn styled(name: &str, value: &Value, parameter: &Value) -> Vec<(String, String)> {
    let style = text_of(parameter, "style").unwrap_or_default();
    let format = text_of(parameter, "collectionFormat");
    let is_query = parameter.get("in").and_then(Value::as_str) == Some("query");
    let explode = parameter.get("explode").and_then(Value::as_bool);
    match value {
        Value::List(items) => {
            let items: Vec<String> = items.iter().filter_map(plain).collect();
            let is_repeated = if let Some(format) = &format {
                format == "multi"
            } else {
                let is_first = parameter.get("schema").is_none() && parameter.get("type").is_some();
                is_query && !is_first && explode.unwrap_or(style.is_empty() || style == "form")
            };
            if is_repeated {
                return items
                    .into_iter()
                    .map(|item| (name.to_owned(), item))
                    .collect();
            }
            let by = match (format.as_deref(), style.as_str()) {
                (Some("pipes"), _) | (_, "pipeDelimited") => "|",
                (Some("ssv"), _) | (_, "spaceDelimited") => " ",
                (Some("tsv"), _) => "\t",
                _ => ",",
            };
            vec![(name.to_owned(), items.join(by))]
        }
        Value::Object(members) if is_query && style == "deepObject" => members
            .iter()
            .filter_map(|(member, value)| Some((format!("{name}[{member}]"), plain(value)?)))
            .collect(),
        Value::Object(members)
            if is_query && explode.unwrap_or(true) && parameter.get("content").is_none() =>
        {
            members
                .iter()
                .filter_map(|(member, value)| Some((member.to_string(), plain(value)?)))
                .collect()
        }
        value => vec![(name.to_owned(), plain(value).unwrap_or_default())],
    }
}
