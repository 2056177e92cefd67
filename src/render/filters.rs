//! The filters that there are. Stock filters that are made for web pages give wrong signatures, so
//! they are not there at all: a missing filter is an error, a wrong one is a silent refusal.

use super::convert::{from_mini, to_mini};
use super::exact_filters;
use crate::model::expression::EXACT_FILTERS;
use crate::value::Value;
use crate::wire::{encode_form, encode_strict};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::{Rest, Value as Mini};
use minijinja::{Environment, Error, ErrorKind, filters as stock, tests as stock_tests};

/// What a request's templates may use.
pub(super) const REQUEST_FILTERS: &[&str] = &[
    "abs",
    "base64",
    "base64url",
    "batch",
    "compact",
    "date",
    "default",
    "encode_base64",
    "first",
    "float",
    "int",
    "join",
    "json",
    "last",
    "length",
    "lower",
    "max",
    "min",
    "number",
    "replace",
    "round",
    "split",
    "sum",
    "trim",
    "unix",
    "upper",
    "with",
    "without",
    "zip",
];
/// What a scheme's templates may use.
pub(super) const SCHEME_FILTERS: &[&str] = &[
    "also",
    "b64",
    "bytesort",
    "canonical",
    "compact",
    "concat",
    "drop",
    "encoded",
    "first",
    "folded",
    "formenc",
    "join",
    "last",
    "length",
    "lower",
    "merged",
    "names",
    "nonempty",
    "normalized",
    "only",
    "replace",
    "rfc3986",
    "split",
    "trim",
    "upper",
];

/// A result longer than this is refused, in bytes: a few nested `replace` would fill any memory.
const MAX_RESULT_BYTES: usize = 1 << 20;

/// The tests after `is` that a request's templates may use.
pub(super) const REQUEST_TESTS: &[&str] = &["defined", "none"];

pub(super) fn add_request_filters(environment: &mut Environment<'static>) {
    environment.add_filter("abs", stock::abs);
    environment.add_filter("compact", compact);
    environment.add_filter("default", stock::default);
    // Of its bytes, with padding, as in `Authorization: Basic` (RFC 7617).
    environment.add_filter("encode_base64", |text: &str| BASE64_STANDARD.encode(text));
    environment.add_filter("first", stock::first);
    environment.add_filter("float", stock::float);
    environment.add_filter("int", stock::int);
    environment.add_filter("join", join);
    environment.add_filter("last", stock::last);
    environment.add_filter("length", stock::length);
    environment.add_filter("lower", stock::lower);
    environment.add_filter("max", stock::max);
    environment.add_filter("min", stock::min);
    environment.add_filter("replace", replace);
    environment.add_filter("round", stock::round);
    environment.add_filter("split", split);
    environment.add_filter("sum", stock::sum);
    environment.add_filter("trim", |text: &str| text.trim().to_owned());
    environment.add_filter("upper", stock::upper);
    for name in EXACT_FILTERS {
        environment.add_filter(name, move |input: &Mini, arguments: Rest<Mini>| {
            exact(name, input, &arguments)
        });
    }
    environment.add_test("defined", stock_tests::is_defined);
    environment.add_test("none", stock_tests::is_none);
}

pub(super) fn add_scheme_filters(environment: &mut Environment<'static>) {
    environment.add_filter("also", |list: &Mini, more: &Mini| {
        Ok::<_, Error>(pair_list(pairs(list)?.into_iter().chain(pairs(more)?)))
    });
    environment.add_filter("b64", |text: &str| BASE64_STANDARD.encode(text));
    environment.add_filter("bytesort", bytesort);
    environment.add_filter("canonical", canonical);
    environment.add_filter("compact", compact);
    environment.add_filter("concat", concat);
    environment.add_filter("drop", |list: &Mini, names: Rest<Mini>| {
        let names = flat_names(&names)?;
        filter_pairs(list, |name, _| !names.iter().any(|other| other == name))
    });
    environment.add_filter("encoded", |list: &Mini| {
        map_pairs(list, |text| encode_strict(text).into_owned())
    });
    environment.add_filter("first", stock::first);
    environment.add_filter("folded", |list: &Mini| map_pairs(list, fold));
    environment.add_filter("join", join);
    environment.add_filter("last", stock::last);
    environment.add_filter("length", stock::length);
    environment.add_filter("lower", stock::lower);
    environment.add_filter("merged", merged);
    environment.add_filter("names", |list: &Mini| {
        let names = pairs(list)?.into_iter().map(|(name, _)| name);
        Ok::<_, Error>(names.collect::<Vec<_>>())
    });
    environment.add_filter("normalized", normalized_path);
    environment.add_filter("replace", replace);
    environment.add_filter("split", split);
    environment.add_filter("trim", |text: &str| text.trim().to_owned());
    environment.add_filter("upper", stock::upper);
    environment.add_filter("formenc", |text: &str| encode_form(text));
    environment.add_filter("nonempty", |list: &Mini| {
        filter_pairs(list, |_, value| !value.is_empty())
    });
    environment.add_filter("only", |list: &Mini, names: Rest<Mini>| {
        let names = flat_names(&names)?;
        filter_pairs(list, |name, _| names.iter().any(|other| other == name))
    });
    environment.add_filter("rfc3986", |text: &str| encode_strict(text).into_owned());
}

/// A filter of exact values that is a part of a computation. `with` and `without` are none:
/// `filter_chain` refuses them there.
fn exact(name: &str, input: &Mini, arguments: &[Mini]) -> Result<Mini, Error> {
    let arguments: Result<Vec<Value>, Error> = arguments
        .iter()
        .map(|argument| from_mini(argument).map_err(invalid))
        .collect();
    let input = from_mini(input).map_err(invalid)?;
    let result = exact_filters::apply(name, &input, &arguments?);
    to_mini(&result.map_err(|fault| invalid(fault.reason))?).map_err(invalid)
}

fn invalid(reason: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.to_string())
}

/// JSON without blanks, in the order of the keys.
fn compact(value: &Mini) -> Result<String, Error> {
    from_mini(value)
        .map(|value| value.to_json())
        .map_err(invalid)
}

fn split(text: &str, by: &str) -> Vec<String> {
    text.split(by).map(str::to_owned).collect()
}

/// JSON without blanks, members in the order of the bytes of their names at every depth. Numbers
/// keep their spelling, so that it is not RFC 8785. A text is read as JSON.
fn canonical(value: &Mini) -> Result<String, Error> {
    let mut value = from_mini(value).map_err(invalid)?;
    if let Value::String(text) = &value {
        value = crate::value::parse(text.as_bytes())
            .map_err(|error| invalid(format!("`canonical` takes JSON: {error}")))?;
    }
    sort_members(&mut value);
    Ok(value.to_json())
}

fn sort_members(value: &mut Value) {
    match value {
        Value::List(items) => items.iter_mut().for_each(sort_members),
        Value::Object(members) => {
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            members
                .iter_mut()
                .for_each(|(_, member)| sort_members(member));
        }
        _ => {}
    }
}

/// A header's value as signatures have it: nothing around it, and single blanks inside.
fn fold(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A path without `.` and `..` segments (RFC 3986, section 5.2.4) and without empty ones.
fn normalized_path(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if is_folder && !kept.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", kept.join("/"))
}

/// Pairs of one name become one, at the place of the first, with their values joined.
fn merged(list: &Mini, between: &str) -> Result<Mini, Error> {
    let mut merged: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs(list)? {
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.push_str(between);
                known.push_str(&value);
            }
            None => merged.push((name, value)),
        }
    }
    Ok(pair_list(merged.into_iter()))
}

/// Names one by one, or as lists.
fn flat_names(arguments: &[Mini]) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for argument in arguments {
        match from_mini(argument).map_err(invalid)? {
            Value::String(name) => names.push(name.to_string()),
            Value::List(items) => {
                for item in items {
                    let name = item.to_plain_text();
                    names.push(name.ok_or_else(|| invalid("a name must be text"))?);
                }
            }
            _ => return Err(invalid("names must be text, or a list of text")),
        }
    }
    Ok(names)
}

/// Names and values, each changed.
fn map_pairs(list: &Mini, change: impl Fn(&str) -> String) -> Result<Mini, Error> {
    let changed = pairs(list)?
        .into_iter()
        .map(|(name, value)| (change(&name), change(&value)));
    Ok(pair_list(changed))
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    // Computed before the text is made: the check of a finished text would come after the memory
    // was taken.
    let grown = text.len() + text.matches(from).count().saturating_mul(to.len());
    if grown > MAX_RESULT_BYTES {
        Err(invalid("the text becomes too long"))
    } else {
        Ok(text.replace(from, to))
    }
}

fn join(list: &Mini, between: Option<&str>) -> Result<String, Error> {
    let mut out = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            out.push_str(between.unwrap_or_default());
        }
        let item = from_mini(&item).map_err(invalid)?;
        // An empty text in its place would make two lists equal that are not.
        if item.is_null() {
            return Err(invalid(
                "`join` needs single values, but one of them is null",
            ));
        }
        out.push_str(
            &item
                .to_plain_text()
                .ok_or_else(|| invalid("`join` needs single values"))?,
        );
        if out.len() > MAX_RESULT_BYTES {
            return Err(invalid("the text becomes too long"));
        }
    }
    Ok(out)
}

/// A list of names and values, both as text. Anything else is an error: a pair with an empty name
/// would give a wrong signature, which a marketplace refuses without saying why.
fn pairs(list: &Mini) -> Result<Vec<(String, String)>, Error> {
    let text = |value: Mini| {
        from_mini(&value)
            .map_err(invalid)?
            .to_plain_text()
            .ok_or_else(|| invalid("a pair must contain single values"))
    };
    list.try_iter()?
        .map(|pair| {
            let (name, value) = (pair.get_item_by_index(0)?, pair.get_item_by_index(1)?);
            Ok((text(name)?, text(value)?))
        })
        .collect()
}

fn pair_list(pairs: impl Iterator<Item = (String, String)>) -> Mini {
    pairs
        .map(|(name, value)| Mini::from(vec![name, value]))
        .collect()
}

fn filter_pairs(list: &Mini, wanted: impl Fn(&str, &str) -> bool) -> Result<Mini, Error> {
    Ok(pair_list(
        pairs(list)?
            .into_iter()
            .filter(|(name, value)| wanted(name, value)),
    ))
}

/// By the bytes of the name, then of the value.
fn bytesort(list: &Mini) -> Result<Mini, Error> {
    let mut sorted = pairs(list)?;
    // Schemes demand the order of bytes, which is that of `str` in Rust; a locale would sort
    // otherwise.
    sorted.sort();
    Ok(pair_list(sorted.into_iter()))
}

/// `concat(between name and value, between pairs, encoding)`
fn concat(
    list: &Mini,
    inner: Option<&str>,
    outer: Option<&str>,
    encoding: Option<&str>,
) -> Result<String, Error> {
    let encode = |text: String| match encoding {
        None | Some("none") => Ok(text),
        Some("rfc3986") => Ok(encode_strict(&text).into_owned()),
        Some("form") => Ok(encode_form(&text)),
        Some(other) => Err(invalid(format!(
            "`{other}` is not an encoding: it can be `none`, `rfc3986` or `form`"
        ))),
    };
    let joined: Result<Vec<String>, Error> = pairs(list)?
        .into_iter()
        .map(|(name, value)| {
            Ok(format!(
                "{}{}{}",
                encode(name)?,
                inner.unwrap_or_default(),
                encode(value)?
            ))
        })
        .collect();
    Ok(joined?.join(outer.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(expression: &str) -> Result<String, Error> {
        let mut environment = Environment::empty();
        add_scheme_filters(&mut environment);
        let value = environment.compile_expression(expression)?.eval(())?;
        Ok(value.to_string())
    }

    #[test]
    fn a_pair_whose_name_is_a_list_is_an_error() {
        assert_eq!(eval("[['a', 1]] | concat('=', '&')").unwrap(), "a=1");
        assert!(eval("[[['a'], 1]] | concat('=', '&')").is_err());
    }

    #[test]
    fn filters_of_signatures_change_pairs_paths_and_json() {
        for (expression, expected) in [
            // Sorted as they are sent: `%` comes before letters, `:` behind them.
            (
                "[['a:', 'x'], ['a1', 'y']] | bytesort | encoded | concat('=', '&')",
                "a1=y&a%3A=x",
            ),
            (
                "[['a:', 'x'], ['a1', 'y']] | encoded | bytesort | concat('=', '&')",
                "a%3A=x&a1=y",
            ),
            (
                "[['A', ' x  y '], ['b', '1']] | folded | concat(':', ';')",
                "A:x y;b:1",
            ),
            (
                "[['a', '2'], ['b', 'x'], ['a', '1']] | merged(',') | concat(':', ';')",
                "a:2,1;b:x",
            ),
            (
                "[['a', '1'], ['b', '2'], ['c', '3']] | only('a;c' | split(';')) | names | join(';')",
                "a;c",
            ),
            (
                "[['a', '1'], ['b', '2']] | drop(['a']) | names | join(';')",
                "b",
            ),
            ("'/a/./b/../c//d/' | normalized", "/a/c/d/"),
            ("'/..' | normalized", "/"),
            ("'/a/b/..' | normalized", "/a/"),
            ("'' | normalized", "/"),
            (
                r#"'{"b":1.50,"a":{"d":[{"z":1,"y":2}],"c":"é"}}' | canonical"#,
                r#"{"a":{"c":"é","d":[{"y":2,"z":1}]},"b":1.50}"#,
            ),
            ("'a-b' | replace('-', '_') | upper", "A_B"),
            ("'abc' | length", "3"),
            ("'abc'[:2]", "ab"),
        ] {
            assert_eq!(eval(expression).unwrap(), expected, "{expression}");
        }
        assert!(eval("'no json' | canonical").is_err());
    }
}
