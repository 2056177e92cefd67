//! What one call of each room costs: load, render, sign, check. `cargo bench --bench rooms`.

use bytes::Bytes;
use divan::{Bencher, black_box};
use ingam::check::{ResponseView, judge};
use ingam::load::{LoadedWorkspace, load};
use ingam::model::recording::{AnswerBody, Outcome, RecordedAnswer};
use ingam::model::request::{Step, WorkspaceFile};
use ingam::render::{BodyFiles, Layer, Moment, Variables, draft, tree};
use ingam::sign::{NamedValues, SigningInputs, choose_level, seal};
use ingam::wire::{BaseUrl, WireResponse};
use std::path::Path;
use std::time::Duration;

fn main() {
    divan::main();
}

struct NoFiles;

impl BodyFiles for NoFiles {
    fn read(&self, _: &WorkspaceFile) -> Result<Bytes, String> {
        Err("no file".to_owned())
    }
}

const MOMENT: Moment = Moment { unix_ms: 1_795_338_000_000, seed: [7; 16] };

/// This repository's own workspace.
fn loaded() -> LoadedWorkspace {
    load(Path::new(env!("CARGO_MANIFEST_DIR")), 1).unwrap()
}

fn step(loaded: &LoadedWorkspace) -> (&Step, Variables) {
    let request = loaded.workspace.requests.iter().find(|request| request.name == "coupang/product_search").unwrap();
    let mut variables = Variables::new(MOMENT);
    variables.define(&loaded.workspace.vars, Layer::Workspace).unwrap();
    variables.define(&request.vars, Layer::File).unwrap();
    (&request.steps[0], variables)
}

#[divan::bench]
fn load_this_repository(bencher: Bencher) {
    bencher.bench(loaded);
}

#[divan::bench]
fn render_one_request(bencher: Bencher) {
    let loaded = loaded();
    let (step, variables) = step(&loaded);
    bencher.bench(|| draft(black_box(step), &variables, MOMENT, &NoFiles).unwrap());
}

#[divan::bench]
fn sign_one_request(bencher: Bencher) {
    let loaded = loaded();
    let (step, variables) = step(&loaded);
    let scheme = loaded.workspace.scheme("coupang").unwrap();
    let credentials = ["access_key", "secret_key", "vendor_id"].map(|name| (name.into(), "bench-value".into()));
    let credentials = NamedValues(credentials.into());
    let base = BaseUrl::parse("https://api-gateway.coupang.com").unwrap();
    let draft = draft(step, &variables, MOMENT, &NoFiles).unwrap();
    let level = choose_level(scheme, None, draft.method, &draft.path);
    bencher.with_inputs(|| draft.clone()).bench_values(|draft| {
        let inputs = SigningInputs { credentials: &credentials, token: None, moment: MOMENT, steps: &[], extra: &[] };
        seal(scheme, &level.procedure, draft, &base, inputs).unwrap()
    });
}

#[divan::bench]
fn check_one_answer(bencher: Bencher) {
    let loaded = loaded();
    let (step, variables) = step(&loaded);
    let recording = loaded.workspace.recordings.iter().find(|recording| recording.name == "coupang/product_search").unwrap();
    let Outcome::Answer(RecordedAnswer { body: AnswerBody::Json(json), .. }) = &recording.exchanges[0].outcome else {
        unreachable!()
    };
    let headers = vec![("content-type".to_owned(), "application/json;charset=UTF-8".to_owned())];
    let response = WireResponse::new(200, headers, json.to_json().into(), Duration::from_millis(1));
    // A fresh one each time: an answer remembers what was read of it.
    bencher.with_inputs(|| response.clone()).bench_values(|response| {
        judge(&step.assertions, &ResponseView::new(&response), &|written| tree(written, &variables)).unwrap()
    });
}
