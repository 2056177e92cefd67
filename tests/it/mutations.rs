//! Files and responses that were changed at random: no panic, no signal, no hang, in little memory.
//! The work is done in a process of its own, which is watched: a stack that overflows ends it, and
//! its peak of memory is an upper bound for each single input.

use super::limits::{computed_time, observe};
use super::program::root;
use super::tokens::figure;
use bytes::Bytes;
use ingam::internals::check::{ResponseView, classify_response, judge};
use ingam::internals::load::{all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::model::recording::{RecordedOutcome, ResponseBody};
use ingam::internals::redact::Redactor;
use ingam::internals::render::{FreshValues, VariableScope, render_tree};
use ingam::internals::wire::WireResponse;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// In kB, for the whole process, in which this repository and its schemes are loaded, too.
const MAX_PEAK_KB: u64 = 64 << 10;
/// In the process that is measured; a debug build on a loaded machine takes ten times that.
const MAX_TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// Whole with `INGAM_MEASURE`, a fiftieth otherwise.
fn count(whole: usize) -> usize {
    if std::env::var_os("INGAM_MEASURE").is_some() {
        whole
    } else {
        whole / 50
    }
}

#[test]
fn a_hundred_thousand_mutated_files_end_with_a_diagnostic() {
    watch("mutations::load_mutated_files", 100_000);
}

#[test]
fn ten_thousand_mutated_responses_are_judged() {
    watch("mutations::judge_mutated_responses", 10_000);
}

/// Runs a worker below in a process of its own.
fn watch(worker: &str, whole: usize) {
    let number = count(whole);
    let observed = observe(
        Command::new(std::env::current_exe().unwrap())
            .args([worker, "--exact", "--ignored", "--nocapture"])
            .env("INGAM_MUTATIONS", number.to_string()),
    );
    let output = format!("{}{}", observed.stdout, observed.stderr);
    assert_eq!(observed.code, 0, "{worker}: {output}");
    assert!(output.contains("1 passed"), "{worker}: {output}");
    assert!(
        observed.peak_kb < MAX_PEAK_KB,
        "{worker} took {} kB: {output}",
        observed.peak_kb
    );
    figure(&format!(
        "{number} inputs of {worker}: no panic, signal or hang, at most {} MB, slowest {}",
        observed.peak_kb >> 10,
        output
            .lines()
            .find_map(|line| line.split_once("slowest "))
            .map_or("?", |(_, time)| time)
    ));
}

fn wanted() -> usize {
    std::env::var_os("INGAM_MUTATIONS").map_or(10, |text| text.to_string_lossy().parse().unwrap())
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

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Pieces of the languages that a file or response is written in.
const TOKENS: [&str; 46] = [
    "{{ ",
    " }}",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\"",
    "'",
    "|",
    ">",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "---\n",
    "null",
    "true",
    "1e400",
    "-0",
    "99999999999999999999",
    "$..*",
    "$[?@.a]",
    "[0:]",
    "['a']",
    "| join(',')",
    " * 1000000",
    "now()",
    "..",
    "/",
    "\\u0000",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}",
    "한",
    "\t",
    "\r",
    "\0",
    "%00",
    "scheme",
    "steps",
    "cases",
    "1.5.5",
];

fn mutate(seed: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(9) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                let times = 1 + random.below(20);
                bytes.splice(at..at, piece.repeat(times));
            }
            4 | 5 => drop(bytes.splice(at..at, random.pick(&TOKENS).bytes())),
            6 => drop(bytes.splice(at..end, random.pick(&TOKENS).bytes())),
            7 => {
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                // A token a thousand times: depth, width and length.
                let token = random.pick(&TOKENS).repeat(1 + random.below(2_000));
                bytes.splice(at..at, token.bytes());
            }
        }
    }
    bytes
}

/// Every YAML file of this repository, with the place in a workspace that its kind has.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                walk(&path, found);
            } else if path
                .extension()
                .is_some_and(|ending| ending == "yaml" || ending == "yml")
            {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["requests", "fixtures", "src/schemes", "tests/cases"] {
        walk(&root().join(folder), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .filter_map(|path| {
            let text = path.to_string_lossy();
            let place = if text.contains("/schemes/") {
                "schemes/own.yaml"
            } else if text.contains("/recordings/") {
                "fixtures/recordings/r.yaml"
            } else if text.contains("/fixtures/") {
                "fixtures/f.yaml"
            } else if text.contains("/requests/") {
                "requests/a.yaml"
            } else {
                "ingam.yaml"
            };
            Some((place, std::fs::read(&path).ok()?))
        })
        .collect()
}

/// Keeps an input that took too long, and says where.
fn keep(input: &[u8], took: Duration) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slow-input");
    std::fs::write(&path, input).unwrap();
    format!("{} took {took:?}", path.display())
}

#[test]
#[ignore = "a worker of the test above"]
fn load_mutated_files() {
    let seeds = seeds();
    assert!(seeds.len() > 500, "{} seeds", seeds.len());
    let folder = tempfile::tempdir().unwrap();
    for name in ["requests", "fixtures/recordings", "schemes"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut slowest = Duration::ZERO;
    for _ in 0..wanted() {
        let (place, seed) = &seeds[random.below(seeds.len())];
        let (_, other) = &seeds[random.below(seeds.len())];
        let path = folder.path().join(place);
        // A file that ends the process is left behind, and its path is in the output.
        let input = mutate(seed, other, &mut random);
        std::fs::write(&path, &input).unwrap();
        let begun = computed_time();
        let loaded = load(folder.path(), 1).unwrap();
        for diagnostic in &loaded.diagnostics {
            for label in &diagnostic.labels {
                assert!(!loaded.sources.location(label.span).is_empty());
            }
        }
        let took = computed_time().checked_sub(begun).unwrap();
        assert!(took < MAX_TIME, "{}", keep(&input, took));
        slowest = slowest.max(took);
        std::fs::remove_file(&path).unwrap();
    }
    println!("slowest {slowest:?}");
}

#[test]
#[ignore = "a worker of the test above"]
fn judge_mutated_responses() {
    let mut loaded = load(root(), 1).unwrap();
    let schemes = all_schemes(&mut loaded);
    let bodies: Vec<Vec<u8>> = loaded
        .workspace
        .recordings
        .iter()
        .flat_map(|recording| &recording.exchanges)
        .filter_map(|exchange| match &exchange.outcome {
            RecordedOutcome::Response(answer) => match &answer.body {
                ResponseBody::Json(value) => Some(value.to_json().into_bytes()),
                ResponseBody::Text(text) => Some(text.clone().into_bytes()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert!(bodies.len() > 50, "{} bodies", bodies.len());
    let scope = VariableScope::new(FreshValues {
        unix_ms: 1_795_338_000_000,
        seed: [7; 16],
    });
    let mut redactor = Redactor::default();
    redactor.add_secret("cred.key", "a-secret-of-a-user+/=");
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut slowest = Duration::ZERO;
    for _ in 0..wanted() {
        let seed = &bodies[random.below(bodies.len())];
        let other = &bodies[random.below(bodies.len())];
        let body = mutate(seed, other, &mut random);
        let status = u16::try_from(100 + random.below(500)).unwrap();
        let headers = vec![
            ("retry-after".to_owned(), random.pick(&TOKENS).to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let begun = computed_time();
        let body = Bytes::from(body);
        let response = WireResponse::new(status, headers, body, Duration::from_millis(1));
        let view = ResponseView::new(&response);
        for scheme in &schemes {
            let _ = classify_response(scheme, Method::Get, "/", &view);
        }
        for step in loaded
            .workspace
            .requests
            .iter()
            .flat_map(|request| &request.steps)
        {
            let _ = judge(&step.assertions, &view, &|template| {
                render_tree(template, &scope)
            });
        }
        let _ = redactor.redact(&String::from_utf8_lossy(response.body()));
        let took = computed_time().checked_sub(begun).unwrap();
        assert!(took < MAX_TIME, "{}", keep(response.body(), took));
        slowest = slowest.max(took);
    }
    println!("slowest {slowest:?}");
}
