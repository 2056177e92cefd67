//! What every command is given: the host, the global arguments, and where its warnings go. A command
//! that only has this cannot print.

use super::args::GlobalArgs;
use super::output::stdout_style;
use super::warnings::Warnings;
use crate::host::HostContext;
use crate::report::TerminalStyle;

/// What every command is given.
pub(crate) struct Invocation<'i> {
    pub(crate) host: &'i HostContext,
    pub(crate) global: &'i GlobalArgs,
    /// How text for standard output may look.
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
}
