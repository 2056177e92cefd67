//! Checks the literal arguments of functions and filters when a file is loaded: shifts, zones, units
//! and formats, each at its own place. It refuses to evaluate.

use super::expression_names::{ExpressionNames, NameUse, quoted_text};
use super::functions::{FUNCTION_NAMES, UNRESERVED_FUNCTIONS};
use crate::calendar::{self, CalendarError, PeriodUnit, Shift, Zone};
use crate::diagnostic::Diagnostic;
use crate::model::brackets::call_arguments;
use crate::model::expression::Expression;
use crate::value::Number;

/// What an argument is.
#[derive(Clone, Copy)]
enum ArgumentKind {
    Shift,
    Zone,
    Unit,
    Format,
    /// A format that a text is read with.
    ParseFormat,
    Any,
}

/// How a function or a filter is called.
struct Signature {
    name: &'static str,
    form: &'static str,
    required: usize,
    arguments: &'static [ArgumentKind],
}

const fn signature(
    name: &'static str,
    form: &'static str,
    required: usize,
    arguments: &'static [ArgumentKind],
) -> Signature {
    Signature {
        name,
        form,
        required,
        arguments,
    }
}

use ArgumentKind::{Any, Format, ParseFormat, Shift as ShiftText, Unit, Zone as ZoneName};

const FUNCTIONS: [Signature; 8] = [
    signature("now", "now(\"-1d\")", 0, &[ShiftText]),
    signature("now_ms", "now_ms(\"-15m\")", 0, &[ShiftText]),
    signature(
        "date",
        "date(\"%Y-%m-%d\", \"+09:00\", \"-1d\")",
        1,
        &[Format, ZoneName, ShiftText],
    ),
    signature(
        "start_of",
        "start_of(\"day\", \"Asia/Seoul\", \"-1d\")",
        1,
        &[Unit, ZoneName, ShiftText],
    ),
    signature(
        "end_of",
        "end_of(\"day\", \"Asia/Seoul\", \"-1d\")",
        1,
        &[Unit, ZoneName, ShiftText],
    ),
    signature(
        "date_range",
        "date_range(\"-7d\", \"-1d\", \"Asia/Seoul\")",
        2,
        &[ShiftText, ShiftText, ZoneName],
    ),
    signature("uuid", "uuid()", 0, &[]),
    signature("random", "random(8)", 1, &[Any]),
];

const FILTERS: [Signature; 6] = [
    signature("number", "number", 0, &[]),
    signature("json", "json", 0, &[]),
    signature("base64", "base64", 0, &[]),
    signature("base64url", "base64url", 0, &[]),
    signature(
        "date",
        "date(\"%Y-%m-%d\", \"+09:00\")",
        1,
        &[Format, ZoneName],
    ),
    signature(
        "unix",
        "unix(\"%Y%m%d\", \"+09:00\")",
        0,
        &[ParseFormat, ZoneName],
    ),
];

/// # Errors
/// For the first argument that is wrong, missing or too many.
pub(super) fn check_calls(
    expression: &Expression,
    names: &ExpressionNames<'_>,
) -> Result<(), Diagnostic> {
    let is_function = |used: &&NameUse<'_>| {
        let name = used.name;
        used.is_called && (FUNCTION_NAMES.contains(&name) || UNRESERVED_FUNCTIONS.contains(&name))
    };
    let functions = names.lookups.iter().filter(is_function);
    let functions = functions.map(|used| (used, FUNCTIONS.as_slice(), "function"));
    let filters = names.filters.iter();
    let filters = filters.map(|used| (used, FILTERS.as_slice(), "filter"));
    for (used, signatures, kind) in functions.chain(filters) {
        if let Some(signature) = signatures.iter().find(|known| known.name == used.name) {
            check_call(expression, used, signature, kind)?;
        }
    }
    Ok(())
}

fn check_call(
    expression: &Expression,
    used: &NameUse<'_>,
    signature: &Signature,
    kind: &str,
) -> Result<(), Diagnostic> {
    let after = used.at + used.name.len();
    let name_at = expression.at.slice(used.at, used.name.len());
    let wrong_call = |reason: String, label: String| {
        let bar = if kind == "filter" { "| " } else { "" };
        Diagnostic::error(reason)
            .at(name_at, label)
            .hint(format!("write `{bar}{}`", signature.form))
    };
    // Brackets that do not match are reported when the expression is compiled.
    let Some(arguments) = call_arguments(&expression.source[after..]) else {
        return Ok(());
    };
    let (least, most) = (signature.required, signature.arguments.len());
    if !(least..=most).contains(&arguments.len()) {
        let number = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (0, 1) => "at most one argument".to_owned(),
            (0, most) => format!("at most {most} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        let reason = format!("`{}` takes {number}", signature.name);
        return Err(wrong_call(reason, format!("has {}", arguments.len())));
    }
    let has_zone = arguments.len() > 1;
    for ((offset, written), kind) in arguments.into_iter().zip(signature.arguments) {
        if is_named(written) {
            let reason = format!("`{}` takes positional arguments only", signature.name);
            return Err(wrong_call(reason, "this argument has a name".to_owned()));
        }
        let blanks = written.len() - written.trim_start().len();
        let written = written.trim();
        let at = expression.at.slice(after + offset + blanks, written.len());
        if Number::parse(written).is_some() && !matches!(kind, ArgumentKind::Any) {
            let reason = format!("`{}` takes text here", signature.name);
            return Err(Diagnostic::error(reason)
                .at(at, "a number")
                .hint(format!("write `{}`", signature.form)));
        }
        if let Some(text) = quoted_text(written) {
            check_literal(*kind, text, has_zone).map_err(|error| {
                Diagnostic::error(error.reason)
                    .at(at, "here")
                    .maybe_hint(error.hint)
            })?;
        }
    }
    Ok(())
}

/// `name=value`, and not `name==value`.
fn is_named(argument: &str) -> bool {
    argument.split_once('=').is_some_and(|(name, rest)| {
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
        !rest.starts_with('=') && name.trim().chars().all(is_letter) && !name.trim().is_empty()
    })
}

fn check_literal(kind: ArgumentKind, text: &str, has_zone: bool) -> Result<(), CalendarError> {
    match kind {
        ArgumentKind::Shift => Shift::parse(text).map(drop),
        ArgumentKind::Zone => Zone::parse(text).map(drop).map_err(|mut error| {
            if Shift::parse(text).is_ok() {
                error.hint = Some(format!(
                    "write the zone before the shift: `\"UTC\", \"{text}\"`"
                ));
            }
            error
        }),
        ArgumentKind::Unit => PeriodUnit::parse(text).map(drop),
        ArgumentKind::Format => calendar::check_format(text),
        ArgumentKind::ParseFormat => calendar::check_parse_format(text, has_zone),
        ArgumentKind::Any => Ok(()),
    }
}
