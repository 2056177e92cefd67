//! Values that cannot be replaced wherever they stand without making output unreadable. They are
//! refused as credentials, and a response's guess at a secret is wrong about them.

/// A secret shorter than this cannot be redacted without harm, so it is refused.
pub(crate) const MIN_SECRET_BYTES: usize = 8;
/// So many letters of one case are no word any more.
const MIN_LETTERS: usize = 16;
/// So many digits are no date, time or number of an order any more.
const MIN_DIGITS: usize = 12;

/// Texts of every response and request, in small letters and without punctuation. They are longer
/// than a word, or mixed, and no secret.
const VOCABULARY: [&str; 12] = [
    "applicationjsoncharsetutf8",
    "applicationxwwwformurlencoded",
    "applicationxwwwformurlencodedcharsetutf8",
    "applicationoctetstream",
    "applicationproblemjson",
    "contenttypeapplicationjson",
    "internalservererror",
    "multipartformdata",
    "textplaincharsetutf8",
    "texthtmlcharsetutf8",
    "accesscontrolalloworigin",
    "stricttransportsecurity",
];

/// Why a value cannot be kept out of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeakSecret {
    #[error("it is shorter than {MIN_SECRET_BYTES} characters")]
    TooShort,
    #[error("it is a word: fewer than {MIN_LETTERS} letters, without digits, all of one case")]
    Word,
    #[error("it is a number: fewer than {MIN_DIGITS} digits, without letters")]
    Number,
    #[error("it repeats one or two characters")]
    Repetition,
    #[error("it is a text that appears in most responses")]
    CommonText,
}

impl WeakSecret {
    /// `None` for a value that can be replaced by its name wherever it stands.
    #[must_use]
    pub(crate) fn find(value: &str) -> Option<Self> {
        if value.len() < MIN_SECRET_BYTES {
            return Some(Self::TooShort);
        }
        // The redactor finds a secret without its punctuation: `application/json` would be found
        // in `applicationJson`.
        let letters: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
        // A secret of punctuation is searched for as it is.
        if letters.is_empty() {
            return None;
        }
        if letters.len() < MIN_LETTERS && is_word(&letters) {
            return Some(Self::Word);
        }
        if letters.len() < MIN_DIGITS && letters.iter().all(char::is_ascii_digit) {
            return Some(Self::Number);
        }
        let mut distinct = letters.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 3 && letters.len() * 2 > value.chars().count() {
            return Some(Self::Repetition);
        }
        let folded: String = letters.iter().flat_map(|c| c.to_lowercase()).collect();
        VOCABULARY
            .contains(&folded.as_str())
            .then_some(Self::CommonText)
    }
}

/// `application`, `APPLICATION` or `Application`.
fn is_word(letters: &[char]) -> bool {
    let is_lower = |letter: &char| letter.is_alphabetic() && !letter.is_uppercase();
    let is_upper = |letter: &char| letter.is_alphabetic() && !letter.is_lowercase();
    letters.iter().all(is_upper)
        || letters
            .split_first()
            .is_some_and(|(first, rest)| first.is_alphabetic() && rest.iter().all(is_lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_common_texts_are_no_secrets() {
        for (value, weak) in [
            ("short", WeakSecret::TooShort),
            ("application", WeakSecret::Word),
            ("APPLICATION", WeakSecret::Word),
            ("Application", WeakSecret::Word),
            ("application/json", WeakSecret::Word),
            ("api.example.com", WeakSecret::Word),
            ("my-secret-key", WeakSecret::Word),
            ("비밀번호입니다", WeakSecret::Word),
            ("20261130", WeakSecret::Number),
            ("2026-11-30", WeakSecret::Number),
            ("0000000000000000", WeakSecret::Repetition),
            ("xxxxxxxxxxxxxxxxxxxx", WeakSecret::Repetition),
            ("application/json; charset=utf-8", WeakSecret::CommonText),
        ] {
            assert_eq!(WeakSecret::find(value), Some(weak), "{value}");
        }
    }

    /// Shapes of the keys that the marketplaces give out, from their documentation, and of test
    /// keys.
    #[test]
    fn keys_of_marketplaces_are_secrets() {
        for value in [
            "5a6f4d4f6e4a4d4c6b6c50436d724d4b64486d4a5a5a6c6a6b5a7a446f4e6b44",
            "d3b07384-d113-4ec2-a5d6-8a1c0de54321",
            "b1946ac92492d2347c6235b4d2611184",
            "$2a$04$abcdefghijklmnopqrstuu",
            "amzn1.oa2-cs.v1.0123456789abcdef",
            "qwertyuiopasdfghjklz",
            "Tr0ub4dor",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
            "123456789012",
            "!@#$%^&*()_+",
            "correct horse battery staple",
        ] {
            assert_eq!(WeakSecret::find(value), None, "{value}");
        }
    }
}
