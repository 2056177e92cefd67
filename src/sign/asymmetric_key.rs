//! Private and public keys of sign steps: PKCS#1 (RFC 8017), PKCS#8 (RFC 5958), SEC1 (RFC 5915) and
//! `SubjectPublicKeyInfo` (RFC 5280). No error holds a byte of a key.

use super::key_error::KeyError;
use super::key_text::decode_key_text;
use super::rsa::{RsaPrivateKey, RsaPublicKey};
use crate::model::scheme::CredentialType;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef, SubjectPublicKeyInfoRef};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// A key with this identifier is an RSA key all the same. Marketplaces sign PKCS#1 v1.5 with it.
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
/// The bytes of an Ed25519 key without anything around them (RFC 8032, section 5.1.5). No DER of a
/// key is so short.
const ED25519_BYTES: usize = 32;

pub(super) enum PrivateKey {
    Rsa(RsaPrivateKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(Ed25519KeyPair),
}

pub(super) enum PublicKey {
    Rsa(RsaPublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(Vec<u8>),
}

/// What is wrong with the value of a credential that is a key.
pub(crate) fn key_fault(text: &str, kind: CredentialType) -> Option<KeyError> {
    let checked = match kind {
        CredentialType::PrivateKey => PrivateKey::parse(text).map(drop),
        CredentialType::PublicKey => decode_key_text(text)
            .and_then(|der| PublicKey::from_der(&der))
            .map(drop),
        _ => Ok(()),
    };
    checked.err()
}

impl PrivateKey {
    /// # Errors
    /// When the text is not a private key.
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        let der = decode_key_text(text)?;
        if der.len() == ED25519_BYTES {
            return Self::ed25519(&der);
        }
        if let Ok(info) = PrivateKeyInfoRef::try_from(der.as_slice()) {
            return Self::from_pkcs8(&info);
        }
        if let Ok(key) = RsaPrivateKeyRef::try_from(der.as_slice()) {
            return RsaPrivateKey::new(&key).map(Self::Rsa);
        }
        if let Ok(key) = EcPrivateKey::try_from(der.as_slice()) {
            return Self::from_sec1(&key, None);
        }
        Err(match PublicKey::from_der(&der) {
            Ok(_) => KeyError::IsPublic,
            Err(_) => KeyError::NotAKey,
        })
    }

    fn from_pkcs8(info: &PrivateKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let inner = info.private_key.as_bytes();
        match info.algorithm.oid {
            RSA | RSA_PSS => {
                let key = RsaPrivateKeyRef::try_from(inner).map_err(|_| KeyError::Damaged)?;
                RsaPrivateKey::new(&key).map(Self::Rsa)
            }
            ELLIPTIC => {
                let key = EcPrivateKey::try_from(inner).map_err(|_| KeyError::Damaged)?;
                Self::from_sec1(&key, info.algorithm.parameters_oid().ok())
            }
            // RFC 8410, section 7: an octet string in an octet string.
            ED25519 => match inner {
                [4, 32, seed @ ..] => Self::ed25519(seed),
                _ => Err(KeyError::Damaged),
            },
            other => Err(KeyError::OtherAlgorithm(other.to_string())),
        }
    }

    fn from_sec1(
        key: &EcPrivateKey<'_>,
        curve: Option<ObjectIdentifier>,
    ) -> Result<Self, KeyError> {
        let named = key.parameters.and_then(sec1::EcParameters::named_curve);
        match curve.or(named) {
            Some(P256) => p256::ecdsa::SigningKey::from_slice(key.private_key)
                .map(Self::P256)
                .map_err(|_| KeyError::Damaged),
            Some(P384) => p384::ecdsa::SigningKey::from_slice(key.private_key)
                .map(Self::P384)
                .map_err(|_| KeyError::Damaged),
            Some(other) => Err(KeyError::OtherAlgorithm(other.to_string())),
            None => Err(KeyError::Damaged),
        }
    }

    fn ed25519(seed: &[u8]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self::Ed25519)
            .map_err(|_| KeyError::Damaged)
    }

    pub(super) fn public_half(&self) -> PublicKey {
        match self {
            Self::Rsa(key) => PublicKey::Rsa(key.public.clone()),
            Self::P256(key) => PublicKey::P256(*key.verifying_key()),
            Self::P384(key) => PublicKey::P384(*key.verifying_key()),
            Self::Ed25519(key) => PublicKey::Ed25519(key.public_key().as_ref().to_vec()),
        }
    }

    /// For messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => RSA_KEY,
            Self::P256(_) => P256_KEY,
            Self::P384(_) => P384_KEY,
            Self::Ed25519(_) => ED25519_KEY,
        }
    }
}

pub(super) const RSA_KEY: &str = "an RSA key";
pub(super) const P256_KEY: &str = "a key on the curve P-256";
pub(super) const P384_KEY: &str = "a key on the curve P-384";
pub(super) const ED25519_KEY: &str = "an Ed25519 key";

impl PublicKey {
    /// A public key, or the public half of a private one.
    ///
    /// # Errors
    /// When the text is no key.
    pub(super) fn parse(text: &str) -> Result<Self, KeyError> {
        match PrivateKey::parse(text) {
            Ok(key) => Ok(key.public_half()),
            Err(KeyError::IsPublic) => {
                let der: Zeroizing<Vec<u8>> = decode_key_text(text)?;
                Self::from_der(&der)
            }
            Err(error) => Err(error),
        }
    }

    /// The 32 bytes of an Ed25519 key alone are no public key here: those of a private one look the
    /// same, and a public one taken for it would let everybody sign.
    fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(info) = SubjectPublicKeyInfoRef::try_from(der) {
            return Self::from_spki(&info);
        }
        if let Ok(key) = RsaPublicKeyRef::try_from(der) {
            return RsaPublicKey::new(&key).map(Self::Rsa);
        }
        let is_private = PrivateKeyInfoRef::try_from(der).is_ok()
            || RsaPrivateKeyRef::try_from(der).is_ok()
            || EcPrivateKey::try_from(der).is_ok();
        Err(if is_private {
            KeyError::IsPrivate
        } else {
            KeyError::NotAKey
        })
    }

    fn from_spki(info: &SubjectPublicKeyInfoRef<'_>) -> Result<Self, KeyError> {
        let damaged = || KeyError::Damaged;
        let bytes = info.subject_public_key.as_bytes().ok_or_else(damaged)?;
        match info.algorithm.oid {
            RSA | RSA_PSS => {
                let key = RsaPublicKeyRef::try_from(bytes).map_err(|_| KeyError::Damaged)?;
                RsaPublicKey::new(&key).map(Self::Rsa)
            }
            ELLIPTIC => match info.algorithm.parameters_oid() {
                Ok(P256) => p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
                    .map(Self::P256)
                    .map_err(|_| KeyError::Damaged),
                Ok(P384) => p384::ecdsa::VerifyingKey::from_sec1_bytes(bytes)
                    .map(Self::P384)
                    .map_err(|_| KeyError::Damaged),
                Ok(other) => Err(KeyError::OtherAlgorithm(other.to_string())),
                Err(_) => Err(KeyError::Damaged),
            },
            ED25519 if bytes.len() == ED25519_BYTES => Ok(Self::Ed25519(bytes.to_vec())),
            ED25519 => Err(KeyError::Damaged),
            other => Err(KeyError::OtherAlgorithm(other.to_string())),
        }
    }

    /// For messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Rsa(_) => RSA_KEY,
            Self::P256(_) => P256_KEY,
            Self::P384(_) => P384_KEY,
            Self::Ed25519(_) => ED25519_KEY,
        }
    }
}
