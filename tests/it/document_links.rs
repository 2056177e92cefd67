//! Every link in a page leads to a file of this repository, and to a heading that is there. The site's
//! generator checks the pages of `docs`; this one needs no other program, and reads the README too.

use super::documents::pages_below;
use super::program::root;
use std::collections::HashSet;
use std::path::Path;

const PAGES_OF_THE_ROOT: [&str; 5] = [
    "README.md",
    "README.ko.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "ARCHITECTURE.md",
];

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut pages = pages_below("docs");
    pages.extend(PAGES_OF_THE_ROOT.map(str::to_owned));
    let mut counted = 0;
    let mut broken = Vec::new();
    for page in &pages {
        let text = text_without_blocks(page);
        for target in targets(&text) {
            counted += 1;
            if let Some(problem) = problem(page, target) {
                broken.push(format!("{page}: {target}: {problem}"));
            }
        }
    }
    assert!(counted > 300, "{counted}");
    assert!(broken.is_empty(), "{broken:#?}");
}

fn text_without_blocks(page: &str) -> String {
    let document = std::fs::read_to_string(root().join(page)).unwrap();
    let mut is_in_block = false;
    let lines = document.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_in_block ^= is_fence;
        !is_in_block && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The addresses of links within the repository.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://") && !target.contains(' '))
}

fn problem(page: &str, target: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(page).parent().unwrap();
    let file = if path.is_empty() {
        root().join(page)
    } else {
        root().join(folder).join(path)
    };
    if !file.exists() {
        return Some("there is no such file".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let is_there = anchors(&text).contains(anchor);
    (!is_there).then(|| "there is no such heading".to_owned())
}

/// The anchors of the headings, as GitHub and the site make them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let heading = heading.trim_start_matches('#').trim().to_lowercase();
            let is_kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
            heading.chars().filter(is_kept).collect::<String>()
        })
        .map(|heading| heading.replace(' ', "-"))
        .collect()
}
