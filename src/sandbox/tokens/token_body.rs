//! Token requests whose parameters come as a JSON object where the scheme sends a form. Some
//! marketplaces accept both.

use super::request_template::media_type_of;
use crate::sign::ReceivedRequest;
use crate::value::{Value, parse};
use crate::wire::join_form;

/// The same request with a form for its body. A body that is no JSON object of single values stays
/// as it is: its parameters are missing then.
#[must_use]
pub(crate) fn json_as_form(mut received: ReceivedRequest) -> ReceivedRequest {
    let Some(pairs) = json_pairs(&received) else {
        return received;
    };
    set_form(&mut received, &pairs);
    received
}

/// The same request with the pairs of its form in the query, as they are spelled.
#[must_use]
pub(crate) fn form_as_query(mut received: ReceivedRequest) -> ReceivedRequest {
    let is_form = media_type_of(&received).starts_with("application/x-www-form-urlencoded");
    let Ok(form) = std::str::from_utf8(&received.body) else {
        return received;
    };
    if is_form && !form.is_empty() {
        let joint = if received.target.contains('?') {
            '&'
        } else {
            '?'
        };
        received.target = format!("{}{joint}{form}", received.target);
        received.body = Vec::new().into();
    }
    received
}

/// Puts a form in the place of the body.
pub(crate) fn set_form(received: &mut ReceivedRequest, pairs: &[(String, String)]) {
    received.body = join_form(pairs).into();
    received.headers.retain(|(name, _)| name != "content-type");
    received.headers.push((
        "content-type".to_owned(),
        "application/x-www-form-urlencoded".to_owned(),
    ));
}

fn json_pairs(received: &ReceivedRequest) -> Option<Vec<(String, String)>> {
    if !media_type_of(received).starts_with("application/json") {
        return None;
    }
    let Ok(Value::Object(members)) = parse(&received.body) else {
        return None;
    };
    members
        .into_iter()
        .map(|(name, value)| Some((name.to_string(), value.to_plain_text()?)))
        .collect()
}
