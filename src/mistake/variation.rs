//! One change of what a signature is made of: a variation. Several of them can be made at once.

use super::catalogue::MistakeCode;
use super::chain::{Chain, ChainPlace};
use super::recipe::Recipe;
use crate::model::request::TemplateField;
use crate::model::scheme::SignStep;
use crate::sign::{
    FrozenRequest, OperandSide, Pairs, PairsEdit, Recomputation, StepEdits, TextEdit,
};
use crate::value::Value;
use std::rc::Rc;

/// What a variation claims if it gives what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) code: MistakeCode,
    pub(super) text: String,
}

impl Claim {
    pub(super) fn new(code: MistakeCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    /// In the words of the catalogue.
    pub(super) fn plain(code: MistakeCode) -> Self {
        Self::new(code, code.sentence())
    }
}

/// What a variation changes; two that change the same are not made at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariedPart {
    Method,
    Path,
    Host,
    Query,
    Body,
    Header,
    Time,
    /// The text of steps: separators, line ends.
    Text,
    /// The fields of the text.
    Fields,
    Level,
}

pub(super) type ChangeRequest = Rc<dyn Fn(&mut FrozenRequest)>;
type ChangeSteps = Rc<dyn Fn(&mut Vec<SignStep>)>;
type ChangeText = Rc<dyn Fn(&str) -> Option<String>>;
type ChangeBytes = Rc<dyn Fn(&[u8]) -> Option<Vec<u8>>>;
pub(super) type ChangePairs = Rc<dyn Fn(Pairs) -> Option<Pairs>>;

#[derive(Clone)]
pub(super) enum Edit {
    Request(ChangeRequest),
    /// A name of the templates gets another value.
    Name(String, Value),
    Pairs(ChainPlace, ChangePairs),
    Steps(ChangeSteps),
    Vars(Vec<TemplateField>),
    /// The text of a step, or of every step of the text.
    Text(Option<usize>, ChangeText),
    /// The bytes that are signed.
    Bytes(ChangeBytes),
}

#[derive(Clone)]
pub(super) struct Variation {
    pub(super) claim: Claim,
    pub(super) subject: VariedPart,
    pub(super) edits: Vec<Edit>,
}

impl Variation {
    pub(super) fn new(claim: Claim, subject: VariedPart, edit: Edit) -> Self {
        Self {
            claim,
            subject,
            edits: vec![edit],
        }
    }

    pub(super) fn request(
        claim: Claim,
        subject: VariedPart,
        change: impl Fn(&mut FrozenRequest) + 'static,
    ) -> Self {
        Self::new(claim, subject, Edit::Request(Rc::new(change)))
    }

    pub(super) fn name(
        claim: Claim,
        subject: VariedPart,
        name: &str,
        value: impl Into<Value>,
    ) -> Self {
        Self::new(claim, subject, Edit::Name(name.to_owned(), value.into()))
    }

    pub(super) fn pairs(
        claim: Claim,
        place: ChainPlace,
        change: impl Fn(Pairs) -> Option<Pairs> + 'static,
    ) -> Self {
        Self::new(
            claim,
            VariedPart::Query,
            Edit::Pairs(place, Rc::new(change)),
        )
    }
}

/// The text that is signed when these edits are made; `None` when they do not apply.
pub(super) fn edited_text(recipe: &Recipe<'_>, edits: &[&Edit]) -> Option<Vec<u8>> {
    let mut request = std::borrow::Cow::Borrowed(&recipe.signed.request);
    let mut steps = std::borrow::Cow::Borrowed(recipe.steps);
    let mut vars = recipe.vars;
    let mut overrides = recipe.text_overrides.clone();
    let mut step_edits = StepEdits::default();
    for edit in edits {
        match edit {
            Edit::Request(change) => change(request.to_mut()),
            Edit::Name(name, value) => overrides.push((name.clone(), value.clone())),
            Edit::Steps(change) => change(steps.to_mut()),
            Edit::Vars(other) => vars = other,
            Edit::Pairs(place, change) => {
                let chains = recipe.chains.iter();
                let edits = chains.map(|chain| chain_edit(chain, *place, change));
                let edits: Option<Vec<PairsEdit<'_>>> = edits.collect();
                step_edits
                    .pairs
                    .extend(edits.filter(|edits| !edits.is_empty())?);
            }
            Edit::Text(step, change) => {
                let all = recipe.text_steps.iter();
                let steps = all.filter(|index| step.is_none_or(|step| step == **index));
                step_edits.texts.extend(steps.map(|index| TextEdit {
                    step: *index,
                    change: change.as_ref(),
                }));
            }
            Edit::Bytes(_) => {}
        }
    }
    let run = Recomputation {
        steps: &steps,
        vars,
        request: &request,
        overrides: &overrides,
        ..recipe.recomputation()
    };
    // A change that a template refuses, such as a value that is no JSON, is no variation.
    let text = run
        .operand(recipe.signing, OperandSide::Text, &step_edits)
        .ok()??;
    edits.iter().try_fold(text, |text, edit| match edit {
        Edit::Bytes(change) => change(&text),
        _ => Some(text),
    })
}

fn chain_edit<'e>(
    chain: &'e Chain,
    place: ChainPlace,
    change: &'e ChangePairs,
) -> Option<PairsEdit<'e>> {
    let (before, after) = chain.cut(place)?;
    Some(PairsEdit {
        step: chain.step,
        part: chain.part,
        before,
        after,
        change: change.as_ref(),
    })
}
