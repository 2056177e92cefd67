//! Faults as they may be shown. A file can hold a credential that was pasted into it, and an excerpt
//! would put it into a terminal or a log: whatever is a credential here, in any encoding, is shown as
//! stars, as long as before, so that the carets stay where they are.

use super::command_error::SourceFaults;
use crate::credentials::every_value;
use crate::diagnostic::Diagnostic;
use crate::host::HostContext;
use crate::redact::{Redactor, WeakSecret};
use crate::span::{FileId, SourceMap};
use std::collections::BTreeSet;
use std::path::Path;

/// `root` is that of the workspace, whose `.env` is read.
pub(super) fn shown_faults(
    host: &HostContext,
    root: &Path,
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
) -> SourceFaults {
    let mut faults = SourceFaults {
        diagnostics: diagnostics.to_vec(),
        sources: sources.clone(),
    };
    if diagnostics.is_empty() {
        return faults;
    }
    let mut redactor = Redactor::default();
    let folder = host.config_folder();
    for (name, value) in every_value(&host.env, root, folder.as_deref()) {
        // A word hides nothing, and stars in its place would only hide the fault.
        if WeakSecret::find(value.expose()).is_none() {
            redactor.add_secret(name, value.expose());
        }
    }
    let labels = faults.diagnostics.iter().flat_map(|fault| &fault.labels);
    let files: BTreeSet<FileId> = labels.map(|label| label.span.file).collect();
    for file in files {
        faults.sources.mask(file, |text| redactor.mask(text));
    }
    for fault in &mut faults.diagnostics {
        hide_in_texts(fault, &mut redactor);
    }
    faults
}

/// Its own texts quote what the file says.
fn hide_in_texts(fault: &mut Diagnostic, redactor: &mut Redactor) {
    let labels = fault.labels.iter_mut().map(|label| &mut label.text);
    let texts = labels.chain(&mut fault.hints).chain([&mut fault.title]);
    for text in texts {
        if redactor.contains_secret(text.as_bytes()) {
            *text = redactor.redact(text);
        }
    }
}
