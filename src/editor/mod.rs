//! What an editor asks of a workspace whose files are being written: faults with their fixes,
//! completion, hover, places of names. Places are byte offsets in the texts of open buffers. It
//! knows no protocol, writes no file and sends nothing.

mod completion;
mod cursor;
mod entries;
mod fixes;
mod highlights;
mod holes;
mod hover;
mod language_docs;
mod lenses;
mod line_scan;
mod name_collector;
mod navigation;
mod outline;
#[cfg(test)]
mod property_tests;
mod recorded;
mod rename;
mod schema_view;
mod step_symbols;
mod structure;
mod symbols;
mod visible_names;
mod workspace;

pub(crate) use completion::{CompletionKind, completions};
pub(crate) use fixes::{BufferEdit, fixes_of};
pub(crate) use highlights::{HighlightKind, highlights};
pub(crate) use hover::hover;
pub(crate) use lenses::{LensAction, lenses, pending_snapshots};
pub(crate) use navigation::{NamePlace, Target, definitions, recording_of_file, references};
pub(crate) use rename::{rename, renamed_place};
pub(crate) use structure::{
    FileSymbol, StructureKind, file_symbols, folds, selections, workspace_symbols,
};
pub(crate) use workspace::{
    EditorHooks, EditorWorkspace, FaultFinder, TemplatePlace, TemplateRenderer,
};
