//! The value of a variable in a file that a shell and docker compose read alike.

/// The value as a shell and docker compose read it: as it is if no character of it means anything,
/// else between single quotes, in which `$` is a dollar sign. `None` if it cannot be written so.
pub(in crate::cli::command) fn quoted(value: &str) -> Option<String> {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-_.,:/@%+=".contains(char);
    if value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    // Compose takes `\'` for a quote inside of the value, and a shell does not. No variable of
    // either holds a NUL.
    let is_writable = !value.contains(['\'', '\0']) && !value.ends_with('\\');
    is_writable.then(|| format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_where_a_shell_would_read_another() {
        for (value, written) in [
            ("2001", Some("2001")),
            ("", Some("")),
            (
                "http://127.0.0.1:9000/a?b",
                Some("'http://127.0.0.1:9000/a?b'"),
            ),
            ("aGVsbG8+/==", Some("aGVsbG8+/==")),
            ("$2a$04$abc", Some("'$2a$04$abc'")),
            ("a b#c", Some("'a b#c'")),
            ("-----BEGIN-----\nx\n", Some("'-----BEGIN-----\nx\n'")),
            ("a\\b", Some("'a\\b'")),
            ("a\\", None),
            ("it's", None),
            ("a\0", None),
        ] {
            assert_eq!(quoted(value).as_deref(), written, "{value}");
        }
    }
}
