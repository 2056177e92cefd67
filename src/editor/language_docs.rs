//! The functions and filters of templates, with their signatures, for completion and hover. A test
//! holds the lists against those of `render`.

use crate::render::TemplateDialect;

/// A function or a filter.
pub(super) struct TemplateWord {
    pub(super) name: &'static str,
    /// As it is written.
    pub(super) signature: &'static str,
    pub(super) meaning: &'static str,
}

const fn word(name: &'static str, signature: &'static str, meaning: &'static str) -> TemplateWord {
    TemplateWord {
        name,
        signature,
        meaning,
    }
}

pub(super) const FUNCTIONS: &[TemplateWord] = &[
    word(
        "now",
        "now(shift)",
        "The time in Unix seconds, a number. `now(\"-1d\")` is a day ago.",
    ),
    word(
        "now_ms",
        "now_ms(shift)",
        "The time in Unix milliseconds, a number.",
    ),
    word(
        "date",
        "date(format, zone, shift)",
        "The time in a strftime format, such as `date(\"%Y-%m-%d\", \"+09:00\", \"-1d\")`.",
    ),
    word(
        "start_of",
        "start_of(unit, zone, shift)",
        "Unix seconds of the first second of the `hour`, `day`, `week`, `month` or `year`.",
    ),
    word(
        "end_of",
        "end_of(unit, zone, shift)",
        "Unix seconds of the last second of the `hour`, `day`, `week`, `month` or `year`.",
    ),
    word(
        "date_range",
        "date_range(from, to, zone)",
        "A list of dates as text, both ends included: `date_range(\"-7d\", \"-1d\", \"Asia/Seoul\")`.",
    ),
    word("uuid", "uuid()", "A fresh UUID, version 4."),
    word(
        "random",
        "random(n)",
        "`n` fresh letters and digits, 1 to 1024.",
    ),
];

pub(super) const REQUEST_FILTERS: &[TemplateWord] = &[
    word("abs", "abs", "The number without its sign."),
    word("base64", "base64", "The text that base64 encodes."),
    word("base64url", "base64url", "The text that base64url encodes."),
    word(
        "batch",
        "batch(n)",
        "A list of lists of up to `n` items each: `ids | batch(50)`.",
    ),
    word("compact", "compact", "JSON as text, without blanks."),
    word(
        "date",
        "date(format, zone)",
        "A Unix number or RFC 3339 text in a strftime format.",
    ),
    word(
        "default",
        "default(value)",
        "The value to use if the member is missing: `account.note | default(\"none\")`.",
    ),
    word("encode_base64", "encode_base64", "A text in base64."),
    word("first", "first", "The first item of a list."),
    word("float", "float", "A number."),
    word("int", "int", "A whole number: `\"12\" | int` is 12."),
    word(
        "join",
        "join(separator)",
        "One text of a list: `ids | join(\",\")`.",
    ),
    word("json", "json", "The JSON that a text holds."),
    word("last", "last", "The last item of a list."),
    word(
        "length",
        "length",
        "The number of items of a list, of members of an object, or of letters of a text.",
    ),
    word("lower", "lower", "A text in small letters."),
    word("max", "max", "The largest value of a list."),
    word("min", "min", "The smallest value of a list."),
    word("number", "number", "The number that a text holds."),
    word(
        "replace",
        "replace(from, to)",
        "A text with other parts: `name | replace(\"-\", \"_\")`.",
    ),
    word(
        "round",
        "round(digits)",
        "A rounded number: `1.257 | round(2)` is 1.26.",
    ),
    word(
        "split",
        "split(separator)",
        "A list of the parts of a text.",
    ),
    word("sum", "sum", "The sum of a list."),
    word("trim", "trim", "A text without blanks around it."),
    word(
        "unix",
        "unix(format, zone)",
        "Unix seconds of RFC 3339 text, of a Unix number, or of text in a format.",
    ),
    word("upper", "upper", "A text in capitals."),
    word(
        "with",
        "with(path, value)",
        "A copy with a new value at a JSONPath.",
    ),
    word(
        "without",
        "without(path)",
        "A copy without the value at a JSONPath.",
    ),
    word(
        "zip",
        "zip(other)",
        "A list of pairs from two lists of the same length: `ids | zip(names)`.",
    ),
];

pub(super) const SCHEME_FILTERS: &[TemplateWord] = &[
    word(
        "also",
        "also(pairs)",
        "These pairs, followed by the given ones.",
    ),
    word("b64", "b64", "A text in base64."),
    word(
        "bytesort",
        "bytesort",
        "Pairs sorted by the bytes of their names, then of their values.",
    ),
    word(
        "canonical",
        "canonical",
        "JSON without blanks, with the members sorted by the bytes of their names.",
    ),
    word("compact", "compact", "JSON without blanks."),
    word(
        "concat",
        "concat(inner, outer, encoding)",
        "One text: `inner` between name and value, `outer` between pairs.",
    ),
    word("drop", "drop(name, …)", "Pairs without these names."),
    word("encoded", "encoded", "Pairs in the encoding of queries."),
    word("first", "first", "The first item of a list."),
    word(
        "folded",
        "folded",
        "Pairs without blanks around them, and with single blanks inside.",
    ),
    word("formenc", "formenc", "A text in the encoding of forms."),
    word("join", "join(separator)", "One text of a list."),
    word("last", "last", "The last item of a list."),
    word(
        "length",
        "length",
        "The number of items of a list, or of letters of a text.",
    ),
    word("lower", "lower", "A text in small letters."),
    word(
        "merged",
        "merged(separator)",
        "Pairs of one name become one, with this text between their values.",
    ),
    word("names", "names", "The names of pairs, a list."),
    word("nonempty", "nonempty", "Pairs that have a value."),
    word(
        "normalized",
        "normalized",
        "A path without `.`, `..` and empty segments.",
    ),
    word("only", "only(name, …)", "Pairs with these names only."),
    word("replace", "replace(from, to)", "A text with other parts."),
    word(
        "rfc3986",
        "rfc3986",
        "A text in the encoding of queries (RFC 3986).",
    ),
    word(
        "split",
        "split(separator)",
        "A list of the parts of a text.",
    ),
    word("trim", "trim", "A text without blanks around it."),
    word("upper", "upper", "A text in capitals."),
];

/// The names that a scheme's templates look up.
pub(super) const SCHEME_NAMES: &[(&str, &str)] = &[
    ("cred", "the credentials of the account: `cred.partner_id`"),
    ("token", "the token that the level needs: `token.access`"),
    ("vars", "the variables of the scheme and the level"),
    ("ts", "the time, as the clock of the scheme writes it"),
    ("unix_s", "the time in Unix seconds"),
    ("unix_ms", "the time in Unix milliseconds"),
    ("req.method", "the method, in capitals"),
    ("req.url", "the whole address"),
    ("req.host", "host, and port if there is one"),
    ("req.path", "the path as it is sent"),
    ("req.api_path", "the path without that of the host"),
    ("req.query", "the query as it is sent, without `?`"),
    ("req.path_query", "path and query as they are sent"),
    (
        "req.query_pairs",
        "names and values of the query before they were encoded",
    ),
    (
        "req.form_pairs",
        "names and values of the form before they were encoded",
    ),
    ("req.json_pairs", "the top-level members of a JSON body"),
    (
        "req.multipart_pairs",
        "the parts of a multipart body that are text",
    ),
    (
        "req.header_pairs",
        "every header that the request has before the signature",
    ),
    (
        "req.headers",
        "a header of the request: `req.headers.content-type`",
    ),
    ("req.body", "the body as text"),
    ("req.json_body", "the body as text if it is JSON"),
    ("req.body_bytes", "the body as it is sent"),
    (
        "req.body_kind",
        "`none`, `json`, `form`, `multipart` or `text`",
    ),
];

/// The filters of a dialect.
#[must_use]
pub(super) fn filters(dialect: TemplateDialect) -> &'static [TemplateWord] {
    match dialect {
        TemplateDialect::Request => REQUEST_FILTERS,
        TemplateDialect::Scheme => SCHEME_FILTERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{FUNCTION_NAMES, UNRESERVED_FUNCTIONS};

    fn names(words: &[TemplateWord]) -> Vec<&str> {
        let mut names: Vec<&str> = words.iter().map(|word| word.name).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn the_lists_are_those_of_the_templates() {
        for dialect in [TemplateDialect::Request, TemplateDialect::Scheme] {
            assert_eq!(names(filters(dialect)), dialect.filter_names());
        }
        let mut functions: Vec<&str> = FUNCTION_NAMES
            .into_iter()
            .chain(UNRESERVED_FUNCTIONS)
            .collect();
        functions.sort_unstable();
        assert_eq!(names(FUNCTIONS), functions);
        let all = FUNCTIONS
            .iter()
            .chain(REQUEST_FILTERS)
            .chain(SCHEME_FILTERS);
        for word in all {
            assert!(word.signature.starts_with(word.name), "{}", word.name);
        }
    }
}
