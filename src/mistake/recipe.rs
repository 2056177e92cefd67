//! The recipe of a signature, taken apart: which step signs, which steps are its text and which its
//! key, what it looks at, and where pairs go through a chain of filters.

use super::chain::Chain;
use crate::model::request::TemplateField;
use crate::model::scheme::{Scheme, SignOp, SignStep};
use crate::model::template::{Expression, Template, TemplatePart};
use crate::render::TemplateDialect;
use crate::sign::{
    NamedValues, OperandSide, Recomputation, SealError, SignedRequest, StepEdits, TestAccount,
    ingredients,
};
use crate::value::{ObjectMember, Value};
use std::borrow::Cow;

/// Stands for the secret in a text, so that the text is computed once for all keys.
/// It is ASCII, so that a text in another character encoding keeps it.
const SECRET_MARK: &str = "\u{1}secret\u{2}";

pub(super) struct Recipe<'a> {
    pub(super) scheme: &'a Scheme,
    pub(super) signed: &'a SignedRequest,
    pub(super) steps: &'a [SignStep],
    pub(super) vars: &'a [TemplateField],
    pub(super) account: &'a TestAccount,
    pub(super) token: NamedValues,
    known: Vec<ObjectMember>,
    unix_ms: i64,
    /// The step that signs.
    pub(super) signing: usize,
    /// The steps that its text is made of.
    pub(super) text_steps: Vec<usize>,
    /// What the text looks at: `req.path`, `ts`.
    pub(super) text_names: Vec<String>,
    /// What the key looks at.
    pub(super) key_names: Vec<String>,
    pub(super) chains: Vec<Chain>,
    /// The secret that stands in the text, and its value. The texts have [`SECRET_MARK`] there.
    pub(super) text_secret: Option<(String, String)>,
    pub(super) text_overrides: Vec<(String, Value)>,
}

impl<'a> Recipe<'a> {
    /// # Errors
    /// When a step of the recipe cannot be computed.
    pub(super) fn new(
        scheme: &'a Scheme,
        (steps, vars): (&'a [SignStep], &'a [TemplateField]),
        signed: &'a SignedRequest,
        account: &'a TestAccount,
        (signing, now_ms): (usize, i64),
    ) -> Result<Self, SealError> {
        let text_steps = ingredients(steps, signing, OperandSide::Text)?;
        let key_steps = ingredients(steps, signing, OperandSide::Key)?;
        let operation = &steps[signing].operation;
        let mut recipe = Self {
            scheme,
            signed,
            steps,
            vars,
            account,
            token: token_of(signed, account),
            known: signed.known_steps(steps),
            unix_ms: signed.sent_ms.unwrap_or(now_ms),
            signing,
            text_names: names_of(steps, vars, &text_steps, text_template(operation)),
            key_names: names_of(steps, vars, &key_steps, key_template(operation)),
            chains: Vec::new(),
            text_steps,
            text_secret: None,
            text_overrides: Vec::new(),
        };
        recipe.chains = recipe.find_chains();
        recipe.mark_secret()?;
        Ok(recipe)
    }

    pub(super) fn recomputation(&self) -> Recomputation<'_> {
        Recomputation {
            steps: self.steps,
            vars: self.vars,
            request: &self.signed.request,
            is_push: self.signed.is_push,
            credentials: &self.account.credentials,
            token: &self.token,
            ts: &self.signed.ts,
            unix_ms: self.unix_ms,
            known: &self.known,
            overrides: &[],
        }
    }

    pub(super) fn operation(&self) -> &SignOp {
        &self.steps[self.signing].operation
    }

    /// Whether the text looks at one of these parts of the request: `path`, `query_pairs`.
    pub(super) fn reads(&self, members: &[&str]) -> bool {
        let root = if self.signed.is_push { "push" } else { "req" };
        members.iter().any(|member| {
            let name = format!("{root}.{member}");
            self.text_names
                .iter()
                .any(|known| *known == name || known.starts_with(&format!("{name}.")))
        })
    }

    /// The value of a credential or of a field of the token.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let (root, member) = name.split_once('.')?;
        let value = match root {
            "cred" => self.account.credentials.get(member),
            "token" => self.token.get(member),
            _ => None,
        };
        value.and_then(Value::to_plain_text)
    }

    pub(super) fn is_secret(&self, name: &str) -> bool {
        match name.split_once('.') {
            Some(("cred", member)) => self
                .scheme
                .credential(member)
                .is_some_and(|credential| credential.is_secret),
            Some(("token", _)) => true,
            _ => false,
        }
    }

    /// Whether a signature that cannot be computed again is one of this key over this text.
    pub(super) fn accepts(&self, sent: &str) -> bool {
        let mut known = self.known.clone();
        let id = self.steps[self.signing].id.as_str();
        known.push((id.into(), Value::from(sent)));
        let run = Recomputation {
            known: &known,
            ..self.recomputation()
        };
        run.lines().is_ok()
    }

    /// The key as text, where it is one.
    pub(super) fn key_text(&self) -> Option<String> {
        let edits = StepEdits::default();
        let key = self
            .recomputation()
            .operand(self.signing, OperandSide::Key, &edits)
            .ok()??;
        String::from_utf8(key).ok()
    }

    /// The text with a secret in the place of its mark.
    pub(super) fn fill<'t>(&self, text: &'t [u8], secret: &[u8]) -> Cow<'t, [u8]> {
        if self.text_secret.is_none() {
            return Cow::Borrowed(text);
        }
        if memchr::memmem::find(text, SECRET_MARK.as_bytes()).is_some() {
            return Cow::Owned(replace_bytes(text, SECRET_MARK.as_bytes(), secret));
        }
        // A text in UTF-16 has a zero beside each byte of the mark.
        let wide = |bytes: &[u8], is_little: bool| -> Vec<u8> {
            let pairs = bytes
                .iter()
                .map(|byte| if is_little { [*byte, 0] } else { [0, *byte] });
            pairs.flatten().collect()
        };
        let is_little = text.get(1) == Some(&0);
        let mark = wide(SECRET_MARK.as_bytes(), is_little);
        Cow::Owned(replace_bytes(text, &mark, &wide(secret, is_little)))
    }

    /// The secret of the text, as it should stand there.
    pub(super) fn right_secret(&self) -> &[u8] {
        let secret = self.text_secret.as_ref();
        secret.map_or(&[], |(_, value)| value.as_bytes())
    }

    /// The text without its secret.
    pub(super) fn without_secret<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        self.fill(text, b"")
    }

    /// Renders texts with a mark for the secret, if that gives the same texts.
    fn mark_secret(&mut self) -> Result<(), SealError> {
        let names = self.text_names.clone();
        let Some((name, value)) = names.into_iter().find_map(|name| {
            let value = self.value(&name)?;
            (name.starts_with("cred.") && self.is_secret(&name) && !value.is_empty())
                .then_some((name, value))
        }) else {
            return Ok(());
        };
        let edits = StepEdits::default();
        let right = self
            .recomputation()
            .operand(self.signing, OperandSide::Text, &edits)?;
        let overrides = vec![(name.clone(), Value::from(SECRET_MARK))];
        let run = Recomputation {
            overrides: &overrides,
            ..self.recomputation()
        };
        // A salt or a filter may not take the mark; then the secret stays in the text.
        let marked = run.operand(self.signing, OperandSide::Text, &edits);
        let filled = marked
            .ok()
            .flatten()
            .map(|marked| replace_bytes(&marked, SECRET_MARK.as_bytes(), value.as_bytes()));
        if filled == right {
            self.text_secret = Some((name, value));
            self.text_overrides = overrides;
        }
        Ok(())
    }

    fn find_chains(&self) -> Vec<Chain> {
        let mut chains = Vec::new();
        for index in self.text_steps.iter().copied().chain([self.signing]) {
            let template = match &self.steps[index].operation {
                SignOp::Bcrypt { password, .. } => Some(password),
                operation => operation.input(),
            };
            let parts = template.into_iter().flat_map(|template| &template.parts);
            for (part, content) in parts.enumerate() {
                if let TemplatePart::Expression(expression) = content {
                    chains.extend(Chain::parse(index, part, &expression.source));
                }
            }
        }
        chains
    }
}

/// The fields of the token: as they were sent, else those of the account.
pub(super) fn token_of(signed: &SignedRequest, account: &TestAccount) -> NamedValues {
    let mut token = NamedValues::default();
    for (name, value) in account.credentials.iter() {
        token.set(name, value.expose().clone());
    }
    for value in &signed.sent {
        if let Some(name) = value.name.strip_prefix("token.") {
            token.set(name, Value::from(value.text.as_str()));
        }
    }
    token
}

pub(super) fn text_template(operation: &SignOp) -> Option<&Template> {
    match operation {
        SignOp::Bcrypt { password, .. } => Some(password),
        operation => operation.input(),
    }
}

pub(super) fn key_template(operation: &SignOp) -> Option<&Template> {
    match operation {
        SignOp::Hmac { key, .. } | SignOp::Asymmetric { key, .. } => Some(key),
        SignOp::Bcrypt { salt, .. } => Some(salt),
        SignOp::Jwt(jwt) => Some(&jwt.key),
        _ => None,
    }
}

/// The dotted names that these steps and this template look up, those of the level's variables
/// among them.
fn names_of(
    steps: &[SignStep],
    vars: &[TemplateField],
    indices: &[usize],
    own: Option<&Template>,
) -> Vec<String> {
    let mut expressions: Vec<&Expression> = indices
        .iter()
        .flat_map(|index| steps[*index].operation.expressions())
        .collect();
    expressions.extend(own.into_iter().flat_map(Template::expressions));
    let mut names = Vec::new();
    for expression in expressions {
        // An expression that does not compile stops the signing with its own message.
        names.extend(
            TemplateDialect::Scheme
                .names_in(expression)
                .unwrap_or_default(),
        );
    }
    let used: Vec<&TemplateField> = vars
        .iter()
        .filter(|field| names.contains(&format!("vars.{}", field.name)))
        .collect();
    for expression in used.into_iter().flat_map(|field| field.value.expressions()) {
        names.extend(
            TemplateDialect::Scheme
                .names_in(expression)
                .unwrap_or_default(),
        );
    }
    names.sort();
    names.dedup();
    names
}

/// The step that signs what `sent` holds, by its value if several could.
pub(super) fn signing_step(
    steps: &[SignStep],
    sent: usize,
    values: &[String],
) -> Result<Option<usize>, SealError> {
    let mut candidates = ingredients(steps, sent, OperandSide::Text)?;
    candidates.push(sent);
    candidates.retain(|index| steps[*index].operation.is_signature());
    let by_value = |index: &&usize| values.get(**index) == values.get(sent);
    let found = candidates.iter().rev().find(by_value);
    Ok(found.or(candidates.last()).copied())
}

pub(super) fn replace_bytes(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut end = 0;
    for at in memchr::memmem::find_iter(text, from) {
        out.extend_from_slice(&text[end..at]);
        out.extend_from_slice(to);
        end = at + from.len();
    }
    out.extend_from_slice(&text[end..]);
    out
}
