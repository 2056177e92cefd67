//! The spellings of a signature: hex, base64, one inside of the other, percent-encoded, in quotes.
//! What was sent is taken apart in every way that gives bytes; a digest that equals the bytes of any
//! of them was computed rightly, whatever its spelling.

use super::catalogue::MistakeCode;
use super::observation::RequestObservation;
use super::variation::Claim;
use crate::model::scheme::TextEncoding;
use base64::Engine as _;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};
use percent_encoding::percent_decode_str;

/// One step from a spelling to what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// The text itself is what was computed.
    Text,
    HexLower,
    HexUpper,
    /// Capitals and small letters, or digits only.
    HexMixed,
    HexDigits,
    Base64,
    Base64NoPad,
    Base64Url,
    Base64UrlNoPad,
    Percent,
    /// A blank stands where a `+` was.
    PlusAsBlank,
    /// Line ends or blanks around it, or inside.
    Blanks,
    Quotes,
    /// `b'…'`, as Python prints bytes.
    PythonBytes,
}

/// One reading of what was sent.
#[derive(Clone, Debug)]
pub(super) struct SentForm {
    path: Vec<Spelling>,
    pub(super) bytes: Vec<u8>,
}

impl SentForm {
    fn is_encoded(&self) -> bool {
        self.path
            .iter()
            .any(|step| is_hex(*step) || is_base64(*step))
    }
}

/// A deeper nesting has no name in the catalogue.
const MAX_DEPTH: usize = 4;

/// Every reading of a text.
pub(super) fn forms(text: &str) -> Vec<SentForm> {
    let mut found = Vec::new();
    collect_forms(text, &mut Vec::new(), &mut found);
    found
}

fn collect_forms(text: &str, path: &mut Vec<Spelling>, found: &mut Vec<SentForm>) {
    if path.len() >= MAX_DEPTH || text.is_empty() {
        return;
    }
    let mut add = |spelling: Spelling, bytes: Vec<u8>, path: &mut Vec<Spelling>| {
        path.push(spelling);
        let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if let (true, Ok(inner)) = (spelling != Spelling::Text, std::str::from_utf8(&bytes))
            && inner.bytes().all(is_plain)
        {
            collect_forms(inner, path, found);
        }
        found.push(SentForm {
            path: path.clone(),
            bytes,
        });
        path.pop();
    };
    add(Spelling::Text, text.as_bytes().to_vec(), path);
    if let Some((spelling, bytes)) = hex_form(text) {
        add(spelling, bytes, path);
    }
    for (spelling, bytes) in base64_forms(text) {
        add(spelling, bytes, path);
    }
    for (spelling, inner) in wrapped(text) {
        add(spelling, inner.into_bytes(), path);
    }
}

fn hex_form(text: &str) -> Option<(Spelling, Vec<u8>)> {
    let bytes = hex::decode(text).ok().filter(|bytes| bytes.len() >= 4)?;
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    let spelling = match (lower, upper) {
        (true, true) => Spelling::HexMixed,
        (true, false) => Spelling::HexLower,
        (false, true) => Spelling::HexUpper,
        (false, false) => Spelling::HexDigits,
    };
    Some((spelling, bytes))
}

fn base64_forms(text: &str) -> Vec<(Spelling, Vec<u8>)> {
    let engines = [
        (Spelling::Base64, BASE64_STANDARD.decode(text)),
        (Spelling::Base64NoPad, BASE64_STANDARD_NO_PAD.decode(text)),
        (Spelling::Base64Url, BASE64_URL_SAFE.decode(text)),
        (
            Spelling::Base64UrlNoPad,
            BASE64_URL_SAFE_NO_PAD.decode(text),
        ),
    ];
    let decoded = engines.into_iter();
    decoded
        .filter_map(|(spelling, bytes)| Some((spelling, bytes.ok()?)))
        .filter(|(_, bytes)| bytes.len() >= 4)
        .collect()
}

fn wrapped(text: &str) -> Vec<(Spelling, String)> {
    let mut found = Vec::new();
    let without: String = text.split_ascii_whitespace().collect();
    if without.len() < text.len() {
        found.push((Spelling::Blanks, without));
    }
    if text.contains(' ') {
        found.push((Spelling::PlusAsBlank, text.replace(' ', "+")));
    }
    if let Ok(decoded) = percent_decode_str(text).decode_utf8()
        && decoded != text
    {
        found.push((Spelling::Percent, decoded.into_owned()));
    }
    for quote in ['"', '\''] {
        let inner = text.strip_prefix('b').unwrap_or(text);
        let inside = inner
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inside) = inside {
            let spelling = if text.starts_with('b') {
                Spelling::PythonBytes
            } else {
                Spelling::Quotes
            };
            found.push((spelling, inside.to_owned()));
        }
    }
    found
}

/// How the right signature is spelled.
pub(super) struct RightForm {
    paths: Vec<Vec<Spelling>>,
}

impl RightForm {
    /// By the text that the scheme gives for these bytes.
    pub(super) fn of(expected: &str, bytes: &[u8]) -> Self {
        let forms = forms(expected).into_iter();
        Self {
            paths: forms
                .filter(|form| form.bytes == bytes)
                .map(|form| form.path)
                .collect(),
        }
    }

    /// A signature that is sent in this encoding and differs each time, so that none can be compared.
    pub(super) fn of_encoding(encoding: TextEncoding) -> Self {
        let spelling = match encoding {
            TextEncoding::HexLower => Spelling::HexLower,
            TextEncoding::HexUpper => Spelling::HexUpper,
            TextEncoding::Base64 => Spelling::Base64,
            TextEncoding::Base64Url => Spelling::Base64UrlNoPad,
        };
        Self {
            paths: vec![vec![spelling]],
        }
    }

    /// What is wrong with the spelling of what was sent, whose bytes are those that were computed:
    /// `Ok(None)` when nothing is, `Err` when the bytes are other ones.
    pub(super) fn judge(&self, sent: &[SentForm], computed: &[u8]) -> Result<Option<Claim>, ()> {
        let mut best: Option<Claim> = None;
        for form in sent.iter().filter(|form| form.bytes == computed) {
            if self.paths.iter().any(|path| is_same(path, &form.path)) {
                return Ok(None);
            }
            let claim = self.claim(&form.path);
            if best.is_none() {
                best = Some(claim);
            }
        }
        best.map(Some).ok_or(())
    }

    /// What is wrong with the spelling, or with the length, whatever was computed: only where every
    /// reading that has the right length is spelled wrongly.
    pub(super) fn observe(
        &self,
        sent: &[SentForm],
        length: usize,
        location: &str,
    ) -> Option<RequestObservation> {
        let mut fitting = sent
            .iter()
            .filter(|form| form.bytes.len() == length && form.is_encoded());
        let is_right = |form: &SentForm| self.paths.iter().any(|path| is_same(path, &form.path));
        if sent
            .iter()
            .any(|form| form.bytes.len() == length && is_right(form))
        {
            return None;
        }
        if let Some(form) = fitting.next() {
            let claim = self.claim(&form.path);
            return Some(RequestObservation::of_signature(
                claim.code, location, claim.text,
            ));
        }
        let right = sent
            .iter()
            .find(|form| is_right(form) && form.is_encoded())?;
        let text = format!(
            "the signature has {} bytes, but the scheme expects {length}",
            right.bytes.len()
        );
        let code = match right.bytes.len() {
            16 | 20 | 28 | 32 | 48 | 64 => MistakeCode::OTHER_HASH,
            _ => MistakeCode::NOT_A_SIGNATURE,
        };
        Some(RequestObservation::of_signature(code, location, text))
    }

    fn claim(&self, sent: &[Spelling]) -> Claim {
        let right = self.paths.iter().min_by_key(|path| path.len());
        let right = right.map_or(&[][..], Vec::as_slice);
        compare(right, sent)
    }
}

/// Hex of digits only is right in either case.
fn is_same(right: &[Spelling], sent: &[Spelling]) -> bool {
    let is_hex = |spelling: Spelling| matches!(spelling, Spelling::HexLower | Spelling::HexUpper);
    right.len() == sent.len()
        && right.iter().zip(sent).all(|(right, sent)| {
            right == sent
                || (is_hex(*right) && *sent == Spelling::HexDigits)
                || (is_hex(*sent) && *right == Spelling::HexDigits)
        })
}

fn is_hex(spelling: Spelling) -> bool {
    matches!(
        spelling,
        Spelling::HexLower | Spelling::HexUpper | Spelling::HexMixed | Spelling::HexDigits
    )
}

fn is_base64(spelling: Spelling) -> bool {
    matches!(
        spelling,
        Spelling::Base64 | Spelling::Base64NoPad | Spelling::Base64Url | Spelling::Base64UrlNoPad
    )
}

fn compare(right: &[Spelling], sent: &[Spelling]) -> Claim {
    use MistakeCode as M;
    let count = |path: &[Spelling], spelling: Spelling| {
        path.iter().filter(|known| **known == spelling).count()
    };
    for (spelling, text) in [
        (
            Spelling::PythonBytes,
            "the signature is sent as Python prints bytes: `b'…'`",
        ),
        (Spelling::Quotes, "quotes are sent around the signature"),
        (Spelling::Blanks, "line ends or spaces are in the signature"),
    ] {
        if count(sent, spelling) > count(right, spelling) {
            return Claim::new(M::NOT_A_SIGNATURE, text);
        }
    }
    if count(sent, Spelling::PlusAsBlank) > 0 {
        let text = "the signature is not percent-encoded: each `+` in it arrives as a space";
        return Claim::new(M::SIGNATURE_CODING, text);
    }
    let (more, less) = (
        count(sent, Spelling::Percent),
        count(right, Spelling::Percent),
    );
    if more > less {
        return Claim::new(
            M::SIGNATURE_CODING,
            "the signature is percent-encoded twice",
        );
    }
    let core = |path: &[Spelling]| -> Vec<Spelling> {
        let kept = path.iter().copied();
        kept.filter(|spelling| is_hex(*spelling) || is_base64(*spelling))
            .collect()
    };
    let (right, sent) = (core(right), core(sent));
    // Hex and base64url have nothing to encode.
    if more < less && right == sent {
        return Claim::new(M::SIGNATURE_CODING, "the signature is not percent-encoded");
    }
    match (right.as_slice(), sent.as_slice()) {
        ([], []) => Claim::plain(M::NOT_A_SIGNATURE),
        ([a], [b]) if is_hex(*a) && is_hex(*b) => Claim::new(M::HEX_CASE, case_text(*a, *b)),
        ([a], [b]) if is_base64(*a) && is_base64(*b) => Claim::plain(M::BASE64URL),
        ([a], [b]) if is_hex(*a) != is_hex(*b) => {
            Claim::new(M::HEX_AND_BASE64, exchange_text(*a, *b))
        }
        ([a, right @ ..], [b, sent @ ..])
            if is_base64(*a) && is_base64(*b) && !right.is_empty() && right == sent =>
        {
            Claim::plain(M::BASE64URL)
        }
        (_, [a, b, ..]) if is_base64(*a) && is_hex(*b) => Claim::plain(M::BASE64_OF_HEX),
        (_, [a, b, ..]) if is_hex(*a) && is_hex(*b) => Claim::plain(M::HEX_OF_HEX),
        (_, [a, b, ..]) if is_hex(*a) && is_base64(*b) => {
            Claim::new(M::HEX_OF_HEX, "hex of the base64 text instead of the bytes")
        }
        ([_, _, ..], [b]) if is_hex(*b) || is_base64(*b) => Claim::new(
            M::HEX_AND_BASE64,
            "the signature is encoded once instead of twice",
        ),
        ([a], []) => Claim::new(
            M::NOT_A_SIGNATURE,
            format!("the signature is not encoded as {}", spelling_name(*a)),
        ),
        _ => Claim::plain(M::HEX_AND_BASE64),
    }
}

fn spelling_name(spelling: Spelling) -> &'static str {
    if is_hex(spelling) { "hex" } else { "base64" }
}

fn exchange_text(right: Spelling, sent: Spelling) -> String {
    format!(
        "the signature is sent as {} where {} is expected",
        spelling_name(sent),
        spelling_name(right)
    )
}

fn case_text(right: Spelling, sent: Spelling) -> String {
    let name = |spelling| match spelling {
        Spelling::HexUpper => "upper case",
        Spelling::HexMixed => "mixed case",
        _ => "lower case",
    };
    format!("hex is in {} where {} is expected", name(sent), name(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_of_the_same_bytes_is_told_apart() {
        let bytes = b"\xfb\xff\x01\xab\xcd\xef\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45";
        let lower = hex::encode(bytes);
        let right = RightForm::of(&lower, bytes);
        let code = |sent: &str| match right.judge(&forms(sent), bytes) {
            Ok(None) => "right",
            Ok(Some(claim)) => claim.code.name(),
            Err(()) => "other",
        };
        assert_eq!(code(&lower), "right");
        assert_eq!(code(&lower.to_uppercase()), "O3");
        assert_eq!(code(&BASE64_STANDARD.encode(bytes)), "O1");
        assert_eq!(code(&BASE64_STANDARD.encode(&lower)), "O2");
        assert_eq!(code(&hex::encode(&lower)), "O4");
        assert_eq!(code(&format!("b'{lower}'")), "O7");
        assert_eq!(code("0123"), "other");
        let text = BASE64_STANDARD.encode(bytes);
        let right = RightForm::of(&text, bytes);
        let code = |sent: &str| match right.judge(&forms(sent), bytes) {
            Ok(None) => "right",
            Ok(Some(claim)) => claim.code.name(),
            Err(()) => "other",
        };
        assert_eq!(code(&text), "right");
        assert_eq!(code(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), "O5");
        assert_eq!(code(&text.replace('+', " ")), "O6");
        assert_eq!(code(&lower), "O1");
    }
}
