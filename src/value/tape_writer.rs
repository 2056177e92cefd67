//! Reads a JSON text once and writes its index. The grammar is that of RFC 8259, its mistakes are
//! named as hifijson names them, which the tests hold it to.

use super::member_names::{
    DistinctNames, NameSpan, NameSums, compare_many, compare_with_few, name_sum,
};
use super::tape::{CONTAINER, CONTAINER_ENTRIES, JsonError, JsonTape};
use super::text_scan::{plain_len, skip_blanks};
use super::unescape::escape_len;
use hifijson::token::Expect;
use hifijson::{Error, num, str};

/// Deeper values are refused, so that no response can exhaust the stack.
const MAX_DEPTH: usize = 128;
/// The longest text whose offsets leave one bit of 32 free, in bytes.
const MAX_LEN: usize = (u32::MAX >> 1) as usize;

impl JsonTape {
    /// Reads a text without a byte order mark.
    ///
    /// # Errors
    /// When it is not UTF-8, not one JSON value, longer than 2 GiB, or nested deeper than 128 levels.
    pub(super) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        if text.len() > MAX_LEN {
            return Err(JsonError {
                reason: "it is longer than 2 GiB".to_owned(),
                offset: MAX_LEN,
            });
        }
        // Only who reads on needs to know where it is wrong.
        if simdutf8::basic::from_utf8(text).is_err() {
            std::str::from_utf8(text).map_err(|error| JsonError {
                reason: "it is not UTF-8".to_owned(),
                offset: error.valid_up_to(),
            })?;
        }
        let mut writer = TapeWriter {
            text,
            at: 0,
            tape: Self::default(),
            names: Vec::new(),
            distinct: DistinctNames::new(),
        };
        writer.read_document().map_err(|error| JsonError {
            reason: error.to_string(),
            offset: writer.at,
        })?;
        let mut tape = writer.tape;
        tape.distinct_names = writer.distinct.into_found();
        tape.entries.shrink_to_fit();
        tape.duplicates
            .sort_unstable_by_key(|name| (name.object, name.second));
        Ok(tape)
    }
}

struct TapeWriter<'t> {
    text: &'t [u8],
    /// What was read, in bytes. After a mistake: up to where it shows.
    at: usize,
    tape: JsonTape,
    /// The names of the objects that are being read, the innermost last.
    names: Vec<NameSpan>,
    distinct: DistinctNames,
}

impl TapeWriter<'_> {
    fn read_document(&mut self) -> Result<(), Error> {
        let first = self.peek().ok_or(Expect::Value)?;
        self.read_value(first, MAX_DEPTH)?;
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Expect::Eof.into()),
        }
    }

    /// Passes over white space, and looks at what follows.
    fn peek(&mut self) -> Option<u8> {
        self.at = skip_blanks(self.text, self.at);
        self.text.get(self.at).copied()
    }

    /// The value that begins with `first`, which was only looked at.
    fn read_value(&mut self, first: u8, depth: usize) -> Result<(), Error> {
        // Every level takes a frame of the stack, and the text comes from outside.
        let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
        match first {
            b'"' => self.read_string().map(drop),
            b'0'..=b'9' | b'-' => self.read_number(),
            b'a'..=b'z' => self.read_word(),
            b'[' => self.read_list(depth),
            b'{' => self.read_object(depth),
            _ => Err(Expect::Value.into()),
        }
    }

    fn read_word(&mut self) -> Result<(), Error> {
        let rest = &self.text[self.at..];
        let words = [&b"true"[..], b"null", b"false"];
        let word = words.iter().find(|word| rest.starts_with(word));
        self.at += word.map_or(1, |word| word.len());
        word.map(drop).ok_or(Expect::Value.into())
    }

    fn read_number(&mut self) -> Result<(), Error> {
        self.at += usize::from(self.text[self.at] == b'-');
        // RFC 8259, section 6: no zero in front of other digits, which are then no part of it.
        if self.text.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.read_digits()?;
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.read_digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.text.get(self.at), Some(b'+' | b'-')));
            self.read_digits()?;
        }
        Ok(())
    }

    fn read_digits(&mut self) -> Result<(), Error> {
        let first = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == first {
            return Err(num::Error::ExpectedDigit.into());
        }
        Ok(())
    }

    /// Passes over a text, and says whether it holds escapes.
    fn read_string(&mut self) -> Result<bool, Error> {
        self.at += 1;
        let mut has_escapes = false;
        loop {
            self.at += plain_len(&self.text[self.at..]);
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(has_escapes);
                }
                Some(b'\\') => {
                    has_escapes = true;
                    let read = escape_len(&self.text[self.at..]);
                    self.at += *read.as_ref().unwrap_or_else(|(_, len)| len);
                    read.map_err(|(error, _)| error)?;
                }
                // RFC 8259, section 7, allows no control characters in a text.
                Some(_) => {
                    self.at += 1;
                    return Err(str::Error::Control.into());
                }
                None => return Err(str::Error::Eof.into()),
            }
        }
    }

    fn read_list(&mut self, depth: usize) -> Result<(), Error> {
        self.at += 1;
        let mut next = self.peek().ok_or(Expect::ValueOrEnd)?;
        // `[]` is three bytes of a list, and its entries would be eight.
        if next == b']' {
            self.at += 1;
            return Ok(());
        }
        let entry = self.open_container();
        loop {
            self.read_value(next, depth)?;
            match self.read_comma(b']')? {
                Some(first) => next = first,
                None => break,
            }
        }
        self.close_container(entry);
        Ok(())
    }

    fn read_object(&mut self, depth: usize) -> Result<(), Error> {
        let object = self.offset();
        self.at += 1;
        let mut next = self.peek().ok_or(Expect::ValueOrEnd)?;
        if next == b'}' {
            self.at += 1;
            return Ok(());
        }
        let (first_name, first_record) = (self.names.len(), self.tape.duplicates.len());
        let entry = self.open_container();
        let mut sums = NameSums::default();
        loop {
            let may_be_known = self.read_name(next, &mut sums)?;
            if may_be_known && self.names.len() - first_name <= NameSums::FEW {
                let duplicate = compare_with_few(self.text, object, &self.names[first_name..]);
                self.tape.duplicates.extend(duplicate);
            }
            let first = self.peek().ok_or(Expect::Value)?;
            self.read_value(first, depth)?;
            match self.read_comma(b'}')? {
                Some(first) => next = first,
                None => break,
            }
        }
        if self.names.len() - first_name > NameSums::FEW {
            self.compare_many(object, first_name, first_record);
        }
        self.names.truncate(first_name);
        self.close_container(entry);
        Ok(())
    }

    /// Reads what stands behind an element or a member: a comma, and gives what the next one begins
    /// with; or the end, and gives `None`.
    fn read_comma(&mut self, end: u8) -> Result<Option<u8>, Error> {
        let next = self.peek().ok_or(Expect::CommaOrEnd)?;
        if next != end && next != b',' {
            return Err(Expect::CommaOrEnd.into());
        }
        self.at += 1;
        if next == end {
            return Ok(None);
        }
        Ok(Some(self.peek().ok_or(Expect::Value)?))
    }

    /// Reads a name and its colon, and says whether the name may be known already.
    fn read_name(&mut self, first: u8, sums: &mut NameSums) -> Result<bool, Error> {
        if first != b'"' {
            return Err(Expect::String.into());
        }
        let at = self.offset();
        let has_escapes = self.read_string()?;
        let name = NameSpan {
            at,
            len: self.offset() - at - 2,
        };
        let sum = name_sum(&self.text[name.range()]);
        self.tape.has_escaped_names |= has_escapes;
        self.tape.entries.push(at);
        self.names.push(name);
        self.distinct.add(self.text, name, sum);
        if self.peek() != Some(b':') {
            return Err(Expect::Colon.into());
        }
        self.at += 1;
        Ok(if has_escapes {
            sums.add_escaped()
        } else {
            sums.add(sum)
        })
    }

    /// The names of a wide object, the first of which were compared one by one, as those of an object
    /// with few are.
    fn compare_many(&mut self, object: u32, first_name: usize, first_record: usize) {
        let mut content = self.tape.duplicates.split_off(first_record);
        content.retain(|record| record.object != object);
        self.tape.duplicates.append(&mut content);
        let names = self.names.split_off(first_name);
        let found = compare_many(self.text, object, &names);
        self.tape.duplicates.extend(found);
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`parse` refuses texts whose offsets do not fit"
    )]
    fn offset(&self) -> u32 {
        self.at as u32
    }

    fn open_container(&mut self) -> usize {
        let entry = self.tape.entries.len();
        self.tape.entries.extend([CONTAINER; CONTAINER_ENTRIES]);
        entry
    }

    fn close_container(&mut self, entry: usize) {
        // An entry stands for at least one byte of the text, so their number fits as well.
        let next = u32::try_from(self.tape.entries.len()).unwrap_or(u32::MAX);
        self.tape.entries[entry] = self.offset() | CONTAINER;
        self.tape.entries[entry + 1] = next;
    }
}
