//! Compares the responses of a run with their snapshots. It refuses to write a response whose
//! assertions fail: a person could accept it by mistake.

use super::context::RunContext;
use super::difference_reports::difference_reports;
use super::variables::recording_key;
use crate::check::DifferenceList;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::jsonpath::JsonPath;
use crate::model::request::{SnapshotMask, Step};
use crate::model::scheme::Scheme;
use crate::model::template::{Template, TemplatePart};
use crate::plan::Unit;
use crate::redact::OutputRedactor;
use crate::snapshot::{
    MaskMismatch, SnapshotError, SnapshotFile, SnapshotLocation, SnapshotMasks, SnapshotMetadata,
    SnapshotUpdate, UpdateBehavior, snapshot_content, snapshot_differences, snapshot_path,
};
use crate::span::Span;
use crate::value::Value;
use crate::wire::WireResponse;
use std::path::{Path, PathBuf};

/// A response to compare with its snapshot.
pub(super) struct SnapshotCheck<'a> {
    pub(super) unit: &'a Unit<'a>,
    pub(super) step: &'a Step,
    pub(super) scheme: &'a Scheme,
    /// Redacted by the rules of recordings. Secrets are redacted when the text is made.
    pub(super) response: &'a WireResponse,
    /// Whether an assertion, a capture or `ok` fails.
    pub(super) has_failures: bool,
}

/// The result of a comparison; empty if the response is unchanged.
#[derive(Default)]
pub(super) struct SnapshotOutcome {
    pub(super) failure: Option<FailureReport>,
    pub(super) note: Option<String>,
}

/// The file of a step's snapshot, relative to the root of the workspace.
#[must_use]
pub(crate) fn step_snapshot_path(unit: &Unit<'_>, step: &Step) -> PathBuf {
    let variants = unit
        .case
        .iter()
        .chain(unit.params.iter().map(|(_, param)| param))
        .map(|variant| variant.id.as_str());
    let parts: Vec<&str> = step
        .name
        .as_deref()
        .into_iter()
        .chain(variants)
        .chain(unit.account.as_deref())
        .collect();
    snapshot_path(&unit.request.name, &parts)
}

impl SnapshotCheck<'_> {
    /// Compares the response with its snapshot, if the step or the run asks for one.
    ///
    /// # Errors
    /// When there is no snapshot, or it cannot be read or written.
    pub(super) fn compare(
        &self,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        if self.step.snapshot.is_none() && !context.options.snapshots.every_step {
            return Ok(SnapshotOutcome::default());
        }
        let location = SnapshotLocation::new(
            &context.environment.workspace.root,
            step_snapshot_path(self.unit, self.step),
        );
        let (text, mismatch) = snapshot_content(self.response, &self.masks(), &|text| {
            self.output_redactor(context).redact(text)
        })?;
        if let Some(mismatch) = mismatch {
            return Ok(SnapshotOutcome {
                failure: Some(self.mask_failure(&mismatch, context)),
                note: None,
            });
        }
        let Some(file) = location.read_accepted()? else {
            return self.new_snapshot(&location, text, context);
        };
        let found = snapshot_differences(&file.content, &text, self.unordered())?;
        if found.shown.is_empty() {
            self.unchanged(&location, text, context)
        } else {
            self.changed(&location, &found, text, context)
        }
    }

    fn output_redactor<'c>(&self, context: &'c RunContext<'_>) -> OutputRedactor<'c> {
        context.output_redactor(&recording_key(self.unit))
    }

    /// The masks of the scheme, which hold for all its responses, and those of the step.
    fn masks(&self) -> SnapshotMasks<'_> {
        let mut masks = SnapshotMasks {
            of_scheme: self.scheme.masks.iter().collect(),
            ..SnapshotMasks::default()
        };
        for mask in self.step.snapshot.iter().flat_map(|own| &own.masks) {
            match mask {
                SnapshotMask::Path(path) => masks.paths.push(path),
                SnapshotMask::Pattern(pattern) => masks.patterns.push(pattern),
            }
        }
        masks
    }

    fn unordered(&self) -> &[JsonPath] {
        let snapshot = self.step.snapshot.as_ref();
        snapshot.map_or(&[], |snapshot| snapshot.unordered.as_slice())
    }

    fn at(&self) -> Span {
        let snapshot = self.step.snapshot.as_ref();
        snapshot.map_or(self.step.at, |snapshot| snapshot.at)
    }

    /// A mask that masks nothing leaves in the snapshot what it is there to leave out.
    fn mask_failure(&self, mismatch: &MaskMismatch, context: &RunContext<'_>) -> FailureReport {
        let mut redactor = self.output_redactor(context);
        let mask = &mismatch.mask;
        let expected = format!("a body of {}, for the mask `{mask}`", mismatch.wanted);
        let hint = match mismatch.wanted {
            "JSON" => {
                "mask text with `{ pattern: REGEX }`, and XML with an XPath such as `//updated_at`"
            }
            "XML" => {
                "mask JSON with a path such as `$.updated_at`, and text with `{ pattern: REGEX }`"
            }
            _ => "mask JSON with a path such as `$.updated_at`",
        };
        FailureReport {
            at: self.at(),
            subject: redactor.redact_for_display("snapshot"),
            expected: redactor.redact_for_display(&expected),
            actual: redactor.redact_for_display(mismatch.actual),
            hint: Some(redactor.redact_for_display(hint)),
            differences: Vec::new(),
        }
    }

    /// The response is as before, so a pending snapshot is out of date.
    fn unchanged(
        &self,
        location: &SnapshotLocation,
        text: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        let update = context.options.snapshots.update;
        // Forced: the content is the same, but the metadata or its format may be out of date.
        if update == (SnapshotUpdate::Always { force: true }) && !self.has_failures {
            location.write_accepted(&self.file_text(text, context))?;
        } else if update.allows_writing() {
            location.discard_pending()?;
        }
        Ok(SnapshotOutcome::default())
    }

    fn changed(
        &self,
        location: &SnapshotLocation,
        found: &DifferenceList,
        new: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        let written = self.write(location, new, true, context)?;
        if written == UpdateBehavior::Accept {
            return Ok(accepted_outcome(&location.path));
        }
        let hint = match written {
            UpdateBehavior::Pending => {
                "the response is pending: review it with `ingam snapshot review`"
            }
            _ if self.has_failures => "the response is not pending, because an assertion failed",
            _ => {
                "ingam writes no snapshots in CI or with INSTA_UPDATE=no: run it on your machine, then `ingam snapshot review`"
            }
        };
        Ok(SnapshotOutcome {
            failure: Some(self.difference_failure(&location.path, found, hint, context)),
            note: None,
        })
    }

    fn new_snapshot(
        &self,
        location: &SnapshotLocation,
        text: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        if self.has_failures {
            let note = format!(
                "the snapshot `{}` is not taken, because an assertion failed",
                location.path.display()
            );
            return Ok(SnapshotOutcome {
                note: Some(note),
                failure: None,
            });
        }
        match self.write(location, text, false, context)? {
            UpdateBehavior::Accept => Ok(accepted_outcome(&location.path)),
            written => Err(SnapshotError::Missing {
                path: location.path.clone(),
                is_pending: written == UpdateBehavior::Pending,
            }),
        }
    }

    fn write(
        &self,
        location: &SnapshotLocation,
        text: String,
        exists: bool,
        context: &RunContext<'_>,
    ) -> Result<UpdateBehavior, SnapshotError> {
        let behavior = if self.has_failures {
            UpdateBehavior::Nothing
        } else {
            context.options.snapshots.update.behavior_for(exists)
        };
        match behavior {
            UpdateBehavior::Nothing => {}
            UpdateBehavior::Pending => location.write_pending(&self.file_text(text, context))?,
            UpdateBehavior::Accept => location.write_accepted(&self.file_text(text, context))?,
        }
        Ok(behavior)
    }

    /// The text of the file. Its metadata is the same in every run, so that only a changed response
    /// changes the file.
    fn file_text(&self, text: String, context: &RunContext<'_>) -> String {
        let name = &self.unit.request.name;
        let source = format!("requests/{name}.yaml");
        let id = match &self.step.name {
            Some(step) => self.unit.id().replacen(name, &format!("{name}::{step}"), 1),
            None => self.unit.id(),
        };
        let expression = format!("{} {}", self.step.method, as_written(&self.step.path));
        let info = [
            ("scheme", Value::from(self.scheme.name.as_str())),
            ("status", i64::from(self.response.status).into()),
        ];
        let metadata = SnapshotMetadata {
            source: &source,
            description: &id,
            expression: &expression,
            info: &info,
        };
        self.output_redactor(context)
            .redact(&SnapshotFile::new(&metadata, text).to_text(true))
    }

    fn difference_failure(
        &self,
        path: &Path,
        found: &DifferenceList,
        hint: &str,
        context: &RunContext<'_>,
    ) -> FailureReport {
        let mut redactor = self.output_redactor(context);
        let number = found.shown.len() + found.omitted;
        FailureReport {
            at: self.at(),
            subject: redactor.redact_for_display("snapshot"),
            expected: redactor.redact_for_display(&path.display().to_string()),
            actual: redactor.redact_for_display(&format!(
                "a different response, with {}",
                pluralize(number, "difference")
            )),
            hint: Some(redactor.redact_for_display(hint)),
            differences: difference_reports(found, &mut redactor),
        }
    }
}

fn accepted_outcome(path: &Path) -> SnapshotOutcome {
    SnapshotOutcome {
        note: Some(format!(
            "the snapshot `{}` was written, because of INSTA_UPDATE",
            path.display()
        )),
        failure: None,
    }
}

/// A template as it is written in its file: rendered, it could differ in every run.
fn as_written(template: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Expression(hole) => format!("{{{{ {} }}}}", hole.source),
    };
    template.parts.iter().map(part).collect()
}
