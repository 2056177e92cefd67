//! The page by a strict parser: nothing is fetched, nothing of an answer becomes markup, and who
//! cannot see it can use it.

use super::file;
use super::parsers::{has_class, page, words};
use super::shop::{run, shop};
use roxmltree::Node;
use std::collections::HashSet;

fn made() -> String {
    let folder = shop();
    run(folder.path(), &["run", "--report", "html=run.html"], &[]);
    file(folder.path(), "run.html")
}

#[test]
fn the_page_fetches_nothing_and_runs_nothing_but_its_own() {
    let text = made();
    let document = page(&text);
    for node in document.descendants().filter(Node::is_element) {
        for name in [
            "src", "srcset", "style", "onclick", "onload", "action", "data", "srcdoc",
        ] {
            assert!(
                node.attribute(name).is_none(),
                "{} has `{name}`",
                node.tag_name().name()
            );
        }
        assert!(
            node.attribute("href")
                .is_none_or(|href| href.starts_with('#')),
            "a link leads away"
        );
        assert!(
            !["link", "img", "iframe", "object", "base", "form"].contains(&node.tag_name().name())
        );
    }
    let count = |name: &str| {
        document
            .descendants()
            .filter(|node| node.has_tag_name(name))
            .count()
    };
    assert_eq!(
        (count("script"), count("style"), count("b"), count("i")),
        (1, 1, 0, 0),
        "something of an response is markup"
    );
    let policy = document
        .descendants()
        .find(|node| node.attribute("http-equiv") == Some("Content-Security-Policy"))
        .unwrap();
    let policy = policy.attribute("content").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[test]
fn the_page_can_be_used_without_seeing_it() {
    let text = made();
    let document = page(&text);
    assert_eq!(document.root_element().attribute("lang"), Some("en"));
    let all = |name: &str| {
        document
            .descendants()
            .filter(|node| node.has_tag_name(name))
            .collect::<Vec<_>>()
    };
    for landmark in ["header", "main", "footer", "h1"] {
        assert_eq!(all(landmark).len(), 1, "{landmark}");
    }
    let levels: Vec<u32> = document
        .descendants()
        .filter_map(|node| node.tag_name().name().strip_prefix('h')?.parse().ok())
        .collect();
    assert!(
        levels.windows(2).all(|two| two[1] <= two[0] + 1),
        "a heading is skipped: {levels:?}"
    );
    assert!(
        all("th").iter().all(|th| th.attribute("scope").is_some()),
        "a header of a table says not what it heads"
    );
    assert!(
        all("table")
            .iter()
            .all(|table| table.children().any(|node| node.has_tag_name("caption")))
    );
    assert!(
        all("details")
            .iter()
            .all(|one| one.first_element_child().unwrap().has_tag_name("summary"))
    );
    let scrolls = document
        .descendants()
        .filter(|node| has_class(node, "wide"));
    assert!(
        scrolls
            .into_iter()
            .all(|node| node.attribute("tabindex") == Some("0")
                && node.attribute("aria-label").is_some())
    );
}

#[test]
fn every_name_is_there_once_and_every_reference_finds_it() {
    let text = made();
    let document = page(&text);
    let ids: Vec<&str> = document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    let set: HashSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), set.len(), "an id is there twice");
    for node in document.descendants().filter(Node::is_element) {
        let named = node
            .attribute("aria-labelledby")
            .into_iter()
            .flat_map(|names| names.split(' '));
        let linked = node
            .attribute("href")
            .and_then(|href| href.strip_prefix('#'));
        assert!(
            named.chain(linked).all(|id| set.contains(id)),
            "{:?}",
            node.attributes().collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_picture_has_a_text_beside_it() {
    let text = made();
    let document = page(&text);
    let picture = document
        .descendants()
        .find(|node| has_class(node, "timeline"))
        .unwrap();
    assert_eq!(picture.attribute("role"), Some("img"));
    assert_eq!(
        picture
            .descendants()
            .filter(|node| has_class(node, "bar"))
            .count(),
        5
    );
    let table = document
        .descendants()
        .find(|node| node.has_tag_name("caption") && words(node).contains("order in which"))
        .unwrap();
    let rows = table
        .parent()
        .unwrap()
        .descendants()
        .filter(|node| node.has_tag_name("tr"))
        .count();
    assert_eq!(rows, 1 + 5);
}

/// Each verdict has a sign and a word beside its colour.
#[test]
fn no_verdict_is_said_by_colour_alone() {
    let text = made();
    let document = page(&text);
    for unit in document
        .descendants()
        .filter(|node| node.attribute("data-verdict").is_some())
    {
        let word = words(
            &unit
                .descendants()
                .find(|node| has_class(node, "word"))
                .unwrap(),
        );
        let said = ["✓ passed", "✗ failed", "! could not be done", "– skipped"];
        assert!(said.contains(&word.as_str()), "{word}");
    }
}
