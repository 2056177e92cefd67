//! Sign steps with a private key: RSA, ECDSA and Ed25519, and the check of their signatures with the
//! public half. A signature that differs each time is never compared as text.

use super::asymmetric_key::{ED25519_KEY, P256_KEY, P384_KEY, PrivateKey, PublicKey, RSA_KEY};
use super::crypto::digest_bytes;
use super::key_error::KeyError;
use crate::model::scheme::{AsymmetricAlgorithm, EcdsaForm, EllipticCurve, HashAlgorithm};
use ring::signature::{ED25519, UnparsedPublicKey};

/// `random` gives so many bytes, for the salt of PSS.
///
/// # Errors
/// When the key is none, or of another algorithm.
pub(super) fn sign(
    algorithm: AsymmetricAlgorithm,
    key: &str,
    message: &[u8],
    random: impl Fn(usize) -> Vec<u8>,
) -> Result<Vec<u8>, KeyError> {
    let key = PrivateKey::parse(key)?;
    match (algorithm, &key) {
        (AsymmetricAlgorithm::Rsa { hash, padding }, PrivateKey::Rsa(key)) => {
            key.sign(hash, padding, message, random)
        }
        (AsymmetricAlgorithm::Ecdsa(ecdsa), PrivateKey::P256(key))
            if ecdsa.curve == EllipticCurve::P256 =>
        {
            Ok(p256_curve::sign(key, ecdsa.hash, message, ecdsa.form))
        }
        (AsymmetricAlgorithm::Ecdsa(ecdsa), PrivateKey::P384(key))
            if ecdsa.curve == EllipticCurve::P384 =>
        {
            Ok(p384_curve::sign(key, ecdsa.hash, message, ecdsa.form))
        }
        (AsymmetricAlgorithm::Ed25519, PrivateKey::Ed25519(key)) => {
            Ok(key.sign(message).as_ref().to_vec())
        }
        _ => Err(other_kind(algorithm, key.kind())),
    }
}

/// Whether `signature` is one over `message`, by a public key or the public half of a private one.
///
/// # Errors
/// When the key is none, or of another algorithm.
pub(super) fn verify(
    algorithm: AsymmetricAlgorithm,
    key: &str,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyError> {
    verify_with(algorithm, &PublicKey::parse(key)?, message, signature)
}

/// The same with a key that was read before.
///
/// # Errors
/// When the key is of another algorithm.
pub(super) fn verify_with(
    algorithm: AsymmetricAlgorithm,
    key: &PublicKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, KeyError> {
    match (algorithm, key) {
        (AsymmetricAlgorithm::Rsa { hash, padding }, PublicKey::Rsa(key)) => {
            key.verify(hash, padding, message, signature)
        }
        (AsymmetricAlgorithm::Ecdsa(ecdsa), PublicKey::P256(key))
            if ecdsa.curve == EllipticCurve::P256 =>
        {
            let digest = digest_bytes(ecdsa.hash, message);
            Ok(p256_curve::verify(key, &digest, signature, ecdsa.form))
        }
        (AsymmetricAlgorithm::Ecdsa(ecdsa), PublicKey::P384(key))
            if ecdsa.curve == EllipticCurve::P384 =>
        {
            let digest = digest_bytes(ecdsa.hash, message);
            Ok(p384_curve::verify(key, &digest, signature, ecdsa.form))
        }
        (AsymmetricAlgorithm::Ed25519, PublicKey::Ed25519(key)) => {
            let key = UnparsedPublicKey::new(&ED25519, key);
            Ok(key.verify(message, signature).is_ok())
        }
        _ => Err(other_kind(algorithm, key.kind())),
    }
}

fn other_kind(algorithm: AsymmetricAlgorithm, is: &'static str) -> KeyError {
    let needed = match algorithm {
        AsymmetricAlgorithm::Rsa { .. } => RSA_KEY,
        AsymmetricAlgorithm::Ecdsa(ecdsa) => match ecdsa.curve {
            EllipticCurve::P256 => P256_KEY,
            EllipticCurve::P384 => P384_KEY,
        },
        AsymmetricAlgorithm::Ed25519 => ED25519_KEY,
    };
    KeyError::OtherKind { is, needed }
}

/// The two curves have the same functions on other types.
macro_rules! curve_functions {
    ($module:ident, $curve:ty) => {
        mod $module {
            use super::{EcdsaForm, HashAlgorithm, digest_bytes};
            use ecdsa::hazmat::sign_prehashed_rfc6979;
            use ecdsa::signature::hazmat::PrehashVerifier as _;
            use ecdsa::{Signature, SigningKey, VerifyingKey};
            use sha1::Sha1;
            use sha2::{Sha256, Sha384, Sha512};

            /// Deterministic (RFC 6979, section 3.2): the same text gives the same signature.
            pub(super) fn sign(
                key: &SigningKey<$curve>,
                hash: HashAlgorithm,
                message: &[u8],
                form: EcdsaForm,
            ) -> Vec<u8> {
                let (scalar, digest) = (key.as_nonzero_scalar(), digest_bytes(hash, message));
                let (signature, _) = match hash {
                    HashAlgorithm::Md5 | HashAlgorithm::Sha1 => {
                        sign_prehashed_rfc6979::<$curve, Sha1>(scalar, &digest, &[])
                    }
                    HashAlgorithm::Sha256 => {
                        sign_prehashed_rfc6979::<$curve, Sha256>(scalar, &digest, &[])
                    }
                    HashAlgorithm::Sha384 => {
                        sign_prehashed_rfc6979::<$curve, Sha384>(scalar, &digest, &[])
                    }
                    HashAlgorithm::Sha512 => {
                        sign_prehashed_rfc6979::<$curve, Sha512>(scalar, &digest, &[])
                    }
                };
                match form {
                    EcdsaForm::Der => signature.to_der().as_bytes().to_vec(),
                    EcdsaForm::Raw => signature.to_bytes().to_vec(),
                }
            }

            pub(super) fn verify(
                key: &VerifyingKey<$curve>,
                digest: &[u8],
                signature: &[u8],
                form: EcdsaForm,
            ) -> bool {
                let signature = match form {
                    EcdsaForm::Der => Signature::<$curve>::from_der(signature),
                    EcdsaForm::Raw => Signature::<$curve>::from_slice(signature),
                };
                signature.is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
            }
        }
    };
}

curve_functions!(p256_curve, p256::NistP256);
curve_functions!(p384_curve, p384::NistP384);
