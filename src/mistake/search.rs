//! The search: single variations in the order in which mistakes are met, then pairs. A hit is a
//! proof, because nothing but exactly what was sent is one.
//!
//! What was sent tells much before anything is computed: its length is that of a hash, and a bcrypt
//! hash begins with its salt. Operations and keys that cannot give it are not tried, and each
//! signature is compared with every reading of what was sent at once. What is left for pairs is texts
//! with keys or operations, and one trial is one hash over a text that is already there.

use super::all_variations::all_variations;
use super::candidate_texts::{CandidateText, CandidateTexts};
use super::case::Case;
use super::diagnosis::{Found, ProvenMistake, proven};
use super::key_variations::{KeyCandidate, key_candidates};
use super::limit::SearchLimit;
use super::operation::{Operation, TrialSigner, operations};
use super::pair_variations::{other_recipe, pairs_of_edits, ranked};
use super::suspect::{Surroundings, SuspectRequest};
use super::time_variations::near_milliseconds;
use super::variation::{Edit, Variation, edited_text};

/// How many texts, keys and operations of each mistake are combined before all of them are.
const LIKELY: usize = 6;
/// How many texts of one mistake are combined with keys and operations at all.
const MAX_OF_ONE: usize = 40;
/// How many pairs of texts are tried. Such a text is put together for one trial.
const MAX_TEXT_PAIRS: usize = 500;

pub(super) struct VariationSearch<'s, 'a> {
    case: &'s Case<'a>,
    around: &'s Surroundings<'s>,
    limit: SearchLimit,
}

impl<'s, 'a> VariationSearch<'s, 'a> {
    pub(super) fn new(
        case: &'s Case<'a>,
        around: &'s Surroundings<'s>,
        limit: SearchLimit,
    ) -> Self {
        Self {
            case,
            around,
            limit,
        }
    }

    pub(super) fn run(mut self, suspect: &SuspectRequest<'_>) -> (Found, usize, Vec<String>) {
        let found = self.find(suspect);
        let found = found.map_or(Found::Nothing, Found::Mistakes);
        let (tried, left_out) = self.limit.into_parts();
        (found, tried, left_out)
    }

    fn find(&mut self, suspect: &SuspectRequest<'_>) -> Option<Vec<ProvenMistake>> {
        let (case, recipe) = (self.case, &self.case.recipe);
        let right = edited_text(recipe, &[])?;
        let keys = key_candidates(recipe, self.around);
        let operations = operations(recipe.operation());
        let (right_key, right_operation) = (keys.first()?, operations.first()?);
        let own = signer(case, right_operation, right_key);
        let other_keys: Vec<TrialSigner<'_>> = keys[1..]
            .iter()
            .filter_map(|key| signer(case, right_operation, key))
            .collect();
        let other_operations: Vec<TrialSigner<'_>> = operations[1..]
            .iter()
            .filter_map(|operation| signer(case, operation, right_key))
            .collect();
        // The spelling of the signature alone.
        let found = own.as_ref().and_then(|own| self.try_one(own, &right));
        if found.is_some() {
            return found;
        }
        let variations = all_variations(recipe, self.around);
        let mut texts = CandidateTexts::of(recipe, &right, &variations, &mut self.limit);
        let found = own.as_ref().and_then(|own| self.try_texts(own, &texts.all));
        let found = found
            .or_else(|| self.try_signers(&other_keys, &right))
            .or_else(|| self.try_signers(&other_operations, &right))
            .or_else(|| other_recipe(case, suspect, &mut self.limit));
        if found.is_some() {
            return found;
        }
        let mut others: Vec<TrialSigner<'_>> = other_keys;
        others.extend(other_operations);
        // Stable: within one mistake the order of the list stays.
        others.sort_by_key(TrialSigner::code);
        self.find_pairs(&texts.all, &others)
            .or_else(|| self.try_keys_with_operations(&keys, &operations, &right))
            .or_else(|| {
                let own = own.as_ref()?;
                self.try_text_pairs(own, &variations, &mut texts)
                    .or_else(|| self.try_near_times(own, &right))
            })
    }

    fn try_texts(
        &mut self,
        signer: &TrialSigner<'_>,
        texts: &[CandidateText],
    ) -> Option<Vec<ProvenMistake>> {
        texts.iter().find_map(|text| self.try_text(signer, text))
    }

    fn try_signers(
        &mut self,
        signers: &[TrialSigner<'_>],
        text: &[u8],
    ) -> Option<Vec<ProvenMistake>> {
        signers.iter().find_map(|signer| self.try_one(signer, text))
    }

    /// Each text with each key and each operation: first the likely ones, then all.
    fn find_pairs(
        &mut self,
        texts: &[CandidateText],
        signers: &[TrialSigner<'_>],
    ) -> Option<Vec<ProvenMistake>> {
        let texts = ranked(texts, |text| text.claims.first().map(|claim| claim.code));
        let signers = ranked(signers, TrialSigner::code);
        for is_first in [true, false] {
            for (text_rank, text) in texts.iter().filter(|(rank, _)| *rank < MAX_OF_ONE) {
                for (rank, signer) in &signers {
                    let is_likely = *text_rank < LIKELY && *rank < LIKELY;
                    if is_likely != is_first {
                        continue;
                    }
                    let found = self.try_text(signer, text);
                    if found.is_some() {
                        return found;
                    }
                    if self.limit.is_over() {
                        return None;
                    }
                }
            }
        }
        None
    }

    /// Keys and operations at once, over the right text.
    fn try_keys_with_operations(
        &mut self,
        keys: &[KeyCandidate],
        operations: &[Operation],
        right: &[u8],
    ) -> Option<Vec<ProvenMistake>> {
        for operation in &operations[1..] {
            for key in &keys[1..] {
                let Some(signer) = signer(self.case, operation, key) else {
                    break;
                };
                let found = self.try_one(&signer, right);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Two changes of the text, the most frequent mistakes first.
    fn try_text_pairs(
        &mut self,
        own: &TrialSigner<'_>,
        variations: &[Variation],
        texts: &mut CandidateTexts,
    ) -> Option<Vec<ProvenMistake>> {
        let firsts: Vec<usize> = texts.all.iter().map(|text| text.variation).collect();
        let few = pairs_of_edits(variations, &firsts, 1);
        let more = pairs_of_edits(variations, &firsts, 4);
        for (one, other) in few.into_iter().chain(more).take(MAX_TEXT_PAIRS) {
            if self.limit.is_over() {
                return None;
            }
            let (first, second) = (&variations[one], &variations[other]);
            let edits: Vec<&Edit> = first.edits.iter().chain(&second.edits).collect();
            let Some(text) = edited_text(&self.case.recipe, &edits) else {
                continue;
            };
            // A text that one of them gives alone has been tried.
            if !texts.is_new(&text) {
                continue;
            }
            if let Some(more) = self.try_one(own, &text) {
                let mut found = vec![
                    proven(&first.claim, texts.alternatives(one, first.claim.code)),
                    proven(&second.claim, texts.alternatives(other, second.claim.code)),
                ];
                found.extend(more);
                return Some(found);
            }
        }
        None
    }

    fn try_near_times(
        &mut self,
        own: &TrialSigner<'_>,
        right: &[u8],
    ) -> Option<Vec<ProvenMistake>> {
        for near in near_milliseconds(&self.case.recipe, right) {
            if let Some(more) = self.try_one(own, &near.text) {
                let mut found = vec![proven(&near.claim, Vec::new())];
                found.extend(more);
                return Some(found);
            }
            if self.limit.is_over() {
                return None;
            }
        }
        None
    }

    /// One signature. `Some` when it is the one that was sent, with what was changed besides the text.
    fn try_one(&mut self, signer: &TrialSigner<'_>, text: &[u8]) -> Option<Vec<ProvenMistake>> {
        let is_allowed = if signer.operation.is_slow() {
            self.limit.allows_bcrypt()
        } else {
            self.limit.allows(text.len())
        };
        if !is_allowed {
            return None;
        }
        let computed = signer.sign(text)?;
        let form = self.case.right.judge(&self.case.forms, &computed).ok()?;
        let form = form.map(|claim| proven(&claim, Vec::new()));
        Some(signer.proven().chain(form).collect())
    }

    fn try_text(
        &mut self,
        signer: &TrialSigner<'_>,
        text: &CandidateText,
    ) -> Option<Vec<ProvenMistake>> {
        let more = self.try_one(signer, &text.bytes)?;
        Some(text.proven().into_iter().chain(more).collect())
    }
}

/// An operation with a key; `None` if what was sent cannot be its result.
fn signer<'s>(
    case: &'s Case<'_>,
    operation: &'s Operation,
    key: &'s KeyCandidate,
) -> Option<TrialSigner<'s>> {
    let mut forms = case.forms.iter();
    let fits = match operation.length() {
        None => true,
        Some(length) if operation.is_slow() => {
            forms.any(|form| form.bytes.len() == length && has_salt(&form.bytes, &key.key))
        }
        Some(length) => forms.any(|form| form.bytes.len() == length),
    };
    fits.then(|| operation.with_key(&case.recipe, key))
}

/// Whether a bcrypt hash was made with this salt. The last character of a salt has bits that are not
/// used, so it is not compared.
fn has_salt(hash: &[u8], salt: &[u8]) -> bool {
    const COMPARED: usize = 28;
    hash.get(..COMPARED).is_some() && hash.get(..COMPARED) == salt.get(..COMPARED)
}
