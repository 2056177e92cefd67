//! Which variations are tried together. Most pairs are one of the text with one of key, output or
//! hash, by somebody who writes a signer for the first time.

use super::case::Case;
use super::catalogue::MistakeCode as M;
use super::diagnosis::{ProvenMistake, proven};
use super::key_variations::{KeyCandidate, main_key};
use super::recipe::{Recipe, signing_step};
use super::suspect::SuspectRequest;
use super::variation::{Claim, Variation, VariedPart};
use crate::model::scheme::Scheme;
use crate::sign::{NamedValues, OperandSide, Operands, StepEdits, TestAccount, signature_bytes};
use crate::value::Value;

/// How many texts are combined with keys and operations, and how many keys with texts.
const MAX_TEXTS: usize = 110;
const MAX_KEYS: usize = 16;
/// How many texts of one mistake are combined.
const MAX_OF_ONE: usize = 3;

/// The texts that are combined with other keys: the first few of every mistake, most frequent first.
pub(super) fn likely_texts(variations: &[Variation], texts: &[(usize, usize)]) -> Vec<usize> {
    let mut counts: Vec<(M, usize)> = Vec::new();
    let mut chosen = Vec::new();
    for (text, variation) in texts {
        let code = variations[*variation].claim.code;
        if take_of(code, MAX_OF_ONE, &mut counts) && chosen.len() < MAX_TEXTS {
            chosen.push(*text);
        }
    }
    chosen
}

fn take_of(code: M, most: usize, counts: &mut Vec<(M, usize)>) -> bool {
    if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == code) {
        *count += 1;
        return *count <= most;
    }
    counts.push((code, 1));
    true
}

/// The keys that are combined with other texts.
pub(super) fn likely_keys(keys: &[KeyCandidate]) -> Vec<&KeyCandidate> {
    let mut counts: Vec<(M, usize)> = Vec::new();
    let mut chosen = Vec::new();
    for key in keys {
        let Some(claim) = &key.claim else {
            continue;
        };
        let most = match claim.code {
            M::KEY_CODING => 3,
            M::KEY_PLACEHOLDER => 4,
            M::OTHER_CREDENTIAL | M::KEY_BLANKS | M::KEY_LENGTH => 2,
            _ => 1,
        };
        if take_of(claim.code, most, &mut counts) && chosen.len() < MAX_KEYS {
            chosen.push(key);
        }
    }
    chosen
}

/// Two variations of different parts of the text, the most frequent first, so many of each mistake.
pub(super) fn pairs_of_edits<'v>(
    variations: &'v [Variation],
    texts: &[(usize, usize)],
    of_one: usize,
) -> Vec<(&'v Variation, &'v Variation)> {
    let mut counts: Vec<(M, usize)> = Vec::new();
    let mut chosen: Vec<&Variation> = Vec::new();
    for (_, nth) in texts {
        let variation = &variations[*nth];
        if take_of(variation.claim.code, of_one, &mut counts) {
            chosen.push(variation);
        }
    }
    let mut pairs = Vec::new();
    for (nth, one) in chosen.iter().enumerate() {
        for other in &chosen[nth + 1..] {
            if one.subject != other.subject {
                pairs.push((nth, *one, *other));
            }
        }
    }
    // What changes query, path, method or host is met more often than the rest.
    let weight = |subject: VariedPart| match subject {
        VariedPart::Query | VariedPart::Path | VariedPart::Method | VariedPart::Host => 0,
        VariedPart::Time | VariedPart::Body | VariedPart::Level => 1,
        VariedPart::Text | VariedPart::Header => 2,
        VariedPart::Fields => 3,
    };
    pairs.sort_by_key(|(nth, one, other)| (weight(one.subject) + weight(other.subject), *nth));
    pairs
        .into_iter()
        .map(|(_, one, other)| (one, other))
        .collect()
}

/// The recipe of another scheme, with our values for its credentials.
pub(super) fn other_recipe(
    case: &Case<'_>,
    suspect: &SuspectRequest<'_>,
    tried: &mut usize,
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
                *tried += 1;
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
                    let text = format!("the recipe is the one of `{}`", scheme.name);
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
