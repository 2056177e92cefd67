//! A request's templates read backwards: which value was sent where a template stands. It refuses
//! to judge signatures.

use super::token_subject::AccountScope;
use crate::model::request::TemplateField;
use crate::model::scheme::{CredentialScope, RequestPart, Scheme, TokenRequest, VerifyFault};
use crate::model::template::{TemplateTree, TemplateTreeKind};
use crate::render::{TemplateDialect, render_tree};
use crate::sign::{ReceivedRequest, TestAccount, VerifyError};
use crate::value::{Value, parse};
use crate::wire::{parse_form, parse_query};

/// What a request was sent with.
pub(super) struct ReceivedValues {
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Value,
}

impl ReceivedValues {
    /// # Errors
    /// When the body is not what its media type says.
    pub(super) fn of(received: &ReceivedRequest) -> Result<Self, VerifyError> {
        let query = received
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        let media_type = received
            .headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map_or("", |(_, value)| value.as_str());
        let is_form = media_type.starts_with("application/x-www-form-urlencoded");
        let malformed = || VerifyError {
            fault: VerifyFault::Malformed,
            location: "body".to_owned(),
        };
        let form = if is_form {
            parse_form(std::str::from_utf8(&received.body).map_err(|_| malformed())?)
        } else {
            Vec::new()
        };
        let json = match parse(&received.body) {
            Ok(json) => json,
            // Broken JSON is a fault of its own. As null it would be reported as parameters that
            // are missing, and the client would look for them in vain.
            Err(_) if media_type.contains("json") && !received.body.is_empty() => {
                return Err(malformed());
            }
            Err(_) => Value::Null,
        };
        Ok(Self {
            query: parse_query(query),
            form,
            json,
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

/// One place of a request that a template, or a constant, stands in.
#[derive(Clone)]
pub(super) struct RequestLeaf<'t> {
    part: RequestPart,
    path: Vec<&'t str>,
    template: &'t TemplateTree,
}

/// Every leaf of a request for a token.
#[must_use]
pub(super) fn leaves_of(request: &TokenRequest) -> Vec<RequestLeaf<'_>> {
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
pub(super) fn field_leaves(part: RequestPart, fields: &[TemplateField]) -> Vec<RequestLeaf<'_>> {
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

    /// The names that it looks up when it does nothing else.
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

    /// Null leaves it out: an expression with a condition can be null, and a credential that has it
    /// as its default.
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

    /// The credentials that it is made of, when it is made of them alone.
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

    /// Whether this account would send that: a number for a number, where the part has numbers.
    fn matches_account(&self, account: &TestAccount, sent: Option<&Value>) -> bool {
        let Ok(own) = render_tree(self.template, &AccountScope(account)) else {
            return false;
        };
        match (self.part, sent) {
            (_, None) => own.is_null(),
            (RequestPart::Json, Some(sent)) => *own == *sent,
            (_, Some(sent)) => Some(own.to_text().as_str()) == sent.as_str(),
        }
    }
}

/// The first leaf that had to be sent, and was not.
#[must_use]
pub(super) fn find_missing(
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

/// The first leaf of other requests that was sent and is none of these.
#[must_use]
pub(super) fn find_unexpected(
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
/// When a constant is not what it has to be.
pub(super) fn check_constants(
    leaves: &[RequestLeaf<'_>],
    sent: &ReceivedValues,
) -> Result<(), VerifyError> {
    let is_wrong = |leaf: &&RequestLeaf<'_>| match (leaf.template.as_constant(), sent.get(leaf)) {
        (Some(constant), Some(sent)) if leaf.part == RequestPart::Json => *constant != sent,
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

/// The value and the place of the leaf that is exactly `{{ a.b }}`.
#[must_use]
pub(super) fn read_value(
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
pub(super) fn parameter_name<'t>(leaves: &[RequestLeaf<'t>], name: &str) -> Option<&'t str> {
    leaves
        .iter()
        .find(|leaf| leaf.lookup().as_deref() == Some(&[name]))
        .and_then(|leaf| leaf.path.first().copied())
}

/// The accounts that would send all of that, of those whose credentials were `read` from the signed
/// parts.
///
/// # Errors
/// When a credential belongs to no account that is left; the application's are looked at first.
pub(super) fn matching_accounts<'a>(
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
    let made = |leaf| Some((leaf, RequestLeaf::credentials(leaf)?));
    let claims: Vec<(&RequestLeaf<'_>, Vec<String>)> = leaves.iter().filter_map(made).collect();
    let (app, own): (Vec<_>, Vec<_>) = claims
        .into_iter()
        .partition(|(_, names)| names.iter().all(|name| is_app_credential(scheme, name)));
    for (fault, claims) in [(VerifyFault::UnknownKey, app), (VerifyFault::Account, own)] {
        for (leaf, _) in claims {
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
