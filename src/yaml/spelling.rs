//! What the text of a file can say, before anything is decoded.

/// Whether a scalar of a file can hold `word`, letters alone: it stands in the text, or an escape
/// of double-quoted text could spell it (YAML 1.2.2, section 5.7) or join its halves (7.3.1).
#[must_use]
pub(crate) fn can_spell(text: &str, word: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(['x', 'u', 'U', '\n', '\r']) {
            return true;
        }
    }
    text.contains(word)
}

#[cfg(test)]
mod tests {
    use super::can_spell;
    use crate::span::FileId;
    use crate::yaml::{NodeKind, YamlNode, parse};

    fn holds_secret(node: &YamlNode) -> bool {
        match &node.kind {
            NodeKind::Text(text) => text.value.as_str().contains("secret"),
            NodeKind::List(items) => items.iter().any(holds_secret),
            NodeKind::Map(entries) => entries.iter().any(|entry| holds_secret(&entry.value)),
            _ => false,
        }
    }

    #[test]
    fn every_spelling_that_the_parser_knows_is_seen() {
        for text in [
            "a: '{{ secret.a }}'",
            "a: \"{{ s\\x65cret.a }}\"",
            "a: \"{{ \\u0073ecret.a }}\"",
            "a: \"{{ \\U00000073ecret.a }}\"",
            "a: \"{{ sec\\\n  ret.a }}\"",
            "a: \"{{ sec\\\r\n  ret.a }}\"",
            "a: |\n  {{ secret.a }}",
        ] {
            let node = parse(FileId(0), text).unwrap();
            assert!(holds_secret(&node), "{text}");
            assert!(can_spell(text, "secret"), "{text}");
        }
        for text in ["a: b", "a: \"\\t\\\"\\\\ \"", "a: '\\d+'", "a: sec ret"] {
            assert!(!can_spell(text, "secret"), "{text}");
        }
    }
}
