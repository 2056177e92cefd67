//! Every request of this repository, replayed from its recordings: what becomes of it, and its
//! answers, are snapshots of insta.

use super::program::root;
use ingam::testing::Workspace;

/// 2026-11-22T09:00:00Z, when the recordings were made.
const NOW_MS: i64 = 1_795_338_000_000;

#[test]
fn every_request_replays_and_answers_as_before() {
    let own = Workspace::open(root()).replay().env([]).clock(|| NOW_MS);
    let requests = own.requests().unwrap();
    assert!(requests.len() > 40);
    for request in requests {
        let outcome = own.run(&request);
        let text = format!(
            "exit code {}\n\n{}",
            outcome.exit_code(),
            outcome.responses().join("\n\n")
        );
        let file = request.replace('/', "-");
        insta::with_settings!({ snapshot_path => "../acceptance", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(file, text);
        });
    }
}
