//! Variations of the time in the text, and of level and token.

use super::catalogue::MistakeCode as M;
use super::chain::ChainPlace;
use super::key_variations::constants;
use super::recipe::{Recipe, replace_bytes};
use super::suspect::Surroundings;
use super::variation::{ChangePairs, ChangeRequest, Claim, Edit, Variation, VariedPart};
use crate::calendar::format_time;
use crate::model::scheme::{ClockFormat, RequestPart, SchemeClock};
use crate::sign::write_time;
use crate::value::Value;
use std::rc::Rc;

/// Other times are tried this far from the one that was sent.
const MAX_SECONDS: i64 = 5;

/// Forms of a time that programs write, with their names.
const FORMATS: [(&str, &str); 14] = [
    ("%Y-%m-%dT%H:%M:%SZ", "as RFC 3339"),
    ("%Y-%m-%dT%H:%M:%S+00:00", "as RFC 3339 with `+00:00`"),
    ("%Y-%m-%dT%H:%M:%S", "without a zone"),
    ("%Y-%m-%d %H:%M:%S", "with a space between date and time"),
    ("%Y%m%dT%H%M%SZ", "without separators"),
    ("%y%m%dT%H%M%SZ", "with two digits for the year"),
    ("%y%m%dT%I%M%SZ", "with 12 hours"),
    ("%Y%m%dT%I%M%SZ", "with 12 hours"),
    ("%Y-%m-%d %I:%M:%S", "with 12 hours"),
    ("%Y%m%d%H%M%S", "as digits"),
    ("%y%m%d", "as a date only"),
    ("%Y%m%d", "as a date only"),
    ("%Y-%m-%d", "as a date only"),
    ("%a, %d %b %Y %H:%M:%S GMT", "as an HTTP date"),
];

/// A code, a sentence, and the time that is signed in the place of the one that was sent.
type OtherTime = (M, String, String);

pub(super) fn time_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let place = time_place(recipe);
    if place == TimePlace::Nowhere {
        return Vec::new();
    }
    let sent = recipe.signed.ts.as_str();
    let number: Option<i64> = sent.parse().ok();
    let Some(ms) = recipe.signed.sent_ms.or(number) else {
        return Vec::new();
    };
    let signs_headers = recipe.reads(&["header_pairs", "headers"]);
    let mut times = near_times(recipe, ms);
    times.extend(number.map(other_units).into_iter().flatten());
    times.extend(other_forms(&recipe.scheme.clock, sent, ms));
    times.extend(times_of_headers(recipe));
    let text = "the time is missing from the text".to_owned();
    times.push((M::FIELDS_OF_TEXT, text, String::new()));
    let others = times.into_iter().filter(|(.., time)| time != sent);
    let others = others.map(|(code, text, time)| (Claim::new(code, text), time));
    let mut all = Vec::new();
    for (claim, time) in others {
        if place == TimePlace::Named && signs_headers {
            all.push(with_time_of_headers(recipe, claim.clone(), time.clone()));
        }
        all.push(place.variation(claim, time));
    }
    all
}

/// Where the time gets into the text.
#[derive(Clone, PartialEq, Eq)]
enum TimePlace {
    Nowhere,
    /// By its name.
    Named,
    /// As the parameter of this name.
    Parameter(String),
}

fn time_place(recipe: &Recipe<'_>) -> TimePlace {
    let uses = |name: &str| recipe.text_names.iter().any(|known| known == name);
    if uses("ts") || uses("unix_s") || uses("unix_ms") {
        return TimePlace::Named;
    }
    match recipe.signed.value("ts") {
        Some(sent) if !recipe.chains.is_empty() && sent.part != RequestPart::Header => {
            TimePlace::Parameter(sent.field.clone())
        }
        _ => TimePlace::Nowhere,
    }
}

impl TimePlace {
    /// The text with another time.
    fn variation(&self, claim: Claim, time: String) -> Variation {
        let Self::Parameter(field) = self else {
            return Variation::name(claim, VariedPart::Time, "ts", time);
        };
        let field = field.clone();
        let change: ChangePairs = Rc::new(move |mut pairs| {
            let (_, value) = pairs.iter_mut().find(|(name, _)| *name == field)?;
            value.clone_from(&time);
            Some(pairs)
        });
        let edit = Edit::Pairs(ChainPlace::Start, change);
        Variation::new(claim, VariedPart::Time, edit)
    }
}

/// The text with another time, also in the headers that are signed.
fn with_time_of_headers(recipe: &Recipe<'_>, claim: Claim, time: String) -> Variation {
    let sent = recipe.signed.ts.clone();
    let mut variation = TimePlace::Named.variation(claim, time.clone());
    let change: ChangeRequest = Rc::new(move |request| {
        for (_, value) in &mut request.draft.headers {
            if *value == sent {
                value.clone_from(&time);
            }
        }
    });
    variation.edits.push(Edit::Request(change));
    variation
}

/// A time that was taken twice.
fn near_times(recipe: &Recipe<'_>, ms: i64) -> Vec<OtherTime> {
    let clock = &recipe.scheme.clock;
    let mut times = Vec::new();
    for step in 1..=MAX_SECONDS {
        for (delta, how) in [(-step, "before"), (step, "after")] {
            let Ok(other) = write_time(clock, ms.saturating_add(delta * 1_000)) else {
                continue;
            };
            let text = format!(
                "the time was taken twice: the text has `{other}`, {step} s {how} the one that was sent"
            );
            times.push((M::TIME_TWICE, text, other));
        }
    }
    if clock.format == ClockFormat::UnixMilliseconds {
        for delta in [-1, 1, -2, 2, -3, 3] {
            let other = ms.saturating_add(delta).to_string();
            let text = format!(
                "the time was taken twice: the text has `{other}`, {} ms away from the one that was sent",
                delta.abs()
            );
            times.push((M::TIME_TWICE, text, other));
        }
        let whole = ms.div_euclid(1_000).saturating_mul(1_000);
        let text = "the milliseconds of the time are zero in the text".to_owned();
        times.push((M::TIME_TWICE, text, whole.to_string()));
    }
    times
}

fn other_units(number: i64) -> Vec<OtherTime> {
    let (seconds, rest) = (number.div_euclid(1_000), number.rem_euclid(1_000));
    let unit = M::SECONDS_AND_MILLISECONDS;
    let form = M::TIME_FORM;
    [
        (
            unit,
            "seconds are signed, but milliseconds are sent",
            seconds.to_string(),
        ),
        (
            unit,
            "milliseconds are signed, but seconds are sent",
            number.saturating_mul(1_000).to_string(),
        ),
        (
            form,
            "the time is signed as a decimal number",
            format!("{number}.0"),
        ),
        (
            form,
            "the time is signed as a decimal number",
            format!("{seconds}.{rest:03}"),
        ),
    ]
    .map(|(code, text, time)| (code, text.to_owned(), time))
    .to_vec()
}

fn other_forms(clock: &SchemeClock, sent: &str, ms: i64) -> Vec<OtherTime> {
    let mut times = Vec::new();
    for (format, how) in FORMATS {
        for zone in [0, clock.zone] {
            if let Ok(other) = format_time(ms, format, zone) {
                let text = format!("the time is signed {how}: `{other}`");
                times.push((M::TIME_FORM, text, other));
            }
        }
    }
    let mut add = |text: &str, time: String| times.push((M::TIME_FORM, text.to_owned(), time));
    add(
        "the time is signed as a Unix time",
        ms.div_euclid(1_000).to_string(),
    );
    add("the time is signed as a Unix time", ms.to_string());
    let ClockFormat::Strftime(format) = &clock.format else {
        return times;
    };
    for digits in [3_usize, 6] {
        let fraction = "0".repeat(digits);
        let dotted = match sent.strip_suffix('Z') {
            Some(bare) => format!("{bare}.{fraction}Z"),
            None => format!("{sent}.{fraction}"),
        };
        add("the time is signed with a fraction of a second", dotted);
    }
    add(
        "the time is signed without its zone",
        sent.trim_end_matches('Z').to_owned(),
    );
    add(
        "the time is signed with `+00:00`",
        sent.replace('Z', "+00:00"),
    );
    if let Some((before, zone)) = sent.split_at_checked(sent.len().saturating_sub(6)) {
        let is_zone = zone.starts_with(['+', '-']);
        if is_zone && zone.contains(':') {
            add(
                "the time is signed without the colon in its zone",
                format!("{before}{}", zone.replace(':', "")),
            );
        }
    }
    if let Some((before, zone)) = sent.split_at_checked(sent.len().saturating_sub(5)) {
        let digits = zone.strip_prefix(['+', '-']).unwrap_or_default();
        if digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            add(
                "the time is signed with a colon in its zone",
                format!("{before}{}:{}", &zone[..3], &zone[3..]),
            );
        }
    }
    for hours in -12..=14 {
        if let Ok(other) = format_time(ms, format, clock.zone + hours * 3_600) {
            let text = format!("a local time is signed: `{other}`");
            times.push((M::LOCAL_TIME, text, other));
        }
    }
    times
}

fn times_of_headers(recipe: &Recipe<'_>) -> Vec<OtherTime> {
    let is_time =
        |name: &str| name == "date" || name.ends_with("-date") || name.ends_with("timestamp");
    let headers = recipe.signed.request.draft.headers.iter();
    let times = headers.filter(|(name, _)| is_time(name));
    let is_sent = recipe.signed.value("ts").is_some();
    times
        .map(|(name, value)| {
            let text = format!("the time of the header `{name}` is signed");
            // The one of the scheme did not arrive, so this is it, under another name.
            let code = if is_sent {
                M::TIME_TWICE
            } else {
                M::HEADER_NAME
            };
            (code, text, value.clone())
        })
        .collect()
}

/// A text with a time that is some milliseconds away.
pub(super) struct NearTime {
    pub(super) claim: Claim,
    pub(super) text: Vec<u8>,
}

/// The right text with the times around the one that was sent, for when all else has failed. The time
/// is exchanged in the bytes of the text: a template for each of thousands of times would take long.
pub(super) fn near_milliseconds<'t>(
    recipe: &'t Recipe<'_>,
    right: &'t [u8],
) -> impl Iterator<Item = NearTime> + 't {
    let sent = recipe.signed.ts.as_str();
    let is_ms = recipe.scheme.clock.format == ClockFormat::UnixMilliseconds;
    let ms: Option<i64> = sent.parse().ok().filter(|_| is_ms);
    let shows = memchr::memmem::find(right, sent.as_bytes()).is_some();
    let base = ms.filter(|_| shows && time_place(recipe) != TimePlace::Nowhere);
    let deltas = (1..=2_000).flat_map(|step: i64| [-step, step]);
    base.into_iter().flat_map(move |base| {
        deltas.clone().map(move |delta| {
            let other = base.saturating_add(delta).to_string();
            let text = format!(
                "the time was taken twice: the text has `{other}`, {} ms away from the one that was sent",
                delta.abs()
            );
            NearTime {
                claim: Claim::new(M::TIME_TWICE, text),
                text: replace_bytes(right, sent.as_bytes(), other.as_bytes()),
            }
        })
    })
}

/// The recipe at other levels, and other tokens in it.
pub(super) fn level_variations(recipe: &Recipe<'_>) -> Vec<Variation> {
    let mut all = Vec::new();
    let id = &recipe.steps[recipe.signing].id;
    for level in &recipe.scheme.levels {
        let steps = &level.procedure.sign;
        let is_here = steps.get(recipe.signing).is_some_and(|step| step.id == *id);
        if !is_here || std::ptr::eq(steps.as_slice(), recipe.steps) {
            continue;
        }
        let text = format!("signed at level `{}`", level.name);
        let other = steps.clone();
        let mut variation = Variation::new(
            Claim::new(M::LEVEL_OR_TOKEN, text),
            VariedPart::Level,
            Edit::Steps(std::rc::Rc::new(
                move |steps: &mut Vec<crate::model::scheme::SignStep>| {
                    steps.clone_from(&other);
                },
            )),
        );
        variation
            .edits
            .push(Edit::Vars(level.procedure.vars.clone()));
        all.push(variation);
    }
    for name in &recipe.text_names {
        let is_token = name.starts_with("token.");
        let is_account = name.strip_prefix("cred.").is_some_and(|member| {
            recipe.scheme.credential(member).is_some_and(|credential| {
                credential.scope == crate::model::scheme::CredentialScope::Account
                    && !credential.is_secret
            })
        });
        if is_token || is_account {
            let text = format!("`{name}` is missing from the text");
            let claim = Claim::new(M::LEVEL_OR_TOKEN, text);
            all.push(Variation::name(claim, VariedPart::Level, name, ""));
        }
    }
    all
}

/// Other values in the text for what is no secret: a region, an id of another account.
pub(super) fn constant_variations(
    recipe: &Recipe<'_>,
    around: &Surroundings<'_>,
) -> Vec<Variation> {
    let mut all = Vec::new();
    for name in &recipe.text_names {
        let Some((root, member)) = name.split_once('.') else {
            continue;
        };
        // Another key is tried as a key.
        if !matches!(root, "cred" | "token") || (root == "cred" && recipe.is_secret(name)) {
            continue;
        }
        for account in around
            .accounts
            .iter()
            .filter(|account| account.name != recipe.account.name)
        {
            let value = account
                .credentials
                .get(member)
                .and_then(Value::to_plain_text);
            if let Some(value) = value.filter(|value| recipe.value(name).as_ref() != Some(value)) {
                let text = format!("`{name}` of `{}` is signed", account.name);
                let claim = Claim::new(M::LEVEL_OR_TOKEN, text);
                all.push(Variation::name(claim, VariedPart::Level, name, value));
            }
        }
        if !recipe.is_secret(name) {
            for value in constants(recipe, name) {
                let text = format!("`{value}` is signed for `{name}`");
                let claim = Claim::new(M::SCHEME_CONSTANT, text);
                let mut variation = Variation::name(claim, VariedPart::Level, name, value.clone());
                // A value that only chooses another way of signing is no constant of the text.
                let shows = move |text: &[u8]| {
                    let found = String::from_utf8_lossy(text).contains(&value);
                    found.then(|| text.to_vec())
                };
                variation.edits.push(Edit::Bytes(Rc::new(shows)));
                all.push(variation);
            }
        }
    }
    all
}
