//! "Did you mean", and lists in a sentence.

/// A hint that names the most similar of `known`, or all of them when they are few and none is
/// similar.
#[must_use]
pub(crate) fn did_you_mean<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    similar_name_hint(wrong, known.iter().copied()).or_else(|| {
        // A longer list hides the error above it, and the reference has all names.
        (1..=24)
            .contains(&known.len())
            .then(|| format!("it can be {}", join_names(known, "or")))
    })
}

/// A hint that names the most similar of `known`, when one is similar at all.
#[must_use]
pub(crate) fn similar_name_hint<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let distance =
        |name: &&str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let nearest = known.into_iter().min_by_key(distance)?;
    // One edit is always allowed, and about one more for every four letters. With more than that
    // the suggestion is often an unrelated name.
    (distance(&nearest) <= 1.max((wrong.chars().count() + 1) / 4))
        .then(|| format!("did you mean `{nearest}`?"))
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
}
