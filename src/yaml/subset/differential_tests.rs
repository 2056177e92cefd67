//! The subset's reader against the event parser: every YAML file of this repository, and pieces of
//! them that were changed at random, most of them by a little so that they stay near the subset.

use crate::span::FileId;
use crate::yaml::{has_same_reading, parse};
use std::fmt::Write as _;
use std::path::Path;

/// In the tests, so many texts are compared; with `INGAM_MEASURE`, two hundred times as many.
const COMPARED: usize = 50_000;

fn compared() -> usize {
    let factor = if option_env!("INGAM_MEASURE").is_some() {
        200
    } else {
        1
    };
    COMPARED * factor
}

/// The texts of all YAML files of this repository.
fn repository_texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in [
        "deploy", "docs", "editors", "fixtures", "requests", "src", "tests",
    ] {
        collect_texts(&root.join(folder), &mut texts);
    }
    texts.sort();
    texts
}

fn collect_texts(folder: &Path, texts: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let is_yaml = path
            .extension()
            .is_some_and(|ext| ext == "yaml" || ext == "yml");
        if path.is_dir() {
            collect_texts(&path, texts);
        } else if is_yaml && let Ok(text) = std::fs::read_to_string(&path) {
            texts.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn every_file_of_this_repository_is_read_as_the_event_parser_reads_it() {
    let texts = repository_texts();
    let mut quick = 0;
    let mut valid = 0;
    for (path, text) in &texts {
        let same = has_same_reading(text);
        assert_ne!(same, Some(false), "{path}");
        quick += usize::from(same.is_some());
        valid += usize::from(parse(FileId(0), text).is_ok());
    }
    println!("{quick} of {valid} valid files are in the subset");
    assert!(valid > 1_000, "{valid} files");
    // Otherwise this test proves little, and the subset is of little use.
    assert!(quick * 100 >= valid * 90, "{quick} of {valid} files");
}

#[test]
fn random_texts_near_the_subset_are_read_as_the_event_parser_reads_them() {
    let texts = repository_texts();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for _ in 0..compared() {
        let text = if random.below(3) == 0 {
            generated(&mut random)
        } else {
            let (_, text) = &texts[random.below(texts.len())];
            mutated(text, &mut random)
        };
        let same = has_same_reading(&text);
        assert_ne!(same, Some(false), "{text:?}");
        read += usize::from(same.is_some());
    }
    println!("{read} of {} random texts are in the subset", compared());
    assert!(read * 4 >= compared(), "{read} of {}", compared());
}

/// A generator whose numbers are the same on each machine (Marsaglia's xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap() % end.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// What YAML gives a meaning to, and what our reading of scalars does.
const PIECES: &[&str] = &[
    " ", "  ", "\n", "\n\n", "\n  ", "\n    ", ":", ": ", " :", "-", "- ", "-\n", "#", " #",
    "# a\n", ",", ", ", "[", "]", "{", "}", "[]", "{}", "[a, b]", "{ a: 1 }", "{a: b, }", "\"",
    "'", "''", "\\", "\\n", "\\\"", "\\x41", "\\\n", "\"a\"", "'b'", "\"c\": ", "|", ">", "|\n",
    "|-\n", ">\n", ">-\n", "|+\n", "|2\n", "&a ", "*a", "!t ", "<<: ", "<<", "?", "? ", "%", "@",
    "`", "~", "null", "true", "1.50", "-1", "-", "--- ", "---\n", "...\n", "...", "\t", "\r",
    "\r\n", "\u{0}", "\u{7f}", "\u{85}", "\u{a0}", "\u{2028}", "\u{3000}", "\u{feff}", "\u{ffff}",
    "\u{fffd}", "가", "é", "😀", "a", "a: ", "b: c\n", "- d\n", "$", "/", ".", "(", "=", "+",
];

/// Some lines of a text, changed at up to three places.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut lines = some_lines(text, random);
    for _ in 0..random.below(4) {
        mutate(&mut lines, random);
    }
    lines
}

/// At most a dozen lines, without the indentation of the first.
fn some_lines(text: &str, random: &mut Random) -> String {
    let lines = text.lines().collect::<Vec<_>>();
    let first = random.below(lines.len());
    let wanted = lines.iter().skip(first).take(1 + random.below(12));
    let indentation = wanted
        .clone()
        .next()
        .map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
    let mut out = String::new();
    for line in wanted {
        let line = line.get(indentation..).unwrap_or(line);
        writeln!(out, "{line}").unwrap();
    }
    out
}

fn mutate(text: &mut String, random: &mut Random) {
    let at = boundary(text, random.below(text.len() + 1));
    let end = boundary(text, (at + random.below(8)).min(text.len()));
    match random.below(8) {
        0..=2 => text.insert_str(at, random.pick(PIECES)),
        3 => text.replace_range(at..end, random.pick(PIECES)),
        4 => text.replace_range(at..end, ""),
        5 => {
            // Another indentation of one line.
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            text.insert_str(line, random.pick(&[" ", "  ", "    ", "- "]));
        }
        6 => {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let blanks = text[line..].len() - text[line..].trim_start_matches(' ').len();
            text.replace_range(line..line + random.below(blanks + 1), "");
        }
        _ => text.truncate(at),
    }
}

/// The boundary of a character at or before a byte.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap()
}

/// Lines that are made of keys, values and comments in any order.
fn generated(random: &mut Random) -> String {
    const STARTS: &[&str] = &["", "", "", "- ", "-   ", "- - ", "-", "\"k\": ", "# "];
    const KEYS: &[&str] = &[
        "a:", "b:", "c:", "a: ", "b: ", "c: ", "d: ", "'e': ", "\"f\": ", "g h:  ", "null: ",
        "1: ", "i :", "\"j\":", "",
    ];
    const VALUES: &[&str] = &[
        "",
        "",
        "x",
        "x y",
        "1.0",
        "-2",
        "null",
        "~",
        "true",
        "\"q\"",
        "'r'",
        "\"\"",
        "''",
        "'it''s'",
        "\"a\\\"b\"",
        "\"\\\\\"",
        "[]",
        "{}",
        "[a, \"b\", [c]]",
        "{ a: 1, 'b': { c: d } }",
        "{\"a\":1}",
        "[a,b]",
        "[ a , b ]",
        "{a: , b}",
        "[a: b]",
        "|",
        "|-",
        ">",
        ">-",
        "x: y",
        "http://a/b:1",
        "a#b",
        "a # b",
        "\"a\" # b",
        "[a] # b",
        "[a]#b",
        "-",
        "- x",
        "*a",
        "&a x",
        "!t x",
        "x  ",
        "\u{a0}",
        "x\u{3000}",
        "한국 어",
        ".5",
        "...",
        "---",
    ];
    let mut text = String::new();
    let mut indentation = 0;
    for _ in 0..=random.below(7) {
        indentation = match random.below(4) {
            0 => indentation,
            1 => indentation + 2,
            2 => random.below(7),
            _ => indentation.saturating_sub(2),
        };
        let (start, key, value) = (random.pick(STARTS), random.pick(KEYS), random.pick(VALUES));
        let end = random.pick(&["\n", "\n", "\n", "\n", "\n\n", "", " # c\n", "\n  # c\n"]);
        write!(text, "{}{start}{key}{value}{end}", " ".repeat(indentation)).unwrap();
    }
    text
}
