//! The file that a snapshot lies in: beside its request, with step, case, params and account in its
//! name. Two units never share a file.

use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// File systems take 255 bytes for a name; `.snap.new` and the ending of a temporary file need some
/// of them.
const MAX_NAME_BYTES: usize = 200;

/// `requests/coupang/search--step--case--account.snap`, relative to the root. `parts` are what
/// tells the units of one request apart.
#[must_use]
pub(crate) fn snapshot_path(request: &str, parts: &[&str]) -> PathBuf {
    let (folder, name) = request
        .rsplit_once('/')
        .map_or((None, request), |(folder, name)| (Some(folder), name));
    let parts: Vec<String> = std::iter::once(name)
        .chain(parts.iter().copied())
        .map(encode_part)
        .collect();
    let mut path = PathBuf::from("requests");
    path.extend(folder);
    path.join(format!("{}.snap", truncate_name(parts.join("--"))))
}

/// Letters of any language, digits, `_`, `.` and single hyphens stay; everything else is
/// percent-encoded, a hyphen too where it could be a part of `--`.
fn encode_part(part: &str) -> String {
    let letters: Vec<char> = part.chars().collect();
    // A hyphen stays only between two other letters, so that `--` in a name is always the join:
    // `a--b` with `c` and `a` with `b--c` would share a file.
    let stays = |at: usize| match letters[at] {
        '-' => at > 0 && at + 1 < letters.len() && letters[at - 1] != '-' && letters[at + 1] != '-',
        letter => letter.is_alphanumeric() || matches!(letter, '_' | '.'),
    };
    let mut out = String::with_capacity(part.len());
    for (at, letter) in letters.iter().enumerate() {
        if stays(at) {
            out.push(*letter);
        } else {
            letter
                .encode_utf8(&mut [0; 4])
                .bytes()
                .for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        }
    }
    out
}

/// A name that is too long for a file is cut, and told apart by its hash.
fn truncate_name(name: String) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    // Room for `%~` and the 16 hexadecimal digits of the hash.
    let cut = (0..=MAX_NAME_BYTES - 20)
        .rev()
        .find(|at| name.is_char_boundary(*at))
        .unwrap_or(0);
    format!(
        // `%~` is in no encoded name, because `~` is encoded and `%` is followed by two digits. A
        // shortened name therefore never equals a full one.
        "{}%~{}",
        &name[..cut],
        hex::encode(&Sha256::digest(&name)[..8])
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn name(request: &str, parts: &[&str]) -> String {
        snapshot_path(request, parts).to_string_lossy().into_owned()
    }

    #[test]
    fn the_parts_stand_in_the_name() {
        assert_eq!(
            name("coupang/product_search", &[]),
            "requests/coupang/product_search.snap"
        );
        assert_eq!(
            name("a/b", &["list", "wide", "sg"]),
            "requests/a/b--list--wide--sg.snap"
        );
        assert_eq!(
            name("상품", &["a b/c:%"]),
            "requests/상품--a%20b%2Fc%3A%25.snap"
        );
    }

    #[test]
    fn no_two_units_share_a_file() {
        let parts = [
            "a", "a-", "-a", "a--b", "a-b", "b", "-", "--", "a%2D", "a-%2Db", "A b",
        ];
        let mut seen = HashSet::new();
        for first in parts {
            assert!(seen.insert(name(first, &[])), "{first}");
            for second in parts {
                assert!(seen.insert(name(first, &[second])), "{first} {second}");
                assert!(
                    parts
                        .iter()
                        .all(|third| seen.insert(name(first, &[second, third]))),
                    "{first} {second}"
                );
            }
        }
    }

    #[test]
    fn a_long_name_still_is_one() {
        let long = "가".repeat(300);
        let (one, other) = (name(&long, &["x"]), name(&long, &["y"]));
        assert!(one != other && one.len() < 255, "{one}");
    }
}
