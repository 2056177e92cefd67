//! Security schemes: the first alternative of an operation that needs a credential.

use super::{DescriptionReader, text_of};
use crate::import::collection::{
    CollectionAuth, CollectionField, CollectionRequest, CollectionVariable, ForeignText,
};
use crate::value::Value;

impl<'v> DescriptionReader<'v> {
    pub(super) fn add_security(&self, operation: &'v Value, request: &mut CollectionRequest) {
        let security = operation
            .get("security")
            .or_else(|| self.root.get("security"));
        let alternatives = security.and_then(Value::as_list).unwrap_or_default();
        // `{}` among them says that none is needed.
        let Some(first) = alternatives.iter().find_map(Value::as_object) else {
            return;
        };
        for (name, _) in first {
            let Some(scheme) = self.security_scheme(name) else {
                request.lose(format!(
                    "the security scheme `{name}`: it is not in this file"
                ));
                continue;
            };
            add_scheme(name, scheme, request);
        }
        if alternatives.len() > 1 {
            let others = alternatives.iter().skip(1).filter_map(Value::as_object);
            let names: Vec<String> = others
                .map(|all| {
                    all.iter()
                        .map(|(name, _)| name.to_string())
                        .collect::<Vec<_>>()
                        .join(" and ")
                })
                .filter(|names| !names.is_empty())
                .collect();
            if !names.is_empty() {
                request.remarks.push(format!(
                    "It also accepts other credentials: {}",
                    names.join(", ")
                ));
            }
        }
    }

    fn security_scheme(&self, name: &str) -> Option<&'v Value> {
        let all = if self.is_first {
            self.root.get("securityDefinitions")
        } else {
            self.root
                .get("components")
                .and_then(|components| components.get("securitySchemes"))
        };
        self.references.resolve(all?.get(name)?)
    }
}

fn add_scheme(name: &str, scheme: &Value, request: &mut CollectionRequest) {
    let kind = text_of(scheme, "type").unwrap_or_default();
    let http = text_of(scheme, "scheme")
        .unwrap_or_default()
        .to_ascii_lowercase();
    match (kind.as_str(), http.as_str()) {
        ("http", "basic") | ("basic", _) => set_auth(
            request,
            CollectionAuth::Basic {
                user: ForeignText::variable("basic_user"),
                password: ForeignText::variable("basic_password"),
            },
        ),
        ("http", "bearer") | ("oauth2" | "openIdConnect", _) => {
            let variable = if kind == "http" {
                "bearer_token"
            } else {
                "access_token"
            };
            set_auth(
                request,
                CollectionAuth::Bearer(ForeignText::variable(variable)),
            );
        }
        ("apiKey", _) => {
            let field = text_of(scheme, "name").unwrap_or_else(|| name.to_owned());
            let mut variable = CollectionVariable::new(name, None);
            variable.is_secret = true;
            let value = ForeignText::variable(name);
            let fields = match text_of(scheme, "in").as_deref() {
                Some("query") => &mut request.query,
                Some("cookie") => {
                    request.headers.push(CollectionField::new("cookie", {
                        let mut text = ForeignText::literal(format!("{field}="));
                        text.extend(value);
                        text
                    }));
                    request.variables.push(variable);
                    return;
                }
                _ => &mut request.headers,
            };
            fields.retain(|known| !known.name.eq_ignore_ascii_case(&field));
            fields.push(CollectionField::new(field, value));
            request.variables.push(variable);
        }
        (kind, http) => {
            let shown: String = format!("{kind} {http}")
                .chars()
                .filter(|letter| letter.is_ascii_alphanumeric() || *letter == ' ')
                .take(40)
                .collect();
            request.lose(format!("the security scheme `{}`", shown.trim()));
        }
    }
}

fn set_auth(request: &mut CollectionRequest, auth: CollectionAuth) {
    if matches!(request.auth, CollectionAuth::None) {
        request.auth = auth;
    } else {
        request.lose("a second `authorization` of the operation");
    }
}
