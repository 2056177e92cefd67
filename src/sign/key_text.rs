//! From the text of a key to its DER: PEM, or base64 alone, in the spellings that environment
//! variables and web consoles leave of them. No error holds a byte of the key.

use super::key_error::KeyError;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::Engine as _;
use zeroize::Zeroizing;

/// Consoles give base64 with and without padding.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The DER of the first key in a text.
///
/// # Errors
/// When the text is no key, or one that must be converted first.
pub(super) fn decode_key_text(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, block) = block.split_once(DASHES).ok_or(KeyError::CutPem)?;
        let (body, after) = block.split_once(END).ok_or(KeyError::CutPem)?;
        // `openssl ecparam -genkey` writes the name of the curve before the key.
        if label != "EC PARAMETERS" {
            return decode_block(label, body);
        }
        rest = after;
    }
    if text.contains(DASHES) {
        return Err(KeyError::CutPem);
    }
    decode_base64(text)
}

fn decode_block(label: &str, body: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match label {
        // The headers of RFC 1421 stand before the key only if it is encrypted.
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
        _ if body.contains("Proc-Type:") => Err(KeyError::Encrypted),
        "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
        "CERTIFICATE" => Err(KeyError::Certificate),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" | "PUBLIC KEY" | "RSA PUBLIC KEY" => {
            decode_base64(body)
        }
        _ => Err(KeyError::OtherBlock),
    }
}

fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    // One line of a `.env` file holds `\n` as two characters.
    let text = Zeroizing::new(text.replace("\\n", "").replace("\\r", ""));
    let mut letters = Zeroizing::new(String::with_capacity(text.len()));
    letters.extend(text.chars().filter(|letter| !letter.is_whitespace()));
    ANY_PADDING
        .decode(letters.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| KeyError::NotAKey)
}
