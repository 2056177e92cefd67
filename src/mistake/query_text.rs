//! The raw text of a query, taken apart without decoding it, and the alphabets in which programs
//! percent-encode.

use percent_encoding::percent_decode_str;

/// A pair as it stands in the text; `None` for a name without `=`.
pub(super) type RawPair = (String, Option<String>);

pub(super) fn raw_pairs(query: &str) -> Vec<RawPair> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (pair.to_owned(), None),
        })
        .collect()
}

pub(super) fn join_raw(pairs: &[RawPair]) -> String {
    let texts = pairs.iter().map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    });
    texts.collect::<Vec<_>>().join("&")
}

/// Percent signs decoded; `None` when the bytes are no text.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// A `+` is a blank, and percent signs are decoded.
pub(super) fn form_decoded(text: &str) -> Option<String> {
    percent_decoded(&text.replace('+', " "))
}

/// Which characters an encoder leaves as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    Rfc3986,
    /// `encodeURIComponent` of JavaScript.
    UriComponent,
    /// Forms: `+` for a blank, `*` as it is.
    Form,
    /// `urllib.parse.quote_plus` of Python: RFC 3986 with `+` for a space.
    QuotePlus,
    /// `encodeURI`: everything that can stand in a whole address.
    Uri,
    /// Old PHP: `%7E`.
    OldPhp,
    /// `urllib.parse.quote` of Python: `/` as it is.
    Quote,
    /// What a browser does with a query (WHATWG URL, special-query percent-encode set). A `%` of the
    /// text is encoded, as it has to be for the text to be read again.
    Browser,
    /// Older browsers and address builders: `'` as it is, `{` and `}` encoded.
    Address,
}

impl Alphabet {
    pub(super) const ALL: [(Self, &'static str); 9] = [
        (Self::Form, "form encoding (`+` for a space, `*` unchanged)"),
        (
            Self::UriComponent,
            "`encodeURIComponent` (`!*'()` unchanged)",
        ),
        (Self::QuotePlus, "RFC 3986 with `+` for a space"),
        (Self::Quote, "RFC 3986 with `/` unchanged"),
        (Self::Uri, "`encodeURI` (`;,/?:@&=+$#` unchanged)"),
        (Self::OldPhp, "old PHP (`~` as `%7E`)"),
        (Self::Browser, "the encoder of a browser's address line"),
        (
            Self::Address,
            "the encoder of an address (`!$'()*,/:;?@[]|` unchanged)",
        ),
        (Self::Rfc3986, "RFC 3986"),
    ];

    fn keeps(self, byte: u8) -> bool {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match self {
            Self::Rfc3986 | Self::QuotePlus => unreserved || byte == b'~',
            Self::UriComponent => unreserved || b"~!*'()".contains(&byte),
            Self::Form => unreserved || byte == b'*',
            Self::Uri => unreserved || b"~!*'();,/?:@&=+$#".contains(&byte),
            Self::OldPhp => unreserved,
            Self::Quote => unreserved || b"~/".contains(&byte),
            Self::Browser => byte.is_ascii_graphic() && !b"\"#%<>'".contains(&byte),
            Self::Address => unreserved || b"~!$'()*,/:;?@[]|".contains(&byte),
        }
    }

    pub(super) fn encode(self, text: &str) -> String {
        self.encode_bytes(text.as_bytes())
    }

    pub(super) fn encode_bytes(self, bytes: &[u8]) -> String {
        let mut out = String::with_capacity(bytes.len());
        for byte in bytes {
            match byte {
                b' ' if matches!(self, Self::Form | Self::QuotePlus) => out.push('+'),
                byte if self.keeps(*byte) => out.push(char::from(*byte)),
                byte => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    }
}

/// `%2F` as `%2f`, and the other way round.
pub(super) fn swap_escape_case(text: &str) -> String {
    let is_lower = text
        .match_indices('%')
        .filter_map(|(at, _)| text.get(at + 1..at + 3))
        .any(|digits| digits.bytes().any(|byte| byte.is_ascii_lowercase()));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..=at]);
        let digits = rest.get(at + 1..at + 3).unwrap_or_default();
        if is_lower {
            out.push_str(&digits.to_ascii_uppercase());
        } else {
            out.push_str(&digits.to_ascii_lowercase());
        }
        rest = &rest[at + 1 + digits.len()..];
    }
    out + rest
}

/// All orders of a few things; the given one among them.
pub(super) fn permutations<T: Clone>(items: &[T]) -> Vec<Vec<T>> {
    if items.len() <= 1 {
        return vec![items.to_vec()];
    }
    let mut all = Vec::new();
    for (index, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(index);
        for tail in permutations(&rest) {
            all.push([vec![first.clone()], tail].concat());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphabets_are_those_of_the_programs() {
        let text = "a b!*'()~,:@/%é";
        for (alphabet, encoded) in [
            (
                Alphabet::Rfc3986,
                "a%20b%21%2A%27%28%29~%2C%3A%40%2F%25%C3%A9",
            ),
            (Alphabet::UriComponent, "a%20b!*'()~%2C%3A%40%2F%25%C3%A9"),
            (Alphabet::Form, "a+b%21*%27%28%29%7E%2C%3A%40%2F%25%C3%A9"),
            (Alphabet::Uri, "a%20b!*'()~,:@/%25%C3%A9"),
            (Alphabet::Quote, "a%20b%21%2A%27%28%29~%2C%3A%40/%25%C3%A9"),
        ] {
            assert_eq!(alphabet.encode(text), encoded);
        }
        assert_eq!(swap_escape_case("a%2Fb%C3"), "a%2fb%c3");
        assert_eq!(swap_escape_case("a%2fb"), "a%2Fb");
        assert_eq!(permutations(&[1, 2, 3]).len(), 6);
    }
}
