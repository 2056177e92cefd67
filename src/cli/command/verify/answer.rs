//! The answer as text: the verdict first, then what to do, then how the right signature is made.

use super::meant_request::RequestDifference;
use super::suspect::SuspectChoice;
use crate::diagnostic::{join_names, pluralize};
use crate::mistake::{
    ProvenMistake, RequestObservation, SentStep, SignatureDiagnosis, SignatureVerdict,
    TextComparison, TextSource,
};
use crate::model::scheme::CoveredPart;
use crate::redact::Redactor;
use crate::report::{TerminalStyle, wrap_words};
use crate::sign::VerifyError;
use crate::transport::human_duration;

/// The columns before the text of a row.
const ROW_INDENT: usize = 9;

/// Everything that the answer is made of; nothing of it has passed the redactor.
pub(super) struct VerifyAnswer<'a> {
    pub(super) choice: &'a SuspectChoice,
    pub(super) diagnosis: &'a SignatureDiagnosis,
    pub(super) differences: &'a [RequestDifference],
    /// Why the marketplace would refuse a right signature.
    pub(super) refusal: Option<VerifyError>,
    pub(super) now_ms: i64,
    /// Whether it is known when the request was sent.
    pub(super) has_given_time: bool,
    pub(super) names_request: Option<&'a str>,
    pub(super) had_refusal: bool,
    /// Whether the account lacks a credential.
    pub(super) lacks_keys: bool,
}

impl VerifyAnswer<'_> {
    /// `equal`, `different` or `unknown`.
    pub(super) fn verdict(&self) -> &'static str {
        match self.diagnosis.verdict {
            SignatureVerdict::Equal { .. } => "equal",
            SignatureVerdict::Mistakes(_) | SignatureVerdict::Different => "different",
            SignatureVerdict::Unknown(_) => "unknown",
        }
    }

    pub(super) fn mistakes(&self) -> &[ProvenMistake] {
        match &self.diagnosis.verdict {
            SignatureVerdict::Mistakes(mistakes) => mistakes,
            _ => &[],
        }
    }

    /// What the request shows by itself, without what a proven mistake explains.
    pub(super) fn observations(&self) -> impl Iterator<Item = &RequestObservation> {
        let is_explained = !self.mistakes().is_empty();
        let all = self.diagnosis.observations.iter();
        all.filter(move |observation| !(is_explained && observation.is_about_signature))
    }

    /// The first line, without the verdict.
    pub(super) fn summary(&self) -> String {
        match &self.diagnosis.verdict {
            SignatureVerdict::Equal { account, level } => {
                let level = if level.is_empty() {
                    String::new()
                } else {
                    format!(", at level {level}")
                };
                let refused = self.refused_in_short().unwrap_or_default();
                format!("the signature is correct for account {account}{level}{refused}")
            }
            SignatureVerdict::Mistakes(mistakes) => {
                let texts: Vec<&str> = mistakes.iter().map(|one| one.text.as_str()).collect();
                texts.join("; and ")
            }
            SignatureVerdict::Different => {
                "no known mistake gives the signature that was sent".to_owned()
            }
            SignatureVerdict::Unknown(reason) if self.diagnosis.lacks_signature() => {
                if self.choice.imported.notes.is_empty() {
                    reason.clone()
                } else {
                    format!("{reason}; see the notes below")
                }
            }
            SignatureVerdict::Unknown(_) if self.lacks_keys => {
                "a credential is missing, so the signature cannot be computed".to_owned()
            }
            SignatureVerdict::Unknown(reason) => reason.clone(),
        }
    }

    /// A right signature is not enough: the first line says so.
    fn refused_in_short(&self) -> Option<String> {
        let refusal = self.refusal.as_ref()?;
        let fault = refusal.fault.name();
        let location = shown_location(refusal);
        Some(if refusal.is_about_now() && !self.has_given_time {
            format!("; sent now, the request is refused as `{fault}`{location}")
        } else {
            format!(", but the request is refused as `{fault}`{location}")
        })
    }

    /// Whether the time of a request with a right signature is good.
    pub(super) fn time_note(&self) -> Option<String> {
        if !matches!(self.diagnosis.verdict, SignatureVerdict::Equal { .. }) {
            return None;
        }
        let clock = &self.choice.matched.scheme.clock;
        let window = clock.window.map_or_else(
            || "the scheme defines no time window".to_owned(),
            |window| {
                format!(
                    "the scheme accepts {} before and after",
                    human_duration(window)
                )
            },
        );
        let at = time_text(self.now_ms);
        let when = if self.has_given_time {
            format!("at {at}")
        } else {
            format!("now, at {at}")
        };
        let Some(refusal) = &self.refusal else {
            return Some(format!(
                "the time of the request is valid {when} ({window})"
            ));
        };
        let fault = refusal.fault.name();
        let location = shown_location(refusal);
        Some(match (refusal.is_about_now(), self.has_given_time) {
            // What is looked at before the time was refused, so nothing is known of the time.
            (false, _) => format!(
                "not checked: the marketplace refuses the request as `{fault}`{location} at any time"
            ),
            (true, true) => {
                format!("{when} the marketplace refuses the request as `{fault}` ({window})")
            }
            (true, false) => format!(
                "sent {when}, the request would be refused as `{fault}` ({window}); pass the time when it was sent with `--at`"
            ),
        })
    }

    pub(super) fn covered(&self) -> Option<String> {
        let covered = &self.choice.matched.scheme.covered_parts;
        let names = |is_covered: bool| {
            let parts = CoveredPart::ALL.into_iter();
            let parts = parts.filter(|part| covered.contains(part) == is_covered);
            parts.map(CoveredPart::name).collect::<Vec<_>>()
        };
        let (signed, free) = (names(true), names(false));
        if signed.is_empty() {
            return None;
        }
        let signed = join_names(signed, "and");
        Some(if free.is_empty() {
            format!("the signature covers {signed}")
        } else {
            let free = join_names(free, "and");
            format!("the signature covers {signed}; it does not cover {free}")
        })
    }

    /// What was read, and as what.
    fn header(&self) -> Vec<(&'static str, String)> {
        let choice = self.choice;
        let imported = &choice.imported;
        let query = match imported.target.split_once('?') {
            Some((_, query)) => format!("?{query}"),
            None => String::new(),
        };
        let mut rows = vec![
            (
                "request",
                format!(
                    "{} {}{}{query}",
                    imported.method,
                    choice.matched.base.origin(),
                    imported.path()
                ),
            ),
            (
                "read",
                format!(
                    "from {}, with a body of {}",
                    imported.format.name(),
                    pluralize(imported.body.len(), "byte")
                ),
            ),
            (
                "scheme",
                format!(
                    "{}, environment {}",
                    choice.matched.scheme.name, choice.environment
                ),
            ),
        ];
        rows.extend(imported.notes.iter().map(|note| ("note", note.clone())));
        rows.extend(self.time_note().map(|note| ("time", note)));
        rows.extend(self.covered().map(|note| ("covers", note)));
        rows
    }

    pub(super) fn render(&self, redactor: &mut Redactor, style: TerminalStyle) -> String {
        let mut page = AnswerPage {
            lines: Vec::new(),
            redactor,
            style,
        };
        page.verdict(self);
        page.blank();
        for (name, text) in self.header() {
            page.row(name, &text);
        }
        page.request_differences(self);
        page.trace(self.diagnosis);
        page.comparisons(self);
        if !matches!(self.diagnosis.verdict, SignatureVerdict::Equal { .. }) {
            page.search(self.diagnosis);
        }
        page.lines.join("\n")
    }
}

/// ` (query.timestamp)`, if the fault has a place.
fn shown_location(refusal: &VerifyError) -> String {
    if refusal.location.is_empty() {
        String::new()
    } else {
        format!(" ({})", refusal.location)
    }
}

fn time_text(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| format!("{unix_ms} ms"), |time| time.to_string())
}

/// Lines for a terminal. Every text that comes from outside passes the redactor.
struct AnswerPage<'r> {
    lines: Vec<String>,
    redactor: &'r mut Redactor,
    style: TerminalStyle,
}

impl AnswerPage<'_> {
    fn blank(&mut self) {
        self.lines.push(String::new());
    }

    fn shown(&mut self, text: &str) -> String {
        self.redactor.redact_for_display(text).to_string()
    }

    fn title(&mut self, text: &str) {
        self.blank();
        let title = self.style.bold(text);
        self.lines.push(title);
    }

    fn row(&mut self, name: &str, text: &str) {
        let text = self.shown(text);
        let name = format!("{name:<7}");
        let name = if name.starts_with("note") {
            self.style.yellow(&name)
        } else {
            self.style.dim(&name)
        };
        // In a pipe a line stays one line, so that it can be searched for.
        let lines = if self.style.is_live {
            wrap_words(&text, self.style.width.max(40) - ROW_INDENT)
        } else {
            text.lines().map(str::to_owned).collect()
        };
        let mut lines = lines.into_iter();
        self.lines
            .push(format!("{name}  {}", lines.next().unwrap_or_default()));
        self.lines
            .extend(lines.map(|line| format!("         {line}")));
    }

    fn verdict(&mut self, answer: &VerifyAnswer<'_>) {
        let summary = self.shown(&answer.summary());
        let verdict = self.style.bold(answer.verdict());
        self.lines.push(format!("{verdict}: {summary}"));
        for mistake in answer.mistakes() {
            let code = mistake.code.name();
            let way_out = self.shown(&mistake.way_out);
            self.lines.push(format!("  what to do: {way_out}"));
            for other in &mistake.or {
                let line = format!("  or: {} ({})", other.sentence(), other.name());
                self.lines.push(line);
            }
            if !mistake.or.is_empty() {
                let line = "  these mistakes give the same signature: check each of them";
                self.lines.push(line.to_owned());
            }
            let line =
                format!("  mistake {code}: this change alone gives the signature that was sent");
            let line = if answer.mistakes().len() > 1 {
                format!("  mistake {code}")
            } else {
                line
            };
            let line = self.style.dim(&line);
            self.lines.push(line);
        }
        for observation in answer.observations() {
            let text = self.shown(&observation.text);
            let way_out = self.shown(&observation.way_out);
            let mark = self.style.yellow("also");
            self.lines.push(format!("{mark}: {text}"));
            self.lines.push(format!("  what to do: {way_out}"));
        }
    }

    fn request_differences(&mut self, answer: &VerifyAnswer<'_>) {
        let Some(id) = answer.names_request else {
            return;
        };
        if answer.differences.is_empty() {
            self.row("meant", &format!("the request is equal to `{id}`"));
            return;
        }
        self.title(&format!("the request differs from `{id}`"));
        for difference in answer.differences {
            let part = self.shown(&difference.part);
            self.lines.push(format!("  {part}"));
            for (name, value) in [("meant", &difference.meant), ("sent", &difference.sent)] {
                let value = match value {
                    Some(value) => self.shown(value),
                    None => "nothing".to_owned(),
                };
                let value = value.replace('\n', "\n           ");
                self.lines.push(format!("    {name:<5}  {value}"));
            }
        }
    }

    fn trace(&mut self, diagnosis: &SignatureDiagnosis) {
        let Some(trace) = &diagnosis.trace else {
            return;
        };
        self.title("how the correct signature is made, step by step");
        if trace.lines.is_empty() {
            let line = self.style.dim("  this level has no signature");
            self.lines.push(line);
        }
        for (number, line) in (1..).zip(&trace.lines) {
            let (id, op) = (self.style.bold(&line.id), self.style.dim(line.op));
            self.lines.push(format!("  {number} {id} {op}"));
            let value = self.shown(&line.value);
            self.lines
                .extend(value.lines().map(|line| format!("      {line}")));
            let sent = diagnosis.sent_steps.iter();
            for step in sent.filter(|step| step.id == line.id) {
                self.sent_value(step);
            }
        }
        if matches!(diagnosis.verdict, SignatureVerdict::Unknown(_)) {
            let line = "  the following steps need a credential that is missing";
            let line = self.style.dim(line);
            self.lines.push(line);
        }
        let in_trace = |step: &&SentStep| trace.lines.iter().any(|line| line.id == step.id);
        let rest: Vec<&SentStep> = diagnosis
            .sent_steps
            .iter()
            .filter(|step| !in_trace(step))
            .collect();
        for step in rest {
            self.sent_value(step);
        }
    }

    fn sent_value(&mut self, step: &SentStep) {
        if step.is_right {
            let line = self
                .style
                .dim(&format!("      = sent in {}", step.location));
            self.lines.push(line);
            return;
        }
        let sent = self.shown(&step.sent);
        let mark = self
            .style
            .red(&format!("      ≠ sent in {}:", step.location));
        self.lines.push(mark);
        self.lines
            .extend(sent.lines().map(|line| format!("      {line}")));
    }

    fn comparisons(&mut self, answer: &VerifyAnswer<'_>) {
        for comparison in &answer.diagnosis.differences {
            self.comparison(answer, comparison);
        }
        let has_server = answer
            .diagnosis
            .differences
            .iter()
            .any(|one| one.source == TextSource::Server);
        if answer.had_refusal && !has_server {
            self.title("the refusal");
            let line = if answer.diagnosis.trace.is_some() {
                "  it shows no text that is similar to the signed text"
            } else {
                "  it was not compared, because the signed text needs the missing credential"
            };
            self.lines.push(line.to_owned());
        }
    }

    fn comparison(&mut self, answer: &VerifyAnswer<'_>, comparison: &TextComparison) {
        let whose = source_name(comparison.source);
        let step = &comparison.step;
        let Some(difference) = &comparison.difference else {
            self.title(&format!("{whose} is equal to `{step}`"));
            let is_right = matches!(answer.diagnosis.verdict, SignatureVerdict::Equal { .. });
            let rest = match comparison.source {
                TextSource::Own if is_right => "your text and the signature are correct",
                TextSource::Own => {
                    "your text is correct: check the key, and how your program computes the signature from text and key"
                }
                TextSource::Server => {
                    "the marketplace received the same request: your program signs another text, or uses another key"
                }
            };
            self.lines.push(format!("  {rest}"));
            return;
        };
        self.title(&format!(
            "{whose} differs from `{step}` at byte {}, in line {}",
            difference.offset + 1,
            difference.line
        ));
        let expected = self.shown(&difference.expected);
        let given = self.shown(&difference.given);
        self.lines.push(format!("  scheme  {expected}"));
        self.lines.push(format!("  given   {given}"));
        if let Some(remark) = &difference.remark {
            let remark = self.shown(remark);
            self.lines.push(format!("  {remark}"));
        }
    }

    fn search(&mut self, diagnosis: &SignatureDiagnosis) {
        self.blank();
        self.row("tried", &pluralize(diagnosis.tried, "signature"));
        for left_out in &diagnosis.left_out {
            self.row("skipped", left_out);
        }
        for suspect in &diagnosis.suspects {
            self.row("look", suspect);
        }
    }
}

pub(super) fn source_name(source: TextSource) -> &'static str {
    match source {
        TextSource::Server => "the text of the marketplace",
        TextSource::Own => "the text of `--message`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_is_broken_between_words_where_a_person_reads_it() {
        let text =
            "print the text that the other program signs, save it, and compare it byte by byte";
        for (is_live, lines) in [(true, 3), (false, 1)] {
            let mut page = AnswerPage {
                lines: Vec::new(),
                redactor: &mut Redactor::default(),
                style: TerminalStyle {
                    has_colour: false,
                    width: 40,
                    is_live,
                },
            };
            page.row("look", text);
            assert_eq!(page.lines.len(), lines, "{:?}", page.lines);
            let has_room = |line: &String| line.len() <= 40;
            assert_eq!(page.lines.iter().all(has_room), is_live, "{:?}", page.lines);
        }
    }
}
