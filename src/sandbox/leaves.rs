//! A request's templates read backwards: which value was sent where a template stands. It refuses to judge signatures.

use super::names::Own;
use super::owner::TestAccount;
use crate::model::request::Field;
use crate::model::scheme::{CredentialScope, Fault, Part, Scheme, TokenRequest};
use crate::model::template::{Tree, TreeKind};
use crate::render::{Dialect, tree};
use crate::sign::{Faulty, Received};
use crate::value::{Value, parse};
use crate::wire::{pairs_of, pairs_of_form};

/// What a request was sent with.
pub struct Sent {
    query: Vec<(String, String)>,
    form: Vec<(String, String)>,
    json: Value,
}

impl Sent {
    #[must_use]
    pub fn of(received: &Received) -> Self {
        let query = received.target.split_once('?').map_or("", |(_, query)| query);
        let media_type = received.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value.as_str());
        let is_form = media_type.starts_with("application/x-www-form-urlencoded");
        let form = if is_form { pairs_of_form(&String::from_utf8_lossy(&received.body)) } else { Vec::new() };
        Self { query: pairs_of(query), form, json: parse(&received.body).unwrap_or_default() }
    }

    fn get(&self, leaf: &Leaf<'_>) -> Option<Value> {
        let find = |pairs: &[(String, String)]| {
            let (_, value) = pairs.iter().find(|(name, _)| leaf.path == [name.as_str()])?;
            Some(Value::from(value.as_str()))
        };
        match leaf.part {
            Part::Query => find(&self.query),
            Part::Form => find(&self.form),
            _ => leaf.path.iter().try_fold(&self.json, |value, name| value.get(name)).filter(|value| !value.is_null()).cloned(),
        }
    }
}

/// One place of a request that a template, or a constant, stands in.
#[derive(Clone)]
pub struct Leaf<'t> {
    part: Part,
    path: Vec<&'t str>,
    written: &'t Tree,
}

/// Every leaf of a request for a token.
#[must_use]
pub fn leaves_of(request: &TokenRequest) -> Vec<Leaf<'_>> {
    let mut leaves = [pairs(Part::Query, &request.query), pairs(Part::Form, &request.form)].concat();
    if let Some(json) = &request.json {
        members(&[], json, &mut leaves);
    }
    leaves
}

/// The leaves of a query or a form.
#[must_use]
pub fn pairs(part: Part, fields: &[Field]) -> Vec<Leaf<'_>> {
    fields.iter().map(|field| Leaf { part, path: vec![&field.name], written: &field.value }).collect()
}

fn members<'t>(path: &[&'t str], written: &'t Tree, leaves: &mut Vec<Leaf<'t>>) {
    match &written.kind {
        TreeKind::Object(inner) => inner.iter().for_each(|(name, member)| members(&[path, &[name]].concat(), member, leaves)),
        _ => leaves.push(Leaf { part: Part::Json, path: path.to_vec(), written }),
    }
}

impl Leaf<'_> {
    /// `json.shop_id`
    fn place(&self) -> String {
        format!("{}.{}", self.part.name(), self.path.join("."))
    }

    /// The names that it looks up when it does nothing else.
    fn lookup(&self) -> Option<Vec<&str>> {
        let TreeKind::Template(template) = &self.written.kind else { return None };
        Some(template.as_expression()?.lookup.as_ref()?.iter().map(String::as_str).collect())
    }

    /// Null leaves it out: an expression with a condition can be null, and a credential that has it as its default.
    fn may_be_absent(&self, scheme: &Scheme) -> bool {
        match (&self.written.kind, self.lookup().as_deref()) {
            (TreeKind::Constant(value), _) => value.is_null(),
            (TreeKind::Template(_), Some(["cred", name])) => {
                scheme.credential(name).is_some_and(|credential| credential.default.as_ref().is_some_and(Value::is_null))
            }
            (TreeKind::Template(template), None) => template.as_expression().is_some(),
            _ => false,
        }
    }

    /// The credentials that it is made of, when it is made of them alone.
    fn credentials(&self) -> Option<Vec<String>> {
        let expressions = self.written.expressions();
        let names = expressions.iter().flat_map(|expression| Dialect::Scheme.names_in(expression).unwrap_or_default());
        let names: Option<Vec<String>> = names.map(|name| name.strip_prefix("cred.").map(str::to_owned)).collect();
        names.filter(|names| !names.is_empty())
    }

    /// Whether this account would send that: a number for a number, where the part has numbers.
    fn would_be_sent_by(&self, account: &TestAccount, sent: Option<&Value>) -> bool {
        let Ok(own) = tree(self.written, &Own(account)) else { return false };
        match (self.part, sent) {
            (_, None) => own.is_null(),
            (Part::Json, Some(sent)) => *own == *sent,
            (_, Some(sent)) => Some(own.to_text().as_str()) == sent.as_str(),
        }
    }
}

/// The first leaf that had to be sent, and was not.
#[must_use]
pub fn missing(scheme: &Scheme, leaves: &[Leaf<'_>], sent: &Sent) -> Option<Faulty> {
    let missing = leaves.iter().find(|leaf| !leaf.may_be_absent(scheme) && sent.get(leaf).is_none())?;
    Some(Faulty { fault: Fault::Missing, name: missing.place() })
}

/// The first leaf of other requests that was sent and is none of these.
#[must_use]
pub fn extra(leaves: &[Leaf<'_>], others: &[Leaf<'_>], sent: &Sent) -> Option<Faulty> {
    let same = |left: &Leaf<'_>, right: &Leaf<'_>| left.part == right.part && left.path == right.path;
    let extra = others.iter().find(|other| sent.get(other).is_some() && !leaves.iter().any(|leaf| same(leaf, other)))?;
    Some(Faulty { fault: Fault::Malformed, name: extra.place() })
}

/// # Errors
/// When a constant is not what it has to be.
pub fn constants(leaves: &[Leaf<'_>], sent: &Sent) -> Result<(), Faulty> {
    let is_wrong = |leaf: &&Leaf<'_>| match (leaf.written.as_constant(), sent.get(leaf)) {
        (Some(constant), Some(sent)) if leaf.part == Part::Json => *constant != sent,
        (Some(constant), Some(sent)) => Some(constant.to_text().as_str()) != sent.as_str(),
        _ => false,
    };
    match leaves.iter().find(is_wrong) {
        Some(leaf) => Err(Faulty { fault: Fault::Malformed, name: leaf.place() }),
        None => Ok(()),
    }
}

/// The value and the place of the leaf that is exactly `{{ a.b }}`.
#[must_use]
pub fn read(leaves: &[Leaf<'_>], sent: &Sent, lookup: &[&str]) -> Option<(String, String)> {
    let leaf = leaves.iter().find(|leaf| leaf.lookup().as_deref() == Some(lookup))?;
    Some((sent.get(leaf)?.to_text(), leaf.place()))
}

/// The name of the parameter that is exactly `{{ name }}`.
#[must_use]
pub fn parameter<'t>(leaves: &[Leaf<'t>], name: &str) -> Option<&'t str> {
    leaves.iter().find(|leaf| leaf.lookup().as_deref() == Some(&[name])).and_then(|leaf| leaf.path.first().copied())
}

/// The accounts that would send all of that, of those whose credentials were `read` from the signed parts.
///
/// # Errors
/// When a credential belongs to no account that is left; the application's are looked at first.
pub fn claimants<'a>(
    scheme: &Scheme,
    accounts: &'a [TestAccount],
    read: &[(String, String)],
    leaves: &[Leaf<'_>],
    sent: &Sent,
) -> Result<Vec<&'a TestAccount>, Faulty> {
    let mut left: Vec<&TestAccount> = accounts.iter().filter(|account| fits_read(account, read)).collect();
    let made = |leaf| Some((leaf, Leaf::credentials(leaf)?));
    let claims: Vec<(&Leaf<'_>, Vec<String>)> = leaves.iter().filter_map(made).collect();
    let (app, own): (Vec<_>, Vec<_>) =
        claims.into_iter().partition(|(_, names)| names.iter().all(|name| is_of_app(scheme, name)));
    for (fault, claims) in [(Fault::UnknownKey, app), (Fault::Account, own)] {
        for (leaf, _) in claims {
            let value = sent.get(leaf);
            left.retain(|account| leaf.would_be_sent_by(account, value.as_ref()));
            if left.is_empty() {
                return Err(Faulty { fault, name: leaf.place() });
            }
        }
    }
    Ok(left)
}

fn fits_read(account: &TestAccount, read: &[(String, String)]) -> bool {
    let claims = read.iter().filter_map(|(name, text)| Some((name.strip_prefix("cred.")?, text)));
    let known = |name: &str| account.1.get(name).and_then(Value::to_plain_text);
    claims.into_iter().all(|(name, text)| known(name).as_ref() == Some(text))
}

fn is_of_app(scheme: &Scheme, name: &str) -> bool {
    scheme.credential(name).is_none_or(|credential| credential.scope == CredentialScope::App)
}
