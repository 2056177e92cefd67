//! What a scheme's templates see.

use super::freeze::FrozenRequest;
use crate::model::expression::Expression;
use crate::model::request::TemplateField;
use crate::render::{FreshValues, RenderError, TemplateDialect, TemplateScope, render_tree};
use crate::secret::Secret;
use crate::value::{CompactText, ObjectMember, Value};
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
    /// Steps whose text has a body in it that is no text.
    pub(super) byte_steps: Vec<(String, Vec<u8>)>,
    pub(super) frozen: Option<&'a FrozenRequest>,
    /// The body of a push, whose bytes need not be text.
    pub(super) push_body: Option<&'a [u8]>,
    /// Dotted names with values in place of their own: what a wrong signature may have been made
    /// of. Nothing but [`super::reproduce`] sets any.
    pub(super) overrides: &'a [(String, Value)],
}

impl<'a> SchemeScope<'a> {
    /// # Errors
    /// When a template of the level's variables cannot be filled in.
    pub(super) fn new(
        inputs: SigningInputs<'a>,
        ts: String,
        vars: &[TemplateField],
    ) -> Result<Self, RenderError> {
        Self::with_overrides(inputs, ts, vars, &[])
    }

    /// # Errors
    /// As [`SchemeScope::new`].
    pub(super) fn with_overrides(
        inputs: SigningInputs<'a>,
        ts: String,
        vars: &[TemplateField],
        overrides: &'a [(String, Value)],
    ) -> Result<Self, RenderError> {
        let mut scope = Self {
            inputs,
            ts: Value::from(ts),
            vars: Vec::new(),
            steps: Vec::new(),
            byte_steps: Vec::new(),
            frozen: None,
            push_body: None,
            overrides,
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
            "multipart_pairs" => pairs(frozen.multipart_pairs()),
            "header_pairs" => pairs(draft.headers.clone()),
            "headers" => Value::Object(
                draft
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                    .collect(),
            ),
            // A multipart body is not text; `body_bytes` has it.
            "body" if draft.body.kind() == "multipart" => "".into(),
            // What is signed is what is sent: bytes that are no text cannot stand in a text to
            // sign.
            "body" => std::str::from_utf8(&frozen.body).ok()?.into(),
            "json_body" if draft.body.kind() != "json" => "".into(),
            "json_body" => std::str::from_utf8(&frozen.body).ok()?.into(),
            "body_kind" => draft.body.kind().into(),
            _ => return None,
        })
    }
}

impl SchemeScope<'_> {
    /// What an expression names when it is bytes that need not be text: the body, or an earlier step
    /// with such a body in it.
    pub(super) fn raw_bytes(&self, expression: &Expression) -> Option<&[u8]> {
        let names: Vec<&str> = expression
            .lookup
            .as_deref()?
            .iter()
            .map(String::as_str)
            .collect();
        match names.as_slice() {
            ["req", "body_bytes"] => Some(&self.frozen?.body),
            ["push", "body_bytes"] => self.push_body,
            // A multipart body has no text. Any other body is its own text, in whatever encoding.
            ["req", "body"] => {
                let frozen = self.frozen?;
                let is_text = frozen.draft.body.kind() == "multipart"
                    || std::str::from_utf8(&frozen.body).is_ok();
                (!is_text).then_some(frozen.body.as_ref())
            }
            [id] => {
                let mut steps = self.byte_steps.iter();
                steps
                    .find(|(known, _)| known == id)
                    .map(|(_, bytes)| bytes.as_slice())
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
        if !self.overrides.is_empty() {
            let name = path.join(".");
            let mut overrides = self.overrides.iter().rev();
            if let Some((_, value)) = overrides.find(|(known, _)| *known == name) {
                return Some(Cow::Borrowed(value));
            }
        }
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
            [root, members @ ..] => {
                let mut value = find(self.inputs.extra, root)?;
                for member in members {
                    value = value.get(member)?;
                }
                Some(Cow::Borrowed(value))
            }
            _ => None,
        }
    }

    fn dialect(&self) -> TemplateDialect {
        TemplateDialect::Scheme
    }
}
