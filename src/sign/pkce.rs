//! Proof key for code exchange (RFC 7636): a verifier that only this login knows, and its challenge,
//! which the link shows.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use sha2::{Digest, Sha256};

/// A verifier of 43 letters from 256 random bits (section 4.1).
#[must_use]
pub(crate) fn pkce_verifier(first: [u8; 16], second: [u8; 16]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode([first, second].concat())
}

/// The challenge of a verifier by the method `S256` (section 4.2).
#[must_use]
pub(crate) fn pkce_challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifier_and_challenge_are_those_of_rfc_7636_appendix_b() {
        let octets: [u8; 32] =
            hex::decode("7418dfb49799e0254ffa607dd8adbbba16d4254d69d6bff05b58055853848d79")
                .unwrap()
                .try_into()
                .unwrap();
        let (first, second) = octets.split_at(16);
        let verifier = pkce_verifier(first.try_into().unwrap(), second.try_into().unwrap());
        assert_eq!(verifier, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(
            pkce_challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
