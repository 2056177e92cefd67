//! Signatures that differ each time, or that carry their own text: they are verified with the key in
//! place of being computed again.

use super::all_variations::all_variations;
use super::case::Case;
use super::catalogue::MistakeCode as M;
use super::diagnosis::{Found, proven};
use super::key_variations::key_candidates;
use super::suspect::Surroundings;
use super::variation::{Claim, Edit, edited_text};
use crate::model::scheme::{
    AsymmetricAlgorithm, EcdsaAlgorithm, EcdsaForm, HashAlgorithm, JwtSignature, RsaPadding, SignOp,
};
use crate::sign::{TokenText, hmac_bytes, is_signed_by};
use crate::value::Value;

/// How many texts are verified: one takes as long as a hundred hashes.
const MAX_TEXTS: usize = 300;

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

pub(super) fn search(case: &Case<'_>, around: &Surroundings<'_>) -> (Found, usize, Vec<String>) {
    let mut tried = 1;
    if case.recipe.accepts(&case.sent.text) {
        return (Found::Equal, tried, Vec::new());
    }
    let found = match case.recipe.operation() {
        SignOp::Jwt(_) => search_token(case, around, &mut tried),
        _ => search_signature(case, around, &mut tried),
    };
    let left_out = vec!["pairs of mistakes: the signature can only be verified".to_owned()];
    match found {
        Some(claim) => (
            Found::Mistakes(vec![proven(&claim, Vec::new())]),
            tried,
            Vec::new(),
        ),
        None => (Found::Nothing, tried, left_out),
    }
}

fn search_signature(
    case: &Case<'_>,
    around: &Surroundings<'_>,
    tried: &mut usize,
) -> Option<Claim> {
    let recipe = &case.recipe;
    let SignOp::Asymmetric { algorithm, .. } = recipe.operation() else {
        return None;
    };
    let key = recipe.key_text()?;
    let right = edited_text(recipe, &[])?;
    let right = recipe.fill(&right, recipe.right_secret());
    let mut verify = |algorithm: AsymmetricAlgorithm, key: &str, text: &[u8]| {
        case.forms.iter().any(|form| {
            *tried += 1;
            form.bytes.len() >= 32 && is_signed_by(algorithm, key, text, &form.bytes)
        })
    };
    if verify(*algorithm, &key, &right) {
        return Some(Claim::plain(M::HEX_AND_BASE64));
    }
    for (other, claim) in other_algorithms(*algorithm) {
        if verify(other, &key, &right) {
            return Some(claim);
        }
    }
    for (name, other, claim) in other_keys(case, around) {
        if other != key && verify(*algorithm, &other, &right) {
            let text = format!("it is signed with `{name}`");
            return Some(Claim::new(claim, text));
        }
    }
    let mut known = vec![right];
    for variation in all_variations(recipe, around) {
        if known.len() > MAX_TEXTS {
            break;
        }
        let edits: Vec<&Edit> = variation.edits.iter().collect();
        let Some(text) = edited_text(recipe, &edits) else {
            continue;
        };
        let text = recipe.fill(&text, recipe.right_secret());
        if known.contains(&text) {
            continue;
        }
        if verify(*algorithm, &key, &text) {
            return Some(variation.claim);
        }
        known.push(text);
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
            let text = "the two numbers of the signature are in the other form (DER, or one behind the other)";
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

fn search_token(case: &Case<'_>, around: &Surroundings<'_>, tried: &mut usize) -> Option<Claim> {
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
        *tried += 1;
        if hmac_bytes(hash, &key.key, token.message.as_bytes()) != token.signature {
            continue;
        }
        return Some(match key.claim {
            Some(claim) => claim,
            None if hash != own => Claim::new(
                M::OTHER_HASH,
                format!("`{alg}` is used where `{}` is due", jwt.algorithm.name),
            ),
            None => token_claim(case, &token),
        });
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
                    format!("`{name}` of the token is another time than the one that was sent"),
                );
            }
            return Claim::new(
                M::FIELDS_OF_TEXT,
                format!("`{name}` in the {which} of the token is another one"),
            );
        }
    }
    Claim::plain(M::FIELDS_OF_TEXT)
}

fn number(value: &Value) -> Option<i64> {
    value.as_number().and_then(crate::value::Number::as_i64)
}
