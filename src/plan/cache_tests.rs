//! Faults that are kept are those that a fresh look finds, after any edits of any files.

use super::{CommandLineNames, check_names};
use crate::diagnostic::{Diagnostic, Diagnostics, FaultCache};
use crate::load::{IncrementalLoader, LoadedWorkspace, check_secret_assertions};
use proptest::prelude::*;
use std::path::Path;

/// Files whose faults depend on one another.
const FILES: [(&str, &str); 7] = [
    (
        "ingam.yaml",
        "vars: { size: 5 }\ndefault_env: live\nenvs: { live: { accounts: { bearer: { sg: {} } } } }\n",
    ),
    (
        "requests/a.yaml",
        "scheme: bearer\naccount: sg\nget: /v1/shop\nquery: { n: \"{{ size }}\" }\nassert: { $.access_token: abc }\n",
    ),
    (
        "requests/b.yaml",
        "scheme: none\nneeds: item\nsteps:\n  - use: c\n  - name: x\n    get: \"/{{ item.id }}/{{ c.token }}\"\n",
    ),
    (
        "requests/c.yaml",
        "scheme: none\npost: /login\ncapture: { token: $.token }\n",
    ),
    (
        "requests/d.yaml",
        "scheme: own\nget: /\nquery: { n: \"{{ account.shop }}\" }\n",
    ),
    (
        "fixtures/item.yaml",
        "scheme: none\nsteps: [{ post: /, capture: { id: $.id } }]\nvalues: { id: \"{{ id }}\" }\n",
    ),
    (
        "schemes/own.yaml",
        "hosts: { live: \"https://example.com\" }\ncredentials: { shop: {} }\nsign: []\n",
    ),
];
const WORDS: [&str; 12] = [
    "\n", " ", ":", "{{ ", "\"", "e", "shopee", "own", "item", "size", "token", "#",
];

fn names(loaded: &LoadedWorkspace, cache: &mut FaultCache) -> Vec<Diagnostic> {
    let given = CommandLineNames {
        vars: Vec::new(),
        account: None,
        requests: None,
    };
    cache.set_versions(loaded.versions());
    let mut found = Diagnostics::default();
    let workspace = &loaded.workspace;
    check_names(workspace, "live", &given, (cache, &mut found));
    check_secret_assertions(workspace, cache, &mut found);
    found.into_unsorted()
}

fn edited(text: &str, (place, removed, word): (u16, usize, usize)) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = usize::from(place) * letters.len() / (usize::from(u16::MAX) + 1);
    let end = (at + removed).min(letters.len());
    let before: String = letters[..at].iter().collect();
    let after: String = letters[end..].iter().collect();
    format!("{before}{}{after}", WORDS[word])
}

#[test]
fn kept_faults_are_those_of_a_fresh_look() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let edit = (0..FILES.len(), any::<u16>(), 0..4_usize, 0..WORDS.len());
    let edits = proptest::collection::vec(edit, 1..12);
    let config = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(edits in edits)| {
        let mut loader = IncrementalLoader::new(folder.path(), 1).unwrap();
        let mut cache = FaultCache::default();
        let mut texts: Vec<String> = FILES.iter().map(|(_, text)| (*text).to_owned()).collect();
        names(&loader.load(), &mut cache);
        for (at, place, removed, word) in &edits {
            let (path, original) = FILES[*at];
            // Every other edit takes the file back, so that faults go again.
            texts[*at] = if texts[*at] == original {
                edited(original, (*place, *removed, *word))
            } else {
                original.to_owned()
            };
            loader.set_buffer(Path::new(path), Some(texts[*at].as_str().into()));
            let loaded = loader.load();
            let kept = names(&loaded, &mut cache);
            prop_assert_eq!(kept, names(&loaded, &mut FaultCache::default()), "{:?}", edits);
        }
    });
}
