//! The picture of a run in the README: made from what a run shows on a terminal, so that it cannot
//! show what ingam no longer does. `UPDATE_PAGES=1` writes it.

mod terminal_svg;

use super::program::{Folder, ingam, root};
use super::walkthroughs::{files, without_durations};

const PICTURE: &str = "docs/images/run.svg";
const COMMAND: &str = "ingam run";

/// Requests of the tutorial and of a how-to page. One price is not as expected.
fn workspace() -> Folder {
    let folder = Folder::new();
    for page in [
        "docs/how-to/page-loop-and-poll.md",
        "docs/tutorial/first-flow.md",
        "docs/tutorial/first-request.md",
    ] {
        for (name, text) in files(page) {
            folder.write(&name, &text);
        }
    }
    // Their snapshot and their mistakes are for the reader to make.
    for name in [
        "requests/shopee/label.yaml",
        "requests/coupang/goldbox.yaml",
    ] {
        std::fs::remove_file(folder.path().join(name)).unwrap();
    }
    change(
        &folder,
        "requests/shopee/first_order.yaml",
        "    snapshot: true\n",
        "",
    );
    change(
        &folder,
        "requests/coupang/product_search.yaml",
        "above: 0",
        "above: 30000",
    );
    folder
}

fn change(folder: &Folder, name: &str, from: &str, to: &str) {
    let path = folder.path().join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn picture() -> String {
    let folder = workspace();
    let init = ingam(folder.path()).args(["init", "new"]).output().unwrap();
    assert!(init.status.success());
    let recording = "fixtures/recordings/coupang/product_search.yaml";
    std::fs::create_dir_all(folder.path().join("fixtures/recordings/coupang")).unwrap();
    std::fs::copy(
        folder.path().join("new").join(recording),
        folder.path().join(recording),
    )
    .unwrap();
    let output = ingam(folder.path())
        .args(["run", "--color", "always"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = String::from_utf8(output.stdout).unwrap();
    terminal_svg::picture(COMMAND, &shown)
}

/// Without durations, and without the blanks that align them.
fn comparable(picture: &str) -> String {
    let picture = without_durations(picture);
    picture.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_picture_of_the_readme_is_a_run() {
    let made = picture();
    let path = root().join(PICTURE);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let is_current = comparable(&written) == comparable(&made);
    if !is_current && std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    assert!(
        is_current,
        "{PICTURE} is stale: `UPDATE_PAGES=1 cargo test --test it picture` writes it\n{made}"
    );
}
