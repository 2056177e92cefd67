//! Names of files that every system can hold, each once.

use crate::file_name::check_name;
use std::collections::{HashMap, HashSet};

/// The longest part of a name, in characters.
const MAX_CHARACTERS: usize = 60;

/// A name as a part of a path: letters, digits, `_` and `-`, in small letters.
#[must_use]
pub(super) fn slug(name: &str) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut was_small = false;
    for letter in name.chars() {
        if count >= MAX_CHARACTERS {
            break;
        }
        if letter.is_alphanumeric() || letter == '_' {
            // `getOrder` reads better as `get-order`.
            if letter.is_uppercase() && was_small && !out.ends_with('-') {
                out.push('-');
            }
            was_small = letter.is_lowercase() || letter.is_ascii_digit();
            out.extend(
                letter
                    .to_lowercase()
                    .filter(|small| small.is_alphanumeric() || *small == '_'),
            );
            count += 1;
        } else {
            was_small = false;
            if !out.ends_with('-') && !out.is_empty() {
                out.push('-');
            }
        }
    }
    let out = out.trim_matches('-').to_owned();
    // A device of Windows, such as `con`.
    if out.is_empty() || check_name(&out).is_ok() {
        out
    } else {
        format!("{out}-request")
    }
}

/// Ids that were given out.
#[derive(Default)]
pub(super) struct RequestIds {
    used: HashSet<String>,
    /// The number to try next for an id: a file can have thousands of requests of one name.
    next_numbers: HashMap<String, usize>,
}

impl RequestIds {
    /// The id of a request in folders, with a number where another one has it.
    pub(super) fn give(&mut self, folders: &[String], name: &str) -> String {
        let parts = folders.iter().map(|folder| slug(folder));
        let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        let name = slug(name);
        parts.push(if name.is_empty() {
            "request".to_owned()
        } else {
            name
        });
        let id = parts.join("/");
        if self.used.insert(id.clone()) {
            return id;
        }
        let number = self.next_numbers.entry(id.clone()).or_insert(2);
        loop {
            let unique = format!("{id}-{number}");
            *number += 1;
            if self.used.insert(unique.clone()) {
                return unique;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_paths() {
        for (name, expected) in [
            ("Get Order / by id: 7?", "get-order-by-id-7"),
            ("getOrderItems", "get-order-items"),
            ("주문 조회", "주문-조회"),
            ("../../etc/passwd", "etc-passwd"),
            ("con", "con-request"),
            ("...", ""),
            ("a_b-c", "a_b-c"),
        ] {
            assert_eq!(slug(name), expected);
        }
        let mut ids = RequestIds::default();
        let folders = ["Orders".to_owned()];
        assert_eq!(ids.give(&folders, "Get"), "orders/get");
        assert_eq!(ids.give(&folders, "get"), "orders/get-2");
        assert_eq!(ids.give(&[], "///"), "request");
    }
}
