//! Holds the answers of a run against their snapshots. It refuses to write what an assertion has
//! found wanting: a person could accept it by mistake.

use super::context::RunContext;
use super::difference_reports::difference_reports;
use crate::check::DifferenceList;
use crate::diagnostic::pluralize;
use crate::event::FailureReport;
use crate::jsonpath::JsonPath;
use crate::model::request::Step;
use crate::model::scheme::Scheme;
use crate::model::template::{Template, TemplatePart};
use crate::plan::Unit;
use crate::snapshot::{
    SnapshotError, SnapshotFile, SnapshotLocation, SnapshotMetadata, SnapshotUpdate,
    UpdateBehavior, content_differences, is_same_content, snapshot_content, snapshot_path,
};
use crate::value::Value;
use crate::wire::WireResponse;
use std::path::{Path, PathBuf};

/// An answer and whose it is.
pub(super) struct SnapshotCheck<'a> {
    pub(super) unit: &'a Unit<'a>,
    pub(super) step: &'a Step,
    pub(super) scheme: &'a Scheme,
    /// What must not stand in any file is gone from it, but for secrets.
    pub(super) response: &'a WireResponse,
    /// Its assertions do not all hold.
    pub(super) has_failures: bool,
}

/// What there is to say of an answer that could be compared.
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
    /// Compares the answer with its snapshot, when it has one or should have.
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
        let kept = SnapshotLocation::new(
            &context.environment.workspace.root,
            step_snapshot_path(self.unit, self.step),
        );
        let text = snapshot_content(self.response, &self.masks(), &|text| {
            context.state.redactor.borrow_mut().redact(text)
        })?;
        match kept.read_accepted()? {
            Some(file) if is_same_content(&file.content, &text) => {
                self.unchanged(&kept, text, context)
            }
            Some(file) => self.changed(&kept, &file.content, text, context),
            None => self.new_snapshot(&kept, text, context),
        }
    }

    /// The scheme knows what varies in all of its answers.
    fn masks(&self) -> Vec<&JsonPath> {
        self.scheme
            .masks
            .iter()
            .chain(
                self.step
                    .snapshot
                    .iter()
                    .flat_map(|snapshot| &snapshot.mask),
            )
            .collect()
    }

    /// What was pending is out of date.
    fn unchanged(
        &self,
        kept: &SnapshotLocation,
        text: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        let update = context.options.snapshots.update;
        if update == (SnapshotUpdate::Always { force: true }) && !self.has_failures {
            kept.write_accepted(&self.file_text(text, context))?;
        } else if update.allows_writing() {
            kept.discard_pending()?;
        }
        Ok(SnapshotOutcome::default())
    }

    fn changed(
        &self,
        kept: &SnapshotLocation,
        old: &str,
        new: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        let found = content_differences(old, &new);
        let step = self.write(kept, new, true, context)?;
        if step == UpdateBehavior::Accept {
            return Ok(accepted_outcome(&kept.path));
        }
        let way_out = match step {
            UpdateBehavior::Pending => {
                "what came is pending: look at it with `ingam snapshot review`"
            }
            _ if self.has_failures => "nothing is pending, since its assertions do not hold",
            _ => {
                "nothing is written in CI or with INSTA_UPDATE=no: run it on your machine, and `ingam snapshot review`"
            }
        };
        Ok(SnapshotOutcome {
            failure: Some(self.difference_failure(&kept.path, &found, way_out, context)),
            note: None,
        })
    }

    fn new_snapshot(
        &self,
        kept: &SnapshotLocation,
        text: String,
        context: &RunContext<'_>,
    ) -> Result<SnapshotOutcome, SnapshotError> {
        if self.has_failures {
            let note = format!(
                "no snapshot `{}` is taken, since its assertions do not hold",
                kept.path.display()
            );
            return Ok(SnapshotOutcome {
                note: Some(note),
                failure: None,
            });
        }
        match self.write(kept, text, false, context)? {
            UpdateBehavior::Accept => Ok(accepted_outcome(&kept.path)),
            step => Err(SnapshotError::Missing {
                path: kept.path.clone(),
                is_pending: step == UpdateBehavior::Pending,
            }),
        }
    }

    fn write(
        &self,
        kept: &SnapshotLocation,
        text: String,
        is_there: bool,
        context: &RunContext<'_>,
    ) -> Result<UpdateBehavior, SnapshotError> {
        let step = if self.has_failures {
            UpdateBehavior::Nothing
        } else {
            context.options.snapshots.update.behavior_for(is_there)
        };
        match step {
            UpdateBehavior::Nothing => {}
            UpdateBehavior::Pending => kept.write_pending(&self.file_text(text, context))?,
            UpdateBehavior::Accept => kept.write_accepted(&self.file_text(text, context))?,
        }
        Ok(step)
    }

    /// The text of the file. What it says besides the answer does not change from run to run.
    fn file_text(&self, text: String, context: &RunContext<'_>) -> String {
        let name = &self.unit.request.name;
        let source = format!("requests/{name}.yaml");
        let step = self
            .step
            .name
            .as_ref()
            .map(|step| format!("::{step}"))
            .unwrap_or_default();
        let id = self.unit.id().replacen(name, &format!("{name}{step}"), 1);
        let expression = format!("{} {}", self.step.method, as_written(&self.step.path));
        let info = [
            ("scheme", Value::from(self.scheme.name.as_str())),
            ("status", i64::from(self.response.status).into()),
        ];
        let about = SnapshotMetadata {
            source: &source,
            description: &id,
            expression: &expression,
            info: &info,
        };
        context
            .state
            .redactor
            .borrow_mut()
            .redact(&SnapshotFile::new(&about, text).to_text(true))
    }

    fn difference_failure(
        &self,
        path: &Path,
        found: &DifferenceList,
        way_out: &str,
        context: &RunContext<'_>,
    ) -> FailureReport {
        let mut redactor = context.state.redactor.borrow_mut();
        let number = found.shown.len() + found.omitted;
        FailureReport {
            at: self
                .step
                .snapshot
                .as_ref()
                .map_or(self.step.at, |snapshot| snapshot.at),
            subject: redactor.redact_for_display("snapshot"),
            expected: redactor.redact_for_display(&path.display().to_string()),
            actual: redactor.redact_for_display(&format!(
                "another answer, with {}",
                pluralize(number, "difference")
            )),
            hint: Some(redactor.redact_for_display(way_out)),
            differences: difference_reports(found, &mut redactor),
        }
    }
}

fn accepted_outcome(path: &Path) -> SnapshotOutcome {
    SnapshotOutcome {
        note: Some(format!(
            "the snapshot `{}` was written, as INSTA_UPDATE says",
            path.display()
        )),
        failure: None,
    }
}

/// A template as it stands in its file: rendered, it would be another one in every run.
fn as_written(template: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Expression(hole) => format!("{{{{ {} }}}}", hole.source),
    };
    template.parts.iter().map(part).collect()
}
