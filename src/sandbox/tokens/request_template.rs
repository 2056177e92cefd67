//! Applies the templates of a token request backwards: which value was sent in place of a template.
//! It refuses to judge signatures.

use super::token_subject::AccountScope;
use crate::model::request::TemplateField;
use crate::model::scheme::{CredentialScope, RequestPart, Scheme, TokenRequest, VerifyFault};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::render::{TemplateDialect, render_tree};
use crate::sign::{ReceivedRequest, TestAccount, VerifyError};
use crate::value::{Value, parse};
use crate::wire::parse_form;

/// The values that a request was sent with.
pub(crate) struct ReceivedValues {
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Value,
}

impl ReceivedValues {
    /// # Errors
    /// When the body is not what its media type says.
    pub(crate) fn of(received: &ReceivedRequest) -> Result<Self, VerifyError> {
        let media_type = media_type_of(received);
        Ok(Self {
            // As every client library writes it, and every server reads it: a plus is a blank.
            query: parse_form(received.query()),
            form: form_of(media_type, &received.body)?,
            json: json_of(media_type, &received.body)?,
        })
    }

    fn get(&self, leaf: &RequestLeaf<'_>) -> Option<Value> {
        let find = |pairs: &[(String, String)]| {
            let (_, value) = pairs
                .iter()
                .find(|(name, _)| leaf.path == [name.as_str()])?;
            Some(Value::from(value.as_str()))
        };
        match leaf.part {
            RequestPart::Query => find(&self.query),
            RequestPart::Form => find(&self.form),
            _ => leaf
                .path
                .iter()
                .try_fold(&self.json, |value, name| value.get(name))
                .filter(|value| !value.is_null())
                .cloned(),
        }
    }
}

/// The `content-type`; empty without one.
#[must_use]
pub(crate) fn media_type_of(received: &ReceivedRequest) -> &str {
    received
        .headers
        .iter()
        .find(|(name, _)| name == "content-type")
        .map_or("", |(_, value)| value.as_str())
}

/// The pairs of a form; none for a body of another media type.
fn form_of(media_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, VerifyError> {
    if !media_type.starts_with("application/x-www-form-urlencoded") {
        return Ok(Vec::new());
    }
    let text = std::str::from_utf8(body).map_err(|_| malformed_body())?;
    Ok(parse_form(text))
}

/// The JSON of a body; null for a body of another media type that is not JSON either.
fn json_of(media_type: &str, body: &[u8]) -> Result<Value, VerifyError> {
    match parse(body) {
        Ok(json) => Ok(json),
        // Broken JSON is a fault of its own. As null it would be reported as missing parameters,
        // which the client did send.
        Err(_) if media_type.contains("json") && !body.is_empty() => Err(malformed_body()),
        Err(_) => Ok(Value::Null),
    }
}

fn malformed_body() -> VerifyError {
    VerifyError {
        fault: VerifyFault::Malformed,
        location: "body".to_owned(),
    }
}

/// One place in a request that has a template or a constant.
#[derive(Clone)]
pub(crate) struct RequestLeaf<'t> {
    part: RequestPart,
    path: Vec<&'t str>,
    template: &'t TemplateTree,
}

/// Every leaf of a request for a token.
#[must_use]
pub(crate) fn leaves_of(request: &TokenRequest) -> Vec<RequestLeaf<'_>> {
    let mut leaves = [
        field_leaves(RequestPart::Query, &request.query),
        field_leaves(RequestPart::Form, &request.form),
    ]
    .concat();
    if let Some(json) = &request.json {
        collect_json_leaves(&[], json, &mut leaves);
    }
    leaves
}

/// The leaves of a query or a form.
#[must_use]
pub(crate) fn field_leaves(part: RequestPart, fields: &[TemplateField]) -> Vec<RequestLeaf<'_>> {
    fields
        .iter()
        .map(|field| RequestLeaf {
            part,
            path: vec![&field.name],
            template: &field.value,
        })
        .collect()
}

fn collect_json_leaves<'t>(
    path: &[&'t str],
    written: &'t TemplateTree,
    leaves: &mut Vec<RequestLeaf<'t>>,
) {
    match &written.kind {
        TemplateTreeKind::Object(inner) => inner.iter().for_each(|(name, member)| {
            collect_json_leaves(&[path, &[name]].concat(), member, leaves);
        }),
        _ => leaves.push(RequestLeaf {
            part: RequestPart::Json,
            path: path.to_vec(),
            template: written,
        }),
    }
}

impl RequestLeaf<'_> {
    /// `json.shop_id`
    fn location(&self) -> String {
        format!("{}.{}", self.part.name(), self.path.join("."))
    }

    /// The names that it looks up, if it does nothing else.
    fn lookup(&self) -> Option<Vec<&str>> {
        let TemplateTreeKind::Template(template) = &self.template.kind else {
            return None;
        };
        Some(
            template
                .as_expression()?
                .lookup
                .as_ref()?
                .iter()
                .map(String::as_str)
                .collect(),
        )
    }

    /// Whether the client may leave it out, as it does with null: an expression with a condition
    /// can be null, and so can a credential whose default is null.
    fn is_optional(&self, scheme: &Scheme) -> bool {
        match (&self.template.kind, self.lookup().as_deref()) {
            (TemplateTreeKind::Constant(value), _) => value.is_null(),
            (TemplateTreeKind::Template(_), Some(["cred", name])) => scheme
                .credential(name)
                .is_some_and(|credential| credential.default.as_ref().is_some_and(Value::is_null)),
            (TemplateTreeKind::Template(template), None) => template.as_expression().is_some(),
            _ => false,
        }
    }

    /// The credentials that it is made of; `None` if it uses anything else.
    fn credentials(&self) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for expression in self.template.expressions() {
            match TemplateDialect::Scheme.names_in(expression) {
                Ok(used) => names.extend(used),
                // The loader refuses such a template. If one came here all the same, no account
                // could render it, so a claim without names is refused instead of left unchecked.
                Err(_) => return Some(Vec::new()),
            }
        }
        let names: Option<Vec<String>> = names
            .into_iter()
            .map(|name| name.strip_prefix("cred.").map(str::to_owned))
            .collect();
        names.filter(|names| !names.is_empty())
    }

    /// Whether a client with this account would send this value.
    fn matches_account(&self, account: &TestAccount, sent: Option<&Value>) -> bool {
        // An account that lacks a credential could not have sent the request.
        let Ok(own) = render_tree(self.template, &AccountScope(account)) else {
            return false;
        };
        match (self.part, sent) {
            (_, None) => own.is_null(),
            // JSON has types, so `"1"` is not `1`. A query or a form only has text.
            (RequestPart::Json, Some(sent)) => *own == *sent,
            (_, Some(sent)) => Some(own.to_text().as_str()) == sent.as_str(),
        }
    }
}

/// The first required leaf that was not sent.
#[must_use]
pub(crate) fn find_missing(
    scheme: &Scheme,
    leaves: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
) -> Option<VerifyError> {
    let missing = leaves
        .iter()
        .find(|leaf| !leaf.is_optional(scheme) && sent.get(leaf).is_none())?;
    Some(VerifyError {
        fault: VerifyFault::Missing,
        location: missing.location(),
    })
}

/// The first leaf that was sent and belongs only to other requests.
#[must_use]
pub(crate) fn find_unexpected(
    leaves: &[RequestLeaf<'_>],
    others: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
) -> Option<VerifyError> {
    let same = |left: &RequestLeaf<'_>, right: &RequestLeaf<'_>| {
        left.part == right.part && left.path == right.path
    };
    let extra = others
        .iter()
        .find(|other| sent.get(other).is_some() && !leaves.iter().any(|leaf| same(leaf, other)))?;
    Some(VerifyError {
        fault: VerifyFault::Malformed,
        location: extra.location(),
    })
}

/// # Errors
/// When a value differs from the constant of the template. A list or an object says what is asked
/// for, which every client decides for itself.
pub(crate) fn check_constants(
    leaves: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
) -> Result<(), VerifyError> {
    let single = |leaf: &&RequestLeaf<'_>| {
        let constant = leaf.template.as_constant()?;
        (!matches!(constant, Value::List(_) | Value::Object(_))).then(|| constant.clone())
    };
    let is_wrong = |leaf: &&RequestLeaf<'_>| match (single(leaf), sent.get(leaf)) {
        (Some(constant), Some(sent)) if leaf.part == RequestPart::Json => constant != sent,
        (Some(constant), Some(sent)) => Some(constant.to_text().as_str()) != sent.as_str(),
        _ => false,
    };
    match leaves.iter().find(is_wrong) {
        Some(leaf) => Err(VerifyError {
            fault: VerifyFault::Malformed,
            location: leaf.location(),
        }),
        None => Ok(()),
    }
}

/// Whether every constant of the templates was sent.
#[must_use]
pub(crate) fn has_constants(leaves: &[RequestLeaf<'_>], sent: &ReceivedValues) -> bool {
    let mut constants = leaves
        .iter()
        .filter(|leaf| leaf.template.as_constant().is_some());
    constants.all(|leaf| sent.get(leaf).is_some()) && check_constants(leaves, sent).is_ok()
}

/// The value and the location of the leaf that is exactly `{{ a.b }}`.
#[must_use]
pub(crate) fn read_value(
    leaves: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
    lookup: &[&str],
) -> Option<(String, String)> {
    let leaf = leaves
        .iter()
        .find(|leaf| leaf.lookup().as_deref() == Some(lookup))?;
    Some((sent.get(leaf)?.to_text(), leaf.location()))
}

/// The name of the parameter that is exactly `{{ name }}`.
#[must_use]
pub(crate) fn parameter_name<'t>(leaves: &[RequestLeaf<'t>], name: &str) -> Option<&'t str> {
    leaves
        .iter()
        .find(|leaf| leaf.lookup().as_deref() == Some(&[name]))
        .and_then(|leaf| leaf.path.first().copied())
}

/// The accounts that would send exactly these values. `read` are the credentials that were read
/// from the signed parts; accounts with other credentials are left out.
///
/// # Errors
/// When a credential belongs to none of the accounts that are left.
pub(crate) fn matching_accounts<'a>(
    scheme: &Scheme,
    accounts: &'a [TestAccount],
    read: &[(String, String)],
    leaves: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
) -> Result<Vec<&'a TestAccount>, VerifyError> {
    let mut left: Vec<&TestAccount> = accounts
        .iter()
        .filter(|account| matches_credentials(account, read))
        .collect();
    let (app, own) = credential_leaves(scheme, leaves);
    // The application first: a wrong app key is reported as such, and not as an unknown account of
    // the right application.
    for (fault, claims) in [(VerifyFault::UnknownKey, app), (VerifyFault::Account, own)] {
        for leaf in claims {
            let value = sent.get(leaf);
            left.retain(|account| leaf.matches_account(account, value.as_ref()));
            if left.is_empty() {
                return Err(VerifyError {
                    fault,
                    location: leaf.location(),
                });
            }
        }
    }
    Ok(left)
}

/// The leaves that are made of credentials alone: those of the application, and those with a
/// credential of an account.
fn credential_leaves<'l, 't>(
    scheme: &Scheme,
    leaves: &'l [RequestLeaf<'t>],
) -> (Vec<&'l RequestLeaf<'t>>, Vec<&'l RequestLeaf<'t>>) {
    let (mut app, mut own) = (Vec::new(), Vec::new());
    for leaf in leaves {
        match leaf.credentials() {
            Some(names) if names.iter().all(|name| is_app_credential(scheme, name)) => {
                app.push(leaf);
            }
            Some(_) => own.push(leaf),
            None => {}
        }
    }
    (app, own)
}

fn matches_credentials(account: &TestAccount, read: &[(String, String)]) -> bool {
    let claims = read
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix("cred.")?, text)));
    let known = |name: &str| account.credentials.get(name).and_then(Value::to_plain_text);
    claims
        .into_iter()
        .all(|(name, text)| known(name).as_ref() == Some(text))
}

fn is_app_credential(scheme: &Scheme, name: &str) -> bool {
    scheme
        .credential(name)
        .is_none_or(|credential| credential.scope == CredentialScope::App)
}
