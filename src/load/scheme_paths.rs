//! `paths` of a scheme: a request outside of them is a warning, unless its file says why it is right.

use crate::diagnostic::{Diagnostic, Diagnostics, Hint, join_names, name_hint};
use crate::load::node_reader::{CheckedMap, map_entries, text};
use crate::model::request::{SpannedName, Step};
use crate::model::scheme::Scheme;
use crate::yaml::YamlNode;

/// The only warning that a request can allow.
const PATHS_WARNING: &str = "paths";

/// `lint: { allow: { paths: REASON } }`; the reason, with the place of its key.
pub(super) fn allowed_outside_paths(
    node: &YamlNode,
    diagnostics: &mut Diagnostics,
) -> Option<SpannedName> {
    let map = CheckedMap::open(node, "`lint`", &["allow"], diagnostics)?;
    let allow = map.required("allow", diagnostics)?;
    let mut allowed = None;
    for entry in map_entries(allow, "`allow`", diagnostics) {
        let Some(reason) = text(&entry.value, "a reason", diagnostics) else {
            continue;
        };
        if entry.key != PATHS_WARNING {
            let diagnostic = Diagnostic::error(format!("there is no warning `{}`", entry.key))
                .at(entry.key_at, "a request can allow `paths`")
                .maybe_hint(name_hint(&entry.key, [PATHS_WARNING]));
            diagnostics.push(diagnostic);
        } else if reason.trim().is_empty() {
            let diagnostic = Diagnostic::error("`paths` needs a reason")
                .at(entry.value.at, "empty")
                .hint("write why the path is right");
            diagnostics.push(diagnostic);
        } else {
            allowed = Some(SpannedName {
                name: reason.to_owned(),
                at: entry.key_at,
            });
        }
    }
    allowed
}

/// `path` is that of the step, with a letter for each template.
pub(super) fn check_scheme_paths(
    scheme: &Scheme,
    step: &Step,
    path: &str,
    diagnostics: &mut Diagnostics,
) {
    let path = path.split('?').next().unwrap_or(path);
    let is_inside = step.external.is_some()
        || scheme.paths.is_empty()
        || scheme.paths.iter().any(|pattern| pattern.matches(path));
    match &step.outside_paths {
        Some(allowed) if is_inside => {
            let diagnostic = Diagnostic::error("`lint` has no effect here")
                .at(allowed.at, "the path is one that the scheme is written for")
                .hint(Hint::remove("remove it"));
            diagnostics.push(diagnostic);
        }
        None if !is_inside => {
            let patterns = scheme.paths.iter().map(|pattern| pattern.0.as_str());
            let diagnostic = Diagnostic::warning(format!(
                "the scheme `{}` is written for {}",
                scheme.name,
                join_names(patterns, "and")
            ));
            diagnostics.push(
                diagnostic
                    .at(step.path.at, "another path")
                    .hint("correct it; if it is right, write `lint: { allow: { paths: REASON } }`"),
            );
        }
        _ => {}
    }
}
