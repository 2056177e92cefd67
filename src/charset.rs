//! Character encodings other than UTF-8, by the WHATWG Encoding Standard; the only room that knows
//! `encoding_rs`. It decodes and encodes strictly: a byte or a character that an encoding lacks is an
//! error and never replaced in silence.

use encoding_rs::{
    CoderResult, DecoderResult, EUC_KR, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE,
};
use std::borrow::Cow;

/// Labels that Korean servers and programs use and that the standard does not list. Both name
/// Microsoft's superset of EUC-KR, which the standard calls `EUC-KR` as well.
const MORE_LABELS: [(&str, &Encoding); 2] = [("cp949", EUC_KR), ("ms949", EUC_KR)];

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// The place of the first byte that does not fit an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} is not valid")]
pub(crate) struct MalformedByte {
    pub(crate) offset: usize,
}

/// The first character that an encoding lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has no `{character}`")]
pub(crate) struct UnencodableCharacter {
    pub(crate) character: char,
}

impl Charset {
    pub(crate) const UTF_8: Self = Self(UTF_8);
    const UTF_16LE: Self = Self(UTF_16LE);
    const UTF_16BE: Self = Self(UTF_16BE);

    /// The encoding that a label names, whatever its case; `None` for a label that is unknown, or
    /// whose encoding the standard refuses to decode.
    #[must_use]
    pub(crate) fn of_label(label: &str) -> Option<Self> {
        let label = label.trim_ascii();
        let more = MORE_LABELS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(label));
        more.map(|(_, encoding)| *encoding)
            .or_else(|| Encoding::for_label_no_replacement(label.as_bytes()))
            .filter(|encoding| *encoding != REPLACEMENT)
            .map(Self)
    }

    /// The encoding whose byte order mark stands at the beginning, and the length of the mark.
    #[must_use]
    pub(crate) fn of_byte_order_mark(bytes: &[u8]) -> Option<(Self, usize)> {
        Encoding::for_bom(bytes).map(|(encoding, len)| (Self(encoding), len))
    }

    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        self.0.name()
    }

    #[must_use]
    pub(crate) fn is_utf_8(self) -> bool {
        self == Self::UTF_8
    }

    #[must_use]
    pub(crate) fn is_utf_16(self) -> bool {
        self == Self::UTF_16LE || self == Self::UTF_16BE
    }

    /// The text that bytes stand for. A byte order mark is no part of `bytes`.
    ///
    /// # Errors
    /// When a byte does not fit.
    pub(crate) fn decode(self, bytes: &[u8]) -> Result<String, MalformedByte> {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut text = String::new();
        // One attempt is enough if the buffer has room for the longest result.
        let needed = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        text.reserve(needed.unwrap_or(bytes.len()));
        let mut read = 0;
        loop {
            let (result, consumed) =
                decoder.decode_to_string_without_replacement(&bytes[read..], &mut text, true);
            read += consumed;
            match result {
                DecoderResult::InputEmpty => return Ok(text),
                DecoderResult::OutputFull => text.reserve(bytes.len() - read + 16),
                DecoderResult::Malformed(length, after) => {
                    let back = usize::from(length) + usize::from(after);
                    let offset = read.saturating_sub(back);
                    return Err(MalformedByte { offset });
                }
            }
        }
    }

    /// The bytes that a text is in this encoding.
    ///
    /// # Errors
    /// When the encoding lacks a character.
    pub(crate) fn encode(self, text: &str) -> Result<Cow<'_, [u8]>, UnencodableCharacter> {
        if self.is_utf_8() {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        if self.is_utf_16() {
            return Ok(Cow::Owned(self.encode_utf_16(text)));
        }
        let (bytes, _, has_replacements) = self.0.encode(text);
        if !has_replacements {
            return Ok(bytes);
        }
        Err(UnencodableCharacter {
            character: self.first_unencodable(text),
        })
    }

    /// The bytes of a text in which characters that the encoding lacks are written by their number,
    /// as browsers write them in forms: `&#8249;`. In XML and HTML that is the same text.
    #[must_use]
    pub(crate) fn encode_with_references(self, text: &str) -> Cow<'_, [u8]> {
        if self.is_utf_16() {
            return Cow::Owned(self.encode_utf_16(text));
        }
        self.0.encode(text).0
    }

    /// The standard gives UTF-16 no encoder, since browsers never send it.
    fn encode_utf_16(self, text: &str) -> Vec<u8> {
        let units = text.encode_utf16();
        if self == Self::UTF_16BE {
            units.flat_map(u16::to_be_bytes).collect()
        } else {
            units.flat_map(u16::to_le_bytes).collect()
        }
    }

    fn first_unencodable(self, text: &str) -> char {
        let mut buffer = [0; 4];
        let is_lacking = |character: &char| {
            let mut encoder = self.0.new_encoder();
            let text = character.encode_utf8(&mut buffer);
            let mut out = [0; 16];
            let (result, _, _, has_replacements) = encoder.encode_from_utf8(text, &mut out, true);
            has_replacements || result == CoderResult::OutputFull
        };
        text.chars()
            .find(is_lacking)
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};
    use std::collections::BTreeMap;

    /// Labels and indexes of the standard itself; `make.py` beside it says how they were made.
    fn standard() -> serde_json::Value {
        let text = include_str!("../tests/vectors/charsets/charsets.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_label_of_the_standard_is_known_by_its_name() {
        let standard = standard();
        let labels = standard["labels"].as_object().unwrap();
        assert_eq!(labels.len(), 228);
        for (label, name) in labels {
            let name = Some(name.as_str().unwrap()).filter(|name| *name != "replacement");
            for written in [label.clone(), label.to_uppercase(), format!(" {label}\t")] {
                assert_eq!(
                    Charset::of_label(&written).map(Charset::name),
                    name,
                    "{written}"
                );
            }
        }
        assert_eq!(Charset::of_label("CP949").unwrap().name(), "EUC-KR");
        for unknown in ["", "utf-9", "euc_kr", "replacement-", "äöü"] {
            assert_eq!(Charset::of_label(unknown), None, "{unknown}");
        }
    }

    /// The sequences of two bytes behind a prefix that stand for something other than their bytes
    /// one by one, by lead byte.
    fn decoded_rows(charset: Charset, prefix: &[u8]) -> BTreeMap<String, String> {
        let mut rows = BTreeMap::new();
        for lead in 0x81..=0xfe_u8 {
            if charset.decode(&[prefix, &[lead]].concat()).is_ok() {
                continue;
            }
            let mut row = (0, String::new());
            for trail in 0..=0xff_u8 {
                let bytes = [prefix, &[lead, trail]].concat();
                if let Ok(text) = charset.decode(&bytes) {
                    let points = text
                        .chars()
                        .map(|letter| format!(" {:x}", u32::from(letter)));
                    let line = format!("{}{}\n", hex::encode(&bytes), points.collect::<String>());
                    row = (row.0 + 1, row.1 + &line);
                }
            }
            if row.0 > 0 {
                let digest = hex::encode(Sha256::digest(&row.1));
                let lead = hex::encode([prefix, &[lead]].concat());
                rows.insert(lead, format!("{} {digest}", row.0));
            }
        }
        rows
    }

    #[test]
    fn every_sequence_of_the_east_asian_encodings_is_decoded_as_the_standard_says() {
        let standard = standard();
        for (name, expected) in standard["tables"].as_object().unwrap() {
            let charset = Charset::of_label(name).unwrap();
            let mut rows = decoded_rows(charset, &[]);
            if name == "EUC-JP" {
                rows.extend(decoded_rows(charset, &[0x8f]));
            }
            let expected: BTreeMap<String, String> = expected
                .as_object()
                .unwrap()
                .iter()
                .map(|(lead, row)| (lead.clone(), row.as_str().unwrap().to_owned()))
                .collect();
            assert_eq!(rows, expected, "{name}");
        }
    }

    /// Every character that an encoding has comes back as itself, but for those that its standard
    /// encoder maps to another one on purpose.
    #[test]
    fn every_character_comes_back() {
        // Private characters of older versions of GB 18030, which have a code point now.
        let chinese = [
            0xe78d, 0xe78e, 0xe78f, 0xe790, 0xe791, 0xe792, 0xe793, 0xe794, 0xe795, 0xe796, 0xe81e,
            0xe826, 0xe82b, 0xe82c, 0xe832, 0xe843, 0xe854, 0xe864,
        ];
        let japanese = [0xa5, 0x203e, 0x2212];
        let mapped: &[(&str, &[u32])] = &[
            ("GBK", &chinese),
            ("gb18030", &chinese),
            ("Shift_JIS", &japanese),
            ("EUC-JP", &japanese),
        ];
        let mut counts = BTreeMap::new();
        for name in [
            "EUC-KR",
            "Big5",
            "GBK",
            "gb18030",
            "Shift_JIS",
            "EUC-JP",
            "UTF-16LE",
        ] {
            let charset = Charset::of_label(name).unwrap();
            let mut letter = [0; 4];
            let mut count = 0;
            let is_unicode = ["gb18030", "UTF-16LE"].contains(&name);
            let last = if is_unicode { char::MAX } else { '\u{2ffff}' };
            // Plane 1 has no character of any of the five.
            let is_skipped =
                |letter: &char| !is_unicode && ('\u{10000}'..'\u{20000}').contains(letter);
            for character in (char::MIN..=last).filter(|letter| !is_skipped(letter)) {
                let text: &str = character.encode_utf8(&mut letter);
                let Ok(bytes) = charset.encode(text) else {
                    continue;
                };
                count += 1;
                if charset.decode(&bytes).as_deref() != Ok(text) {
                    let known = mapped.iter().find(|(known, _)| *known == name).unwrap();
                    assert!(
                        known.1.contains(&u32::from(character)),
                        "{name} {character:?}"
                    );
                }
            }
            counts.insert(name, count);
        }
        // ASCII, and what the index of the standard has for encoders. Of gb18030 and UTF-16 it is all
        // of Unicode, but for U+E5E5 in gb18030.
        let expected = [
            ("EUC-KR", 17_176),
            ("Big5", 14_781),
            ("GBK", 24_085),
            ("gb18030", 1_112_063),
            ("Shift_JIS", 7_521),
            ("EUC-JP", 7_520),
            ("UTF-16LE", 1_112_064),
        ];
        assert_eq!(counts, BTreeMap::from(expected));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let korean = Charset::of_label("euc-kr").unwrap();
        assert_eq!(
            &*korean.encode("한글 펲").unwrap(),
            b"\xc7\xd1\xb1\xdb \xbc\x84"
        );
        let malformed = |bytes: &[u8]| korean.decode(bytes).unwrap_err().offset;
        assert_eq!(malformed(b"ab\xff"), 2);
        assert_eq!(malformed(b"\xc7\xd1\xb1"), 2, "cut in half");
        assert_eq!(malformed(b"\xc7\xd1\xb1\x20x"), 2);
        assert_eq!(
            korean.encode("가격 10 € ‹x›").unwrap_err().character,
            '‹',
            "the euro sign is there"
        );
        assert_eq!(&*korean.encode_with_references("‹"), b"&#8249;");
    }
}
