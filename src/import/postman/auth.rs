//! The authentication of a collection, a folder or an item: an object in format 2.0, a list of names
//! and values in 2.1.

use super::super::collection::{CollectionAuth, ForeignText};
use super::values::plain_text;
use crate::value::Value;

/// `None` where the folder around it decides.
pub(super) fn read(auth: &Value) -> Option<CollectionAuth> {
    let kind = auth.get("type").and_then(Value::as_str)?;
    let values = auth.get(kind);
    let value = |name: &str| -> Option<ForeignText> {
        let found = match values? {
            Value::List(list) => list
                .iter()
                .find(|one| one.get("key").and_then(Value::as_str) == Some(name))?
                .get("value")?,
            object => object.get(name)?,
        };
        Some(ForeignText::parse(&plain_text(found)?))
    };
    let is_in_query =
        || value("in").and_then(|place| place.as_literal().map(|place| place == "query"));
    Some(match kind {
        "noauth" => CollectionAuth::None,
        "inherit" => return None,
        "bearer" => CollectionAuth::Bearer(
            value("token").unwrap_or_else(|| ForeignText::variable("bearer_token")),
        ),
        "basic" => CollectionAuth::Basic {
            user: value("username").unwrap_or_default(),
            password: value("password").unwrap_or_default(),
        },
        "apikey" => CollectionAuth::Key {
            name: value("key")
                .and_then(|name| name.as_literal().map(str::to_owned))
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| "x-api-key".to_owned()),
            value: value("value").unwrap_or_else(|| ForeignText::variable("api_key")),
            is_in_query: is_in_query() == Some(true),
        },
        // The token itself can be sent; how it is got cannot be told.
        "oauth2" => CollectionAuth::Bearer(
            value("accessToken")
                .filter(|token| !token.is_empty())
                .unwrap_or_else(|| ForeignText::variable("access_token")),
        ),
        other => CollectionAuth::Other(
            other
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(30)
                .collect(),
        ),
    })
}
