//! Signatures that differ each time, or that carry their own text: they are verified with the key in
//! place of being computed again.

use super::all_variations::all_variations;
use super::candidate_texts::CandidateTexts;
use super::case::Case;
use super::catalogue::MistakeCode as M;
use super::diagnosis::{Found, ProvenMistake, proven};
use super::key_variations::key_candidates;
use super::limit::SearchLimit;
use super::suspect::Surroundings;
use super::variation::{Claim, edited_text};
use crate::model::scheme::{
    AsymmetricAlgorithm, EcdsaAlgorithm, EcdsaForm, HashAlgorithm, JwtSignature, RsaPadding, SignOp,
};
use crate::sign::{SignatureVerifier, TokenText, digest_bytes, hmac_bytes};
use crate::value::Value;
use std::borrow::Cow;

const HASHES: [HashAlgorithm; 5] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha1,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha384,
    HashAlgorithm::Md5,
];

/// Whether its signatures are verified and not compared.
pub(super) fn is_verified(operation: &SignOp) -> bool {
    matches!(operation, SignOp::Asymmetric { .. } | SignOp::Jwt(_))
}

pub(super) fn search(
    case: &Case<'_>,
    around: &Surroundings<'_>,
    mut limit: SearchLimit,
) -> (Found, usize, Vec<String>) {
    if limit.allows_verification() && case.recipe.accepts(&case.sent.text) {
        return (Found::Equal, 1, Vec::new());
    }
    let found = match case.recipe.operation() {
        SignOp::Jwt(_) => search_token(case, around, &mut limit).map(|claim| vec![claim]),
        _ => search_signature(case, around, &mut limit),
    };
    let (tried, mut left_out) = limit.into_parts();
    let Some(claims) = found else {
        left_out.push("two mistakes in the text: the signature can only be verified".to_owned());
        return (Found::Nothing, tried, left_out);
    };
    (Found::Mistakes(claims), tried, Vec::new())
}

/// How a text may have been signed.
struct SigningWay {
    algorithm: AsymmetricAlgorithm,
    /// The text was hashed before it was handed to the step, which hashes it itself.
    hashed_before: Option<(HashAlgorithm, bool)>,
    claim: Option<Claim>,
}

impl SigningWay {
    /// The right way first, then the others.
    fn all(own: AsymmetricAlgorithm) -> Vec<Self> {
        let right = (own, None);
        let others = other_algorithms(own);
        let others = others
            .into_iter()
            .map(|(algorithm, claim)| (algorithm, Some(claim)));
        let mut all: Vec<Self> = [right]
            .into_iter()
            .chain(others)
            .map(|(algorithm, claim)| Self {
                algorithm,
                hashed_before: None,
                claim,
            })
            .collect();
        for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
            for is_hex in [false, true] {
                let text = "the text is hashed twice: its digest is signed instead of it";
                all.push(Self {
                    algorithm: own,
                    hashed_before: Some((hash, is_hex)),
                    claim: Some(Claim::new(M::HASH_WITHOUT_HMAC, text)),
                });
            }
        }
        all
    }

    fn signed<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        match self.hashed_before {
            None => Cow::Borrowed(text),
            Some((hash, false)) => Cow::Owned(digest_bytes(hash, text)),
            Some((hash, true)) => Cow::Owned(hex::encode(digest_bytes(hash, text)).into_bytes()),
        }
    }
}

/// A signature that is verified in each of its readings.
struct VerifiedSignature<'s, 'a> {
    case: &'s Case<'a>,
    /// Readings with different bytes.
    readings: Vec<&'s [u8]>,
}

/// The shortest signature is longer.
const MIN_SIGNATURE_BYTES: usize = 32;

impl<'s, 'a> VerifiedSignature<'s, 'a> {
    fn of(case: &'s Case<'a>) -> Self {
        let mut readings: Vec<&[u8]> = Vec::new();
        for form in &case.forms {
            let bytes = form.bytes.as_slice();
            if bytes.len() >= MIN_SIGNATURE_BYTES && !readings.contains(&bytes) {
                readings.push(bytes);
            }
        }
        Self { case, readings }
    }

    /// What is wrong with way and spelling, if it is a signature over this text. The text is marked
    /// where the secret stands.
    fn verify(
        &self,
        limit: &mut SearchLimit,
        verifier: &SignatureVerifier,
        way: &SigningWay,
        marked: &[u8],
    ) -> Option<Vec<ProvenMistake>> {
        let recipe = &self.case.recipe;
        let text = recipe.fill(marked, recipe.right_secret());
        let text = way.signed(&text);
        let signature = self.readings.iter().find(|reading| {
            limit.allows_verification() && verifier.accepts(way.algorithm, &text, reading)
        })?;
        let form = self.case.right.judge(&self.case.forms, signature).ok()?;
        let claims = way.claim.iter().chain(&form);
        Some(claims.map(|claim| proven(claim, Vec::new())).collect())
    }
}

fn search_signature(
    case: &Case<'_>,
    around: &Surroundings<'_>,
    limit: &mut SearchLimit,
) -> Option<Vec<ProvenMistake>> {
    let recipe = &case.recipe;
    let SignOp::Asymmetric { algorithm, .. } = recipe.operation() else {
        return None;
    };
    let key = recipe.key_text()?;
    let verifier = SignatureVerifier::of(&key)?;
    let right = edited_text(recipe, &[])?;
    let signature = VerifiedSignature::of(case);
    let ways = SigningWay::all(*algorithm);
    for way in &ways {
        let found = signature.verify(limit, &verifier, way, &right);
        if found.is_some() {
            return found;
        }
    }
    for (name, other, code) in other_keys(case, around) {
        let Some(verifier) = SignatureVerifier::of(&other).filter(|_| other != key) else {
            continue;
        };
        if let Some(form) = signature.verify(limit, &verifier, ways.first()?, &right) {
            let claim = Claim::new(code, format!("it is signed with `{name}`"));
            return Some([vec![proven(&claim, Vec::new())], form].concat());
        }
    }
    let variations = all_variations(recipe, around);
    let texts = CandidateTexts::of(recipe, &right, &variations, limit);
    for way in &ways {
        for text in &texts.all {
            if let Some(more) = signature.verify(limit, &verifier, way, &text.bytes) {
                return Some(text.proven().into_iter().chain(more).collect());
            }
        }
    }
    None
}

fn other_algorithms(own: AsymmetricAlgorithm) -> Vec<(AsymmetricAlgorithm, Claim)> {
    let hash_claim = || Claim::plain(M::OTHER_HASH);
    match own {
        AsymmetricAlgorithm::Rsa { hash, padding } => {
            let other = match padding {
                RsaPadding::Pkcs1 => RsaPadding::Pss,
                RsaPadding::Pss => RsaPadding::Pkcs1,
            };
            let text = "another padding (PKCS #1 or PSS) is used";
            let mut all = vec![(
                AsymmetricAlgorithm::Rsa {
                    hash,
                    padding: other,
                },
                Claim::new(M::OTHER_HASH, text),
            )];
            all.extend(
                HASHES
                    .into_iter()
                    .filter(|other| *other != hash)
                    .map(|hash| (AsymmetricAlgorithm::Rsa { hash, padding }, hash_claim())),
            );
            all
        }
        AsymmetricAlgorithm::Ecdsa(ecdsa) => {
            let form = match ecdsa.form {
                EcdsaForm::Der => EcdsaForm::Raw,
                EcdsaForm::Raw => EcdsaForm::Der,
            };
            let text =
                "the two numbers of the signature are in the other form (DER, or concatenated)";
            let mut all = vec![(
                AsymmetricAlgorithm::Ecdsa(EcdsaAlgorithm { form, ..ecdsa }),
                Claim::new(M::HEX_AND_BASE64, text),
            )];
            all.extend(
                HASHES
                    .into_iter()
                    .filter(|other| *other != ecdsa.hash)
                    .map(|hash| {
                        (
                            AsymmetricAlgorithm::Ecdsa(EcdsaAlgorithm { hash, ..ecdsa }),
                            hash_claim(),
                        )
                    }),
            );
            all
        }
        AsymmetricAlgorithm::Ed25519 => Vec::new(),
    }
}

/// Keys at hand besides the right one: other credentials, other accounts.
fn other_keys(case: &Case<'_>, around: &Surroundings<'_>) -> Vec<(String, String, M)> {
    let mut all = Vec::new();
    for account in around.accounts {
        let is_own = account.name == case.recipe.account.name;
        for (name, value) in account.credentials.iter() {
            let Some(text) = value
                .expose()
                .to_plain_text()
                .filter(|text| text.len() > 40)
            else {
                continue;
            };
            let (name, code) = if is_own {
                (format!("cred.{name}"), M::KEY_HALVES)
            } else {
                (format!("cred.{name} of {}", account.name), M::OTHER_ACCOUNT)
            };
            all.push((name, text, code));
        }
    }
    all
}

fn search_token(
    case: &Case<'_>,
    around: &Surroundings<'_>,
    limit: &mut SearchLimit,
) -> Option<ProvenMistake> {
    let SignOp::Jwt(jwt) = case.recipe.operation() else {
        return None;
    };
    let token = TokenText::parse(&case.sent.text)?;
    let alg = token.header.get("alg").map(Value::to_text)?;
    let hashes = [
        ("HS256", HashAlgorithm::Sha256),
        ("HS384", HashAlgorithm::Sha384),
        ("HS512", HashAlgorithm::Sha512),
    ];
    let named = hashes
        .iter()
        .find(|(name, _)| *name == alg)
        .map(|(_, hash)| *hash);
    let JwtSignature::Hmac(own) = jwt.algorithm.signature else {
        return None;
    };
    let hash = named?;
    for key in key_candidates(&case.recipe, around) {
        if !limit.allows(token.message.len()) {
            return None;
        }
        if hmac_bytes(hash, &key.key, token.message.as_bytes()) != token.signature {
            continue;
        }
        let claim = match key.claim {
            Some(claim) => claim,
            None if hash != own => Claim::new(
                M::OTHER_HASH,
                format!("`{alg}` is used instead of `{}`", jwt.algorithm.name),
            ),
            None => token_claim(case, &token),
        };
        return Some(proven(&claim, Vec::new()));
    }
    None
}

/// What a token that is signed rightly says in another way.
fn token_claim(case: &Case<'_>, sent: &TokenText<'_>) -> Claim {
    let right = case.expected_text().and_then(TokenText::parse);
    let Some(right) = right else {
        return Claim::plain(M::FIELDS_OF_TEXT);
    };
    for (which, due, there) in [
        ("header", &right.header, &sent.header),
        ("claims", &right.claims, &sent.claims),
    ] {
        for (name, value) in due.as_object().unwrap_or_default() {
            let other = there.get(name);
            if other == Some(value) {
                continue;
            }
            let Some(other) = other else {
                return Claim::new(
                    M::FIELDS_OF_TEXT,
                    format!("`{name}` is missing in the {which} of the token"),
                );
            };
            let (due, there) = (number(value), number(other));
            if let (Some(due), Some(there)) = (due, there) {
                let ratio = there.checked_div(due.max(1)).unwrap_or_default();
                if ratio > 500 || due.checked_div(there.max(1)).unwrap_or_default() > 500 {
                    return Claim::new(
                        M::SECONDS_AND_MILLISECONDS,
                        format!("`{name}` of the token is in the wrong unit"),
                    );
                }
                return Claim::new(
                    M::TIME_TWICE,
                    format!("`{name}` of the token differs from the time that was sent"),
                );
            }
            return Claim::new(
                M::FIELDS_OF_TEXT,
                format!("`{name}` in the {which} of the token differs"),
            );
        }
    }
    Claim::plain(M::FIELDS_OF_TEXT)
}

fn number(value: &Value) -> Option<i64> {
    value.as_number().and_then(crate::value::Number::as_i64)
}
