//! One signature in question: its recipe, what was sent, and what the scheme gives.

use super::diagnosis::{TextComparison, TextSource};
use super::difference::first_difference;
use super::form::{RightForm, SentForm, forms};
use super::observation::RequestObservation;
use super::recipe::{Recipe, signing_step};
use super::server_text::likeness;
use super::shown::KnownSecrets;
use super::suspect::SuspectRequest;
use crate::model::request::TemplateField;
use crate::model::scheme::{SignOp, SignStep};
use crate::sign::{
    OperandSide, Operands, SealError, SignedRequest, StepEdits, TestAccount, TraceLine,
    signature_bytes,
};

/// The value that stands in the request for a signature.
pub(super) struct SentSignature {
    /// The step whose result it is.
    pub(super) step: usize,
    /// `query.sign`
    pub(super) location: String,
    pub(super) text: String,
}

/// One signature that is in question.
pub(super) struct Case<'a> {
    pub(super) recipe: Recipe<'a>,
    pub(super) sent: SentSignature,
    /// Every step, as the scheme computes it.
    pub(super) lines: Vec<TraceLine>,
    pub(super) forms: Vec<SentForm>,
    pub(super) right: RightForm,
}

impl<'a> Case<'a> {
    /// # Errors
    /// When a step cannot be computed. `None` when no step signs.
    pub(super) fn new(
        suspect: &SuspectRequest<'a>,
        parts: (&'a [SignStep], &'a [TemplateField]),
        signed: &'a SignedRequest,
        account: &'a TestAccount,
        sent: SentSignature,
    ) -> Result<Option<Self>, SealError> {
        let first = Recipe::new(
            suspect.scheme,
            parts,
            signed,
            account,
            (sent.step, suspect.now_ms),
        )?;
        let lines = first.recomputation().lines()?;
        let values: Vec<String> = lines.iter().map(|line| line.value.clone()).collect();
        let Some(signing) = signing_step(parts.0, sent.step, &values)? else {
            return Ok(None);
        };
        let recipe = Recipe::new(
            suspect.scheme,
            parts,
            signed,
            account,
            (signing, suspect.now_ms),
        )?;
        let expected = &lines[sent.step].value;
        let right = match recipe.operation() {
            SignOp::Asymmetric {
                output_encoding, ..
            } if signing == sent.step => RightForm::of_encoding(*output_encoding),
            _ => RightForm::of(expected, &right_bytes(&recipe).unwrap_or_default()),
        };
        Ok(Some(Self {
            forms: forms(&sent.text),
            recipe,
            sent,
            lines,
            right,
        }))
    }

    /// The signature as the scheme gives it.
    pub(super) fn expected_text(&self) -> Option<&str> {
        self.lines
            .get(self.sent.step)
            .map(|line| line.value.as_str())
    }

    /// What the scheme gives for a step that is plain text, without a signature in it.
    pub(super) fn unsigned_text(&self, id: &str) -> Option<&str> {
        let steps = self.recipe.steps;
        let index = steps.iter().position(|step| step.id == id)?;
        let signing = signing_step(steps, index, &[]).ok()?;
        let is_text = matches!(steps[index].operation, SignOp::Text(_)) && signing.is_none();
        is_text.then(|| self.lines[index].value.as_str())
    }

    /// What the form of the signature shows without its being computed.
    pub(super) fn form_observation(&self) -> Option<RequestObservation> {
        let length = right_bytes(&self.recipe)?.len();
        self.right.observe(&self.forms, length, &self.sent.location)
    }

    pub(super) fn is_equal(&self) -> bool {
        self.lines[self.sent.step].value == self.sent.text
    }

    /// The texts that were given beside the ones that the scheme signs.
    pub(super) fn differences(
        &self,
        suspect: &SuspectRequest<'_>,
        secrets: &KnownSecrets,
    ) -> Vec<TextComparison> {
        let steps = self.recipe.text_steps.iter();
        let texts: Vec<&TraceLine> = steps.map(|index| &self.lines[*index]).collect();
        text_differences(suspect, &texts, secrets)
    }
}

/// The texts that were given beside texts of the scheme. One that is given can be that of any step,
/// so the nearest is taken.
pub(super) fn text_differences(
    suspect: &SuspectRequest<'_>,
    texts: &[&TraceLine],
    secrets: &KnownSecrets,
) -> Vec<TextComparison> {
    let given = [
        (TextSource::Own, suspect.own_text),
        (TextSource::Server, suspect.server_text),
    ];
    let compared = given.into_iter().filter_map(|(source, text)| {
        let text = text?;
        let nearest = texts.iter().max_by_key(|line| {
            let own = &line.value;
            (own == text, likeness(own, text))
        })?;
        Some(TextComparison {
            source,
            step: nearest.id.clone(),
            difference: first_difference(&nearest.value, text, secrets),
        })
    });
    compared.collect()
}

fn right_bytes(recipe: &Recipe<'_>) -> Option<Vec<u8>> {
    let edits = StepEdits::default();
    let run = recipe.recomputation();
    let operand = |side| run.operand(recipe.signing, side, &edits).ok().flatten();
    let operands = Operands {
        key: operand(OperandSide::Key)?,
        text: operand(OperandSide::Text)?,
    };
    signature_bytes(recipe.operation(), &operands)
}
