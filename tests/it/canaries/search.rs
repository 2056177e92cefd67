//! Looks for spellings in what the program left. A part of a spelling counts as well: any sixteen
//! letters of it in a row.

use super::spellings::Spelling;
use aho_corasick::AhoCorasick;
use std::collections::{BTreeSet, HashMap};

const PART: usize = 16;

pub(super) struct Search {
    parts: AhoCorasick,
    /// For each part the number of its spelling.
    owners: Vec<usize>,
}

impl Search {
    pub(super) fn new(spellings: &[Spelling]) -> Self {
        let mut parts: HashMap<String, usize> = HashMap::new();
        for (n, spelling) in spellings.iter().enumerate() {
            // The spelling as it is, and as it is left when its own escapes are taken for those of
            // a report.
            for view in views(&spelling.text) {
                let letters: Vec<char> = letters_of(&view).chars().collect();
                for part in letters.windows(PART) {
                    parts.entry(part.iter().collect()).or_insert(n);
                }
            }
        }
        let (parts, owners): (Vec<String>, Vec<usize>) = parts.into_iter().unzip();
        Self {
            parts: AhoCorasick::new(parts).unwrap(),
            owners,
        }
    }

    /// The numbers of the spellings that a text holds, each once. Where two spellings share a part
    /// it is found as one of them.
    pub(super) fn find(&self, text: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for view in views(text) {
            let letters = letters_of(&view);
            let places = self.parts.find_overlapping_iter(&letters);
            found.extend(places.map(|place| self.owners[place.pattern().as_usize()]));
        }
        found
    }
}

/// How many of the canaries came as far as this: their marks stand beside them.
pub(super) fn marks_in(text: &str, count: usize) -> usize {
    (0..count)
        .filter(|n| text.contains(&format!("mark{n}m")))
        .count()
}

/// What encodings and reports change or add is left out.
fn letters_of(text: &str) -> String {
    let letters = text.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A text as it is, and with the escapes of JSON, XML and URLs undone in each order that a report
/// can have applied them in.
fn views(text: &str) -> Vec<String> {
    let (json, xml, url) = (of_json(text), of_xml(text), of_url(text));
    let mut views = vec![
        of_json(&json),
        of_xml(&json),
        of_url(&json),
        of_json(&xml),
        of_url(&xml),
        of_url(&of_json(&xml)),
        text.to_owned(),
        json,
        xml,
        url,
    ];
    views.sort_unstable();
    views.dedup();
    views
}

/// `\"`, `\n`, `\u002b`.
fn of_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(letter) = rest.chars().next() else {
            break;
        };
        let code = rest.get(1..5).filter(|_| letter == 'u');
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()) {
            Some(code) => {
                plain.extend(char::from_u32(code));
                rest = &rest[5..];
            }
            None => {
                match letter {
                    'n' | 'r' | 't' | 'b' | 'f' => plain.push(' '),
                    other => plain.push(other),
                }
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    plain + rest
}

fn of_xml(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&apos;", "'")
        .replace("&#10;", "\n")
        .replace("&#13;", "\r")
        .replace("&amp;", "&")
}

fn of_url(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
