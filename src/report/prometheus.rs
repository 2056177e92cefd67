//! Metrics in the text format of Prometheus, for the textfile collector of `node_exporter`:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>. Only names of the workspace
//! become labels, so that a run has the same series every time. It holds no text of a response.

use super::document::{RunDocument, StepEntry, UnitEntry, VerdictCounts, VerdictWord};
use std::fmt::Write as _;

/// A metric with all of its series.
struct Family {
    name: &'static str,
    help: &'static str,
    series: Vec<Series>,
}

struct Series {
    labels: Vec<(&'static str, String)>,
    value: String,
}

impl Series {
    fn new(labels: Vec<(&'static str, String)>, value: &impl ToString) -> Self {
        Self {
            labels,
            value: value.to_string(),
        }
    }
}

#[must_use]
pub(super) fn write(document: &RunDocument) -> String {
    let mut common = vec![("environment", document.environment.clone())];
    // Shards of one run can write to one machine.
    common.extend(document.shard.clone().map(|shard| ("shard", shard)));
    let families = run_families(document)
        .into_iter()
        .chain(time_families(document))
        .chain(count_families(document))
        .chain(unit_families(document))
        .chain(step_families(document));
    let mut out = String::new();
    for family in families {
        write_family(&mut out, &family, &common);
    }
    out
}

fn write_family(out: &mut String, family: &Family, common: &[(&'static str, String)]) {
    let Family { name, help, series } = family;
    if series.is_empty() {
        return;
    }
    // Writing to a `String` cannot fail. A gauge: the collector shows the last run only, so that a
    // count can become smaller.
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} gauge\n");
    for Series { labels, value } in series {
        let labels: Vec<String> = common
            .iter()
            .chain(labels)
            .map(|(label, text)| format!("{label}=\"{}\"", escape_label(text)))
            .collect();
        let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
    }
}

fn escape_label(text: &str) -> String {
    // The backslash first, or the escapes below would be escaped again. A carriage return has no
    // escape in this format.
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', " ")
}

fn run_families(document: &RunDocument) -> [Family; 3] {
    let version = vec![("version", document.ingam.clone())];
    let of_verdict = |word: VerdictWord| {
        let labels = vec![("verdict", word.name().to_owned())];
        Series::new(labels, &document.summary.of_verdict(word))
    };
    let exit_code = document.exit_code.iter();
    [
        Family {
            name: "ingam_build_info",
            help: "The version of ingam that wrote these metrics.",
            series: vec![Series::new(version, &1)],
        },
        Family {
            name: "ingam_run_exit_code",
            help: "Exit code of the last run; 0 means that everything passed.",
            series: exit_code
                .map(|code| Series::new(Vec::new(), code))
                .collect(),
        },
        Family {
            name: "ingam_run_units",
            help: "Units of the last run by verdict.",
            series: VerdictWord::ALL.map(of_verdict).into(),
        },
    ]
}

fn time_families(document: &RunDocument) -> [Family; 3] {
    let end_ms = document.unix_ms(document.duration_ms);
    [
        single(
            "ingam_run_start_timestamp_seconds",
            "Unix time at which the last run started.",
            &seconds_text(document.unix_ms(0.0)),
        ),
        single(
            "ingam_run_end_timestamp_seconds",
            "Unix time at which the last run ended.",
            &seconds_text(end_ms),
        ),
        single(
            "ingam_run_duration_seconds",
            "How long the last run took.",
            &(document.duration_ms / 1_000.0),
        ),
    ]
}

/// Name, help and value.
type Count = (&'static str, &'static str, usize);

fn count_families(document: &RunDocument) -> impl Iterator<Item = Family> {
    let counts = &document.summary;
    let of_run: [Count; 4] = [
        (
            "ingam_run_interrupted",
            "1 if a signal interrupted the last run, otherwise 0.",
            usize::from(document.interrupted.is_some()),
        ),
        (
            "ingam_run_planned_units",
            "Planned units of the last run.",
            document.planned,
        ),
        (
            "ingam_run_errors",
            "Errors of the last run that belong to no unit.",
            counts.run_errors,
        ),
        (
            "ingam_run_warnings",
            "Warnings of the last run that belong to no unit.",
            document.warnings().count(),
        ),
    ];
    of_run
        .into_iter()
        .chain(summed_counts(counts))
        .map(|(name, help, count)| single(name, help, &count))
}

fn summed_counts(counts: &VerdictCounts) -> [Count; 4] {
    [
        (
            "ingam_run_flaky_units",
            "Units of the last run that passed only after a retry.",
            counts.flaky,
        ),
        (
            "ingam_run_requests",
            "Requests that the last run sent, or replayed.",
            counts.requests,
        ),
        (
            "ingam_run_token_requests",
            "Token renewals that the last run started.",
            counts.token_requests,
        ),
        (
            "ingam_run_leftovers",
            "Items that the last run created but could not undo.",
            counts.not_undone,
        ),
    ]
}

/// A metric with one series.
fn single(name: &'static str, help: &'static str, value: &impl ToString) -> Family {
    Family {
        name,
        help,
        series: vec![Series::new(Vec::new(), value)],
    }
}

fn unit_families(document: &RunDocument) -> [Family; 2] {
    let labels = |unit: &UnitEntry| vec![("unit", unit.id.clone())];
    let success = document.units.iter().filter_map(|unit| {
        let success = success_value(unit.verdict)?;
        Some(Series::new(labels(unit), &success))
    });
    let run = document
        .units
        .iter()
        .filter(|unit| unit.verdict != VerdictWord::Skip);
    [
        Family {
            name: "ingam_unit_success",
            help: "1 if the unit passed, 0 if it failed or could not be done. A skipped unit has no value.",
            series: success.collect(),
        },
        Family {
            name: "ingam_unit_duration_seconds",
            help: "How long the unit took, with its retries and the set-up of its fixtures.",
            series: run
                .map(|unit| Series::new(labels(unit), &(unit.duration_ms / 1_000.0)))
                .collect(),
        },
    ]
}

fn step_families(document: &RunDocument) -> [Family; 4] {
    let series = |value: &dyn Fn(&StepEntry) -> Option<String>| -> Vec<Series> {
        let steps = document.units.iter().flat_map(numbered_steps);
        let with_value = steps.filter_map(|(unit, label, step)| {
            let labels = vec![("unit", unit.id.clone()), ("step", label)];
            Some(Series::new(labels, &value(step)?))
        });
        with_value.collect()
    };
    let success = |step: &StepEntry| Some(success_value(step.verdict)?.to_string());
    let latency = |step: &StepEntry| Some((step.latency_ms? / 1_000.0).to_string());
    let status = |step: &StepEntry| Some(step.status?.to_string());
    let requests = |step: &StepEntry| Some(step.requests.to_string());
    [
        Family {
            name: "ingam_step_success",
            help: "1 if the step passed, 0 if it failed or could not be done. A skipped step has no value.",
            series: series(&success),
        },
        Family {
            name: "ingam_step_latency_seconds",
            help: "Time from the last request of the step to the end of its response.",
            series: series(&latency),
        },
        Family {
            name: "ingam_step_status_code",
            help: "HTTP status code of the last response of the step.",
            series: series(&status),
        },
        Family {
            name: "ingam_step_requests",
            help: "Requests that the step sent, or replayed: polls, pages and retries send several.",
            series: series(&requests),
        },
    ]
}

/// Each step of a unit with its name, or, where it has none of its own, its number as `#2`. No step
/// can have this name, so that no series stands twice.
fn numbered_steps(unit: &UnitEntry) -> impl Iterator<Item = (&UnitEntry, String, &StepEntry)> {
    (1..).zip(&unit.steps).map(move |(number, step)| {
        let own = step.name.as_ref().filter(|name| {
            let same = unit
                .steps
                .iter()
                .filter(|other| other.name.as_ref() == Some(*name));
            same.count() == 1
        });
        let label = own.map_or_else(|| format!("#{number}"), String::clone);
        (unit, label, step)
    })
}

fn success_value(verdict: VerdictWord) -> Option<u8> {
    match verdict {
        VerdictWord::Pass => Some(1),
        VerdictWord::Fail | VerdictWord::Error => Some(0),
        VerdictWord::Skip => None,
    }
}

/// Unix milliseconds in seconds, with every digit.
fn seconds_text(unix_ms: i64) -> String {
    let sign = if unix_ms < 0 { "-" } else { "" };
    let ms = unix_ms.unsigned_abs();
    format!("{sign}{}.{:03}", ms / 1_000, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::super::test_documents::{document_of, retried_document};
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::collections::HashSet;

    /// The rules of the format, read strictly: `HELP`, `TYPE`, then all series of a metric, each
    /// once, with a number.
    fn assert_is_valid(text: &str) {
        let label = r#"[a-z_]+="(?:[^"\\\n\r]|\\\\|\\"|\\n)*""#;
        let sample = Regex::new(&format!(
            r"^([a-z_]+)\{{((?:{label})(?:,{label})*)\}} (-?\d+(?:\.\d+)?)$"
        ))
        .unwrap();
        let (mut metrics, mut series, mut current) = (HashSet::new(), HashSet::new(), "");
        let mut lines = text.split_terminator('\n');
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(help.ends_with('.') && metrics.insert(name), "{line}");
                assert_eq!(lines.next().unwrap(), format!("# TYPE {name} gauge"));
                assert!(
                    name.starts_with("ingam_") && !name.ends_with("_total"),
                    "{line}"
                );
                current = name;
                continue;
            }
            let found = sample
                .captures(line)
                .unwrap_or_else(|| panic!("no sample: {line}"));
            assert_eq!(&found[1], current, "{line}");
            let labels = format!("{}{{{}}}", &found[1], &found[2]);
            assert!(series.insert(labels), "twice: {line}");
        }
        assert!(text.ends_with('\n') && metrics.len() >= 14, "{text}");
    }

    #[test]
    fn a_run_is_a_series_for_each_number() {
        let mut document = retried_document(VerdictWord::Pass);
        document.environment = "live".to_owned();
        document.exit_code = Some(0);
        document.started = jiff::Timestamp::from_millisecond(1_764_500_000_250).unwrap();
        document.duration_ms = 1_500.5;
        let text = write(&document);
        assert_is_valid(&text);
        for line in [
            "ingam_run_start_timestamp_seconds{environment=\"live\"} 1764500000.250",
            "ingam_run_end_timestamp_seconds{environment=\"live\"} 1764500001.750",
            "ingam_run_duration_seconds{environment=\"live\"} 1.5005",
            "ingam_run_exit_code{environment=\"live\"} 0",
            "ingam_run_units{environment=\"live\",verdict=\"pass\"} 1",
            "ingam_run_units{environment=\"live\",verdict=\"error\"} 0",
            "ingam_unit_success{environment=\"live\",unit=\"a[x]@sg\"} 1",
            "ingam_unit_duration_seconds{environment=\"live\",unit=\"a[x]@sg\"} 0.02",
            "ingam_step_latency_seconds{environment=\"live\",unit=\"a[x]@sg\",step=\"#1\"} 0.005",
            "ingam_step_status_code{environment=\"live\",unit=\"a[x]@sg\",step=\"#1\"} 200",
            "ingam_step_requests{environment=\"live\",unit=\"a[x]@sg\",step=\"#1\"} 3",
        ] {
            assert!(text.lines().any(|other| other == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_skipped_unit_has_no_outcome_and_a_shard_names_itself() {
        let mut document = retried_document(VerdictWord::Skip);
        document.shard = Some("2/5".to_owned());
        let text = write(&document);
        assert_is_valid(&text);
        assert!(!text.contains("ingam_unit_"), "{text}");
        assert!(
            text.contains("ingam_run_units{environment=\"\",shard=\"2/5\",verdict=\"skip\"} 1")
        );
        assert!(!text.contains("exit_code"), "it is not known: {text}");
    }

    #[test]
    fn steps_of_one_name_are_series_of_their_own() {
        let mut document = retried_document(VerdictWord::Fail);
        let unit = &mut document.units[0];
        unit.steps[0].name = Some("same".to_owned());
        unit.steps.push(unit.steps[0].clone());
        assert_is_valid(&write(&document));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_breaks_the_format(text in "(\\PC|\\p{C}|[\"\\\\\n\r{}=,# ]){0,40}") {
            assert_is_valid(&write(&document_of(&text)));
        }
    }
}
