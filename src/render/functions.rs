//! The functions of a request's templates: clock, calendar and chance.

use super::fresh_values::FreshValues;
use crate::calendar::{self, CalendarError, PeriodUnit, Shift, Zone};
use jiff::{Timestamp, Zoned};
use minijinja::value::Value as Mini;
use minijinja::{Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Functions whose names are also names of the language: no file can define them.
pub(crate) const FUNCTION_NAMES: [&str; 5] = ["now", "now_ms", "date", "uuid", "random"];

/// Functions that leave their name free: `date_range` can be a variable, and `date_range(…)` is the
/// function. They came later, and no file that has such a variable may break.
pub(crate) const UNRESERVED_FUNCTIONS: [&str; 3] = ["start_of", "end_of", "date_range"];

/// A call of an unreserved function as a name: `date_range()`.
#[must_use]
pub(crate) fn called_function(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix("()")?;
    UNRESERVED_FUNCTIONS
        .into_iter()
        .find(|function| *function == name)
}

/// `site` is the place of the expression: each call in one expression gets its own chance.
pub(super) fn template_function(name: &str, fresh: FreshValues, site: u64) -> Mini {
    let calls = AtomicU64::new(0);
    // The low 8 bits of a site are free: up to 256 calls in one expression get values of their own.
    let place = move || (site << 8) + calls.fetch_add(1, Ordering::Relaxed);
    match name {
        "now" => Mini::from_function(move |shift: Option<&str>| {
            Ok::<_, Error>(shifted(fresh, None, shift)?.timestamp().as_second())
        }),
        "now_ms" => Mini::from_function(move |shift: Option<&str>| {
            Ok::<_, Error>(shifted(fresh, None, shift)?.timestamp().as_millisecond())
        }),
        "date" => Mini::from_function(
            move |format: &str, zone: Option<&str>, shift: Option<&str>| {
                calendar::format_moment(&shifted(fresh, zone, shift)?, format).map_err(invalid)
            },
        ),
        "start_of" => {
            Mini::from_function(move |unit: &str, zone: Option<&str>, shift: Option<&str>| {
                period(fresh, calendar::start_of, unit, zone, shift)
            })
        }
        "end_of" => {
            Mini::from_function(move |unit: &str, zone: Option<&str>, shift: Option<&str>| {
                period(fresh, calendar::end_of, unit, zone, shift)
            })
        }
        "date_range" => Mini::from_function(move |from: &str, to: &str, zone: Option<&str>| {
            dates(fresh, from, to, zone).map_err(invalid)
        }),
        "uuid" => Mini::from_function(move || fresh.uuid(place())),
        _ => Mini::from_function(move |len: usize| {
            if len == 0 || len > 1_024 {
                Err(Error::new(
                    ErrorKind::InvalidOperation,
                    "random(n) needs a number from 1 to 1024",
                ))
            } else {
                Ok(fresh.random_text(place(), len))
            }
        }),
    }
}

fn invalid(error: CalendarError) -> Error {
    let reason = match error.hint {
        Some(hint) => format!("{}; {hint}", error.reason),
        None => error.reason,
    };
    Error::new(ErrorKind::InvalidOperation, reason)
}

fn zone_of(zone: Option<&str>) -> Result<Zone, CalendarError> {
    zone.map_or_else(|| Ok(Zone::utc()), Zone::parse)
}

fn time_of(fresh: FreshValues) -> Result<Timestamp, CalendarError> {
    calendar::moment_of_ms(fresh.unix_ms)
}

fn shifted(fresh: FreshValues, zone: Option<&str>, shift: Option<&str>) -> Result<Zoned, Error> {
    let moved = || -> Result<Zoned, CalendarError> {
        let zone = zone_of(zone)?;
        let shift = shift.map_or_else(|| Ok(Shift::default()), Shift::parse)?;
        shift.apply(time_of(fresh)?, &zone)
    };
    moved().map_err(invalid)
}

fn period(
    fresh: FreshValues,
    cut: fn(PeriodUnit, &Zoned) -> Result<i64, CalendarError>,
    unit: &str,
    zone: Option<&str>,
    shift: Option<&str>,
) -> Result<i64, Error> {
    let unit = PeriodUnit::parse(unit).map_err(invalid)?;
    cut(unit, &shifted(fresh, zone, shift)?).map_err(invalid)
}

fn dates(
    fresh: FreshValues,
    from: &str,
    to: &str,
    zone: Option<&str>,
) -> Result<Vec<String>, CalendarError> {
    let (from, to) = (Shift::parse(from)?, Shift::parse(to)?);
    calendar::date_range(time_of(fresh)?, from, to, &zone_of(zone)?)
}

#[cfg(test)]
mod tests {
    use crate::model::template::{Template, TemplateTree, TemplateTreeKind};
    use crate::render::{FreshValues, TemplateDialect, VariableScope, render_tree};
    use crate::span::Span;
    use crate::value::parse;
    use std::path::Path;
    use std::process::Command;

    /// What the expression gives at a time, as JSON.
    fn eval(expression: &str, unix_ms: i64) -> Result<String, String> {
        let scope = VariableScope::new(FreshValues {
            unix_ms,
            seed: [0; 16],
        });
        let text = format!("{{{{ {expression} }}}}");
        let template = Template::parse(&text, Span::default(), None).unwrap();
        for expression in template.expressions() {
            let checked = TemplateDialect::Request.check(expression);
            checked.map_err(|diagnostic| diagnostic.title)?;
        }
        let tree = TemplateTree {
            at: Span::default(),
            kind: TemplateTreeKind::Template(template),
        };
        let value = render_tree(&tree, &scope).map_err(|error| error.reason)?;
        Ok(value.to_json())
    }

    /// `tests/vectors/times/generate.py` computes them with Python's own libraries: a thousand are
    /// kept, and with `INGAM_MEASURE` ten thousand new ones are computed.
    #[test]
    fn shifts_and_periods_in_twenty_zones_are_those_of_another_implementation() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/times");
        let table = if option_env!("INGAM_MEASURE").is_some() {
            let python = option_env!("INGAM_TEST_PYTHON").unwrap_or("python3");
            let mut command = Command::new(python);
            command
                .arg(folder.join("generate.py"))
                .args(["10000", "2026"]);
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        } else {
            std::fs::read_to_string(folder.join("times.tsv")).unwrap()
        };
        let mut wrong = Vec::new();
        for line in table.lines() {
            let [time, expression, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let expected = parse(expected.as_bytes()).unwrap().to_json();
            let given = eval(expression, time.parse().unwrap());
            if given.as_ref() != Ok(&expected) {
                wrong.push(format!("{time} {expression}: {given:?}, not {expected}"));
            }
        }
        let count = table.lines().count();
        println!("{count} shifts and periods, {} differ", wrong.len());
        assert!(count >= 1_000 && wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_time_is_moved_before_it_is_cut() {
        const NOON: i64 = 1_700_000_000_000;
        for (expression, value) in [
            ("now('-1d')", "1699913600"),
            ("now_ms('-15m')", "1699999100000"),
            ("date('%Y-%m-%d', '+09:00', '-1d')", "\"2023-11-14\""),
            ("date('%Y-%m-%d', 'Asia/Seoul', '-1d')", "\"2023-11-14\""),
            ("start_of('day', 'Asia/Seoul')", "1699974000"),
            ("end_of('day', 'Asia/Seoul')", "1700060399"),
            ("start_of('month', 'UTC', '-1mo')", "1696118400"),
            ("end_of('month', 'UTC', '-1mo')", "1698796799"),
            ("start_of('week')", "1699833600"),
            (
                "date_range('-2d', '+0d', 'Asia/Seoul')",
                r#"["2023-11-13","2023-11-14","2023-11-15"]"#,
            ),
            (
                "date_range('-2d', '-1d') | join(',')",
                "\"2023-11-12,2023-11-13\"",
            ),
            ("1700000000 | date('%Y%m%d', 'Asia/Seoul')", "\"20231115\""),
            ("1700000000123 | date('%S.%3f')", "\"20.123\""),
            (
                "'2023-11-15T00:00:00+09:00' | date('%d %H:%M')",
                "\"14 15:00\"",
            ),
            ("'2023-11-15T00:00:00+09:00' | unix", "1699974000"),
            ("'20231115' | unix('%Y%m%d', 'Asia/Seoul')", "1699974000"),
            ("20231115 | unix('%Y%m%d', 'Asia/Seoul')", "1699974000"),
            (
                "('20231115' | unix('%Y%m%d', 'Asia/Seoul')) + 1",
                "1699974001",
            ),
            ("now() - ('2023-11-15T00:00:00+09:00' | unix)", "26000"),
        ] {
            assert_eq!(eval(expression, NOON).as_deref(), Ok(value), "{expression}");
        }
    }
}
