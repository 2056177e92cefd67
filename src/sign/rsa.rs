//! RSA signatures (RFC 8017): the padding here, the power by crypto-bigint in constant time, and the
//! check of a signature by ring. Why not by one library: see `Cargo.toml`.

use super::crypto::digest_bytes;
use super::key_error::KeyError;
use crate::model::scheme::{HashAlgorithm, RsaPadding};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use ring::signature::{self as ring_signature, RsaParameters, RsaPublicKeyComponents};
use zeroize::Zeroizing;

/// Marketplaces still issue keys of 1024 bits.
const MIN_BITS: usize = 1024;
/// ring verifies no longer ones.
const MAX_BITS: usize = 8192;

pub(super) struct RsaPrivateKey {
    pub(super) public: RsaPublicKey,
    params: BoxedMontyParams,
    private_exponent: Zeroizing<BoxedUint>,
    public_exponent: BoxedUint,
}

/// Modulus and exponent, the most significant byte first and never zero.
#[derive(Clone)]
pub(super) struct RsaPublicKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl RsaPublicKey {
    pub(super) fn new(key: &RsaPublicKeyRef<'_>) -> Result<Self, KeyError> {
        let public = Self {
            modulus: key.modulus.as_bytes().to_vec(),
            exponent: key.public_exponent.as_bytes().to_vec(),
        };
        match public.bits() {
            MIN_BITS..=MAX_BITS => Ok(public),
            bits => Err(KeyError::Size(bits)),
        }
    }

    fn bits(&self) -> usize {
        let unused = self
            .modulus
            .first()
            .map_or(0, |first| first.leading_zeros() as usize);
        (self.modulus.len() * 8).saturating_sub(unused)
    }

    /// Whether `signature` is one of this key over `message`.
    ///
    /// # Errors
    /// When ring does not verify this hash with a key so short.
    pub(super) fn verify(
        &self,
        hash: HashAlgorithm,
        padding: RsaPadding,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, KeyError> {
        let params = verification(hash, padding, self.bits())
            .ok_or(KeyError::TooShortForHash { bits: self.bits() })?;
        let components = RsaPublicKeyComponents {
            n: &self.modulus,
            e: &self.exponent,
        };
        Ok(components.verify(params, message, signature).is_ok())
    }
}

fn verification(
    hash: HashAlgorithm,
    padding: RsaPadding,
    bits: usize,
) -> Option<&'static RsaParameters> {
    let is_long = bits >= 2048;
    Some(match (padding, hash) {
        (RsaPadding::Pkcs1, HashAlgorithm::Sha1) => {
            &ring_signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY
        }
        (RsaPadding::Pkcs1, HashAlgorithm::Sha256) => {
            &ring_signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
        }
        (RsaPadding::Pkcs1, HashAlgorithm::Sha512) => {
            &ring_signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
        }
        (RsaPadding::Pkcs1, HashAlgorithm::Sha384) if is_long => {
            &ring_signature::RSA_PKCS1_2048_8192_SHA384
        }
        (RsaPadding::Pss, HashAlgorithm::Sha256) if is_long => {
            &ring_signature::RSA_PSS_2048_8192_SHA256
        }
        (RsaPadding::Pss, HashAlgorithm::Sha384) if is_long => {
            &ring_signature::RSA_PSS_2048_8192_SHA384
        }
        (RsaPadding::Pss, HashAlgorithm::Sha512) if is_long => {
            &ring_signature::RSA_PSS_2048_8192_SHA512
        }
        _ => return None,
    })
}

impl RsaPrivateKey {
    pub(super) fn new(key: &RsaPrivateKeyRef<'_>) -> Result<Self, KeyError> {
        let public = RsaPublicKey::new(&key.public_key())?;
        let modulus = number(&public.modulus, &public).ok_or(KeyError::Damaged)?;
        let modulus = Option::from(Odd::new(modulus)).ok_or(KeyError::Damaged)?;
        Ok(Self {
            params: BoxedMontyParams::new(modulus),
            private_exponent: Zeroizing::new(
                number(key.private_exponent.as_bytes(), &public).ok_or(KeyError::Damaged)?,
            ),
            public_exponent: number(&public.exponent, &public).ok_or(KeyError::Damaged)?,
            public,
        })
    }

    /// # Errors
    /// When the key is too short for the hash, or its halves do not belong together.
    pub(super) fn sign(
        &self,
        hash: HashAlgorithm,
        padding: RsaPadding,
        message: &[u8],
        random: impl Fn(usize) -> Vec<u8>,
    ) -> Result<Vec<u8>, KeyError> {
        let bits = self.public.bits();
        let digest = digest_bytes(hash, message);
        let encoded = match padding {
            RsaPadding::Pkcs1 => encode_pkcs1(hash, &digest, self.public.modulus.len()),
            // RFC 8017, section 9.1: the usual salt is as long as the hash.
            RsaPadding::Pss => encode_pss(hash, &digest, bits - 1, &random(digest.len())),
        };
        let encoded = encoded.ok_or(KeyError::TooShortForHash { bits })?;
        let signature = self.power(&encoded, &self.private_exponent);
        // A signature that does not fit the public half would be refused without a reason. With
        // `encode_pss`, the block can be one byte shorter than the modulus.
        let opened = self.power(&signature, &self.public_exponent);
        if opened.ends_with(&encoded) {
            Ok(signature)
        } else {
            Err(KeyError::Inconsistent)
        }
    }

    /// A block as a number, raised to a power modulo the modulus, as long as the modulus.
    fn power(&self, block: &[u8], exponent: &BoxedUint) -> Vec<u8> {
        let base = BoxedUint::from_be_slice_truncated(block, precision(&self.public));
        let power = BoxedMontyForm::new(base, &self.params).pow(exponent);
        let bytes = power.retrieve().to_be_bytes();
        bytes[bytes.len().saturating_sub(self.public.modulus.len())..].to_vec()
    }
}

/// `None` for a number longer than the modulus.
fn number(bytes: &[u8], public: &RsaPublicKey) -> Option<BoxedUint> {
    BoxedUint::from_be_slice(bytes, precision(public)).ok()
}

/// Bits of the numbers that are computed with: whole words.
fn precision(public: &RsaPublicKey) -> u32 {
    let bits = (public.modulus.len() * 8).next_multiple_of(64);
    u32::try_from(bits).unwrap_or(u32::MAX)
}

/// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2); `None` when the modulus is too short.
fn encode_pkcs1(hash: HashAlgorithm, digest: &[u8], len: usize) -> Option<Vec<u8>> {
    let prefix = digest_info(hash)?;
    let info = prefix.len() + digest.len();
    let padding = len.checked_sub(info + 3).filter(|padding| *padding >= 8)?;
    let mut block = vec![0, 1];
    block.resize(2 + padding, 0xff);
    block.push(0);
    block.extend_from_slice(prefix);
    block.extend_from_slice(digest);
    Some(block)
}

/// The DER of `DigestInfo` before the digest (RFC 8017, section 9.2, note 1).
fn digest_info(hash: HashAlgorithm) -> Option<&'static [u8]> {
    Some(match hash {
        HashAlgorithm::Md5 => return None,
        HashAlgorithm::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
        HashAlgorithm::Sha256 => {
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
        }
        HashAlgorithm::Sha384 => {
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30"
        }
        HashAlgorithm::Sha512 => {
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40"
        }
    })
}

/// EMSA-PSS (RFC 8017, section 9.1.1); `None` when the modulus is too short.
fn encode_pss(hash: HashAlgorithm, digest: &[u8], bits: usize, salt: &[u8]) -> Option<Vec<u8>> {
    let len = bits.div_ceil(8);
    let zeros = len.checked_sub(digest.len() + salt.len() + 2)?;
    let proof = digest_bytes(hash, &[&[0; 8], digest, salt].concat());
    let mut block = vec![0; zeros];
    block.push(1);
    block.extend_from_slice(salt);
    for (byte, mask) in block.iter_mut().zip(mask(hash, &proof, len)) {
        *byte ^= mask;
    }
    // The number must be smaller than the modulus.
    let unused = len * 8 - bits;
    block[0] &= 0xff >> unused;
    block.extend_from_slice(&proof);
    block.push(0xbc);
    Some(block)
}

/// MGF1 (RFC 8017, appendix B.2.1), at least `len` bytes.
fn mask(hash: HashAlgorithm, seed: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut counter = 0_u32;
    while out.len() < len {
        out.extend(digest_bytes(hash, &[seed, &counter.to_be_bytes()].concat()));
        counter += 1;
    }
    out
}
