//! A file of any kind: parsed, decoded, and held against the rest of a workspace. The first byte
//! says what kind it is. Both readers of YAML must read the same from it.

#![no_main]

use ingam::internals::load::load;
use ingam::internals::yaml::has_same_reading;
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::LazyLock;

const PLACES: [&str; 5] = [
    "ingam.yaml",
    "requests/a.yaml",
    "fixtures/f.yaml",
    "fixtures/recordings/r.yaml",
    "schemes/own.yaml",
];

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = tempfile::tempdir_in(shared_memory()).expect("a folder");
    for folder in ["requests", "fixtures/recordings", "schemes"] {
        std::fs::create_dir_all(root.path().join(folder)).expect("a folder");
    }
    root
});

/// Written and read a thousand times a second.
fn shared_memory() -> &'static Path {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        shared
    } else {
        Path::new("/tmp")
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, text)) = data.split_first() else {
        return;
    };
    if let Ok(text) = std::str::from_utf8(text) {
        assert_ne!(has_same_reading(text), Some(false), "{text:?}");
    }
    let path = ROOT.path().join(PLACES[usize::from(*kind) % PLACES.len()]);
    std::fs::write(&path, text).expect("a file");
    let loaded = load(ROOT.path(), 1).expect("the folder is there");
    for diagnostic in &loaded.diagnostics {
        for label in &diagnostic.labels {
            let _ = loaded.sources.location(label.span);
        }
    }
    std::fs::remove_file(&path).expect("a file");
});
