//! Computes the signature of a received request again, also from changed inputs and with changed
//! steps: the interpreter of `seal` and `verify`, and no second one. It decides nothing; what a
//! change means is known to `mistake`.

use super::asymmetric;
use super::asymmetric_key::PublicKey;
use super::clock::{read_time, write_time};
use super::crypto;
use super::freeze::FrozenRequest;
use super::incoming::Arrived;
use super::scope::{NamedValues, SchemeScope, SigningInputs};
use super::seal::{
    SealError, TraceLine, root_names, run_steps, run_steps_into, step_input, step_key,
};
use super::sent_value::{SentValue, read_sent_values};
use super::verify::{PlacedFields, ReceivedParts, ReceivedRequest, frozen_without_attached};
use crate::model::request::TemplateField;
use crate::model::scheme::{
    AsymmetricAlgorithm, IncomingPush, RequestPart, Scheme, SignOp, SignStep, SigningProcedure,
};
use crate::model::template::{Expression, Template, TemplatePart, TemplateTree, TemplateTreeKind};
use crate::render::{FreshValues, render_tree};
use crate::span::Span;
use crate::value::{ObjectMember, Value};
use crate::wire::{Draft, DraftBody};
use std::borrow::Cow;

/// Names and values, decoded.
pub(crate) type Pairs = Vec<(String, String)>;

/// A received request taken apart, as a signature over it is computed.
pub(crate) struct SignedRequest {
    /// Without what the scheme attaches after signing.
    pub(crate) request: FrozenRequest,
    /// The values that stand where the scheme says.
    pub(crate) sent: Vec<SentValue>,
    /// What the scheme attaches, as part and name.
    pub(crate) attached: Vec<(RequestPart, String)>,
    /// What the scheme adds before signing, as part and name.
    pub(crate) prepared: Vec<(RequestPart, String)>,
    /// The time as it was sent, or as the clock of the verifier writes it.
    pub(crate) ts: String,
    /// Unix milliseconds of a time that was sent in the scheme's spelling.
    pub(crate) sent_ms: Option<i64>,
    /// A push: its address, and everything else, in the form that its steps read.
    pub(crate) is_push: bool,
}

impl SignedRequest {
    /// Takes apart what it can and refuses nothing.
    ///
    /// # Errors
    /// When the time of the verifier cannot be written.
    pub(crate) fn read(
        scheme: &Scheme,
        procedure: &SigningProcedure,
        received: &ReceivedRequest,
        now_ms: i64,
    ) -> Result<Self, SealError> {
        let parsed = ReceivedParts::lenient(received);
        let sent = read_sent_values(scheme, procedure, &parsed);
        let placed = PlacedFields::locate(scheme, procedure, &[], &parsed);
        let places = |fields: &[super::verify::PlacedField<'_>]| {
            fields
                .iter()
                .map(|field| (field.found_in, field.name.clone()))
                .collect()
        };
        let request = frozen_without_attached(&placed.attached, &parsed)
            .unwrap_or_else(|_| as_received(received));
        let written = sent.iter().find(|value| value.name == "ts");
        let ts = match written {
            Some(value) => value.text.clone(),
            None => write_time(&scheme.clock, now_ms)?,
        };
        Ok(Self {
            request,
            attached: places(&placed.attached),
            prepared: places(&placed.prepared),
            sent_ms: written.and_then(|value| read_time(&scheme.clock, &value.text)),
            sent,
            ts,
            is_push: false,
        })
    }

    /// A push, which is read by its own names.
    #[must_use]
    pub(crate) fn of_push(received: &ReceivedRequest) -> Self {
        Self {
            request: as_received(received),
            sent: Vec::new(),
            attached: Vec::new(),
            prepared: Vec::new(),
            ts: String::new(),
            sent_ms: None,
            is_push: true,
        }
    }

    #[must_use]
    pub(crate) fn value(&self, name: &str) -> Option<&SentValue> {
        self.sent.iter().find(|value| value.name == name)
    }

    /// The results of steps that nobody can compute again, and the fields of tokens, as sent.
    #[must_use]
    pub(crate) fn known_steps(&self, steps: &[SignStep]) -> Vec<ObjectMember> {
        let taken = steps.iter().filter_map(|step| {
            let value = self.value(&step.id)?;
            let is_random = matches!(step.operation, SignOp::Uuid | SignOp::Random(_));
            (is_random || value.is_chosen)
                .then(|| (step.id.as_str().into(), Value::from(value.text.as_str())))
        });
        taken.collect()
    }
}

/// The bytes that the step which signs works on.
#[derive(Clone)]
pub(crate) struct Operands {
    /// Empty for a digest.
    pub(crate) key: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// Changes of the pairs in the middle of a chain of filters: everything before it is evaluated,
/// changed, and handed to the rest.
pub(crate) struct PairsEdit<'e> {
    pub(crate) step: usize,
    /// Which part of its template is the chain.
    pub(crate) part: usize,
    /// An expression that gives pairs.
    pub(crate) before: &'e str,
    /// The filters after it; empty, or begins with `|`.
    pub(crate) after: &'e str,
    pub(crate) change: &'e dyn Fn(Pairs) -> Option<Pairs>,
}

/// A change of the text of one step.
pub(crate) struct TextEdit<'e> {
    pub(crate) step: usize,
    pub(crate) change: &'e dyn Fn(&str) -> Option<String>,
}

/// Changes that are made while the steps are run.
#[derive(Default)]
pub(crate) struct StepEdits<'e> {
    pub(crate) pairs: Vec<PairsEdit<'e>>,
    pub(crate) texts: Vec<TextEdit<'e>>,
}

/// Everything that a signature is computed from.
pub(crate) struct Recomputation<'a> {
    pub(crate) steps: &'a [SignStep],
    pub(crate) vars: &'a [TemplateField],
    pub(crate) request: &'a FrozenRequest,
    pub(crate) is_push: bool,
    pub(crate) credentials: &'a NamedValues,
    pub(crate) token: &'a NamedValues,
    pub(crate) ts: &'a str,
    pub(crate) unix_ms: i64,
    pub(crate) known: &'a [ObjectMember],
    pub(crate) overrides: &'a [(String, Value)],
}

/// What a chain of filters hands over, in place of its first part.
const EDITED_PAIRS: &str = "_edited_pairs";

impl Recomputation<'_> {
    /// Every step, in order.
    ///
    /// # Errors
    /// When one cannot be computed.
    pub(crate) fn lines(&self) -> Result<Vec<TraceLine>, SealError> {
        self.with_scope(|scope| run_steps(self.steps, scope))
    }

    /// Every step before the first one that cannot be computed, such as for a secret that is missing.
    #[must_use]
    pub(crate) fn computable_lines(&self) -> Vec<TraceLine> {
        let mut lines = Vec::new();
        // Why a step cannot be computed is known to the caller, who has tried all of them.
        let _ = self.with_scope(|scope| run_steps_into(self.steps, scope, &mut lines));
        lines
    }

    /// One operand of the step at `at`. Only the steps that it is made of are run.
    ///
    /// # Errors
    /// When one of them cannot be computed. `Ok(None)` when an edit does not apply.
    pub(crate) fn operand(
        &self,
        at: usize,
        side: OperandSide,
        edits: &StepEdits<'_>,
    ) -> Result<Option<Vec<u8>>, SealError> {
        let Some(step) = self.steps.get(at) else {
            return Ok(None);
        };
        let needed = ingredients(self.steps, at, side)?;
        self.with_scope(|scope| {
            for index in needed {
                if !run_edited_step(&self.steps[index], index, edits, scope)? {
                    return Ok(None);
                }
            }
            let Some(step) = with_pair_edits(step, at, edits, scope)? else {
                return Ok(None);
            };
            match side {
                OperandSide::Key => step_key(&step, scope),
                OperandSide::Text => step_input(&step, scope),
            }
            .map(Some)
        })
    }

    fn with_scope<T>(
        &self,
        run: impl FnOnce(&mut SchemeScope<'_>) -> Result<T, SealError>,
    ) -> Result<T, SealError> {
        let arrived = self.is_push.then(|| arrived_push(self.request));
        let inputs = SigningInputs {
            credentials: self.credentials,
            token: Some(self.token),
            moment: FreshValues {
                unix_ms: self.unix_ms,
                seed: [0; 16],
            },
            steps: self.known,
            extra: arrived.as_ref().map_or(&[], Arrived::names),
        };
        let scope =
            SchemeScope::with_overrides(inputs, self.ts.to_owned(), self.vars, self.overrides)?;
        let mut scope = SchemeScope {
            frozen: Some(self.request),
            push_body: self.is_push.then_some(self.request.body.as_ref()),
            ..scope
        };
        run(&mut scope)
    }
}

/// The request as it arrived, with nothing taken away.
fn as_received(received: &ReceivedRequest) -> FrozenRequest {
    let (path, query) = (received.path(), received.query());
    let path = path.strip_prefix(received.base.path()).unwrap_or(path);
    FrozenRequest {
        draft: Draft {
            external: None,
            method: received.method,
            path: path.to_owned(),
            raw_query: query.to_owned(),
            query: Vec::new(),
            headers: received.headers.clone(),
            body: DraftBody::Bytes(received.body.clone()),
        },
        base: received.base.clone(),
        query: query.to_owned(),
        body: received.body.clone(),
    }
}

fn arrived_push(request: &FrozenRequest) -> Arrived {
    Arrived::push(&IncomingPush {
        url: request.url(),
        method: request.draft.method.name().to_owned(),
        path_query: request.target(),
        headers: request.draft.headers.clone(),
        body: request.body.to_vec(),
    })
}

/// Runs one step with the edits that are meant for it; `false` when one of them does not apply.
fn run_edited_step(
    step: &SignStep,
    index: usize,
    edits: &StepEdits<'_>,
    scope: &mut SchemeScope<'_>,
) -> Result<bool, SealError> {
    let Some(step) = with_pair_edits(step, index, edits, scope)? else {
        return Ok(false);
    };
    run_steps(std::slice::from_ref(&step), scope)?;
    for edit in edits.texts.iter().filter(|edit| edit.step == index) {
        let Some((_, value)) = scope.steps.last_mut() else {
            return Ok(false);
        };
        // A text that has nothing to change stays as it is.
        if let Some(changed) = value.as_str().and_then(edit.change) {
            *value = Value::from(changed);
        }
    }
    Ok(true)
}

/// The step with edited pairs in the place of a part of a chain; `None` when an edit does not apply.
fn with_pair_edits<'s>(
    step: &'s SignStep,
    index: usize,
    edits: &StepEdits<'_>,
    scope: &mut SchemeScope<'_>,
) -> Result<Option<Cow<'s, SignStep>>, SealError> {
    let mut step = Cow::Borrowed(step);
    for edit in edits.pairs.iter().filter(|edit| edit.step == index) {
        let Some(pairs) = evaluate_pairs(edit.before, scope)?.and_then(edit.change) else {
            return Ok(None);
        };
        let after = edit.after;
        let rest = parse_template(&format!("{{{{ {EDITED_PAIRS} {after} }}}}"));
        scope.steps.retain(|(known, _)| known != EDITED_PAIRS);
        scope.steps.push((EDITED_PAIRS.into(), pair_list(pairs)));
        let (Some(rest), Some(part)) = (rest, input_part(step.to_mut(), edit.part)) else {
            return Ok(None);
        };
        *part = rest;
    }
    Ok(Some(step))
}

fn input_part(step: &mut SignStep, part: usize) -> Option<&mut TemplatePart> {
    match &mut step.operation {
        SignOp::Text(input)
        | SignOp::Digest { input, .. }
        | SignOp::Hmac { input, .. }
        | SignOp::Asymmetric { input, .. }
        | SignOp::Encode { input, .. } => input.parts.get_mut(part),
        _ => None,
    }
}

fn parse_template(text: &str) -> Option<TemplatePart> {
    let template = Template::parse(text, Span::default(), None).ok()?;
    template.parts.into_iter().next()
}

fn evaluate_pairs(source: &str, scope: &SchemeScope<'_>) -> Result<Option<Pairs>, SealError> {
    let text = format!("{{{{ {source} }}}}");
    let Ok(template) = Template::parse(&text, Span::default(), None) else {
        return Ok(None);
    };
    let tree = TemplateTree {
        at: Span::default(),
        kind: TemplateTreeKind::Template(template),
    };
    let value = render_tree(&tree, scope)?;
    let pair = |pair: &Value| match pair.as_list()? {
        [name, value] => Some((name.to_plain_text()?, value.to_plain_text()?)),
        _ => None,
    };
    Ok(value
        .as_list()
        .and_then(|list| list.iter().map(pair).collect()))
}

fn pair_list(pairs: Pairs) -> Value {
    let pair = |(name, value): (String, String)| Value::List(vec![name.into(), value.into()]);
    Value::List(pairs.into_iter().map(pair).collect())
}

/// The steps before `at` that one of its operands is made of.
///
/// # Errors
/// When an expression does not compile.
pub(crate) fn ingredients(
    steps: &[SignStep],
    at: usize,
    side: OperandSide,
) -> Result<Vec<usize>, SealError> {
    let Some(step) = steps.get(at) else {
        return Ok(Vec::new());
    };
    let mut names = root_names(side.expressions(&step.operation))?;
    let mut found = Vec::new();
    // Steps only read steps before them, so one pass from the last to the first finds them all.
    for (index, step) in steps.iter().enumerate().take(at).rev() {
        if names.contains(&step.id) {
            names.extend(root_names(step.operation.expressions())?);
            found.push(index);
        }
    }
    found.reverse();
    Ok(found)
}

/// Which of its two operands a step that signs is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OperandSide {
    Key,
    Text,
}

impl OperandSide {
    fn expressions(self, operation: &SignOp) -> Vec<&Expression> {
        let template = match (self, operation) {
            (Self::Key, SignOp::Hmac { key, .. } | SignOp::Asymmetric { key, .. }) => Some(key),
            (Self::Key, SignOp::Bcrypt { salt, .. }) => Some(salt),
            (Self::Key, SignOp::Jwt(jwt)) => Some(&jwt.key),
            (Self::Key, _) => None,
            (Self::Text, SignOp::Bcrypt { password, .. }) => Some(password),
            (Self::Text, operation) => operation.input(),
        };
        template.map_or_else(Vec::new, |template| template.expressions().collect())
    }
}

/// What an operation of this kind makes of a key and a text, as bytes; `None` for one that is not
/// computed in one way only, or is no signature.
#[must_use]
pub(crate) fn signature_bytes(operation: &SignOp, operands: &Operands) -> Option<Vec<u8>> {
    match operation {
        SignOp::Digest { hash, .. } => Some(crypto::digest_bytes(*hash, &operands.text)),
        SignOp::Hmac { hash, .. } => Some(crypto::hmac_bytes(*hash, &operands.key, &operands.text)),
        SignOp::Bcrypt { .. } => {
            let salt = std::str::from_utf8(&operands.key).ok()?;
            let password = std::str::from_utf8(&operands.text).ok()?;
            let hash = crypto::bcrypt_with_salt(password, salt).ok()?;
            Some(hash.into_bytes())
        }
        _ => None,
    }
}

/// The public half of a key, read once for many signatures.
pub(crate) struct SignatureVerifier(PublicKey);

impl SignatureVerifier {
    /// `None` for a text that is no key.
    pub(crate) fn of(key: &str) -> Option<Self> {
        PublicKey::parse(key).ok().map(Self)
    }

    /// Whether a signature is one over this text; `false` for a key of another algorithm.
    #[must_use]
    pub(crate) fn accepts(
        &self,
        algorithm: AsymmetricAlgorithm,
        text: &[u8],
        signature: &[u8],
    ) -> bool {
        asymmetric::verify_with(algorithm, &self.0, text, signature).unwrap_or(false)
    }
}

/// Why a text is no salt of bcrypt; `None` for one that is. Nothing is computed.
#[must_use]
pub(crate) fn salt_fault(salt: &str) -> Option<String> {
    crypto::check_salt(salt)
        .err()
        .map(|error| error.to_string())
}
