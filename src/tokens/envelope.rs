//! How a record lies on a disk or in a database: sealed with the store's key, or as plain text
//! where a person asked for that. Either way a byte that was changed or lost is seen. It refuses to
//! guess: what it cannot open is an error.

use super::error::StoreError;
use crate::host::{RandomError, RandomSource};
use crate::secret::{Secret, exposed_for_sealing};
use base64::prelude::{BASE64_STANDARD_NO_PAD, Engine as _};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The first word of everything that is kept; the number is that of the format.
const FORMAT_MARKER: &str = "ingam-store-1";

/// The key of a store, 32 bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreKey(
    /// In the clear only in the pipe of the helper, which sees no keyring.
    #[serde(with = "exposed_for_sealing")]
    Secret<[u8; 32]>,
);

impl StoreKey {
    /// From base64 or hex.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Secret::new(match text.len() {
            64 => hex::decode(text).ok()?,
            _ => BASE64_STANDARD_NO_PAD
                .decode(text.trim_end_matches('='))
                .ok()?,
        });
        let bytes = bytes.expose().as_slice().try_into().ok()?;
        Some(Self(Secret::new(bytes)))
    }

    /// A new key.
    ///
    /// # Errors
    /// If the random generator fails: there is no key of zeros.
    pub fn generate(rng: RandomSource) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; 32]);
        bytes[..16].copy_from_slice(&rng()?);
        bytes[16..].copy_from_slice(&rng()?);
        Ok(Self(Secret::new(*bytes)))
    }

    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(BASE64_STANDARD_NO_PAD.encode(self.0.expose()))
    }

    fn cipher(&self) -> Result<LessSafeKey, StoreError> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.0.expose())
            .map_err(|_| StoreError::InvalidKey("it cannot be used".to_owned()))?;
        Ok(LessSafeKey::new(key))
    }
}

/// Seals and opens.
#[derive(Clone)]
pub struct RecordEnvelope {
    key: Option<StoreKey>,
    /// New records are plain text.
    plaintext: bool,
    rng: RandomSource,
}

impl RecordEnvelope {
    #[must_use]
    pub fn new(key: Option<StoreKey>, plain: bool, rng: RandomSource) -> Self {
        Self {
            key,
            plaintext: plain,
            rng,
        }
    }

    /// Whether anything could be sealed; asked before a token is spent.
    ///
    /// # Errors
    /// When there is no key and plain text was not asked for.
    pub fn ensure_can_seal(&self) -> Result<(), StoreError> {
        if self.plaintext || self.key.is_some() {
            Ok(())
        } else {
            Err(StoreError::NoKey)
        }
    }

    /// `about` is what the text belongs to: a record that was moved to another name does not open.
    ///
    /// # Errors
    /// When there is no key and plain text was not asked for.
    pub fn seal(&self, about: &str, text: &str) -> Result<String, StoreError> {
        if self.plaintext {
            let sum = checksum(about, text);
            return Ok(format!("{FORMAT_MARKER} plain {sum} {text}\n"));
        }
        let cipher = self.key.as_ref().ok_or(StoreError::NoKey)?.cipher()?;
        let mut nonce = [0; NONCE_LEN];
        // A nonce that repeats under one key gives the plain text of both records away and lets
        // others forge records, so a failed generator must be an error and never a constant.
        nonce.copy_from_slice(&(self.rng)()?[..NONCE_LEN]);
        // With room for the tag: a buffer that grows is copied, and the old one is freed with the
        // plain text in it. It is overwritten also when the cipher fails.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(text.len() + CHACHA20_POLY1305.tag_len()));
        bytes.extend_from_slice(text.as_bytes());
        cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(about.as_bytes()),
                &mut *bytes,
            )
            .map_err(|_| StoreError::InvalidKey("it cannot encrypt".to_owned()))?;
        let whole = [nonce.as_slice(), &bytes].concat();
        Ok(format!(
            "{FORMAT_MARKER} sealed {}\n",
            BASE64_STANDARD_NO_PAD.encode(whole)
        ))
    }

    /// # Errors
    /// When the text is not whole, or was sealed with another key.
    pub fn open(&self, about: &str, bytes: &[u8]) -> Result<Secret<String>, StoreError> {
        let broken = |reason: &str| StoreError::Corrupt {
            what: about.to_owned(),
            reason: reason.to_owned(),
        };
        let text = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'))
            .ok_or_else(|| broken("it is incomplete"))?;
        let rest = text
            .strip_prefix(FORMAT_MARKER)
            .ok_or_else(|| broken("it is not a record of this version of ingam"))?;
        match rest.trim_start().split_once(' ') {
            Some(("plain", rest)) => {
                let (sum, text) = rest
                    .split_once(' ')
                    .ok_or_else(|| broken("it is incomplete"))?;
                if checksum(about, text) == sum {
                    Ok(Secret::from(text))
                } else {
                    Err(broken("its checksum does not match"))
                }
            }
            Some(("sealed", rest)) => self.unseal(about, rest),
            _ => Err(broken("it is neither encrypted nor plain text")),
        }
    }

    fn unseal(&self, about: &str, text: &str) -> Result<Secret<String>, StoreError> {
        let broken = || StoreError::Corrupt {
            what: about.to_owned(),
            reason: "it cannot be decrypted with this key".to_owned(),
        };
        let cipher = self.key.as_ref().ok_or(StoreError::NoKey)?.cipher()?;
        let mut whole = BASE64_STANDARD_NO_PAD.decode(text).map_err(|_| broken())?;
        if whole.len() < NONCE_LEN {
            return Err(broken());
        }
        let mut bytes = Zeroizing::new(whole.split_off(NONCE_LEN));
        let nonce = Nonce::try_assume_unique_for_key(&whole).map_err(|_| broken())?;
        let text = cipher
            .open_in_place(nonce, Aad::from(about.as_bytes()), &mut bytes)
            .map_err(|_| broken())?;
        std::str::from_utf8(text)
            .map(Secret::from)
            .map_err(|_| broken())
    }
}

/// Whether a key is needed to open it.
#[must_use]
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(format!("{FORMAT_MARKER} sealed ").as_bytes())
}

fn checksum(about: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    for part in [about, "\n", text] {
        hash.update(part);
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(key: u8, plain: bool) -> RecordEnvelope {
        RecordEnvelope::new(
            Some(StoreKey(Secret::new([key; 32]))),
            plain,
            || Ok([7; 16]),
        )
    }

    #[test]
    fn what_was_sealed_opens_and_one_changed_byte_is_seen() {
        for plain in [false, true] {
            let envelope = envelope(1, plain);
            let sealed = envelope.seal("a", "text 한").unwrap();
            let opened = envelope.open("a", sealed.as_bytes()).unwrap();
            assert_eq!(opened.expose(), "text 한");
            for at in 0..sealed.len() {
                let mut other = sealed.clone().into_bytes();
                other[at] ^= 1;
                assert!(envelope.open("a", &other).is_err(), "byte {at}");
                assert!(
                    envelope.open("a", &sealed.as_bytes()[..at]).is_err(),
                    "cut at {at}"
                );
            }
            assert!(
                envelope.open("b", sealed.as_bytes()).is_err(),
                "it belongs to another record"
            );
        }
        assert!(
            envelope(2, false)
                .open("a", envelope(1, false).seal("a", "x").unwrap().as_bytes())
                .is_err()
        );
    }

    #[test]
    fn a_key_is_read_from_base64_and_hex() {
        let key = StoreKey(Secret::new([9; 32]));
        assert!(StoreKey::parse(key.to_text().expose()) == Some(key.clone()));
        assert!(StoreKey::parse(&hex::encode([9; 32])) == Some(key));
        assert!(StoreKey::parse("too-short").is_none());
    }

    #[test]
    fn a_failed_random_generator_gives_neither_a_key_nor_a_nonce() {
        let failed = || Err(RandomError::new("no entropy"));
        assert!(StoreKey::generate(failed).is_err());
        let envelope = RecordEnvelope::new(Some(StoreKey(Secret::new([1; 32]))), false, failed);
        assert_eq!(
            envelope.seal("a", "x"),
            Err(StoreError::Random(RandomError::new("no entropy")))
        );
    }

    #[test]
    fn nothing_is_written_without_a_key() {
        assert!(matches!(
            RecordEnvelope::new(None, false, || Ok([0; 16])).seal("a", "x"),
            Err(StoreError::NoKey)
        ));
    }
}
