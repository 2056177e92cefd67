//! The text of a value, rendered with variables of every type.

#![no_main]

use bytes::Bytes;
use ingam::internals::load::load;
use ingam::internals::model::request::{WorkspaceFile, WorkspaceFileError};
use ingam::internals::render::{
    BodyFiles, FreshValues, VariableLayer, VariableScope, render_draft,
};
use ingam::internals::value::{Value, parse};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;

struct NoFiles;

impl BodyFiles for NoFiles {
    fn read(&self, file: &WorkspaceFile) -> Result<Bytes, WorkspaceFileError> {
        Err(WorkspaceFileError::NotFound(file.path.clone()))
    }
}

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let shared = Path::new("/dev/shm");
    let place = if shared.is_dir() {
        shared
    } else {
        Path::new("/tmp")
    };
    let root = tempfile::tempdir_in(place).expect("a folder");
    std::fs::create_dir(root.path().join("requests")).expect("a folder");
    root
});

const VARIABLES: &str = r#"{"n":12.90,"big":123456789012345678901234567890,"s":"a{{ x }}","l":[1,[2],{"p":7.50}],"o":{"a":{"b":null}},"t":true,"z":null}"#;

fuzz_target!(|text: &str| {
    let request = format!(
        "scheme: none\npost: /\nvars: {VARIABLES}\njson: {}\n",
        Value::from(text).to_json()
    );
    std::fs::write(ROOT.path().join("requests/a.yaml"), request).expect("a file");
    let loaded = load(ROOT.path(), 1).expect("the folder is there");
    let Some(request) = loaded.workspace.requests.first() else {
        return;
    };
    let moment = FreshValues {
        unix_ms: 1_795_338_000_000,
        seed: [7; 16],
    };
    let mut scope = VariableScope::new(moment);
    if scope.define(&request.vars, VariableLayer::File).is_ok()
        && let Ok(draft) = render_draft(&request.steps[0], &scope, moment, &NoFiles)
    {
        // What is rendered is JSON, and reads back as itself.
        if let ingam::internals::wire::DraftBody::Json(value) = &draft.body {
            let text = value.to_json();
            let again = parse(text.as_bytes()).expect("JSON");
            assert_eq!(again.to_json(), text);
        }
    }
});
