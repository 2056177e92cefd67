//! Canaries: three credentials and two secrets of responses, each in every encoding, sent back by a
//! marketplace in every place of a response, and looked for in everything that the program leaves.
//! The search knows nothing of `src/redact`: it knows each spelling as it was sent.
//!
//! `INGAM_MEASURE=1` sends every canary in every encoding and every place, otherwise every encoding
//! is sent once. Core dumps are those of `core_dumps.rs`; there are none.

mod search;
mod server;
mod spellings;

use super::program::{Folder, ingam, text};
use super::secrets::walk;
use search::{Search, marks_in};
use server::Marketplace;
use spellings::{GROUP, Spelling, all_spellings, sampled_spellings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A secret to look for.
pub(crate) struct Canary {
    name: &'static str,
    value: &'static str,
    /// Given by the user; otherwise a response hands it out.
    is_credential: bool,
}

pub(crate) const CANARIES: [Canary; 5] = [
    Canary {
        name: "key_text",
        value: "ca+na/ry=&%\"<\\한9SECRETxyz",
        is_credential: true,
    },
    Canary {
        name: "key_hex",
        value: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        is_credential: true,
    },
    Canary {
        name: "key_base64",
        value: "kQ7+Zt/9xLm3pVbRwYd2Hs8uJc5Nf0Ag1e==",
        is_credential: true,
    },
    // Found by the name of its member.
    Canary {
        name: "access_token",
        value: "Atza|tok+en/of=a~response.7Kq",
        is_credential: false,
    },
    // Found because the file says `secret: true`.
    Canary {
        name: "pickup",
        value: "pick-UP.code/2_Bv9#xTq8wLz",
        is_credential: false,
    },
];

const FORMATS: [&str; 7] = ["junit", "json", "ndjson", "ctrf", "tap", "github", "html"];

const SCHEME: &str = "scheme: mine
credentials: { key_text: { secret: true }, key_hex: { secret: true }, key_base64: { secret: true } }
hosts: { live: \"https://api.mine.example\" }
attach: { headers: { x-text: \"{{ cred.key_text | b64 }}\", x-hex: \"{{ cred.key_hex }}\", x-base64: \"{{ cred.key_base64 }}\" } }
";

const SESSION: &str = "scope: run
scheme: mine
steps:
  - name: login
    post: /login
    capture: { token: $.access_token, pickup: { from: $.restricted, secret: true } }
values: { token: \"{{ token }}\", pickup: \"{{ pickup }}\" }
";

/// What a response sends back goes into the call that takes the thing back, so into the ledger.
const THING: &str = "scheme: mine
needs: session
steps:
  - name: make
    post: /thing
    capture: { id: $.id, leak: $.leak }
    undo: { delete: \"/thing/{{ id }}\", query: { leak: \"{{ leak }}\" } }
values: { leak: \"{{ leak }}\" }
";

const CALL: &str = "get: \"/echo/{{ n }}/{{ shape }}\"
headers: { authorization: \"Bearer {{ session.token }}\", x-pickup: \"{{ session.pickup }}\" }
";

const WRONG: &str = "query: { back: \"{{ thing.leak }}\" }
assert:
  $.spelling: \"mark0m other kram\"
  $: { equals: {} }
  header.x-echo: other
  header.location: { matches: nowhere }
  body: { contains: nowhere, length: 1 }
capture: { a: $.nothing.here }
";

struct World {
    folder: Folder,
    marketplace: Marketplace,
    spellings: Vec<Spelling>,
    outlets: BTreeMap<String, String>,
}

impl World {
    fn new(spellings: Vec<Spelling>, shapes: &[&str]) -> Self {
        let marketplace = Marketplace::start(&spellings);
        let folder = Folder::new();
        folder.write(
            "ingam.yaml",
            &format!(
                "default_env: local\nenvs: {{ local: {{ hosts: {{ mine: \"{}\" }} }} }}\n",
                marketplace.origin
            ),
        );
        folder.write("schemes/mine.yaml", SCHEME);
        folder.write("fixtures/session.yaml", SESSION);
        folder.write("fixtures/thing.yaml", THING);
        let mut cases = "cases:\n".to_owned();
        for n in 0..spellings.len().div_ceil(GROUP) {
            let shapes = match shapes {
                [] => vec![server::SHAPES[n % server::SHAPES.len()]],
                all => all.to_vec(),
            };
            for shape in shapes {
                cases += &format!("  c{n}_{shape}: {{ n: {n}, shape: {shape} }}\n");
            }
        }
        let head = format!("scheme: mine\nneeds: [session, thing]\n{cases}");
        folder.write("requests/wrong.yaml", &format!("{head}{CALL}{WRONG}"));
        folder.write(
            "requests/template.yaml",
            &format!("{head}{CALL}query: {{ n: \"{{{{ thing.leak | int }}}}\" }}\n"),
        );
        let head = head.replace(", thing", "");
        folder.write(
            "requests/right.yaml",
            &format!("{head}{CALL}snapshot: true\n"),
        );
        folder.write(
            "requests/large.yaml",
            "scheme: mine\nneeds: session\nget: /large\nsnapshot: true\n",
        );
        let written: Vec<String> = spellings
            .iter()
            .enumerate()
            .filter(|(_, spelling)| CANARIES[spelling.canary].is_credential)
            .map(|(n, spelling)| serde_json::to_string(&spelling.marked(n)).unwrap())
            .collect();
        folder.write(
            "requests/written.yaml",
            &format!(
                "scheme: mine\npost: /written\njson: [{}]\n",
                written.join(", ")
            ),
        );
        Self {
            folder,
            marketplace,
            spellings,
            outlets: BTreeMap::new(),
        }
    }

    /// What it says on both ways, as two outlets.
    fn run(&mut self, outlet: &str, args: &[&str], env: &[(&str, &str)]) -> i32 {
        let mut command = ingam(self.folder.path());
        for canary in CANARIES.iter().filter(|canary| canary.is_credential) {
            command.env(
                format!("INGAM_MINE__{}", canary.name.to_uppercase()),
                canary.value,
            );
        }
        let output = command.args(args).envs(env.iter().copied()).output();
        let (stdout, stderr, code) = text(&output.unwrap());
        self.outlets.insert(format!("{outlet} (stdout)"), stdout);
        self.outlets.insert(format!("{outlet} (stderr)"), stderr);
        code
    }

    fn collect(&mut self, outlet: &str, files: impl IntoIterator<Item = PathBuf>) {
        let bytes = files.into_iter().map(|file| std::fs::read(file).unwrap());
        let text: String = bytes
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned() + "\n")
            .collect();
        assert!(!text.is_empty(), "{outlet}: there is no file");
        self.outlets.insert(outlet.to_owned(), text);
    }

    fn files(&self, below: &str, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
        let files = walk(&self.folder.path().join(below));
        files.into_iter().filter(|file| is_wanted(file)).collect()
    }

    fn run_everything(&mut self) {
        self.run("trust", &["trust", "--yes"], &[]);
        let reports = FORMATS.map(|format| format!("--report={format}=out/{format}"));
        let mut args = vec!["run", "wrong", "template", "-v", "--keep"];
        args.extend(reports.iter().map(String::as_str));
        self.run("run -v", &args, &[]);
        for format in FORMATS {
            let file = self.folder.path().join("out").join(format);
            self.collect(&format!("report {format}"), [file]);
        }
        let home = ingam(self.folder.path());
        let home = home.get_envs().find(|(name, _)| *name == "HOME").unwrap();
        let home = PathBuf::from(home.1.unwrap());
        self.collect("ledger and other state", walk(&home));
        self.run("cleanup --list", &["cleanup", "--list"], &[]);
        let summary = self.folder.path().join("out/summary.md");
        let actions = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()),
        ];
        self.run("run", &["run", "wrong", "template"], &actions);
        self.collect("summary of a step", [summary]);
        self.run("run --record", &["run", "right", "large", "--record"], &[]);
        self.collect("recordings", self.files("fixtures/recordings", is_yaml));
        self.collect(
            "side files",
            self.files("fixtures/recordings/bodies", |_| true),
        );
        self.collect(".snap.new", self.files("requests", is_pending));
        self.run("snapshot accept", &["snapshot", "accept"], &[]);
        self.collect(".snap", self.files("requests", is_snapshot));
        self.marketplace.shift();
        self.run("run of changed snapshots", &["run", "right"], &[]);
        self.collect(".snap.new of a change", self.files("requests", is_pending));
        self.run("run --replay -v", &["run", "right", "--replay", "-v"], &[]);
        self.run("explain", &["explain", "written"], &[]);
        self.run("cleanup", &["cleanup"], &[]);
    }

    /// Prints what was looked through. What stands somewhere that should stand nowhere.
    fn leaks(&self) -> Vec<String> {
        let search = Search::new(&self.spellings);
        let mut leaks = Vec::new();
        let mut all = 0;
        for (outlet, text) in &self.outlets {
            let marks = marks_in(text, self.spellings.len());
            all += marks;
            println!("{outlet}: {marks} canaries in {} bytes", text.len());
            leaks.extend(search.find(text).into_iter().map(|n| {
                let Spelling {
                    canary, encoding, ..
                } = &self.spellings[n];
                format!("{}, {encoding}: in {outlet}", CANARIES[*canary].name)
            }));
        }
        println!(
            "{all} combinations of canary, encoding and outlet; {} found",
            leaks.len()
        );
        leaks
    }
}

fn is_yaml(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "yaml")
}

fn is_pending(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "new")
}

fn is_snapshot(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "snap")
}

#[test]
fn no_canary_is_found_in_any_encoding_in_anything_that_is_left() {
    let is_whole = std::env::var_os("INGAM_MEASURE").is_some();
    let mut world = if is_whole {
        World::new(all_spellings(), &server::SHAPES)
    } else {
        World::new(sampled_spellings(), &[])
    };
    world.run_everything();
    let leaks = world.leaks();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn the_search_finds_every_spelling_as_every_report_writes_it() {
    let spellings = all_spellings();
    let search = Search::new(&spellings);
    for (n, spelling) in spellings.iter().enumerate() {
        let text = spelling.marked(n);
        let json = serde_json::to_string(&text).unwrap();
        let html = server::html(&text);
        for written in [text.clone(), json.clone(), server::html(&json), html] {
            let found = search.find(&written);
            let is_of_canary = |n: &usize| spellings[*n].canary == spelling.canary;
            assert!(
                found.iter().any(is_of_canary),
                "{}: {written}",
                spelling.encoding
            );
        }
    }
}

/// The sample above sends each encoding of one canary; here every one of each is redacted alone.
#[test]
fn every_spelling_of_every_canary_is_redacted() {
    let mut redactor = ingam::internals::redact::Redactor::default();
    for canary in &CANARIES {
        redactor.add_secret(canary.name, canary.value);
    }
    let spellings = all_spellings();
    let search = Search::new(&spellings);
    for (n, spelling) in spellings.iter().enumerate() {
        let shown = redactor.redact(&spelling.marked(n));
        assert!(
            search.find(&shown).is_empty(),
            "{}, {}: {shown}",
            CANARIES[spelling.canary].name,
            spelling.encoding
        );
    }
}
