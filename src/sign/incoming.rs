//! Checks the signature of what a marketplace sends to us, with the steps of its scheme: the callback
//! of an authorization, and pushes. It accepts nothing that it cannot compute.

use super::mentioned_names::names_of;
use super::scope::{NamedValues, SchemeScope, SigningInputs};
use super::seal::{SealError, TraceLine, run_steps};
use crate::model::scheme::{IncomingPush, IncomingSignature, RequestPart, SignOp, SignStep};
use crate::render::FreshValues;
use crate::value::{self, ObjectMember, Value};
use crate::wire::parse_form;
use sha2::{Digest, Sha256};

/// Why something that arrived is not accepted. It holds no secret and no computed signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IncomingError {
    #[error("it has no `{0}`, which should contain the signature of the marketplace")]
    Missing(String),
    #[error("`{0}`, which contains the signature of the marketplace, appears twice")]
    Repeated(String),
    #[error("`{0}` is not the signature that the marketplace would compute")]
    Wrong(String),
    #[error("its signature cannot be computed: {0}")]
    Unverifiable(#[from] SealError),
}

/// Whether two texts are equal, in a time that does not depend on where they differ.
#[must_use]
pub(crate) fn is_equal_in_constant_time(left: &str, right: &str) -> bool {
    Sha256::digest(left) == Sha256::digest(right)
}

/// The credentials that the steps of a signature use.
#[must_use]
pub(crate) fn incoming_credentials(signature: &IncomingSignature) -> Vec<String> {
    let expressions = signature
        .sign
        .iter()
        .flat_map(|step| step.operation.expressions());
    let names = names_of(expressions).into_iter();
    let mut used: Vec<String> = names
        .filter_map(|name| name.strip_prefix("cred.").map(str::to_owned))
        .collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// The steps of a signature over what arrived; the last one is the signature.
///
/// # Errors
/// When a step cannot be computed: a name that it uses did not arrive.
pub(crate) fn incoming_steps(
    signature: &IncomingSignature,
    arrived: &Arrived,
    credentials: &NamedValues,
) -> Result<Vec<TraceLine>, SealError> {
    run_incoming(&signature.sign, arrived, credentials, &[])
}

/// `known` are results of steps that are verified in place of being computed.
fn run_incoming(
    steps: &[SignStep],
    arrived: &Arrived,
    credentials: &NamedValues,
    known: &[ObjectMember],
) -> Result<Vec<TraceLine>, SealError> {
    let inputs = SigningInputs {
        credentials,
        token: None,
        // Nothing that arrived is signed with our clock or our chance; `load` refuses both.
        moment: FreshValues {
            unix_ms: 0,
            seed: [0; 16],
        },
        steps: known,
        extra: &arrived.names,
    };
    let mut scope = SchemeScope::new(inputs, String::new(), &[])?;
    scope.push_body = arrived.body.as_deref();
    run_steps(steps, &mut scope)
}

/// # Errors
/// When the signature is missing, there twice, not the one of these steps, or cannot be computed.
pub(crate) fn check_incoming(
    signature: &IncomingSignature,
    arrived: &Arrived,
    credentials: &NamedValues,
) -> Result<(), IncomingError> {
    let place = &signature.field;
    let mut found = arrived.values_at(signature.part, place).into_iter();
    let (sent, None) = (found.next(), found.next()) else {
        return Err(IncomingError::Repeated(place.clone()));
    };
    let sent = sent.filter(|text| !text.is_empty());
    let sent = sent.ok_or_else(|| IncomingError::Missing(place.clone()))?;
    for candidate in candidates(signature, &sent) {
        if is_signed_by(signature, candidate, arrived, credentials)? {
            return Ok(());
        }
    }
    Err(IncomingError::Wrong(place.clone()))
}

/// The signatures in the text that stands in their place.
fn candidates<'t>(signature: &IncomingSignature, sent: &'t str) -> Vec<&'t str> {
    let Some(pattern) = &signature.pattern else {
        return vec![sent];
    };
    let groups = pattern.captures_iter(sent);
    groups
        .filter_map(|found| found.get(1))
        .map(|found| found.as_str())
        .collect()
}

fn is_signed_by(
    signature: &IncomingSignature,
    candidate: &str,
    arrived: &Arrived,
    credentials: &NamedValues,
) -> Result<bool, SealError> {
    let Some(last) = signature.sign.last() else {
        return Ok(false);
    };
    // The key of a marketplace's signature is known by its public half only.
    if let SignOp::Asymmetric { .. } = last.operation {
        let known = [(last.id.as_str().into(), Value::from(candidate))];
        return match run_incoming(&signature.sign, arrived, credentials, &known) {
            Ok(_) => Ok(true),
            Err(SealError::NotItsSignature { .. }) => Ok(false),
            Err(error) => Err(error),
        };
    }
    let lines = incoming_steps(signature, arrived, credentials)?;
    Ok(lines
        .last()
        .is_some_and(|line| is_equal_in_constant_time(candidate, &line.value)))
}

/// What the steps of an incoming signature see.
pub(crate) struct Arrived {
    names: Vec<ObjectMember>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Arrived {
    /// The address that a browser came back to, by its raw query.
    #[must_use]
    pub(crate) fn callback(raw_query: &str) -> Self {
        let query = parse_form(raw_query);
        let mut members: Vec<ObjectMember> = vec![
            ("pairs".into(), pair_list(&with_lists(&query))),
            ("query".into(), Value::from(raw_query)),
        ];
        members.extend(
            query
                .iter()
                .map(|(name, value)| (name.as_str().into(), Value::from(value.as_str()))),
        );
        Self {
            names: vec![("callback".into(), Value::Object(members))],
            query,
            headers: Vec::new(),
            body: None,
        }
    }

    #[must_use]
    pub(crate) fn push(push: &IncomingPush) -> Self {
        let raw_query = push
            .path_query
            .split_once('?')
            .map_or("", |(_, query)| query);
        let query = parse_form(raw_query);
        let headers = push
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().into(), Value::from(value.as_str())));
        let mut members: Vec<ObjectMember> = vec![
            ("url".into(), Value::from(push.url.as_str())),
            ("method".into(), Value::from(push.method.as_str())),
            ("path_query".into(), Value::from(push.path_query.as_str())),
            ("query".into(), Value::from(raw_query)),
            ("query_pairs".into(), pair_list(&query)),
            ("headers".into(), Value::Object(headers.collect())),
        ];
        // Bytes that are no text stand in no text: a step that uses `push.body` then fails.
        if let Ok(text) = std::str::from_utf8(&push.body) {
            members.push(("body".into(), Value::from(text)));
        }
        if let Ok(json) = value::parse(&push.body) {
            members.push(("json".into(), json));
        }
        Self {
            names: vec![("push".into(), Value::Object(members))],
            query,
            headers: push.headers.clone(),
            body: Some(push.body.clone()),
        }
    }

    pub(super) fn names(&self) -> &[ObjectMember] {
        &self.names
    }

    fn values_at(&self, part: RequestPart, name: &str) -> Vec<String> {
        let find = |pairs: &[(String, String)]| {
            let found = pairs.iter().filter(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).collect()
        };
        match part {
            RequestPart::Query => find(&self.query),
            RequestPart::Header => find(&self.headers),
            RequestPart::Json => {
                let json = self.body.as_deref().map(value::parse);
                let found = json
                    .and_then(Result::ok)
                    .and_then(|json| json.get(name).map(Value::to_text));
                found.into_iter().collect()
            }
            RequestPart::Form => Vec::new(),
        }
    }
}

fn pair_list(pairs: &[(String, String)]) -> Value {
    let pair = |(name, value): &(String, String)| {
        Value::List(vec![name.as_str().into(), value.as_str().into()])
    };
    Value::List(pairs.iter().map(pair).collect())
}

/// A list parameter as one pair, as marketplaces sign it: `ids[]=2&ids[]=1` is `ids=["2", "1"]`.
fn with_lists(query: &[(String, String)]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::with_capacity(query.len());
    let mut done: Vec<&str> = Vec::new();
    for (name, value) in query {
        let Some(list) = name.strip_suffix("[]") else {
            pairs.push((name.clone(), value.clone()));
            continue;
        };
        if done.contains(&list) {
            continue;
        }
        done.push(list);
        let items = query.iter().filter(|(other, _)| other == name);
        let items: Vec<String> = items
            .map(|(_, item)| Value::from(item.as_str()).to_json())
            .collect();
        pairs.push((list.to_owned(), format!("[{}]", items.join(", "))));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_a_callback_is_one_pair() {
        let query = parse_form("ids%5B%5D=2&shop=a&ids%5B%5D=1&x=1&x=2");
        assert_eq!(
            with_lists(&query),
            [
                ("ids", "[\"2\", \"1\"]"),
                ("shop", "a"),
                ("x", "1"),
                ("x", "2")
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
