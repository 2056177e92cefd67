//! The `Link` header (RFC 8288), by which a response names its next page.

/// One link of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebLink {
    /// As it is written: an absolute address, or one that is relative to the request.
    pub(crate) target: String,
    /// In small letters: they are compared without case (section 3.3).
    pub(crate) relations: Vec<String>,
}

/// A text that is no list of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkHeaderError {
    #[error("a link must begin with `<`")]
    NoTarget,
    #[error("a `<` is never closed")]
    OpenTarget,
    #[error("a quote is never closed")]
    OpenQuote,
}

/// The links of one value of the header. A link with an `anchor` is about another resource and left
/// out (section 3.2).
///
/// # Errors
/// When the text is no list of links.
pub(crate) fn parse_links(value: &str) -> Result<Vec<WebLink>, LinkHeaderError> {
    let mut links = Vec::new();
    // RFC 9110, section 5.6.1: a list may have empty elements.
    let mut rest = value.trim_start_matches(is_blank_or_comma);
    while !rest.is_empty() {
        let inside = rest.strip_prefix('<').ok_or(LinkHeaderError::NoTarget)?;
        let (target, after) = inside.split_once('>').ok_or(LinkHeaderError::OpenTarget)?;
        let parameters;
        (parameters, rest) = parse_parameters(after)?;
        rest = rest.trim_start_matches(is_blank_or_comma);
        if parameters.iter().any(|(name, _)| name == "anchor") {
            continue;
        }
        // Section 3.3: of several `rel` the first one counts.
        let rel = parameters.iter().find(|(name, _)| name == "rel");
        links.push(WebLink {
            target: target.trim().to_owned(),
            relations: rel.map_or_else(Vec::new, |(_, value)| {
                value.split_whitespace().map(str::to_lowercase).collect()
            }),
        });
    }
    Ok(links)
}

fn is_blank_or_comma(letter: char) -> bool {
    letter == ',' || letter.is_ascii_whitespace()
}

type LinkParameters = Vec<(String, String)>;

/// The parameters of a link, and the text behind them (appendix B.3).
fn parse_parameters(text: &str) -> Result<(LinkParameters, &str), LinkHeaderError> {
    let mut parameters = Vec::new();
    let mut rest = text.trim_start();
    while let Some(inside) = rest.strip_prefix(';') {
        let inside = inside.trim_start();
        let end = inside
            .find(|letter: char| matches!(letter, '=' | ';' | ',') || letter.is_ascii_whitespace())
            .unwrap_or(inside.len());
        let (name, after) = inside.split_at(end);
        rest = after.trim_start();
        let mut value = String::new();
        if let Some(written) = rest.strip_prefix('=') {
            (value, rest) = parse_parameter_value(written.trim_start())?;
            rest = rest.trim_start();
        }
        if !name.is_empty() {
            parameters.push((name.to_ascii_lowercase(), value));
        }
    }
    Ok((parameters, rest))
}

fn parse_parameter_value(text: &str) -> Result<(String, &str), LinkHeaderError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Ok((value.trim_end().to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &quoted[at + 1..])),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(LinkHeaderError::OpenQuote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Vec<(String, String)> {
        parse_links(value)
            .unwrap()
            .into_iter()
            .map(|link| (link.target, link.relations.join(" ")))
            .collect()
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let pair = |target: &str, rel: &str| (target.to_owned(), rel.to_owned());
        // RFC 8288, section 3.5.
        let one =
            "<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\"";
        assert_eq!(
            found(one),
            [pair("http://example.com/TheBook/chapter2", "previous")]
        );
        assert_eq!(
            found("</>; rel=\"http://example.net/foo\""),
            [pair("/", "http://example.net/foo")]
        );
        assert_eq!(found("</terms>; rel=\"copyright\"; anchor=\"#foo\""), []);
        let two = "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, \
                   </TheBook/chapter4>; rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel";
        assert_eq!(
            found(two),
            [
                pair("/TheBook/chapter2", "previous"),
                pair("/TheBook/chapter4", "next")
            ]
        );
        assert_eq!(
            found("<http://example.org/>; rel=\"start http://example.net/relation/other\""),
            [pair(
                "http://example.org/",
                "start http://example.net/relation/other"
            )]
        );
        assert_eq!(
            found(
                "<https://example.org/>; rel=\"start\", <https://example.org/index>; rel=\"index\""
            ),
            [
                pair("https://example.org/", "start"),
                pair("https://example.org/index", "index")
            ]
        );
    }

    #[test]
    fn commas_and_quotes_inside_of_a_link_end_nothing() {
        let value =
            ", <?a=1,2;b>;title=\"a, \\\"b\\\"; rel=x\" ; REL = Next , <b>;rel=last;rel=next,";
        let pairs = [("?a=1,2;b", "next"), ("b", "last")];
        assert_eq!(
            found(value),
            pairs.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(found("<a>"), [("a".to_owned(), String::new())]);
        assert_eq!(found(""), []);
        for wrong in [
            "a; rel=next",
            "<a; rel=next",
            "<a>; rel=\"next",
            "<a>; rel=next <b>",
        ] {
            let _ = parse_links(wrong);
        }
        assert_eq!(parse_links("a; rel=next"), Err(LinkHeaderError::NoTarget));
        assert_eq!(
            parse_links("<a; rel=next"),
            Err(LinkHeaderError::OpenTarget)
        );
        assert_eq!(
            parse_links("<a>; rel=\"next"),
            Err(LinkHeaderError::OpenQuote)
        );
    }
}
