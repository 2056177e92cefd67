//! Where a request goes: its host, as far as its variables are known, and the path behind it.

use crate::import::{CollectionField, ForeignPiece, ForeignText};

/// An address, taken apart.
pub(super) struct SplitAddress {
    /// Protocol and host, with `sample` in the place of unknown variables; `None` where even the
    /// protocol is unknown.
    pub(super) origin: Option<String>,
    /// Protocol and host as they were written; empty where there are none.
    pub(super) shown_host: String,
    /// It begins with `/`.
    pub(super) path: ForeignText,
    pub(super) query: ForeignText,
    /// Its query stays as it is, because a name in it is a variable or no text.
    pub(super) has_raw_query: bool,
    /// `user:password` before the host.
    pub(super) user: Option<String>,
}

/// What stands in the host for a variable without a value.
const SAMPLE: &str = "sample";

/// Takes an address apart. `value_of` gives the values of variables that are known.
pub(super) fn split_address(
    address: &ForeignText,
    value_of: &dyn Fn(&str) -> Option<String>,
) -> SplitAddress {
    let (mut head, mut shown) = (String::new(), String::new());
    let (mut rest, mut is_in_path, mut is_unknown) = (ForeignText::default(), false, false);
    for piece in address.pieces() {
        if is_in_path {
            rest.push(piece.clone());
            continue;
        }
        let known = match piece {
            ForeignPiece::Literal(text) => Some(text.clone()),
            ForeignPiece::Variable(name) => value_of(name),
            ForeignPiece::Expression(_) => None,
        };
        let Some(text) = known else {
            is_unknown |= head.is_empty();
            head.push_str(SAMPLE);
            shown.push_str(&shown_piece(piece));
            continue;
        };
        let text = if head.is_empty() {
            text.trim_start()
        } else {
            &text
        };
        let before = head.len();
        head.push_str(text);
        if let Some(end) = host_end(&head, is_unknown) {
            let end = end.max(before);
            rest.push_literal(&head[end..]);
            shown.push_str(&head[before..end]);
            head.truncate(end);
            is_in_path = true;
        } else {
            shown.push_str(text);
        }
    }
    let (path, query) = split_path(&rest);
    let origin = origin_of(&head, is_unknown);
    let user = origin.as_ref().and_then(|(_, user)| user.clone());
    if let Some(user) = &user {
        shown = shown.replace(&format!("{user}@"), "");
    }
    // The protocol that their programs add.
    if origin.is_some() && !shown.contains("://") {
        shown.insert_str(0, "http://");
    }
    SplitAddress {
        origin: origin.map(|(origin, _)| origin),
        shown_host: shown,
        path,
        query,
        has_raw_query: false,
        user,
    }
}

fn shown_piece(piece: &ForeignPiece) -> String {
    match piece {
        ForeignPiece::Literal(text) => text.clone(),
        ForeignPiece::Variable(name) | ForeignPiece::Expression(name) => format!("{{{{{name}}}}}"),
    }
}

/// Where the path begins, if the text goes so far.
fn host_end(head: &str, is_unknown: bool) -> Option<usize> {
    if head.starts_with('/') || head.starts_with('?') {
        return Some(0);
    }
    let host = match head.find("://") {
        Some(at) => at + 3,
        None => 0,
    };
    let rest = &head[host..];
    // `{{baseUrl}}orders` has no `/` between.
    if host == 0 && is_unknown {
        let behind = rest.strip_prefix(SAMPLE).unwrap_or(rest);
        if behind.starts_with(|letter: char| letter.is_alphanumeric()) {
            return Some(SAMPLE.len());
        }
    }
    rest.find(['/', '?', '#']).map(|at| host + at)
}

/// The origin in its normal form, and the user before the host.
fn origin_of(head: &str, is_unknown: bool) -> Option<(String, Option<String>)> {
    let (protocol, host) = match head.split_once("://") {
        Some((protocol, host)) => (protocol.to_ascii_lowercase(), host),
        // Postman, curl and others send to `http` then.
        None if !head.is_empty() && !is_unknown => ("http".to_owned(), head),
        None => return None,
    };
    let protocol = if protocol == SAMPLE {
        "https"
    } else {
        &protocol
    };
    let (user, host) = match host.rsplit_once('@') {
        Some((user, host)) => (Some(user.to_owned()), host),
        None => (None, host),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let default = if protocol == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(default).unwrap_or(&host);
    (!host.is_empty()).then(|| (format!("{protocol}://{host}"), user))
}

/// The path and the query, without the fragment, which nobody sends.
fn split_path(rest: &ForeignText) -> (ForeignText, ForeignText) {
    let (mut path, mut query) = (ForeignText::default(), ForeignText::default());
    let mut is_query = false;
    for piece in rest.pieces() {
        let ForeignPiece::Literal(text) = piece else {
            if is_query { &mut query } else { &mut path }.push(piece.clone());
            continue;
        };
        let (text, has_fragment) = match text.split_once('#') {
            Some((before, _)) => (before, true),
            None => (text.as_str(), false),
        };
        match text.split_once('?') {
            Some((before, behind)) if !is_query => {
                path.push_literal(before);
                query.push_literal(behind);
                is_query = true;
            }
            _ => if is_query { &mut query } else { &mut path }.push_literal(text),
        }
        if has_fragment {
            break;
        }
    }
    (rooted(&path), query)
}

/// With exactly one `/` at its beginning.
fn rooted(path: &ForeignText) -> ForeignText {
    let mut out = ForeignText::literal("/");
    for (index, piece) in path.pieces().iter().enumerate() {
        match piece {
            ForeignPiece::Literal(text) if index == 0 => {
                out.push_literal(
                    text.trim_start_matches('/')
                        .trim_end_matches(['\n', '\r', ' ']),
                );
            }
            ForeignPiece::Literal(text) => {
                out.push_literal(text.trim_end_matches(['\n', '\r', ' ']));
            }
            piece => out.push(piece.clone()),
        }
    }
    out
}

/// The parameters of a query as it stands in an address, those without `=` without a value; `None`
/// where a name is a variable or no text.
pub(super) fn query_fields(query: &ForeignText) -> Option<Vec<CollectionField>> {
    let marked = query.marked()?;
    let mut fields = Vec::new();
    for pair in marked.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        };
        let name = decoded(name)?;
        let named = query.unmark(&name);
        let name = named.as_literal()?.to_owned();
        let value = match value {
            Some(value) => Some(query.unmark(&decoded(value)?)),
            None => None,
        };
        fields.push(CollectionField {
            name,
            value,
            is_disabled: false,
            remark: None,
        });
    }
    Some(fields)
}

/// Percent-encoded text, as forms write it.
pub(super) fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let bytes = percent_encoding::percent_decode_str(&spaced);
    bytes.decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Text of a path or a query as it is sent: what cannot stand there is encoded, what is encoded
/// stays.
pub(super) fn encoded(text: &str, allowed: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        let is_escape = *byte == b'%'
            && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
            && bytes.get(at + 2).is_some_and(u8::is_ascii_hexdigit);
        let letter = char::from(*byte);
        let is_fine = byte.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/".contains(letter);
        if is_fine || is_escape || (byte.is_ascii() && allowed.contains(letter)) {
            out.push(letter);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(address: &str) -> (String, String, String, String) {
        let value_of = |name: &str| match name {
            "base" => Some("https://api.example/v1".to_owned()),
            "shop" => Some("my-shop".to_owned()),
            _ => None,
        };
        let split = split_address(&ForeignText::parse(address), &value_of);
        let text = |text: &ForeignText| text.pieces().iter().map(shown_piece).collect::<String>();
        let origin = split.origin.unwrap_or_default();
        (
            origin,
            split.shown_host,
            text(&split.path),
            text(&split.query),
        )
    }

    #[test]
    fn an_address_is_taken_apart_as_far_as_it_is_known() {
        let cases = [
            (
                "https://a.example:443/x?y={{z}}#f",
                "https://a.example",
                "https://a.example:443",
                "/x",
                "y={{z}}",
            ),
            (
                "{{base}}/orders/{{id}}",
                "https://api.example",
                "https://api.example",
                "/v1/orders/{{id}}",
                "",
            ),
            ("{{unknown}}/orders", "", "{{unknown}}", "/orders", ""),
            ("{{unknown}}orders", "", "{{unknown}}", "/orders", ""),
            (
                "https://{{shop}}.example/a",
                "https://my-shop.example",
                "https://my-shop.example",
                "/a",
                "",
            ),
            (
                "https://{{other}}.example/a",
                "https://sample.example",
                "https://{{other}}.example",
                "/a",
                "",
            ),
            (
                "{{p}}://a.example/b",
                "https://a.example",
                "{{p}}://a.example",
                "/b",
                "",
            ),
            (
                "a.example/b",
                "http://a.example",
                "http://a.example",
                "/b",
                "",
            ),
            ("/only/path?q", "", "", "/only/path", "q"),
            (
                "http://me:pw@a.example",
                "http://a.example",
                "http://a.example",
                "/",
                "",
            ),
            (
                "{{base}}//x",
                "https://api.example",
                "https://api.example",
                "/v1//x",
                "",
            ),
        ];
        for (address, origin, shown, path, query) in cases {
            let found = split(address);
            let found = (
                found.0.as_str(),
                found.1.as_str(),
                found.2.as_str(),
                found.3.as_str(),
            );
            assert_eq!(found, (origin, shown, path, query), "{address}");
        }
    }

    #[test]
    fn text_that_cannot_stand_in_a_path_is_encoded() {
        assert_eq!(
            encoded("/a b/%20/{x}/한", ""),
            "/a%20b/%20/%7Bx%7D/%ED%95%9C"
        );
    }
}
