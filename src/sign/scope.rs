//! What a scheme's templates see.

use super::freeze::FrozenRequest;
use crate::model::request::TemplateField;
use crate::render::{FreshValues, RenderError, TemplateDialect, TemplateScope, render_tree};
use crate::secret::Secret;
use crate::value::{CompactText, ObjectMember, Value};
use crate::wire::DraftBody;
use std::borrow::Cow;

/// Names and values of credentials, or of a token. The values are overwritten when it is dropped,
/// and it has no `Debug`.
#[derive(Clone, Default)]
pub struct NamedValues(Vec<(CompactText, Secret<Value>)>);

impl NamedValues {
    /// Exposes a value: to the interpreter that signs with it, to the redactor that hides it, and
    /// to whoever tells accounts apart by their ids.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.expose())
    }

    /// Overwrites a value of that name.
    pub fn set(&mut self, name: &str, value: Value) {
        let value = Secret::new(value);
        match self.0.iter_mut().find(|(key, _)| key == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.into(), value)),
        }
    }

    /// Every name with its value, still held as a secret.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Secret<Value>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl FromIterator<ObjectMember> for NamedValues {
    fn from_iter<I: IntoIterator<Item = ObjectMember>>(members: I) -> Self {
        let secret = |(name, value)| (name, Secret::new(value));
        Self(members.into_iter().map(secret).collect())
    }
}

/// Everything that comes from outside: a scheme computes nothing else.
#[derive(Clone, Copy)]
pub struct SigningInputs<'a> {
    pub credentials: &'a NamedValues,
    pub token: Option<&'a NamedValues>,
    /// The one reading of the clock, and chance.
    pub moment: FreshValues,
    /// Results of steps that are known already, by id.
    pub steps: &'a [ObjectMember],
    /// More names: `redirect`, `code`, `account`.
    pub extra: &'a [ObjectMember],
}

/// The scope of one signature, growing as its steps are run.
pub(super) struct SchemeScope<'a> {
    pub(super) inputs: SigningInputs<'a>,
    /// In the scheme's spelling.
    pub(super) ts: Value,
    pub(super) vars: Vec<ObjectMember>,
    pub(super) steps: Vec<ObjectMember>,
    pub(super) frozen: Option<&'a FrozenRequest>,
}

impl<'a> SchemeScope<'a> {
    /// # Errors
    /// When a template of the level's variables cannot be filled in.
    pub(super) fn new(
        inputs: SigningInputs<'a>,
        ts: String,
        vars: &[TemplateField],
    ) -> Result<Self, RenderError> {
        let mut scope = Self {
            inputs,
            ts: Value::from(ts),
            vars: Vec::new(),
            steps: Vec::new(),
            frozen: None,
        };
        for field in vars {
            let value = render_tree(&field.value, &scope)?.into_owned();
            scope.vars.retain(|(name, _)| *name != field.name);
            scope.vars.push((field.name.clone(), value));
        }
        Ok(scope)
    }

    fn request_member(&self, member: &str) -> Option<Value> {
        let frozen = self.frozen?;
        let draft = &frozen.draft;
        Some(match member {
            "method" => draft.method.name().into(),
            "url" => frozen.url().into(),
            "host" => frozen.base.authority().into(),
            "path" => frozen.full_path().into(),
            "api_path" => draft.path.as_str().into(),
            "path_query" => frozen.target().into(),
            "query" => frozen.query.as_str().into(),
            "query_pairs" => pairs(frozen.query_pairs()),
            "form_pairs" => pairs(frozen.form_pairs()),
            "json_pairs" => pairs(frozen.json_pairs()),
            "headers" => Value::Object(
                draft
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                    .collect(),
            ),
            // A multipart body is not text, and no scheme signs one.
            "body" if draft.body.kind() == "multipart" => "".into(),
            // What is signed is what is sent: bytes that are no text cannot stand in a text to
            // sign.
            "body" => std::str::from_utf8(&frozen.body).ok()?.into(),
            "body_kind" => draft.body.kind().into(),
            _ => return None,
        })
    }
}

impl SchemeScope<'_> {
    /// The body of a request that is not UTF-8 text, but text in another encoding.
    pub(super) fn encoded_body(&self) -> Option<&[u8]> {
        let frozen = self.frozen?;
        match &frozen.draft.body {
            DraftBody::Encoded { .. } if std::str::from_utf8(&frozen.body).is_err() => {
                Some(&frozen.body)
            }
            _ => None,
        }
    }
}

fn pairs(pairs: Vec<(String, String)>) -> Value {
    Value::List(
        pairs
            .into_iter()
            .map(|(name, value)| Value::List(vec![name.into(), value.into()]))
            .collect(),
    )
}

fn find<'v>(values: &'v [ObjectMember], name: &str) -> Option<&'v Value> {
    values
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
}

impl TemplateScope for SchemeScope<'_> {
    fn lookup(&self, path: &[&str]) -> Option<Cow<'_, Value>> {
        let moment = self.inputs.moment;
        match path {
            ["ts"] => Some(Cow::Borrowed(&self.ts)),
            ["unix_s"] => Some(Cow::Owned(moment.unix_s().into())),
            ["unix_ms"] => Some(Cow::Owned(moment.unix_ms.into())),
            ["cred", name] => self.inputs.credentials.get(name).map(Cow::Borrowed),
            ["token", name] => self.inputs.token?.get(name).map(Cow::Borrowed),
            ["vars", name] => find(&self.vars, name).map(Cow::Borrowed),
            ["req", member] => self.request_member(member).map(Cow::Owned),
            ["req", "headers", name] => self
                .request_member("headers")?
                .get(name)
                .cloned()
                .map(Cow::Owned),
            [name] => find(&self.steps, name)
                .or_else(|| find(self.inputs.extra, name))
                .map(Cow::Borrowed),
            [root, member] => find(self.inputs.extra, root)?
                .get(member)
                .map(Cow::Borrowed),
            _ => None,
        }
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}
