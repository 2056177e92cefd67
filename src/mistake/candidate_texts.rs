//! The texts that variations give: each once, with every mistake that gives it.

use super::catalogue::MistakeCode;
use super::diagnosis::{ProvenMistake, proven};
use super::limit::SearchLimit;
use super::recipe::Recipe;
use super::variation::{Claim, Edit, Variation, edited_text};
use std::collections::HashMap;
use std::rc::Rc;

/// How many bytes of texts are kept: as many as are hashed at most, so that no text is left out
/// that would be tried.
const MAX_KEPT_BYTES: usize = 64 << 20;

/// A text that is not the right one. It is marked where the secret stands.
pub(super) struct CandidateText {
    pub(super) bytes: Rc<[u8]>,
    /// The mistakes that give it, the most frequent first, each code once.
    pub(super) claims: Vec<Claim>,
    /// The first variation that gives it.
    pub(super) variation: usize,
}

impl CandidateText {
    /// The mistake that gives it, with the names of others that do.
    pub(super) fn proven(&self) -> Option<ProvenMistake> {
        let (first, others) = self.claims.split_first()?;
        let or = others.iter().map(|claim| claim.code).collect();
        Some(proven(first, or))
    }
}

/// All texts, those of the most frequent mistakes first.
pub(super) struct CandidateTexts {
    pub(super) all: Vec<CandidateText>,
    known: HashMap<Rc<[u8]>, KnownText>,
    /// The text of each variation.
    of_variation: Vec<Option<usize>>,
}

/// A text that is met again.
#[derive(Clone, Copy)]
enum KnownText {
    Right,
    At(usize),
    /// Two variations at once gave it.
    OfPair,
}

impl CandidateTexts {
    pub(super) fn of(
        recipe: &Recipe<'_>,
        right: &[u8],
        variations: &[Variation],
        limit: &mut SearchLimit,
    ) -> Self {
        let mut texts = Self {
            all: Vec::new(),
            known: HashMap::from([(Rc::from(right), KnownText::Right)]),
            of_variation: Vec::new(),
        };
        let mut kept = 0;
        for (nth, variation) in variations.iter().enumerate() {
            if limit.is_over() || kept > MAX_KEPT_BYTES {
                break;
            }
            let text = variation_text(recipe, right, variation);
            kept += text.as_ref().map_or(0, Vec::len);
            let index = text.and_then(|text| texts.add(text, &variation.claim, nth));
            texts.of_variation.push(index);
        }
        texts
    }

    /// `None` when the text is the right one.
    fn add(&mut self, text: Vec<u8>, claim: &Claim, variation: usize) -> Option<usize> {
        match self.known.get(text.as_slice()) {
            Some(KnownText::At(index)) => {
                let claims = &mut self.all[*index].claims;
                if !claims.iter().any(|known| known.code == claim.code) {
                    claims.push(claim.clone());
                }
                Some(*index)
            }
            Some(KnownText::Right | KnownText::OfPair) => None,
            None => {
                let (index, bytes) = (self.all.len(), Rc::<[u8]>::from(text));
                self.known.insert(bytes.clone(), KnownText::At(index));
                self.all.push(CandidateText {
                    bytes,
                    claims: vec![claim.clone()],
                    variation,
                });
                Some(index)
            }
        }
    }

    /// Whether a text of two variations is met for the first time.
    pub(super) fn is_new(&mut self, text: &[u8]) -> bool {
        if self.known.contains_key(text) {
            return false;
        }
        self.known.insert(Rc::from(text), KnownText::OfPair);
        true
    }

    /// Other mistakes that give the same text as this variation.
    pub(super) fn alternatives(&self, variation: usize, own: MistakeCode) -> Vec<MistakeCode> {
        let index = self.of_variation.get(variation).copied().flatten();
        let claims = index.map(|index| self.all[index].claims.as_slice());
        let codes = claims.into_iter().flatten().map(|claim| claim.code);
        codes.filter(|code| *code != own).collect()
    }
}

/// The text of one variation. What only changes the bytes of the text needs no template.
fn variation_text(recipe: &Recipe<'_>, right: &[u8], variation: &Variation) -> Option<Vec<u8>> {
    let edits: Vec<&Edit> = variation.edits.iter().collect();
    match edits.as_slice() {
        [Edit::Bytes(change)] => change(right),
        edits => edited_text(recipe, edits),
    }
}
