//! Operations in the place of the one that signs: another hash, a hash without a key, key and text
//! swapped.

use super::catalogue::MistakeCode;
use super::diagnosis::{ProvenMistake, proven};
use super::key_variations::KeyCandidate;
use super::recipe::Recipe;
use super::variation::Claim;
use crate::model::scheme::{HashAlgorithm, SignOp};
use crate::sign::{HmacKey, Operands, digest_bytes, hmac_bytes, signature_bytes};
use std::borrow::Cow;

/// An operation, and what it claims if it is not the right one.
pub(super) struct Operation {
    pub(super) claim: Option<Claim>,
    kind: ComputationKind,
    /// Bytes of what it gives; `None` if that is not known beforehand.
    length: Option<usize>,
    /// One computation takes as long as thousands of hashes.
    is_slow: bool,
}

enum ComputationKind {
    Own,
    Hmac(Hash),
    /// HMAC over the text without the secret that stands in it.
    HmacWithoutSecret(Hash),
    Swapped(Hash),
    Digest(Hash, DigestForm),
    /// The same without the secret that stands in the text.
    DigestWithoutSecret(Hash, DigestForm),
}

#[derive(Clone, Copy)]
enum DigestForm {
    Text,
    KeyText,
    TextKey,
    KeyTextKey,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hash {
    Known(HashAlgorithm),
    Sha224,
}

const HASHES: [(Hash, &str); 6] = [
    (Hash::Known(HashAlgorithm::Sha256), "SHA-256"),
    (Hash::Known(HashAlgorithm::Sha1), "SHA-1"),
    (Hash::Known(HashAlgorithm::Md5), "MD5"),
    (Hash::Known(HashAlgorithm::Sha512), "SHA-512"),
    (Hash::Known(HashAlgorithm::Sha384), "SHA-384"),
    (Hash::Sha224, "SHA-224"),
];

/// `$2a$10$`, 22 characters of salt and 31 of hash.
const BCRYPT_LENGTH: usize = 60;

/// The right operation first, then the others by how often they are met.
pub(super) fn operations(operation: &SignOp) -> Vec<Operation> {
    let own_length = match operation {
        SignOp::Hmac { hash, .. } | SignOp::Digest { hash, .. } => {
            Some(Hash::Known(*hash).length())
        }
        SignOp::Bcrypt { .. } => Some(BCRYPT_LENGTH),
        _ => None,
    };
    let mut all = vec![Operation {
        claim: None,
        kind: ComputationKind::Own,
        length: own_length,
        is_slow: matches!(operation, SignOp::Bcrypt { .. }),
    }];
    let (own, has_key) = match operation {
        SignOp::Hmac { hash, .. } => (Hash::Known(*hash), true),
        SignOp::Digest { hash, .. } => (Hash::Known(*hash), false),
        SignOp::Bcrypt { .. } => {
            all.extend(in_place_of_bcrypt());
            return all;
        }
        _ => return all,
    };
    let mut add = |code: MistakeCode, text: String, kind: ComputationKind| {
        all.push(Operation {
            claim: Some(Claim::new(code, text)),
            length: kind.hash().map(Hash::length),
            is_slow: false,
            kind,
        });
    };
    let own_name = hash_name(own);
    if has_key {
        let text = MistakeCode::KEY_AND_TEXT_SWAPPED.sentence().to_owned();
        add(
            MistakeCode::KEY_AND_TEXT_SWAPPED,
            text,
            ComputationKind::Swapped(own),
        );
    }
    for (hash, name) in HASHES.into_iter().filter(|(hash, _)| *hash != own) {
        let text = format!("{name} is used instead of {own_name}");
        let kind = if has_key {
            ComputationKind::Hmac(hash)
        } else {
            ComputationKind::Digest(hash, DigestForm::Text)
        };
        add(MistakeCode::OTHER_HASH, text, kind);
    }
    let own_first = HASHES.iter().filter(|(hash, _)| *hash == own);
    let others = HASHES.iter().filter(|(hash, _)| *hash != own);
    for (hash, name) in own_first.chain(others).copied() {
        if has_key {
            for (form, what) in [
                (DigestForm::Text, "the text"),
                (DigestForm::KeyText, "key and text"),
                (DigestForm::TextKey, "text and key"),
                (DigestForm::KeyTextKey, "key, text and key"),
            ] {
                let text = format!("{name} of {what} is used instead of HMAC-{own_name}");
                let kind = ComputationKind::Digest(hash, form);
                add(MistakeCode::HASH_WITHOUT_HMAC, text, kind);
            }
        } else {
            let text = format!("HMAC-{name} is used instead of {own_name}");
            let code = MistakeCode::HASH_WITHOUT_HMAC;
            add(code, text.clone(), ComputationKind::Hmac(hash));
            add(code, text, ComputationKind::HmacWithoutSecret(hash));
        }
    }
    if !has_key {
        for (form, what) in [
            (DigestForm::KeyText, "only before the text"),
            (DigestForm::TextKey, "only after the text"),
            (DigestForm::Text, "nowhere in the text"),
        ] {
            let text = format!("the secret stands {what}");
            let kind = ComputationKind::DigestWithoutSecret(own, form);
            add(MistakeCode::FIELDS_OF_TEXT, text, kind);
        }
    }
    all
}

/// Programs that know HMAC from other marketplaces use the salt as its key.
fn in_place_of_bcrypt() -> impl Iterator<Item = Operation> {
    let hmacs = HASHES.iter().map(|(hash, name)| {
        let text = format!("HMAC-{name} is used instead of bcrypt");
        (
            Claim::new(MistakeCode::OTHER_HASH, text),
            ComputationKind::Hmac(*hash),
        )
    });
    let digests = HASHES.iter().map(|(hash, name)| {
        let text = format!("{name} of the text is used instead of bcrypt");
        (
            Claim::new(MistakeCode::OTHER_HASH, text),
            ComputationKind::Digest(*hash, DigestForm::Text),
        )
    });
    hmacs.chain(digests).map(|(claim, kind)| Operation {
        claim: Some(claim),
        length: kind.hash().map(Hash::length),
        is_slow: false,
        kind,
    })
}

impl ComputationKind {
    fn hash(&self) -> Option<Hash> {
        match self {
            Self::Own => None,
            Self::Hmac(hash)
            | Self::HmacWithoutSecret(hash)
            | Self::Swapped(hash)
            | Self::Digest(hash, _)
            | Self::DigestWithoutSecret(hash, _) => Some(*hash),
        }
    }
}

impl Hash {
    /// Bytes of a digest.
    fn length(self) -> usize {
        digest(self, b"").len()
    }
}

impl Operation {
    pub(super) fn length(&self) -> Option<usize> {
        self.length
    }

    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// With a key, made ready for many texts.
    pub(super) fn with_key<'o>(
        &'o self,
        recipe: &'o Recipe<'o>,
        key: &'o KeyCandidate,
    ) -> TrialSigner<'o> {
        let hmac = match (&self.kind, recipe.operation()) {
            (ComputationKind::Own, SignOp::Hmac { hash, .. }) => {
                Some(HmacKey::new(*hash, &key.key))
            }
            (
                ComputationKind::Hmac(Hash::Known(hash))
                | ComputationKind::HmacWithoutSecret(Hash::Known(hash)),
                _,
            ) => Some(HmacKey::new(*hash, key.bytes())),
            _ => None,
        };
        TrialSigner {
            operation: self,
            recipe,
            key,
            hmac,
        }
    }
}

/// An operation with a key.
pub(super) struct TrialSigner<'o> {
    pub(super) operation: &'o Operation,
    pub(super) key: &'o KeyCandidate,
    recipe: &'o Recipe<'o>,
    hmac: Option<HmacKey>,
}

impl TrialSigner<'_> {
    /// What it claims: nothing for the right operation with the right key.
    pub(super) fn proven(&self) -> impl Iterator<Item = ProvenMistake> {
        let key = self.key.claim.as_ref();
        let key = key.map(|claim| proven(claim, self.key.others.clone()));
        let operation = self.operation.claim.as_ref();
        key.into_iter()
            .chain(operation.map(|claim| proven(claim, Vec::new())))
    }

    pub(super) fn code(&self) -> Option<MistakeCode> {
        let claim = self.key.claim.as_ref().or(self.operation.claim.as_ref());
        claim.map(|claim| claim.code)
    }

    /// What it makes of a text that is marked where the secret stands.
    pub(super) fn sign(&self, marked: &[u8]) -> Option<Vec<u8>> {
        let text = match self.operation.kind {
            ComputationKind::HmacWithoutSecret(_) | ComputationKind::DigestWithoutSecret(..) => {
                self.recipe.without_secret(marked)
            }
            _ => self.recipe.fill(marked, &self.key.secret),
        };
        if let Some(hmac) = &self.hmac {
            return Some(hmac.sign(&text));
        }
        let key = self.key.bytes();
        match self.operation.kind {
            ComputationKind::Own => {
                let operands = Operands {
                    key: self.key.key.clone(),
                    text: text.into_owned(),
                };
                signature_bytes(self.recipe.operation(), &operands)
            }
            ComputationKind::Hmac(hash) | ComputationKind::HmacWithoutSecret(hash) => {
                Some(hmac(hash, key, &text))
            }
            ComputationKind::Swapped(hash) => Some(hmac(hash, &text, key)),
            ComputationKind::Digest(hash, form)
            | ComputationKind::DigestWithoutSecret(hash, form) => {
                let whole = match form {
                    DigestForm::Text => text,
                    DigestForm::KeyText => Cow::Owned([key, &text].concat()),
                    DigestForm::TextKey => Cow::Owned([&text, key].concat()),
                    DigestForm::KeyTextKey => Cow::Owned([key, &text, key].concat()),
                };
                Some(digest(hash, &whole))
            }
        }
    }
}

fn hash_name(hash: Hash) -> &'static str {
    let mut hashes = HASHES.iter();
    hashes
        .find(|(known, _)| *known == hash)
        .map_or("", |(_, name)| name)
}

fn hmac(hash: Hash, key: &[u8], text: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Known(hash) => hmac_bytes(hash, key, text),
        Hash::Sha224 => hmac_sha224(key, text),
    }
}

fn digest(hash: Hash, text: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Known(hash) => digest_bytes(hash, text),
        Hash::Sha224 => {
            use sha2::Digest as _;
            sha2::Sha224::digest(text).to_vec()
        }
    }
}

/// RFC 2104: no scheme signs with SHA-224, so the engine does not have it.
fn hmac_sha224(key: &[u8], text: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut block = if key.len() > BLOCK {
        digest(Hash::Sha224, key)
    } else {
        key.to_vec()
    };
    block.resize(BLOCK, 0);
    let padded = |pad: u8| -> Vec<u8> { block.iter().map(|byte| byte ^ pad).collect() };
    let inner = digest(Hash::Sha224, &[padded(0x36), text.to_vec()].concat());
    digest(Hash::Sha224, &[padded(0x5c), inner].concat())
}
