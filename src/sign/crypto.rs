//! The computations of sign steps, each on text and yielding text.

use super::key_error::KeyError;
use crate::model::scheme::{HashAlgorithm, KeyEncoding, TextEncoding};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// A cost above this takes seconds; a marketplace's salt has 4 to 10.
const MAX_BCRYPT_COST: u32 = 14;
/// bcrypt ignores what comes after; a signature over a cut text would be a trap.
const MAX_BCRYPT_PASSWORD: usize = 72;

/// Why a step cannot be computed. It never holds the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error(
        "the salt does not begin with `$2a$`, `$2b$` or `$2y$`, then two digits and `$`: check whether a shell or a `.env` file removed a `$`"
    )]
    SaltForm,
    #[error(
        "the salt has {0} characters, but must have 29: check whether a shell or a `.env` file removed a `$`"
    )]
    SaltLength(usize),
    #[error("the salt contains a character that bcrypt does not allow")]
    SaltAlphabet,
    #[error("the salt has the cost {0}, but ingam accepts 4 to {MAX_BCRYPT_COST}")]
    SaltCost(u32),
    #[error("bcrypt would truncate the text of {0} bytes after {MAX_BCRYPT_PASSWORD} bytes")]
    PasswordTooLong(usize),
    #[error("the key is not {0}")]
    KeyForm(&'static str),
    #[error("the key {0}")]
    Key(#[from] KeyError),
}

pub(super) fn encode(bytes: &[u8], encoding: TextEncoding) -> String {
    match encoding {
        TextEncoding::HexLower => hex::encode(bytes),
        TextEncoding::HexUpper => hex::encode_upper(bytes),
        TextEncoding::Base64 => BASE64_STANDARD.encode(bytes),
        TextEncoding::Base64Url => BASE64_URL_SAFE_NO_PAD.encode(bytes),
    }
}

/// `None` for a text that is not encoded so.
pub(super) fn decode(text: &str, encoding: TextEncoding) -> Option<Vec<u8>> {
    match encoding {
        TextEncoding::HexLower | TextEncoding::HexUpper => hex::decode(text).ok(),
        TextEncoding::Base64 => BASE64_STANDARD.decode(text).ok(),
        TextEncoding::Base64Url => BASE64_URL_SAFE_NO_PAD.decode(text).ok(),
    }
}

pub(crate) fn digest_bytes(hash: HashAlgorithm, of: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Md5 => md5::Md5::digest(of).to_vec(),
        HashAlgorithm::Sha1 => Sha1::digest(of).to_vec(),
        HashAlgorithm::Sha256 => Sha256::digest(of).to_vec(),
        HashAlgorithm::Sha384 => Sha384::digest(of).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(of).to_vec(),
    }
}

/// # Errors
/// When the key text is not in the form it is said to be.
pub(super) fn hmac(
    hash: HashAlgorithm,
    key: &str,
    key_as: KeyEncoding,
    of: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    Ok(hmac_bytes(hash, &key_bytes(key, key_as)?, of))
}

/// The bytes of a key by its text.
///
/// # Errors
/// When the text is not in the form it is said to be.
pub(super) fn key_bytes(key: &str, key_as: KeyEncoding) -> Result<Vec<u8>, CryptoError> {
    Ok(match key_as {
        KeyEncoding::Utf8 => key.as_bytes().to_vec(),
        KeyEncoding::Hex => hex::decode(key).map_err(|_| CryptoError::KeyForm("hex"))?,
        KeyEncoding::Base64 => BASE64_STANDARD
            .decode(key)
            .map_err(|_| CryptoError::KeyForm("base64"))?,
        KeyEncoding::Base64Url => BASE64_URL_SAFE_NO_PAD
            .decode(key)
            .map_err(|_| CryptoError::KeyForm("base64url without padding"))?,
    })
}

pub(crate) fn hmac_bytes(hash: HashAlgorithm, key: &[u8], of: &[u8]) -> Vec<u8> {
    HmacKey::new(hash, key).sign(of)
}

/// A key of HMAC that is prepared once and signs many texts.
pub(crate) enum HmacKey {
    Md5(Hmac<md5::Md5>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl HmacKey {
    pub(crate) fn new(hash: HashAlgorithm, key: &[u8]) -> Self {
        match hash {
            HashAlgorithm::Md5 => Self::Md5(prepared(key)),
            HashAlgorithm::Sha1 => Self::Sha1(prepared(key)),
            HashAlgorithm::Sha256 => Self::Sha256(prepared(key)),
            HashAlgorithm::Sha384 => Self::Sha384(prepared(key)),
            HashAlgorithm::Sha512 => Self::Sha512(prepared(key)),
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5(key) => signed(key, text),
            Self::Sha1(key) => signed(key, text),
            Self::Sha256(key) => signed(key, text),
            Self::Sha384(key) => signed(key, text),
            Self::Sha512(key) => signed(key, text),
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "RFC 2104 allows a key of any length; a constant signature in its place would be worse than a panic"
)]
fn prepared<M: KeyInit>(key: &[u8]) -> M {
    <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn signed<M: Mac + Clone>(key: &M, text: &[u8]) -> Vec<u8> {
    let mut mac = key.clone();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// bcrypt with a given salt: `$2a$10$` and 22 characters. Unused bits of the last character are
/// cleared, as the vendor's own documented example needs (`…uv` is read as `…uu`); the prefix of
/// the salt is kept.
///
/// # Errors
/// When the salt is not one, or the password is longer than bcrypt reads.
pub(crate) fn bcrypt_with_salt(password: &str, salt: &str) -> Result<String, CryptoError> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::BCRYPT,
        GeneralPurposeConfig::new()
            .with_encode_padding(false)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    let (version, cost, letters) = split_salt(salt)?;
    if salt.len() != 29 {
        return Err(CryptoError::SaltLength(salt.len()));
    }
    if !(4..=MAX_BCRYPT_COST).contains(&cost) {
        return Err(CryptoError::SaltCost(cost));
    }
    if password.len() > MAX_BCRYPT_PASSWORD {
        return Err(CryptoError::PasswordTooLong(password.len()));
    }
    let mut raw = [0_u8; 16];
    LENIENT
        .decode_slice(letters, &mut raw)
        .map_err(|_| CryptoError::SaltAlphabet)?;
    let parts =
        bcrypt::hash_with_salt(password, cost, raw).map_err(|_| CryptoError::SaltCost(cost))?;
    Ok(parts.format_for_version(version))
}

/// # Errors
/// When the text is not in the form of a salt with a cost that is accepted.
pub(super) fn check_salt(salt: &str) -> Result<(), CryptoError> {
    let (_, cost, _) = split_salt(salt)?;
    if salt.len() != 29 {
        return Err(CryptoError::SaltLength(salt.len()));
    }
    if (4..=MAX_BCRYPT_COST).contains(&cost) {
        Ok(())
    } else {
        Err(CryptoError::SaltCost(cost))
    }
}

fn split_salt(salt: &str) -> Result<(bcrypt::Version, u32, &str), CryptoError> {
    let mut parts = salt
        .strip_prefix('$')
        .ok_or(CryptoError::SaltForm)?
        .splitn(3, '$');
    let version = match parts.next() {
        Some("2a") => bcrypt::Version::TwoA,
        Some("2b") => bcrypt::Version::TwoB,
        Some("2y") => bcrypt::Version::TwoY,
        _ => return Err(CryptoError::SaltForm),
    };
    let cost = parts
        .next()
        .filter(|cost| cost.len() == 2)
        .and_then(|cost| cost.parse().ok())
        .ok_or(CryptoError::SaltForm)?;
    Ok((version, cost, parts.next().ok_or(CryptoError::SaltForm)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_that_is_none_is_told_apart() {
        assert_eq!(bcrypt_with_salt("x", "plain"), Err(CryptoError::SaltForm));
        assert_eq!(
            bcrypt_with_salt("x", "$2a$04$short"),
            Err(CryptoError::SaltLength(12))
        );
        assert_eq!(
            bcrypt_with_salt("x", "$2a$31$abcdefghijklmnopqrstuu"),
            Err(CryptoError::SaltCost(31))
        );
        assert_eq!(
            bcrypt_with_salt("x", "$2a$04$abcdefghijklmnopqrst!u"),
            Err(CryptoError::SaltAlphabet)
        );
        assert_eq!(
            bcrypt_with_salt(&"x".repeat(73), "$2a$04$abcdefghijklmnopqrstuu"),
            Err(CryptoError::PasswordTooLong(73))
        );
        assert_eq!(
            bcrypt_with_salt("x", "$2a$04$한글한글한글한"),
            Err(CryptoError::SaltLength(28))
        );
    }
}
