//! The lines by which a request is known: that of raw HTTP, and the name of the program curl.

use crate::method::Method;

/// Whether a line is a request line: a method in capital letters, and a path or an address.
pub(super) fn is_request_line(line: &str) -> bool {
    let line = line.trim_start_matches("> ").trim();
    if line.starts_with(":method") {
        return true;
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return false;
    };
    let is_method =
        (3..=10).contains(&method.len()) && method.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_target =
        target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://");
    let last = words.last();
    let has_version = last.is_some_and(|last| last.starts_with("HTTP/"));
    // Without a version, only the methods that there are: a sentence is no request.
    let is_known = Method::ALL.into_iter().any(|known| known.name() == method);
    is_method && is_target && (has_version || is_known && last.is_none())
}

pub(super) fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "curl" || name.eq_ignore_ascii_case("curl.exe")
}

/// Whether a line names the version of an `OpenAPI` description in YAML.
pub(super) fn is_description_line(line: &str) -> bool {
    let line = line.trim_start_matches(['"', '\'']);
    ["openapi", "swagger"].iter().any(|key| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
    })
}
