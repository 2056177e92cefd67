//! A JSONPath and the document that it is applied to, with a line end between them.

#![no_main]

use bytes::Bytes;
use ingam::internals::jsonpath::count_matches;
use libfuzzer_sys::fuzz_target;

const DOCUMENT: &str =
    r#"{"a":[{"b":1,"c":"x"},{"b":2.50},null,[1,2,3]],"d":{"e f":{"g":"\u00e9"}},"":0}"#;

fuzz_target!(|text: &str| {
    let (path, document) = text.split_once('\n').unwrap_or((text, DOCUMENT));
    for document in [document, DOCUMENT] {
        let _ = count_matches(path, &Bytes::copy_from_slice(document.as_bytes()));
    }
});
