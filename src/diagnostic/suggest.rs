//! "Did you mean", and lists in a sentence.

/// A hint that names the most similar of `known`, or all of them when they are few and none is
/// similar.
#[must_use]
pub(crate) fn did_you_mean<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    similar_name_hint(wrong, known.iter().copied()).or_else(|| all_of_few_names(known))
}

/// All names, when they are few: a longer list hides the error above it, and the reference has it.
pub(super) fn all_of_few_names(known: Vec<&str>) -> Option<String> {
    (1..=24)
        .contains(&known.len())
        .then(|| format!("it can be {}", join_names(known, "or")))
}

/// A hint that names the most similar of `known`, when one is similar at all: what other tools call
/// it, then a spelling, then a longer or shorter name of the same words.
#[must_use]
pub(crate) fn similar_name_hint<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let found = similar_names(wrong, known);
    (!found.is_empty()).then(|| format!("did you mean {}?", join_names(found, "or")))
}

/// The most similar of `known`, best first; none when none is similar.
#[must_use]
pub(crate) fn similar_names<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    match (known_synonym(wrong, &known), misspelled(wrong, &known)) {
        (Some(name), _) | (None, Some(name)) => vec![name],
        (None, None) => names_with_part(wrong, &known),
    }
}

/// What other request runners, test libraries and HTTP clients call a thing, and its name here.
/// Names that are spelled alike need no line.
const SYNONYMS: [(&str, &[&str]); 53] = [
    ("gt", &["above"]),
    ("greaterthan", &["above"]),
    ("morethan", &["above"]),
    ("gte", &["at_least"]),
    ("ge", &["at_least"]),
    ("min", &["at_least"]),
    ("minimum", &["at_least"]),
    ("lt", &["below"]),
    ("lessthan", &["below"]),
    ("lte", &["at_most"]),
    ("le", &["at_most"]),
    ("max", &["at_most"]),
    ("maximum", &["at_most"]),
    ("eq", &["equals"]),
    ("is", &["equals", "type"]),
    ("tobe", &["equals"]),
    ("ne", &["not"]),
    ("neq", &["not"]),
    ("notequals", &["not"]),
    ("in", &["one_of"]),
    ("anyof", &["one_of"]),
    ("enum", &["one_of"]),
    ("regex", &["matches"]),
    ("pattern", &["matches"]),
    ("len", &["length"]),
    ("size", &["length"]),
    ("count", &["length"]),
    ("hasitem", &["some"]),
    ("any", &["some"]),
    ("all", &["each"]),
    ("every", &["each"]),
    ("prefix", &["starts_with"]),
    ("suffix", &["ends_with"]),
    ("statuscode", &["status"]),
    ("code", &["status"]),
    ("duration", &["latency"]),
    ("responsetime", &["latency"]),
    ("expect", &["assert"]),
    ("asserts", &["assert"]),
    ("test", &["assert"]),
    ("extract", &["capture"]),
    ("captures", &["capture"]),
    ("params", &["query", "params"]),
    ("body", &["json", "text"]),
    ("data", &["json", "form"]),
    ("files", &["multipart", "file"]),
    ("json", &["where"]),
    // Names of ingam's own first version.
    ("about", &["description"]),
    ("keyas", &["key_encoding"]),
    ("out", &["encoding"]),
    ("behind", &["skew"]),
    ("samefor", &["reuse_for"]),
    ("oldfor", &["overlap"]),
];

/// The name here of a thing that other tools call `wrong`.
fn known_synonym<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = letters(wrong);
    let (_, names) = SYNONYMS.iter().find(|(other, _)| *other == wrong)?;
    names
        .iter()
        .find_map(|name| known.iter().find(|known| *known == name))
        .copied()
}

/// Lower case, without what joins words: `at-least`, `atLeast` and `AT_LEAST` are one.
fn letters(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn misspelled<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let written = letters(wrong);
    if let Some(same) = known.iter().find(|name| letters(name) == written) {
        return Some(same);
    }
    let distance =
        |name: &&str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let nearest = known.iter().copied().min_by_key(distance)?;
    // One edit is always allowed, and about one more for every four letters. With more than that
    // the suggestion is often an unrelated name.
    (distance(&nearest) <= 1.max((wrong.chars().count() + 1) / 4)).then_some(nearest)
}

/// Names that begin with `wrong`, or hold it as a whole word: `naver` of `naver-commerce`. More
/// than three of them say nothing.
fn names_with_part<'a>(wrong: &str, known: &[&'a str]) -> Vec<&'a str> {
    const MOST: usize = 3;
    // A letter or two begin too many names.
    if wrong.chars().count() < 3 {
        return Vec::new();
    }
    let wrong = wrong.to_lowercase();
    let has_part = |name: &&&str| {
        let name = name.to_lowercase();
        let mut words = name.split(|letter: char| !letter.is_alphanumeric());
        name.starts_with(&wrong) || words.any(|word| word == wrong)
    };
    let found: Vec<&str> = known.iter().filter(has_part).copied().collect();
    if found.len() > MOST {
        Vec::new()
    } else {
        found
    }
}

/// The most similar of `known`, if it is at most so many edits away; capitals count as small
/// letters.
#[must_use]
pub(crate) fn nearest_name<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
    max_edits: usize,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
    known
        .into_iter()
        .map(|name| (distance(name), name))
        .min_by_key(|(edits, _)| *edits)
        .filter(|(edits, _)| *edits <= max_edits)
        .map(|(_, name)| name)
}

/// `` `a`, `b` or `c` ``
#[must_use]
pub(crate) fn join_names<'a>(names: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

/// `1 file`, `2 files`
#[must_use]
pub(crate) fn pluralize(number: usize, thing: &str) -> String {
    if number == 1 {
        format!("1 {thing}")
    } else {
        format!("{number} {thing}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keys_is_recognised() {
        assert_eq!(
            did_you_mean("headrs", ["query", "headers"]),
            Some("did you mean `headers`?".to_owned())
        );
        assert_eq!(
            did_you_mean("zzz", ["query", "json"]),
            Some("it can be `query` or `json`".to_owned())
        );
        assert_eq!(did_you_mean("zzz", []), None);
    }

    #[test]
    fn names_of_other_tools_and_parts_of_names_are_recognised() {
        let hint = |wrong, known: &[&'static str]| similar_name_hint(wrong, known.iter().copied());
        for (wrong, known, meant) in [
            ("gt", &["above", "at_least"][..], "`above`"),
            ("greater_than", &["above"], "`above`"),
            ("statusCode", &["status", "body"], "`status`"),
            ("params", &["query", "json"], "`query`"),
            ("AtLeast", &["at_least", "at_most"], "`at_least`"),
            ("naver", &["naver-commerce", "shopee"], "`naver-commerce`"),
            (
                "search",
                &["b/search_all", "a/search"],
                "`b/search_all` or `a/search`",
            ),
        ] {
            assert_eq!(
                hint(wrong, known),
                Some(format!("did you mean {meant}?")),
                "{wrong}"
            );
        }
        // A name that is not known here is no suggestion, and neither is a mere letter.
        assert_eq!(hint("gt", &["query"]), None);
        assert_eq!(hint("n", &["naver-commerce"]), None);
    }
}
