//! Segments of a path that Postman and Bruno write as `:name`.

use super::collection::{CollectionVariable, ForeignPiece, ForeignText};

/// An address with its `:name` segments as variables; those without a value are added.
pub(super) fn with_segments(text: &str, variables: &mut Vec<CollectionVariable>) -> ForeignText {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let start = path.find("://").map_or(0, |at| at + 3);
    let mut out = ForeignText::parse(&path[..start]);
    for (index, segment) in path[start..].split('/').enumerate() {
        if index > 0 {
            out.push_literal("/");
        }
        let name = segment.strip_prefix(':').unwrap_or_default();
        let length = name
            .find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-')))
            .unwrap_or(name.len());
        let (name, behind) = name.split_at(length);
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        if index == 0 || is_number {
            out.extend(ForeignText::parse(segment));
            continue;
        }
        if !variables.iter().any(|known| known.name == name) {
            variables.push(CollectionVariable::new(name, None));
        }
        out.push(ForeignPiece::Variable(name.to_owned()));
        out.extend(ForeignText::parse(behind));
    }
    out.extend(ForeignText::parse(rest));
    out
}
