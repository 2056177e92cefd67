//! Selects requests by path, id, glob and tag. A pattern or tag that selects nothing is an error: a
//! run of nothing because of a typing mistake must not pass.

use crate::diagnostic::did_you_mean;
use crate::model::request::Request;
use crate::model::scheme::PathPattern;
use crate::model::workspace::Workspace;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestSelection {
    /// Ids, paths, folders and globs; none means all.
    pub(crate) patterns: Vec<String>,
    /// A request needs one of these tags, when there are any.
    pub(crate) tags: Vec<String>,
    /// A request with one of these is left out.
    pub(crate) excluded_tags: Vec<String>,
}

/// Why nothing can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectionError {
    #[error("no request matches `{word}`")]
    NoMatch { word: String, hint: Option<String> },
    /// The word is the id of one unit, and its file has no such unit.
    #[error("`{file}` has no `{rest}`")]
    NoUnit {
        file: String,
        rest: String,
        hint: Option<String>,
    },
    #[error("no request has the tag `{tag}`")]
    Tag { tag: String, hint: Option<String> },
    #[error("no request is left to run")]
    Empty,
    #[error("there is no file in `requests/`")]
    NoRequests,
}

impl SelectionError {
    #[must_use]
    pub(crate) fn hint(&self) -> Option<&str> {
        match self {
            Self::NoMatch { hint, .. } | Self::Tag { hint, .. } | Self::NoUnit { hint, .. } => {
                hint.as_deref()
            }
            Self::Empty => Some("no request matches the tags: `ingam list` shows all requests"),
            Self::NoRequests => Some("write one, or run `ingam init` for an example"),
        }
    }
}

/// # Errors
/// When a word or a tag fits nothing, or nothing is left.
pub(crate) fn select_requests<'w>(
    workspace: &'w Workspace,
    selection: &RequestSelection,
) -> Result<Vec<&'w Request>, SelectionError> {
    let all: Vec<&Request> = workspace.requests.iter().collect();
    if all.is_empty() {
        return Err(SelectionError::NoRequests);
    }
    for word in &selection.patterns {
        check_pattern(word, &all)?;
    }
    // An excluded tag is checked too: with a typing mistake in it, the requests that the user wants
    // left out would be sent.
    for tag in selection.tags.iter().chain(&selection.excluded_tags) {
        check_tag(tag, &all)?;
    }
    let chosen: Vec<&Request> = all
        .into_iter()
        .filter(|request| is_selected(request, selection))
        .collect();
    if chosen.is_empty() {
        Err(SelectionError::Empty)
    } else {
        Ok(chosen)
    }
}

fn is_selected(request: &Request, selection: &RequestSelection) -> bool {
    let has_tag = |tags: &[String]| request.tags.iter().any(|tag| tags.contains(tag));
    let fits_pattern = selection.patterns.is_empty()
        || selection
            .patterns
            .iter()
            .any(|word| matches_pattern(word, &request.name));
    fits_pattern
        && (selection.tags.is_empty() || has_tag(&selection.tags))
        && !has_tag(&selection.excluded_tags)
}

fn check_pattern(word: &str, all: &[&Request]) -> Result<(), SelectionError> {
    if all
        .iter()
        .any(|request| matches_pattern(word, &request.name))
    {
        return Ok(());
    }
    let hint = did_you_mean(
        &split_unit_id(word).0,
        all.iter().map(|request| request.name.as_str()),
    );
    Err(SelectionError::NoMatch {
        word: word.to_owned(),
        hint: hint.or_else(|| Some("`ingam list` shows all requests".to_owned())),
    })
}

fn check_tag(tag: &str, all: &[&Request]) -> Result<(), SelectionError> {
    let known = || {
        all.iter()
            .flat_map(|request| request.tags.iter().map(String::as_str))
    };
    if known().any(|known| known == tag) {
        return Ok(());
    }
    let mut names: Vec<&str> = known().collect();
    names.sort_unstable();
    names.dedup();
    Err(SelectionError::Tag {
        tag: tag.to_owned(),
        hint: did_you_mean(tag, names),
    })
}

/// `requests/coupang/search.yaml`, `./requests/coupang/`, `coupang/search`, `coupang` and
/// `coupang/*` all fit `coupang/search`.
pub(super) fn matches_pattern(word: &str, name: &str) -> bool {
    // An empty word is an unset variable of a shell, and does not mean everything.
    if word.trim().is_empty() {
        return false;
    }
    let (word, rest) = split_unit_id(word);
    if word == name || (word.is_empty() && rest.is_empty()) {
        return true;
    }
    // The id of a unit names one file.
    if !rest.is_empty() {
        return false;
    }
    if word.contains('*') {
        return PathPattern(word).matches(name);
    }
    name.strip_prefix(word.as_str())
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The file that a word names, and the rest of it if the word is the id of a unit or of a step:
/// neither sign can be a part of a file's id.
pub(crate) fn split_unit_id(word: &str) -> (String, &str) {
    let (file, rest) = split_unit_word(word);
    (normalize_pattern(file), rest)
}

/// What names a file, as it is written, and what follows it.
#[must_use]
pub(crate) fn split_unit_word(word: &str) -> (&str, &str) {
    let at = word.find(['[', '@']).into_iter().chain(word.find("::"));
    word.split_at(at.min().unwrap_or(word.len()))
}

fn normalize_pattern(word: &str) -> String {
    let word = word.replace('\\', "/");
    let word = word
        .strip_prefix("./")
        .unwrap_or(&word)
        .trim_end_matches('/');
    let word = if word == "requests" {
        ""
    } else {
        word.strip_prefix("requests/").unwrap_or(word)
    };
    word.strip_suffix(".yaml")
        .or_else(|| word.strip_suffix(".yml"))
        .unwrap_or(word)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{normalize_pattern, split_unit_id};

    #[test]
    fn paths_and_ids_are_one() {
        for word in [
            "coupang/search",
            "requests/coupang/search.yaml",
            "./requests/coupang/search.yml",
            "coupang/search/",
        ] {
            assert_eq!(normalize_pattern(word), "coupang/search");
        }
        assert_eq!(normalize_pattern("requests"), "");
    }

    #[test]
    fn an_id_of_a_unit_has_a_file_and_a_rest() {
        for (word, file, rest) in [
            ("shopee/rename[short]@sg", "shopee/rename", "[short]@sg"),
            ("requests/flow.yaml::add", "flow", "::add"),
            ("flow@a::add", "flow", "@a::add"),
            ("flow", "flow", ""),
        ] {
            assert_eq!(split_unit_id(word), (file.to_owned(), rest));
        }
    }
}
