//! Which variations are tried together. Most pairs are one of the text with one of key, output or
//! hash, by somebody who writes a signer for the first time.

use super::case::Case;
use super::catalogue::MistakeCode as M;
use super::diagnosis::{ProvenMistake, proven};
use super::key_variations::main_key;
use super::limit::SearchLimit;
use super::recipe::{Recipe, signing_step};
use super::suspect::SuspectRequest;
use super::variation::{Claim, Variation, VariedPart};
use crate::model::scheme::Scheme;
use crate::sign::{NamedValues, OperandSide, Operands, StepEdits, TestAccount, signature_bytes};
use crate::value::Value;
use std::collections::HashMap;

/// Each thing with the number of those of the same mistake before it.
pub(super) fn ranked<T>(things: &[T], code: impl Fn(&T) -> Option<M>) -> Vec<(usize, &T)> {
    let mut counts: HashMap<Option<M>, usize> = HashMap::new();
    let ranked = things.iter().map(|thing| {
        let count = counts.entry(code(thing)).or_default();
        *count += 1;
        (*count - 1, thing)
    });
    ranked.collect()
}

/// Two variations of different parts of the text, the most frequent first, so many of each mistake;
/// by their numbers.
pub(super) fn pairs_of_edits(
    variations: &[Variation],
    firsts: &[usize],
    of_one: usize,
) -> Vec<(usize, usize)> {
    let chosen: Vec<usize> = ranked(firsts, |nth| Some(variations[*nth].claim.code))
        .into_iter()
        .filter(|(rank, _)| *rank < of_one)
        .map(|(_, nth)| *nth)
        .collect();
    let mut pairs = Vec::new();
    for (nth, one) in chosen.iter().enumerate() {
        for other in &chosen[nth + 1..] {
            let subjects = (variations[*one].subject, variations[*other].subject);
            if subjects.0 != subjects.1 {
                pairs.push((weight(subjects.0) + weight(subjects.1), *one, *other));
            }
        }
    }
    // Stable: the order of the mistakes stays.
    pairs.sort_by_key(|(weight, ..)| *weight);
    pairs
        .into_iter()
        .map(|(_, one, other)| (one, other))
        .collect()
}

/// What changes query, path, method or host is met more often than the rest.
fn weight(subject: VariedPart) -> usize {
    match subject {
        VariedPart::Query | VariedPart::Path | VariedPart::Method | VariedPart::Host => 0,
        VariedPart::Time | VariedPart::Body | VariedPart::Level => 1,
        VariedPart::Text | VariedPart::Header => 2,
        VariedPart::Fields => 3,
    }
}

/// The recipe of another scheme, with our values for its credentials.
pub(super) fn other_recipe(
    case: &Case<'_>,
    suspect: &SuspectRequest<'_>,
    limit: &mut SearchLimit,
) -> Option<Vec<ProvenMistake>> {
    let own = &case.recipe;
    let secret = main_key(own)?.1;
    for scheme in suspect
        .other_schemes
        .iter()
        .filter(|scheme| scheme.name != own.scheme.name)
    {
        for level in &scheme.levels {
            let procedure = &level.procedure;
            let Some(last) = procedure.sign.len().checked_sub(1) else {
                continue;
            };
            let account = TestAccount {
                name: own.account.name.clone(),
                credentials: mapped_credentials(scheme, own, &secret),
            };
            let Ok(Some(_)) = signing_step(&procedure.sign, last, &[]) else {
                continue;
            };
            for signing in 0..procedure.sign.len() {
                if !procedure.sign[signing].operation.is_signature() {
                    continue;
                }
                if !limit.allows(own.signed.request.body.len()) {
                    return None;
                }
                let parts = (procedure.sign.as_slice(), procedure.vars.as_slice());
                let recipe = Recipe::new(
                    scheme,
                    parts,
                    own.signed,
                    &account,
                    (signing, suspect.now_ms),
                );
                let Some(computed) = recipe.ok().and_then(|recipe| signature_of(&recipe)) else {
                    continue;
                };
                if case.forms.iter().any(|form| form.bytes == computed) {
                    let text = format!("the signature is made as for `{}`", scheme.name);
                    return Some(vec![proven(&Claim::new(M::OTHER_RECIPE, text), Vec::new())]);
                }
            }
        }
    }
    None
}

fn signature_of(recipe: &Recipe<'_>) -> Option<Vec<u8>> {
    let run = recipe.recomputation();
    let edits = StepEdits::default();
    let operand = |side| run.operand(recipe.signing, side, &edits).ok().flatten();
    let operands = Operands {
        key: operand(OperandSide::Key)?,
        text: operand(OperandSide::Text)?,
    };
    signature_bytes(recipe.operation(), &operands)
}

/// Our secret for its secret, our values for names that both have.
fn mapped_credentials(scheme: &Scheme, own: &Recipe<'_>, secret: &str) -> NamedValues {
    let mut values = NamedValues::default();
    for credential in &scheme.credentials {
        let same = own.account.credentials.get(&credential.name).cloned();
        let value = if credential.is_secret {
            Some(Value::from(secret))
        } else {
            same.or_else(|| credential.default.clone())
        };
        values.set(&credential.name, value.unwrap_or_else(|| Value::from("")));
    }
    values
}
