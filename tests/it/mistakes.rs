//! Wrong signatures that other programs made, and what the finder says about them. The cases are made
//! by Python and Node programs with their own cryptography; nothing of ingam signs them.

use super::program::root;
use bytes::Bytes;
use ingam::internals::load::{all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::mistake::{
    SignatureDiagnosis, SignatureVerdict, SuspectKind, SuspectRequest, diagnose,
};
use ingam::internals::model::scheme::Scheme;
use ingam::internals::sign::{NamedValues, ReceivedRequest, TestAccount};
use ingam::internals::value::{Value, parse};
use ingam::internals::wire::BaseUrl;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Schemes(Vec<Arc<Scheme>>);

impl Schemes {
    fn load() -> Self {
        let mut loaded = load(&root().join("tests/mistakes/workspace"), 1).unwrap();
        let schemes = all_schemes(&mut loaded);
        assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
        Self(schemes)
    }

    fn get(&self, name: &str) -> &Scheme {
        let found = self.0.iter().find(|scheme| scheme.name == name);
        found.unwrap_or_else(|| panic!("no scheme {name}"))
    }
}

struct Case {
    value: Value,
}

impl Case {
    fn text(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or("")
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.value.get(name).and_then(Value::as_list);
        let texts = list.unwrap_or_default().iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    }

    fn accounts(&self) -> Vec<TestAccount> {
        let mut all = vec![account("own", &self.value)];
        for other in self
            .value
            .get("others")
            .and_then(Value::as_list)
            .unwrap_or_default()
        {
            all.push(account(other.get("name").unwrap().as_str().unwrap(), other));
        }
        all
    }

    fn received(&self, scheme: &Scheme) -> ReceivedRequest {
        let request = self.value.get("request").unwrap();
        let url = request.get("url").and_then(Value::as_str).unwrap();
        let headers = request.get("headers").and_then(Value::as_list).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let body = match request.get("body_base64").and_then(Value::as_str) {
            Some(encoded) => {
                use base64::Engine as _;
                base64::prelude::BASE64_STANDARD.decode(encoded).unwrap()
            }
            None => request
                .get("body")
                .and_then(Value::as_str)
                .unwrap_or("")
                .into(),
        };
        received(
            scheme,
            request.get("method").and_then(Value::as_str).unwrap(),
            url,
            headers
                .iter()
                .map(|pair| {
                    let pair = pair.as_list().unwrap();
                    (text(&pair[0]).to_ascii_lowercase(), text(&pair[1]))
                })
                .collect(),
            body,
            !self.text("push").is_empty(),
        )
    }
}

fn account(name: &str, value: &Value) -> TestAccount {
    let mut credentials = NamedValues::default();
    for part in ["token", "credentials"] {
        for (name, value) in value
            .get(part)
            .and_then(Value::as_object)
            .unwrap_or_default()
        {
            credentials.set(name, value.clone());
        }
    }
    TestAccount {
        name: name.to_owned(),
        credentials,
    }
}

/// With the base path of the scheme's host, where the address has it.
fn received(
    scheme: &Scheme,
    method: &str,
    url: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    is_push: bool,
) -> ReceivedRequest {
    let (protocol, rest) = url.split_once("://").unwrap();
    let (authority, target) = match rest.find(['/', '?']) {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, "/"),
    };
    let origin = format!("{protocol}://{authority}");
    let mut paths: Vec<String> = scheme
        .hosts
        .iter()
        .filter_map(|host| BaseUrl::parse(&host.example_url()).ok())
        .map(|base| base.path().to_owned())
        .filter(|path| !is_push && target.starts_with(path.as_str()))
        .collect();
    paths.sort_by_key(String::len);
    let path = paths.pop().unwrap_or_default();
    ReceivedRequest {
        method: *Method::ALL
            .iter()
            .find(|known| known.name() == method)
            .unwrap(),
        target: target.to_owned(),
        headers,
        body: Bytes::from(body),
        base: BaseUrl::parse(&format!("{origin}{path}")).unwrap(),
    }
}

/// The trials end a search, so that a busy machine finds the same as an idle one.
const UNHURRIED: Duration = Duration::from_secs(600);

fn run(schemes: &Schemes, case: &Case) -> SignatureDiagnosis {
    run_within(schemes, case, UNHURRIED)
}

fn run_within(schemes: &Schemes, case: &Case, time_limit: Duration) -> SignatureDiagnosis {
    let scheme = schemes.get(case.text("scheme"));
    let accounts = case.accounts();
    let received = case.received(scheme);
    let webhook = scheme
        .webhooks
        .iter()
        .find(|webhook| webhook.name == case.text("push"));
    let kind = match (webhook, case.text("level")) {
        (Some(webhook), _) => SuspectKind::Push(webhook),
        (None, "") => SuspectKind::Call,
        (None, level) => SuspectKind::Level(level),
    };
    let others: Vec<&Scheme> = schemes.0.iter().map(AsRef::as_ref).collect();
    diagnose(&SuspectRequest {
        scheme,
        kind,
        received: &received,
        accounts: &accounts,
        other_schemes: &others,
        other_hosts: &[],
        other_paths: &case.texts("paths"),
        now_ms: milliseconds(case.text("now")),
        time_limit,
        server_text: None,
        own_text: None,
    })
}

fn milliseconds(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// The codes that a diagnosis claims, with every other name that it gives for each.
fn claims(diagnosis: &SignatureDiagnosis) -> Vec<Vec<String>> {
    let name = |code: ingam::internals::mistake::MistakeCode| code.name().to_owned();
    let mut claims: Vec<Vec<String>> = Vec::new();
    if let SignatureVerdict::Mistakes(mistakes) = &diagnosis.verdict {
        for mistake in mistakes {
            claims.push(
                [mistake.code]
                    .iter()
                    .chain(&mistake.or)
                    .copied()
                    .map(name)
                    .collect(),
            );
        }
    }
    for seen in &diagnosis.observations {
        let names: Vec<String> = [seen.code].into_iter().chain(seen.or).map(name).collect();
        if !claims.iter().any(|known| known.contains(&names[0])) {
            claims.push(names);
        }
    }
    claims
}

/// Every set of codes that a claim allows.
fn readings(claims: &[Vec<String>]) -> Vec<String> {
    let mut sets: Vec<Vec<String>> = vec![Vec::new()];
    for names in claims {
        sets = sets
            .into_iter()
            .flat_map(|set| {
                names
                    .iter()
                    .map(move |name| [set.clone(), vec![name.clone()]].concat())
            })
            .collect();
    }
    sets.into_iter()
        .map(|mut set| {
            set.sort();
            set.dedup();
            set.join("+")
        })
        .collect()
}

#[derive(Default)]
struct Tally {
    right: usize,
    missed: usize,
    wrong: usize,
}

struct Judged {
    is_right: bool,
    is_claim: bool,
    line: String,
}

fn judge(case: &Case, diagnosis: &SignatureDiagnosis) -> Judged {
    let claims = claims(diagnosis);
    let mut codes = case.texts("codes");
    codes.sort();
    let mut wanted = vec![codes.join("+")];
    wanted.extend(case.texts("also").into_iter().map(|text| {
        let mut codes: Vec<&str> = text.split('+').collect();
        codes.sort_unstable();
        codes.join("+")
    }));
    let got = readings(&claims);
    let equal = matches!(diagnosis.verdict, SignatureVerdict::Equal { .. });
    let is_right = match case.text("kind") {
        "right" => equal && claims.is_empty(),
        "none" => claims.is_empty() && !equal,
        _ if case.text("provable") == "no" => claims.is_empty(),
        _ => got.iter().any(|got| wanted.contains(got)),
    };
    let verdict = match &diagnosis.verdict {
        SignatureVerdict::Equal { .. } => "equal".to_owned(),
        SignatureVerdict::Different => "different".to_owned(),
        SignatureVerdict::Unknown(reason) => format!("unknown ({reason})"),
        SignatureVerdict::Mistakes(mistakes) => {
            let texts: Vec<&str> = mistakes
                .iter()
                .map(|mistake| mistake.text.as_str())
                .collect();
            texts.join("; ")
        }
    };
    let seen: Vec<&str> = diagnosis
        .observations
        .iter()
        .map(|seen| seen.text.as_str())
        .collect();
    Judged {
        is_right,
        is_claim: !claims.is_empty(),
        line: format!(
            "{} {} want {:?} got {:?}: {verdict}; seen: {}; tried {} [{}]",
            case.text("kind"),
            case.text("id"),
            wanted,
            claims,
            seen.join("; "),
            diagnosis.tried,
            case.text("variant"),
        ),
    }
}

/// What was found in some cases: tallies by kind, a line for each case that is not named rightly,
/// and the longest time.
type Measured = (BTreeMap<String, Tally>, Vec<String>, Duration);

/// How many cases are searched at once.
const WORKERS: usize = 4;

/// Runs cases, and counts what was found.
fn measure(schemes: &Schemes, cases: &[Case]) -> Measured {
    let (mut tallies, mut lines, mut longest) = Measured::default();
    std::thread::scope(|scope| {
        let parts = cases.chunks(cases.len().div_ceil(WORKERS));
        let workers: Vec<_> = parts
            .map(|part| scope.spawn(|| measure_part(schemes, part)))
            .collect();
        for worker in workers {
            let part = worker.join().unwrap();
            for (kind, tally) in part.0 {
                let whole = tallies.entry(kind).or_default();
                whole.right += tally.right;
                whole.missed += tally.missed;
                whole.wrong += tally.wrong;
            }
            lines.extend(part.1);
            longest = longest.max(part.2);
        }
    });
    (tallies, lines, longest)
}

fn measure_part(schemes: &Schemes, cases: &[Case]) -> Measured {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut lines, mut longest) = (Vec::new(), Duration::ZERO);
    for case in cases {
        let start = Instant::now();
        let diagnosis = run(schemes, case);
        longest = longest.max(start.elapsed());
        let judged = judge(case, &diagnosis);
        let tally = tallies.entry(case.text("kind").to_owned()).or_default();
        if judged.is_right {
            tally.right += 1;
            continue;
        }
        if judged.is_claim {
            tally.wrong += 1;
        } else {
            tally.missed += 1;
        }
        lines.push(format!("{} {:?}", judged.line, start.elapsed()));
    }
    (tallies, lines, longest)
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(root().join("tests/mistakes/cases.jsonl")).unwrap();
    let parsed = text.lines().map(|line| Case {
        value: parse(line.as_bytes()).unwrap(),
    });
    parsed.collect()
}

/// How many of the cases of a kind are named rightly at least, in percent: what was reached in the
/// sample. Of all cases it is 98.4, 100, 93.1, 100 and 98.2.
const LEAST_NAMED: [(&str, f64); 5] = [
    ("alone", 100.0),
    ("none", 100.0),
    ("pair", 96.0),
    ("right", 100.0),
    ("single", 100.0),
];
/// The same for all cases.
const LEAST_OF_ALL: [(&str, f64); 5] = [
    ("alone", 98.0),
    ("none", 100.0),
    ("pair", 93.0),
    ("right", 100.0),
    ("single", 98.0),
];

/// All cases when `INGAM_MEASURE` is set: two minutes in a debug build.
#[test]
fn mistakes_of_other_programs_are_found_and_named() {
    let (every, least) = match std::env::var_os("INGAM_MEASURE") {
        Some(_) => (1, LEAST_OF_ALL),
        // A prime, so that the cases of every scheme and kind are met.
        None => (11, LEAST_NAMED),
    };
    let chosen: Vec<Case> = cases().into_iter().step_by(every).collect();
    let schemes = Schemes::load();
    let (tallies, lines, longest) = measure(&schemes, &chosen);
    for line in &lines {
        println!("{line}");
    }
    for (kind, tally) in &tallies {
        println!(
            "{kind}: {} right, {} missed, {} wrong",
            tally.right, tally.missed, tally.wrong
        );
    }
    println!("longest {longest:?}");
    for (kind, least) in least {
        let tally = &tallies[kind];
        let count = tally.right + tally.missed + tally.wrong;
        #[expect(clippy::cast_precision_loss, reason = "counts of a thousand cases")]
        let share = 100.0 * tally.right as f64 / count as f64;
        assert!(share >= least, "{kind}: {} of {count} named", tally.right);
    }
}

/// A search that has no time claims nothing, and says why.
#[test]
fn a_search_ends_with_its_time() {
    let schemes = Schemes::load();
    let all = cases();
    let single = all.iter().find(|case| case.text("kind") == "single");
    let diagnosis = run_within(&schemes, single.unwrap(), Duration::ZERO);
    assert!(matches!(diagnosis.verdict, SignatureVerdict::Different));
    assert_eq!(
        diagnosis.left_out,
        ["rare mistakes: the search was stopped after 0 s"]
    );
}

/// The cases that were worked out by hand for the design; each is found with its code.
#[test]
fn worked_cases_are_found_with_their_codes() {
    let schemes = Schemes::load();
    let text = std::fs::read_to_string(root().join("tests/mistakes/worked.jsonl")).unwrap();
    let mut failed = Vec::new();
    for line in text.lines() {
        let case = Case {
            value: parse(line.as_bytes()).unwrap(),
        };
        let judged = judge(&case, &run(&schemes, &case));
        if !judged.is_right {
            failed.push(judged.line);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
