//! The parameters of every command: host, global arguments and warnings. A command that gets only
//! these cannot print.

use super::args::GlobalArgs;
use super::command_error::SourceFaults;
use super::output::stdout_style;
use super::shown_faults::shown_faults;
use super::warnings::Warnings;
use crate::diagnostic::Diagnostic;
use crate::host::HostContext;
use crate::load::LoadedWorkspace;
use crate::report::TerminalStyle;

/// The parameters of every command.
pub(crate) struct Invocation<'i> {
    pub(crate) host: &'i HostContext,
    pub(crate) global: &'i GlobalArgs,
    /// The style of text for standard output.
    pub(crate) stdout: TerminalStyle,
    pub(crate) warnings: Warnings,
}

impl<'i> Invocation<'i> {
    pub(crate) fn new(host: &'i HostContext, global: &'i GlobalArgs) -> Self {
        Self {
            host,
            global,
            stdout: stdout_style(host),
            warnings: Warnings::default(),
        }
    }

    /// Faults of files of a workspace, without the credentials that stand in them.
    pub(crate) fn faults(
        &self,
        diagnostics: &[Diagnostic],
        loaded: &LoadedWorkspace,
    ) -> SourceFaults {
        shown_faults(
            self.host,
            &loaded.workspace.root,
            diagnostics,
            &loaded.sources,
        )
    }
}
