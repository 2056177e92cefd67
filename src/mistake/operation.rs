//! Operations in the place of the one that signs: another hash, a hash without a key, key and text
//! swapped.

use super::catalogue::MistakeCode;
use super::recipe::Recipe;
use super::variation::Claim;
use crate::model::scheme::{HashAlgorithm, SignOp};
use crate::sign::{Operands, digest_bytes, hmac_bytes, signature_bytes};

/// An operation, and what it claims if it is not the right one.
pub(super) struct Operation {
    pub(super) claim: Option<Claim>,
    kind: ComputationKind,
    /// Bytes of what it gives; `None` if that is not known beforehand.
    length: Option<usize>,
}

enum ComputationKind {
    Own,
    Hmac(Hash),
    /// HMAC over the text without the secret that stands in it.
    HmacWithoutSecret(Hash),
    Swapped(Hash),
    Digest(Hash, DigestForm),
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

/// The right operation first, then the others by how often they are met.
pub(super) fn operations(operation: &SignOp) -> Vec<Operation> {
    let own_length = match operation {
        SignOp::Hmac { hash, .. } | SignOp::Digest { hash, .. } => {
            Some(Hash::Known(*hash).length())
        }
        _ => None,
    };
    let mut all = vec![Operation {
        claim: None,
        kind: ComputationKind::Own,
        length: own_length,
    }];
    let (own, has_key) = match operation {
        SignOp::Hmac { hash, .. } => (Hash::Known(*hash), true),
        SignOp::Digest { hash, .. } => (Hash::Known(*hash), false),
        // A bcrypt hash cannot be told from its text by another operation.
        _ => return all,
    };
    let mut add = |code: MistakeCode, text: String, kind: ComputationKind| {
        all.push(Operation {
            claim: Some(Claim::new(code, text)),
            length: kind.hash().map(Hash::length),
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
        let text = format!("{name} is used where {own_name} is due");
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
                let text = format!("{name} of {what} is used where HMAC-{own_name} is due");
                let kind = ComputationKind::Digest(hash, form);
                add(MistakeCode::HASH_WITHOUT_HMAC, text, kind);
            }
        } else {
            let text = format!("HMAC-{name} is used where {own_name} is due");
            let code = MistakeCode::HASH_WITHOUT_HMAC;
            add(code, text.clone(), ComputationKind::Hmac(hash));
            add(code, text, ComputationKind::HmacWithoutSecret(hash));
        }
    }
    all
}

impl ComputationKind {
    fn hash(&self) -> Option<Hash> {
        match self {
            Self::Own => None,
            Self::Hmac(hash)
            | Self::HmacWithoutSecret(hash)
            | Self::Swapped(hash)
            | Self::Digest(hash, _) => Some(*hash),
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

    /// What it makes of a text that is marked where the secret stands.
    pub(super) fn compute(
        &self,
        recipe: &Recipe<'_>,
        key: &[u8],
        secret: &[u8],
        marked: &[u8],
    ) -> Option<Vec<u8>> {
        let text = recipe.fill(marked, secret);
        let key_bytes = if key.is_empty() { secret } else { key };
        match self.kind {
            ComputationKind::Own => {
                let operands = Operands {
                    key: key.to_vec(),
                    text,
                };
                signature_bytes(recipe.operation(), &operands)
            }
            ComputationKind::Hmac(hash) => Some(hmac(hash, key_bytes, &text)),
            ComputationKind::HmacWithoutSecret(hash) => {
                Some(hmac(hash, key_bytes, &recipe.without_secret(marked)))
            }
            ComputationKind::Swapped(hash) => Some(hmac(hash, &text, key_bytes)),
            ComputationKind::Digest(hash, form) => {
                let whole = match form {
                    DigestForm::Text => text,
                    DigestForm::KeyText => [key_bytes, &text].concat(),
                    DigestForm::TextKey => [&text, key_bytes].concat(),
                    DigestForm::KeyTextKey => [key_bytes, &text, key_bytes].concat(),
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
