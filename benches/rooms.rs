//! What one call of each room costs: load, render, sign, check. `cargo bench --bench rooms`.

#![allow(
    clippy::pedantic,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a benchmark may fail where it stands, and prints its figures"
)]

use bytes::Bytes;
use divan::{Bencher, black_box};
use ingam::internals::check::{ResponseView, judge};
use ingam::internals::load::{LoadedWorkspace, load};
use ingam::internals::model::recording::{RecordedOutcome, RecordedResponse, ResponseBody};
use ingam::internals::model::request::{Step, WorkspaceFile, WorkspaceFileError};
use ingam::internals::redact::Redactor;
use ingam::internals::render::{
    BodyFiles, FreshValues, VariableLayer, VariableScope, render_draft, render_tree,
};
use ingam::internals::sign::{NamedValues, SigningInputs, choose_level, seal};
use ingam::internals::value::parse;
use ingam::internals::wire::{BaseUrl, WireResponse};
use std::path::Path;
use std::time::Duration;

fn main() {
    divan::main();
}

struct NoFiles;

impl BodyFiles for NoFiles {
    fn read(&self, file: &WorkspaceFile) -> Result<Bytes, WorkspaceFileError> {
        Err(WorkspaceFileError::NotFound(file.path.clone()))
    }
}

const MOMENT: FreshValues = FreshValues {
    unix_ms: 1_795_338_000_000,
    seed: [7; 16],
};

/// This repository's own workspace.
fn loaded() -> LoadedWorkspace {
    load(Path::new(env!("CARGO_MANIFEST_DIR")), 1).unwrap()
}

fn step(loaded: &LoadedWorkspace) -> (&Step, VariableScope) {
    let request = loaded
        .workspace
        .requests
        .iter()
        .find(|request| request.name == "coupang/product_search")
        .unwrap();
    let mut variables = VariableScope::new(MOMENT);
    variables
        .define(&loaded.workspace.vars, VariableLayer::Workspace)
        .unwrap();
    variables
        .define(&request.vars, VariableLayer::File)
        .unwrap();
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
    bencher.bench(|| render_draft(black_box(step), &variables, MOMENT, &NoFiles).unwrap());
}

#[divan::bench]
fn sign_one_request(bencher: Bencher) {
    let loaded = loaded();
    let (step, variables) = step(&loaded);
    let scheme = loaded.workspace.scheme("coupang").unwrap();
    let credentials =
        ["access_key", "secret_key", "vendor_id"].map(|name| (name.into(), "bench-value".into()));
    let credentials = NamedValues::from_iter(credentials);
    let base = BaseUrl::parse("https://api-gateway.coupang.com").unwrap();
    let draft = render_draft(step, &variables, MOMENT, &NoFiles).unwrap();
    let level = choose_level(scheme, None, draft.method, &draft.path);
    bencher.with_inputs(|| draft.clone()).bench_values(|draft| {
        let inputs = SigningInputs {
            credentials: &credentials,
            token: None,
            moment: MOMENT,
            steps: &[],
            extra: &[],
        };
        seal(scheme, &level.procedure, draft, &base, inputs).unwrap()
    });
}

#[divan::bench]
fn check_one_answer(bencher: Bencher) {
    let loaded = loaded();
    let (step, variables) = step(&loaded);
    let recording = loaded
        .workspace
        .recordings
        .iter()
        .find(|recording| recording.name == "coupang/product_search")
        .unwrap();
    let RecordedOutcome::Response(RecordedResponse {
        body: ResponseBody::Json(json),
        ..
    }) = &recording.exchanges[0].outcome
    else {
        unreachable!()
    };
    let headers = vec![(
        "content-type".to_owned(),
        "application/json;charset=UTF-8".to_owned(),
    )];
    let response = WireResponse::new(
        200,
        headers,
        json.to_json().into(),
        Duration::from_millis(1),
    );
    // A fresh one each time: an answer remembers what was read of it.
    bencher
        .with_inputs(|| response.clone())
        .bench_values(|response| {
            judge(
                &step.assertions,
                &ResponseView::new(&response),
                &|written| render_tree(written, &variables),
            )
            .unwrap()
        });
}

/// A response of 100 kB in which nothing is secret, as nearly all are.
fn large_body() -> String {
    let items: Vec<String> = (0..800)
        .map(|number| {
            format!(
                "{{\"id\":{},\"name\":\"무선 이어폰 {number}\",\"price\":{number}.50,\"url\":\"https://shop.example/p/{number}\",\"tags\":[\"a\",\"b\"]}}",
                1_000_000_007_u64 * number
            )
        })
        .collect();
    format!("{{\"items\":[{}]}}", items.join(","))
}

/// The bound of the search for secrets: reading the same response as JSON.
#[divan::bench]
fn parse_a_large_response(bencher: Bencher) {
    let body = large_body();
    bencher.bench(|| parse(black_box(body.as_bytes())).unwrap());
}

#[divan::bench]
fn search_a_large_response_for_20_secrets(bencher: Bencher) {
    let body = large_body();
    let mut redactor = Redactor::default();
    for number in 0..20 {
        redactor.add_secret(
            format!("cred.{number}"),
            &format!("k3y-{number:02}-9f8e7d6c5b4a32100123456789abcdef"),
        );
    }
    bencher.bench_local(|| redactor.redact(black_box(&body)));
}
