//! A response: its status, its headers and its body, as every built-in scheme understands it and as
//! the assertions of this repository judge it. The first lines are status and headers, an empty line
//! ends them.

#![no_main]

use bytes::Bytes;
use ingam::internals::check::{ResponseView, classify_response, judge};
use ingam::internals::load::{LoadedWorkspace, all_schemes, load};
use ingam::internals::method::Method;
use ingam::internals::model::scheme::Scheme;
use ingam::internals::redact::Redactor;
use ingam::internals::render::{FreshValues, VariableScope, render_tree};
use ingam::internals::wire::WireResponse;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

struct Repository {
    loaded: LoadedWorkspace,
    schemes: Vec<Arc<Scheme>>,
}

static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut loaded = load(&root, 1).expect("this repository");
    let schemes = all_schemes(&mut loaded);
    Repository { loaded, schemes }
});

/// `None` without an empty line.
fn response(data: &[u8]) -> Option<WireResponse> {
    let end = data.windows(2).position(|two| two == b"\n\n")?;
    let head = String::from_utf8_lossy(&data[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.parse().ok())
        .unwrap_or(200);
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = Bytes::copy_from_slice(&data[end + 2..]);
    Some(WireResponse::new(
        status,
        headers,
        body,
        Duration::from_millis(5),
    ))
}

fuzz_target!(|data: &[u8]| {
    let Some(response) = response(data) else {
        return;
    };
    let repository = &*REPOSITORY;
    let scope = VariableScope::new(FreshValues {
        unix_ms: 1_795_338_000_000,
        seed: [7; 16],
    });
    let view = ResponseView::new(&response);
    for scheme in &repository.schemes {
        let _ = classify_response(scheme, Method::Get, "/", &view);
    }
    for request in &repository.loaded.workspace.requests {
        for step in &request.steps {
            let _ = judge(&step.assertions, &view, &|template| {
                render_tree(template, &scope)
            });
        }
    }
    let mut redactor = Redactor::default();
    redactor.add_secret("cred.key", "a-secret-of-a-user+/=");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let _ = redactor.redact(&text);
});
