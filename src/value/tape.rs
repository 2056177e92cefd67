//! JSON text that was read once: an index of its objects and lists beside the text itself. Texts,
//! numbers and words are not copied; they are read where they stand when somebody asks for them.
//! The lexer is hifijson's.
//!
//! A response of 20 MB of small numbers took 336 MB as a tree of values and takes 20 MB here: a
//! list of single values has one entry however long it is.

use hifijson::num::LexWrite as _;
use hifijson::str::LexAlloc as _;
use hifijson::token::{Expect, Lex as _};
use hifijson::{Error, SliceLexer};
use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::str::Utf8Error;

/// Deeper values are refused, so that no response can exhaust the stack.
const MAX_DEPTH: usize = 128;
/// The longest text whose offsets leave one bit of 32 free, in bytes.
const MAX_LEN: usize = (u32::MAX >> 1) as usize;
/// In an entry: it begins an object or list. An entry without it is the offset of a member's name.
pub(super) const CONTAINER: u32 = 1 << 31;
/// How many entries an object or list has for itself: where its text ends, and the entry after its
/// last one.
pub(super) const CONTAINER_ENTRIES: usize = 2;

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON: {reason} at byte {offset}")]
pub struct JsonError {
    pub reason: String,
    pub offset: usize,
}

/// A name that stands more than once in one object: where the object and the first two of these
/// members begin, as bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DuplicateName {
    pub(super) object: u32,
    pub(super) first: u32,
    pub(super) second: u32,
}

/// The index of a text. It is only to be used with that text.
///
/// An object or list that is not empty has two entries, and those of its content follow. In an
/// object each name has one. Everything else has none.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonTape {
    pub(super) entries: Vec<u32>,
    /// In the order of their objects.
    pub(super) duplicates: Vec<DuplicateName>,
    /// Whether a name is written with an escape, so that names cannot be compared by their bytes.
    pub(super) has_escaped_names: bool,
}

/// RFC 8259, section 8.1, forbids to send a byte order mark and allows to ignore one. Some servers
/// send it all the same.
pub(super) fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

impl JsonTape {
    /// Reads a text without a byte order mark.
    pub(super) fn parse(text: &[u8]) -> Result<Self, JsonError> {
        if text.len() > MAX_LEN {
            return Err(JsonError {
                reason: "it is longer than 2 GiB".to_owned(),
                offset: MAX_LEN,
            });
        }
        let not_utf8 = |error: Utf8Error| JsonError {
            reason: "it is not UTF-8".to_owned(),
            offset: error.valid_up_to(),
        };
        std::str::from_utf8(text).map_err(not_utf8)?;
        let mut writer = TapeWriter {
            text,
            tape: Self::default(),
            names: Vec::new(),
        };
        let mut lexer = SliceLexer::new(text);
        lexer
            .exactly_one(Lexer::ws_peek, |next, lexer| {
                writer.read_value(MAX_DEPTH, next, lexer)
            })
            .map_err(|error| JsonError {
                reason: error.to_string(),
                offset: text.len() - lexer.as_slice().len(),
            })?;
        let mut tape = writer.tape;
        tape.entries.shrink_to_fit();
        tape.duplicates
            .sort_unstable_by_key(|name| (name.object, name.second));
        Ok(tape)
    }
}

type Lexer<'t> = SliceLexer<'t>;

/// Where a name stands: its offset with the quote, and its length without the quotes.
#[derive(Clone, Copy)]
struct NameSpan {
    at: u32,
    len: u32,
}

struct TapeWriter<'t> {
    text: &'t [u8],
    tape: JsonTape,
    /// The names of the objects that are being read, the innermost last.
    names: Vec<NameSpan>,
}

impl<'t> TapeWriter<'t> {
    /// The value that begins with `next`, which the lexer has only looked at.
    fn read_value(&mut self, depth: usize, next: u8, lexer: &mut Lexer<'t>) -> Result<(), Error> {
        // Every level takes a frame of the stack, and the text comes from outside.
        let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
        match next {
            b'a'..=b'z' => {
                lexer.null_or_bool().ok_or(Expect::Value)?;
            }
            b'0'..=b'9' | b'-' => {
                lexer.num_string().validated()?;
            }
            b'"' => {
                read_string(lexer.discarded())?;
            }
            b'[' => self.read_list(depth, lexer)?,
            b'{' => self.read_object(depth, lexer)?,
            _ => Err(Expect::Value)?,
        }
        Ok(())
    }

    fn read_list(&mut self, depth: usize, lexer: &mut Lexer<'t>) -> Result<(), Error> {
        let entry = self.open_container();
        let mut is_empty = true;
        lexer.discarded().seq(b']', Lexer::ws_peek, |next, lexer| {
            is_empty = false;
            self.read_value(depth, next, lexer)
        })?;
        self.close_container(entry, is_empty, lexer);
        Ok(())
    }

    fn read_object(&mut self, depth: usize, lexer: &mut Lexer<'t>) -> Result<(), Error> {
        let object = self.offset(lexer);
        let (first_name, first_record) = (self.names.len(), self.tape.duplicates.len());
        let entry = self.open_container();
        let mut sums = NameSums::default();
        lexer.discarded().seq(b'}', Lexer::ws_peek, |next, lexer| {
            let name = self.read_name(next, lexer)?;
            let may_be_known = sums.add(&self.text[name.range()]);
            self.names.push(name);
            self.tape.entries.push(name.at);
            if may_be_known && self.names.len() - first_name <= NameSums::FEW {
                self.compare_with_few(object, first_name);
            }
            lexer.expect(Lexer::ws_peek, b':').ok_or(Expect::Colon)?;
            let next = lexer.ws_peek().ok_or(Expect::Value)?;
            self.read_value(depth, next, lexer)
        })?;
        let is_empty = self.names.len() == first_name;
        if self.names.len() - first_name > NameSums::FEW {
            self.compare_many(object, first_name, first_record);
        }
        self.names.truncate(first_name);
        self.close_container(entry, is_empty, lexer);
        Ok(())
    }

    fn read_name(&mut self, next: u8, lexer: &mut Lexer<'t>) -> Result<NameSpan, Error> {
        let at = self.offset(lexer);
        lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
        self.tape.has_escaped_names |= read_string(lexer)?;
        let len = self.offset(lexer) - at - 2;
        Ok(NameSpan { at, len })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`parse` refuses texts whose offsets do not fit"
    )]
    fn offset(&self, lexer: &Lexer<'t>) -> u32 {
        (self.text.len() - lexer.as_slice().len()) as u32
    }

    fn open_container(&mut self) -> usize {
        let entry = self.tape.entries.len();
        self.tape.entries.extend([CONTAINER; CONTAINER_ENTRIES]);
        entry
    }

    fn close_container(&mut self, entry: usize, is_empty: bool, lexer: &Lexer<'t>) {
        if is_empty {
            // `[]` is three bytes of a list, and its entries would be eight.
            self.tape.entries.truncate(entry);
            return;
        }
        let ends = self.offset(lexer);
        // An entry stands for at least one byte of the text, so their number fits as well.
        let next = u32::try_from(self.tape.entries.len()).unwrap_or(u32::MAX);
        self.tape.entries[entry] = ends | CONTAINER;
        self.tape.entries[entry + 1] = next;
    }

    fn name(&self, name: NameSpan) -> Cow<'t, [u8]> {
        let raw = &self.text[name.range()];
        if self.tape.has_escaped_names && raw.contains(&b'\\') {
            return Cow::Owned(unescape(&self.text[name.at as usize + 1..]).into_bytes());
        }
        Cow::Borrowed(raw)
    }

    /// Whether the last name was there once before; what is there more often is known already.
    fn compare_with_few(&mut self, object: u32, first_name: usize) {
        let Some((last, before)) = self.names[first_name..].split_last() else {
            return;
        };
        let name = self.name(*last);
        let mut equal = before.iter().filter(|other| self.name(**other) == name);
        if let (Some(first), None) = (equal.next(), equal.next()) {
            let (first, second) = (first.at, last.at);
            self.tape.duplicates.push(DuplicateName {
                object,
                first,
                second,
            });
        }
    }

    /// All names of a wide object. Their sums are sorted first: a set of them, or of the texts,
    /// would take more memory than five times the object itself.
    fn compare_many(&mut self, object: u32, first_name: usize, first_record: usize) {
        // The first names were compared one by one, as those of an object with few are.
        let mut content = self.tape.duplicates.split_off(first_record);
        content.retain(|record| record.object != object);
        self.tape.duplicates.append(&mut content);

        let hasher = RandomState::new();
        let names = self.names.split_off(first_name);
        let mut sums: Vec<u64> = names
            .iter()
            .map(|name| hasher.hash_one(self.name(*name)))
            .collect();
        sums.sort_unstable();
        let repeated: HashSet<u64> = sums
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0])
            .collect();
        drop(sums);
        if !repeated.is_empty() {
            self.compare_repeated(object, &names, |name| {
                repeated.contains(&hasher.hash_one(name))
            });
        }
    }

    /// The names whose sum stands more than once, by their text.
    fn compare_repeated(
        &mut self,
        object: u32,
        names: &[NameSpan],
        may_be_repeated: impl Fn(&Cow<'t, [u8]>) -> bool,
    ) {
        let mut seen: HashMap<Cow<'t, [u8]>, (u32, usize)> = HashMap::new();
        for name in names {
            let text = self.name(*name);
            if !may_be_repeated(&text) {
                continue;
            }
            let (first, times) = seen.entry(text).or_insert((name.at, 0));
            *times += 1;
            if *times == 2 {
                self.tape.duplicates.push(DuplicateName {
                    object,
                    first: *first,
                    second: name.at,
                });
            }
        }
    }
}

impl NameSpan {
    fn range(self) -> std::ops::Range<usize> {
        let start = self.at as usize + 1;
        start..start + self.len as usize
    }
}

/// Names of another sum are other names, so that most are compared with none.
#[derive(Default)]
struct NameSums(u64);

impl NameSums {
    /// With more names nearly every sum is taken.
    const FEW: usize = 32;

    /// Adds a name, and says whether it may be there already.
    fn add(&mut self, name: &[u8]) -> bool {
        if name.contains(&b'\\') {
            // The same name can be written in several ways.
            self.0 = u64::MAX;
        }
        let sum = name.iter().fold(0_u32, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u32::from(*byte))
        });
        // A clear bit proves that no earlier name is equal. A set bit proves nothing, because
        // different names can share it.
        let bit = 1 << (sum % 64);
        let may_be_known = self.0 & bit != 0;
        self.0 |= bit;
        may_be_known
    }
}

/// Passes over the text after a quote, and says whether it holds escapes.
fn read_string(lexer: &mut SliceLexer<'_>) -> Result<bool, Error> {
    let rest = lexer.as_slice();
    if let Some(len) = unescaped_len(rest) {
        *lexer = SliceLexer::new(&rest[len + 1..]);
        return Ok(false);
    }
    // Decoded to learn whether every escape is one; nobody needs the text now.
    lexer.str_string()?;
    Ok(true)
}

/// How long a text is that ends in a quote, with nothing before it that is escaped or should be.
pub(super) fn unescaped_len(rest: &[u8]) -> Option<usize> {
    let len = memchr::memchr2(b'"', b'\\', rest)?;
    // RFC 8259, section 7, allows no control characters in a text. One that has some is left to the
    // lexer, which refuses it with its place.
    let is_plain = rest[len] == b'"' && rest[..len].iter().all(|byte| *byte >= b' ');
    is_plain.then_some(len)
}

/// The text after a quote, up to the next one. It was read before, so nothing in it is wrong.
#[expect(
    clippy::expect_used,
    reason = "the text was read to its end when it was indexed, and every escape with it"
)]
pub(super) fn unescape(rest: &[u8]) -> String {
    let text = SliceLexer::new(rest).str_string();
    text.expect("a text that was read before").into_owned()
}
