//! What a person sees at the end of a run: one block for each cause, the place that failed, a list.

use super::shop::run;
use crate::program::Folder;

fn local(folder: &Folder, origin: &str) {
    folder.write(
        "ingam.yaml",
        &format!("default_env: local\nenvs: {{ local: {{ hosts: {{ none: \"{origin}\", coupang: \"{origin}\" }} }} }}\n"),
    );
}

#[test]
fn a_credential_that_many_requests_miss_is_one_block() {
    let folder = Folder::new();
    local(&folder, "http://127.0.0.1:1");
    for number in 0..8 {
        folder.write(
            &format!("requests/r{number}.yaml"),
            "scheme: shopee\nget: /api/v2/shop/get_shop_info\n",
        );
    }
    let (stdout, _, code) = run(folder.path(), &["run", "--env", "live"], &[]);
    assert_eq!(code, 6, "{stdout}");
    assert_eq!(stdout.matches("error: ").count(), 1, "{stdout}");
    assert!(
        stdout.contains("the same for 7 more units: r1, r2, r3, r4, r5, …"),
        "{stdout}"
    );
}

#[test]
fn several_failures_end_with_a_list_and_quiet_shows_no_others() {
    let folder = Folder::new();
    local(&folder, &super::shop::server());
    folder.write(
        "requests/a.yaml",
        "scheme: none\nget: /pass\nassert: { $.ok: 1 }\n",
    );
    folder.write(
        "requests/b.yaml",
        "scheme: none\nget: /pass\nassert: { status: 201 }\n",
    );
    folder.write("requests/c.yaml", "scheme: none\nget: /pass\n");
    let (stdout, _, code) = run(folder.path(), &["run", "-j", "1"], &[]);
    assert_eq!(code, 1);
    let list = "not passed\n    FAIL a  requests/a.yaml:3:17  $.ok: expected 1 (number), got true (boolean)\n    \
                FAIL b  requests/b.yaml:3:19  status: expected 201 (number), got 200 (number)\n\n1 passed, 2 failed";
    assert!(stdout.contains(list), "{stdout}");
    assert!(
        stdout.contains("PASS c") && stdout.contains("    > "),
        "{stdout}"
    );
    let (quiet, _, code) = run(folder.path(), &["run", "-j", "1", "--quiet"], &[]);
    assert_eq!(code, 1);
    assert!(
        !quiet.contains("PASS") && !quiet.contains("in environment") && quiet.contains(list),
        "{quiet}"
    );
    let (quiet, _, _) = run(folder.path(), &["run", "c", "--quiet"], &[]);
    assert_eq!(
        quiet.lines().filter(|line| !line.is_empty()).count(),
        1,
        "{quiet}"
    );
}
