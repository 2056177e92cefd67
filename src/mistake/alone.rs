//! What a request shows without any computation: time, names, places, placeholders.

use super::catalogue::MistakeCode as M;
use super::observation::RequestObservation;
use super::query_text::percent_decoded;
use super::suspect::SuspectRequest;
use crate::model::request::TemplateField;
use crate::model::scheme::{ClockFormat, RequestPart, SchemeClock, SignOp, SigningProcedure};
use crate::sign::{SignedRequest, TestAccount, read_time, salt_fault};
use crate::value::Value;
use crate::wire::parse_form;

pub(super) fn alone_observations(
    suspect: &SuspectRequest<'_>,
    procedure: &SigningProcedure,
    signed: &SignedRequest,
    account: &TestAccount,
) -> Vec<RequestObservation> {
    let mut all = Vec::new();
    all.extend(time_observation(suspect, signed));
    all.extend(absent_fields(suspect, procedure, signed));
    all.extend(repeated_fields(suspect, signed));
    all.extend(loose_values(signed));
    all.extend(placeholders(signed));
    if suspect.received.path().contains("//") {
        all.push(RequestObservation::new(
            M::SLASHES,
            "",
            "the path has `//` in it",
        ));
    }
    all.extend(salt_observation(suspect, procedure, account));
    all
}

fn time_observation(
    suspect: &SuspectRequest<'_>,
    signed: &SignedRequest,
) -> Option<RequestObservation> {
    let sent = signed.value("ts")?;
    let location = format!("{}.{}", sent.part.name(), sent.field);
    let clock = &suspect.scheme.clock;
    let Some(ms) = signed
        .sent_ms
        .filter(|ms| !is_other_unit(clock, *ms, suspect.now_ms))
    else {
        return Some(time_form(clock, &sent.text, suspect.now_ms, location));
    };
    let window = i64::try_from(clock.window?.as_millis()).unwrap_or(i64::MAX);
    let skew = ms.saturating_sub(suspect.now_ms);
    if skew.abs() <= window {
        return None;
    }
    let direction = if skew < 0 { "behind" } else { "ahead of" };
    let words = duration_words(skew.abs());
    let quarter = 15 * 60_000;
    let rest = (skew.abs() % quarter).min(quarter - skew.abs() % quarter);
    let is_zone = rest <= 120_000 && (1_700_000..=50_400_000 + 120_000).contains(&skew.abs());
    let code = if is_zone {
        M::LOCAL_TIME
    } else if skew < -86_400_000 {
        M::OLD_TIME
    } else {
        M::CLOCK_OFF
    };
    let zone = if is_zone {
        format!(": it looks like the local time of UTC{}", zone_words(skew))
    } else {
        String::new()
    };
    let text = format!("the time that was sent is {words} {direction} the clock{zone}");
    let mut observation = RequestObservation::new(code, location, text);
    observation.or = match code {
        M::CLOCK_OFF if skew < 0 => Some(M::OLD_TIME),
        M::OLD_TIME => Some(M::CLOCK_OFF),
        M::LOCAL_TIME => Some(M::CLOCK_OFF),
        _ => None,
    };
    Some(observation)
}

/// Whether a number is in the other of seconds and milliseconds.
fn is_other_unit(clock: &SchemeClock, ms: i64, now_ms: i64) -> bool {
    match clock.format {
        ClockFormat::UnixSeconds => ms / 1_000 > now_ms / 10,
        ClockFormat::UnixMilliseconds => ms < now_ms / 10,
        ClockFormat::Strftime(_) => false,
    }
}

fn time_form(clock: &SchemeClock, sent: &str, now_ms: i64, location: String) -> RequestObservation {
    let decoded = percent_decoded(sent).filter(|text| text != sent);
    if decoded.is_some_and(|text| read_time(clock, &text).is_some()) {
        let text = format!("the time `{sent}` is percent-encoded twice");
        return RequestObservation::new(M::ENCODED_TWICE, location, text);
    }
    if let Ok(number) = sent.parse::<i64>() {
        let near = |ms: i64| (ms - now_ms).abs() < 10 * 365 * 86_400_000;
        match clock.format {
            ClockFormat::UnixSeconds if near(number) => {
                let text = "milliseconds are sent where seconds are expected";
                return RequestObservation::new(M::SECONDS_AND_MILLISECONDS, location, text);
            }
            ClockFormat::UnixMilliseconds if near(number.saturating_mul(1_000)) => {
                let text = "seconds are sent where milliseconds are expected";
                return RequestObservation::new(M::SECONDS_AND_MILLISECONDS, location, text);
            }
            _ => {}
        }
    }
    let due = match &clock.format {
        ClockFormat::UnixSeconds => "Unix seconds".to_owned(),
        ClockFormat::UnixMilliseconds => "Unix milliseconds".to_owned(),
        ClockFormat::Strftime(format) => format!("`{format}`"),
    };
    let text = format!("the time `{sent}` does not have the format of the scheme: {due}");
    RequestObservation::new(M::TIME_FORM, location, text)
}

/// `9 h`, `3 d 4 h`, `12 min 5 s`
pub(super) fn duration_words(ms: i64) -> String {
    let seconds = ms / 1_000;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut words = Vec::new();
    for (size, name) in units {
        if rest >= size && words.len() < 2 {
            words.push(format!("{} {name}", rest / size));
            rest %= size;
        }
    }
    if words.is_empty() {
        format!("{ms} ms")
    } else {
        words.join(" ")
    }
}

fn zone_words(skew: i64) -> String {
    let minutes = (skew.abs() + 450_000) / 900_000 * 15;
    let sign = if skew < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What the scheme adds and did not arrive: under another name, in another part, or not at all.
fn absent_fields(
    suspect: &SuspectRequest<'_>,
    procedure: &SigningProcedure,
    signed: &SignedRequest,
) -> Vec<RequestObservation> {
    let request = suspect.received;
    let query = parse_form(request.query());
    let form = parse_form(std::str::from_utf8(&request.body).unwrap_or_default());
    let mut all = Vec::new();
    for (part, field) in procedure.attach.fields().chain(procedure.prepare.fields()) {
        let name = if part == RequestPart::Header {
            field.name.to_ascii_lowercase().to_string()
        } else {
            field.name.to_string()
        };
        let has = |pairs: &[(String, String)]| pairs.iter().any(|(known, _)| *known == name);
        let is_here = match part {
            RequestPart::Query => has(&query),
            RequestPart::Header => has(&request.headers),
            RequestPart::Form => has(&form),
            RequestPart::Json => {
                crate::value::parse(&request.body).is_ok_and(|json| json.get(&name).is_some())
            }
        };
        let is_read = signed.sent.iter().any(|value| value.field == name);
        if is_here || is_read || may_be_missing(suspect, field) {
            continue;
        }
        let location = format!("{}.{name}", part.name());
        let signs = field.value.expressions().iter().any(|expression| {
            let mut steps = procedure.sign.iter();
            steps.any(|step| step.operation.is_signature() && expression.source.contains(&step.id))
        });
        all.push(absent(
            part,
            &name,
            location,
            signs,
            (&query, &request.headers, &form),
        ));
    }
    all
}

fn may_be_missing(suspect: &SuspectRequest<'_>, field: &TemplateField) -> bool {
    field.value.expressions().iter().any(|expression| {
        let source = expression.source.trim_end();
        let has_default = source
            .strip_prefix("cred.")
            .and_then(|name| suspect.scheme.credential(name))
            .is_some_and(|credential| credential.default.is_some());
        has_default || source.ends_with(" or none") || source.ends_with(" else none")
    })
}

type NamedParts<'p> = (
    &'p [(String, String)],
    &'p [(String, String)],
    &'p [(String, String)],
);

fn absent(
    part: RequestPart,
    name: &str,
    location: String,
    signs: bool,
    parts: NamedParts<'_>,
) -> RequestObservation {
    let (query, headers, form) = parts;
    for (other, pairs) in [
        (RequestPart::Query, query),
        (RequestPart::Header, headers),
        (RequestPart::Form, form),
    ] {
        if other != part
            && pairs
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            let text = format!(
                "`{name}` is in the {}, but must be in the {}",
                other.name(),
                part.name()
            );
            return RequestObservation::new(M::WRONG_PLACE, location, text);
        }
    }
    let own = match part {
        RequestPart::Header => headers,
        RequestPart::Query => query,
        RequestPart::Form | RequestPart::Json => form,
    };
    let near = own.iter().find(|(known, _)| is_near_name(known, name));
    if let Some((near, _)) = near {
        let text = format!("`{near}` is sent, but the scheme names it `{name}`");
        return RequestObservation::new(M::HEADER_NAME, location, text);
    }
    let text = format!("`{name}` did not arrive in the {}", part.name());
    let code = if signs {
        M::SIGNATURE_ABSENT
    } else {
        M::HEADER_NAME
    };
    let mut observation = RequestObservation::new(code, location, text);
    observation.or = (!signs).then_some(M::SIGNATURE_ABSENT);
    observation
}

/// Whether a name is a misspelt form of another one.
pub(super) fn is_near_name(sent: &str, due: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.collect::<String>().to_lowercase()
    };
    let (sent, due) = (plain(sent), plain(due));
    sent == due || strsim::damerau_levenshtein(&sent, &due) <= 1 + due.len() / 8
}

fn repeated_fields(
    suspect: &SuspectRequest<'_>,
    signed: &SignedRequest,
) -> Vec<RequestObservation> {
    let request = suspect.received;
    let query = parse_form(request.query());
    let mut all = Vec::new();
    for (part, name) in &signed.attached {
        let pairs = match part {
            RequestPart::Query => &query,
            RequestPart::Header => &request.headers,
            RequestPart::Form | RequestPart::Json => continue,
        };
        let count = pairs.iter().filter(|(known, _)| known == name).count();
        if count > 1 {
            let text = format!("`{name}` arrives {count} times");
            all.push(RequestObservation::new(
                M::SIGNATURE_ABSENT,
                format!("{}.{name}", part.name()),
                text,
            ));
        }
    }
    all
}

fn loose_values(signed: &SignedRequest) -> Vec<RequestObservation> {
    let loose = signed.sent.iter().filter(|value| value.is_loose);
    let mut all: Vec<RequestObservation> = Vec::new();
    for value in loose {
        let location = format!("{}.{}", value.part.name(), value.field);
        if !all.iter().any(|known| known.location == location) {
            let text = format!("`{}` does not have the format of the scheme", value.field);
            all.push(RequestObservation::new(M::HEADER_NAME, location, text));
        }
    }
    all
}

const PLACEHOLDERS: [&str; 9] = [
    "undefined",
    "null",
    "None",
    "nil",
    "NaN",
    "[object Object]",
    "your_",
    "YOUR_",
    "<your",
];

pub(super) fn is_placeholder(text: &str) -> bool {
    let has_mark = ["{{", "}}", "${", "<%", "%{"]
        .iter()
        .any(|mark| text.contains(mark));
    has_mark
        || PLACEHOLDERS.iter().any(|word| {
            text == *word
                || (word.len() > 4 && word.ends_with(['_', 'r']) && text.starts_with(word))
        })
}

fn placeholders(signed: &SignedRequest) -> Vec<RequestObservation> {
    // What stands for a signature is told with the form of it.
    let is_own = |name: &str| name.contains('.') || name == "ts";
    let sent = signed.sent.iter();
    let sent = sent.filter(|value| is_placeholder(&value.text) && is_own(&value.name));
    sent.map(|value| {
        let location = format!("{}.{}", value.part.name(), value.field);
        let text = format!(
            "`{}` is sent for `{}`: a placeholder that was not replaced",
            value.text, value.name
        );
        RequestObservation::new(M::KEY_PLACEHOLDER, location, text)
    })
    .collect()
}

/// A salt that is none is told by its form; nothing has to be computed.
fn salt_observation(
    suspect: &SuspectRequest<'_>,
    procedure: &SigningProcedure,
    account: &TestAccount,
) -> Option<RequestObservation> {
    let salt = procedure
        .sign
        .iter()
        .find_map(|step| match &step.operation {
            SignOp::Bcrypt { salt, .. } => salt.as_expression(),
            _ => None,
        })?;
    let member = salt.source.strip_prefix("cred.")?;
    let value = account
        .credentials
        .get(member)
        .and_then(Value::to_plain_text)?;
    let fault = salt_fault(&value)?;
    let title = suspect
        .scheme
        .credential(member)
        .map_or("key", |credential| &credential.name);
    let text = format!("`cred.{title}` is not a secret of the marketplace: {fault}");
    Some(RequestObservation::new(
        M::KEY_SETTINGS,
        format!("cred.{member}"),
        text,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_is_told_in_words() {
        assert_eq!(duration_words(32_400_000), "9 h");
        assert_eq!(duration_words(725_000), "12 min 5 s");
        assert_eq!(zone_words(32_400_500), "+09:00");
        assert_eq!(zone_words(-12_600_000), "-03:30");
    }
}
