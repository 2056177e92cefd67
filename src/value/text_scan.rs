//! Passes over parts of a JSON text, eight bytes at once where it can. It refuses to say what they
//! mean.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = ONES << 7;

/// How long a text after its quote is plain: up to a quote, a backslash, a control character or the
/// end.
pub(super) fn plain_len(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = rest[at..].first_chunk() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    let tail = rest[at..].iter();
    at + tail.take_while(|byte| !is_special(byte)).count()
}

/// The high bit of each byte that is a quote, a backslash or a control character. Above the lowest
/// of them, other bytes can have it as well.
fn special_bytes(word: u64) -> u64 {
    let quotes = word ^ (ONES * 0x22);
    let backslashes = word ^ (ONES * 0x5c);
    // A byte below the subtrahend borrows, and so sets its high bit; one above 0x7f has it anyway.
    let is_quote = quotes.wrapping_sub(ONES) & !quotes;
    let is_backslash = backslashes.wrapping_sub(ONES) & !backslashes;
    let is_control = word.wrapping_sub(ONES * 0x20) & !word;
    (is_quote | is_backslash | is_control) & HIGH_BITS
}

/// The offset of the next byte that is no white space.
pub(super) fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\r' | b'\n') = text.get(at) {
        at += 1;
    }
    at
}

/// The length of a text after its quote, with the quote at its end.
pub(super) fn string_len(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += plain_len(&rest[at..]);
        match rest.get(at) {
            Some(b'"') => return at + 1,
            // The letter after a backslash can be a quote that ends nothing.
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return rest.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_text_ends_at_the_first_byte_that_is_not_plain(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), 0x1e..0x24_u8, 0x5a..0x5e_u8], 0..40)
        ) {
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            prop_assert_eq!(plain_len(&bytes), first.unwrap_or(bytes.len()));
        }
    }
}
