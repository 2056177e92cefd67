//! The clock and chance of one step, read once: what `now()`, `date()`, `uuid()` and `random()`
//! give, the same on every retry of the step.

use sha2::{Digest, Sha256};

/// One reading of the clock, and a seed from which every fresh value of the step follows.
#[derive(Clone, Copy, Debug)]
pub struct FreshValues {
    /// Unix milliseconds.
    pub unix_ms: i64,
    pub seed: [u8; 16],
}

impl FreshValues {
    #[must_use]
    pub fn unix_s(&self) -> i64 {
        self.unix_ms.div_euclid(1_000)
    }

    /// So many bytes for the place `site`; another place gets other bytes.
    #[must_use]
    pub fn random_bytes(&self, site: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(len + 32);
        let mut block = 0_u64;
        while out.len() < len {
            let mut hash = Sha256::new();
            // A hash of seed and place, not a generator with a state: the value does not depend on
            // the order of evaluation, so a retry sends the same body.
            hash.update(self.seed);
            hash.update(site.to_le_bytes());
            hash.update(block.to_le_bytes());
            out.extend_from_slice(&hash.finalize());
            block += 1;
        }
        out.truncate(len);
        out
    }

    /// A version 4 UUID (RFC 9562).
    #[must_use]
    pub fn uuid(&self, site: u64) -> String {
        let mut bytes = self.random_bytes(site, 16);
        // Sections 4.1 and 4.2: the version is in the high bits of byte 6, the variant in those of
        // byte 8.
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex::encode(bytes);
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// So many letters and digits.
    #[must_use]
    pub fn random_text(&self, site: u64, len: usize) -> String {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        // 256 is 4 * 62 + 8, so the first 8 letters come up a little more often. No secret is made
        // of these letters.
        self.random_bytes(site, len)
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_values_are_the_same_for_one_place_and_differ_between_places() {
        let moment = FreshValues {
            unix_ms: 0,
            seed: [7; 16],
        };
        assert_eq!(moment.uuid(1), moment.uuid(1));
        assert_ne!(moment.uuid(1), moment.uuid(2));
        assert_eq!(
            (moment.uuid(1).len(), moment.uuid(1).as_bytes()[14]),
            (36, b'4')
        );
        assert_eq!(moment.random_text(3, 40).len(), 40);
    }
}
